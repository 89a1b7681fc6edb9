#include "tsdb/partition/frame.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include <zstd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace silverback::tsdb {
namespace {

constexpr std::size_t kValueBytes = (std::size_t{1} << 20) - 16;
constexpr std::size_t kChecksumBytes = 8;
// Level 9 takes 2 % less for five times the time.
constexpr int kZstdLevel = 3;

// On disk: never renumber.
enum class Coding : std::uint8_t { kPlain = 0, kZstd = 1 };

std::uint64_t frame_checksum(std::string_view bytes, Database database, std::uint32_t value,
                             std::uint32_t offset) {
  const std::uint64_t place = (static_cast<std::uint64_t>(database) << 60) ^
                              (static_cast<std::uint64_t>(value) << 32) ^ offset;
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), place);
}

}  // namespace

void FrameRefEncoder::put(std::string& out, FrameRef ref) {
  // The value relative to the expected one; then, as long as it is that one, the gap, which is 0.
  put_signed(out, static_cast<std::int64_t>(ref.value) - next_.value);
  put_signed(out,
             static_cast<std::int64_t>(ref.offset) - (ref.value == next_.value ? next_.offset : 0));
  put_varint(out, ref.bytes);
  if (ref.bytes > 0) next_ = {ref.value, ref.offset + ref.bytes, 0};
}

FrameRef FrameRefDecoder::take(ByteReader& in) {
  FrameRef ref;
  ref.value = static_cast<std::uint32_t>(next_.value + in.signed_varint());
  ref.offset = static_cast<std::uint32_t>(in.signed_varint() +
                                          (ref.value == next_.value ? next_.offset : 0));
  ref.bytes = in.varint32();
  if (ref.bytes > 0) next_ = {ref.value, ref.offset + ref.bytes, 0};
  return ref;
}

FrameWriter::FrameWriter(LmdbWriter& lmdb, Database database)
    : lmdb_(lmdb),
      database_(database),
      zstd_(ZSTD_createCCtx(), [](ZSTD_CCtx* context) { ZSTD_freeCCtx(context); }) {}

FrameWriter::~FrameWriter() = default;

Result<FrameRef> FrameWriter::add(std::string_view content) {
  scratch_.clear();
  scratch_.push_back(static_cast<char>(Coding::kZstd));
  put_varint(scratch_, content.size());
  const std::size_t head = scratch_.size();
  const std::size_t bound = ZSTD_compressBound(content.size());
  scratch_.resize(head + bound);
  const std::size_t packed = ZSTD_compressCCtx(zstd_.get(), scratch_.data() + head, bound,
                                               content.data(), content.size(), kZstdLevel);
  // A frame that shrinks by less than a twentieth is not worth the time to unpack it.
  if (!ZSTD_isError(packed) && packed + packed / 20 < content.size()) {
    scratch_.resize(head + packed);
  } else {
    scratch_.assign(1, static_cast<char>(Coding::kPlain));
    scratch_.append(content);
  }

  const std::size_t bytes = kChecksumBytes + scratch_.size();
  if (bytes > std::numeric_limits<std::int32_t>::max())
    return fail(ErrorCode::kInvalidArgument, "a partition cannot hold a piece of 2 GiB");
  if (!value_.empty() && value_.size() + bytes > kValueBytes) TRY(flush());
  const auto value = static_cast<std::uint32_t>(places_.size());
  const auto offset = static_cast<std::uint32_t>(value_.size());
  put_fixed(value_, frame_checksum(scratch_, database_, value, offset));
  value_ += scratch_;
  return FrameRef{value, offset, static_cast<std::uint32_t>(bytes)};
}

Status FrameWriter::flush() {
  value_.resize(value_bytes_for(value_.size()));
  const std::uint64_t offset = TRY(lmdb_.put(database_, value_));
  places_.push_back({offset, static_cast<std::uint32_t>(value_.size())});
  checksums_.push_back(XXH3_64bits(value_.data(), value_.size()));
  value_.clear();
  return {};
}

Status FrameWriter::finish() {
  if (!value_.empty()) TRY(flush());
  return {};
}

FrameReader::FrameReader(std::unique_ptr<File> file, std::filesystem::path path, ValuePlaces places)
    : file_(std::move(file)), path_(std::move(path)), places_(std::move(places)) {}

tl::unexpected<Error> FrameReader::damaged(std::string_view what) const {
  is_damaged_.store(true, std::memory_order_relaxed);
  return fail(ErrorCode::kCorruption, path_.string() + ": damaged " + std::string(what));
}

Result<std::string> FrameReader::read(Database database, FrameRef ref) const {
  const std::vector<ValuePlace>& places = places_[static_cast<std::size_t>(database)];
  if (ref.value >= places.size() || ref.bytes <= kChecksumBytes ||
      std::uint64_t{ref.offset} + ref.bytes > places[ref.value].bytes)
    return damaged("reference to a frame");
  const std::uint64_t at = places[ref.value].offset + ref.offset;
  std::string frame(ref.bytes, '\0');
  const std::size_t got = TRY(file_->read(at, std::as_writable_bytes(std::span(frame))));
  const std::string_view checked = std::string_view(frame).substr(kChecksumBytes);
  if (got < frame.size() || load_unaligned<std::uint64_t>(frame.data()) !=
                                frame_checksum(checked, database, ref.value, ref.offset))
    return damaged("frame at byte " + std::to_string(at));

  if (static_cast<Coding>(checked[0]) == Coding::kPlain) {
    frame.erase(0, kChecksumBytes + 1);
    return frame;
  }
  ByteReader in(checked.substr(1));
  std::string content(in.varint32(), '\0');
  const std::string_view packed = in.bytes(in.left());
  // The system zstd's one-shot function would make a context per call.
  thread_local const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> zstd(ZSTD_createDCtx(),
                                                                                  &ZSTD_freeDCtx);
  const std::size_t size =
      ZSTD_decompressDCtx(zstd.get(), content.data(), content.size(), packed.data(), packed.size());
  if (!in.ok() || ZSTD_isError(size) || size != content.size())
    return damaged("frame at byte " + std::to_string(at));
  return content;
}

}  // namespace silverback::tsdb

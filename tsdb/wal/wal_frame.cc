#include "tsdb/wal/wal_frame.h"

#include <charconv>
#include <cstdio>

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include "tsdb/codec/byte_io.h"

namespace silverback::tsdb {
namespace {

constexpr std::string_view kMagic = "SBLOG";
constexpr std::uint32_t kMark = 0x9d57'a1e3;
constexpr std::uint8_t kPlain = 0, kZstd = 1;
// Below this zstd's own header eats what it saves.
constexpr std::size_t kCompressBytesMin = 256;
constexpr std::size_t kFrameBytesMax = std::size_t{1} << 30;

std::uint64_t checksum(std::string_view bytes, std::uint64_t number, std::uint64_t offset) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), number << 40 ^ offset);
}

// The compressed body if that saves an eighth, else nothing.
std::string_view compress(std::string_view body) {
  if (body.size() < kCompressBytesMin) return {};
  // Contexts cost more to make than a small frame to compress.
  thread_local const std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(
      ZSTD_createCCtx(), &ZSTD_freeCCtx);
  thread_local std::string buffer;
  buffer.resize(ZSTD_compressBound(body.size()));
  const std::size_t size =
      ZSTD_compressCCtx(context.get(), buffer.data(), buffer.size(), body.data(), body.size(), 1);
  if (ZSTD_isError(size) != 0 || size > body.size() - body.size() / 8) return {};
  return std::string_view(buffer).substr(0, size);
}

std::string_view prefix_of(LogType type) { return type == LogType::kSamples ? "wal-" : "series-"; }

}  // namespace

std::string encode_log_header(const LogHeader& header) {
  std::string out(kMagic);
  out.push_back(static_cast<char>(header.type));
  out.push_back('\0');
  out.push_back(static_cast<char>(kLogVersion));
  put_fixed(out, header.number);
  put_fixed(out, header.argument);
  put_fixed(out, header.cut_file);
  put_fixed(out, header.cut_offset);
  put_fixed(out, checksum(out, 0, 0));
  return out;
}

Result<LogHeader> decode_log_header(std::string_view bytes) {
  if (bytes.size() < kLogHeaderBytes || !bytes.starts_with(kMagic))
    return fail(ErrorCode::kCorruption, "not a log file of ours");
  bytes = bytes.substr(0, kLogHeaderBytes);
  if (static_cast<std::uint8_t>(bytes[kMagic.size() + 2]) != kLogVersion)
    return fail(ErrorCode::kCorruption, "the version of the log is unknown to this program");
  ByteReader in(bytes.substr(kMagic.size() + 3));
  LogHeader header;
  header.type = static_cast<LogType>(bytes[kMagic.size()]);
  header.number = in.fixed<std::uint64_t>();
  header.argument = in.fixed<std::uint64_t>();
  header.cut_file = in.fixed<std::uint64_t>();
  header.cut_offset = in.fixed<std::uint64_t>();
  if (in.fixed<std::uint64_t>() != checksum(bytes.substr(0, kLogHeaderBytes - 8), 0, 0))
    return fail(ErrorCode::kCorruption, "damaged header");
  return header;
}

void encode_frame(std::string& out, std::uint64_t number, std::uint64_t offset, FrameKind kind,
                  std::string_view body) {
  const std::string_view smaller = compress(body);
  const bool plain = smaller.empty();
  const std::string_view stored = plain ? body : smaller;
  std::string head;
  put_fixed(head, kMark);
  put_fixed(head, static_cast<std::uint32_t>(stored.size()));
  put_fixed(head, static_cast<std::uint32_t>(body.size()));
  head.push_back(static_cast<char>(kind));
  head.push_back(static_cast<char>(plain ? kPlain : kZstd));
  put_fixed(head, std::uint16_t{0});
  put_fixed(head, checksum(head, number, offset));
  put_fixed(head, checksum(stored, number, offset));
  out += head;
  out += stored;
}

LogFrameReader::LogFrameReader(std::string_view bytes, std::uint64_t number, std::uint64_t end)
    : bytes_(bytes.substr(0, end)), number_(number) {}

std::optional<LogFrame> LogFrameReader::read_at(std::uint64_t offset) const {
  const std::string_view rest = bytes_.substr(offset);
  if (rest.size() < kFrameHeaderBytes) return std::nullopt;
  ByteReader in(rest.substr(0, kFrameHeaderBytes));
  const auto mark = in.fixed<std::uint32_t>();
  const auto stored_bytes = in.fixed<std::uint32_t>();
  const auto raw_bytes = in.fixed<std::uint32_t>();
  const auto kind = in.fixed<std::uint8_t>();
  const auto codec = in.fixed<std::uint8_t>();
  in.fixed<std::uint16_t>();
  const auto head_checksum = in.fixed<std::uint64_t>();
  const auto body_checksum = in.fixed<std::uint64_t>();
  if (mark != kMark || head_checksum != checksum(rest.substr(0, 16), number_, offset))
    return std::nullopt;
  if (rest.size() - kFrameHeaderBytes < stored_bytes || raw_bytes > kFrameBytesMax)
    return std::nullopt;
  const std::string_view stored = rest.substr(kFrameHeaderBytes, stored_bytes);
  if (body_checksum != checksum(stored, number_, offset)) return std::nullopt;
  LogFrame frame;
  frame.offset = offset;
  frame.kind = static_cast<FrameKind>(kind);
  if (codec == kPlain) {
    frame.body = stored;
    return frame;
  }
  frame.body.resize(raw_bytes);
  const std::size_t size =
      ZSTD_decompress(frame.body.data(), frame.body.size(), stored.data(), stored.size());
  if (codec != kZstd || size != raw_bytes) return std::nullopt;
  return frame;
}

std::optional<LogFrame> LogFrameReader::next() {
  const std::uint64_t expected = position_;
  for (; position_ + kFrameHeaderBytes <= bytes_.size(); ++position_) {
    if (load_unaligned<std::uint32_t>(bytes_.data() + position_) != kMark) continue;
    std::optional<LogFrame> frame = read_at(position_);
    if (!frame) continue;
    frame->after_damage = position_ != expected;
    if (frame->after_damage) ++damaged_;
    const auto stored_bytes =
        load_unaligned<std::uint32_t>(bytes_.data() + position_ + sizeof kMark);
    position_ += kFrameHeaderBytes + stored_bytes;
    good_end_ = position_;
    return frame;
  }
  return std::nullopt;
}

std::string log_file_name(LogType type, std::uint64_t number) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%08llu", static_cast<unsigned long long>(number));
  return std::string(prefix_of(type)) + digits;
}

std::optional<std::uint64_t> log_file_number(LogType type, std::string_view name) {
  if (!name.starts_with(prefix_of(type))) return std::nullopt;
  name.remove_prefix(prefix_of(type).size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (name.size() < 8 || error != std::errc() || end != name.data() + name.size())
    return std::nullopt;
  return number;
}

}  // namespace silverback::tsdb

#include "tsdb/partition/time_column.h"

#include <algorithm>
#include <cassert>

#include <boost/unordered/unordered_flat_map.hpp>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace silverback::tsdb {
namespace {

struct ColumnHash {
  std::uint64_t low, high;
  bool operator==(const ColumnHash&) const = default;
};
struct TakeLow {
  using is_avalanching = void;
  std::size_t operator()(const ColumnHash& hash) const { return hash.low; }
};

// Differences wrap: any two times are allowed.
std::uint64_t difference(TimestampMs a, TimestampMs b) {
  return static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
}

}  // namespace

struct TimeColumnsWriter::Seen {
  boost::unordered_flat_map<ColumnHash, std::uint32_t, TakeLow> ids;
};

TimeColumnsWriter::TimeColumnsWriter(FrameWriter& frames)
    : frames_(frames), seen_(std::make_unique<Seen>()) {}
TimeColumnsWriter::~TimeColumnsWriter() = default;

Result<std::uint32_t> TimeColumnsWriter::add(std::span<const TimestampMs> times) {
  const XXH128_hash_t hash = XXH3_128bits(times.data(), times.size_bytes());
  const auto [place, is_new] =
      seen_->ids.try_emplace(ColumnHash{hash.low64, hash.high64}, next_id_);
  if (!is_new) return place->second;
  const std::size_t begin = columns_.size();
  relative_.resize(times.size());
  for (std::size_t i = 0; i < times.size(); ++i)
    relative_[i] = static_cast<std::int64_t>(difference(times[i], times[0]));
  integers_.encode(relative_, IntegerEncoder::Shape::kLine, columns_);
  put_signed(heads_, times.front());
  put_varint(heads_, difference(times.back(), times.front()));
  put_varint(heads_, times.size());
  put_varint(heads_, columns_.size() - begin);
  ++frame_columns_;
  if (heads_.size() + columns_.size() >= kFrameContentBytes) TRY(flush());
  return next_id_++;
}

Status TimeColumnsWriter::flush() {
  std::string content;
  put_varint(content, frame_columns_);
  content += heads_;
  content += columns_;
  put_varint(table_, frame_columns_);
  refs_.put(table_, TRY(frames_.add(content)));
  ++table_frames_;
  frame_columns_ = 0;
  heads_.clear();
  columns_.clear();
  return {};
}

Status TimeColumnsWriter::finish(std::string& meta) {
  if (frame_columns_ > 0) TRY(flush());
  put_varint(meta, table_frames_);
  meta += table_;
  return {};
}

bool TimeColumnsFrame::decode(const Column& column, std::span<TimestampMs> times) const {
  assert(times.size() == column.count);
  IntegerDecoder relative(std::string_view(content).substr(column.offset, column.bytes),
                          times.size());
  std::array<std::uint64_t, kMiniBlock> block;
  TimestampMs* to = times.data();
  while (const std::size_t decoded = relative.next(block)) {
    for (std::size_t i = 0; i < decoded; ++i)
      to[i] = static_cast<TimestampMs>(static_cast<std::uint64_t>(column.first) + block[i]);
    to += decoded;
  }
  return relative.finished() && times.back() == column.last;
}

bool TimeColumns::open(ByteReader& meta) {
  FrameRefDecoder refs;
  for (std::uint64_t left = meta.varint(); left > 0 && meta.ok(); --left) {
    first_ids_.push_back(first_ids_.back() + meta.varint32());
    refs_.push_back(refs.take(meta));
  }
  return meta.ok();
}

std::size_t TimeColumns::frame_of(std::uint32_t column) const {
  const auto after = std::upper_bound(first_ids_.begin(), first_ids_.end(), column);
  return static_cast<std::size_t>(after - first_ids_.begin()) - 1;
}

Result<TimeColumnsFrame> TimeColumns::read(const FrameReader& frames, std::size_t frame) const {
  TimeColumnsFrame result;
  result.content = TRY(frames.read(Database::kTimes, refs_[frame]));
  ByteReader in(result.content);
  result.columns.resize(first_ids_[frame + 1] - first_ids_[frame]);
  if (in.varint() != result.columns.size()) return frames.damaged("time columns");
  std::uint64_t offset = 0;  // of the next column, from the first one
  for (TimeColumnsFrame::Column& column : result.columns) {
    column.first = in.signed_varint();
    column.last = static_cast<TimestampMs>(static_cast<std::uint64_t>(column.first) + in.varint());
    column.count = in.varint32();
    column.bytes = in.varint32();
    column.offset = static_cast<std::uint32_t>(offset);
    offset += column.bytes;
    if (column.count == 0) return frames.damaged("time columns");
  }
  if (!in.ok() || in.left() != offset) return frames.damaged("time columns");
  const std::size_t heads_bytes = result.content.size() - in.left();
  for (TimeColumnsFrame::Column& column : result.columns)
    column.offset += static_cast<std::uint32_t>(heads_bytes);
  return result;
}

}  // namespace silverback::tsdb

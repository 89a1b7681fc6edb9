#include "tsdb/partition/partition_reader.h"

#include <algorithm>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tsdb/codec/sealed_chunk.h"

namespace silverback::tsdb {
namespace {

// The budget of decoded frames if the caller gives no cache. A query over 10,000 series of one
// window touches some 2 MiB.
constexpr std::size_t kCacheBytes = std::size_t{8} << 20;

bool take_places(ByteReader& meta, ValuePlaces& places) {
  for (const Database database :
       {Database::kTimes, Database::kDirectory, Database::kSegments, Database::kIndex}) {
    for (std::uint64_t left = meta.varint(); left > 0 && meta.ok(); --left) {
      const std::uint64_t offset = meta.varint();
      places[static_cast<std::size_t>(database)].push_back({offset, meta.varint32()});
    }
  }
  return meta.ok();
}

tl::unexpected<Error> corrupt(const std::filesystem::path& path, const std::string& what) {
  return fail(ErrorCode::kCorruption, path.string() + ": " + what);
}

}  // namespace

PartitionReader::PartitionReader(std::unique_ptr<File> file, const std::filesystem::path& path,
                                 ValuePlaces places, const PartitionInfo& info,
                                 std::shared_ptr<FrameCache> cache)
    : info_(info),
      windows_(PartitionWindows::over(info.mint, info.maxt)),
      frames_(std::move(file), path, std::move(places)),
      cache_(std::move(cache)),
      index_(frames_, cache_) {}

Result<std::shared_ptr<const PartitionReader>> PartitionReader::open(
    FileSystem& files, const std::filesystem::path& directory, const PartitionInfo& info,
    std::shared_ptr<FrameCache> cache) {
  const std::filesystem::path path = directory / kPartitionFile;
  if (info.mint >= info.maxt) return corrupt(path, "its range of time is said to be empty");
  std::unique_ptr<File> file = TRY(files.open_read(path));
  const std::uint64_t size = TRY(file->size());
  if (size != info.bytes)
    return corrupt(
        path, "has " + std::to_string(size) + " bytes instead of " + std::to_string(info.bytes));
  if (info.meta_offset > size || info.meta_bytes > size - info.meta_offset)
    return corrupt(path, "metadata is said to be outside the file");
  std::string bytes(info.meta_bytes, '\0');
  const std::size_t got =
      TRY(file->read(info.meta_offset, std::as_writable_bytes(std::span(bytes))));
  if (got < bytes.size() || XXH3_64bits(bytes.data(), bytes.size()) != info.checksum)
    return corrupt(path, "damaged metadata");
  const std::string_view version_free = kPartitionMagic.substr(0, kPartitionMagic.size() - 1);
  if (!bytes.starts_with(version_free)) return corrupt(path, "not a partition of ours");
  if (!bytes.starts_with(kPartitionMagic))
    return corrupt(path, "its version of the format is unknown to this program");

  ByteReader meta(std::string_view(bytes).substr(kPartitionMagic.size()));
  const TimestampMs mint = meta.signed_varint();
  const TimestampMs maxt = meta.signed_varint();
  const std::uint64_t series = meta.varint();
  const std::uint64_t samples = meta.varint();
  if (mint != info.mint || maxt != info.maxt || series != info.series || samples != info.samples)
    return corrupt(path, "its metadata is another partition's");
  ValuePlaces places;
  if (!take_places(meta, places)) return corrupt(path, "damaged metadata");

  if (cache == nullptr) cache = std::make_shared<FrameCache>(kCacheBytes);
  std::shared_ptr<PartitionReader> reader(
      new PartitionReader(std::move(file), path, std::move(places), info, std::move(cache)));
  if (!reader->time_columns_.open(meta) || meta.varint() != reader->windows_.count)
    return corrupt(path, "damaged metadata");
  reader->directories_.resize(reader->windows_.count);
  for (ChunkDirectory& chunks : reader->directories_)
    if (!chunks.open(meta)) return corrupt(path, "damaged metadata");
  if (!reader->index_.open(meta) || !meta.at_end() || reader->index_.series() != series)
    return corrupt(path, "damaged metadata");
  return reader;
}

PartitionReader::Span PartitionReader::windows_in(TimeRange range) const {
  if (range.end < range.start || !overlaps(range)) return {1, 0};
  return {windows_.of(std::max(range.start, info_.mint)),
          windows_.of(std::min(range.end, info_.maxt - 1))};
}

Result<std::shared_ptr<const DirectoryFrame>> PartitionReader::directory_frame(
    std::size_t window, std::size_t frame) const {
  const ChunkDirectory& directory = directories_[window];
  if (directory.is_empty(frame)) return std::shared_ptr<const DirectoryFrame>();
  return cache_.get<DirectoryFrame>(
      FrameCache::kDirectory, std::uint64_t{window} << 32 | frame,
      [&] { return directory.read(frames_, frame); },
      [](const DirectoryFrame& decoded) {
        return decoded.content.size() + decoded.chunks.size() * sizeof decoded.chunks[0] +
               decoded.first_chunk.size() * sizeof decoded.first_chunk[0];
      });
}

Result<std::shared_ptr<const TimeColumnsFrame>> PartitionReader::times_frame(
    std::size_t frame) const {
  return cache_.get<TimeColumnsFrame>(
      FrameCache::kTimesFrame, frame, [&] { return time_columns_.read(frames_, frame); },
      [](const TimeColumnsFrame& decoded) {
        return decoded.content.size() + decoded.columns.size() * sizeof decoded.columns[0];
      });
}

Result<std::shared_ptr<const std::vector<TimestampMs>>> PartitionReader::times(
    std::uint32_t column) const {
  return cache_.get<std::vector<TimestampMs>>(
      FrameCache::kTimes, column,
      [&]() -> Result<std::vector<TimestampMs>> {
        const std::size_t index = time_columns_.frame_of(column);
        const auto frame = TRY(times_frame(index));
        const auto& head = frame->columns[column - time_columns_.first_id(index)];
        std::vector<TimestampMs> decoded(head.count);
        if (!frame->decode(head, decoded)) return frames_.damaged("time column");
        return decoded;
      },
      [](const std::vector<TimestampMs>& decoded) { return decoded.size() * sizeof decoded[0]; });
}

Result<TimeRange> PartitionReader::range_of(std::uint32_t column) const {
  if (column >= time_columns_.size()) return frames_.damaged("chunk directory");
  const std::size_t index = time_columns_.frame_of(column);
  const auto frame = TRY(times_frame(index));
  const auto& head = frame->columns[column - time_columns_.first_id(index)];
  return TimeRange{head.first, head.last};
}

Result<std::vector<std::uint32_t>> PartitionReader::with_samples(std::vector<std::uint32_t> ranks,
                                                                 TimeRange range) const {
  if (range.start <= info_.mint && info_.maxt - 1 <= range.end) return ranks;
  std::vector<std::uint32_t> kept;
  const Span span = windows_in(range);
  for (std::size_t begin = 0, end = 0; begin < ranks.size(); begin = end) {
    const std::uint32_t frame = ranks[begin] / kSeriesPerDirectoryFrame;
    std::vector<std::shared_ptr<const DirectoryFrame>> windows;
    for (std::size_t window = span.first; window <= span.last; ++window) {
      auto directory = TRY(directory_frame(window, frame));
      if (directory) windows.push_back(std::move(directory));
    }
    for (end = begin; end < ranks.size() && ranks[end] / kSeriesPerDirectoryFrame == frame; ++end) {
      bool overlapping = false;
      for (const auto& directory : windows)
        for (const ChunkRef& chunk : directory->chunks_of(ranks[end]))
          overlapping = overlapping || TRY(range_of(chunk.column)).overlaps(range);
      if (overlapping) kept.push_back(ranks[end]);
    }
  }
  return kept;
}

Status PartitionReader::read(std::uint32_t rank, TimeRange range, SampleColumns& out) const {
  out.clear();
  const Span span = windows_in(range);
  for (std::size_t window = span.first; window <= span.last; ++window) {
    const auto directory = TRY(directory_frame(window, rank / kSeriesPerDirectoryFrame));
    if (!directory) continue;
    for (const ChunkRef& chunk : directory->chunks_of(rank))
      TRY(read_chunk(*directory, chunk, range, out));
  }
  return {};
}

Status PartitionReader::read_chunk(const DirectoryFrame& directory, const ChunkRef& chunk,
                                   TimeRange range, SampleColumns& out) const {
  if (!TRY(range_of(chunk.column)).overlaps(range)) return {};
  const auto column = TRY(times(chunk.column));
  const auto first = std::lower_bound(column->begin(), column->end(), range.start);
  const auto last = std::upper_bound(first, column->end(), range.end);
  if (first == last) return {};

  std::shared_ptr<const std::string> segment;  // keeps what `bytes` points to
  std::string_view bytes = directory.content;
  if (chunk.segment != ChunkRef::kInDirectory) {
    const FrameRef ref = directory.segments[chunk.segment];
    segment = TRY(cache_.get<std::string>(
        FrameCache::kSegment, std::uint64_t{ref.value} << 32 | ref.offset,
        [&] { return frames_.read(Database::kSegments, ref); },
        [](const std::string& content) { return content.size(); }));
    bytes = *segment;
  }
  if (std::uint64_t{chunk.offset} + chunk.bytes > bytes.size()) return frames_.damaged("chunk");
  const std::size_t begin = out.v.size();
  out.v.resize(begin + column->size());
  if (!decode_values(bytes.substr(chunk.offset, chunk.bytes), std::span(out.v).subspan(begin)))
    return frames_.damaged("chunk");
  out.v.resize(begin + static_cast<std::size_t>(last - column->begin()));
  const auto values = out.v.begin() + static_cast<std::ptrdiff_t>(begin);
  out.v.erase(values, values + (first - column->begin()));
  out.t.insert(out.t.end(), first, last);
  return {};
}

Selection::Newest PartitionReader::newest(std::uint32_t rank, TimeRange range) const {
  const Span span = windows_in(range);
  if (span.first > span.last) return {.known = true, .sample = std::nullopt};
  for (std::size_t window = span.last + 1; window-- > span.first;) {
    const auto directory = directory_frame(window, rank / kSeriesPerDirectoryFrame);
    if (!directory) return {};
    if (*directory == nullptr) continue;
    const std::span<const ChunkRef> chunks = (*directory)->chunks_of(rank);
    if (chunks.empty()) continue;
    const ChunkRef& chunk = chunks.back();
    const auto times = range_of(chunk.column);
    if (times && times->end < range.start) break;
    double value;
    if (!times || chunk.segment != ChunkRef::kInDirectory || !range.contains(times->end)) return {};
    const std::string_view bytes =
        std::string_view((*directory)->content).substr(chunk.offset, chunk.bytes);
    if (!decode_constant(bytes, value)) return {};
    return {.known = true, .sample = Sample{times->end, value}};
  }
  return {.known = true, .sample = std::nullopt};
}

}  // namespace silverback::tsdb

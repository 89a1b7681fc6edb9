#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tsdb/codec/sealed_chunk.h"
#include "tsdb/partition/chunk_directory.h"
#include "tsdb/partition/frame.h"
#include "tsdb/partition/lmdb_writer.h"
#include "tsdb/partition/partition.h"
#include "tsdb/partition/partition_index_writer.h"
#include "tsdb/partition/partition_layout.h"
#include "tsdb/partition/time_column.h"

namespace silverback::tsdb {
namespace {

class PartitionWriter {
 public:
  PartitionWriter(LmdbWriter& lmdb, PartitionInfo& info)
      : lmdb_(lmdb), info_(info), windows_(PartitionWindows::over(info.mint, info.maxt)) {
    for (std::size_t i = 0; i < windows_.count; ++i)
      directories_.emplace_back(directory_frames_, segment_frames_);
  }

  // Requires label sets in ascending order.
  Status add(const Labels& labels, const SampleColumns& samples) {
    if (!samples.histograms.empty())
      return fail(ErrorCode::kUnsupported, "native histograms cannot be sealed yet");
    const auto at = [&](TimestampMs t) {
      return static_cast<std::size_t>(std::lower_bound(samples.t.begin(), samples.t.end(), t) -
                                      samples.t.begin());
    };
    const std::size_t end = at(info_.maxt);
    std::size_t begin = at(info_.mint);
    if (begin >= end) return {};

    const std::uint32_t rank = index_.series();
    index_.add(labels);
    info_.samples += end - begin;
    while (begin < end) {
      const std::size_t window = windows_.of(samples.t[begin]);
      const std::size_t window_end =
          window + 1 == windows_.count ? end : std::min(end, at(windows_.start_of(window + 1)));
      const std::size_t count = std::min(window_end - begin, kSamplesPerSealedChunkMax);
      const std::uint32_t column = TRY(times_.add(std::span(samples.t).subspan(begin, count)));
      chunk_.clear();
      values_.encode(std::span(samples.v).subspan(begin, count), chunk_);
      TRY(directories_[window].add(rank, column, chunk_));
      begin += count;
    }
    return {};
  }

  Status finish() {
    info_.series = index_.series();
    std::string tables;
    TRY(times_.finish(tables));
    put_varint(tables, windows_.count);
    for (ChunkDirectoryWriter& directory : directories_) TRY(directory.finish(tables));
    TRY(index_.finish(tables));
    for (FrameWriter* frames : all_frames()) TRY(frames->finish());

    std::string meta(kPartitionMagic);
    put_signed(meta, info_.mint);
    put_signed(meta, info_.maxt);
    put_varint(meta, info_.series);
    put_varint(meta, info_.samples);
    for (const FrameWriter* frames : all_frames()) {
      put_varint(meta, frames->places().size());
      for (const ValuePlace& place : frames->places()) {
        put_varint(meta, place.offset);
        put_varint(meta, place.bytes);
      }
    }
    meta += tables;
    info_.meta_bytes = meta.size();
    info_.checksum = XXH3_64bits(meta.data(), meta.size());
    meta.resize(value_bytes_for(meta.size()));
    info_.meta_offset = TRY(lmdb_.put(Database::kMeta, meta));
    return lmdb_.finish();
  }

  // Compares what is in the file with what was put there: where LMDB keeps a value is taken from
  // its page header, and the log that these samples came from is about to be dropped.
  Status verify(const File& file) const {
    std::string value;
    for (const FrameWriter* frames : all_frames()) {
      for (std::size_t i = 0; i < frames->places().size(); ++i) {
        value.resize(frames->places()[i].bytes);
        TRY(file.read(frames->places()[i].offset, std::as_writable_bytes(std::span(value))));
        if (XXH3_64bits(value.data(), value.size()) != frames->checksums()[i])
          return fail(ErrorCode::kIo, "what was written cannot be read back");
      }
    }
    return {};
  }

 private:
  std::array<FrameWriter*, 4> all_frames() {
    return {&time_frames_, &directory_frames_, &segment_frames_, &index_frames_};
  }
  std::array<const FrameWriter*, 4> all_frames() const {
    return {&time_frames_, &directory_frames_, &segment_frames_, &index_frames_};
  }

  LmdbWriter& lmdb_;
  PartitionInfo& info_;
  const PartitionWindows windows_;
  FrameWriter time_frames_{lmdb_, Database::kTimes};
  FrameWriter directory_frames_{lmdb_, Database::kDirectory};
  FrameWriter segment_frames_{lmdb_, Database::kSegments};
  FrameWriter index_frames_{lmdb_, Database::kIndex};
  TimeColumnsWriter times_{time_frames_};
  PartitionIndexWriter index_{index_frames_};
  std::deque<ChunkDirectoryWriter> directories_;  // one per window
  ValueEncoder values_;
  std::string chunk_;
};

}  // namespace

Result<PartitionInfo> write_partition(FileSystem& files, const std::filesystem::path& directory,
                                      TimestampMs mint, TimestampMs maxt, SeriesSource& source) {
  if (mint >= maxt)
    return fail(ErrorCode::kInvalidArgument, "a partition needs a range of time that is not empty");
  if (files.list(directory))
    return fail(ErrorCode::kIo, "create " + directory.string() + ": it exists");
  TRY(files.create_directories(directory));

  PartitionInfo info{.name = directory.filename().string(), .mint = mint, .maxt = maxt};
  const std::filesystem::path path = directory / kPartitionFile;
  const std::unique_ptr<LmdbWriter> lmdb = TRY(LmdbWriter::create(path));
  PartitionWriter writer(*lmdb, info);
  Labels labels;
  SampleColumns samples;
  while (TRY(source.next(labels, samples))) TRY(writer.add(labels, samples));
  TRY(writer.finish());

  const std::unique_ptr<File> file = TRY(files.open_read(path));
  info.bytes = TRY(file->size());
  TRY(writer.verify(*file));
  TRY(files.sync_directory(directory));
  return info;
}

}  // namespace silverback::tsdb

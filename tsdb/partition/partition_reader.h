// Reads the chunks of a partition. Knows ranks (series ids) and times, not labels; the index has
// those. Threads: const functions from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/queryable.h"
#include "tsdb/partition/chunk_directory.h"
#include "tsdb/partition/frame.h"
#include "tsdb/partition/frame_cache.h"
#include "tsdb/partition/partition.h"
#include "tsdb/partition/partition_index.h"
#include "tsdb/partition/partition_layout.h"
#include "tsdb/partition/time_column.h"

namespace silverback::tsdb {

class PartitionReader {
 public:
  // Verifies the file's size and the metadata. Errors: kCorruption, kIo, kNotFound.
  static Result<std::shared_ptr<const PartitionReader>> open(FileSystem& files,
                                                             const std::filesystem::path& directory,
                                                             const PartitionInfo& info,
                                                             std::shared_ptr<FrameCache> cache);

  const PartitionInfo& info() const { return info_; }
  const PartitionIndex& index() const { return index_; }
  bool is_damaged() const { return frames_.is_damaged(); }
  bool overlaps(TimeRange range) const {
    return info_.mint <= range.end && range.start < info_.maxt;
  }

  // Those of the ranks (ascending) that have a chunk which overlaps the range.
  Result<std::vector<std::uint32_t>> with_samples(std::vector<std::uint32_t> ranks,
                                                  TimeRange range) const;
  // Replaces `out` by the samples of one series in the range.
  Status read(std::uint32_t rank, TimeRange range, SampleColumns& out) const;
  // The last sample of a series if it is in the range and costs no decoding of values.
  Selection::Newest newest(std::uint32_t rank, TimeRange range) const;

 private:
  PartitionReader(std::unique_ptr<File> file, const std::filesystem::path& path, ValuePlaces places,
                  const PartitionInfo& info, std::shared_ptr<FrameCache> cache);

  // First and last window that overlap the range, inclusive; none if first > last.
  struct Span {
    std::size_t first, last;
  };
  Span windows_in(TimeRange range) const;
  // Null if none of the frame's series has a chunk.
  Result<std::shared_ptr<const DirectoryFrame>> directory_frame(std::size_t window,
                                                                std::size_t frame) const;
  Result<std::shared_ptr<const TimeColumnsFrame>> times_frame(std::size_t frame) const;
  Result<std::shared_ptr<const std::vector<TimestampMs>>> times(std::uint32_t column) const;
  Result<TimeRange> range_of(std::uint32_t column) const;
  Status read_chunk(const DirectoryFrame& directory, const ChunkRef& chunk, TimeRange range,
                    SampleColumns& out) const;

  const PartitionInfo info_;
  const PartitionWindows windows_;
  const FrameReader frames_;
  const PartitionFrames cache_;
  PartitionIndex index_;
  TimeColumns time_columns_;
  std::vector<ChunkDirectory> directories_;  // of each window
};

}  // namespace silverback::tsdb

// Where the chunks of each series are. A partition's time is cut into windows; each window has a
// directory of its own, and segment frames of its own that hold its chunks in order of the series,
// so that a query over one day of a month reads that day only.
//
//   directory frame = varint(segment frames) references | per series: varint(chunks) chunk*
//   chunk = signed(column - column before) | varint(bytes * 4 + place) | place 2: the chunk's bytes
//
// `place` is 0 for a chunk that follows the one before in its segment frame, 1 for one that starts
// the next segment frame, and 2 for one that is so small (constant series) that it is kept here.
// A frame covers 1024 series; a window's frames without any chunk are left out. Source:
// docs/formats.md#partition.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tsdb/partition/frame.h"

namespace silverback::tsdb {

inline constexpr std::uint32_t kSeriesPerDirectoryFrame = 1024;

// Writes the directory and the segment frames of one window. Threads: one thread.
class ChunkDirectoryWriter {
 public:
  ChunkDirectoryWriter(FrameWriter& directory, FrameWriter& segments)
      : directory_(directory), segments_(segments) {}

  // Requires ranks in ascending order; a series' chunks in order of time.
  Status add(std::uint32_t rank, std::uint32_t column, std::string_view chunk);
  // Appends what ChunkDirectory::open() needs to `meta`.
  Status finish(std::string& meta);

 private:
  void finish_series();
  Status finish_segment();
  Status finish_frame();

  FrameWriter& directory_;
  FrameWriter& segments_;
  std::uint32_t frames_ = 0;  // finished or left out
  std::string table_;         // references of those
  FrameRefEncoder table_refs_;

  // Of the frame being filled:
  std::string segment_;  // chunks of the segment frame being filled
  std::string segment_refs_;
  FrameRefEncoder segment_ref_encoder_;
  std::uint32_t segment_count_ = 0;
  std::string records_;
  std::uint32_t series_ = 0;  // that records_ has
  std::uint32_t column_before_ = 0;
  std::string series_records_;  // of the series being added
  std::uint32_t series_chunks_ = 0;
};

struct ChunkRef {
  static constexpr std::uint32_t kInDirectory = 0xffff'ffff;
  std::uint32_t column;
  std::uint32_t segment;  // index in DirectoryFrame::segments, or kInDirectory
  std::uint32_t offset;   // in that segment frame, or in DirectoryFrame::content
  std::uint32_t bytes;
};

// One frame of a directory, verified.
struct DirectoryFrame {
  std::string content;
  std::vector<FrameRef> segments;
  std::vector<ChunkRef> chunks;
  std::vector<std::uint32_t> first_chunk;  // of each series, and one more: chunks.size()

  std::span<const ChunkRef> chunks_of(std::uint32_t rank) const {
    const std::uint32_t series = rank % kSeriesPerDirectoryFrame;
    return std::span(chunks).subspan(first_chunk[series],
                                     first_chunk[series + 1] - first_chunk[series]);
  }
};

// The directory of one window. Immutable.
class ChunkDirectory {
 public:
  // False if `meta` makes no sense.
  [[nodiscard]] bool open(ByteReader& meta);
  // Whether no series of this frame has a chunk.
  bool is_empty(std::size_t frame) const {
    return frame >= refs_.size() || refs_[frame].bytes == 0;
  }
  // Requires !is_empty(frame).
  Result<DirectoryFrame> read(const FrameReader& frames, std::size_t frame) const;

 private:
  std::vector<FrameRef> refs_;
};

}  // namespace silverback::tsdb

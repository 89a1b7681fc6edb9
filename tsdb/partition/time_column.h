// The timestamps of a partition. Series of one scrape share theirs, so each distinct column of
// times is stored once and series name it by its id, a dense number in order of first appearance.
//
//   frame = varint(columns) | per column: signed(first time) varint(last - first) varint(count)
//           varint(bytes) | the columns
//   column = integers (tsdb/codec/integer_stream.h), each relative to the first
//
// Source: docs/formats.md#partition.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "tsdb/codec/integer_stream.h"
#include "tsdb/partition/frame.h"

namespace silverback::tsdb {

// Collects the distinct columns. Threads: one thread.
class TimeColumnsWriter {
 public:
  explicit TimeColumnsWriter(FrameWriter& frames);
  ~TimeColumnsWriter();

  // The id of the column with these times. Requires times, ascending.
  Result<std::uint32_t> add(std::span<const TimestampMs> times);
  // Appends what TimeColumns::open() needs to `meta`.
  Status finish(std::string& meta);

 private:
  struct Seen;
  Status flush();

  FrameWriter& frames_;
  std::unique_ptr<Seen> seen_;
  std::uint32_t next_id_ = 0;
  std::uint32_t frame_columns_ = 0;
  std::string heads_;    // of the frame being filled
  std::string columns_;  // likewise
  IntegerEncoder integers_;
  std::vector<std::int64_t> relative_;
  FrameRefEncoder refs_;
  std::string table_;  // per finished frame: varint(columns), reference
  std::uint32_t table_frames_ = 0;
};

// One frame of columns, verified.
struct TimeColumnsFrame {
  struct Column {
    TimestampMs first;
    TimestampMs last;
    std::uint32_t count;
    std::uint32_t offset;  // in content
    std::uint32_t bytes;
  };
  std::string content;
  std::vector<Column> columns;

  // False if the bytes make no sense. Requires times.size() == column.count.
  [[nodiscard]] bool decode(const Column& column, std::span<TimestampMs> times) const;
};

// Finds the frame of a column. Immutable.
class TimeColumns {
 public:
  // False if `meta` makes no sense.
  [[nodiscard]] bool open(ByteReader& meta);
  std::uint32_t size() const { return first_ids_.back(); }
  std::size_t frame_of(std::uint32_t column) const;  // Requires column < size()
  std::uint32_t first_id(std::size_t frame) const { return first_ids_[frame]; }
  Result<TimeColumnsFrame> read(const FrameReader& frames, std::size_t frame) const;

 private:
  std::vector<FrameRef> refs_;
  std::vector<std::uint32_t> first_ids_{0};  // of each frame, and one more: the number of columns
};

}  // namespace silverback::tsdb

// Builds the index of a partition: sorted dictionaries, postings, and the labels of each series.
// A series' id is its rank in label order; a label pair's id is its rank in order of name, then
// value, so that the values of a name are a range of pair ids.
// Source: docs/formats.md#partition. Threads: one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/labels.h"
#include "base/result.h"
#include "tsdb/partition/frame.h"

namespace silverback::tsdb {

// Ids of a postings list up to this many are kept in the dictionary itself.
inline constexpr std::uint32_t kInlinePostings = 8;
inline constexpr std::uint32_t kSeriesPerLabelFrame = 256;

// How the postings of a pair are stored. On disk: never renumber.
enum class PostingsKind : std::uint8_t {
  kList = 0,       // first id, then differences
  kRun = 1,        // first id; the others follow without a gap
  kBitmap = 2,     // roaring's portable form, after the last one in its frame
  kNewBitmap = 3,  // likewise, at the start of the next frame of postings
};

class PartitionIndexWriter {
 public:
  explicit PartitionIndexWriter(FrameWriter& frames);
  ~PartitionIndexWriter();

  // Adds the next series. Requires ascending label sets.
  void add(const Labels& labels);
  std::uint32_t series() const;
  // Appends what PartitionIndex::open() needs to `meta`.
  Status finish(std::string& meta);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace silverback::tsdb

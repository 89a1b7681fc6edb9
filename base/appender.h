// How samples come in, whatever the protocol: a batch that is committed or rolled back as a whole.
//
//   std::unique_ptr<Appender> batch = db.appender();
//   SeriesRef ref = TRY(batch->series(labels));          // a later batch may use `ref` again
//   batch->append(ref, {t, v});
//   CommitResult result = TRY(batch->commit());          // returns when the samples are as durable
//   as promised
//
// Threads: one batch is used by one thread; any number of batches side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/sample.h"

namespace silverback {

// Names a series of one store until that store forgets it; 0 is never a series.
enum class SeriesRef : std::uint64_t { kNone = 0 };

enum class SampleVerdict : std::uint8_t {
  kStored,
  kIdenticalDuplicate,  // same time, same bits: nothing to do, not an error
  kDuplicateValue,      // same time as the series' newest, another value
  kOutOfOrder,          // older than the series' newest, and the append asked to reject that
  kOutOfBounds,         // outside the times that the store takes
  kUnsupported,         // the store does not take this kind (native histograms) yet
};

struct AppendOptions {
  // Refuse samples older than the series' newest one. Set for staleness markers, report samples and
  // rule results: the late marker of a target that came back would cut a hole into good data.
  // Remote write never sets it.
  bool reject_out_of_order = false;
};

struct Rejection {
  std::uint32_t index;  // the how-many-th append of the batch, from 0
  SampleVerdict verdict;
};

struct CommitResult {
  std::size_t stored = 0;                // kStored
  std::size_t identical_duplicates = 0;  // kIdenticalDuplicate
  std::vector<Rejection> rejections;     // the others, by ascending index
};

class Appender {
 public:
  virtual ~Appender() = default;  // rolls back if not committed

  // The series with these labels, made if it is new. Errors: kInvalidArgument for an empty label
  // set.
  virtual Result<SeriesRef> series(const Labels& labels) = 0;

  // Whether `ref` still names a series; false after the store forgot it, then ask series() again.
  virtual bool known(SeriesRef ref) const = 0;

  // Adds one sample to the batch. Whether it is taken is decided at commit, in the one order that
  // all batches share; commit() tells. Requires known(ref) within this batch.
  virtual void append(SeriesRef ref, Sample sample, AppendOptions options = {}) = 0;
  virtual void append(SeriesRef ref, HistogramSample sample, AppendOptions options = {}) = 0;
  // May be dropped by a store without room for them; never fails a batch.
  virtual void append(SeriesRef ref, Exemplar exemplar) = 0;
  // `metric` is the family's name.
  virtual void append_metadata(std::string_view metric, Metadata metadata) = 0;

  // Makes the batch visible to queries and as durable as the store promises, or fails and stores
  // nothing of it. After an error or a success the batch is empty and can be filled again. Errors:
  // kIo, kUnavailable, kInvalidArgument (more samples than a store takes at once).
  virtual Result<CommitResult> commit() = 0;
  virtual void rollback() = 0;
};

}  // namespace silverback

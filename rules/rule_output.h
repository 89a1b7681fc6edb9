// What a rule wrote last: to end the series that it no longer writes, and to write the others
// without looking them up.
//
//   for each rule:  Status added = output.add(samples, t, batch);     // into one batch
//   Result<CommitResult> stored = batch.commit();
//   for each rule:  output.committed(stored.has_value());
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/appender.h"
#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "rules/rule.h"

namespace silverback::rules {

// A batch that counts, so that what was rejected finds its rule.
struct RuleBatch {
  Appender& appender;
  std::uint32_t appended = 0;
};

class RuleOutput {
 public:
  // Appends the samples at `t`, and staleness markers for the series of the last time that are not
  // among them. Requires unique labels. Errors: those of Appender::series(); then some are in the
  // batch.
  Status add(const std::vector<OutputSample>& samples, TimestampMs t, RuleBatch& batch);
  // Whether what was added is stored; if not, the last time stays what it was.
  void committed(bool stored);

  // Appends markers for all series, and forgets them.
  Status end_all(TimestampMs t, RuleBatch& batch);
  // Takes the series of a rule that no longer runs as its own.
  void take(RuleOutput& old);

  std::size_t series() const { return series_.size(); }

 private:
  struct Written {
    SeriesRef ref = SeriesRef::kNone;
    bool stored = false;  // last time
    bool current = false;
  };
  Status append(const OutputSample& sample, TimestampMs t, RuleBatch& batch);
  static Status end(const Labels& labels, Written& written, TimestampMs t, RuleBatch& batch);

  std::unordered_map<Labels, Written> series_;
};

}  // namespace silverback::rules

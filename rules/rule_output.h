// What a rule wrote last: to end the series that it no longer writes, and to write the others
// without looking them up.
//
//   for each rule:  Status added = output.add(samples, t, batch);     // into one batch
//   Result<CommitResult> stored = batch.commit();
//   for each rule:  output.refused(labels) of what was rejected;
//                   output.committed(stored.has_value());
//
// Threads: one at a time.
#pragma once

#include <cstdint>
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
  // among them. Requires unique labels. Errors: those of Appender::series(), and then nothing is in
  // the batch.
  Status add(const std::vector<OutputSample>& samples, TimestampMs t, RuleBatch& batch);
  // The sample of that series was not taken: nothing of it is there to be ended.
  void refused(const Labels& labels);
  // Whether what was added is stored; if not, the last time stays what it was.
  void committed(bool stored);

  // Ends all series: appends markers. Errors: as add().
  Status add_ends(TimestampMs t, RuleBatch& batch);
  void forget() { series_.clear(); }
  // Takes the series of a rule that no longer runs as its own.
  void take(RuleOutput& old) { series_.merge(old.series_); }

  std::size_t series() const { return series_.size(); }

 private:
  struct Written {
    SeriesRef ref = SeriesRef::kNone;
    bool stored = false;  // last time
    bool current = false;
  };
  // Makes sure that the reference is known.
  static Status look_up(const Labels& labels, Written& written, Appender& appender);
  static void end(const Written& written, TimestampMs t, RuleBatch& batch);

  std::unordered_map<Labels, Written> series_;
};

}  // namespace silverback::rules

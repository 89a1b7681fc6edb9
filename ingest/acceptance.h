// What a server takes, whichever way it comes in. The store itself takes any time (tsdb/db.h);
// these bounds keep one sender with a broken clock from opening partitions in 1970 or 2100.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"

namespace silverback::ingest {

// Prometheus's texts: senders and their alerts look for these words.
inline constexpr std::string_view kOutOfBoundsText = "out of bounds";
inline constexpr std::string_view kOutOfOrderText = "out of order sample";
inline constexpr std::string_view kDuplicateValueText = "duplicate sample for timestamp";

// How far a sender's clock may run ahead of ours.
inline constexpr DurationMs kFutureMax = 10 * 60 * 1000;

// Samples are taken from [now - retention, now + kFutureMax]. One for all ways in; threads:
// everything from any thread.
class Acceptance {
 public:
  // retention is how long the store keeps samples; 0: no lower bound. `clock` must outlive this.
  Acceptance(DurationMs retention, const Clock& clock) : retention_(retention), clock_(clock) {}

  void set_retention(DurationMs retention) { retention_ = retention; }

  // As of now. Asked for once per request, so that all its samples are judged alike.
  TimeRange range() const {
    const TimestampMs now = clock_.now();
    const DurationMs retention = retention_;
    return {retention == 0 ? kTimestampMin : now - retention, now + kFutureMax};
  }

 private:
  std::atomic<DurationMs> retention_;
  const Clock& clock_;
};

// The label set of a series as it came over the wire: sorts `labels` in place, leaves empty values
// out. Errors: kInvalidArgument, in Prometheus's words, for a missing metric name, an empty name, a
// name twice (also with an empty value), and text that is not UTF-8; also for more than
// kSeriesLabelsMax labels.
Result<Labels> checked_series_labels(std::vector<Label>& labels);

// The store counts the labels of a series in 16 bits.
inline constexpr std::size_t kSeriesLabelsMax = 65'535;

// Label sets in error texts are at most about this long: senders log what they are answered.
inline constexpr std::size_t kErrorLabelsBytesMax = 1024;
// `text`, cut to kErrorLabelsBytesMax and an ellipsis if it is longer.
std::string cut_for_error(std::string_view text);

}  // namespace silverback::ingest

// The remarks a query result carries beside its value: warnings (the answer may be wrong) and infos
// (the question may be). Texts are Prometheus's; one text is kept once, with its last position.
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview
// Threads: from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "promql/ast.h"
#include "promql/quantile.h"

namespace silverback::promql {

class Annotations {
 public:
  // `text` comes without `PromQL warning: ` and without the position.
  void warn(std::string text, PositionRange position) EXCLUDES(mutex_);
  void info(std::string text, PositionRange position) EXCLUDES(mutex_);
  // histogram_quantile had to raise buckets; occurrences at several steps become one line.
  void info_monotonicity(std::string_view metric_name, const MonotonicityFix& fix, TimestampMs t,
                         PositionRange position) EXCLUDES(mutex_);
  // What storage said: shown as it is.
  void warn_verbatim(std::string text) EXCLUDES(mutex_);

  // `PromQL warning: … (1:5)`, ascending.
  std::vector<std::string> warnings(std::string_view query) const EXCLUDES(mutex_);
  std::vector<std::string> infos(std::string_view query) const EXCLUDES(mutex_);

 private:
  using Texts = std::map<std::string, PositionRange>;
  struct Monotonicity {
    MonotonicityFix fix;
    TimestampMs t_min, t_max;
    std::uint64_t count;
    PositionRange position;
  };

  mutable Mutex mutex_;
  Texts warnings_ GUARDED_BY(mutex_);
  Texts infos_ GUARDED_BY(mutex_);
  std::map<std::string, Monotonicity, std::less<>> monotonicity_ GUARDED_BY(mutex_);  // by name
  std::set<std::string> verbatim_ GUARDED_BY(mutex_);
};

// `line:column` of a byte of the query, both from 1.
std::string line_and_column(std::string_view query, std::uint32_t offset);
// As Go's %g prints a float: the shortest digits, an exponent below 1e-4 and from 1e6; with
// `digits` as %.<digits>g, an exponent from 10^digits.
std::string short_float(double v, int digits = 0);

// The texts.
std::string invalid_quantile_text(double q);
std::string invalid_ratio_text(double ratio, double capped_to);
std::string bad_bucket_label_text(std::string_view metric_name, std::string_view label_value);
std::string possible_non_counter_text(std::string_view metric_name);
std::string possible_non_counter_type_text(std::string_view metric_name, std::string_view type);

}  // namespace silverback::promql

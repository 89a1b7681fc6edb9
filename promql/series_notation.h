// The values of a series as tests of rules and of PromQL write them, one for each step of time:
//
//   1 2 3         these
//   1+2x3         1 3 5 7: the first, then three more, each two above; 1-2x3 goes down
//   1x3           1 1 1 1
//   _ _x3         no sample; three times none
//   stale         a staleness marker
//   {{count:1}}   a native histogram, repeated as numbers are; its text is not read
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
// Threads: functions and value types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace silverback::promql {

struct NotedValue {
  enum class Kind : std::uint8_t { kGap, kFloat, kHistogram };
  Kind kind = Kind::kGap;
  double v = 0;
};

// More values than any test has; a repetition is quickly written.
inline constexpr std::size_t kNotedValuesMax = 10'000'000;

// Errors: kInvalidArgument, with what is left of the text where it is wrong.
Result<std::vector<NotedValue>> parse_series_values(std::string_view text);

}  // namespace silverback::promql

// Instants and spans, in milliseconds as everywhere in Prometheus, and their text forms.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"

namespace silverback {

using TimestampMs = std::int64_t;  // since 1970-01-01T00:00:00Z
using DurationMs = std::int64_t;
// Where milliseconds would round what other servers show: the slots of rule groups, alerts' times.
using TimestampNs = std::int64_t;  // since 1970-01-01T00:00:00Z, 1677 to 2262

// The widest instants that the HTTP API can name: Go's minTime/maxTime of Prometheus's API.
inline constexpr TimestampMs kTimestampMin = std::numeric_limits<std::int64_t>::min() / 2;
inline constexpr TimestampMs kTimestampMax = std::numeric_limits<std::int64_t>::max() / 2;

// Closed on both ends: [start, end]. Empty if end < start.
struct TimeRange {
  TimestampMs start = kTimestampMin;
  TimestampMs end = kTimestampMax;

  bool contains(TimestampMs t) const { return start <= t && t <= end; }
  bool overlaps(const TimeRange& other) const { return start <= other.end && other.start <= end; }
  bool operator==(const TimeRange&) const = default;
};

// Prometheus's duration: units y w d h m s ms, each at most once, in descending order, e.g.
// `1h30m`; `0` alone has no unit. A year is 365 days. Errors: kInvalidArgument, with Prometheus's
// text.
Result<DurationMs> parse_duration(std::string_view text);

// The shortest such text: 5400000 → `1h30m`, 0 → `0s`, negative spans with a leading `-`.
std::string format_duration(DurationMs duration);

// Unix seconds (`1435781430.781`, exponent allowed) or RFC 3339 (`2015-07-01T20:10:30.781Z`),
// rounded to milliseconds as Prometheus rounds. Go's texts for Prometheus's minimal and maximal
// time give kTimestampMin and kTimestampMax, and so does what lies beyond. Errors:
// kInvalidArgument, `cannot parse "x" to a valid timestamp`.
Result<TimestampMs> parse_timestamp(std::string_view text);

// Of the instants k · interval + offset the latest that is not after `now`; in any one unit.
// Requires 0 <= offset < interval.
std::int64_t slot_at(std::int64_t now, std::int64_t offset, std::int64_t interval);

// As Go's RFC3339Nano: `2015-07-01T20:10:30.781Z`, the fraction without trailing zeros.
std::string format_rfc3339(TimestampMs t);
std::string format_rfc3339_ns(TimestampNs t);

}  // namespace silverback

// Instants and spans as Go's time package has them: what toTime and toDuration give to templates.
// UTC is the only zone: a server's templates shall not depend on where it stands.
// Threads: value types and free functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace silverback::templates {

using DurationNs = std::int64_t;

struct GoTime {
  std::int64_t seconds = 0;  // since 1970-01-01T00:00:00Z
  std::int32_t nanos = 0;    // [0, 1e9)

  static GoTime from_ms(TimestampMs t);
  auto operator<=>(const GoTime&) const = default;
};

// What the calendar says of an instant.
struct GoDate {
  std::int64_t year;
  int month, day;  // from 1
  int hour, minute, second;
  int weekday;   // from 0, Sunday
  int year_day;  // from 1
};
GoDate date_of(const GoTime& t);

GoTime add(const GoTime& t, DurationNs span);
// Months and days beyond their range carry over.
GoTime add_date(const GoTime& t, std::int64_t years, std::int64_t months, std::int64_t days);
// a - b, clamped to what a duration holds.
DurationNs difference(const GoTime& a, const GoTime& b);
// To the next lower, or nearest (halves up), multiple since year 1. Spans <= 0 change nothing.
GoTime truncate(const GoTime& t, DurationNs span);
GoTime round(const GoTime& t, DurationNs span);
// Towards zero, and to the nearest (halves away from zero).
DurationNs truncate(DurationNs d, DurationNs span);
DurationNs round(DurationNs d, DurationNs span);

std::string_view month_name(std::int64_t month);      // of [1, 12], else empty
std::string_view weekday_name(std::int64_t weekday);  // of [0, 6], else empty

// `2006-01-02 15:04:05.999999999 +0000 UTC`
std::string to_string(const GoTime& t);
// By Go's reference time: "Mon Jan _2 15:04:05 2006".
std::string format_time(const GoTime& t, std::string_view layout);
// `1h2m3.5s`, `100ms`, `0s`
std::string duration_to_string(DurationNs d);

}  // namespace silverback::templates

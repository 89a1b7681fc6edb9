#include "base/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "base/labels.h"
#include "base/number_text.h"

namespace silverback {
namespace {

constexpr DurationMs kSecondMs = 1000;
constexpr DurationMs kMinuteMs = 60 * kSecondMs;
constexpr DurationMs kHourMs = 60 * kMinuteMs;
constexpr DurationMs kDayMs = 24 * kHourMs;

struct Unit {
  std::string_view name;
  DurationMs ms;
  bool only_if_exact;  // when printing: 90d reads better than 12w6d
};
// Descending, which is also the order that a duration must have.
constexpr std::array<Unit, 7> kUnits = {{{"y", 365 * kDayMs, true},
                                         {"w", 7 * kDayMs, true},
                                         {"d", kDayMs, false},
                                         {"h", kHourMs, false},
                                         {"m", kMinuteMs, false},
                                         {"s", kSecondMs, false},
                                         {"ms", 1, false}}};

// Prometheus compatibility: its durations are 64-bit nanoseconds, so about 292 years is the end.
constexpr std::uint64_t kDurationMsMax = std::numeric_limits<std::int64_t>::max() / 1'000'000;

// What Go prints for the earliest and the latest instant of Prometheus's API. Clients send them
// back.
constexpr std::string_view kGoMinTime = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kGoMaxTime = "292277025-08-18T07:12:54.999999999Z";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Days since 1970-01-01 in the proleptic Gregorian calendar, and back: years begin in March, so
// that the leap day is the last, and repeat every 400 (146097 days).
std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

struct Civil {
  std::int64_t year;
  int month, day;
};
Civil civil_from_days(std::int64_t days) {
  days += 719468;
  const std::int64_t era = floor_div(days, 146097);
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

int days_in_month(std::int64_t year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

// Takes fixed-width fields off the front of a text; once one is missing, ok() stays false.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  int number(std::size_t digits, int min, int max) {
    if (text_.size() < digits || !std::all_of(text_.begin(), text_.begin() + digits, is_digit)) {
      ok_ = false;
      return min;
    }
    int value = 0;
    std::from_chars(text_.data(), text_.data() + digits, value);
    text_.remove_prefix(digits);
    ok_ = ok_ && value >= min && value <= max;
    return value;
  }
  void literal(char c) { ok_ = take_if(c) && ok_; }
  bool take_if(char c) {
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string_view take_digits() {
    std::size_t n = 0;
    while (n < text_.size() && is_digit(text_[n])) ++n;
    const std::string_view digits = text_.substr(0, n);
    text_.remove_prefix(n);
    ok_ = ok_ && n > 0;
    return digits;
  }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

std::optional<TimestampMs> parse_rfc3339(std::string_view text) {
  FieldReader reader(text);
  const int year = reader.number(4, 0, 9999);
  reader.literal('-');
  const int month = reader.number(2, 1, 12);
  reader.literal('-');
  const int day = reader.number(2, 1, 31);
  reader.literal('T');
  const int hour = reader.number(2, 0, 23);
  reader.literal(':');
  const int minute = reader.number(2, 0, 59);
  reader.literal(':');
  const int second = reader.number(2, 0, 59);
  int fraction_ms = 0;
  if (reader.take_if('.') || reader.take_if(',')) {
    std::string digits(reader.take_digits().substr(0, 3));
    digits.resize(3, '0');
    std::from_chars(digits.data(), digits.data() + 3, fraction_ms);
  }
  DurationMs zone = 0;
  if (!reader.take_if('Z')) {
    const bool west = reader.take_if('-');
    if (!west) reader.literal('+');
    const int zone_hours = reader.number(2, 0, 24);
    reader.literal(':');
    zone = zone_hours * kHourMs + reader.number(2, 0, 59) * kMinuteMs;
    if (west) zone = -zone;
  }
  if (!reader.done() || day > days_in_month(year, month)) return std::nullopt;
  return days_from_civil(year, month, day) * kDayMs + hour * kHourMs + minute * kMinuteMs +
         second * kSecondMs + fraction_ms - zone;
}

std::optional<TimestampMs> from_unix_seconds(double seconds) {
  if (!std::isfinite(seconds)) return std::nullopt;
  double whole = 0;
  // Prometheus compatibility: the fraction is rounded to milliseconds, then cut to nanoseconds.
  const double fraction = std::round(std::modf(seconds, &whole) * 1000) / 1000;
  constexpr double kLimit = 4e15;  // beyond kTimestampMax / 1000
  if (whole >= kLimit) return kTimestampMax;
  if (whole <= -kLimit) return kTimestampMin;
  const auto nanos = static_cast<std::int64_t>(fraction * 1e9);
  return static_cast<std::int64_t>(whole) * 1000 + floor_div(nanos, 1'000'000);
}

}  // namespace

Result<DurationMs> parse_duration(std::string_view text) {
  if (text == "0") return 0;
  if (text.empty()) return fail(ErrorCode::kInvalidArgument, "empty duration string");
  const auto invalid = [&] {
    return fail(ErrorCode::kInvalidArgument, "not a valid duration string: " + quote(text));
  };
  const auto out_of_range = [] {
    return fail(ErrorCode::kInvalidArgument, "duration out of range");
  };
  std::uint64_t total = 0;
  std::size_t next_unit = 0;
  for (std::string_view rest = text; !rest.empty();) {
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
    if (error != std::errc()) return invalid();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const std::size_t name_bytes =
        static_cast<std::size_t>(std::find_if(rest.begin(), rest.end(), is_digit) - rest.begin());
    if (name_bytes == 0) return invalid();
    const std::string_view name = rest.substr(0, name_bytes);
    rest.remove_prefix(name_bytes);
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const Unit& candidate) { return candidate.name == name; });
    if (unit == kUnits.end()) {
      return fail(ErrorCode::kInvalidArgument,
                  "unknown unit " + quote(name) + " in duration " + quote(text));
    }
    const auto position = static_cast<std::size_t>(unit - kUnits.begin());
    if (position < next_unit) return invalid();
    next_unit = position + 1;
    const auto unit_ms = static_cast<std::uint64_t>(unit->ms);
    if (count > kDurationMsMax / unit_ms) return out_of_range();
    total += count * unit_ms;
    if (total > kDurationMsMax) return out_of_range();
  }
  return static_cast<DurationMs>(total);
}

std::string format_duration(DurationMs duration) {
  if (duration == 0) return "0s";
  auto rest = static_cast<std::uint64_t>(duration);
  std::string out;
  if (duration < 0) {
    out.push_back('-');
    rest = 0 - rest;
  }
  for (const Unit& unit : kUnits) {
    const auto unit_ms = static_cast<std::uint64_t>(unit.ms);
    if (rest < unit_ms || (unit.only_if_exact && rest % unit_ms != 0)) continue;
    out.append(std::to_string(rest / unit_ms)).append(unit.name);
    rest %= unit_ms;
  }
  return out;
}

Result<TimestampMs> parse_timestamp(std::string_view text) {
  if (const std::optional<double> seconds = parse_float(text)) {
    if (const auto t = from_unix_seconds(*seconds)) return *t;
  } else if (const auto t = parse_rfc3339(text)) {
    return *t;
  }
  if (text == kGoMinTime) return kTimestampMin;
  if (text == kGoMaxTime) return kTimestampMax;
  return fail(ErrorCode::kInvalidArgument, "cannot parse " + quote(text) + " to a valid timestamp");
}

namespace {

// The second that begins at `seconds`, and a fraction of it in units of 10^-digits.
std::string rfc3339_text(std::int64_t seconds, std::int64_t fraction, int digits) {
  const std::int64_t days = floor_div(seconds, kDayMs / 1000);
  const auto of_day = static_cast<int>(seconds - days * (kDayMs / 1000));
  const Civil date = civil_from_days(days);
  std::array<char, 64> buffer;
  int written = std::snprintf(
      buffer.data(), buffer.size(), "%s%04lld-%02d-%02dT%02d:%02d:%02d", date.year < 0 ? "-" : "",
      static_cast<long long>(date.year < 0 ? -date.year : date.year), date.month, date.day,
      of_day / 3600, of_day / 60 % 60, of_day % 60);
  std::string out(buffer.data(), static_cast<std::size_t>(written));
  if (fraction != 0) {
    written = std::snprintf(buffer.data(), buffer.size(), ".%0*lld", digits,
                            static_cast<long long>(fraction));
    out.append(buffer.data(), static_cast<std::size_t>(written));
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + 'Z';
}

}  // namespace

std::string format_rfc3339(TimestampMs t) {
  const std::int64_t seconds = floor_div(t, 1000);
  return rfc3339_text(seconds, t - seconds * 1000, 3);
}

std::string format_rfc3339_ns(TimestampNs t) {
  const std::int64_t seconds = floor_div(t, 1'000'000'000);
  return rfc3339_text(seconds, t - seconds * 1'000'000'000, 9);
}

std::int64_t slot_at(std::int64_t now, std::int64_t offset, std::int64_t interval) {
  const std::int64_t rest = (now - offset) % interval;
  return now - (rest < 0 ? rest + interval : rest);
}

}  // namespace silverback

#include "rules/template/go_time.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <optional>

namespace silverback::templates {
namespace {

__extension__ using Int128 = __int128;

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kYearOneToUnixSeconds = 62'135'596'800;  // Go counts from 0001-01-01
constexpr std::int64_t kDurationMax = std::numeric_limits<DurationNs>::max();
constexpr std::int64_t kDurationMin = std::numeric_limits<DurationNs>::min();

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// The calendar repeats every 400 years (146097 days); years begin in March, so that the leap day
// is their last.
std::int64_t days_from_date(std::int64_t year, int month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

GoTime from_ns(Int128 ns) {
  Int128 seconds = ns / kSecondNs;
  Int128 nanos = ns % kSecondNs;
  if (nanos < 0) {
    nanos += kSecondNs;
    --seconds;
  }
  return {static_cast<std::int64_t>(seconds), static_cast<std::int32_t>(nanos)};
}
Int128 to_ns(const GoTime& t) { return static_cast<Int128>(t.seconds) * kSecondNs + t.nanos; }

DurationNs clamp(Int128 ns) {
  return static_cast<DurationNs>(std::clamp<Int128>(ns, kDurationMin, kDurationMax));
}

Int128 since_year_one(const GoTime& t) {
  return to_ns(t) + static_cast<Int128>(kYearOneToUnixSeconds) * kSecondNs;
}

void append_padded(std::string& out, std::int64_t value, std::size_t width, char pad = '0') {
  if (value < 0) out += '-';
  const std::string digits = std::to_string(value < 0 ? -value : value);
  out.append(width > digits.size() ? width - digits.size() : 0, pad).append(digits);
}

// ---- Layouts

enum class Field : std::uint8_t {
  kMonthLong,
  kMonthShort,
  kMonth2,
  kMonth,
  kWeekdayLong,
  kWeekdayShort,
  kDay,
  kDayBlank,
  kDay2,
  kYearDayBlank,
  kYearDay3,
  kHour24,
  kHour12,
  kHour12Two,
  kMinute,
  kMinute2,
  kSecond,
  kSecond2,
  kYear,
  kYear2,
  kHalfUpper,
  kHalfLower,
  kZone,
  kZoneZ,
  kOffset,
  kOffsetColon,
  kOffsetHour,
  kOffsetSeconds,
  kOffsetColonSeconds,
};
struct LayoutWord {
  std::string_view text;
  Field field;
};
// What starts alike: the longer first.
constexpr LayoutWord kLayoutWords[] = {
    {"January", Field::kMonthLong},
    {"Jan", Field::kMonthShort},
    {"Monday", Field::kWeekdayLong},
    {"Mon", Field::kWeekdayShort},
    {"MST", Field::kZone},
    {"2006", Field::kYear},
    {"__2", Field::kYearDayBlank},
    {"_2", Field::kDayBlank},
    {"002", Field::kYearDay3},
    {"01", Field::kMonth2},
    {"02", Field::kDay2},
    {"03", Field::kHour12Two},
    {"04", Field::kMinute2},
    {"05", Field::kSecond2},
    {"06", Field::kYear2},
    {"15", Field::kHour24},
    {"1", Field::kMonth},
    {"2", Field::kDay},
    {"3", Field::kHour12},
    {"4", Field::kMinute},
    {"5", Field::kSecond},
    {"PM", Field::kHalfUpper},
    {"pm", Field::kHalfLower},
    {"-07:00:00", Field::kOffsetColonSeconds},
    {"-070000", Field::kOffsetSeconds},
    {"-07:00", Field::kOffsetColon},
    {"-0700", Field::kOffset},
    {"-07", Field::kOffsetHour},
    {"Z07:00:00", Field::kZoneZ},
    {"Z070000", Field::kZoneZ},
    {"Z07:00", Field::kZoneZ},
    {"Z0700", Field::kZoneZ},
    {"Z07", Field::kZoneZ},
};

const LayoutWord* layout_word_at(std::string_view rest) {
  for (const LayoutWord& word : kLayoutWords) {
    if (!rest.starts_with(word.text)) continue;
    // "January" is a word, "Janet" is not; "_2006" is a year behind an underscore.
    const char after = rest.size() > word.text.size() ? rest[word.text.size()] : '\0';
    if (word.field == Field::kMonthShort && after >= 'a' && after <= 'z') continue;
    if (word.field == Field::kDayBlank && rest.starts_with("_2006")) continue;
    return &word;
  }
  return nullptr;
}

// `.000` (all digits) or `.999` (without trailing zeros) at the front of `rest`, which follows
// seconds or stands alone; its length, or 0.
std::size_t fraction_bytes(std::string_view rest) {
  if (rest.size() < 2 || (rest[0] != '.' && rest[0] != ',') || (rest[1] != '0' && rest[1] != '9')) {
    return 0;
  }
  const std::size_t end = std::min(rest.find_first_not_of(rest[1], 1), rest.size());
  const bool digit_follows = end < rest.size() && rest[end] >= '0' && rest[end] <= '9';
  return digit_follows ? 0 : end;
}

void append_fraction(std::string& out, std::int32_t nanos, std::string_view word) {
  std::string digits;
  append_padded(digits, nanos, 9);
  digits.resize(std::min<std::size_t>(word.size() - 1, 9));
  if (word[1] == '9') digits.erase(digits.find_last_not_of('0') + 1);
  if (!digits.empty()) out.append(1, word[0]).append(digits);
}

void append_field(std::string& out, Field field, const GoDate& date) {
  const int hour12 = date.hour % 12 == 0 ? 12 : date.hour % 12;
  switch (field) {
    case Field::kMonthLong:
      out += month_name(date.month);
      return;
    case Field::kMonthShort:
      out += month_name(date.month).substr(0, 3);
      return;
    case Field::kMonth2:
      return append_padded(out, date.month, 2);
    case Field::kMonth:
      return append_padded(out, date.month, 1);
    case Field::kWeekdayLong:
      out += weekday_name(date.weekday);
      return;
    case Field::kWeekdayShort:
      out += weekday_name(date.weekday).substr(0, 3);
      return;
    case Field::kDay:
      return append_padded(out, date.day, 1);
    case Field::kDayBlank:
      return append_padded(out, date.day, 2, ' ');
    case Field::kDay2:
      return append_padded(out, date.day, 2);
    case Field::kYearDayBlank:
      return append_padded(out, date.year_day, 3, ' ');
    case Field::kYearDay3:
      return append_padded(out, date.year_day, 3);
    case Field::kHour24:
      return append_padded(out, date.hour, 2);
    case Field::kHour12:
      return append_padded(out, hour12, 1);
    case Field::kHour12Two:
      return append_padded(out, hour12, 2);
    case Field::kMinute:
      return append_padded(out, date.minute, 1);
    case Field::kMinute2:
      return append_padded(out, date.minute, 2);
    case Field::kSecond:
      return append_padded(out, date.second, 1);
    case Field::kSecond2:
      return append_padded(out, date.second, 2);
    case Field::kYear:
      return append_padded(out, date.year, 4);
    case Field::kYear2:
      return append_padded(out, std::abs(date.year) % 100, 2);
    case Field::kHalfUpper:
      out += date.hour >= 12 ? "PM" : "AM";
      return;
    case Field::kHalfLower:
      out += date.hour >= 12 ? "pm" : "am";
      return;
    case Field::kZone:
      out += "UTC";
      return;
    case Field::kZoneZ:
      out += 'Z';
      return;
    case Field::kOffset:
      out += "+0000";
      return;
    case Field::kOffsetColon:
      out += "+00:00";
      return;
    case Field::kOffsetHour:
      out += "+00";
      return;
    case Field::kOffsetSeconds:
      out += "+000000";
      return;
    case Field::kOffsetColonSeconds:
      out += "+00:00:00";
      return;
  }
}

}  // namespace

GoTime GoTime::from_ms(TimestampMs t) { return from_ns(static_cast<Int128>(t) * 1'000'000); }

GoDate date_of(const GoTime& t) {
  const std::int64_t days = floor_div(t.seconds, kDaySeconds);
  const auto of_day = static_cast<int>(t.seconds - days * kDaySeconds);
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = floor_div(shifted, 146'097);
  const std::int64_t of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * of_year + 2) / 153;
  GoDate date{};
  date.day = static_cast<int>(of_year - (153 * march_month + 2) / 5 + 1);
  date.month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  date.hour = of_day / 3600;
  date.minute = of_day / 60 % 60;
  date.second = of_day % 60;
  date.weekday = static_cast<int>((days % 7 + 7 + 4) % 7);  // 1970-01-01 was a Thursday
  date.year_day = static_cast<int>(days - days_from_date(date.year, 1, 1)) + 1;
  return date;
}

GoTime add(const GoTime& t, DurationNs span) { return from_ns(to_ns(t) + span); }

GoTime add_date(const GoTime& t, std::int64_t years, std::int64_t months, std::int64_t days) {
  // Bounded, so that no sum overflows; nobody means more.
  const auto bounded = [](std::int64_t n) {
    constexpr std::int64_t kMost = 1'000'000'000;
    return n < -kMost ? -kMost : n > kMost ? kMost : n;
  };
  const GoDate date = date_of(t);
  const std::int64_t month_index = date.month - 1 + bounded(months);
  const std::int64_t year = date.year + bounded(years) + floor_div(month_index, 12);
  const int month = static_cast<int>(month_index - floor_div(month_index, 12) * 12) + 1;
  const std::int64_t day = days_from_date(year, month, date.day + bounded(days));
  return {day * kDaySeconds + (t.seconds - floor_div(t.seconds, kDaySeconds) * kDaySeconds),
          t.nanos};
}

DurationNs difference(const GoTime& a, const GoTime& b) { return clamp(to_ns(a) - to_ns(b)); }

GoTime truncate(const GoTime& t, DurationNs span) {
  if (span <= 0) return t;
  Int128 rest = since_year_one(t) % span;
  if (rest < 0) rest += span;
  return from_ns(to_ns(t) - rest);
}

GoTime round(const GoTime& t, DurationNs span) {
  if (span <= 0) return t;
  Int128 rest = since_year_one(t) % span;
  if (rest < 0) rest += span;
  return from_ns(to_ns(t) + (rest + rest < span ? -rest : span - rest));
}

DurationNs truncate(DurationNs d, DurationNs span) { return span <= 0 ? d : d - d % span; }

DurationNs round(DurationNs d, DurationNs span) {
  if (span <= 0) return d;
  const Int128 rest = d % span;
  const Int128 magnitude = rest < 0 ? -rest : rest;
  const Int128 away = magnitude + magnitude < span ? -magnitude : span - magnitude;
  return clamp(static_cast<Int128>(d) + (d < 0 ? -away : away));
}

std::string_view month_name(std::int64_t month) {
  return month >= 1 && month <= 12 ? kMonths[static_cast<std::size_t>(month - 1)] : "";
}

std::string_view weekday_name(std::int64_t weekday) {
  return weekday >= 0 && weekday <= 6 ? kWeekdays[static_cast<std::size_t>(weekday)] : "";
}

std::string to_string(const GoTime& t) {
  return format_time(t, "2006-01-02 15:04:05.999999999 -0700 MST");
}

std::string format_time(const GoTime& t, std::string_view layout) {
  const GoDate date = date_of(t);
  std::string out;
  while (!layout.empty()) {
    if (const std::size_t bytes = fraction_bytes(layout); bytes > 0) {
      append_fraction(out, t.nanos, layout.substr(0, bytes));
      layout.remove_prefix(bytes);
    } else if (const LayoutWord* word = layout_word_at(layout)) {
      append_field(out, word->field, date);
      layout.remove_prefix(word->text.size());
    } else {
      out += layout[0];
      layout.remove_prefix(1);
    }
  }
  return out;
}

std::string duration_to_string(DurationNs d) {
  if (d == 0) return "0s";
  std::uint64_t rest = d < 0 ? 0 - static_cast<std::uint64_t>(d) : static_cast<std::uint64_t>(d);
  // `digits` of `rest` as a decimal fraction, its zeros and then its point left out at the end.
  const auto with_fraction = [](std::uint64_t value, std::uint64_t unit, std::size_t digits) {
    std::string out = std::to_string(value / unit);
    std::string fraction;
    append_padded(fraction, static_cast<std::int64_t>(value % unit), digits);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return fraction.empty() ? out : out + '.' + fraction;
  };
  std::string out = d < 0 ? "-" : "";
  if (rest < 1'000) return out + std::to_string(rest) + "ns";
  if (rest < 1'000'000) return out + with_fraction(rest, 1'000, 3) + "µs";
  if (rest < kSecondNs) return out + with_fraction(rest, 1'000'000, 6) + "ms";
  constexpr std::uint64_t kMinuteNs = 60ull * kSecondNs;
  const std::uint64_t minutes = rest / kMinuteNs;
  if (minutes >= 60) out += std::to_string(minutes / 60) + 'h';
  if (minutes > 0) out += std::to_string(minutes % 60) + 'm';
  rest %= kMinuteNs;
  return out + with_fraction(rest, kSecondNs, 9) + 's';
}

}  // namespace silverback::templates

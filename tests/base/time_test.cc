#include "base/time.h"

#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/number_text.h"
#include "tests/testing/seed.h"

namespace silverback {
namespace {

constexpr DurationMs kDay = 86'400'000;

template <class T>
std::string text_of(const Result<T>& result) {
  return result ? std::to_string(*result) : result.error().message;
}

TEST(ParseDuration, WantsUnitsOnceAndInDescendingOrder) {
  struct Case {
    std::string_view text;
    DurationMs want;
  };
  constexpr Case cases[] = {{"0", 0},
                            {"0s", 0},
                            {"324ms", 324},
                            {"3s", 3'000},
                            {"5m", 300'000},
                            {"1h", 3'600'000},
                            {"1h30m", 5'400'000},
                            {"4d", 4 * kDay},
                            {"4d1h", 4 * kDay + 3'600'000},
                            {"3w", 21 * kDay},
                            {"3w2d1h", 23 * kDay + 3'600'000},
                            {"10y", 3650 * kDay},
                            {"1y2w3d4h5m6s7ms", 382 * kDay + 14'706'007},
                            {"007s", 7'000},
                            {"292y", 292 * 365 * kDay}};
  for (const auto& [text, want] : cases)
    EXPECT_EQ(text_of(parse_duration(text)), text_of(Result<DurationMs>(want))) << text;
}

TEST(ParseDuration, RefusesInPrometheussWords) {
  struct Case {
    std::string_view text, want;
  };
  constexpr Case cases[] = {
      {"", "empty duration string"},
      {"1", R"(not a valid duration string: "1")"},
      {"-1s", R"(not a valid duration string: "-1s")"},
      {"+1s", R"(not a valid duration string: "+1s")"},
      {"s", R"(not a valid duration string: "s")"},
      {"1y1m1d", R"(not a valid duration string: "1y1m1d")"},
      {"30m1h", R"(not a valid duration string: "30m1h")"},
      {"1m1m", R"(not a valid duration string: "1m1m")"},
      {" 1m", R"(not a valid duration string: " 1m")"},
      {"1x", R"(unknown unit "x" in duration "1x")"},
      {"1.5d", R"(unknown unit "." in duration "1.5d")"},
      {"1 m", R"(unknown unit " m" in duration "1 m")"},
      {"1M", R"(unknown unit "M" in duration "1M")"},
      {"99999999999999999999s", R"(not a valid duration string: "99999999999999999999s")"},
      {"294y", "duration out of range"},
      {"200y10400w", "duration out of range"},
      {"107675d", "duration out of range"},
      {"2584200h", "duration out of range"},
      {"9223372036854775807ms", "duration out of range"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(text_of(parse_duration(text)), want) << text;
}

TEST(FormatDuration, IsTheShortestTextThatReadsBack) {
  struct Case {
    DurationMs ms;
    std::string_view want;
  };
  constexpr Case cases[] = {{0, "0s"},
                            {324, "324ms"},
                            {3'000, "3s"},
                            {300'000, "5m"},
                            {5'400'000, "1h30m"},
                            {86'400'000, "1d"},
                            {7 * kDay, "1w"},
                            {90 * kDay, "90d"},
                            {21 * kDay, "3w"},
                            {365 * kDay, "1y"},
                            {366 * kDay, "366d"},
                            {730 * kDay, "2y"},
                            {7 * kDay + 1, "7d1ms"},
                            {-5'400'000, "-1h30m"}};
  for (const auto& [ms, want] : cases) EXPECT_EQ(format_duration(ms), want);

  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 10'000; ++i) {
    const auto ms = static_cast<DurationMs>(random() >> (20 + random() % 44));
    if (ms > 9'000'000'000'000) continue;
    ASSERT_EQ(parse_duration(format_duration(ms)), ms) << ms;
  }
}

TEST(ParseTimestamp, TakesUnixSecondsAndRfc3339) {
  struct Case {
    std::string_view text;
    TimestampMs want;
  };
  constexpr Case cases[] = {
      {"0", 0},
      {"1435781430.781", 1435781430781},
      {"1435781430", 1435781430000},
      {"1.435781430781e9", 1435781430781},
      {"123.4567", 123457},
      {"-1.5", -1500},
      {"-0.001", -1},
      {"1e300", kTimestampMax},
      {"-1e300", kTimestampMin},
      {"2015-07-01T20:10:30.781Z", 1435781430781},
      {"2015-07-01T20:10:30Z", 1435781430000},
      {"2015-07-01T20:10:30+02:00", 1435774230000},
      {"2015-07-01T20:10:30.5-01:30", 1435786830500},
      {"2015-07-01T20:10:30,5Z", 1435781430500},
      {"2016-02-29T00:00:00Z", 1456704000000},
      {"0000-01-01T00:00:00Z", -62167219200000},
      {"9999-12-31T23:59:59.999999999Z", 253402300799999},
      {"1969-12-31T23:59:59.9999Z", -1},
      {"-292273086-05-16T16:47:06Z", kTimestampMin},
      {"292277025-08-18T07:12:54.999999999Z", kTimestampMax},
  };
  for (const auto& [text, want] : cases)
    EXPECT_EQ(text_of(parse_timestamp(text)), std::to_string(want)) << text;
}

TEST(ParseTimestamp, KeepsEveryMillisecondOfAFraction) {
  for (TimestampMs t = 1435781430000; t < 1435781431000; ++t) {
    std::string text;
    append_json_timestamp(text, t);
    ASSERT_EQ(parse_timestamp(text), t) << text;
  }
}

TEST(ParseTimestamp, RefusesInPrometheussWords) {
  for (const std::string_view text : {"",
                                      "x",
                                      "nan",
                                      "inf",
                                      "2015-07-01t20:10:30Z",
                                      "2015-07-01T20:10:30z",
                                      "2015-07-01 20:10:30Z",
                                      "2015-02-29T00:00:00Z",
                                      "2015-13-01T00:00:00Z",
                                      "2015-00-01T00:00:00Z",
                                      "2015-01-32T00:00:00Z",
                                      "2015-07-01T24:00:00Z",
                                      "2015-07-01T20:60:00Z",
                                      "2015-07-01T20:10:60Z",
                                      "2015-07-01T20:10Z",
                                      "2015-07-01T20:10:30",
                                      "2015-07-01T20:10:30.Z",
                                      "2015-07-01T20:10:30+25:00",
                                      "2015-7-1T20:10:30Z",
                                      "2015-07-01T20:10:30Zx",
                                      "292277025-08-18T07:12:55Z"}) {
    const auto got = parse_timestamp(text);
    ASSERT_FALSE(got) << text;
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(got.error().message,
              "cannot parse \"" + std::string(text) + "\" to a valid timestamp");
  }
}

TEST(FormatRfc3339, WritesWhatGoWrites) {
  struct Case {
    TimestampMs t;
    std::string_view want;
  };
  constexpr Case cases[] = {{0, "1970-01-01T00:00:00Z"},
                            {1435781430781, "2015-07-01T20:10:30.781Z"},
                            {1435781430780, "2015-07-01T20:10:30.78Z"},
                            {1435781430700, "2015-07-01T20:10:30.7Z"},
                            {-1, "1969-12-31T23:59:59.999Z"},
                            {951782400000, "2000-02-29T00:00:00Z"},
                            {4107542400000, "2100-03-01T00:00:00Z"},
                            {253402300800000, "10000-01-01T00:00:00Z"},
                            {-62167219200001, "-0001-12-31T23:59:59.999Z"}};
  for (const auto& [t, want] : cases) EXPECT_EQ(format_rfc3339(t), want);
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    const auto t = static_cast<TimestampMs>(random() % 315'569'520'000'000) - 62'167'219'200'000;
    ASSERT_EQ(parse_timestamp(format_rfc3339(t)), t) << t;
  }
}

TEST(FormatRfc3339Ns, KeepsWhatIsNotZero) {
  EXPECT_EQ(format_rfc3339_ns(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_rfc3339_ns(1435781430781796161), "2015-07-01T20:10:30.781796161Z");
  EXPECT_EQ(format_rfc3339_ns(1435781430000000100), "2015-07-01T20:10:30.0000001Z");
  EXPECT_EQ(format_rfc3339_ns(-1), "1969-12-31T23:59:59.999999999Z");
}

TEST(TimeRange, IsClosedOnBothEnds) {
  const TimeRange range{10, 20};
  EXPECT_TRUE(range.contains(10) && range.contains(20));
  EXPECT_FALSE(range.contains(9) || range.contains(21));
  EXPECT_TRUE(range.overlaps({20, 30}) && range.overlaps({0, 10}));
  EXPECT_FALSE(range.overlaps({21, 30}) || range.overlaps({0, 9}));
}

TEST(SystemClock, TellsTheTimeOfDay) {
  const auto before = std::chrono::system_clock::now();
  const TimestampMs now = Clock::system().now();
  const auto after = std::chrono::system_clock::now();
  using std::chrono::milliseconds;
  EXPECT_GE(now, std::chrono::floor<milliseconds>(before.time_since_epoch()).count());
  EXPECT_LE(now, std::chrono::ceil<milliseconds>(after.time_since_epoch()).count());
}

TEST(SlotAt, IsTheLatestThatHasCome) {
  struct Case {
    std::int64_t now, offset, want;
  };
  constexpr Case cases[] = {{0, 0, 0},  {9, 0, 0},    {10, 0, 10}, {13, 3, 13}, {12, 3, 3},
                            {2, 3, -7}, {-1, 0, -10}, {-7, 3, -7}, {-8, 3, -17}};
  for (const auto& [now, offset, want] : cases) EXPECT_EQ(slot_at(now, offset, 10), want) << now;
}

}  // namespace
}  // namespace silverback

#include "base/number_text.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "base/sample.h"
#include "tests/testing/seed.h"

namespace silverback {
namespace {

std::string json_float(double v) {
  std::string out;
  append_json_float(out, v);
  return out;
}

std::string json_timestamp(long long t_ms) {
  std::string out;
  append_json_timestamp(out, t_ms);
  return out;
}

TEST(FormatFloat, WritesWhatGoWrites) {
  struct Case {
    double v;
    std::string_view plain, json;
  };
  // From strconv.FormatFloat and Prometheus's choice between 'f' and 'e'.
  const Case cases[] = {
      {0, "0", "0"},
      {-0.0, "-0", "-0"},
      {1, "1", "1"},
      {-1, "-1", "-1"},
      {0.1, "0.1", "0.1"},
      {1.5, "1.5", "1.5"},
      {100, "100", "100"},
      {123456.789, "123456.789", "123456.789"},
      {0.30000000000000004, "0.30000000000000004", "0.30000000000000004"},
      {2.0 / 3, "0.6666666666666666", "0.6666666666666666"},
      {9007199254740991, "9007199254740991", "9007199254740991"},
      {9007199254740992, "9007199254740992", "9007199254740992"},
      {-9007199254740994, "-9007199254740994", "-9007199254740994"},
      {2251799813685249.5, "2251799813685249.5", "2251799813685249.5"},
      {1e20, "100000000000000000000", "100000000000000000000"},
      {1e21, "1000000000000000000000", "1e+21"},
      {1.5e21, "1500000000000000000000", "1.5e+21"},
      {1e23, "100000000000000000000000", "1e+23"},
      {-1e23, "-100000000000000000000000", "-1e+23"},
      {1e-5, "0.00001", "0.00001"},
      {1e-6, "0.000001", "0.000001"},
      {-1e-6, "-0.000001", "-0.000001"},
      {9.99e-7, "0.000000999", "9.99e-07"},
      {1e-7, "0.0000001", "1e-07"},
      {1.25e-7, "0.000000125", "1.25e-07"},
      {HUGE_VAL, "+Inf", "+Inf"},
      {-HUGE_VAL, "-Inf", "-Inf"},
      {std::nan(""), "NaN", "NaN"},
      {-std::nan(""), "NaN", "NaN"},
      {stale_marker(), "NaN", "NaN"},
  };
  for (const auto& [v, plain, json] : cases) {
    EXPECT_EQ(format_float(v), plain);
    EXPECT_EQ(json_float(v), json);
  }
  EXPECT_EQ(json_float(5e-324), "5e-324");
  EXPECT_EQ(json_float(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(format_float(5e-324).size(), 326u);
  EXPECT_EQ(format_float(std::numeric_limits<double>::max()),
            "17976931348623157" + std::string(292, '0'));
}

TEST(FormatFloat, WritesTwoHundredThousandNumbersAsGoDoes) {
  // A program in Go printed the same stream (splitmix64 from 42; every other number a decimal with
  // three places) and hashed it with FNV-1a.
  constexpr std::uint64_t kGoHash = 6676242169588801484u;
  std::uint64_t hash = 14695981039346656037u;
  std::uint64_t x = 42;
  for (int i = 0; i < 200'000; ++i) {
    x += 0x9e3779b97f4a7c15;
    std::uint64_t z = x;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    auto v = std::bit_cast<double>(z);
    if (std::isnan(v)) continue;
    if (i % 2 == 0) v = static_cast<double>(z >> 20) / 1000;
    for (const char c : format_float(v) + "|" + json_float(v)) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    }
  }
  EXPECT_EQ(hash, kGoHash);
}

TEST(JsonTimestamp, HasThreeDecimalsOrNone) {
  struct Case {
    long long t_ms;
    std::string_view want;
  };
  constexpr Case cases[] = {{0, "0"},
                            {1435781430781, "1435781430.781"},
                            {1435781430780, "1435781430.780"},
                            {1435781430001, "1435781430.001"},
                            {1435781430000, "1435781430"},
                            {-1, "-0.001"},
                            {-1500, "-1.500"},
                            {std::numeric_limits<long long>::min(), "-9223372036854775.808"},
                            {std::numeric_limits<long long>::max(), "9223372036854775.807"}};
  for (const auto& [t_ms, want] : cases) EXPECT_EQ(json_timestamp(t_ms), want);
}

TEST(ParseFloat, TakesWhatGoTakes) {
  struct Case {
    std::string_view text;
    std::optional<double> want;
  };
  const Case cases[] = {
      // accepted
      {"1", 1},
      {"+1", 1},
      {"-1", -1},
      {"-0", -0.0},
      {".5", 0.5},
      {"5.", 5},
      {"1e5", 1e5},
      {"1E+5", 1e5},
      {"1e-5", 1e-5},
      {"00012", 12},
      {"0.1", 0.1},
      {"1.7976931348623157e308", std::numeric_limits<double>::max()},
      {"4.9e-324", 5e-324},
      {"2e-324", 0},
      {"1e-400", 0},
      {"-1e-400", -0.0},
      {"0e99999999999999", 0},
      {"0.0e-99999999999999999999", 0},
      {"inf", HUGE_VAL},
      {"+Inf", HUGE_VAL},
      {"-INF", -HUGE_VAL},
      {"infinity", HUGE_VAL},
      {"-Infinity", -HUGE_VAL},
      // rejected
      {"", std::nullopt},
      {"+", std::nullopt},
      {"-", std::nullopt},
      {".", std::nullopt},
      {"e5", std::nullopt},
      {"1e", std::nullopt},
      {"1e+", std::nullopt},
      {"--1", std::nullopt},
      {"+-1", std::nullopt},
      {"1.2.3", std::nullopt},
      {"1e5.5", std::nullopt},
      {"1,5", std::nullopt},
      {" 1", std::nullopt},
      {"1 ", std::nullopt},
      {"1x", std::nullopt},
      {"infin", std::nullopt},
      {"infinityx", std::nullopt},
      {"+nan", std::nullopt},
      {"-nan", std::nullopt},
      {"nan(1)", std::nullopt},
      {"1e400", std::nullopt},
      {"-1e400", std::nullopt},
      {"1e99999999999", std::nullopt},
      {"0x10", std::nullopt},
      {"0x1p4", std::nullopt},
      {"1_000", std::nullopt},
      {std::string_view("1\0", 2), std::nullopt},
  };
  for (const auto& [text, want] : cases) {
    const std::optional<double> got = parse_float(text);
    EXPECT_EQ(got, want) << text;
    if (got && want) {
      EXPECT_EQ(std::signbit(*got), std::signbit(*want)) << text;
    }
  }
  for (const std::string_view text : {"nan", "NaN", "NAN"}) {
    ASSERT_TRUE(parse_float(text)) << text;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(*parse_float(text)), kNormalNanBits);
  }
}

TEST(ParseFloat, ReadsBackWhatWasWritten) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000; ++i) {
    const auto v = std::bit_cast<double>(random());
    if (std::isnan(v)) continue;
    const std::optional<double> plain = parse_float(format_float(v));
    const std::optional<double> json = parse_float(json_float(v));
    ASSERT_TRUE(plain && json);
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*plain), std::bit_cast<std::uint64_t>(v));
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*json), std::bit_cast<std::uint64_t>(v));
  }
}

TEST(ParseFloat, RoundsAsTheCLibraryDoes) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (std::uint64_t digits = 1 + random() % 10; digits > 0; --digits) {
      text += static_cast<char>('0' + random() % 10);
    }
    if (random() % 2 == 0) text += "." + std::to_string(random() % 10'000'000);
    if (random() % 2 == 0) {
      text += random() % 2 == 0 ? "e" : "E";
      text += std::string_view("+-").substr(random() % 3, 1);
      text += std::to_string(random() % 50);
    }
    const std::optional<double> parsed = parse_float(text);
    ASSERT_TRUE(parsed) << text;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(*parsed),
              std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr)))
        << text;
  }
}

TEST(ParseFloat, TakesNoExponentThatIsNone) {
  for (const std::string_view text :
       {"1e", "1e+", "1e-", "1e+-5", "1e--5", "1e1.5", "1e5x", "1.5.5", ".", ".e5", "1e 5"}) {
    EXPECT_FALSE(parse_float(text)) << text;
  }
  EXPECT_EQ(parse_float("0e99999999999999999999"), 0);
  EXPECT_EQ(parse_float("1e-99999999999999999999"), 0);
  EXPECT_FALSE(parse_float("1e99999999999999999999"));
}

TEST(FormatFloat, IsTheSameInJsonWhereThatHasNoExponent) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000; ++i) {
    const double v = std::ldexp(static_cast<double>(random()), -static_cast<int>(random() % 84));
    if (v < 1e-6 || v >= 1e21) continue;
    ASSERT_EQ(json_float(v), format_float(v));
    ASSERT_EQ(json_float(-v), format_float(-v));
  }
}

}  // namespace
}  // namespace silverback

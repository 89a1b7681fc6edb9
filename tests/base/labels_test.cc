#include "base/labels.h"

#include <algorithm>
#include <map>
#include <random>
#include <unordered_set>

#include <gtest/gtest.h>

#include "tests/testing/seed.h"

namespace silverback {
namespace {

using NaiveLabels = std::map<std::string, std::string>;

NaiveLabels naive(const Labels& labels) {
  NaiveLabels result;
  for (const Label& label : labels) {
    result.emplace(std::string(label.name), std::string(label.value));
  }
  return result;
}

// Few distinct names and values, so that label sets share beginnings and collide.
NaiveLabels random_labels(std::mt19937_64& random) {
  const auto text = [&](std::size_t bytes_max) {
    std::string out(random() % (bytes_max + 1), 'a');
    for (char& c : out) c = "ab\xff\x01"[random() % 4];
    return out;
  };
  NaiveLabels result;
  for (std::size_t i = random() % 5; i > 0; --i) {
    const std::string name = text(3);
    const std::string value = random() % 50 == 0 ? std::string(300, 'v') : text(3);
    if (!name.empty() && !value.empty()) result[name] = value;
  }
  return result;
}

Labels build(const NaiveLabels& labels) {
  LabelsBuilder builder;
  for (const auto& [name, value] : labels) builder.set(name, value);
  return builder.build();
}

TEST(Labels, HoldWhatTheyWereMadeOfInOrderOfNames) {
  const Labels labels = {{"job", "api"}, {"__name__", "up"}, {"empty", ""}};
  EXPECT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels.get("job"), "api");
  EXPECT_EQ(labels.metric_name(), "up");
  EXPECT_EQ(labels.get("empty"), "");
  EXPECT_FALSE(labels.has("empty"));
  EXPECT_EQ(labels.get("jo"), "");
  EXPECT_EQ(labels.get("joba"), "");
  EXPECT_EQ(labels.begin()->name, "__name__");
  EXPECT_TRUE(Labels().empty());
  const Labels none;
  EXPECT_EQ(none.begin(), none.end());
  EXPECT_EQ(Labels::from_bytes(std::string(labels.bytes())), labels);
}

TEST(Labels, LongNamesAndValuesSurvive) {
  for (const std::size_t bytes : {127u, 128u, 16383u, 16384u, 100000u}) {
    const std::string name(bytes, 'n');
    const std::string value(bytes, 'v');
    const Labels labels = {{name, value}, {"z", "after"}};
    EXPECT_EQ(labels.get(name), value);
    EXPECT_EQ(labels.get("z"), "after");
    EXPECT_EQ(labels.size(), 2u);
  }
}

TEST(Labels, AreOrderedAsPrometheusOrdersThem) {
  const std::vector<Labels> ascending = {
      {},
      {{"a", "1"}},
      {{"a", "1"}, {"b", "1"}},
      {{"a", "1"}, {"c", "0"}},
      {{"a", "10"}},
      {{"a", "2"}},
      {{"aa", "0"}},
      {{"b", "0"}},
      {{"\xc3\xa9", "0"}},
  };
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(ascending[i] <=> ascending[j], i <=> j) << i << " " << j;
    }
  }
}

TEST(Labels, OrderEqualityAndLookUpAgreeWithAMapOnRandomData) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20'000; ++round) {
    const NaiveLabels a = random_labels(random);
    const NaiveLabels b = random_labels(random);
    const Labels x = build(a);
    const Labels y = build(b);
    ASSERT_EQ(naive(x), a);
    // A map compares its pairs in order, which is Prometheus's order; bytes are unsigned in both.
    ASSERT_EQ(x < y, a < b) << x.to_string() << " " << y.to_string();
    ASSERT_EQ(x == y, a == b);
    ASSERT_EQ(x.size(), a.size());
    if (a == b) {
      ASSERT_EQ(x.hash(), y.hash());
    }
    for (const auto& [name, value] : b) {
      const auto it = a.find(name);
      ASSERT_EQ(x.get(name), it == a.end() ? "" : it->second);
    }
  }
}

TEST(Labels, HashesOfDifferentSetsDiffer) {
  std::unordered_set<std::uint64_t> hashes;
  for (int i = 0; i < 10'000; ++i) hashes.insert(Labels{{"i", std::to_string(i)}}.hash());
  EXPECT_EQ(hashes.size(), 10'000u);
}

TEST(Labels, PrintAsPrometheusPrintsAMetric) {
  struct Case {
    Labels labels;
    std::string_view want;
  };
  const Case cases[] = {
      {{}, "{}"},
      {{{"__name__", "up"}}, "up"},
      {{{"__name__", "a:b"}, {"job", "x\"y\n"}}, R"(a:b{job="x\"y\n"})"},
      {{{"b", "2"}, {"a", "1"}}, R"({a="1", b="2"})"},
      {{{"__name__", "my.metric"}, {"label.name", "v"}}, R"({"my.metric", "label.name"="v"})"},
      {{{"__name__", "my.metric"}}, R"({"my.metric"})"},
      {{{"a:b", "v"}}, R"({"a:b"="v"})"},
  };
  for (const auto& [labels, want] : cases) EXPECT_EQ(labels.to_string(), want);
}

TEST(LabelsBuilder, ChangesASetAsAMapWould) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  LabelsBuilder builder;
  for (int round = 0; round < 5'000; ++round) {
    NaiveLabels want = random_labels(random);
    builder.reset(build(want));
    for (std::size_t i = random() % 6; i > 0; --i) {
      const std::string name(1 + random() % 2, "ab"[random() % 2]);
      switch (random() % 4) {
        case 0:
          builder.remove(name);
          want.erase(name);
          break;
        case 1:
          builder.set(name, "");
          want.erase(name);
          break;
        default:
          builder.set(name, "v" + std::to_string(i));
          want[name] = "v" + std::to_string(i);
      }
      ASSERT_EQ(builder.get(name), want.contains(name) ? want[name] : "");
    }
    ASSERT_EQ(naive(builder.build()), want);
  }
}

TEST(LabelsBuilder, KeepsOnlyOrRemovesTheNamedLabels) {
  const Labels all = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  EXPECT_EQ(LabelsBuilder(all).keep_only({"c", "a", "x"}).build(),
            (Labels{{"a", "1"}, {"c", "3"}}));
  EXPECT_EQ(LabelsBuilder(all).remove_all({"c", "a", "x"}).build(), (Labels{{"b", "2"}}));
  EXPECT_EQ(LabelsBuilder(all).keep_only({}).build(), Labels());
}

TEST(LegacyNames, AreAsciiWordsThatDoNotStartWithADigit) {
  for (const std::string_view name : {"a", "_", "__name__", "A9", "a_b"}) {
    EXPECT_TRUE(is_legacy_label_name(name)) << name;
    EXPECT_TRUE(is_legacy_metric_name(name)) << name;
  }
  for (const std::string_view name : {"", "9a", "a-b", "a.b", "é", " a", "a "}) {
    EXPECT_FALSE(is_legacy_label_name(name)) << name;
    EXPECT_FALSE(is_legacy_metric_name(name)) << name;
  }
  EXPECT_TRUE(is_legacy_metric_name(":a:b"));
  EXPECT_FALSE(is_legacy_label_name(":a:b"));
}

TEST(Utf8, RefusesWhatTheStandardRefuses) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "abc\0d"sv, "é"sv, "€"sv, "\xf0\x9f\x98\x80"sv, "\xed\x9f\xbf"sv, "\xee\x80\x80"sv,
        "\xf4\x8f\xbf\xbf"sv, "\xc2\x80"sv, "sixteen letters."sv, "7 bytesé and more"sv}) {
    EXPECT_TRUE(is_valid_utf8(text)) << quote(text);
  }
  for (const std::string_view text :
       {"\x80"sv, "\xc3"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv,
        "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xff"sv, "a\xe2\x82"sv,
        "\xf0\x9f\x98"sv, "\xe2\x28\xa1"sv, "7 bytes\xc3"sv, "8 letter\x80"sv}) {
    EXPECT_FALSE(is_valid_utf8(text)) << quote(text);
  }
}

TEST(Quote, WritesGoStringLiterals) {
  using namespace std::string_view_literals;
  struct Case {
    std::string_view text, want;
  };
  // The right side is what strconv.Quote returns.
  constexpr Case cases[] = {
      {"", R"("")"},
      {"a", R"("a")"},
      {"a\"b\\", R"("a\"b\\")"},
      {"\n\t\r\a\b\f\v\0\x1f\x7f"sv, R"("\n\t\r\a\b\f\v\x00\x1f\x7f")"},
      {"é日本😀", R"("é日本😀")"},
      {"\xff\xc3", R"("\xff\xc3")"},
      {"\xc2\xa0", R"("\u00a0")"},
      {"\xe2\x80\xa8", R"("\u2028")"},
      {"\xe2\x80\x8b", R"("\u200b")"},
      {"\xef\xbb\xbf", R"("\ufeff")"},
      {"\xee\x80\x80", R"("\ue000")"},
      {"\xf3\xa0\x80\x81", R"("\U000e0001")"},
      {"e\xcc\x81", "\"e\xcc\x81\""},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(quote(text), want);
}

}  // namespace
}  // namespace silverback

#include "tsdb/partition/merge.h"

#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/testing/seed.h"
#include "tests/tsdb/partition/store_source.h"

namespace silverback::tsdb {
namespace {

using testing::Store;
using testing::StoreSource;

// A selection over all of a Store.
class StoreSelection final : public Selection {
 public:
  explicit StoreSelection(const Store& store, std::string warning = "") : warning_(warning) {
    for (const auto& [labels, samples] : store) series_.emplace_back(labels, samples);
  }
  std::size_t size() const override { return series_.size(); }
  Labels labels(std::size_t series) const override { return series_[series].first; }
  Status read(std::size_t series, SampleColumns& out) const override {
    out = series_[series].second;
    return {};
  }
  Newest newest(std::size_t series) const override {
    const SampleColumns& samples = series_[series].second;
    if (samples.t.empty()) return {.known = true, .sample = std::nullopt};
    return {.known = true, .sample = Sample{samples.t.back(), samples.v.back()}};
  }
  std::vector<std::string> warnings() const override {
    if (warning_.empty()) return {};
    return {warning_};
  }

 private:
  std::vector<std::pair<Labels, SampleColumns>> series_;
  std::string warning_;
};

HistogramSample histogram_at(TimestampMs t, double sum) {
  auto histogram = std::make_shared<Histogram>();
  histogram->sum = sum;
  return {t, std::move(histogram)};
}

// The naive twin: per series one map from instant to the first source's sample.
struct NaiveSample {
  bool is_histogram = false;
  double value = 0;
};
std::map<Labels, std::map<TimestampMs, NaiveSample>> naive_merge(const std::vector<Store>& stores) {
  std::map<Labels, std::map<TimestampMs, NaiveSample>> merged;
  for (const Store& store : stores)
    for (const auto& [labels, samples] : store) {
      auto& series = merged[labels];
      for (std::size_t i = 0; i < samples.t.size(); ++i)
        series.try_emplace(samples.t[i], NaiveSample{false, samples.v[i]});
      for (const HistogramSample& sample : samples.histograms)
        series.try_emplace(sample.t, NaiveSample{true, sample.h->sum});
    }
  return merged;
}

void expect_equal(const SampleColumns& got, const std::map<TimestampMs, NaiveSample>& want) {
  ASSERT_EQ(got.t.size(), got.v.size());
  ASSERT_EQ(got.t.size() + got.histograms.size(), want.size());
  std::size_t next_float = 0;
  std::size_t next_histogram = 0;
  for (const auto& [t, sample] : want) {
    if (sample.is_histogram) {
      ASSERT_LT(next_histogram, got.histograms.size());
      EXPECT_EQ(got.histograms[next_histogram].t, t);
      EXPECT_EQ(got.histograms[next_histogram++].h->sum, sample.value);
    } else {
      ASSERT_LT(next_float, got.t.size());
      EXPECT_EQ(got.t[next_float], t);
      EXPECT_EQ(got.v[next_float++], sample.value);
    }
  }
}

Store random_store(std::mt19937_64& random, double value_base) {
  const auto up_to = [&](std::uint64_t n) { return random() % n; };
  Store store;
  for (std::uint64_t left = up_to(8); left > 0; --left) {
    const std::string name = "m" + std::to_string(up_to(10));
    SampleColumns& samples = store[Labels{{"__name__", name}}];
    samples.clear();
    auto t = static_cast<TimestampMs>(up_to(60));
    const bool sparse = up_to(2) == 0;
    for (std::uint64_t i = up_to(20); i > 0; --i) {
      if (up_to(8) == 0) {
        samples.histograms.push_back(histogram_at(t, value_base + static_cast<double>(t)));
      } else {
        samples.t.push_back(t);
        samples.v.push_back(value_base + static_cast<double>(t));
      }
      t += 1 + static_cast<TimestampMs>(up_to(sparse ? 40 : 2));
    }
  }
  return store;
}

TEST(Merge, OfSelectionsAndSourcesAgreesWithTheNaiveTwin) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    std::vector<Store> stores;
    for (std::uint64_t i = 0, count = 1 + random() % 5; i < count; ++i)
      stores.push_back(random_store(random, static_cast<double>(i) * 1e6));
    const auto want = naive_merge(stores);

    std::vector<std::unique_ptr<Selection>> selections;
    std::vector<std::unique_ptr<SeriesSource>> sources;
    for (const Store& store : stores) {
      selections.push_back(std::make_unique<StoreSelection>(store));
      sources.push_back(std::make_unique<StoreSource>(store));
    }
    const auto selection = merge_selections(std::move(selections));
    const auto source = merge_sources(std::move(sources));
    ASSERT_EQ(selection->size(), want.size());
    std::size_t series = 0;
    for (const auto& [labels, samples] : want) {
      EXPECT_EQ(selection->labels(series), labels);
      SampleColumns got;
      got.t = {99};  // read() replaces
      got.v = {99};
      ASSERT_TRUE(selection->read(series, got));
      expect_equal(got, samples);

      std::optional<TimestampMs> last_float;
      for (const auto& [t, sample] : samples)
        if (!sample.is_histogram) last_float = t;
      const Selection::Newest newest = selection->newest(series);
      ASSERT_TRUE(newest.known);
      // A float below a histogram of an earlier source is still the newest float of its own source.
      if (last_float && newest.sample) {
        EXPECT_GE(newest.sample->t, *last_float);
      }

      Labels source_labels;
      const auto more = source->next(source_labels, got);
      ASSERT_TRUE(more && *more);
      EXPECT_EQ(source_labels, labels);
      expect_equal(got, samples);
      ++series;
    }
    Labels labels;
    SampleColumns samples;
    EXPECT_FALSE(source->next(labels, samples).value());
    EXPECT_FALSE(source->next(labels, samples).value()) << "the end stays the end";
  }
}

TEST(MergeSelections, PrefersTheEarlierSourceForTheNewestSample) {
  const Labels labels{{"__name__", "m"}};
  const Store first{{labels, {.t = {1, 2}, .v = {10, 20}, .histograms = {}}}};
  const Store second{{labels, {.t = {2}, .v = {21}, .histograms = {}}}};
  std::vector<std::unique_ptr<Selection>> selections;
  selections.push_back(std::make_unique<StoreSelection>(first));
  selections.push_back(std::make_unique<StoreSelection>(second));
  const auto merged = merge_selections(std::move(selections));
  EXPECT_EQ(merged->newest(0).sample->v, 20);
}

TEST(MergeSelections, MayBeMergedAgain) {
  const Labels labels{{"__name__", "m"}};
  const auto one = [&](TimestampMs t) {
    return std::make_unique<StoreSelection>(
        Store{{labels, {.t = {t}, .v = {static_cast<double>(t)}, .histograms = {}}}});
  };
  const auto two = [&](std::unique_ptr<Selection> a, std::unique_ptr<Selection> b) {
    std::vector<std::unique_ptr<Selection>> selections;
    selections.push_back(std::move(a));
    selections.push_back(std::move(b));
    return merge_selections(std::move(selections));
  };
  const auto merged = two(two(one(4), one(2)), two(one(3), one(1)));
  ASSERT_EQ(merged->size(), 1U);
  SampleColumns samples;
  ASSERT_TRUE(merged->read(0, samples));
  EXPECT_EQ(samples.t, (std::vector<TimestampMs>{1, 2, 3, 4}));
}

TEST(MergeSelections, KeepsTheWarningsOfEmptySources) {
  const Store store{{Labels{{"a", "b"}}, {.t = {1}, .v = {10}, .histograms = {}}}};
  std::vector<std::unique_ptr<Selection>> selections;
  selections.push_back(std::make_unique<StoreSelection>(Store{}, "damaged"));
  selections.push_back(std::make_unique<StoreSelection>(store));
  const auto merged = merge_selections(std::move(selections));
  EXPECT_EQ(merged->size(), 1U);
  EXPECT_EQ(merged->warnings(), std::vector<std::string>{"damaged"});
  EXPECT_EQ(merge_selections({})->size(), 0U);
}

TEST(MergeNames, IsASortedUnionCutAtTheLimit) {
  struct Case {
    std::vector<Names> lists;
    std::size_t limit;
    std::vector<std::string> want;
    bool truncated;
  };
  const Case cases[] = {
      {{}, 0, {}, false},
      {{{{"a", "c"}, false, {}}, {{"b", "c"}, false, {}}}, 0, {"a", "b", "c"}, false},
      {{{{"a", "c"}, false, {}}, {{"b", "c"}, false, {}}}, 3, {"a", "b", "c"}, false},
      {{{{"a", "c"}, false, {}}, {{"b", "c"}, false, {}}}, 2, {"a", "b"}, true},
      {{{{"a", "b"}, true, {}}, {{"a"}, false, {}}}, 2, {"a", "b"}, true},
  };
  for (const Case& c : cases) {
    const Names got = merge_names(c.lists, c.limit);
    EXPECT_EQ(got.values, c.want);
    EXPECT_EQ(got.truncated, c.truncated);
  }
  EXPECT_EQ(merge_names({{{}, false, {"x"}}, {{}, false, {"y"}}}, 0).warnings,
            (std::vector<std::string>{"x", "y"}));
}

}  // namespace
}  // namespace silverback::tsdb

// The engine's limits, errors and promises; what queries answer is in promql_files_test.cc.
#include "promql/engine.h"

#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/memory_storage.h"
#include "base/thread_pool.h"
#include "tests/testing/seed.h"

namespace silverback::promql {
namespace {

constexpr DurationMs kMinute = 60'000;

class EngineTest : public ::testing::Test {
 protected:
  // `series` counters x_total{i="…", g="0…2"} of `samples` samples, one a minute.
  void load(int series, int samples) {
    for (int s = 0; s < series; ++s) {
      const std::string i = std::to_string(s);
      const std::string g = std::to_string(s % 3);
      const Labels labels = {{"__name__", "x_total"}, {"i", i}, {"g", g}};
      for (int k = 0; k < samples; ++k) {
        storage_.append(labels, {k * kMinute, static_cast<double>(k * (s + 1))});
      }
    }
  }
  Result<QueryResult> instant(const EngineOptions& options, std::string_view query, TimestampMs t,
                              const QueryOptions& query_options = {}) {
    return Engine(options).instant(storage_, query, t, query_options);
  }

  MemoryStorage storage_;
};

TEST_F(EngineTest, TakesAnotherSubqueryStepFromTheNextQueryOn) {
  load(1, 10);
  Engine engine{EngineOptions{}};
  const auto points = [&] {
    const auto result = engine.instant(storage_, "count_over_time(x_total[4m:])", 9 * kMinute, {});
    return std::get<Vector>(result->value).at(0).v;
  };
  EXPECT_EQ(points(), 4);
  engine.set_default_subquery_step(kMinute / 2);
  EXPECT_EQ(engine.options().default_subquery_step, kMinute / 2);
  EXPECT_EQ(points(), 8);
}

TEST_F(EngineTest, AnswersScalarStringVectorAndMatrix) {
  load(2, 10);
  const EngineOptions options;
  const auto scalar = instant(options, "1 + 1", 5000);
  ASSERT_TRUE(scalar);
  EXPECT_EQ(std::get<Scalar>(scalar->value).t, 5000);
  EXPECT_EQ(std::get<Scalar>(scalar->value).v, 2);
  const auto text = instant(options, "\"a\"", 5000);
  ASSERT_TRUE(text);
  EXPECT_EQ(std::get<String>(text->value).v, "a");
  const auto vector = instant(options, "x_total", 9 * kMinute);
  ASSERT_TRUE(vector);
  ASSERT_EQ(std::get<Vector>(vector->value).size(), 2U);
  EXPECT_EQ(std::get<Vector>(vector->value)[1].metric.to_string(), "x_total{g=\"1\", i=\"1\"}");
  EXPECT_EQ(std::get<Vector>(vector->value)[1].t, 9 * kMinute);
  EXPECT_EQ(std::get<Vector>(vector->value)[1].v, 18);
  const auto matrix = instant(options, "x_total{i=\"0\"}[2m]", 9 * kMinute);
  ASSERT_TRUE(matrix);
  ASSERT_EQ(std::get<Matrix>(matrix->value).size(), 1U);
  EXPECT_EQ(std::get<Matrix>(matrix->value)[0].floats.size(), 2U);
}

TEST_F(EngineTest, ARangeQueryWantsAScalarOrAVector) {
  const Engine engine(EngineOptions{});
  const auto matrix = engine.range(storage_, "x[5m]", 0, kMinute, kMinute, {});
  ASSERT_FALSE(matrix);
  EXPECT_EQ(matrix.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(matrix.error().message,
            "invalid expression type \"range vector\" for range query, must be Scalar or instant "
            "Vector");
  const auto scalar = engine.range(storage_, "1", 0, 2 * kMinute + 1, kMinute, {});
  ASSERT_TRUE(scalar);
  EXPECT_EQ(std::get<Matrix>(scalar->value).at(0).floats.size(), 3U);
}

TEST_F(EngineTest, TooManySamplesAreRefused) {
  load(10, 10);
  EngineOptions options;
  options.samples_max = 9;
  const auto selector = instant(options, "x_total", 9 * kMinute);
  ASSERT_FALSE(selector);
  EXPECT_EQ(selector.error().code, ErrorCode::kExecution);
  EXPECT_EQ(selector.error().message,
            "query processing would load too many samples into memory in query execution");
  EXPECT_FALSE(instant(options, "x_total{i=\"1\"}[10m]", 9 * kMinute));
  EXPECT_FALSE(instant(options, "sum(sum_over_time(x_total[10m]))", 9 * kMinute));
  EXPECT_FALSE(Engine(options).range(storage_, "vector(1)", 0, 9 * kMinute, kMinute, {}));
  options.samples_max = 11;
  EXPECT_TRUE(instant(options, "x_total", 9 * kMinute));
  EXPECT_TRUE(instant(options, "sum(x_total)", 9 * kMinute));
}

// Ten of 300 series have a sample that a step sees, the others one between steps.
TEST_F(EngineTest, SeriesWithoutSamplesTakeNoRoom) {
  for (int s = 0; s < 300; ++s) {
    const std::string i = std::to_string(s);
    storage_.append({{"__name__", "x"}, {"i", i}}, {s % 30 == 0 ? kMinute : kMinute + 500, 1});
  }
  EngineOptions options;
  options.lookback_delta = 1000;
  options.samples_max = 600;
  const auto result = Engine(options).range(storage_, "x", 0, 198'000, 2000, {});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(std::get<Matrix>(result->value).size(), 10U);
  options.samples_max = 400;
  EXPECT_FALSE(Engine(options).range(storage_, "x", 0, 198'000, 2000, {}));
}

TEST_F(EngineTest, WhatIsRefusedIsNotAllocatedFirst) {
  load(200, 1);
  EngineOptions options;
  options.samples_max = 1'000'000'000;  // a table of 16 GB; these would take terabytes
  for (const std::string_view query : {"x_total @ 0", "sum by (i) (x_total @ 0)"}) {
    const auto result = Engine(options).range(storage_, query, 0, 1'000'000'000, 1, {});
    ASSERT_FALSE(result) << query;
    EXPECT_EQ(result.error().message,
              "query processing would load too many samples into memory in query execution");
  }
}

// Operators and functions whose results have more rows than what they are made of, with few samples
// each.
TEST_F(EngineTest, TablesOfFewSamplesAreRefusedToo) {
  constexpr int kCount = 20;
  for (int k = 0; k < kCount; ++k) {
    const std::string i = std::to_string(k);
    storage_.append({{"__name__", "one"}, {"job", "j"}, {"instance", "i"}, {"k", i}},
                    {k * kMinute, 1});
    storage_.append({{"__name__", "b_bucket"}, {"le", "+Inf"}}, {k * kMinute, 1});
    storage_.append({{"__name__", "b_bucket"}, {"le", "1"}}, {k * kMinute, 1});
    for (int s = 0; s < kCount; ++s) {
      const std::string n = std::to_string(s);
      storage_.append({{"__name__", "many"}, {"job", "j"}, {"instance", "i"}, {"n", n}},
                      {k * kMinute, 1});
    }
  }
  EngineOptions options;
  options.lookback_delta = kMinute;
  options.features.experimental_functions = true;
  const auto answers = [&](std::string_view query, std::uint64_t samples_max) {
    options.samples_max = samples_max;
    const auto result =
        Engine(options).range(storage_, query, 0, (kCount - 1) * kMinute, kMinute, {});
    return result.has_value();
  };
  for (const std::string_view query :
       {"many + on (job) group_left (k) one", "info(many, {__name__=\"one\", k=~\".+\"})"}) {
    EXPECT_FALSE(answers(query, 3900)) << query;  // 400 rows of 20 cells, 400 samples
    EXPECT_TRUE(answers(query, 4000)) << query;
  }
  const std::string_view quantiles = "histogram_quantiles(b_bucket, \"q\", time() / 1e6)";
  EXPECT_FALSE(answers(quantiles, 190));  // 20 rows of 20 cells, 20 samples
  EXPECT_TRUE(answers(quantiles, 200));
}

TEST_F(EngineTest, ScalarsAreHeldToo) {
  EngineOptions options;
  options.samples_max = 2500;
  const auto nested = [&](std::string_view scalar) {
    std::string query = "max_over_time(vector(";
    query.append(scalar).append(")[1000s:1s])");
    return instant(options, query, 10'000'000).has_value();
  };
  EXPECT_FALSE(nested("time()+(time()+(time()+time()))"));
  EXPECT_FALSE(nested("scalar(vector(time()))+(time()+time())"));
  // What is the same at all steps takes no room, and a result takes the place of its operand.
  EXPECT_TRUE(nested("1+(2*(3-(-(time()/4))))"));
  EXPECT_TRUE(nested("((time()+time())+time())+(1+pi())"));
  options.samples_max = 9;
  const Engine engine(options);
  EXPECT_FALSE(engine.range(storage_, "time()", 0, 9 * kMinute, kMinute, {}));
  EXPECT_FALSE(engine.range(storage_, "1", 0, 9 * kMinute, kMinute, {}));
  EXPECT_TRUE(engine.range(storage_, "1", 0, 8 * kMinute, kMinute, {}));
}

TEST_F(EngineTest, ATimeoutEndsTheQuery) {
  load(10, 2000);
  EngineOptions options;
  options.timeout = 1;
  // Sorts some 10^10 values.
  const auto result = Engine(options).range(storage_, "quantile_over_time(0.5, x_total[1d])", 0,
                                            2000 * kMinute, 1000, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
  EXPECT_EQ(result.error().message, "query timed out in expression evaluation");
  // A query may ask for less time than the engine's, not for more.
  QueryOptions longer;
  longer.timeout = 3'600'000;
  EXPECT_FALSE(Engine(options).range(storage_, "quantile_over_time(0.5, x_total[1d])", 0,
                                     2000 * kMinute, 1000, longer));
}

TEST_F(EngineTest, ACanceledQueryEnds) {
  load(1, 2);
  const std::atomic<bool> canceled = true;
  QueryOptions options;
  options.canceled = &canceled;
  const auto result = instant(EngineOptions{}, "x_total", kMinute, options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCanceled);
  EXPECT_EQ(result.error().message, "query was canceled in expression evaluation");
}

TEST_F(EngineTest, CountsSamples) {
  load(3, 10);
  const auto range =
      Engine(EngineOptions{})
          .range(storage_, "rate(x_total[5m])", 8 * kMinute, 9 * kMinute, kMinute, {});
  ASSERT_TRUE(range);
  EXPECT_EQ(range->stats.samples_total, 30U);  // 3 series, 2 steps, 5 samples each
  EXPECT_EQ(range->stats.samples_peak, 6U);
  const auto vector = instant(EngineOptions{}, "x_total", 9 * kMinute);
  ASSERT_TRUE(vector);
  EXPECT_EQ(vector->stats.samples_total, 3U);
  EXPECT_EQ(vector->stats.samples_peak, 3U);
}

TEST_F(EngineTest, AQueryMayHaveItsOwnLookback) {
  load(1, 1);
  QueryOptions options;
  const auto at_two_minutes = [&] {
    return std::get<Vector>(instant(EngineOptions{}, "x_total", 2 * kMinute, options)->value)
        .size();
  };
  EXPECT_EQ(at_two_minutes(), 1U);
  options.lookback_delta = 2 * kMinute;
  EXPECT_EQ(at_two_minutes(), 0U);
  options.lookback_delta = 2 * kMinute + 1;
  EXPECT_EQ(at_two_minutes(), 1U);
}

TEST_F(EngineTest, ASourceThatKnowsItsNewestSampleIsNotRead) {
  load(3, 10);
  const Labels stale = {{"__name__", "x_total"}, {"i", "stale"}};
  storage_.append(stale, {0, 1});
  storage_.append(stale, {9 * kMinute, stale_marker()});
  const auto answer = [&](std::string_view query) {
    std::string text;
    const auto result = instant(EngineOptions{}, query, 9 * kMinute + 5);
    for (const VectorSample& sample : std::get<Vector>(result->value)) {
      text.append(sample.metric.to_string() + " " + std::to_string(sample.v) + "\n");
    }
    return text;
  };
  for (const std::string_view query : {"x_total", "timestamp(x_total)", "x_total offset 2m"}) {
    storage_.answer_newest(false);
    const std::string read = answer(query);
    storage_.answer_newest(true);
    EXPECT_EQ(answer(query), read) << query;
    EXPECT_FALSE(read.empty());
  }
}

// Calls something at the n-th call.
struct Hook {
  int calls_left = 0;
  std::function<void()> then;

  void call() {
    if (--calls_left == 0) then();
  }
};

// A storage that says when it is read.
class HookedStorage final : public Queryable {
 public:
  explicit HookedStorage(const Queryable& storage) : storage_(storage) {}

  Result<std::unique_ptr<Selection>> select(std::span<const Matcher> matchers,
                                            const SelectHints& hints) const override {
    std::unique_ptr<Selection> selection = TRY(storage_.select(matchers, hints));
    return std::make_unique<HookedSelection>(*this, std::move(selection));
  }
  Result<Names> label_names(std::span<const Matcher> matchers, TimeRange range,
                            std::size_t limit) const override {
    return storage_.label_names(matchers, range, limit);
  }
  Result<Names> label_values(std::string_view name, std::span<const Matcher> matchers,
                             TimeRange range, std::size_t limit) const override {
    return storage_.label_values(name, matchers, range, limit);
  }

  mutable Hook read, labels;

 private:
  class HookedSelection final : public Selection {
   public:
    HookedSelection(const HookedStorage& of, std::unique_ptr<Selection> selection)
        : storage_(of), selection_(std::move(selection)) {}
    std::size_t size() const override { return selection_->size(); }
    Labels labels(std::size_t series) const override {
      storage_.labels.call();
      return selection_->labels(series);
    }
    Status read(std::size_t series, SampleColumns& out) const override {
      storage_.read.call();
      return selection_->read(series, out);
    }

   private:
    const HookedStorage& storage_;
    const std::unique_ptr<Selection> selection_;
  };

  const Queryable& storage_;
};

// What works on one large group after the last read has to look at the clock in the middle of it.
TEST_F(EngineTest, ACanceledQueryEndsInTheMiddleOfAGroup) {
  load(40, 10'000);
  struct Case {
    std::string_view query;
    int reads, labels;  // the call that cancels; 0: none
  };
  const Case cases[] = {{"limit_ratio(0.5, x_total)", 40, 0},
                        {"x_total and on () x_total", 80, 0},
                        {"x_total unless on () x_total", 80, 0},
                        {"x_total or on () x_total", 80, 0},
                        {"x_total > on () group_left x_total{i=\"0\"}", 0, 2},
                        {"x_total + on () group_left x_total{i=\"0\"}", 0, 2}};
  EngineOptions engine_options;
  engine_options.features.experimental_functions = true;
  const Engine engine(engine_options);
  for (const Case& c : cases) {
    std::atomic<bool> canceled = false;
    const HookedStorage storage(storage_);
    storage.read = {c.reads, [&] { canceled = true; }};
    storage.labels = {c.labels, [&] { canceled = true; }};
    QueryOptions options;
    options.canceled = &canceled;
    const auto result = engine.range(storage, c.query, 0, 10'000 * kMinute, kMinute / 2, options);
    EXPECT_FALSE(result) << c.query;
    if (result) continue;
    EXPECT_EQ(result.error().code, ErrorCode::kCanceled) << c.query << result.error().message;
  }
}

TEST_F(EngineTest, ATimeoutEndsAQuantileInTheMiddleOfAGroup) {
  load(60, 10'000);
  EngineOptions options;
  options.timeout = 1000;
  const HookedStorage storage(storage_);
  // There is time left to begin, but not for 20000 quantiles.
  const auto nearly_over =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(options.timeout - 4);
  storage.read = {60, [&] { std::this_thread::sleep_until(nearly_over); }};
  const auto result = Engine(options).range(storage, "quantile(0.5, x_total)", 0, 10'000 * kMinute,
                                            kMinute / 2, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kTimeout);
}

// Values with every kind of trouble: gaps, staleness, resets, NaN, Inf, fractions.
MemoryStorage random_storage(std::mt19937_64& random) {
  MemoryStorage storage;
  const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
  for (int s = 0; s < 150; ++s) {
    const std::string i = std::to_string(s);
    const std::string g = std::to_string(s % 4);
    const Labels labels = {{"__name__", "x_total"}, {"i", i}, {"g", g}};
    const bool integers = chance(50);
    double v = 0;
    TimestampMs t = static_cast<TimestampMs>(random() % 15'000);
    for (int k = 0; k < 200; ++k, t += 15'000 + static_cast<TimestampMs>(random() % 3)) {
      if (chance(5)) continue;
      v += integers ? static_cast<double>(random() % 10) : static_cast<double>(random()) / 1e18;
      if (chance(2)) v = 0;
      double sample = v;
      if (chance(1)) sample = stale_marker();
      if (chance(1)) sample = std::nan("");
      if (chance(1)) sample = std::numeric_limits<double>::infinity();
      storage.append(labels, {t, sample});
    }
  }
  return storage;
}

constexpr std::string_view kQueries[] = {
    "x_total",
    "rate(x_total[1m])",
    "increase(x_total[5m])",
    "sum by (g) (rate(x_total[2m]))",
    "avg(x_total)",
    "stddev by (g) (x_total)",
    "max_over_time(x_total[7m])",
    "min_over_time(x_total[3m])",
    "sum_over_time(x_total[4m])",
    "avg_over_time(x_total[4m])",
    "resets(x_total[10m])",
    "changes(x_total[10m])",
    "deriv(x_total[5m])",
    "quantile_over_time(0.3, x_total[5m])",
    "quantile by (g) (0.7, x_total)",
    "stddev_over_time(x_total[6m])",
    "topk by (g) (2, x_total)",
    "max_over_time(rate(x_total[1m])[5m:30s])",
    "x_total / on (g) group_left sum by (g) (x_total)",
    "sum(x_total @ 1000) + x_total offset 3m",
    "ts_of_max_over_time(x_total[5m])",
};

EngineOptions all_features(Executor* executor) {
  EngineOptions options;
  options.features = {true, true, true, false, false};
  options.executor = executor;
  return options;
}

bool identical_matrices(const Matrix& a, const Matrix& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t s = 0; s < a.size(); ++s) {
    if (a[s].metric != b[s].metric || a[s].floats.size() != b[s].floats.size()) return false;
    for (std::size_t k = 0; k < a[s].floats.size(); ++k) {
      if (!identical(a[s].floats[k], b[s].floats[k])) return false;
    }
  }
  return true;
}

TEST(EngineRandom, ThreadsDoNotChangeABit) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const MemoryStorage storage = random_storage(random);
  ThreadPool pool("query", 4);
  for (const std::string_view query : kQueries) {
    const auto alone = Engine(all_features(nullptr)).range(storage, query, 0, 3'000'000, 1'700, {});
    const auto together =
        Engine(all_features(&pool)).range(storage, query, 0, 3'000'000, 1'700, {});
    ASSERT_TRUE(alone) << query << alone.error().message;
    ASSERT_TRUE(together) << query;
    EXPECT_TRUE(
        identical_matrices(std::get<Matrix>(alone->value), std::get<Matrix>(together->value)))
        << query;
  }
}

// The answer at one instant, as a matrix in which it is the only step.
Matrix at_instant(const Engine& engine, const Queryable& storage, std::string_view query,
                  TimestampMs t) {
  const auto result = engine.range(storage, query, t, t, 1, {});
  return std::get<Matrix>(result->value);
}

TEST(EngineRandom, TheAnswerAtAnInstantDoesNotDependOnTheRange) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const MemoryStorage storage = random_storage(random);
  const Engine engine(all_features(nullptr));
  const DurationMs step = 20'000 + static_cast<DurationMs>(random() % 50'000);
  for (const std::string_view query : kQueries) {
    const auto range = engine.range(storage, query, 0, 3'000'000, step, {});
    ASSERT_TRUE(range) << query << range.error().message;
    for (int n = 0; n < 8; ++n) {
      const TimestampMs t = step * static_cast<TimestampMs>(random() % (3'000'000 / step));
      Matrix expected;
      for (const Series& series : std::get<Matrix>(range->value)) {
        for (const Sample& sample : series.floats) {
          if (sample.t == t) expected.push_back({series.metric, {sample}, {}});
        }
      }
      EXPECT_TRUE(identical_matrices(expected, at_instant(engine, storage, query, t)))
          << query << " at " << t;
    }
  }
}

}  // namespace
}  // namespace silverback::promql

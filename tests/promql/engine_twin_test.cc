// The engine against its naive twin, and against itself: a result at an instant depends neither on
// the range it is asked in nor on how many threads there are.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/memory_storage.h"
#include "base/number_text.h"
#include "base/thread_pool.h"
#include "promql/engine.h"
#include "promql/parser.h"
#include "tests/promql/naive_engine.h"
#include "tests/promql/random_expression.h"
#include "tests/testing/seed.h"

namespace silverback::promql {
namespace {

using testing::ExpressionVocabulary;
using testing::NaiveEngine;
using testing::NaiveSample;
using testing::NaiveValue;
using testing::NaiveVector;
using testing::RandomExpression;

constexpr TimestampMs kDataEnd = 40 * 60 * 1000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr Features kFeatures{.experimental_functions = true};

// How many rounds; scripts that soak set more.
int rounds(int usual) {
  const char* factor = std::getenv("SILVERBACK_SOAK");
  return factor != nullptr ? usual * static_cast<int>(std::strtol(factor, nullptr, 10)) : usual;
}

// Counters with resets, gauges and the buckets of histograms: scraped every 15 s with jitter, gaps,
// staleness markers and now and then a NaN or Inf. Values are multiples of 1/8, so that sums are
// exact whatever their order.
class RandomData {
 public:
  RandomData(MemoryStorage& storage, std::uint64_t seed) : storage_(storage), random_(seed) {
    for (const char* job : {"api", "web"}) {
      for (const char* instance : {"1", "2", "3"}) {
        if (!one_in(6))
          counter(Labels{{kMetricName, "c_total"}, {"instance", instance}, {"job", job}});
        if (!one_in(6)) gauge(Labels{{kMetricName, "g"}, {"instance", instance}, {"job", job}});
        if (!one_in(4))
          gauge(Labels{{kMetricName, "h"}, {"instance", instance}, {"job", job}, {"x", "1"}});
      }
      gauge(Labels{{kMetricName, "info"}, {"job", job}, {"team", job}});
      buckets(job);
    }
  }

 private:
  bool one_in(unsigned n) { return random_() % n == 0; }

  template <class NextValue>
  void series(const Labels& labels, NextValue next) {
    const auto phase = static_cast<TimestampMs>(random_() % 15000);
    bool down = false;
    for (TimestampMs t = phase; t < kDataEnd; t += 15000) {
      const double v = next();
      if (one_in(25)) {
        if (!down && one_in(2)) storage_.append(labels, {t, stale_marker()});
        down = !down;
      }
      if (down && !one_in(8)) continue;
      const auto jitter = one_in(4) ? static_cast<TimestampMs>(random_() % 2000) : 0;
      storage_.append(labels, {t + 1 + jitter, v});
    }
  }

  void counter(const Labels& labels) {
    double v = static_cast<double>(random_() % 100);
    series(labels, [&] {
      v = one_in(30) ? 0 : v + static_cast<double>(random_() % 40);
      return v;
    });
  }
  void gauge(const Labels& labels) {
    const bool wild = one_in(3);
    series(labels, [&]() -> double {
      if (wild && one_in(20)) return one_in(2) ? normal_nan() : one_in(2) ? kInfinity : -kInfinity;
      return (static_cast<double>(random_() % 1000) - 300) / 8;
    });
  }
  void buckets(const char* job) {
    double share = 0;
    for (const char* le : {"0.1", "0.5", "1", "5", "+Inf"}) {
      double v = 0;
      share += 0.25;
      series(Labels{{kMetricName, "b_bucket"}, {"job", job}, {"le", le}}, [&] {
        v += std::floor(share * static_cast<double>(random_() % 16));
        return v;
      });
    }
  }

  MemoryStorage& storage_;
  std::mt19937_64 random_;
};

ExpressionVocabulary vocabulary() {
  return {
      .metrics = {"c_total", "g", "h", "b_bucket", "info"},
      .labels = {"job", "instance", "x", "le", "team", "none"},
      .label_values = {"api", "web", "1", "2", "0.5", ""},
      .ranges = {"1m", "2m30s", "5m", "37s", "10m"},
      .steps = {"15s", "1m", "7s", "90s"},
      .offsets = {"1m", "-1m", "17s", "5m", "0s"},
      .timestamps = {"600", "1200.5", "0", "2500"},
      // info and histogram_fraction are checked by examples; limitk and limit_ratio leave open
      // what they pick, start_timestamp has nothing to read here.
      .excluded_functions = {"info", "histogram_fraction", "histogram_quantiles", "start_timestamp",
                             "double_exponential_smoothing"},
      // count_values turns the last bit of a value into a label: only over stored values, below.
      .excluded_aggregators = {AggregateOp::kLimitk, AggregateOp::kLimitRatio,
                               AggregateOp::kCountValues}};
}

// Too particular to be found at random.
std::vector<std::string> particular_expressions() {
  return {"count_values(\"v\", g)",
          "count_values without (instance) (\"v\", floor(g / 16))",
          "count_values(\"instance\", info) by (instance, job)",
          "count_values without (job) (\"job\", sgn(h))",
          "double_exponential_smoothing(g[5m], 0.3, 0.6)",
          "histogram_quantile(0.9, sum by (job, le) (rate(b_bucket[5m])))",
          "histogram_quantile(0.5, b_bucket)",
          "histogram_quantile(0, rate(b_bucket[3m]))",
          "c_total * on (job) group_left (team) info",
          "info * on (job) group_right (team) c_total",
          "topk by (job) (2, rate(c_total[5m]))",
          "max_over_time(rate(c_total[1m])[10m:30s] @ 1800 offset 1m)",
          "rate(c_total[step()]) and on () vector(range() > bool 0)"};
}

using Points = std::map<Labels, std::map<TimestampMs, double>>;

void add_points(Points& points, const Value& value) {
  if (const auto* scalar = std::get_if<Scalar>(&value)) points[Labels{}][scalar->t] = scalar->v;
  if (const auto* vector = std::get_if<Vector>(&value)) {
    for (const VectorSample& sample : *vector) points[sample.metric][sample.t] = sample.v;
  }
  if (const auto* matrix = std::get_if<Matrix>(&value)) {
    for (const Series& series : *matrix) {
      for (const Sample& sample : series.floats) points[series.metric][sample.t] = sample.v;
    }
  }
}

struct Question {
  std::string query;
  TimestampMs start, end;
  DurationMs step;
};

std::string describe(const Question& question) {
  return question.query + "\n  from " + std::to_string(question.start) + " to " +
         std::to_string(question.end) + " step " + std::to_string(question.step);
}

Result<Points> ask_engine(const Engine& engine, const MemoryStorage& storage,
                          const Question& question) {
  Points points;
  if (question.step == 0) {
    add_points(points, TRY(engine.instant(storage, question.query, question.start, {})).value);
  } else {
    add_points(points, TRY(engine.range(storage, question.query, question.start, question.end,
                                        question.step, {}))
                           .value);
  }
  return points;
}

Result<Points> ask_twin(const EngineOptions& options, const MemoryStorage& storage,
                        const Question& question) {
  const ExprPtr expr = TRY(parse(question.query, options.features));
  const NaiveEngine twin(storage, options, question.start, question.end, question.step);
  Points points;
  for (TimestampMs t = question.start; t <= question.end;
       t += std::max<DurationMs>(question.step, 1)) {
    const NaiveValue value = TRY(twin.eval(*expr, t));
    if (const double* scalar = std::get_if<double>(&value)) points[Labels{}][t] = *scalar;
    if (const auto* vector = std::get_if<NaiveVector>(&value)) {
      for (const NaiveSample& sample : *vector) points[sample.labels][t] = sample.v;
    }
    if (question.step == 0) break;
  }
  return points;
}

// To 1e-9 of the larger, or where a difference of large numbers is near 0, absolutely.
bool nearly_equal(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::isnan(a) && std::isnan(b) && is_stale(a) == is_stale(b);
  if (a == b) return true;
  return std::abs(a - b) <= 1e-9 * std::max({std::abs(a), std::abs(b), 1.0});
}

// What differs first, or nothing.
std::string difference(const Points& got, const Points& want, bool exact) {
  const auto text = [](const Points& points, const Labels& labels, TimestampMs t) -> std::string {
    const auto series = points.find(labels);
    if (series == points.end()) return "no series";
    const auto point = series->second.find(t);
    return point == series->second.end() ? "no sample" : format_float(point->second);
  };
  const auto compare = [&](const Points& a, const Points& b) -> std::string {
    for (const auto& [labels, samples] : a) {
      for (const auto& [t, v] : samples) {
        const auto series = b.find(labels);
        const double* other = nullptr;
        if (series != b.end() && series->second.contains(t)) other = &series->second.at(t);
        const bool equal =
            other != nullptr && (exact ? identical({t, v}, {t, *other}) : nearly_equal(v, *other));
        if (!equal) {
          return labels.to_string() + " @ " + std::to_string(t) + ": got " + text(got, labels, t) +
                 ", want " + text(want, labels, t);
        }
      }
    }
    return "";
  };
  const std::string first = compare(got, want);
  return first.empty() ? compare(want, got) : first;
}

class EngineTwin : public ::testing::Test {
 protected:
  EngineTwin() : trace_(__FILE__, __LINE__, "SILVERBACK_SEED=" + std::to_string(seed_)) {}

  Question random_question(RandomExpression& expressions, int depth) {
    Question question{expressions.vector(depth), 0, 0, 0};
    question.start = static_cast<TimestampMs>(random_() % kDataEnd);
    question.end = question.start;
    if (random_() % 3 != 0) {
      question.step = static_cast<DurationMs>(1000 + random_() % 120'000);
      question.end += static_cast<DurationMs>(random_() % 15) * question.step;
    }
    return question;
  }

  const std::uint64_t seed_ = silverback::testing::seed();
  std::mt19937_64 random_{seed_};
  EngineOptions options_{.features = kFeatures};
  ::testing::ScopedTrace trace_;
};

TEST_F(EngineTwin, AgreesOnRandomExpressions) {
  const Engine engine(options_);
  RandomExpression expressions(vocabulary(), random_());
  int compared = 0, empty = 0, failed_alike = 0, differing = 0;
  for (int round = 0; round < rounds(8); ++round) {
    MemoryStorage storage;
    const RandomData data(storage, random_());
    const std::vector<std::string> particular = particular_expressions();
    for (std::size_t i = 0; i < 250; ++i) {
      Question question = random_question(expressions, 1 + static_cast<int>(i % 4));
      if (i < particular.size()) question.query = particular[i];
      const Result<Points> want = ask_twin(options_, storage, question);
      if (!want && want.error().code == ErrorCode::kUnsupported) continue;
      const Result<Points> got = ask_engine(engine, storage, question);
      if (!want || !got) {
        if (!want && !got) {
          ++failed_alike;
          continue;
        }
        ADD_FAILURE() << describe(question) << "\n  engine: " << (got ? "ok" : got.error().message)
                      << "\n  twin: " << (want ? "ok" : want.error().message);
        ++differing;
      } else if (const std::string what = difference(*got, *want, false); !what.empty()) {
        ADD_FAILURE() << describe(question) << "\n  " << what;
        ++differing;
      }
      ++compared;
      if (want && want->empty()) ++empty;
      ASSERT_LT(differing, 10) << "enough";
    }
  }
  std::cout << compared << " compared, " << empty << " of them empty; " << failed_alike
            << " failed in both\n";
  EXPECT_GT(compared, 2 * empty + 4 * failed_alike);
}

TEST_F(EngineTwin, GivesTheSameAtAnInstantWhateverTheRange) {
  const Engine engine(options_);
  ExpressionVocabulary words = vocabulary();
  for (const char* of_the_query : {"start", "end", "range", "step"}) {
    words.excluded_functions.emplace_back(of_the_query);
  }
  RandomExpression expressions(words, random_());
  for (int round = 0; round < rounds(4); ++round) {
    MemoryStorage storage;
    const RandomData data(storage, random_());
    for (int i = 0; i < 100; ++i) {
      Question question = random_question(expressions, 1 + i % 4);
      if (question.step == 0) continue;
      // @ start() and @ end() do depend on the range.
      if (question.query.find("()") != std::string::npos &&
          question.query.find("@") != std::string::npos) {
        continue;
      }
      const Result<Points> range = ask_engine(engine, storage, question);
      if (!range) continue;
      Points instants;
      for (TimestampMs t = question.start; t <= question.end; t += question.step) {
        const auto one = engine.instant(storage, question.query, t, {});
        ASSERT_TRUE(one) << describe(question) << "\n" << one.error().message;
        add_points(instants, one->value);
      }
      ASSERT_EQ(difference(*range, instants, true), "") << describe(question);
      // Also from a later start.
      question.start += question.step * static_cast<DurationMs>(instants.empty() ? 0 : 1);
      if (question.start > question.end) continue;
      const Result<Points> later = ask_engine(engine, storage, question);
      ASSERT_TRUE(later) << describe(question) << "\n" << later.error().message;
      for (auto& [labels, samples] : instants) {
        samples.erase(samples.begin(), samples.lower_bound(question.start));
      }
      ASSERT_EQ(difference(*later, instants, true), "") << describe(question);
    }
  }
}

TEST_F(EngineTwin, GivesTheSameOnAnyNumberOfThreads) {
  const Engine alone(options_);
  ThreadPool pool("query", 3);
  EngineOptions threaded = options_;
  threaded.executor = &pool;
  const Engine together(threaded);
  RandomExpression expressions(vocabulary(), random_());
  MemoryStorage storage;
  const RandomData data(storage, random_());
  for (int i = 0; i < rounds(300); ++i) {
    const Question question = random_question(expressions, 1 + i % 4);
    const Result<Points> want = ask_engine(alone, storage, question);
    const Result<Points> got = ask_engine(together, storage, question);
    ASSERT_EQ(got.has_value(), want.has_value()) << describe(question);
    if (!want) continue;
    ASSERT_EQ(difference(*got, *want, true), "") << describe(question);
  }
}

}  // namespace
}  // namespace silverback::promql

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numbers>
#include <optional>
#include <set>

#include <time.h>

#include "base/number_text.h"
#include "base/regex.h"
#include "promql/functions.h"
#include "tests/promql/naive_engine.h"

namespace silverback::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double scalar_arg(const NaiveCall& call, std::size_t i) { return std::get<double>(call.args[i]); }
const std::string& string_arg(const NaiveCall& call, std::size_t i) {
  return std::get<std::string>(call.args[i]);
}
const NaiveVector& vector_arg(const NaiveCall& call, std::size_t i) {
  return std::get<NaiveVector>(call.args[i]);
}
double to_seconds(TimestampMs t) { return static_cast<double>(t) / 1000; }

// ---- Functions of one value ----

using OfValue = std::function<double(double)>;

double round_to(double v, double to) {
  const double inverse = 1 / to;
  return std::floor(v * inverse + 0.5) / inverse;
}

double sign(double v) { return v < 0 ? -1 : v > 0 ? 1 : v; }

struct Date {
  double year;
  int month, day, weekday, day_of_year, hour, minute;
};

// In UTC.
Date date_of(double seconds) {
  // What Go makes of an instant that it cannot hold.
  if (!(std::abs(seconds) < 0x1p63)) return {292277026596, 12, 4, 0, 339, 15, 30};
  // The calendar repeats every 400 years; gmtime_r knows only years that fit an int.
  constexpr time_t kCycleSeconds = 146'097LL * 24 * 60 * 60;
  const time_t cycles = static_cast<time_t>(seconds) / kCycleSeconds;
  const time_t t = static_cast<time_t>(seconds) % kCycleSeconds;
  tm date{};
  gmtime_r(&t, &date);
  return {date.tm_year + 1900.0 + 400.0 * static_cast<double>(cycles),
          date.tm_mon + 1,
          date.tm_mday,
          date.tm_wday,
          date.tm_yday + 1,
          date.tm_hour,
          date.tm_min};
}

double days_in_month(double seconds) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const Date date = date_of(seconds);
  const bool leap = std::fmod(date.year, 4) == 0 &&
                    (std::fmod(date.year, 100) != 0 || std::fmod(date.year, 400) == 0);
  return date.month == 2 && leap ? 29 : kDays[date.month - 1];
}

const std::map<std::string_view, OfValue>& functions_of_value() {
  static const std::map<std::string_view, OfValue> functions = {
      {"abs", [](double v) { return std::abs(v); }},
      {"ceil", [](double v) { return std::ceil(v); }},
      {"floor", [](double v) { return std::floor(v); }},
      {"exp", [](double v) { return std::exp(v); }},
      {"sqrt", [](double v) { return std::sqrt(v); }},
      {"ln", [](double v) { return std::log(v); }},
      {"log2", [](double v) { return std::log2(v); }},
      {"log10", [](double v) { return std::log10(v); }},
      {"sin", [](double v) { return std::sin(v); }},
      {"cos", [](double v) { return std::cos(v); }},
      {"tan", [](double v) { return std::tan(v); }},
      {"asin", [](double v) { return std::asin(v); }},
      {"acos", [](double v) { return std::acos(v); }},
      {"atan", [](double v) { return std::atan(v); }},
      {"sinh", [](double v) { return std::sinh(v); }},
      {"cosh", [](double v) { return std::cosh(v); }},
      {"tanh", [](double v) { return std::tanh(v); }},
      {"asinh", [](double v) { return std::asinh(v); }},
      {"acosh", [](double v) { return std::acosh(v); }},
      {"atanh", [](double v) { return std::atanh(v); }},
      {"deg", [](double v) { return v * 180 / std::numbers::pi; }},
      {"rad", [](double v) { return v * std::numbers::pi / 180; }},
      {"sgn", sign},
      {"round", [](double v) { return round_to(v, 1); }},
      {"minute", [](double v) -> double { return date_of(v).minute; }},
      {"hour", [](double v) -> double { return date_of(v).hour; }},
      {"day_of_week", [](double v) -> double { return date_of(v).weekday; }},
      {"day_of_month", [](double v) -> double { return date_of(v).day; }},
      {"day_of_year", [](double v) -> double { return date_of(v).day_of_year; }},
      {"days_in_month", days_in_month},
      {"month", [](double v) -> double { return date_of(v).month; }},
      {"year", [](double v) -> double { return date_of(v).year; }},
  };
  return functions;
}

NaiveVector map_values(const NaiveCall& call, const OfValue& function) {
  if (call.args.empty()) return {{Labels{}, call.t, function(to_seconds(call.t))}};
  NaiveVector result;
  for (const NaiveSample& sample : vector_arg(call, 0)) {
    result.push_back({without_name(sample.labels), call.t, function(sample.v)});
  }
  return result;
}

// ---- Functions of a window ----

struct Window {
  const std::vector<Sample>& samples;  // not empty
  TimestampMs start, end, t;
  const NaiveCall& call;

  std::size_t size() const { return samples.size(); }
  double value(std::size_t i) const { return samples[i].v; }
  double time(std::size_t i) const { return to_seconds(samples[i].t); }
  std::vector<double> values() const {
    std::vector<double> out;
    for (const Sample& sample : samples) out.push_back(sample.v);
    return out;
  }
};
using OfWindow = std::function<std::optional<double>(const Window&)>;

double increase_over_samples(const Window& w, bool counter) {
  double result = w.value(w.size() - 1) - w.value(0);
  for (std::size_t i = 1; counter && i < w.size(); ++i) {
    if (w.value(i) < w.value(i - 1)) result += w.value(i - 1);
  }
  return result;
}

// As in the documentation of rate(): extended to the window's ends where a sample is near enough.
std::optional<double> extrapolated(const Window& w, bool counter, bool per_second) {
  if (w.size() < 2) return std::nullopt;
  const double result = increase_over_samples(w, counter);
  const Sample& first = w.samples.front();
  const Sample& last = w.samples.back();
  double to_start = to_seconds(first.t - w.start);
  double to_end = to_seconds(w.end - last.t);
  const double sampled = to_seconds(last.t - first.t);
  const double average = sampled / static_cast<double>(w.size() - 1);
  const double threshold = average * 1.1;
  if (to_start >= threshold) to_start = average / 2;
  if (counter) {
    double to_zero = to_start;
    if (result > 0 && first.v >= 0) to_zero = sampled * (first.v / result);
    to_start = std::min(to_start, to_zero);
  }
  if (to_end >= threshold) to_end = average / 2;
  double factor = (sampled + to_start + to_end) / sampled;
  if (per_second) factor /= to_seconds(w.end - w.start);
  return result * factor;
}

std::optional<double> between_last_two(const Window& w, bool rate) {
  if (w.size() < 2) return std::nullopt;
  const Sample& last = w.samples[w.size() - 1];
  const Sample& previous = w.samples[w.size() - 2];
  if (!rate) return last.v - previous.v;
  const double result = last.v < previous.v ? last.v : last.v - previous.v;
  return result / to_seconds(last.t - previous.t);
}

struct Line {
  double slope, intercept;
};
// Least squares; x is seconds since `zero`.
Line regression(const Window& w, TimestampMs zero) {
  std::vector<double> x, y, xy, xx;
  for (const Sample& sample : w.samples) {
    x.push_back(to_seconds(sample.t - zero));
    y.push_back(sample.v);
    xy.push_back(x.back() * y.back());
    xx.push_back(x.back() * x.back());
  }
  if (std::all_of(y.begin(), y.end(), [&](double v) { return v == y[0]; })) {
    if (std::isinf(y[0])) return {normal_nan(), normal_nan()};
    return {0, y[0]};
  }
  const auto n = static_cast<double>(w.size());
  const double sum_x = naive_sum(x), sum_y = naive_sum(y);
  const double covariance = naive_sum(xy) - sum_x * sum_y / n;
  const double variance = naive_sum(xx) - sum_x * sum_x / n;
  const double slope = covariance / variance;
  return {slope, sum_y / n - slope * sum_x / n};
}

std::optional<double> deriv(const Window& w) {
  if (w.size() < 2) return std::nullopt;
  return regression(w, w.samples.front().t).slope;
}

std::optional<double> predict_linear(const Window& w) {
  if (w.size() < 2) return std::nullopt;
  const Line line = regression(w, w.t);
  return line.slope * scalar_arg(w.call, 1) + line.intercept;
}

std::optional<double> median_deviation(const Window& w) {
  std::vector<double> values = w.values();
  const double median = naive_quantile(0.5, values);
  for (double& v : values) v = std::abs(v - median);
  return std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })
             ? normal_nan()
             : naive_quantile(0.5, values);
}

double count_if_neighbours(const Window& w, const std::function<bool(double, double)>& differ) {
  double count = 0;
  for (std::size_t i = 1; i < w.size(); ++i) count += differ(w.value(i - 1), w.value(i)) ? 1 : 0;
  return count;
}

// The instant of the last extreme value.
double time_of_extreme(const Window& w, bool largest) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < w.size(); ++i) {
    const bool better = largest ? w.value(i) >= w.value(best) : w.value(i) <= w.value(best);
    if (better || std::isnan(w.value(best))) best = i;
  }
  return w.time(best);
}

std::optional<double> double_exponential_smoothing(const Window& w) {
  if (w.size() < 2) return std::nullopt;
  const double sf = scalar_arg(w.call, 1), tf = scalar_arg(w.call, 2);
  double level = w.value(0);
  double trend = w.value(1) - w.value(0);
  double previous = 0;
  for (std::size_t i = 1; i < w.size(); ++i) {
    if (i > 1) trend = tf * (level - previous) + (1 - tf) * trend;
    previous = level;
    level = sf * w.value(i) + (1 - sf) * (level + trend);
  }
  return level;
}

bool changed(double a, double b) { return a != b && !(std::isnan(a) && std::isnan(b)); }

const std::map<std::string_view, OfWindow>& functions_of_window() {
  static const std::map<std::string_view, OfWindow> functions = {
      {"rate", [](const Window& w) { return extrapolated(w, true, true); }},
      {"increase", [](const Window& w) { return extrapolated(w, true, false); }},
      {"delta", [](const Window& w) { return extrapolated(w, false, false); }},
      {"irate", [](const Window& w) { return between_last_two(w, true); }},
      {"idelta", [](const Window& w) { return between_last_two(w, false); }},
      {"deriv", deriv},
      {"predict_linear", predict_linear},
      {"double_exponential_smoothing", double_exponential_smoothing},
      {"changes", [](const Window& w) { return count_if_neighbours(w, changed); }},
      {"resets", [](const Window& w) { return count_if_neighbours(w, std::greater<>()); }},
      {"avg_over_time", [](const Window& w) { return naive_average(w.values()); }},
      {"sum_over_time", [](const Window& w) { return naive_sum(w.values()); }},
      {"min_over_time", [](const Window& w) { return naive_extreme(w.values(), false); }},
      {"max_over_time", [](const Window& w) { return naive_extreme(w.values(), true); }},
      {"count_over_time", [](const Window& w) { return static_cast<double>(w.size()); }},
      {"stdvar_over_time", [](const Window& w) { return naive_variance(w.values()); }},
      {"stddev_over_time", [](const Window& w) { return std::sqrt(naive_variance(w.values())); }},
      {"quantile_over_time",
       [](const Window& w) { return naive_quantile(scalar_arg(w.call, 0), w.values()); }},
      {"mad_over_time", median_deviation},
      {"first_over_time", [](const Window& w) { return w.value(0); }},
      {"last_over_time", [](const Window& w) { return w.value(w.size() - 1); }},
      {"present_over_time", [](const Window&) { return 1.0; }},
      {"ts_of_first_over_time", [](const Window& w) { return w.time(0); }},
      {"ts_of_last_over_time", [](const Window& w) { return w.time(w.size() - 1); }},
      {"ts_of_max_over_time", [](const Window& w) { return time_of_extreme(w, true); }},
      {"ts_of_min_over_time", [](const Window& w) { return time_of_extreme(w, false); }},
  };
  return functions;
}

NaiveVector map_windows(const NaiveCall& call, const OfWindow& function) {
  const std::string_view name = call.call.function->name;
  const bool keeps_name = name == "first_over_time" || name == "last_over_time";
  const bool quantile = name == "quantile_over_time";
  const auto& matrix = std::get<NaiveMatrix>(call.args[quantile ? 1 : 0]);
  NaiveVector result;
  for (const NaiveSeries& series : matrix.series) {
    const Window window{series.samples, matrix.start, matrix.end, call.t, call};
    const std::optional<double> v = function(window);
    if (!v) continue;
    result.push_back({keeps_name ? series.labels : without_name(series.labels), call.t, *v});
  }
  return result;
}

// ---- Everything else ----

using OfCall = std::function<Result<NaiveValue>(const NaiveCall&)>;

Result<NaiveValue> clamp(const NaiveCall& call, double min, double max) {
  if (min > max) return NaiveVector{};
  return map_values(call, [&](double v) {
    return naive_extreme_of_two(min, naive_extreme_of_two(max, v, false), true);
  });
}

Labels labels_of_absent(const promql::Expr& expr) {
  const promql::Expr* inner = &promql::without_parens(expr);
  if (const auto* matrix = std::get_if<promql::MatrixSelector>(&inner->node)) {
    inner = matrix->selector.get();
  }
  LabelsBuilder builder;
  const auto* selector = std::get_if<promql::VectorSelector>(&inner->node);
  if (selector == nullptr) return {};
  std::set<std::string> seen;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.name() == kMetricName) continue;
    if (matcher.type() == Matcher::Type::kEqual && seen.insert(matcher.name()).second) {
      builder.set(matcher.name(), matcher.value());
    } else {
      builder.remove(matcher.name());
    }
  }
  return builder.build();
}

Result<NaiveValue> absent(const NaiveCall& call) {
  const auto* vector = std::get_if<NaiveVector>(&call.args[0]);
  const bool found =
      vector != nullptr ? !vector->empty() : !std::get<NaiveMatrix>(call.args[0]).series.empty();
  if (found) return NaiveVector{};
  return NaiveVector{{labels_of_absent(*call.call.args[0]), call.t, 1}};
}

Result<NaiveValue> label_replace(const NaiveCall& call) {
  const std::string& destination = string_arg(call, 1);
  const std::string& source = string_arg(call, 3);
  const Regex regex = TRY(Regex::anchored(string_arg(call, 4)));
  NaiveVector result;
  for (const NaiveSample& sample : vector_arg(call, 0)) {
    std::string value;
    Labels labels = sample.labels;
    if (regex.expand(labels.get(source), string_arg(call, 2), value)) {
      labels = LabelsBuilder(labels).set(destination, value).build();
    }
    result.push_back({labels, call.t, sample.v});
  }
  return result;
}

Result<NaiveValue> label_join(const NaiveCall& call) {
  NaiveVector result;
  for (const NaiveSample& sample : vector_arg(call, 0)) {
    std::string joined;
    for (std::size_t i = 3; i < call.args.size(); ++i) {
      if (i > 3) joined += string_arg(call, 2);
      joined += sample.labels.get(string_arg(call, i));
    }
    result.push_back(
        {LabelsBuilder(sample.labels).set(string_arg(call, 1), joined).build(), call.t, sample.v});
  }
  return result;
}

// Cumulative counts by upper bound.
double bucket_quantile(double q, const std::map<double, double>& counts) {
  std::vector<std::pair<double, double>> buckets(counts.begin(), counts.end());
  if (std::isnan(q)) return q;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  if (buckets.empty() || buckets.back().first != kInfinity) return normal_nan();
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    const double previous = buckets[i - 1].second;
    double& count = buckets[i].second;
    const bool nearly =
        std::abs(count - previous) <=
        1e-12 * std::min(std::abs(count) + std::abs(previous), std::numeric_limits<double>::max());
    if (nearly || count < previous) count = previous;
  }
  const double total = buckets.back().second;
  if (buckets.size() < 2 || total == 0 || std::isnan(total)) return normal_nan();
  double rank = q * total;
  std::size_t b = 0;
  while (b + 1 < buckets.size() && buckets[b].second < rank) ++b;
  if (b + 1 == buckets.size()) return buckets[b - 1].first;
  const double upper = buckets[b].first;
  if (b == 0 && upper <= 0) return upper;
  double lower = 0, count = buckets[b].second;
  if (b > 0) {
    lower = buckets[b - 1].first;
    count -= buckets[b - 1].second;
    rank -= buckets[b - 1].second;
  }
  return lower + (upper - lower) * (rank / count);
}

Result<NaiveValue> histogram_quantile(const NaiveCall& call) {
  std::map<Labels, std::map<double, double>> histograms;
  for (const NaiveSample& sample : vector_arg(call, 1)) {
    const std::optional<double> bound = parse_float(sample.labels.get("le"));
    if (!bound) continue;
    const Labels labels = LabelsBuilder(sample.labels).remove("le").remove(kMetricName).build();
    if (std::isnan(sample.v)) return fail(ErrorCode::kUnsupported, "NaN in a bucket");
    histograms[labels][*bound] += sample.v;
  }
  NaiveVector result;
  for (const auto& [labels, buckets] : histograms) {
    result.push_back({labels, call.t, bucket_quantile(scalar_arg(call, 0), buckets)});
  }
  return result;
}

Result<NaiveValue> timestamp(const NaiveCall& call) {
  NaiveVector result;
  for (const NaiveSample& sample : vector_arg(call, 0)) {
    result.push_back({without_name(sample.labels), call.t, to_seconds(sample.t)});
  }
  return result;
}

Result<NaiveValue> scalar(const NaiveCall& call) {
  const NaiveVector& vector = vector_arg(call, 0);
  return vector.size() == 1 ? vector[0].v : normal_nan();
}

double extreme_of(const NaiveCall& call, bool largest) {
  return naive_extreme_of_two(scalar_arg(call, 0), scalar_arg(call, 1), largest);
}

Result<NaiveValue> same_vector(const NaiveCall& call) { return call.args[0]; }
Result<NaiveValue> nothing(const NaiveCall&) { return NaiveVector{}; }

const std::map<std::string_view, OfCall>& other_functions() {
  static const std::map<std::string_view, OfCall> functions = {
      {"absent", absent},
      {"absent_over_time", absent},
      {"clamp", [](const NaiveCall& c) { return clamp(c, scalar_arg(c, 1), scalar_arg(c, 2)); }},
      {"clamp_min", [](const NaiveCall& c) { return clamp(c, scalar_arg(c, 1), kInfinity); }},
      {"clamp_max", [](const NaiveCall& c) { return clamp(c, -kInfinity, scalar_arg(c, 1)); }},
      {"label_replace", label_replace},
      {"label_join", label_join},
      {"histogram_quantile", histogram_quantile},
      {"timestamp", timestamp},
      {"scalar", scalar},
      {"sort", same_vector},
      {"sort_desc", same_vector},
      {"sort_by_label", same_vector},
      {"sort_by_label_desc", same_vector},
      // Of floats there is nothing to tell.
      {"histogram_avg", nothing},
      {"histogram_count", nothing},
      {"histogram_sum", nothing},
      {"histogram_stddev", nothing},
      {"histogram_stdvar", nothing},
      {"vector",
       [](const NaiveCall& c) {
         return NaiveVector{{Labels{}, c.t, scalar_arg(c, 0)}};
       }},
      {"pi", [](const NaiveCall&) { return std::numbers::pi; }},
      {"time", [](const NaiveCall& c) { return to_seconds(c.t); }},
      {"start", [](const NaiveCall& c) { return to_seconds(c.query_start); }},
      {"end", [](const NaiveCall& c) { return to_seconds(c.query_end); }},
      {"range", [](const NaiveCall& c) { return to_seconds(c.query_end - c.query_start); }},
      {"step", [](const NaiveCall& c) { return to_seconds(c.query_step); }},
      {"max_of", [](const NaiveCall& c) { return extreme_of(c, true); }},
      {"min_of", [](const NaiveCall& c) { return extreme_of(c, false); }},
  };
  return functions;
}

}  // namespace

double naive_extreme_of_two(double a, double b, bool largest) {
  const double beyond_all = largest ? kInfinity : -kInfinity;
  if (a == beyond_all || b == beyond_all) return beyond_all;
  if (std::isnan(a) || std::isnan(b)) return normal_nan();
  if (a == 0 && b == 0) return std::signbit(a) == largest ? b : a;
  return largest ? std::max(a, b) : std::min(a, b);
}

Result<NaiveValue> naive_call(const NaiveCall& call) {
  const std::string_view name = call.call.function->name;
  if (name == "round" && call.args.size() == 2) {
    return map_values(call, [&](double v) { return round_to(v, scalar_arg(call, 1)); });
  }
  const auto of_value = functions_of_value().find(name);
  if (of_value != functions_of_value().end()) return map_values(call, of_value->second);
  const auto of_window = functions_of_window().find(name);
  if (of_window != functions_of_window().end()) return map_windows(call, of_window->second);
  const auto other = other_functions().find(name);
  if (other != other_functions().end()) return other->second(call);
  return fail(ErrorCode::kUnsupported, "no naive " + std::string(name));
}

}  // namespace silverback::testing

#include "promql/functions_window.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "promql/neumaier.h"
#include "promql/quantile.h"

namespace silverback::promql {
namespace {

double seconds(DurationMs ms) { return static_cast<double>(ms) / 1000; }

// Samples in windows between two looks at the clock: about a millisecond's work.
constexpr std::uint64_t kSamplesPerCheck = 1 << 18;

// f(step, window) for every window with at least `samples_min` samples.
template <class F>
void for_each_window(const WindowRow& row, std::span<double> out, std::uint32_t samples_min, F f) {
  std::uint64_t samples = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Window w = row.windows[i];
    if (w.end - w.begin < samples_min) continue;
    out[i] = f(i, w);
    samples += w.end - w.begin;
    if (samples < kSamplesPerCheck) continue;
    samples = 0;
    *row.status = row.context->check();
    if (!*row.status) return;
  }
}

// Indices k with v[k] < v[k - 1], ascending. Most columns have none: whole runs are ruled out
// first.
const std::vector<std::uint32_t>& find_resets(const WindowRow& row) {
  constexpr std::size_t kRun = 128;
  std::vector<std::uint32_t>& resets = row.scratch->indices;
  resets.clear();
  const double* v = row.v.data();
  for (std::size_t first = 1; first < row.v.size(); first += kRun) {
    const std::size_t last = std::min(first + kRun, row.v.size());
    std::uint64_t any = 0;
    for (std::size_t k = first; k < last; ++k) any |= v[k] < v[k - 1] ? 1 : 0;
    if (any == 0) continue;
    for (std::size_t k = first; k < last; ++k) {
      if (v[k] < v[k - 1]) resets.push_back(static_cast<std::uint32_t>(k));
    }
  }
  return resets;
}

// `anchored` and `smoothed`: from the value at the window's start to that at its end, without
// extrapolation. The window reaches back to the last sample at or before the start, and for
// `smoothed` on to the first one at or after the end.
class ExtendedDelta {
 public:
  ExtendedDelta(const WindowRow& row, bool counter) : row_(row), counter_(counter) {}

  double operator()(std::size_t step, Window w) const {
    const TimestampMs start = row_.range_start(step);
    const TimestampMs end = row_.range_end(step);
    std::uint32_t first = w.begin;
    while (first + 1 < w.end && row_.t[first + 1] <= start) ++first;
    std::uint32_t last = first;
    while (last + 1 < w.end && row_.t[last] < end) ++last;
    if (row_.t[last] <= start) return absent();
    double left = row_.v[first];
    double right = row_.v[last];
    if (row_.input->smoothed) {
      if (row_.t[first] > end) return absent();
      if (row_.t[first] < start && first < last) left = between(first, start);
      if (row_.t[last] > end && last > w.begin) right = between(last - 1, end);
    }
    if (!counter_) return right - left;
    double lost = 0;
    double previous = left;
    for (std::uint32_t k = first; k <= last; ++k) {
      if (row_.t[k] <= start || row_.t[k] >= end) continue;
      if (row_.v[k] < previous) lost += previous;
      previous = row_.v[k];
    }
    if (right < previous) lost += previous;
    return right - left + lost;
  }

 private:
  // The value at t on the line from sample k to the next; a counter that was reset between them
  // starts from 0.
  double between(std::uint32_t k, TimestampMs t) const {
    double from = row_.v[k];
    const double to = row_.v[k + 1];
    if (counter_ && to < from) from = 0;
    return from + (to - from) * static_cast<double>(t - row_.t[k]) /
                      static_cast<double>(row_.t[k + 1] - row_.t[k]);
  }

  const WindowRow& row_;
  const bool counter_;
};

void extended_delta(const WindowRow& row, std::span<double> out, bool counter, bool per_second) {
  const ExtendedDelta delta(row, counter);
  const double range = seconds(row.input->range);
  for_each_window(row, out, 1, [&](std::size_t i, Window w) {
    const double result = delta(i, w);
    return per_second && !is_absent(result) ? result / range : result;
  });
}

// How far a window's delta is stretched towards its ends. With regular scrapes most windows of a
// series have the same shape, so what follows from it is computed once and kept.
class Extrapolation {
 public:
  Extrapolation(DurationMs range, bool per_second)
      : range_(seconds(range)), per_second_(per_second) {}

  void set_shape(std::uint32_t samples, DurationMs to_start, DurationMs sampled,
                 DurationMs to_end) {
    const Shape shape{samples, to_start, sampled, to_end};
    if (shape == shape_) return;
    shape_ = shape;
    sampled_ = seconds(sampled);
    const double between_samples = sampled_ / static_cast<double>(samples - 1);
    const double threshold = between_samples * 1.1;
    to_start_ = seconds(to_start);
    if (to_start_ >= threshold) to_start_ = between_samples / 2;
    to_end_ = seconds(to_end);
    if (to_end_ >= threshold) to_end_ = between_samples / 2;
    factor_ = factor(to_start_);
  }

  double gauge_factor() const { return factor_; }

  // A counter was not below zero before its first sample.
  double counter_factor(double first, double delta) const {
    if (!(delta > 0 && first >= 0)) return factor_;
    // Spares the division where zero is clearly farther away than the window's start.
    const double scaled = first * sampled_;
    if (scaled > delta * to_start_ * (1 + 1e-9) && scaled > 1e-290) return factor_;
    const double to_zero = sampled_ * (first / delta);
    return to_zero < to_start_ ? factor(to_zero) : factor_;
  }

 private:
  struct Shape {
    std::uint32_t samples;
    DurationMs to_start, sampled, to_end;
    bool operator==(const Shape&) const = default;
  };

  double factor(double to_start) const {
    const double factor = (sampled_ + to_start + to_end_) / sampled_;
    return per_second_ ? factor / range_ : factor;
  }

  const double range_;
  const bool per_second_;
  Shape shape_{0, 0, 0, 0};
  double sampled_ = 0, to_start_ = 0, to_end_ = 0, factor_ = 0;
};

// rate, increase and delta: last - first, stretched to the window's ends where the samples come
// close enough to them. Source:
// https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
void extrapolated_delta(const WindowRow& row, std::span<double> out, bool counter,
                        bool per_second) {
  if (row.input->anchored || row.input->smoothed) {
    extended_delta(row, out, counter, per_second);
    return;
  }
  static const std::vector<std::uint32_t> kNone;
  const std::vector<std::uint32_t>& resets = counter ? find_resets(row) : kNone;
  std::size_t first_reset = 0;
  Extrapolation extrapolation(row.input->range, per_second);
  for_each_window(row, out, 2, [&](std::size_t i, Window w) {
    const double first = row.v[w.begin];
    double result = row.v[w.end - 1] - first;
    while (first_reset < resets.size() && resets[first_reset] <= w.begin) ++first_reset;
    for (std::size_t r = first_reset; r < resets.size() && resets[r] < w.end; ++r) {
      result += row.v[resets[r] - 1];
    }
    const TimestampMs first_t = row.t[w.begin];
    const TimestampMs last_t = row.t[w.end - 1];
    extrapolation.set_shape(w.end - w.begin, first_t - row.range_start(i), last_t - first_t,
                            row.range_end(i) - last_t);
    return result *
           (counter ? extrapolation.counter_factor(first, result) : extrapolation.gauge_factor());
  });
}

void instant_delta(const WindowRow& row, std::span<double> out, bool rate) {
  for_each_window(row, out, 2, [&](std::size_t, Window w) {
    const double last = row.v[w.end - 1];
    const double previous = row.v[w.end - 2];
    if (!rate) return last - previous;
    const double delta = last < previous ? last : last - previous;
    return delta / seconds(row.t[w.end - 1] - row.t[w.end - 2]);
  });
}

struct Line {
  double slope;
  double intercept;  // at `t0`
};

// Least squares.
Line fit_line(const WindowRow& row, Window w, TimestampMs t0) {
  NeumaierSum x_sum, y_sum, xy_sum, x2_sum;
  const double first = row.v[w.begin];
  bool constant = true;
  double n = 0;
  for (std::uint32_t k = w.begin; k < w.end; ++k) {
    const double y = row.v[k];
    if (y != first && k > w.begin) constant = false;
    n += 1;
    const double x = seconds(row.t[k] - t0);
    x_sum.add(x);
    y_sum.add(y);
    xy_sum.add(x * y);
    x2_sum.add(x * x);
  }
  if (constant) {
    if (std::isinf(first)) return {normal_nan(), normal_nan()};
    return {0, first};
  }
  const double sx = x_sum.sum + x_sum.c;
  const double sy = y_sum.sum + y_sum.c;
  const double sxy = xy_sum.sum + xy_sum.c;
  const double sx2 = x2_sum.sum + x2_sum.c;
  const double cov = sxy - sx * sy / n;
  const double var = sx2 - sx * sx / n;
  const double slope = cov / var;
  return {slope, sy / n - slope * sx / n};
}

// Whether the windows overlap so much that preparing the whole column pays.
bool windows_overlap(const WindowRow& row) {
  std::uint64_t in_windows = 0;
  for (const Window& w : row.windows) in_windows += w.end - w.begin;
  return in_windows > 3 * row.v.size();
}

// Sums of v[0, k), if all are integers whose sums are exact: then differences of them are the sums
// of windows to the bit. nullptr otherwise.
const std::vector<double>* integer_prefix_sums(const WindowRow& row) {
  if (!windows_overlap(row)) return nullptr;
  std::vector<double>& prefix = row.scratch->values;
  prefix.resize(row.v.size() + 1);
  prefix[0] = 0;
  double magnitude = 0;
  for (std::size_t k = 0; k < row.v.size(); ++k) {
    const double v = row.v[k];
    magnitude += std::fabs(v);
    if (!(magnitude <= 9007199254740992.0) || v != std::trunc(v)) return nullptr;
    prefix[k + 1] = prefix[k] + v;
  }
  return &prefix;
}

// Before(a, b): a replaces b as the extreme.
template <class Before>
std::uint32_t extreme_of(const WindowRow& row, Window w, Before before) {
  std::uint32_t best = w.begin;
  for (std::uint32_t k = w.begin + 1; k < w.end; ++k) {
    if (before(row.v[k], row.v[best]) || std::isnan(row.v[best])) best = k;
  }
  return best;
}

// The index of the extreme of every window, NaN only where there is nothing else.
template <class Before, class Emit>
void slide_extreme(const WindowRow& row, std::span<double> out, Before before, Emit emit) {
  if (!windows_overlap(row)) {
    for_each_window(row, out, 1,
                    [&](std::size_t, Window w) { return emit(extreme_of(row, w, before)); });
    return;
  }
  // Candidates, oldest first: each is the extreme of the window once those before it have left.
  std::vector<std::uint32_t>& candidates = row.scratch->indices;
  candidates.clear();
  std::size_t head = 0;
  std::uint32_t next = 0;
  for_each_window(row, out, 1, [&](std::size_t, Window w) {
    for (next = std::max(next, w.begin); next < w.end; ++next) {
      if (std::isnan(row.v[next])) continue;
      while (candidates.size() > head && before(row.v[next], row.v[candidates.back()])) {
        candidates.pop_back();
      }
      candidates.push_back(next);
    }
    while (head < candidates.size() && candidates[head] < w.begin) ++head;
    return emit(head < candidates.size() ? candidates[head] : w.end - 1);
  });
}

// How many k in (begin, end) satisfy event(v[k - 1], v[k]), for every window.
template <class Event>
void count_events(const WindowRow& row, std::span<double> out, Event event) {
  std::vector<std::uint32_t>& events = row.scratch->indices;  // among v[0, k]
  events.assign(row.v.size(), 0);
  for (std::size_t k = 1; k < row.v.size(); ++k) {
    events[k] = events[k - 1] + (event(row.v[k - 1], row.v[k]) ? 1 : 0);
  }
  for_each_window(row, out, 1, [&](std::size_t i, Window w) {
    std::uint32_t first = w.begin;
    if (row.input->anchored) {
      const TimestampMs start = row.range_start(i);
      if (row.t[w.end - 1] <= start) return absent();
      while (first + 1 < w.end && row.t[first + 1] <= start) ++first;
    }
    return static_cast<double>(events[w.end - 1] - events[first]);
  });
}

double variance(const WindowRow& row, Window w) {
  double count = 0;
  NeumaierSum mean, squares;
  for (std::uint32_t k = w.begin; k < w.end; ++k) {
    count += 1;
    const double delta = row.v[k] - (mean.sum + mean.c);
    mean.add(delta / count);
    squares.add(delta * (row.v[k] - (mean.sum + mean.c)));
  }
  return (squares.sum + squares.c) / count;
}

}  // namespace

void window_rate(const WindowRow& row, std::span<double> out) {
  extrapolated_delta(row, out, true, true);
}
void window_increase(const WindowRow& row, std::span<double> out) {
  extrapolated_delta(row, out, true, false);
}
void window_delta(const WindowRow& row, std::span<double> out) {
  extrapolated_delta(row, out, false, false);
}
void window_irate(const WindowRow& row, std::span<double> out) { instant_delta(row, out, true); }
void window_idelta(const WindowRow& row, std::span<double> out) { instant_delta(row, out, false); }

void window_changes(const WindowRow& row, std::span<double> out) {
  count_events(row, out, [](double previous, double v) {
    return v != previous && !(std::isnan(v) && std::isnan(previous));
  });
}

void window_resets(const WindowRow& row, std::span<double> out) {
  count_events(row, out, [](double previous, double v) { return v < previous; });
}

void window_deriv(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 2,
                  [&](std::size_t, Window w) { return fit_line(row, w, row.t[w.begin]).slope; });
}

void window_predict_linear(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 2, [&](std::size_t i, Window w) {
    const Line line = fit_line(row, w, row.steps->at(i));
    return line.slope * row.args[0][i] + line.intercept;
  });
}

void window_double_exponential_smoothing(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 2, [&](std::size_t i, Window w) {
    const double smoothing = row.args[0][i];
    const double trend_weight = row.args[1][i];
    double before = 0;
    double level = row.v[w.begin];
    double trend = row.v[w.begin + 1] - row.v[w.begin];
    for (std::uint32_t k = w.begin + 1; k < w.end; ++k) {
      const double x = smoothing * row.v[k];
      if (k > w.begin + 1) {
        trend = trend_weight * (level - before) + (1 - trend_weight) * trend;
      }
      const double y = (1 - smoothing) * (level + trend);
      before = level;
      level = x + y;
    }
    return level;
  });
}

void window_sum(const WindowRow& row, std::span<double> out) {
  if (const std::vector<double>* prefix = integer_prefix_sums(row)) {
    for_each_window(row, out, 1,
                    [&](std::size_t, Window w) { return (*prefix)[w.end] - (*prefix)[w.begin]; });
    return;
  }
  for_each_window(row, out, 1, [&](std::size_t, Window w) {
    NeumaierSum sum;
    for (std::uint32_t k = w.begin; k < w.end; ++k) sum.add(row.v[k]);
    return sum.value();
  });
}

void window_avg(const WindowRow& row, std::span<double> out) {
  if (const std::vector<double>* prefix = integer_prefix_sums(row)) {
    for_each_window(row, out, 1, [&](std::size_t, Window w) {
      return ((*prefix)[w.end] - (*prefix)[w.begin]) / static_cast<double>(w.end - w.begin);
    });
    return;
  }
  for_each_window(row, out, 1, [&](std::size_t, Window w) {
    NeumaierMean mean(row.v[w.begin]);
    for (std::uint32_t k = w.begin + 1; k < w.end; ++k) mean.add(row.v[k]);
    return mean.value();
  });
}

void window_count(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 1,
                  [](std::size_t, Window w) { return static_cast<double>(w.end - w.begin); });
}

void window_present(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 1, [](std::size_t, Window) { return 1.0; });
}

void window_first(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 1, [&](std::size_t, Window w) { return row.v[w.begin]; });
}

void window_last(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 1, [&](std::size_t, Window w) { return row.v[w.end - 1]; });
}

void window_min(const WindowRow& row, std::span<double> out) {
  slide_extreme(
      row, out, [](double a, double b) { return a < b; },
      [&](std::uint32_t k) { return row.v[k]; });
}

void window_max(const WindowRow& row, std::span<double> out) {
  slide_extreme(
      row, out, [](double a, double b) { return a > b; },
      [&](std::uint32_t k) { return row.v[k]; });
}

void window_stddev(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 1, [&](std::size_t, Window w) { return std::sqrt(variance(row, w)); });
}

void window_stdvar(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 1, [&](std::size_t, Window w) { return variance(row, w); });
}

void window_quantile(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 1, [&](std::size_t i, Window w) {
    std::vector<double>& sorted = row.scratch->values;
    sorted.assign(row.v.begin() + w.begin, row.v.begin() + w.end);
    return quantile(row.args[0][i], sorted);
  });
}

void window_mad(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 1, [&](std::size_t, Window w) {
    std::vector<double>& values = row.scratch->values;
    values.assign(row.v.begin() + w.begin, row.v.begin() + w.end);
    if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
      return normal_nan();
    }
    const double median = quantile(0.5, values);
    for (double& v : values) v = std::fabs(v - median);
    return quantile(0.5, values);
  });
}

void window_ts_of_first(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 1, [&](std::size_t, Window w) { return seconds(row.t[w.begin]); });
}

void window_ts_of_last(const WindowRow& row, std::span<double> out) {
  for_each_window(row, out, 1, [&](std::size_t, Window w) { return seconds(row.t[w.end - 1]); });
}

// Of several equal extremes the last one.
void window_ts_of_min(const WindowRow& row, std::span<double> out) {
  slide_extreme(
      row, out, [](double a, double b) { return a <= b; },
      [&](std::uint32_t k) { return seconds(row.t[k]); });
}

void window_ts_of_max(const WindowRow& row, std::span<double> out) {
  slide_extreme(
      row, out, [](double a, double b) { return a >= b; },
      [&](std::uint32_t k) { return seconds(row.t[k]); });
}

}  // namespace silverback::promql

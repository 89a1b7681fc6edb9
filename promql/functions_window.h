// What functions over range vectors compute from the windows of one series: `rate`,
// `max_over_time`, … All steps of a series are done in one call, so that what can slide exactly
// (counts, first and last, extremes, positions of resets) does; sums of floats never slide (adding
// and subtracting is not exact) but are added up anew for each window in Prometheus's order.
// Threads: pure functions.
#pragma once

#include <span>

#include "promql/eval.h"
#include "promql/eval_types.h"

namespace silverback::promql {

// One series, its windows ascending. Samples are float samples without staleness markers.
struct WindowRow {
  std::span<const TimestampMs> t;
  std::span<const double> v;
  std::span<const Window> windows;  // one per step
  const RangeInput* input;
  const Steps* steps;
  std::span<const ScalarSteps> args;  // the function's scalar arguments
  RowScratch* scratch;
  const QueryContext* context;
  Status* status;  // set to the error of context->check(); `out` is of no use then

  TimestampMs range_end(std::size_t step) const { return input->ends.at(step); }
  TimestampMs range_start(std::size_t step) const { return range_end(step) - input->range; }
};

// Sets out[step] where the function has a value; out is absent before.
using WindowFunction = void (*)(const WindowRow& row, std::span<double> out);

void window_rate(const WindowRow& row, std::span<double> out);
void window_increase(const WindowRow& row, std::span<double> out);
void window_delta(const WindowRow& row, std::span<double> out);
void window_irate(const WindowRow& row, std::span<double> out);
void window_idelta(const WindowRow& row, std::span<double> out);
void window_changes(const WindowRow& row, std::span<double> out);
void window_resets(const WindowRow& row, std::span<double> out);
void window_deriv(const WindowRow& row, std::span<double> out);
void window_predict_linear(const WindowRow& row, std::span<double> out);
void window_double_exponential_smoothing(const WindowRow& row, std::span<double> out);

void window_sum(const WindowRow& row, std::span<double> out);
void window_avg(const WindowRow& row, std::span<double> out);
void window_count(const WindowRow& row, std::span<double> out);
void window_present(const WindowRow& row, std::span<double> out);
void window_first(const WindowRow& row, std::span<double> out);
void window_last(const WindowRow& row, std::span<double> out);
void window_min(const WindowRow& row, std::span<double> out);
void window_max(const WindowRow& row, std::span<double> out);
void window_stddev(const WindowRow& row, std::span<double> out);
void window_stdvar(const WindowRow& row, std::span<double> out);
void window_quantile(const WindowRow& row, std::span<double> out);
void window_mad(const WindowRow& row, std::span<double> out);
void window_ts_of_first(const WindowRow& row, std::span<double> out);
void window_ts_of_last(const WindowRow& row, std::span<double> out);
void window_ts_of_min(const WindowRow& row, std::span<double> out);
void window_ts_of_max(const WindowRow& row, std::span<double> out);

}  // namespace silverback::promql

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/number_text.h"
#include "promql/eval.h"
#include "promql/functions.h"
#include "promql/functions_absent.h"
#include "promql/functions_eval.h"

namespace silverback::promql {
namespace {

constexpr std::array<std::string_view, 5> kAnchoredFunctions = {"changes", "delta", "increase",
                                                                "rate", "resets"};
constexpr std::array<std::string_view, 3> kSmoothedFunctions = {"delta", "increase", "rate"};

template <std::size_t kCount>
Status check_modifier(std::string_view modifier, std::string_view function,
                      const std::array<std::string_view, kCount>& allowed) {
  if (std::find(allowed.begin(), allowed.end(), function) != allowed.end()) return {};
  std::string message(modifier);
  message.append(" modifier can only be used with: ");
  for (std::size_t i = 0; i < kCount; ++i) {
    message.append(i == 0 ? "" : ", ").append(allowed[i]);
  }
  return fail(ErrorCode::kExecution, message.append(" - not with ").append(function));
}

Status check_modifiers(const RangeInput& input, std::string_view function) {
  if (input.anchored) TRY(check_modifier("anchored", function, kAnchoredFunctions));
  if (input.smoothed) TRY(check_modifier("smoothed", function, kSmoothedFunctions));
  return {};
}

const Expr& range_argument(const Call& call) {
  return **std::find_if(call.args.begin(), call.args.end(),
                        [](const ExprPtr& arg) { return arg->type == ValueType::kMatrix; });
}

bool is_counter_name(std::string_view name) {
  return name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") ||
         name.ends_with("_bucket");
}

// rate and increase of something that does not look like a counter.
void remark_non_counters(Evaluator& evaluator, const SeriesSet& set, PositionRange position) {
  QueryContext& context = evaluator.context();
  const bool by_type = context.options.features.type_and_unit_labels;
  const std::size_t rows =
      set.names_are_equal() && !by_type ? std::min<std::size_t>(set.rows(), 1) : set.rows();
  for (std::size_t r = 0; r < rows; ++r) {
    const Labels labels = set.labels(r);
    const std::string_view name = labels.metric_name();
    if (name.empty()) continue;
    if (by_type) {
      const std::string_view type = labels.get("__type__");
      if (type == "counter" || type == "histogram") continue;
      context.annotations.info(possible_non_counter_type_text(name, type), position);
    } else if (!is_counter_name(name)) {
      context.annotations.info(possible_non_counter_text(name), position);
    }
  }
}

}  // namespace

Result<Operand> eval_window_function(Evaluator& evaluator, const Call& call, const Steps& steps,
                                     WindowFunction function, NameRule name_rule) {
  const std::string_view name = call.function->name;
  const Expr& range = range_argument(call);
  std::vector<ScalarSteps> args;
  for (const ExprPtr& arg : call.args) {
    if (arg.get() != &range) args.push_back(TRY(evaluator.eval_scalar(*arg, steps)));
  }
  RangeInput input = TRY(evaluator.eval_range(range, steps));
  TRY(check_modifiers(input, name));
  const RowProducer producer = [&](std::size_t series, RowScratch& scratch,
                                   std::span<double> out) -> Result<RowCount> {
    TRY(input.read(series, scratch.columns));
    RowCount counted;
    if (scratch.columns.t.empty()) return counted;
    input.windows(scratch.columns, scratch.windows);
    for (const Window& w : scratch.windows) {
      const std::uint64_t samples = w.end - w.begin;
      counted.samples_read += samples;
      counted.window_max = std::max(counted.window_max, samples);
    }
    Status status;
    function(WindowRow{scratch.columns.t, scratch.columns.v, scratch.windows, &input, &steps, args,
                       &scratch, &evaluator.context(), &status},
             out);
    TRY(status);
    return counted;
  };
  SeriesSet set = TRY(evaluator.rows_of(input, steps, producer));
  if (name == "rate" || name == "increase") remark_non_counters(evaluator, set, range.position);
  if (name_rule == NameRule::kDrop) TRY(evaluator.drop_names(set));
  return set;
}

Result<Operand> eval_quantile_over_time(Evaluator& evaluator, const Call& call,
                                        PositionRange /*position*/, const Steps& steps) {
  Operand result =
      TRY(eval_window_function(evaluator, call, steps, window_quantile, NameRule::kDrop));
  if (std::get<SeriesSet>(result).rows() == 0) return result;
  const ScalarSteps quantiles = TRY(evaluator.eval_scalar(*call.args[0], steps));
  for (const double q : quantiles.values()) {
    if (q >= 0 && q <= 1) continue;
    evaluator.context().annotations.warn(invalid_quantile_text(q), call.args[0]->position);
  }
  return result;
}

Result<Operand> eval_double_exponential_smoothing(Evaluator& evaluator, const Call& call,
                                                  PositionRange /*position*/, const Steps& steps) {
  constexpr std::array<std::string_view, 2> kFactors = {"smoothing", "trend"};
  for (std::size_t f = 0; f < kFactors.size(); ++f) {
    const ScalarSteps factor = TRY(evaluator.eval_scalar(*call.args[f + 1], steps));
    for (const double v : factor.values()) {
      if (v > 0 && v < 1) continue;
      std::string message = "invalid ";
      message.append(kFactors[f]).append(" factor. Expected: 0 < ").append(f == 0 ? "sf" : "tf");
      return fail(ErrorCode::kExecution, message.append(" < 1, got: ").append(std::to_string(v)));
    }
  }
  return eval_window_function(evaluator, call, steps, window_double_exponential_smoothing,
                              NameRule::kDrop);
}

Result<Operand> eval_absent_over_time(Evaluator& evaluator, const Call& call,
                                      PositionRange /*position*/, const Steps& steps) {
  const Operand present =
      TRY(eval_window_function(evaluator, call, steps, window_present, NameRule::kKeep));
  return absent_of(std::get<SeriesSet>(present), *call.args[0]);
}

}  // namespace silverback::promql

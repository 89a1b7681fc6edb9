#include "promql/engine.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "promql/eval.h"
#include "promql/eval_context.h"

namespace silverback::promql {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Rows in ascending order of their labels.
std::vector<std::size_t> label_order(const SeriesSet& set) {
  std::vector<std::size_t> order(set.rows());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto& labels = set.own_labels();
  const auto less = [&](std::size_t a, std::size_t b) { return labels[a] < labels[b]; };
  if (!std::is_sorted(order.begin(), order.end(), less)) {
    std::sort(order.begin(), order.end(), less);
  }
  return order;
}

Vector to_vector(SeriesSet& set, TimestampMs t) {
  set.build_labels();
  Vector vector;
  vector.reserve(set.rows());
  for (std::size_t r = 0; r < set.rows(); ++r) {
    vector.push_back({std::move(set.own_labels()[r]), t, set.row(r)[0], nullptr});
  }
  return vector;
}

Matrix to_matrix(SeriesSet& set, const Steps& steps) {
  set.build_labels();
  Matrix matrix;
  matrix.reserve(set.rows());
  for (const std::size_t r : label_order(set)) {
    Series series{std::move(set.own_labels()[r]), {}, {}};
    const auto row = set.row(r);
    series.floats.reserve(static_cast<std::size_t>(
        std::count_if(row.begin(), row.end(), [](double v) { return !is_absent(v); })));
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!is_absent(row[i])) series.floats.push_back({steps.at(i), row[i]});
    }
    matrix.push_back(std::move(series));
  }
  return matrix;
}

// A range vector as the answer of an instant query.
Result<Matrix> range_vector(Evaluator& evaluator, const Expr& expr, const Steps& steps) {
  RangeInput input = TRY(evaluator.eval_range(expr, steps));
  if (!input.selection) TRY(evaluator.finish_names(input.subquery));
  Matrix matrix;
  std::vector<HeldSamples> held;
  SampleColumns columns;
  std::vector<Window> windows;
  for (std::size_t s = 0; s < input.size(); ++s) {
    TRY(evaluator.context().check());
    TRY(input.read(s, columns));
    input.windows(columns, windows);
    const Window w = windows.front();
    if (w.begin == w.end) continue;
    held.push_back(TRY(evaluator.context().hold(w.end - w.begin)));
    evaluator.context().count_read(w.end - w.begin);
    Series series;
    series.metric = input.selection ? input.selection->labels(s) : input.subquery.labels(s);
    for (std::uint32_t k = w.begin; k < w.end; ++k) {
      series.floats.push_back({columns.t[k], columns.v[k]});
    }
    matrix.push_back(std::move(series));
  }
  std::sort(matrix.begin(), matrix.end(),
            [](const Series& a, const Series& b) { return a.metric < b.metric; });
  return matrix;
}

Result<Value> instant_value(Evaluator& evaluator, const Expr& expr, const Steps& steps) {
  if (expr.type == ValueType::kMatrix) return TRY(range_vector(evaluator, expr, steps));
  Operand operand = TRY(evaluator.eval(expr, steps));
  if (const auto* scalar = std::get_if<ScalarSteps>(&operand)) {
    return Scalar{steps.start, scalar->front()};
  }
  if (auto* text = std::get_if<std::string>(&operand)) {
    return String{steps.start, std::move(*text)};
  }
  auto& set = std::get<SeriesSet>(operand);
  TRY(evaluator.finish_names(set));
  return to_vector(set, steps.start);
}

Result<Value> range_value(Evaluator& evaluator, const Expr& expr, const Steps& steps) {
  Operand operand = TRY(evaluator.eval(expr, steps));
  if (const auto* scalar = std::get_if<ScalarSteps>(&operand)) {
    SeriesSet one(steps.count);
    const auto row = one.add_row({}, false);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = (*scalar)[i];
    TRY(evaluator.account(one));
    return to_matrix(one, steps);
  }
  auto& set = std::get<SeriesSet>(operand);
  TRY(evaluator.finish_names(set));
  return to_matrix(set, steps);
}

using ValueOf = Result<Value> (*)(Evaluator&, const Expr&, const Steps&);

Result<QueryResult> run(QueryContext& context, const Expr& expr, std::string_view query,
                        const QueryOptions& query_options, ValueOf value_of) {
  const Clock::time_point start = Clock::now();
  const EngineOptions& options = context.options;
  DurationMs timeout = options.timeout;
  if (query_options.timeout > 0) timeout = std::min(timeout, query_options.timeout);
  context.query = query;
  context.lookback_delta =
      query_options.lookback_delta > 0 ? query_options.lookback_delta : options.lookback_delta;
  context.deadline = start + std::chrono::milliseconds(timeout);
  context.canceled = query_options.canceled;
  Evaluator evaluator(context);
  QueryResult result;
  result.value = TRY(value_of(evaluator, expr, context.steps));
  result.warnings = context.annotations.warnings(query);
  result.infos = context.annotations.infos(query);
  result.stats.samples_total = context.samples_read();
  result.stats.samples_peak = context.samples_peak();
  result.stats.eval_seconds = seconds_since(start);
  return result;
}

}  // namespace

Engine::Engine(EngineOptions options)
    : options_(std::move(options)), default_subquery_step_(options_.default_subquery_step) {}

EngineOptions Engine::options() const {
  EngineOptions options = options_;
  options.default_subquery_step = default_subquery_step_;
  return options;
}

Result<QueryResult> Engine::instant(const Queryable& storage, const Expr& expr,
                                    std::string_view query, TimestampMs t,
                                    const QueryOptions& options) const {
  QueryContext context(storage, this->options(), Steps{t, 1, 1}, t, true);
  return run(context, expr, query, options, instant_value);
}

Result<QueryResult> Engine::instant(const Queryable& storage, std::string_view query, TimestampMs t,
                                    const QueryOptions& options) const {
  const Clock::time_point start = Clock::now();
  const ExprPtr expr = TRY(parse(query, options_.features));
  const double prepare_seconds = seconds_since(start);
  QueryResult result = TRY(instant(storage, *expr, query, t, options));
  result.stats.prepare_seconds = prepare_seconds;
  return result;
}

Result<QueryResult> Engine::range(const Queryable& storage, std::string_view query,
                                  TimestampMs start, TimestampMs end, DurationMs step,
                                  const QueryOptions& options) const {
  const Clock::time_point begin = Clock::now();
  const ExprPtr expr = TRY(parse(query, options_.features));
  if (expr->type != ValueType::kScalar && expr->type != ValueType::kVector) {
    return fail(ErrorCode::kInvalidArgument,
                "invalid expression type \"" + std::string(to_string(expr->type)) +
                    "\" for range query, must be Scalar or instant Vector");
  }
  const double prepare_seconds = seconds_since(begin);
  const auto count = static_cast<std::size_t>((end - start) / step) + 1;
  QueryContext context(storage, this->options(), Steps{start, step, count}, end, false);
  TRY(context.check_cells(count));
  QueryResult result = TRY(run(context, *expr, query, options, range_value));
  result.stats.prepare_seconds = prepare_seconds;
  return result;
}

}  // namespace silverback::promql

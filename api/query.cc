// Evaluating PromQL: /query, /query_range, and what works on an expression alone.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "api/context.h"
#include "api/endpoints.h"
#include "api/envelope.h"
#include "api/parameters.h"
#include "api/result_json.h"
#include "api/tree_json.h"
#include "promql/engine.h"
#include "promql/parser.h"

namespace silverback::api {
namespace {

constexpr std::int64_t kPointsMax = 11'000;
constexpr std::string_view kTruncated = "results truncated due to limit";

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

Error parameter_error(std::string_view name, std::string_view message) {
  return {ErrorCode::kInvalidArgument,
          "invalid parameter \"" + std::string(name) + "\": " + std::string(message)};
}

// `timeout` and `lookback_delta`, and what the wait for a slot has left of the time.
Result<promql::QueryOptions> query_options(const Context& context, const Request& request) {
  promql::QueryOptions options;
  options.canceled = &request.canceled;
  options.timeout = context.storage.engine->options().timeout;
  if (const std::string_view text = request.form.get("timeout"); !text.empty()) {
    const Result<DurationMs> timeout = parse_duration_or_seconds(text);
    if (!timeout) return fail(parameter_error("timeout", timeout.error().message));
    options.timeout = std::min(options.timeout, *timeout);
  }
  if (const std::string_view text = request.form.get("lookback_delta"); !text.empty()) {
    const Result<DurationMs> lookback = parse_duration_or_seconds(text);
    if (!lookback) {
      return fail(ErrorCode::kInvalidArgument,
                  "error parsing lookback delta duration: " + lookback.error().message);
    }
    if (*lookback > 0) options.lookback_delta = *lookback;
  }
  if (request.canceled) {
    return fail(ErrorCode::kCanceled, "query was canceled in query queue");
  }
  options.timeout -= static_cast<DurationMs>(request.queue_seconds * 1000);
  if (options.timeout <= 0) return fail(ErrorCode::kTimeout, "query timed out in query queue");
  return options;
}

// Whether a selector stands anywhere in the tree.
struct FindSelector {
  bool in(const promql::ExprPtr& expr) const { return expr && std::visit(*this, expr->node); }

  bool operator()(const promql::VectorSelector&) const { return true; }
  bool operator()(const promql::MatrixSelector&) const { return true; }
  bool operator()(const promql::NumberLiteral&) const { return false; }
  bool operator()(const promql::StringLiteral&) const { return false; }
  bool operator()(const promql::Subquery& subquery) const { return in(subquery.expr); }
  bool operator()(const promql::Paren& paren) const { return in(paren.expr); }
  bool operator()(const promql::Unary& unary) const { return in(unary.expr); }
  bool operator()(const promql::Binary& binary) const { return in(binary.lhs) || in(binary.rhs); }
  bool operator()(const promql::Aggregate& aggregate) const {
    return in(aggregate.expr) || in(aggregate.param);
  }
  bool operator()(const promql::Call& call) const {
    return std::any_of(call.args.begin(), call.args.end(),
                       [this](const promql::ExprPtr& argument) { return in(argument); });
  }
};

bool truncate(promql::Value& value, std::size_t limit) {
  if (limit == 0) return false;
  const auto cut = [limit](auto& list) {
    if (list.size() <= limit) return false;
    list.erase(list.begin() + static_cast<std::ptrdiff_t>(limit), list.end());
    return true;
  };
  if (auto* vector = std::get_if<promql::Vector>(&value)) return cut(*vector);
  if (auto* matrix = std::get_if<promql::Matrix>(&value)) return cut(*matrix);
  return false;
}

void write_stats(JsonWriter& json, const promql::QueryStats& stats, double total_seconds) {
  const double queue = stats.queue_seconds;
  json.key("stats").begin_object().key("timings").begin_object();
  json.key("evalTotalTime").number(stats.prepare_seconds + stats.eval_seconds);
  json.key("resultSortTime").number(0);
  json.key("queryPreparationTime").number(stats.prepare_seconds);
  json.key("innerEvalTime").number(stats.eval_seconds);
  json.key("execQueueTime").number(queue);
  json.key("execTotalTime").number(queue + total_seconds).end_object();
  json.key("samples").begin_object();
  json.key("totalQueryableSamples").integer(stats.samples_total);
  json.key("samplesRead").integer(stats.samples_total);
  json.key("peakSamples").integer(stats.samples_peak).end_object().end_object();
}

Response query_response(const Context& context, const Request& request, promql::QueryResult result,
                        std::size_t limit, double total_seconds) {
  result.stats.queue_seconds = request.queue_seconds;
  context.query_metrics.queue_seconds.observe(result.stats.queue_seconds);
  context.query_metrics.prepare_seconds.observe(result.stats.prepare_seconds);
  context.query_metrics.eval_seconds.observe(result.stats.eval_seconds);
  if (truncate(result.value, limit)) result.warnings.emplace_back(kTruncated);

  JsonWriter json = begin_success();
  json.begin_object();
  write_result(json, result.value);
  if (!request.form.get("stats").empty()) write_stats(json, result.stats, total_seconds);
  json.end_object();
  return finish_success(std::move(json), result.warnings, result.infos);
}

// The engine's word for a bad expression, with the parameter's name.
Response engine_error(Error error) {
  if (error.code == ErrorCode::kInvalidArgument) return bad_parameter("query", error.message);
  return error_response(error);
}

Result<promql::ExprPtr> parsed_query(const Context& context, const Request& request) {
  return promql::parse(request.form.get("query"), context.storage.engine->options().features);
}

struct RangeParameters {
  TimestampMs start = 0, end = 0;
  DurationMs step = 0;
};

Result<RangeParameters> query_range_parameters(const Request& request) {
  RangeParameters range;
  range.start = TRY(required_timestamp(request, "start"));
  range.end = TRY(required_timestamp(request, "end"));
  if (range.end < range.start) {
    return fail(parameter_error("end", "end timestamp must not be before start time"));
  }
  const Result<DurationMs> step = parse_duration_or_seconds(request.form.get("step"));
  if (!step) return fail(parameter_error("step", step.error().message));
  range.step = *step;
  if (range.step <= 0) {
    return fail(parameter_error("step",
                                "zero or negative query resolution step widths are not accepted. "
                                "Try a positive integer"));
  }
  // Keeps an answer at a size that a client can take.
  if ((range.end - range.start) / range.step > kPointsMax) {
    return fail(ErrorCode::kInvalidArgument,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the "
                "query resolution (?step=XX)");
  }
  return range;
}

}  // namespace

Response query_instant(const Context& context, const Request& request) {
  const Result<std::size_t> limit = limit_parameter(request);
  if (!limit) return error_response(limit.error());
  const Result<TimestampMs> time =
      timestamp_parameter(request, "time", context.dependencies.clock->now());
  if (!time) return error_response(time.error());
  const Result<promql::QueryOptions> options = query_options(context, request);
  if (!options) return error_response(options.error());
  const auto start = SteadyClock::now();
  Result<promql::QueryResult> result = context.storage.engine->instant(
      *context.storage.samples, request.form.get("query"), *time, *options);
  if (!result) return engine_error(std::move(result).error());
  return query_response(context, request, *std::move(result), *limit, seconds_since(start));
}

Response query_range(const Context& context, const Request& request) {
  const Result<std::size_t> limit = limit_parameter(request);
  if (!limit) return error_response(limit.error());
  const Result<RangeParameters> range = query_range_parameters(request);
  if (!range) return error_response(range.error());
  const Result<promql::QueryOptions> options = query_options(context, request);
  if (!options) return error_response(options.error());
  const auto start = SteadyClock::now();
  Result<promql::QueryResult> result =
      context.storage.engine->range(*context.storage.samples, request.form.get("query"),
                                    range->start, range->end, range->step, *options);
  if (!result) return engine_error(std::move(result).error());
  return query_response(context, request, *std::move(result), *limit, seconds_since(start));
}

// The shape of an answer without exemplars, which the store does not keep yet. The query is checked
// all the same: an editor that shows exemplars relies on the error. Grafana probes this endpoint
// with milliseconds where seconds belong, and takes anything but an empty list as "not there".
Response query_exemplars(const Context& context, const Request& request) {
  const Result<TimeRange> range = range_parameters(request);
  if (!range) return error_response(range.error());
  const Result<promql::ExprPtr> expr = parsed_query(context, request);
  if (!expr) return error_response(expr.error());
  // Prometheus compatibility: it has no data to answer then, not even an empty list.
  if (!FindSelector().in(*expr)) return empty_response();
  JsonWriter json = begin_success();
  json.begin_array().end_array();
  return finish_success(std::move(json));
}

Response format_query(const Context& context, const Request& request) {
  const Result<promql::ExprPtr> expr = parsed_query(context, request);
  if (!expr) return bad_parameter("query", expr.error().message);
  JsonWriter json = begin_success();
  json.string(promql::print(**expr));
  return finish_success(std::move(json));
}

Response parse_query(const Context& context, const Request& request) {
  const Result<promql::ExprPtr> expr = parsed_query(context, request);
  if (!expr) return bad_parameter("query", expr.error().message);
  JsonWriter json = begin_success();
  write_tree(json, **expr);
  return finish_success(std::move(json));
}

}  // namespace silverback::api

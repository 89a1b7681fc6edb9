// Functions of time: the query's own, a sample's, and the calendar's (UTC).
#include <chrono>
#include <cstdint>
#include <limits>

#include "promql/eval.h"
#include "promql/functions.h"
#include "promql/functions_eval.h"

namespace silverback::promql {
namespace {

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

// Prometheus compatibility: Go's calendar counts seconds modulo 2^64 from the first day of this
// year, and takes NaN and what does not fit 64 bits for the earliest instant there is, which wraps
// around to a day in December of the year 292277026596.
constexpr std::int64_t kCalendarYear = -292'277'022'399;
constexpr std::uint64_t kCalendarToUnixSeconds = 9'223'372'028'715'321'600;

std::uint64_t calendar_seconds(double unix_seconds) {
  constexpr double kLimit = 0x1p63;
  const bool fits = unix_seconds >= -kLimit && unix_seconds < kLimit;
  const std::int64_t whole =
      fits ? static_cast<std::int64_t>(unix_seconds) : std::numeric_limits<std::int64_t>::min();
  return static_cast<std::uint64_t>(whole) + kCalendarToUnixSeconds;
}

double date_part(std::string_view part, double unix_seconds) {
  // The calendar repeats every 400 years, and it starts where 2001 does.
  constexpr std::uint64_t kCycleSeconds = 146'097ULL * 24 * 60 * 60;
  const std::uint64_t seconds_in_calendar = calendar_seconds(unix_seconds);
  const std::uint64_t cycles = seconds_in_calendar / kCycleSeconds;
  const std::chrono::sys_seconds t =
      std::chrono::sys_days{std::chrono::year{2001} / std::chrono::January / 1} +
      std::chrono::seconds(seconds_in_calendar % kCycleSeconds);
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date{day};
  const auto in_day = (t - day).count();
  if (part == "minute") return static_cast<double>(in_day / 60 % 60);
  if (part == "hour") return static_cast<double>(in_day / 3600);
  if (part == "day_of_week") return std::chrono::weekday{day}.c_encoding();
  if (part == "day_of_month") return static_cast<unsigned>(date.day());
  if (part == "month") return static_cast<unsigned>(date.month());
  if (part == "year") {
    return static_cast<double>(kCalendarYear + 400 * static_cast<std::int64_t>(cycles) +
                               static_cast<int>(date.year()) - 2001);
  }
  if (part == "days_in_month") {
    const std::chrono::year_month_day_last last{date.year(),
                                                std::chrono::month_day_last{date.month()}};
    return static_cast<unsigned>(last.day());
  }
  const std::chrono::sys_days new_year{date.year() / std::chrono::January / 1};
  return static_cast<double>((day - new_year).count() + 1);  // day_of_year
}

}  // namespace

Result<Operand> eval_query_time(Evaluator& evaluator, const Call& call, PositionRange /*position*/,
                                const Steps& steps) {
  const QueryContext& context = evaluator.context();
  const std::string_view name = call.function->name;
  if (name == "start") return ScalarSteps(steps.count, seconds(context.steps.start));
  if (name == "end") return ScalarSteps(steps.count, seconds(context.end));
  if (name == "step") {
    return ScalarSteps(steps.count, context.instant ? 0 : seconds(context.steps.step));
  }
  if (name == "range") {
    return ScalarSteps(steps.count, seconds(context.end - context.steps.start));
  }
  ScalarSteps time = TRY(evaluator.varying_scalar(steps));
  const std::span<double> out = time.values();
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = seconds(steps.at(i));
  return time;
}

Result<Operand> eval_timestamp(Evaluator& evaluator, const Call& call, PositionRange /*position*/,
                               const Steps& steps) {
  const Expr& argument = without_parens(*call.args[0]);
  SeriesSet set;
  if (const auto* selector = std::get_if<VectorSelector>(&argument.node)) {
    set = TRY(evaluator.eval_sample_times(*selector, steps));
  } else {
    set = TRY(evaluator.eval_vector(argument, steps));
    for (std::size_t r = 0; r < set.rows(); ++r) {
      const auto row = set.row(r);
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (!is_absent(row[i])) row[i] = seconds(steps.at(i));
      }
    }
  }
  TRY(evaluator.drop_names(set));
  return set;
}

Result<Operand> eval_date(Evaluator& evaluator, const Call& call, PositionRange /*position*/,
                          const Steps& steps) {
  const std::string_view part = call.function->name;
  if (call.args.empty()) {
    SeriesSet set(steps.count);
    const auto row = set.add_row({}, false);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = date_part(part, seconds(steps.at(i)));
    return set;
  }
  SeriesSet set = TRY(evaluator.eval_vector(*call.args[0], steps));
  for (std::size_t r = 0; r < set.rows(); ++r) {
    for (double& v : set.row(r)) {
      if (!is_absent(v)) v = date_part(part, v);
    }
  }
  TRY(evaluator.drop_names(set));
  return set;
}

}  // namespace silverback::promql

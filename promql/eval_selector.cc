// Selectors and subqueries: from storage's columns to rows and windows.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "promql/binary.h"
#include "promql/eval.h"
#include "promql/functions.h"

namespace silverback::promql {
namespace {

bool selects_one_name(const VectorSelector& selector) {
  return std::any_of(selector.matchers.begin(), selector.matchers.end(), [](const Matcher& m) {
    return m.type() == Matcher::Type::kEqual && m.name() == kMetricName && !m.value().empty();
  });
}

// The first index from `from` on with t > bound. `guess`: how far it went at the step before, which
// is how far it goes again where scrapes are regular.
std::uint32_t advance(const TimestampMs* t, std::uint32_t size, std::uint32_t from,
                      std::uint32_t guess, TimestampMs bound) {
  const std::uint32_t to = from + guess;
  if (to <= size && (guess == 0 || t[to - 1] <= bound)) from = to;
  while (from < size && t[from] <= bound) ++from;
  return from;
}

// The newest sample in (t - lookback, t] at every instant; `sample_times`: its instant, in seconds.
std::uint64_t fill_instant(const SampleColumns& columns, const SelectorTimes& times,
                           DurationMs lookback, bool sample_times, std::span<double> out) {
  std::uint32_t next = 0;  // first sample after the instant
  std::uint32_t advanced = 0;
  std::uint64_t count = 0;
  const auto size = static_cast<std::uint32_t>(columns.t.size());
  for (std::size_t i = 0; i < times.count; ++i) {
    const TimestampMs t = times.at(i);
    const std::uint32_t before = next;
    next = advance(columns.t.data(), size, next, advanced, t);
    advanced = next - before;
    if (next == 0) continue;
    const std::size_t newest = next - 1;
    if (columns.t[newest] <= t - lookback || is_stale(columns.v[newest])) continue;
    out[i] = sample_times ? static_cast<double>(columns.t[newest]) / 1000 : columns.v[newest];
    ++count;
  }
  return count;
}

void remove_stale(SampleColumns& columns) {
  std::uint64_t any = 0;
  for (const double v : columns.v) any |= is_stale(v) ? 1 : 0;
  if (any == 0) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < columns.t.size(); ++i) {
    if (is_stale(columns.v[i])) continue;
    columns.t[kept] = columns.t[i];
    columns.v[kept] = columns.v[i];
    ++kept;
  }
  columns.t.resize(kept);
  columns.v.resize(kept);
}

// `smoothed`: the value at t on the line between the samples around it, in (t - lookback, t +
// lookback]; the last one before t where none follows. `sample_times`: t, in seconds, for which the
// value is.
std::uint64_t fill_smoothed(const SampleColumns& columns, const SelectorTimes& times,
                            DurationMs lookback, bool sample_times, std::span<double> out) {
  std::size_t next = 0;
  std::uint64_t count = 0;
  const std::size_t size = columns.t.size();
  for (std::size_t i = 0; i < times.count; ++i) {
    const TimestampMs t = times.at(i);
    while (next < size && columns.t[next] <= t) ++next;
    if (next == 0 || columns.t[next - 1] <= t - lookback) continue;
    const std::size_t left = next - 1;
    ++count;
    if (sample_times) {
      out[i] = static_cast<double>(t) / 1000;
      continue;
    }
    if (columns.t[left] == t || next == size || columns.t[next] > t + lookback) {
      out[i] = columns.v[left];
      continue;
    }
    const double fraction = static_cast<double>(t - columns.t[left]) /
                            static_cast<double>(columns.t[next] - columns.t[left]);
    out[i] = columns.v[left] + (columns.v[next] - columns.v[left]) * fraction;
  }
  return count;
}

}  // namespace

Status RangeInput::read(std::size_t series, SampleColumns& out) const {
  if (selection) {
    TRY(selection->read(series, out));
    remove_stale(out);
    return {};
  }
  out.clear();
  const auto row = subquery.row(series);
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (is_absent(row[i])) continue;
    out.t.push_back(subquery_steps.at(i));
    out.v.push_back(row[i]);
  }
  return {};
}

void RangeInput::windows(const SampleColumns& columns, std::vector<Window>& out) const {
  out.resize(ends.count);
  const auto size = static_cast<std::uint32_t>(columns.t.size());
  const TimestampMs* t = columns.t.data();
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  for (std::size_t i = 0; i < ends.count; ++i) {
    const TimestampMs right = ends.at(i) + after;
    const TimestampMs left = ends.at(i) - range - before;
    const Window last = i >= 2 ? Window{begin - out[i - 2].begin, end - out[i - 2].end} : Window{};
    end = advance(t, size, end, last.end, right);
    begin = advance(t, size, begin, last.begin, left);
    out[i] = {begin, end};
  }
}

namespace {

// A duration expression: the parser lets only these nodes and functions through.
struct DurationVisitor {
  const QueryContext& context;

  Result<double> of(const Expr& expr) const { return std::visit(*this, expr.node); }
  Result<double> operator()(const NumberLiteral& n) const { return n.value; }
  Result<double> operator()(const Paren& p) const { return of(*p.expr); }
  Result<double> operator()(const Unary& u) const {
    const double v = TRY(of(*u.expr));
    return u.negative ? -v : v;
  }
  Result<double> operator()(const Binary& b) const {
    const double left = TRY(of(*b.lhs));
    const double right = TRY(of(*b.rhs));
    if (b.op == BinaryOp::kDiv && right == 0) {
      return fail(ErrorCode::kInvalidArgument, "division by zero");
    }
    if (b.op == BinaryOp::kMod && right == 0) {
      return fail(ErrorCode::kInvalidArgument, "modulo by zero");
    }
    return arithmetic(b.op, left, right);
  }
  Result<double> operator()(const Call& c) const {
    const std::string_view name = c.function->name;
    if (name == "step") return static_cast<double>(context.instant ? 0 : context.steps.step) / 1000;
    if (name == "range") {
      return static_cast<double>(context.end - context.steps.start) / 1000;
    }
    const double left = TRY(of(*c.args[0]));
    const double right = TRY(of(*c.args[1]));
    return name == "min_of" ? smaller(left, right) : larger(left, right);
  }
  template <class Other>
  Result<double> operator()(const Other&) const {
    return fail(ErrorCode::kInvalidArgument, "not a duration expression");
  }
};

}  // namespace

Result<DurationMs> Evaluator::duration(const DurationValue& value, bool positive) {
  if (value.expr == nullptr) return value.ms;
  const double ms = TRY(DurationVisitor{context_}.of(*value.expr)) * 1000;
  // Not above 0: what is cut off to whole milliseconds below must not become 0, because steps
  // divide by it.
  if (positive && !(ms >= 1)) {
    return fail(ErrorCode::kInvalidArgument, "duration must be greater than 0");
  }
  if (!(std::fabs(ms) < 9.2e15)) return fail(ErrorCode::kInvalidArgument, "duration out of range");
  return static_cast<DurationMs>(ms);
}

Result<SelectorTimes> Evaluator::times_of(const AtModifier& at, const DurationValue& offset,
                                          const Steps& steps) {
  const DurationMs shift = TRY(duration(offset, false));
  switch (at.kind) {
    case AtModifier::Kind::kNone:
      return SelectorTimes{steps.start - shift, steps.step, steps.count};
    case AtModifier::Kind::kTimestamp:
      // What lies beyond has no samples either, and windows can be subtracted from the bounds.
      return SelectorTimes{std::clamp(at.t, kTimestampMin, kTimestampMax) - shift, 0, steps.count};
    case AtModifier::Kind::kStart:
      return SelectorTimes{context_.steps.start - shift, 0, steps.count};
    case AtModifier::Kind::kEnd:
      return SelectorTimes{context_.end - shift, 0, steps.count};
  }
  return SelectorTimes{};
}

Result<std::shared_ptr<const Selection>> Evaluator::select(const VectorSelector& selector,
                                                           SelectHints hints) {
  hints.step = context_.instant ? 0 : context_.steps.step;
  if (around_ != nullptr) {
    if (const auto* call = std::get_if<Call>(&around_->node)) {
      hints.function = call->function->name;
    } else if (const auto* aggregate = std::get_if<Aggregate>(&around_->node)) {
      hints.function = to_string(aggregate->op);
      hints.grouping = aggregate->grouping;
      hints.grouping_by = !aggregate->without;
    }
  }
  std::shared_ptr<const Selection> selection =
      TRY(context_.storage.select(selector.matchers, hints));
  for (std::string& warning : selection->warnings()) {
    context_.annotations.warn_verbatim(std::move(warning));
  }
  return selection;
}

Result<SeriesSet> Evaluator::eval_selector(const VectorSelector& selector, const Steps& steps,
                                           bool sample_times) {
  const SelectorTimes times = TRY(times_of(selector.at, selector.offset, steps));
  const DurationMs lookback = context_.lookback_delta;
  SelectHints hints;
  hints.range = {times.first - lookback + 1,
                 times.last() + (selector.smoothed ? lookback : DurationMs{0})};
  const std::shared_ptr<const Selection> selection = TRY(select(selector, hints));

  const bool newest_is_enough = times.first == times.last() && !selector.smoothed;
  const RowProducer producer = [&](std::size_t series, RowScratch& scratch,
                                   std::span<double> out) -> Result<RowCount> {
    if (newest_is_enough) {
      const Selection::Newest newest = selection->newest(series);
      if (newest.known) {
        if (!newest.sample || is_stale(newest.sample->v)) return RowCount{};
        const double v =
            sample_times ? static_cast<double>(newest.sample->t) / 1000 : newest.sample->v;
        std::fill(out.begin(), out.end(), v);
        return RowCount{out.size(), 0};
      }
    }
    TRY(selection->read(series, scratch.columns));
    if (selector.smoothed) {
      remove_stale(scratch.columns);
      return RowCount{fill_smoothed(scratch.columns, times, lookback, sample_times, out), 0};
    }
    return RowCount{fill_instant(scratch.columns, times, lookback, sample_times, out), 0};
  };
  Rows rows = TRY(produce_rows(selection->size(), steps, producer));
  rows.set.set_source(selection, std::move(rows.series), selects_one_name(selector));
  return std::move(rows.set);
}

Result<SeriesSet> Evaluator::eval_sample_times(const VectorSelector& selector, const Steps& steps) {
  return eval_selector(selector, steps, true);
}

Result<RangeInput> Evaluator::eval_range(const Expr& expr, const Steps& steps) {
  const Expr& inner = without_parens(expr);
  if (const auto* subquery = std::get_if<Subquery>(&inner.node)) {
    return eval_subquery(*subquery, steps);
  }
  const auto& matrix = std::get<MatrixSelector>(inner.node);
  const auto& selector = std::get<VectorSelector>(matrix.selector->node);
  RangeInput input;
  input.ends = TRY(times_of(selector.at, selector.offset, steps));
  input.range = TRY(duration(matrix.range, true));
  input.anchored = selector.anchored;
  input.smoothed = selector.smoothed;
  if (selector.anchored || selector.smoothed) input.before = context_.lookback_delta;
  if (selector.smoothed) input.after = context_.lookback_delta;
  SelectHints hints;
  hints.range = {input.ends.first - input.range - input.before + 1,
                 input.ends.last() + input.after};
  hints.window = input.range;
  input.selection = TRY(select(selector, hints));
  input.names_are_equal = selects_one_name(selector);
  return input;
}

Result<RangeInput> Evaluator::eval_subquery(const Subquery& subquery, const Steps& steps) {
  RangeInput input;
  input.ends = TRY(times_of(subquery.at, subquery.offset, steps));
  input.range = TRY(duration(subquery.range, true));
  const DurationMs step = subquery.default_step ? context_.options.default_subquery_step
                                                : TRY(duration(subquery.step, true));
  // The multiples of the step that are inside any window, whatever the query's start.
  const TimestampMs before_first = input.ends.first - input.range;
  TimestampMs first = before_first / step * step;
  if (first <= before_first) first += step;
  const TimestampMs last = input.ends.last();
  input.subquery_steps =
      Steps{first, step, last < first ? 0 : static_cast<std::size_t>((last - first) / step) + 1};
  if (input.subquery_steps.count == 0) return input;
  TRY(context_.check_cells(input.subquery_steps.count));
  const Expr* outer = std::exchange(around_, nullptr);
  Result<SeriesSet> inner = eval_vector(*subquery.expr, input.subquery_steps);
  around_ = outer;
  if (!inner) return fail(std::move(inner).error());
  input.subquery = *std::move(inner);
  return input;
}

}  // namespace silverback::promql

#include "promql/eval.h"

#include <algorithm>
#include <cassert>
#include <unordered_map>
#include <utility>

#include "promql/aggregate.h"
#include "promql/binary.h"
#include "promql/functions.h"

namespace silverback::promql {
namespace {

// Series that one thread takes at a time: enough to be worth a switch, few enough that checks come
// often.
constexpr std::size_t kSeriesPerPart = 64;
constexpr std::size_t kSeriesPerPartInstant = 1024;
// Cells that one thread fills at a time at most: where steps are many, a part has fewer series.
constexpr std::size_t kCellsPerPart = std::size_t{1} << 18;
// Cells that are filled before empty rows are taken out of them.
constexpr std::size_t kCellsPerBlock = std::size_t{4} << 20;

bool is_literal(const Expr& expr) {
  const Expr& inner = without_parens(expr);
  return std::holds_alternative<NumberLiteral>(inner.node) ||
         std::holds_alternative<StringLiteral>(inner.node);
}

Result<Operand> repeat(const QueryContext& context, Operand once, std::size_t count) {
  if (auto* scalar = std::get_if<ScalarSteps>(&once)) {
    return ScalarSteps(count, scalar->front());
  }
  auto* set = std::get_if<SeriesSet>(&once);
  if (set == nullptr) return once;
  TRY(context.check_cells(set->rows() * count));
  SeriesSet repeated(count);
  repeated.add_rows(set->rows());
  std::vector<std::uint32_t> all(set->rows());
  for (std::size_t r = 0; r < set->rows(); ++r) {
    all[r] = static_cast<std::uint32_t>(r);
    std::fill_n(repeated.row(r).begin(), count, set->row(r)[0]);
  }
  repeated.take_labels(*set, all);
  return repeated;
}

// Rows with equal labels become one, at the place of the first. Errors: kExecution, if two have a
// sample at the same step.
Status merge_in_order(SeriesSet& set) {
  set.build_labels();
  std::unordered_map<std::string_view, std::size_t> first_row;
  first_row.reserve(set.rows());
  bool merged = false;
  for (std::size_t r = 0; r < set.rows(); ++r) {
    const auto [found, inserted] = first_row.try_emplace(set.own_labels()[r].bytes(), r);
    if (inserted) continue;
    merged = true;
    const auto into = set.row(found->second);
    const auto from = set.row(r);
    for (std::size_t i = 0; i < into.size(); ++i) {
      if (is_absent(from[i])) continue;
      if (!is_absent(into[i])) {
        return fail(ErrorCode::kExecution, "vector cannot contain metrics with the same labelset");
      }
      into[i] = std::exchange(from[i], absent());
    }
  }
  first_row.clear();
  if (merged) set.remove_empty_rows();
  return {};
}

}  // namespace

Labels without_metric_identity(const Labels& labels, bool type_and_unit) {
  std::vector<Label> rest;
  for (const Label& label : labels) {
    const bool identity = label.name == kMetricName ||
                          (type_and_unit && (label.name == "__type__" || label.name == "__unit__"));
    if (!identity) rest.push_back(label);
  }
  return Labels::from_sorted(rest);
}

bool is_step_invariant(const Expr& expr) {
  struct Visitor {
    bool operator()(const NumberLiteral&) const { return true; }
    bool operator()(const StringLiteral&) const { return true; }
    bool operator()(const VectorSelector& s) const { return s.at.kind != AtModifier::Kind::kNone; }
    bool operator()(const MatrixSelector& s) const { return is_step_invariant(*s.selector); }
    bool operator()(const Subquery& s) const { return s.at.kind != AtModifier::Kind::kNone; }
    bool operator()(const Paren& p) const { return is_step_invariant(*p.expr); }
    bool operator()(const Unary& u) const { return is_step_invariant(*u.expr); }
    bool operator()(const Binary& b) const {
      return is_step_invariant(*b.lhs) && is_step_invariant(*b.rhs);
    }
    bool operator()(const Aggregate& a) const {
      return is_step_invariant(*a.expr) && (a.param == nullptr || is_step_invariant(*a.param));
    }
    bool operator()(const Call& c) const {
      return !c.function->reads_clock &&
             std::all_of(c.args.begin(), c.args.end(),
                         [](const ExprPtr& arg) { return is_step_invariant(*arg); });
    }
  };
  return std::visit(Visitor{}, expr.node);
}

Result<Operand> Evaluator::eval(const Expr& expr, const Steps& steps) {
  TRY(context_.check());
  if (steps.count == 1 || is_literal(expr) || !is_step_invariant(expr)) {
    return eval_once(expr, steps);
  }
  Operand once = TRY(eval_once(expr, Steps{steps.start, steps.step, 1}));
  Operand repeated = TRY(repeat(context_, std::move(once), steps.count));
  if (auto* set = std::get_if<SeriesSet>(&repeated)) TRY(account(*set));
  return repeated;
}

Result<Operand> Evaluator::eval_once(const Expr& expr, const Steps& steps) {
  struct Visitor {
    Evaluator& self;
    const Expr& expr;
    const Steps& steps;

    Result<Operand> operator()(const NumberLiteral& n) const {
      return ScalarSteps(steps.count, n.value);
    }
    Result<Operand> operator()(const StringLiteral& s) const { return s.value; }
    Result<Operand> operator()(const VectorSelector& s) const {
      return TRY(self.eval_selector(s, steps, false));
    }
    Result<Operand> operator()(const MatrixSelector&) const {
      return fail(ErrorCode::kExecution, "a range vector is not a value here");
    }
    Result<Operand> operator()(const Subquery&) const {
      return fail(ErrorCode::kExecution, "a range vector is not a value here");
    }
    Result<Operand> operator()(const Paren& p) const { return self.eval(*p.expr, steps); }
    Result<Operand> operator()(const Unary& u) const {
      self.around_ = &expr;
      return self.eval_unary(u, steps);
    }
    Result<Operand> operator()(const Binary& b) const {
      self.around_ = &expr;
      return eval_binary(self, b, expr.position, steps);
    }
    Result<Operand> operator()(const Aggregate& a) const {
      self.around_ = &expr;
      return TRY(eval_aggregate(self, a, expr.position, steps));
    }
    Result<Operand> operator()(const Call& c) const {
      self.around_ = &expr;
      return c.function->evaluate(self, c, expr.position, steps);
    }
  };
  const Expr* outer = around_;
  Result<Operand> result = std::visit(Visitor{*this, expr, steps}, expr.node);
  around_ = outer;
  return result;
}

Result<SeriesSet> Evaluator::eval_vector(const Expr& expr, const Steps& steps) {
  Operand operand = TRY(eval(expr, steps));
  return std::get<SeriesSet>(std::move(operand));
}

Result<SeriesSet> Evaluator::eval_addends(const Expr& expr, const Steps& steps) {
  const bool seen = std::exchange(order_is_seen_, false);
  Result<SeriesSet> set = eval_vector(expr, steps);
  order_is_seen_ = seen;
  return set;
}

Result<ScalarSteps> Evaluator::eval_scalar(const Expr& expr, const Steps& steps) {
  Operand operand = TRY(eval(expr, steps));
  return std::get<ScalarSteps>(std::move(operand));
}

Result<ScalarSteps> Evaluator::varying_scalar(const Steps& steps) {
  HeldSamples held = TRY(context_.hold(steps.count));
  return ScalarSteps(std::vector<double>(steps.count), std::move(held));
}

std::string Evaluator::eval_string(const Expr& expr) {
  return std::get<StringLiteral>(without_parens(expr).node).value;
}

Result<Operand> Evaluator::eval_unary(const Unary& unary, const Steps& steps) {
  Operand operand = TRY(eval(*unary.expr, steps));
  if (!unary.negative) return operand;
  if (auto* scalar = std::get_if<ScalarSteps>(&operand)) {
    for (double& v : scalar->values()) v = -v;
    return operand;
  }
  auto& set = std::get<SeriesSet>(operand);
  for (std::size_t r = 0; r < set.rows(); ++r) {
    for (double& v : set.row(r)) {
      if (!is_absent(v)) v = -v;
    }
  }
  TRY(drop_names(set));
  return operand;
}

Result<Evaluator::Rows> Evaluator::produce_rows(std::size_t count, const Steps& steps,
                                                const RowProducer& producer) {
  Rows rows{SeriesSet(steps.count), {}};
  const std::size_t part = std::clamp<std::size_t>(
      kCellsPerPart / steps.count, 1, steps.count == 1 ? kSeriesPerPartInstant : kSeriesPerPart);
  std::size_t in_block = 0;
  for (std::size_t first = 0; first < count; first += in_block) {
    const std::size_t base = rows.set.rows();
    // As many series as there is room for besides the rows that are kept, and at least one.
    const std::uint64_t room = context_.cells_max() - base * steps.count;
    const std::size_t block = std::min<std::uint64_t>(kCellsPerBlock, room) / steps.count;
    in_block = std::min(std::max<std::size_t>(block, 1), count - first);
    TRY(context_.check_cells((base + in_block) * steps.count));
    rows.set.add_rows(in_block);
    std::vector<std::uint64_t> present(in_block, 0);
    const auto body = [&](std::size_t begin, std::size_t end) -> Status {
      RowScratch scratch;
      std::uint64_t samples_read = 0;
      std::uint64_t window_max = 0;
      for (std::size_t i = begin; i < end; ++i) {
        const auto out = rows.set.row(base + i);
        const RowCount counted = TRY(producer(first + i, scratch, out));
        samples_read += counted.samples_read;
        window_max = std::max(window_max, counted.window_max);
        present[i] = static_cast<std::uint64_t>(
            std::count_if(out.begin(), out.end(), [](double v) { return !is_absent(v); }));
      }
      context_.count_read(samples_read);
      return context_.hold_briefly(window_max);
    };
    TRY(context_.for_each_part(in_block, part, body));
    std::size_t kept = base;
    std::uint64_t held = rows.set.held.count();
    for (std::size_t i = 0; i < in_block; ++i) {
      if (present[i] == 0) continue;
      held += present[i];
      if (kept != base + i) {
        const auto from = rows.set.row(base + i);
        std::copy(from.begin(), from.end(), rows.set.row(kept).begin());
      }
      rows.series.push_back(static_cast<std::uint32_t>(first + i));
      ++kept;
    }
    rows.set.truncate_rows(kept);
    rows.set.held = {};
    rows.set.held = TRY(context_.hold(held));
  }
  return rows;
}

Result<SeriesSet> Evaluator::rows_of(RangeInput& input, const Steps& steps,
                                     const RowProducer& producer) {
  Rows rows = TRY(produce_rows(input.size(), steps, producer));
  if (input.selection) {
    rows.set.set_source(input.selection, std::move(rows.series), input.names_are_equal);
  } else {
    rows.set.take_labels(input.subquery, rows.series);
  }
  return std::move(rows.set);
}

Status Evaluator::account(SeriesSet& set) {
  set.held = {};
  set.held = TRY(context_.hold(set.present()));
  return {};
}

Status Evaluator::drop_names(SeriesSet& set) {
  if (context_.delayed_name_removal()) {
    set.set_drops_name(true);
    return {};
  }
  const bool type_and_unit = context_.options.features.type_and_unit_labels;
  if (set.source() != nullptr && set.names_are_equal() && !type_and_unit) {
    set.remove_source_name();
    return {};
  }
  set.build_labels();
  for (Labels& labels : set.own_labels()) labels = without_metric_identity(labels, type_and_unit);
  return merge_equal_labels(set);
}

Status Evaluator::finish_names(SeriesSet& set) {
  bool any = false;
  for (std::size_t r = 0; r < set.rows() && !any; ++r) any = set.drops_name(r);
  if (!any) return {};
  const bool type_and_unit = context_.options.features.type_and_unit_labels;
  set.build_labels();
  for (std::size_t r = 0; r < set.rows(); ++r) {
    if (!set.drops_name(r)) continue;
    set.own_labels()[r] = without_metric_identity(set.own_labels()[r], type_and_unit);
  }
  set.set_drops_name(false);
  return merge_in_order(set);
}

Status Evaluator::merge_equal_labels(SeriesSet& set) {
  TRY(merge_in_order(set));
  set.sort_by_labels();
  return {};
}

}  // namespace silverback::promql

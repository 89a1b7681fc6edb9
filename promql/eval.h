// Evaluates a tree, each node for all steps at once (eval_types.h).
//
//   rate(x[5m]) + on (job) y      Binary        for every pair of rows, all steps
//     rate                        Call          a window function per series (functions_range.h)
//       x[5m]                     RangeInput    columns of one series at a time, never all
//     y                           SeriesSet
//
// A subtree that cannot differ between steps (`x @ end()`) is evaluated once and copied.
// Threads: one Evaluator per query, used by one thread, which lends work to the executor.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "promql/ast.h"
#include "promql/eval_context.h"
#include "promql/eval_types.h"

namespace silverback::promql {

// The indices [begin, end) of the samples that a step sees.
struct Window {
  std::uint32_t begin;
  std::uint32_t end;
};

// The instants that a selector or subquery asks for at each step: a moving one, or with `@` a fixed
// one; the offset is in it.
struct SelectorTimes {
  TimestampMs first;
  DurationMs step;  // 0 with `@`
  std::size_t count;

  TimestampMs at(std::size_t i) const { return first + static_cast<DurationMs>(i) * step; }
  TimestampMs last() const { return at(count - 1); }
};

// A range vector, read one series at a time: of a range selector or of a subquery. Staleness
// markers are taken out.
class RangeInput {
 public:
  std::size_t size() const { return selection ? selection->size() : subquery.rows(); }
  // Replaces `out` by the samples of one series, float samples only. From any thread.
  Status read(std::size_t series, SampleColumns& out) const;
  // The window of every step: (end - range, end], widened by `before` and `after`. Replaces `out`.
  void windows(const SampleColumns& columns, std::vector<Window>& out) const;

  SelectorTimes ends{};  // right ends of the windows
  DurationMs range = 0;
  DurationMs before = 0, after = 0;  // what anchored and smoothed see beyond the window
  bool anchored = false, smoothed = false;
  std::shared_ptr<const Selection> selection;  // null: a subquery
  bool names_are_equal = false;                // of the selection
  SeriesSet subquery;
  Steps subquery_steps;
};

// Working memory of one thread, kept from series to series.
struct RowScratch {
  SampleColumns columns;
  std::vector<Window> windows;
  std::vector<double> values, values2;
  std::vector<std::uint32_t> indices;
};

struct RowCount {
  std::uint64_t samples_read = 0;  // each counted in every step that saw it
  std::uint64_t window_max = 0;    // samples held for one step
};
// Fills `out` (absent before) for one series.
using RowProducer =
    std::function<Result<RowCount>(std::size_t series, RowScratch& scratch, std::span<double> out)>;

class Evaluator {
 public:
  explicit Evaluator(QueryContext& context) : context_(context), order_is_seen_(context.instant) {}

  // Requires a type other than kMatrix.
  Result<Operand> eval(const Expr& expr, const Steps& steps);
  Result<SeriesSet> eval_vector(const Expr& expr, const Steps& steps);
  // As eval_vector, for who adds up rows: their order then depends neither on values nor on which
  // steps are asked for, so that neither does the rounding of a sum.
  Result<SeriesSet> eval_addends(const Expr& expr, const Steps& steps);
  // Whether topk and sort show their ranks in the order of rows.
  bool order_is_seen() const { return order_is_seen_; }
  Result<ScalarSteps> eval_scalar(const Expr& expr, const Steps& steps);
  // A scalar with a value of its own at every step, 0 at first. Errors: kExecution.
  Result<ScalarSteps> varying_scalar(const Steps& steps);
  // Requires type kString.
  static std::string eval_string(const Expr& expr);
  // Requires type kMatrix.
  Result<RangeInput> eval_range(const Expr& expr, const Steps& steps);

  // The rows that the producer makes of series [0, count), those that stay empty left out; the
  // second vector's numbers tell which series each row is.
  struct Rows {
    SeriesSet set;
    std::vector<std::uint32_t> series;
  };
  Result<Rows> produce_rows(std::size_t count, const Steps& steps, const RowProducer& producer);
  // Rows of a range vector, with its labels.
  Result<SeriesSet> rows_of(RangeInput& input, const Steps& steps, const RowProducer& producer);

  // An instant selector, as the instants (in seconds) of its samples instead of their values.
  Result<SeriesSet> eval_sample_times(const VectorSelector& selector, const Steps& steps);

  // What functions and operators do to the metric name: removes it at once, or marks the rows when
  // names go at the end of the query. Errors: kExecution if two series become one.
  Status drop_names(SeriesSet& set);
  // After labels changed: series with equal labels become one, where they never have a sample at
  // the same step, and rows are in order of their labels again. Errors: kExecution otherwise.
  Status merge_equal_labels(SeriesSet& set);
  // Removes the names that are marked; rows stay in their order, which sort and topk may have made.
  // Errors: as drop_names.
  Status finish_names(SeriesSet& set);
  // Brings `set.held` up to date with what the set holds. Errors: kExecution.
  Status account(SeriesSet& set);

  // Errors: kInvalidArgument, for a duration expression that gives no duration, or none of at
  // least a millisecond where `positive`.
  Result<DurationMs> duration(const DurationValue& value, bool positive);

  QueryContext& context() { return context_; }

 private:
  Result<Operand> eval_once(const Expr& expr, const Steps& steps);
  Result<Operand> eval_unary(const Unary& unary, const Steps& steps);
  Result<SeriesSet> eval_selector(const VectorSelector& selector, const Steps& steps,
                                  bool sample_times);
  Result<SelectorTimes> times_of(const AtModifier& at, const DurationValue& offset,
                                 const Steps& steps);
  Result<RangeInput> eval_subquery(const Subquery& subquery, const Steps& steps);
  Result<std::shared_ptr<const Selection>> select(const VectorSelector& selector,
                                                  SelectHints hints);

  QueryContext& context_;
  bool order_is_seen_;            // an instant query, and no aggregation around
  const Expr* around_ = nullptr;  // the node around the one that is evaluated: a hint for storage
};

// Whether `expr` gives the same at every step: only literals and selectors with `@` below it, and
// no function that reads the clock.
bool is_step_invariant(const Expr& expr);

// Without the labels that say what a metric is: the name, and its type and unit where these are
// labels.
Labels without_metric_identity(const Labels& labels, bool type_and_unit);

}  // namespace silverback::promql

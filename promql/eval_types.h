// What the evaluator hands from node to node: every value of a node at all steps at once.
//
//              step 0   1   2   3
//   row 0 {a}       1   2   3   4      a SeriesSet: rows of one double per step,
//   row 1 {b}       -   -   5   6      `-` is absent()
//
// Threads: value types.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/labels.h"
#include "base/queryable.h"
#include "base/sample.h"
#include "base/time.h"

namespace silverback::promql {

class QueryContext;

// The instants of an evaluation: start, start + step, …
struct Steps {
  TimestampMs start = 0;
  DurationMs step = 1;
  std::size_t count = 1;

  TimestampMs at(std::size_t i) const { return start + static_cast<DurationMs>(i) * step; }
  TimestampMs last() const { return at(count - 1); }
};

// A series has no sample at a step. The staleness marker does for that: storage's own markers end
// at the selector, and no arithmetic can make one, because it is a signalling NaN and results are
// quiet.
inline double absent() { return stale_marker(); }
inline bool is_absent(double v) { return is_stale(v); }

// Samples of a query that are held at this moment; gives them back when it goes.
class HeldSamples {
 public:
  HeldSamples() = default;
  HeldSamples(QueryContext& context, std::uint64_t count) : context_(&context), count_(count) {}
  HeldSamples(HeldSamples&& other) noexcept { *this = std::move(other); }
  HeldSamples& operator=(HeldSamples&& other) noexcept;
  HeldSamples(const HeldSamples&) = delete;
  HeldSamples& operator=(const HeldSamples&) = delete;
  ~HeldSamples() { release(); }

  std::uint64_t count() const { return count_; }

 private:
  void release();

  QueryContext* context_ = nullptr;
  std::uint64_t count_ = 0;
};

// An instant vector at every step. Labels are built only when somebody asks: a row that came from a
// selection knows its index there.
class SeriesSet {
 public:
  SeriesSet() = default;
  explicit SeriesSet(std::size_t steps) : steps_(steps) {}

  std::size_t steps() const { return steps_; }
  std::size_t rows() const { return rows_; }
  std::span<double> row(std::size_t r) { return {values_.data() + r * steps_, steps_}; }
  std::span<const double> row(std::size_t r) const { return {values_.data() + r * steps_, steps_}; }

  // Rows that are absent everywhere, without labels yet: one of own() or from_selection() follows.
  void add_rows(std::size_t count);
  // Keeps the first `count` rows' values; for builders that fill more rows than they need.
  void truncate_rows(std::size_t count);
  // One more row. Requires own labels.
  std::span<double> add_row(Labels labels, bool drop_name);

  Labels labels(std::size_t r) const;
  // Of the label set, without building it where it is owned.
  std::string metric_name(std::size_t r) const;
  // Delayed name removal: the name is still there and goes when the query ends.
  bool drops_name(std::size_t r) const { return !drop_name_.empty() && drop_name_[r] != 0; }
  bool drops_any_name() const { return !drop_name_.empty(); }
  void set_drops_name(bool drop) { drop_name_.assign(drop ? rows_ : 0, 1); }
  void set_drops_name(std::size_t r, bool drop);

  // Builds every label set, so that own_labels() may be used.
  void build_labels();
  std::vector<Labels>& own_labels() { return labels_; }
  const std::vector<Labels>& own_labels() const { return labels_; }
  void set_labels(std::vector<Labels> labels);
  void set_source(std::shared_ptr<const Selection> source, std::vector<std::uint32_t> rows,
                  bool names_are_equal);
  const Selection* source() const { return source_.get(); }
  const std::vector<std::uint32_t>& source_rows() const { return source_rows_; }
  // The label sets, if not built yet, are given out without the name.
  bool name_removed() const { return name_removed_; }
  void remove_source_name() { name_removed_ = true; }
  // Every row has the same metric name, so removing it keeps label sets apart.
  bool names_are_equal() const { return names_are_equal_; }
  // The labels and flags of rows `keep` of `other`, for values that were put in separately.
  void take_labels(const SeriesSet& other, std::span<const std::uint32_t> keep);
  // The same rows in another order.
  SeriesSet reordered(std::span<const std::uint32_t> order) const;

  // Rows in ascending order of their labels, as selections give them. What adds rows up in order
  // needs an order that does not depend on which steps there are. Nothing where labels are not
  // built: a selection's rows are in order.
  void sort_by_labels();
  // Removes rows that are absent everywhere.
  void remove_empty_rows();
  std::uint64_t present() const;

  HeldSamples held;

 private:
  std::size_t steps_ = 0;
  std::size_t rows_ = 0;
  std::vector<double> values_;  // row after row
  std::vector<Labels> labels_;  // empty while source_ is set
  std::shared_ptr<const Selection> source_;
  std::vector<std::uint32_t> source_rows_;
  std::vector<std::uint8_t> drop_name_;  // empty: none
  bool name_removed_ = false;
  bool names_are_equal_ = false;
};

// A scalar at every step. One that is the same at all of them, as literals are, is kept as one
// value.
class ScalarSteps {
 public:
  ScalarSteps() = default;
  // The same at `count` steps.
  ScalarSteps(std::size_t count, double v) : values_(1, v), count_(count) {}
  // One value per step, for which `held` accounts.
  ScalarSteps(std::vector<double> values, HeldSamples held)
      : values_(std::move(values)), stride_(1), count_(values_.size()), held_(std::move(held)) {}

  std::size_t size() const { return count_; }
  double operator[](std::size_t i) const { return values_[i * stride_]; }
  double front() const { return values_.front(); }
  bool is_constant() const { return stride_ == 0; }
  // One per step, or one for all.
  std::span<double> values() { return values_; }
  std::span<const double> values() const { return values_; }

 private:
  std::vector<double> values_;
  std::size_t stride_ = 0;
  std::size_t count_ = 0;
  HeldSamples held_;
};

// f(left, right) at every step, in the memory of one of them.
template <class F>
ScalarSteps combine(ScalarSteps left, ScalarSteps right, F f) {
  const bool into_left = right.is_constant();
  ScalarSteps& out = into_left ? left : right;
  const std::span<double> values = out.values();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = f(left[i], right[i]);
  return std::move(out);
}

using Operand = std::variant<ScalarSteps, std::string, SeriesSet>;

}  // namespace silverback::promql

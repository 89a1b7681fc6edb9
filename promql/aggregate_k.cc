#include "promql/aggregate_k.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/number_text.h"
#include "promql/aggregate.h"
#include "promql/eval.h"
#include "promql/eval_context.h"

namespace silverback::promql {
namespace {

struct Candidate {
  double v;
  std::uint32_t row;
};

// The k best of a group, worst on top. The sift order is Go's container/heap, because which of
// several equal values stays depends on it.
class BestHeap {
 public:
  BestHeap(std::size_t k, bool largest) : k_(k), largest_(largest) {}

  void offer(Candidate candidate) {
    if (heap_.size() < k_) {
      heap_.push_back(candidate);
      sift_up(heap_.size() - 1);
    } else if (worse(heap_[0].v, candidate.v) ||
               (std::isnan(heap_[0].v) && !std::isnan(candidate.v))) {
      heap_[0] = candidate;
      sift_down(0);
    }
  }
  // Best first; empties the heap.
  std::vector<Candidate>& ranked() {
    std::stable_sort(heap_.begin(), heap_.end(), [this](const Candidate& a, const Candidate& b) {
      return std::isnan(b.v) ? !std::isnan(a.v) : worse(b.v, a.v);
    });
    return heap_;
  }
  void clear() { heap_.clear(); }

 private:
  bool worse(double a, double b) const { return largest_ ? a < b : a > b; }
  bool before(std::size_t a, std::size_t b) const {
    return std::isnan(heap_[a].v) || worse(heap_[a].v, heap_[b].v);
  }
  void sift_up(std::size_t j) {
    while (j > 0) {
      const std::size_t parent = (j - 1) / 2;
      if (!before(j, parent)) break;
      std::swap(heap_[parent], heap_[j]);
      j = parent;
    }
  }
  void sift_down(std::size_t i) {
    for (;;) {
      std::size_t child = 2 * i + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && before(child + 1, child)) ++child;
      if (!before(child, i)) break;
      std::swap(heap_[i], heap_[child]);
      i = child;
    }
  }

  std::size_t k_;
  bool largest_;
  std::vector<Candidate> heap_;
};

struct Pick {
  std::uint32_t row;
  std::uint32_t step;
};

void pick_best(const SeriesSet& set, const std::vector<std::vector<std::uint32_t>>& members,
               std::size_t step, std::size_t k, bool largest, std::vector<Pick>& picks) {
  for (const auto& rows : members) {
    BestHeap best(std::min(k, rows.size()), largest);
    for (const std::uint32_t r : rows) {
      if (const double v = set.row(r)[step]; !is_absent(v)) best.offer({v, r});
    }
    for (const Candidate& candidate : best.ranked()) {
      picks.push_back({candidate.row, static_cast<std::uint32_t>(step)});
    }
  }
}

void pick_first(const SeriesSet& set, const std::vector<std::vector<std::uint32_t>>& members,
                std::size_t step, std::size_t k, std::vector<Pick>& picks) {
  for (const auto& rows : members) {
    std::size_t picked = 0;
    for (const std::uint32_t r : rows) {
      if (picked == k) break;
      if (is_absent(set.row(r)[step])) continue;
      picks.push_back({r, static_cast<std::uint32_t>(step)});
      ++picked;
    }
  }
}

// Whether any k reaches 1.
Result<bool> check_k(const ScalarSteps& param) {
  constexpr double kInt64Bound = 9223372036854775808.0;
  const std::span<const double> values = param.values();
  if (std::none_of(values.begin(), values.end(),
                   [](double k) { return k >= 1 || std::isnan(k); })) {
    return false;
  }
  for (const double k : values) {
    if (std::isnan(k)) return fail(ErrorCode::kExecution, "Parameter value is NaN");
    if (k <= -kInt64Bound || k >= kInt64Bound) {
      return fail(ErrorCode::kExecution, "Scalar value " + short_float(k) +
                                             (k < 0 ? " underflows int64" : " overflows int64"));
    }
  }
  return true;
}

Result<bool> check_ratio(Evaluator& evaluator, const ScalarSteps& param, PositionRange position) {
  bool any = false;
  for (const double ratio : param.values()) {
    if (std::isnan(ratio)) return fail(ErrorCode::kExecution, "Ratio value is NaN");
    any = any || ratio != 0;
    if (ratio > 1) evaluator.context().annotations.warn(invalid_ratio_text(ratio, 1), position);
    if (ratio < -1) evaluator.context().annotations.warn(invalid_ratio_text(ratio, -1), position);
  }
  return any;
}

Status pick_ratio(const QueryContext& context, const SeriesSet& set, const ScalarSteps& param,
                  std::vector<Pick>& picks) {
  PacedCheck check(context);
  for (std::uint32_t r = 0; r < set.rows(); ++r) {
    const double offset = ratio_offset(set.labels(r));
    const auto row = set.row(r);
    for (std::uint32_t i = 0; i < row.size(); ++i) {
      if (is_absent(row[i])) continue;
      const double ratio = std::clamp(param[i], -1.0, 1.0);
      const bool picked = ratio >= 0 ? offset < ratio : offset >= 1.0 + ratio;
      if (picked) picks.push_back({r, i});
    }
    TRY(check.after(row.size()));
  }
  return {};
}

}  // namespace

Result<SeriesSet> select_rows(Evaluator& evaluator, AggregateOp op, const SeriesSet& set,
                              const RowGroups& groups, const ScalarSteps& param,
                              PositionRange param_position) {
  std::vector<Pick> picks;
  if (op == AggregateOp::kLimitRatio) {
    if (TRY(check_ratio(evaluator, param, param_position))) {
      TRY(pick_ratio(evaluator.context(), set, param, picks));
    }
  } else if (TRY(check_k(param))) {
    std::vector<std::vector<std::uint32_t>> members(groups.keys.size());
    for (std::uint32_t r = 0; r < set.rows(); ++r) members[groups.group_of[r]].push_back(r);
    for (std::size_t i = 0; i < set.steps(); ++i) {
      if (param[i] < 1) continue;
      TRY(evaluator.context().check());
      const auto k = static_cast<std::size_t>(param[i]);
      if (op == AggregateOp::kLimitk) {
        pick_first(set, members, i, k, picks);
      } else {
        pick_best(set, members, i, k, op == AggregateOp::kTopk, picks);
      }
    }
  }
  // Rows by rank where that is seen, else as they were.
  std::vector<std::uint32_t> keep;
  std::vector<bool> kept(set.rows(), false);
  for (const Pick& pick : picks) {
    if (!kept[pick.row]) keep.push_back(pick.row);
    kept[pick.row] = true;
  }
  if (!evaluator.order_is_seen()) std::sort(keep.begin(), keep.end());
  std::vector<std::uint32_t> out_row(set.rows(), 0);
  for (std::uint32_t r = 0; r < keep.size(); ++r) out_row[keep[r]] = r;
  SeriesSet out(set.steps());
  out.add_rows(keep.size());
  for (const Pick& pick : picks) {
    out.row(out_row[pick.row])[pick.step] = set.row(pick.row)[pick.step];
  }
  out.take_labels(set, keep);
  return out;
}

}  // namespace silverback::promql

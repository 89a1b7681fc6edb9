#include "promql/binary_match.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "promql/binary.h"
#include "promql/eval.h"
#include "promql/groups.h"

namespace silverback::promql {
namespace {

struct MatchGroup {
  Labels key;
  std::vector<std::uint32_t> left, right;  // rows
};

std::vector<MatchGroup> match_groups(const SeriesSet& left, const SeriesSet& right,
                                     const VectorMatching& matching) {
  // Series of different types do not match, even where the type goes with the name otherwise.
  constexpr bool kTypeAndUnit = false;
  RowGroups of_left = group_rows(left, matching.labels, matching.on, kTypeAndUnit);
  RowGroups of_right = group_rows(right, matching.labels, matching.on, kTypeAndUnit);
  std::vector<MatchGroup> groups(of_left.keys.size());
  std::unordered_map<Labels, std::size_t> number;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    number.emplace(of_left.keys[g], g);
    groups[g].key = std::move(of_left.keys[g]);
  }
  for (std::uint32_t r = 0; r < left.rows(); ++r) {
    groups[of_left.group_of[r]].left.push_back(r);
  }
  std::vector<std::size_t> of_right_key;
  for (Labels& key : of_right.keys) {
    const auto [found, inserted] = number.try_emplace(key, groups.size());
    of_right_key.push_back(found->second);
    if (inserted) groups.push_back({std::move(key), {}, {}});
  }
  for (std::uint32_t r = 0; r < right.rows(); ++r) {
    groups[of_right_key[of_right.group_of[r]]].right.push_back(r);
  }
  return groups;
}

// `{__name__="x", a="b"}`: how errors show a label set.
std::string in_braces(const Labels& labels) {
  std::string text = "{";
  for (const Label& label : labels) {
    if (text.size() > 1) text.append(", ");
    text.append(is_legacy_label_name(label.name) ? std::string(label.name) : quote(label.name));
    text.append("=").append(quote(label.value));
  }
  return text.append("}");
}

// f(left, right) into `out` at every step where both are present.
template <class F>
void combine(const double* left, const double* right, std::span<double> out, F f) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!is_absent(left[i]) && !is_absent(right[i])) out[i] = f(left[i], right[i]);
  }
}

void combine(BinaryOp op, const double* left, const double* right, std::span<double> out) {
  switch (op) {
    case BinaryOp::kAdd:
      return combine(left, right, out, [](double l, double r) { return l + r; });
    case BinaryOp::kSub:
      return combine(left, right, out, [](double l, double r) { return l - r; });
    case BinaryOp::kMul:
      return combine(left, right, out, [](double l, double r) { return l * r; });
    case BinaryOp::kDiv:
      return combine(left, right, out, [](double l, double r) { return l / r; });
    default:
      return combine(left, right, out, [op](double l, double r) { return arithmetic(op, l, r); });
  }
}

// Steps at which any of the rows has a sample.
std::vector<std::uint8_t> present_steps(const SeriesSet& set,
                                        const std::vector<std::uint32_t>& rows) {
  std::vector<std::uint8_t> present(set.steps(), 0);
  for (const std::uint32_t r : rows) {
    const auto row = set.row(r);
    for (std::size_t i = 0; i < row.size(); ++i)
      if (!is_absent(row[i])) present[i] = 1;
  }
  return present;
}

void keep_steps(SeriesSet& set, std::uint32_t r, const std::vector<std::uint8_t>& steps,
                bool where) {
  const auto row = set.row(r);
  for (std::size_t i = 0; i < row.size(); ++i) {
    if ((steps[i] != 0) != where) row[i] = absent();
  }
}

// Matches the rows of two vectors and collects the results.
class Matching {
 public:
  Matching(Evaluator& evaluator, const Binary& binary, const SeriesSet& left,
           const SeriesSet& right)
      : evaluator_(evaluator),
        binary_(binary),
        swapped_(binary.matching.card == VectorMatching::Card::kOneToMany),
        many_(swapped_ ? right : left),
        one_(swapped_ ? left : right),
        // Prometheus compatibility: with group_right, too, fill_left fills the many side.
        many_fill_(binary.matching.fill_left),
        one_fill_(binary.matching.fill_right),
        out_(left.steps()) {}

  Status run(const std::vector<MatchGroup>& groups) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      TRY(evaluator_.context().check());
      TRY(match(groups[g], static_cast<std::uint32_t>(g)));
      TRY(evaluator_.context().check_cells(out_.rows() * out_.steps()));
    }
    return {};
  }
  SeriesSet take() { return std::move(out_); }

 private:
  // One of the two samples of a pair: of a row, or filled in.
  struct Side {
    const double* row;  // null: `fill` at every step
    double fill;
    Labels labels;

    double at(std::size_t i) const { return row != nullptr ? row[i] : fill; }
  };

  Status match(const MatchGroup& group, std::uint32_t number) {
    const std::vector<std::uint32_t>& many = swapped_ ? group.right : group.left;
    const std::vector<std::uint32_t>& one = swapped_ ? group.left : group.right;
    if (one.size() > 1) TRY(check_unique(group.key, one));
    if ((many.empty() && !many_fill_) || (one.empty() && !one_fill_)) return {};
    matched_.assign(out_.steps(), 0);
    // Then two pairs meet in one output row only if their label sets are equal.
    const bool alone = binary_.matching.card != VectorMatching::Card::kOneToOne || many.size() == 1;
    simple_ = alone && !many_fill_ && !one_fill_ && !is_comparison(binary_.op);
    std::vector<std::uint8_t> one_present;
    if (one_fill_) one_present = present_steps(one_, one);
    for (const std::uint32_t m : many) {
      const Side many_side{many_.row(m).data(), 0, many_.labels(m)};
      for (const std::uint32_t o : one) {
        const Side one_side{one_.row(o).data(), 0, labels_if_included(o)};
        TRY(pair(number, many_side, one_side, [](std::size_t) { return true; }));
      }
      if (!one_fill_) continue;
      TRY(pair(number, many_side, Side{nullptr, *one_fill_, group.key},
               [&](std::size_t i) { return one_present[i] == 0; }));
    }
    if (!many_fill_) return {};
    const std::vector<std::uint8_t> matched = matched_;
    for (const std::uint32_t o : one) {
      TRY(pair(number, Side{nullptr, *many_fill_, group.key},
               Side{one_.row(o).data(), 0, one_.labels(o)},
               [&](std::size_t i) { return matched[i] == 0; }));
    }
    return {};
  }

  Labels labels_if_included(std::uint32_t o) const {
    return binary_.matching.include.empty() ? Labels() : one_.labels(o);
  }

  // Arithmetic into a row that nobody else has written yet. False if it is not that simple.
  bool pair_simply(std::uint32_t group, const Side& many, const Side& one) {
    if (!simple_) return false;
    const double* left = swapped_ ? one.row : many.row;
    const double* right = swapped_ ? many.row : one.row;
    bool meet = false;
    for (std::size_t i = 0; i < out_.steps() && !meet; ++i) {
      meet = !is_absent(left[i]) && !is_absent(right[i]);
    }
    if (!meet) return true;
    const std::size_t rows_before = out_.rows();
    const std::size_t out_row = row_for(many.labels, one.labels);
    if (out_row < rows_before) return false;
    group_of_row_[out_row] = group;
    combine(binary_.op, left, right, out_.row(out_row));
    return true;
  }

  template <class Wanted>
  Status pair(std::uint32_t group, const Side& many, const Side& one, Wanted wanted) {
    if (pair_simply(group, many, one)) return {};
    std::optional<std::size_t> out_row;
    for (std::size_t i = 0; i < out_.steps(); ++i) {
      const double m = many.at(i);
      const double o = one.at(i);
      if (is_absent(m) || is_absent(o) || !wanted(i)) continue;
      const double left = swapped_ ? o : m;
      const double right = swapped_ ? m : o;
      double result;
      if (!is_comparison(binary_.op)) {
        result = arithmetic(binary_.op, left, right);
      } else {
        const bool holds = compare(binary_.op, left, right);
        if (!holds && !binary_.return_bool) continue;
        result = binary_.return_bool ? (holds ? 1 : 0) : left;
      }
      if (!out_row) out_row = row_for(many.labels, one.labels);
      TRY(emit(*out_row, i, result, group));
    }
    return {};
  }

  Status emit(std::size_t out_row, std::size_t step, double v, std::uint32_t group) {
    double& cell = out_.row(out_row)[step];
    const bool taken = !is_absent(cell);
    if (binary_.matching.card == VectorMatching::Card::kOneToOne) {
      if (matched_[step] != 0) {
        return fail(ErrorCode::kExecution,
                    "multiple matches for labels: many-to-one matching must be explicit "
                    "(group_left/group_right)");
      }
    } else if (taken && group_of_row_[out_row] == group) {
      return fail(ErrorCode::kExecution,
                  "multiple matches for labels: grouping labels must ensure unique matches");
    }
    if (taken) {
      return fail(ErrorCode::kExecution, "vector cannot contain metrics with the same labelset");
    }
    matched_[step] = 1;
    group_of_row_[out_row] = group;
    cell = v;
    return {};
  }

  std::size_t row_for(const Labels& many, const Labels& one) {
    const VectorMatching& matching = binary_.matching;
    const QueryContext& context = evaluator_.context();
    const bool drop_name = !is_comparison(binary_.op) || binary_.return_bool;
    builder_.reset(many);
    if (drop_name && !context.delayed_name_removal()) {
      builder_.remove(kMetricName);
      if (context.options.features.type_and_unit_labels) {
        builder_.remove("__type__").remove("__unit__");
      }
    }
    if (matching.card == VectorMatching::Card::kOneToOne) {
      if (matching.on) {
        builder_.keep_only(matching.labels);
      } else {
        builder_.remove_all(matching.labels);
      }
    }
    for (const std::string& name : matching.include) builder_.set(name, one.get(name));
    Labels labels = builder_.build();
    const auto [found, inserted] = rows_.try_emplace(labels, out_.rows());
    if (inserted) {
      out_.add_row(std::move(labels), drop_name && context.delayed_name_removal());
      group_of_row_.push_back(0);
    }
    return found->second;
  }

  // The side of which each group may have one sample a step has no more.
  Status check_unique(const Labels& key, const std::vector<std::uint32_t>& rows) {
    if (many_present_.empty()) {
      std::vector<std::uint32_t> all(many_.rows());
      for (std::uint32_t r = 0; r < all.size(); ++r) all[r] = r;
      many_present_ = present_steps(many_, all);
    }
    for (std::size_t i = 0; i < one_.steps(); ++i) {
      if (many_present_[i] == 0 && !many_fill_) continue;
      std::optional<std::uint32_t> first;
      for (const std::uint32_t r : rows) {
        if (is_absent(one_.row(r)[i])) continue;
        if (first) return fail(duplicate(key, *first, r));
        first = r;
      }
    }
    return {};
  }

  Error duplicate(const Labels& key, std::uint32_t first, std::uint32_t second) const {
    std::string message = "found duplicate series for the match group ";
    message.append(in_braces(key)).append(" on the ").append(swapped_ ? "left" : "right");
    message.append(" hand-side of the operation: [").append(in_braces(one_.labels(second)));
    message.append(", ").append(in_braces(one_.labels(first)));
    message.append(
        "];many-to-many matching not allowed: matching labels must be unique on one side");
    return {ErrorCode::kExecution, std::move(message)};
  }

  Evaluator& evaluator_;
  const Binary& binary_;
  const bool swapped_;  // group_right: the left side is the one side
  const SeriesSet& many_;
  const SeriesSet& one_;
  const std::optional<double> many_fill_, one_fill_;
  SeriesSet out_;
  LabelsBuilder builder_;
  std::unordered_map<Labels, std::size_t> rows_;
  std::vector<std::uint32_t> group_of_row_;  // that wrote into each output row last
  std::vector<std::uint8_t> matched_;        // steps at which the current group has a result
  std::vector<std::uint8_t> many_present_;
  bool simple_ = false;  // the current group: see pair_simply()
};

}  // namespace

Result<SeriesSet> eval_set_operator(Evaluator& evaluator, const Binary& binary, SeriesSet left,
                                    SeriesSet right) {
  const auto groups = match_groups(left, right, binary.matching);
  if (binary.op != BinaryOp::kOr) {
    const bool where = binary.op == BinaryOp::kAnd;
    for (const MatchGroup& group : groups) {
      const auto present = present_steps(right, group.right);
      for (const std::uint32_t r : group.left) keep_steps(left, r, present, where);
    }
    left.remove_empty_rows();
    return left;
  }
  for (const MatchGroup& group : groups) {
    if (group.left.empty() || group.right.empty()) continue;
    const auto present = present_steps(left, group.left);
    for (const std::uint32_t r : group.right) keep_steps(right, r, present, false);
  }
  right.remove_empty_rows();
  left.build_labels();
  for (std::size_t r = 0; r < right.rows(); ++r) {
    const auto from = right.row(r);
    std::copy(from.begin(), from.end(), left.add_row(right.labels(r), right.drops_name(r)).begin());
  }
  TRY(evaluator.merge_equal_labels(left));
  return left;
}

Result<SeriesSet> eval_matched(Evaluator& evaluator, const Binary& binary, PositionRange position,
                               SeriesSet left, SeriesSet right) {
  const auto groups = match_groups(left, right, binary.matching);
  if (is_trim(binary.op)) {
    for (const MatchGroup& group : groups) {
      if (group.left.empty() || group.right.empty()) continue;
      evaluator.context().annotations.info(incompatible_floats_text(binary.op), position);
    }
    return SeriesSet(left.steps());
  }
  Matching matching(evaluator, binary, left, right);
  TRY(matching.run(groups));
  return matching.take();
}

}  // namespace silverback::promql

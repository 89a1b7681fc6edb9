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
#include "promql/eval_context.h"
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
Result<std::vector<std::uint8_t>> present_steps(const SeriesSet& set,
                                                const std::vector<std::uint32_t>& rows,
                                                PacedCheck& check) {
  std::vector<std::uint8_t> present(set.steps(), 0);
  for (const std::uint32_t r : rows) {
    const auto row = set.row(r);
    for (std::size_t i = 0; i < row.size(); ++i)
      if (!is_absent(row[i])) present[i] = 1;
    TRY(check.after(row.size()));
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
        out_(left.steps()),
        check_(evaluator.context()) {}

  Status run(const std::vector<MatchGroup>& groups) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      TRY(match(groups[g], static_cast<std::uint32_t>(g)));
    }
    return {};
  }
  SeriesSet take() { return std::move(out_); }

 private:
  Status match(const MatchGroup& group, std::uint32_t number) {
    const std::vector<std::uint32_t>& many = swapped_ ? group.right : group.left;
    const std::vector<std::uint32_t>& one = swapped_ ? group.left : group.right;
    TRY(check_.after(0));
    if (one.size() > 1) TRY(check_unique(group.key, one));
    if ((many.empty() && !many_fill_) || (one.empty() && !one_fill_)) return {};
    TRY(merge_one_side(one));
    matched_.assign(out_.steps(), 0);
    // Then two pairs meet in one output row only if their label sets are equal.
    const bool alone = binary_.matching.card != VectorMatching::Card::kOneToOne || many.size() == 1;
    const bool same_labels = one.size() == 1 || binary_.matching.include.empty();
    const bool simple =
        alone && same_labels && !many_fill_ && !one_fill_ && !is_comparison(binary_.op);
    for (const std::uint32_t m : many) {
      const bool done = simple && TRY(match_simply(number, m, one.front()));
      if (!done) TRY(match_row(group.key, number, m, one));
      TRY(check_.after(out_.steps()));
    }
    if (!many_fill_) return {};
    const std::vector<std::uint8_t> matched = matched_;
    for (const std::uint32_t o : one) {
      TRY(fill_row(group.key, number, o, matched));
      TRY(check_.after(out_.steps()));
    }
    return {};
  }

  // The rows of the one side as a single one: no two of them have a sample at a step that counts.
  Status merge_one_side(const std::vector<std::uint32_t>& one) {
    if (one.size() == 1) {
      one_values_ = one_.row(one.front());
      one_at_.assign(out_.steps(), 0);
      return {};
    }
    merged_.assign(out_.steps(), absent());
    one_at_.assign(out_.steps(), 0);
    for (std::uint32_t k = 0; k < one.size(); ++k) {
      const auto row = one_.row(one[k]);
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (is_absent(row[i])) continue;
        merged_[i] = row[i];
        one_at_[i] = k;
      }
      TRY(check_.after(row.size()));
    }
    one_values_ = merged_;
    return {};
  }

  Labels labels_if_included(std::uint32_t o) const {
    return binary_.matching.include.empty() ? Labels() : one_.labels(o);
  }

  // Arithmetic into a row that nobody else has written yet. False if it is not that simple.
  Result<bool> match_simply(std::uint32_t group, std::uint32_t m, std::uint32_t o) {
    const double* many = many_.row(m).data();
    const double* left = swapped_ ? one_values_.data() : many;
    const double* right = swapped_ ? many : one_values_.data();
    bool meet = false;
    for (std::size_t i = 0; i < out_.steps() && !meet; ++i) {
      meet = !is_absent(left[i]) && !is_absent(right[i]);
    }
    if (!meet) return true;
    const std::size_t rows_before = out_.rows();
    const std::size_t out_row = TRY(row_for(many_.labels(m), labels_if_included(o)));
    if (out_row < rows_before) return false;
    group_of_row_[out_row] = group;
    combine(binary_.op, left, right, out_.row(out_row));
    return true;
  }

  // A row of the many side with whatever the one side has at each step.
  Status match_row(const Labels& key, std::uint32_t group, std::uint32_t m,
                   const std::vector<std::uint32_t>& one) {
    const Labels labels = many_.labels(m);
    const auto row = many_.row(m);
    const bool labels_differ = !binary_.matching.include.empty();
    // The output row for each row of the one side, if its labels matter, and for what is filled in.
    out_rows_.assign(labels_differ ? one.size() + 1 : 1, std::nullopt);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (is_absent(row[i])) continue;
      const bool fill = is_absent(one_values_[i]);
      if (fill && !one_fill_) continue;
      const std::optional<double> result = apply(row[i], fill ? *one_fill_ : one_values_[i]);
      if (!result) continue;
      std::optional<std::size_t>& out_row =
          out_rows_[!labels_differ ? 0 : (fill ? one.size() : one_at_[i])];
      if (!out_row) {
        out_row = TRY(row_for(labels, fill ? key : labels_if_included(one[one_at_[i]])));
      }
      TRY(emit(*out_row, i, *result, group));
    }
    return {};
  }

  // A row of the one side where the many side had nothing that matched.
  Status fill_row(const Labels& key, std::uint32_t group, std::uint32_t o,
                  const std::vector<std::uint8_t>& matched) {
    const auto row = one_.row(o);
    std::optional<std::size_t> out_row;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (is_absent(row[i]) || matched[i] != 0) continue;
      const std::optional<double> result = apply(*many_fill_, row[i]);
      if (!result) continue;
      if (!out_row) out_row = TRY(row_for(key, one_.labels(o)));
      TRY(emit(*out_row, i, *result, group));
    }
    return {};
  }

  // Nothing where a comparison does not hold.
  std::optional<double> apply(double many, double one) const {
    const double left = swapped_ ? one : many;
    const double right = swapped_ ? many : one;
    if (!is_comparison(binary_.op)) return arithmetic(binary_.op, left, right);
    const bool holds = compare(binary_.op, left, right);
    if (binary_.return_bool) return holds ? 1 : 0;
    if (!holds) return std::nullopt;
    return left;
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

  // The output row for a pair with these labels. Errors: kExecution, if it is one too many.
  Result<std::size_t> row_for(const Labels& many, const Labels& one) {
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
      TRY(context.check_cells((out_.rows() + 1) * out_.steps()));
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
      many_present_ = TRY(present_steps(many_, all, check_));
    }
    for (std::size_t i = 0; i < one_.steps(); ++i) {
      if (many_present_[i] == 0 && !many_fill_) continue;
      std::optional<std::uint32_t> first;
      for (const std::uint32_t r : rows) {
        if (is_absent(one_.row(r)[i])) continue;
        if (first) return fail(duplicate(key, *first, r));
        first = r;
      }
      TRY(check_.after(rows.size()));
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
  // Of the current group's one side: the value at each step, and the number of the row it is of.
  std::span<const double> one_values_;
  std::vector<std::uint32_t> one_at_;
  std::vector<double> merged_;  // one_values_, where these are of several rows
  std::vector<std::optional<std::size_t>> out_rows_;  // see match_row()
  PacedCheck check_;
};

}  // namespace

Result<SeriesSet> eval_set_operator(Evaluator& evaluator, const Binary& binary, SeriesSet left,
                                    SeriesSet right) {
  const auto groups = match_groups(left, right, binary.matching);
  PacedCheck check(evaluator.context());
  if (binary.op != BinaryOp::kOr) {
    const bool where = binary.op == BinaryOp::kAnd;
    for (const MatchGroup& group : groups) {
      const std::vector<std::uint8_t> present = TRY(present_steps(right, group.right, check));
      for (const std::uint32_t r : group.left) {
        keep_steps(left, r, present, where);
        TRY(check.after(left.steps()));
      }
    }
    left.remove_empty_rows();
    return left;
  }
  for (const MatchGroup& group : groups) {
    if (group.left.empty() || group.right.empty()) continue;
    const std::vector<std::uint8_t> present = TRY(present_steps(left, group.left, check));
    for (const std::uint32_t r : group.right) {
      keep_steps(right, r, present, false);
      TRY(check.after(right.steps()));
    }
  }
  right.remove_empty_rows();
  TRY(evaluator.context().check_cells((left.rows() + right.rows()) * left.steps()));
  left.build_labels();
  for (std::size_t r = 0; r < right.rows(); ++r) {
    TRY(check.after(right.steps()));
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

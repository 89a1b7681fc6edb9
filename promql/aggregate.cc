#include "promql/aggregate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include <xxhash.h>

#include "base/number_text.h"
#include "promql/aggregate_k.h"
#include "promql/eval.h"
#include "promql/eval_context.h"
#include "promql/groups.h"
#include "promql/neumaier.h"
#include "promql/quantile.h"

namespace silverback::promql {
namespace {

// Steps that one thread takes at a time, all rows of them in order.
constexpr std::size_t kStepsPerPart = 128;
// Below this many values a second thread costs more than it helps.
constexpr std::size_t kValuesForThreads = 1 << 18;

struct Avg {
  NeumaierMean mean;
  explicit Avg(double v) : mean(v) {}
  void add(double v) { mean.add(v); }
  double value() const { return mean.value(); }
};

struct Count {
  double count = 1;
  explicit Count(double /*v*/) {}
  void add(double /*v*/) { count += 1; }
  double value() const { return count; }
};

struct Group {
  explicit Group(double /*v*/) {}
  void add(double /*v*/) {}
  double value() const { return 1; }
};

// NaN only if there is nothing else.
struct Min {
  double min;
  explicit Min(double v) : min(v) {}
  void add(double v) {
    if (v < min || std::isnan(min)) min = v;
  }
  double value() const { return min; }
};

struct Max {
  double max;
  explicit Max(double v) : max(v) {}
  void add(double v) {
    if (v > max || std::isnan(max)) max = v;
  }
  double value() const { return max; }
};

// Welford's running variance.
struct Stdvar {
  double count = 1;
  double mean;
  double squares;
  explicit Stdvar(double v) : mean(v), squares(std::isfinite(v) ? 0 : normal_nan()) {}
  void add(double v) {
    count += 1;
    const double delta = v - mean;
    mean += delta / count;
    squares += delta * (v - mean);
  }
  double value() const { return squares / count; }
};

struct Stddev : Stdvar {
  using Stdvar::Stdvar;
  double value() const { return std::sqrt(Stdvar::value()); }
};

// Steps [first, last) of every group, rows in order.
template <class State>
void fold_steps(const SeriesSet& set, const RowGroups& groups, std::size_t first, std::size_t last,
                SeriesSet& out) {
  const std::size_t width = last - first;
  std::vector<State> states(groups.keys.size() * width, State(0));
  std::vector<std::uint8_t> seen(states.size(), 0);
  for (std::size_t r = 0; r < set.rows(); ++r) {
    const double* row = set.row(r).data() + first;
    State* state = states.data() + groups.group_of[r] * width;
    std::uint8_t* any = seen.data() + groups.group_of[r] * width;
    for (std::size_t i = 0; i < width; ++i) {
      if (is_absent(row[i])) continue;
      if (any[i] != 0) {
        state[i].add(row[i]);
      } else {
        state[i] = State(row[i]);
        any[i] = 1;
      }
    }
  }
  for (std::size_t g = 0; g < groups.keys.size(); ++g) {
    const auto row = out.row(g);
    for (std::size_t i = 0; i < width; ++i) {
      if (seen[g * width + i] != 0) row[first + i] = states[g * width + i].value();
    }
  }
}

constexpr std::int64_t kMagnitudeBits = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kInfBits = 0x7ff0'0000'0000'0000;

// All ones where `condition` holds.
std::int64_t mask(bool condition) { return -static_cast<std::int64_t>(condition); }
double select(std::int64_t where, double yes, double no) {
  return std::bit_cast<double>((std::bit_cast<std::int64_t>(yes) & where) |
                               (std::bit_cast<std::int64_t>(no) & ~where));
}

// NeumaierSum for a whole row of sums. Conditions are masks, not branches, so that the compiler
// takes several steps at once. `sum` is absent where nothing was added yet.
void add_row(const double* __restrict v, double* __restrict sum, double* __restrict c,
             std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const double x = v[i];
    const double s = sum[i];
    const double t = s + x;
    const double low_of_x = (s - t) + x;
    const double low_of_s = (x - t) + s;
    const std::int64_t s_larger = mask((std::bit_cast<std::int64_t>(s) & kMagnitudeBits) >=
                                       (std::bit_cast<std::int64_t>(x) & kMagnitudeBits));
    const std::int64_t infinite =
        mask((std::bit_cast<std::int64_t>(t) & kMagnitudeBits) == kInfBits);
    const std::int64_t first = mask(is_absent(s));
    const std::int64_t none = mask(is_absent(x));
    const double next_c = select(infinite | first, 0, c[i] + select(s_larger, low_of_x, low_of_s));
    sum[i] = select(none, s, select(first, x, t));
    c[i] = select(none, c[i], next_c);
  }
}

void sum_steps(const SeriesSet& set, const RowGroups& groups, std::size_t first, std::size_t last,
               SeriesSet& out) {
  const std::size_t width = last - first;
  std::vector<double> low(groups.keys.size() * width, 0);
  for (std::size_t r = 0; r < set.rows(); ++r) {
    const std::size_t g = groups.group_of[r];
    add_row(set.row(r).data() + first, out.row(g).data() + first, low.data() + g * width, width);
  }
  for (std::size_t g = 0; g < groups.keys.size(); ++g) {
    double* row = out.row(g).data() + first;
    for (std::size_t i = 0; i < width; ++i) {
      if (!is_absent(row[i])) row[i] += low[g * width + i];
    }
  }
}

SeriesSet rows_for(const RowGroups& groups, std::size_t steps) {
  SeriesSet out(steps);
  out.add_rows(groups.keys.size());
  out.set_labels(groups.keys);
  for (std::size_t g = 0; g < groups.keys.size(); ++g) {
    if (groups.drop_name[g] != 0) out.set_drops_name(g, true);
  }
  return out;
}

using FoldSteps = void (*)(const SeriesSet&, const RowGroups&, std::size_t, std::size_t,
                           SeriesSet&);

Result<SeriesSet> fold(Evaluator& evaluator, const SeriesSet& set, const RowGroups& groups,
                       FoldSteps fold_part) {
  SeriesSet out = rows_for(groups, set.steps());
  const bool threads = set.rows() * set.steps() >= kValuesForThreads;
  const std::size_t part = threads ? kStepsPerPart : std::max<std::size_t>(set.steps(), 1);
  TRY(evaluator.context().for_each_part(set.steps(), part,
                                        [&](std::size_t first, std::size_t last) -> Status {
                                          fold_part(set, groups, first, last, out);
                                          return {};
                                        }));
  out.remove_empty_rows();
  return out;
}

Result<SeriesSet> fold(Evaluator& evaluator, AggregateOp op, const SeriesSet& set,
                       const RowGroups& groups) {
  switch (op) {
    case AggregateOp::kSum:
      return fold(evaluator, set, groups, sum_steps);
    case AggregateOp::kAvg:
      return fold(evaluator, set, groups, fold_steps<Avg>);
    case AggregateOp::kCount:
      return fold(evaluator, set, groups, fold_steps<Count>);
    case AggregateOp::kMin:
      return fold(evaluator, set, groups, fold_steps<Min>);
    case AggregateOp::kMax:
      return fold(evaluator, set, groups, fold_steps<Max>);
    case AggregateOp::kStddev:
      return fold(evaluator, set, groups, fold_steps<Stddev>);
    case AggregateOp::kStdvar:
      return fold(evaluator, set, groups, fold_steps<Stdvar>);
    default:
      return fold(evaluator, set, groups, fold_steps<Group>);
  }
}

Result<SeriesSet> aggregate_quantile(Evaluator& evaluator, const SeriesSet& set,
                                     const RowGroups& groups, const ScalarSteps& q,
                                     PositionRange q_position) {
  for (const double v : q.values()) {
    if (v >= 0 && v <= 1) continue;
    evaluator.context().annotations.warn(invalid_quantile_text(v), q_position);
  }
  std::vector<std::vector<std::uint32_t>> members(groups.keys.size());
  for (std::size_t r = 0; r < set.rows(); ++r) {
    members[groups.group_of[r]].push_back(static_cast<std::uint32_t>(r));
  }
  SeriesSet out = rows_for(groups, set.steps());
  std::vector<double> values;
  PacedCheck check(evaluator.context());
  for (std::size_t g = 0; g < members.size(); ++g) {
    for (std::size_t i = 0; i < set.steps(); ++i) {
      TRY(check.after(members[g].size()));
      values.clear();
      for (const std::uint32_t r : members[g]) {
        if (const double v = set.row(r)[i]; !is_absent(v)) values.push_back(v);
      }
      if (!values.empty()) out.row(g)[i] = quantile(q[i], values);
    }
  }
  return out;
}

Result<SeriesSet> aggregate_count_values(Evaluator& evaluator, const Aggregate& aggregate,
                                         const SeriesSet& set) {
  const std::string label = Evaluator::eval_string(*aggregate.param);
  if (label.empty() || !is_valid_utf8(label)) {
    return fail(ErrorCode::kExecution, "invalid label name " + quote(label));
  }
  // The label takes the value's place before the groups are made: it may be what `without` removes.
  std::vector<std::string> names = aggregate.grouping;
  const auto named = std::remove(names.begin(), names.end(), label);
  const bool shown = !aggregate.without || named == names.end();
  names.erase(named, names.end());
  if (aggregate.without) names.push_back(label);
  const RowGroups groups = group_rows(set, names, !aggregate.without,
                                      evaluator.context().options.features.type_and_unit_labels);
  SeriesSet out(set.steps());
  std::map<std::pair<std::uint32_t, std::string>, std::size_t> rows;
  for (std::size_t r = 0; r < set.rows(); ++r) {
    TRY(evaluator.context().check());
    const auto values = set.row(r);
    const std::uint32_t group = groups.group_of[r];
    double last = absent();
    std::size_t out_row = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (is_absent(values[i])) continue;
      if (is_absent(last) || !identical({0, values[i]}, {0, last})) {
        last = values[i];
        const auto [found, inserted] =
            rows.try_emplace({group, shown ? format_float(last) : std::string()}, out.rows());
        if (inserted) {
          LabelsBuilder builder(groups.keys[group]);
          builder.set(label, found->first.second);
          out.add_row(builder.build(), groups.drop_name[group] != 0);
          TRY(evaluator.context().check_cells(out.rows() * out.steps()));
        }
        out_row = found->second;
      }
      double& count = out.row(out_row)[i];
      count = is_absent(count) ? 1 : count + 1;
    }
  }
  return out;
}

bool picks_rows(AggregateOp op) {
  return op == AggregateOp::kTopk || op == AggregateOp::kBottomk || op == AggregateOp::kLimitk ||
         op == AggregateOp::kLimitRatio;
}

}  // namespace

Result<SeriesSet> eval_aggregate(Evaluator& evaluator, const Aggregate& aggregate,
                                 PositionRange /*position*/, const Steps& steps) {
  const AggregateOp op = aggregate.op;
  ScalarSteps param;
  if (aggregate.param != nullptr && op != AggregateOp::kCountValues) {
    param = TRY(evaluator.eval_scalar(*aggregate.param, steps));
  }
  SeriesSet set = TRY(evaluator.eval_addends(*aggregate.expr, steps));
  SeriesSet out;
  if (op == AggregateOp::kCountValues) {
    out = TRY(aggregate_count_values(evaluator, aggregate, set));
  } else {
    std::vector<std::string> names = aggregate.grouping;
    if (set.name_removed() && !aggregate.without) {
      names.erase(std::remove(names.begin(), names.end(), kMetricName), names.end());
    }
    const RowGroups groups = group_rows(set, names, !aggregate.without,
                                        evaluator.context().options.features.type_and_unit_labels);
    if (op == AggregateOp::kQuantile) {
      out = TRY(aggregate_quantile(evaluator, set, groups, param, aggregate.param->position));
    } else if (picks_rows(op)) {
      out = TRY(select_rows(evaluator, op, set, groups, param, aggregate.param->position));
    } else {
      out = TRY(fold(evaluator, op, set, groups));
    }
  }
  if (!picks_rows(op)) out.sort_by_labels();
  TRY(evaluator.account(out));
  return out;
}

double ratio_offset(const Labels& labels) {
  // XXH64 over length-prefixed names and values; a length of 255 and more takes three more bytes.
  std::string bytes;
  const auto append = [&bytes](std::string_view text) {
    const std::size_t length = text.size();
    if (length < 255) {
      bytes.push_back(static_cast<char>(length));
    } else {
      bytes.push_back(static_cast<char>(255));
      for (int shift = 0; shift < 24; shift += 8) {
        bytes.push_back(static_cast<char>((length >> shift) & 0xff));
      }
    }
    bytes.append(text);
  };
  for (const Label& label : labels) {
    append(label.name);
    append(label.value);
  }
  return static_cast<double>(XXH64(bytes.data(), bytes.size(), 0)) / 18446744073709551616.0;
}

}  // namespace silverback::promql

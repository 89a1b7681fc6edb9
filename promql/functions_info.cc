// info(v, {selector}): adds to the series of `v` the labels of info metrics (`target_info`) with
// the same `instance` and `job`. Source:
// https://prometheus.io/docs/prometheus/latest/querying/functions/#info
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "promql/eval.h"
#include "promql/eval_context.h"
#include "promql/functions.h"
#include "promql/functions_eval.h"

namespace silverback::promql {
namespace {

constexpr std::array<std::string_view, 2> kIdentifyingLabels = {"instance", "job"};

struct InfoSelector {
  std::vector<Matcher> names;    // for the metric name
  std::vector<Matcher> data;     // for other labels
  std::set<std::string> labels;  // wanted; empty: all
  bool data_wanted = false;      // some matcher wants a label to be there
};

Result<InfoSelector> info_selector(const Call& call) {
  InfoSelector info;
  bool positive = false;
  if (call.args.size() > 1) {
    for (const Matcher& m : std::get<VectorSelector>(without_parens(*call.args[1]).node).matchers) {
      if (m.name() == kMetricName) {
        info.names.push_back(m);
        positive = positive || !m.is_negative();
        continue;
      }
      info.data.push_back(m);
      info.labels.insert(m.name());
      info.data_wanted = info.data_wanted || !m.matches_empty();
    }
  }
  if (info.names.empty()) {
    info.names.push_back(Matcher::equal(std::string(kMetricName), "target_info"));
  } else if (!positive) {
    info.names.push_back(
        TRY(Matcher::make(Matcher::Type::kRegex, std::string(kMetricName), ".+_info")));
  }
  return info;
}

// The instants that the first selector in `expr` reads: info series are read as of these too.
struct ReadTime {
  AtModifier at;
  DurationMs offset = 0;
};

class ReadTimeFinder {
 public:
  explicit ReadTimeFinder(Evaluator& evaluator) : evaluator_(evaluator) {}

  Result<std::optional<ReadTime>> find(const Expr& expr, ReadTime outer) {
    return std::visit([&](const auto& node) { return in(node, outer); }, expr.node);
  }

 private:
  using Found = Result<std::optional<ReadTime>>;

  Result<ReadTime> shift(ReadTime outer, const AtModifier& at, const DurationValue& offset) {
    const DurationMs by = TRY(evaluator_.duration(offset, false));
    if (at.kind != AtModifier::Kind::kNone) return ReadTime{at, by};
    return ReadTime{outer.at, outer.offset + by};
  }
  Found in(const VectorSelector& s, ReadTime outer) { return TRY(shift(outer, s.at, s.offset)); }
  Found in(const MatrixSelector& m, ReadTime outer) { return find(*m.selector, outer); }
  Found in(const Subquery& s, ReadTime outer) {
    return find(*s.expr, TRY(shift(outer, s.at, s.offset)));
  }
  Found in(const Paren& p, ReadTime outer) { return find(*p.expr, outer); }
  Found in(const Unary& u, ReadTime outer) { return find(*u.expr, outer); }
  Found in(const Aggregate& a, ReadTime outer) { return find(*a.expr, outer); }
  Found in(const Binary& b, ReadTime outer) {
    std::optional<ReadTime> left = TRY(find(*b.lhs, outer));
    if (left) return left;
    return find(*b.rhs, outer);
  }
  Found in(const Call& c, ReadTime outer) {
    for (const ExprPtr& arg : c.args) {
      std::optional<ReadTime> found = TRY(find(*arg, outer));
      if (found) return found;
    }
    return std::optional<ReadTime>();
  }
  Found in(const NumberLiteral&, ReadTime) { return std::optional<ReadTime>(); }
  Found in(const StringLiteral&, ReadTime) { return std::optional<ReadTime>(); }

  Evaluator& evaluator_;
};

std::string identity_of(const Labels& labels) {
  std::string identity;
  for (const std::string_view name : kIdentifyingLabels) {
    identity.append(labels.get(name)).push_back('\xff');
  }
  return identity;
}

// Info series by identity, then by metric name.
using InfoRows = std::map<std::string, std::map<std::string, std::vector<std::uint32_t>>>;

class Enricher {
 public:
  Enricher(const QueryContext& context, const InfoSelector& selector, const SeriesSet& base,
           SeriesSet info)
      : context_(context),
        check_(context),
        selector_(selector),
        base_(base),
        info_(std::move(info)),
        out_(base.steps()) {
    info_.build_labels();
    for (std::uint32_t r = 0; r < info_.rows(); ++r) {
      const Labels& labels = info_.own_labels()[r];
      by_identity_[identity_of(labels)][std::string(labels.metric_name())].push_back(r);
    }
  }

  Status run() {
    for (std::size_t r = 0; r < base_.rows(); ++r) TRY(enrich(r));
    return {};
  }
  SeriesSet take() { return std::move(out_); }

 private:
  bool is_info_series(const Labels& labels) const {
    return std::all_of(selector_.names.begin(), selector_.names.end(),
                       [&](const Matcher& m) { return m.matches(labels); });
  }

  Status enrich(std::size_t r) {
    const Labels labels = base_.labels(r);
    const auto from = base_.row(r);
    const auto found = by_identity_.find(identity_of(labels));
    if (is_info_series(labels)) {
      const std::size_t number = TRY(add_row(labels, r));
      std::copy(from.begin(), from.end(), out_.row(number).begin());
      return check_.after(from.size());
    }
    std::map<std::vector<std::uint32_t>, std::size_t> rows;  // by the info series used
    std::vector<std::uint32_t> used;
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (is_absent(from[i])) continue;
      used.clear();
      if (found != by_identity_.end()) {
        for (const auto& [name, candidates] : found->second) {
          TRY(pick(candidates, i, used));
          TRY(check_.after(candidates.size()));
        }
      }
      if (used.empty() && selector_.data_wanted) continue;
      auto row = rows.find(used);
      if (row == rows.end()) {
        Labels enriched = TRY(labels_with(labels, used));
        const std::size_t number = TRY(add_row(std::move(enriched), r));
        row = rows.emplace(used, number).first;
      }
      out_.row(row->second)[i] = from[i];
    }
    return check_.after(from.size());
  }

  // The number of a new row, for what comes of row `base_row`.
  Result<std::size_t> add_row(Labels labels, std::size_t base_row) {
    TRY(context_.check_cells((out_.rows() + 1) * out_.steps()));
    out_.add_row(std::move(labels), base_.drops_name(base_row));
    return out_.rows() - 1;
  }

  // Of several series of one info metric, the one with the newest sample.
  Status pick(const std::vector<std::uint32_t>& candidates, std::size_t step,
              std::vector<std::uint32_t>& used) const {
    std::optional<std::uint32_t> best;
    for (const std::uint32_t r : candidates) {
      const double t = info_.row(r)[step];
      if (is_absent(t)) continue;
      if (best && info_.row(*best)[step] == t) {
        return fail(ErrorCode::kExecution, "found duplicate series for info metric: existing " +
                                               info_.own_labels()[*best].to_string() + ", new " +
                                               info_.own_labels()[r].to_string());
      }
      if (!best || info_.row(*best)[step] < t) best = r;
    }
    if (best) used.push_back(*best);
    return {};
  }

  Result<Labels> labels_with(const Labels& base, const std::vector<std::uint32_t>& used) const {
    std::map<std::string_view, std::string_view> added;
    for (const std::uint32_t r : used) {
      for (const Label& label : info_.own_labels()[r]) {
        const bool identifies = label.name == kMetricName ||
                                std::find(kIdentifyingLabels.begin(), kIdentifyingLabels.end(),
                                          label.name) != kIdentifyingLabels.end();
        if (identifies || base.has(label.name)) continue;
        if (!selector_.labels.empty() &&
            selector_.labels.find(std::string(label.name)) == selector_.labels.end()) {
          continue;
        }
        const auto [found, inserted] = added.try_emplace(label.name, label.value);
        if (!inserted && found->second != label.value) {
          return fail(ErrorCode::kExecution, "conflicting label: " + std::string(label.name));
        }
      }
    }
    LabelsBuilder builder(base);
    for (const auto& [name, value] : added) builder.set(name, value);
    return builder.build();
  }

  const QueryContext& context_;
  PacedCheck check_;
  const InfoSelector& selector_;
  const SeriesSet& base_;
  SeriesSet info_;  // values are the instants of the samples
  InfoRows by_identity_;
  SeriesSet out_;
};

}  // namespace

Result<Operand> eval_info(Evaluator& evaluator, const Call& call, PositionRange /*position*/,
                          const Steps& steps) {
  const InfoSelector selector = TRY(info_selector(call));
  const SeriesSet base = TRY(evaluator.eval_vector(*call.args[0], steps));
  const std::optional<ReadTime> read_time =
      TRY(ReadTimeFinder(evaluator).find(*call.args[0], ReadTime{}));
  VectorSelector info;
  info.matchers = selector.names;
  info.matchers.insert(info.matchers.end(), selector.data.begin(), selector.data.end());
  if (read_time) {
    info.at = read_time->at;
    info.offset.ms = read_time->offset;
  }
  SeriesSet info_series(steps.count);
  if (base.rows() > 0) info_series = TRY(evaluator.eval_sample_times(info, steps));
  Enricher enricher(evaluator.context(), selector, base, std::move(info_series));
  TRY(enricher.run());
  SeriesSet out = enricher.take();
  TRY(evaluator.merge_equal_labels(out));
  TRY(evaluator.account(out));
  return out;
}

}  // namespace silverback::promql

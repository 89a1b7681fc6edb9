// histogram_quantile, histogram_quantiles and histogram_fraction over classic histograms: series
// that differ in `le` only are the buckets of one.
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/number_text.h"
#include "promql/eval.h"
#include "promql/eval_context.h"
#include "promql/functions.h"
#include "promql/functions_eval.h"
#include "promql/quantile.h"

namespace silverback::promql {
namespace {

constexpr std::string_view kBucketLabel = "le";
constexpr std::size_t kQuantilesMax = 10;

struct ClassicHistogram {
  Labels labels;  // without le
  bool drop_name;
  struct Row {
    double upper_bound;
    std::uint32_t row;
  };
  std::vector<Row> rows;
};

std::vector<ClassicHistogram> classic_histograms(QueryContext& context, const SeriesSet& set,
                                                 PositionRange position) {
  std::vector<ClassicHistogram> histograms;
  std::unordered_map<Labels, std::size_t> number;
  std::vector<Label> rest;
  for (std::uint32_t r = 0; r < set.rows(); ++r) {
    const Labels labels = set.labels(r);
    rest.clear();
    std::string_view le;
    for (const Label& label : labels) {
      if (label.name == kBucketLabel) {
        le = label.value;
      } else {
        rest.push_back(label);
      }
    }
    const std::optional<double> upper_bound = parse_float(le);
    if (!upper_bound) {
      context.annotations.warn(bad_bucket_label_text(labels.metric_name(), le), position);
      continue;
    }
    const auto [found, inserted] = number.try_emplace(Labels::from_sorted(rest), histograms.size());
    if (inserted) histograms.push_back({found->first, set.drops_name(r), {}});
    histograms[found->second].rows.push_back({*upper_bound, r});
  }
  // By bound already here, so that sorting at each step has nothing to do.
  for (ClassicHistogram& histogram : histograms) {
    std::stable_sort(histogram.rows.begin(), histogram.rows.end(),
                     [](const auto& a, const auto& b) { return a.upper_bound < b.upper_bound; });
  }
  return histograms;
}

// f(histogram, step, buckets), a Status, for every histogram at every step that has buckets; empty
// if they are not a histogram (no +Inf).
template <class F>
Status for_each_histogram(QueryContext& context, const SeriesSet& set,
                          const std::vector<ClassicHistogram>& histograms, F f) {
  std::vector<Bucket> buckets;
  PacedCheck check(context);
  for (std::size_t h = 0; h < histograms.size(); ++h) {
    for (std::size_t i = 0; i < set.steps(); ++i) {
      TRY(check.after(histograms[h].rows.size()));
      buckets.clear();
      for (const auto& [upper_bound, row] : histograms[h].rows) {
        if (const double v = set.row(row)[i]; !is_absent(v)) buckets.push_back({upper_bound, v});
      }
      if (buckets.empty()) continue;
      if (!prepare_buckets(buckets)) buckets.clear();
      TRY(f(h, i, buckets));
    }
  }
  return {};
}

double quantile_of(QueryContext& context, const ClassicHistogram& histogram,
                   std::vector<Bucket>& buckets, double q, TimestampMs t, PositionRange position) {
  if (!buckets.empty()) {
    MonotonicityFix fix;
    make_monotonic(buckets, fix);
    if (fix.forced) {
      context.annotations.info_monotonicity(histogram.labels.metric_name(), fix, t, position);
    }
  }
  return bucket_quantile(q, buckets);
}

void warn_of_quantiles(QueryContext& context, const ScalarSteps& quantiles,
                       PositionRange position) {
  for (const double q : quantiles.values()) {
    if (!(q >= 0 && q <= 1)) context.annotations.warn(invalid_quantile_text(q), position);
  }
}

// As label values write floats: `0.5`, `1.0`.
std::string label_float(double v) {
  std::string text = short_float(v);
  if (text.find_first_of(".eNI") == std::string::npos) text.append(".0");
  return text;
}

Result<SeriesSet> rows_for(const QueryContext& context,
                           const std::vector<ClassicHistogram>& histograms, std::size_t steps) {
  TRY(context.check_cells(histograms.size() * steps));
  SeriesSet out(steps);
  for (const ClassicHistogram& histogram : histograms) {
    out.add_row(histogram.labels, histogram.drop_name);
  }
  return out;
}

Result<Operand> finish(Evaluator& evaluator, SeriesSet out) {
  out.remove_empty_rows();
  TRY(evaluator.drop_names(out));
  out.sort_by_labels();
  TRY(evaluator.account(out));
  return out;
}

}  // namespace

Result<Operand> eval_histogram_quantile(Evaluator& evaluator, const Call& call,
                                        PositionRange /*position*/, const Steps& steps) {
  QueryContext& context = evaluator.context();
  const ScalarSteps q = TRY(evaluator.eval_scalar(*call.args[0], steps));
  const SeriesSet set = TRY(evaluator.eval_vector(*call.args[1], steps));
  warn_of_quantiles(context, q, call.args[0]->position);
  const PositionRange position = call.args[1]->position;
  const auto histograms = classic_histograms(context, set, position);
  SeriesSet out = TRY(rows_for(context, histograms, steps.count));
  TRY(for_each_histogram(context, set, histograms,
                         [&](std::size_t h, std::size_t i, std::vector<Bucket>& buckets) -> Status {
                           out.row(h)[i] = quantile_of(context, histograms[h], buckets, q[i],
                                                       steps.at(i), position);
                           return {};
                         }));
  return finish(evaluator, std::move(out));
}

Result<Operand> eval_histogram_quantiles(Evaluator& evaluator, const Call& call,
                                         PositionRange /*position*/, const Steps& steps) {
  QueryContext& context = evaluator.context();
  const SeriesSet set = TRY(evaluator.eval_vector(*call.args[0], steps));
  const std::string label = Evaluator::eval_string(*call.args[1]);
  if (call.args.size() - 2 > kQuantilesMax) {
    return fail(ErrorCode::kExecution, "histogram_quantiles takes at most 10 quantiles");
  }
  const PositionRange position = call.args[0]->position;
  const auto histograms = classic_histograms(context, set, position);
  for (const ClassicHistogram& histogram : histograms) {
    if (!histogram.labels.has(label)) continue;
    return fail(ErrorCode::kExecution, "label " + quote(label) + " already exists in metric " +
                                           histogram.labels.to_string());
  }
  SeriesSet out(steps.count);
  std::unordered_map<Labels, std::size_t> rows;
  for (std::size_t a = 2; a < call.args.size(); ++a) {
    const ScalarSteps q = TRY(evaluator.eval_scalar(*call.args[a], steps));
    warn_of_quantiles(context, q, call.args[a]->position);
    const auto body = [&](std::size_t h, std::size_t i, std::vector<Bucket>& buckets) -> Status {
      LabelsBuilder builder(histograms[h].labels);
      builder.set(label, label_float(q[i]));
      const auto [found, inserted] = rows.try_emplace(builder.build(), out.rows());
      if (inserted) {
        TRY(context.check_cells((out.rows() + 1) * out.steps()));
        out.add_row(found->first, histograms[h].drop_name);
      }
      out.row(found->second)[i] =
          quantile_of(context, histograms[h], buckets, q[i], steps.at(i), position);
      return {};
    };
    TRY(for_each_histogram(context, set, histograms, body));
  }
  return finish(evaluator, std::move(out));
}

Result<Operand> eval_histogram_fraction(Evaluator& evaluator, const Call& call,
                                        PositionRange /*position*/, const Steps& steps) {
  QueryContext& context = evaluator.context();
  const ScalarSteps lower = TRY(evaluator.eval_scalar(*call.args[0], steps));
  const ScalarSteps upper = TRY(evaluator.eval_scalar(*call.args[1], steps));
  const SeriesSet set = TRY(evaluator.eval_vector(*call.args[2], steps));
  const auto histograms = classic_histograms(context, set, call.args[2]->position);
  SeriesSet out = TRY(rows_for(context, histograms, steps.count));
  TRY(for_each_histogram(context, set, histograms,
                         [&](std::size_t h, std::size_t i, std::vector<Bucket>& buckets) -> Status {
                           out.row(h)[i] = buckets.empty()
                                               ? normal_nan()
                                               : bucket_fraction(lower[i], upper[i], buckets);
                           return {};
                         }));
  return finish(evaluator, std::move(out));
}

}  // namespace silverback::promql

#include "rules/unit_test.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/memory_storage.h"
#include "base/metrics.h"
#include "base/number_text.h"
#include "config/glob.h"
#include "config/rule_file.h"
#include "promql/engine.h"
#include "promql/series_notation.h"
#include "rules/group.h"

namespace silverback::rules {
namespace {

using Pairs = std::map<std::string, std::string>;

// Slots of groups are in nanoseconds.
constexpr TimestampMs kTimeMax = std::numeric_limits<TimestampNs>::max() / 1'000'000;

class TestClock final : public Clock {
 public:
  TimestampMs now() const override { return now_; }
  void set(TimestampMs now) { now_ = now; }

 private:
  TimestampMs now_ = 0;
};

std::string text_of(const Pairs& pairs) {
  std::string text = "{";
  for (const auto& [name, value] : pairs)
    text += (text.size() > 1 ? ", " : "") + name + "=" + quote(value);
  return text + "}";
}

std::string text_of(const Labels& labels, double v) {
  return labels.to_string() + " " + format_float(v);
}

// An alert as it is compared: an expected label without a value is not the same as none.
using AlertText = std::pair<Pairs, Pairs>;  // labels, annotations

std::vector<std::string> texts_of(const std::vector<AlertText>& alerts) {
  std::vector<std::string> texts;
  for (const auto& [labels, annotations] : alerts)
    texts.push_back("Labels:" + text_of(labels) + "\nAnnotations:" + text_of(annotations));
  return texts;
}

struct LabeledValue {
  Labels labels;
  double v;
};

std::vector<std::string> texts_of(const std::vector<LabeledValue>& samples) {
  std::vector<std::string> texts;
  for (const LabeledValue& sample : samples) texts.push_back(text_of(sample.labels, sample.v));
  return texts;
}

void sort(std::vector<LabeledValue>& samples) {
  std::stable_sort(
      samples.begin(), samples.end(),
      [](const LabeledValue& a, const LabeledValue& b) { return a.labels < b.labels; });
}

// Unlike promtool, for which NaN is never what was expected.
bool same_value(double a, double b, bool fuzzy) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  return fuzzy && (std::nextafter(a, -INFINITY) == b || std::nextafter(a, INFINITY) == b);
}

// A series and how far it has come in.
struct Input {
  std::vector<promql::NotedValue> values;
  std::size_t next = 0;
};

class Run {
 public:
  Run(const UnitTestFile& file, const UnitTest& test, const UnitTestRules& rules)
      : file_(file), test_(test), engine_(engine_options(file, rules)) {
    environment_.storage = &storage_;
    environment_.engine = &engine_;
    environment_.appender = [this] { return storage_.appender(); };
    environment_.clock = &clock_;
    environment_.metrics = &metrics_;
    environment_.external_url = test.external_url;
    LabelsBuilder external_labels;
    for (const auto& [name, value] : test.external_labels) external_labels.set(name, value);
    external_labels_ = external_labels.build();
    for (const auto& spec : rules.groups)
      groups_.push_back(std::make_unique<Group>(spec, environment_, /*restored=*/true));
  }

  std::vector<UnitTestFailure> run() {
    if (!read_inputs()) return std::move(failures_);
    const DurationMs last = last_eval_time();
    if (test_.start < -kTimeMax || test_.start > kTimeMax - last) {
      fail_test("start_timestamp: times from 1678 to 2262 can be tested");
      return std::move(failures_);
    }
    if (static_cast<std::size_t>(last / file_.evaluation_interval) >= kUnitTestEvaluationsMax) {
      fail_test("more than " + std::to_string(kUnitTestEvaluationsMax) + " evaluations");
      return std::move(failures_);
    }
    for (DurationMs elapsed = 0; elapsed <= last; elapsed += file_.evaluation_interval) {
      if (!load_until(elapsed) || !evaluate(elapsed)) return std::move(failures_);
      compare_alerts(elapsed);
    }
    for (const ExprExpectation& expectation : test_.exprs) compare_expr(expectation);
    return std::move(failures_);
  }

 private:
  static promql::EngineOptions engine_options(const UnitTestFile& file,
                                              const UnitTestRules& rules) {
    promql::EngineOptions options;
    options.default_subquery_step = file.evaluation_interval;
    options.features = rules.features;
    return options;
  }

  void fail_test(const std::string& problem) { failures_.push_back({.problem = problem}); }
  void fail_at(config::Place place, const std::string& problem) {
    fail_test(file_.path + ":" + to_string(place) + ": " + problem);
  }

  bool read_inputs() {
    for (const InputSeries& series : test_.input_series) {
      auto labels = promql::parse_metric(series.series);
      auto values = promql::parse_series_values(series.values);
      if (!labels) fail_at(series.series_place, labels.error().message);
      if (labels && labels->empty()) fail_at(series.series_place, "expected a series");
      if (!values) fail_at(series.values_place, values.error().message);
      if (!labels || !values) continue;
      if (std::any_of(values->begin(), values->end(), [](const promql::NotedValue& value) {
            return value.kind == promql::NotedValue::Kind::kHistogram;
          })) {
        fail_at(series.values_place, "native histograms are not stored");
      }
      // As in promtool, the last one counts where a series is there twice.
      inputs_[*std::move(labels)] = {*std::move(values)};
    }
    return failures_.empty();
  }

  DurationMs last_eval_time() const {
    DurationMs last = 0;
    for (const AlertExpectation& expectation : test_.alerts)
      last = std::max(last, expectation.eval_time);
    for (const ExprExpectation& expectation : test_.exprs)
      last = std::max(last, expectation.eval_time);
    return last;
  }

  // The samples up to that time that are not in the store yet.
  bool load_until(DurationMs elapsed) {
    const std::unique_ptr<Appender> batch = storage_.appender();
    for (auto& [labels, input] : inputs_) {
      const auto due = static_cast<std::size_t>(elapsed / test_.interval) + 1;
      for (; input.next < std::min(due, input.values.size()); ++input.next) {
        const promql::NotedValue& value = input.values[input.next];
        if (value.kind != promql::NotedValue::Kind::kFloat) continue;
        const Result<SeriesRef> ref = batch->series(labels);
        const auto steps = static_cast<DurationMs>(input.next);
        if (ref)
          batch->append(*ref, Sample{test_.start + steps * test_.interval, value.v},
                        {.reject_out_of_order = true});
      }
    }
    const Result<CommitResult> stored = batch->commit();
    if (stored && stored->rejections.empty()) return true;
    fail_test("time: " + format_duration(elapsed) +
              ", input_series: a rule writes one of the series, too");
    return false;
  }

  // False if a rule failed: what follows would be about that.
  bool evaluate(DurationMs elapsed) {
    const TimestampMs t = test_.start + elapsed;
    clock_.set(t);
    bool ok = true;
    for (const std::unique_ptr<Group>& group : groups_) {
      group->evaluate(t * 1'000'000, external_labels_);
      statuses_.insert_or_assign(group.get(), group->status());
      const GroupStatus& status = statuses_[group.get()];
      for (std::size_t i = 0; i < status.rules.size(); ++i) {
        if (status.rules[i].last_error.empty()) continue;
        failures_.push_back({.what = "rule: " + status.spec->rules[i].text.name() +
                                     ", time: " + format_duration(elapsed),
                             .problem = status.rules[i].last_error});
        ok = false;
      }
    }
    return ok;
  }

  // What is expected before the next evaluation.
  void compare_alerts(DurationMs elapsed) {
    std::vector<const AlertExpectation*> due;
    for (const AlertExpectation& expectation : test_.alerts) {
      if (expectation.eval_time >= elapsed &&
          expectation.eval_time < elapsed + file_.evaluation_interval)
        due.push_back(&expectation);
    }
    std::stable_sort(due.begin(), due.end(),
                     [](const AlertExpectation* a, const AlertExpectation* b) {
                       return a->eval_time < b->eval_time;
                     });
    for (const AlertExpectation* expectation : due) compare_alert(*expectation);
  }

  void compare_alert(const AlertExpectation& expectation) {
    std::vector<AlertText> expected;
    for (const ExpectedAlert& alert : expectation.alerts) {
      expected.emplace_back(alert.labels, alert.annotations);
      expected.back().first["alertname"] = expectation.alertname;
    }
    std::vector<AlertText> got = firing(expectation.alertname);
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    if (expected == got) return;
    failures_.push_back({.what = "alertname: " + expectation.alertname +
                                 ", time: " + format_duration(expectation.eval_time),
                         .problem = {},
                         .expected = texts_of(expected),
                         .got = texts_of(got),
                         .alerts = true});
  }

  // Of all rules of that name.
  std::vector<AlertText> firing(const std::string& name) const {
    std::vector<AlertText> alerts;
    for (const auto& [group, status] : statuses_) {
      for (std::size_t i = 0; i < status.rules.size(); ++i) {
        if (status.spec->rules[i].text.alert != name) continue;
        for (const Alert& alert : status.rules[i].alerts) {
          if (alert.state != AlertState::kFiring) continue;
          AlertText& text = alerts.emplace_back();
          for (const Label& label : alert.labels) text.first.emplace(label.name, label.value);
          text.second.insert(alert.annotations.begin(), alert.annotations.end());
        }
      }
    }
    return alerts;
  }

  void compare_expr(const ExprExpectation& expectation) {
    UnitTestFailure failure;
    failure.what =
        "expr: " + quote(expectation.expr) + ", time: " + format_duration(expectation.eval_time);
    Result<std::vector<LabeledValue>> got = values_of(expectation);
    Result<std::vector<LabeledValue>> expected = expected_of(expectation);
    if (!got || !expected) {
      failure.problem = got ? expected.error().message : got.error().message;
      failures_.push_back(std::move(failure));
      return;
    }
    const bool same =
        std::equal(expected->begin(), expected->end(), got->begin(), got->end(),
                   [&](const LabeledValue& a, const LabeledValue& b) {
                     return a.labels == b.labels && same_value(a.v, b.v, file_.fuzzy_compare);
                   });
    if (same) return;
    failure.expected = texts_of(*expected);
    failure.got = texts_of(*got);
    failures_.push_back(std::move(failure));
  }

  Result<std::vector<LabeledValue>> values_of(const ExprExpectation& expectation) const {
    const promql::Vector vector = TRY(instant_vector(
        engine_.instant(storage_, expectation.expr, test_.start + expectation.eval_time, {})));
    std::vector<LabeledValue> values;
    for (const promql::VectorSample& sample : vector) values.push_back({sample.metric, sample.v});
    sort(values);
    return values;
  }

  static Result<std::vector<LabeledValue>> expected_of(const ExprExpectation& expectation) {
    std::vector<LabeledValue> values;
    for (const ExpectedSample& sample : expectation.samples) {
      if (!sample.histogram.empty())
        return fail(ErrorCode::kInvalidArgument, "native histograms are not stored");
      Result<Labels> labels;
      if (!sample.labels.empty()) labels = promql::parse_metric(sample.labels);
      if (!labels) return fail(std::move(labels).error().within("labels " + quote(sample.labels)));
      values.push_back({*std::move(labels), sample.value});
    }
    sort(values);
    return values;
  }

  const UnitTestFile& file_;
  const UnitTest& test_;
  MemoryStorage storage_;
  TestClock clock_;
  Registry metrics_;
  const promql::Engine engine_;
  Environment environment_;
  Labels external_labels_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::map<const Group*, GroupStatus> statuses_;  // after the last evaluation
  std::map<Labels, Input> inputs_;
  std::vector<UnitTestFailure> failures_;
};

}  // namespace

Result<UnitTestRules> load_rules(FileSystem& files, const UnitTestFile& file,
                                 const UnitTestOptions& options) {
  UnitTestRules rules;
  rules.features = options.features;
  std::set<std::string> seen;
  for (const std::string& glob : file.rule_files) {
    const std::vector<std::string> paths = TRY(config::expand_glob(files, glob));
    if (paths.empty()) rules.unmatched.push_back(glob);
    for (const std::string& path : paths) {
      if (!seen.insert(path).second) continue;
      const config::RuleFile rule_file = TRY(config::load_rule_file(
          files, path, {.ignore_unknown_keys = options.ignore_unknown_keys}));
      const GroupDefaults defaults{.interval = file.evaluation_interval};
      for (GroupSpec& group : TRY(make_groups(rule_file, path, defaults, options.features)))
        rules.groups.push_back(std::make_shared<const GroupSpec>(std::move(group)));
    }
  }
  std::map<std::string_view, std::size_t> order;
  for (const std::string& name : file.group_eval_order) order.emplace(name, order.size());
  const auto rank = [&](const std::shared_ptr<const GroupSpec>& group) {
    const auto found = order.find(group->name);
    return found == order.end() ? 0 : found->second;
  };
  std::stable_sort(rules.groups.begin(), rules.groups.end(),
                   [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  return rules;
}

std::vector<UnitTestFailure> run_unit_test(const UnitTestFile& file, const UnitTest& test,
                                           const UnitTestRules& rules) {
  return Run(file, test, rules).run();
}

}  // namespace silverback::rules

#include "tests/promql/promql_test_runner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "base/memory_storage.h"
#include "base/number_text.h"
#include "base/regex.h"
#include "promql/engine.h"
#include "promql/functions.h"
#include "tests/promql/promql_test_file.h"

namespace silverback::promql::testing {
namespace {

// What the checks need to know of an expression.
struct ExprFacts {
  std::vector<const VectorSelector*> selectors;
  bool reads_clock = false;        // cannot be moved in time by `@`
  bool reads_query_range = false;  // start(), end(), range(), step()
  bool at_start_or_end = false;
};

void collect(const Expr& expr, ExprFacts& facts);

void collect(const DurationValue& duration, ExprFacts& facts) {
  if (duration.expr != nullptr) collect(*duration.expr, facts);
}

void collect(const Expr& expr, ExprFacts& facts) {
  struct Visitor {
    ExprFacts& facts;
    void at(const AtModifier& at) const {
      if (at.kind == AtModifier::Kind::kStart || at.kind == AtModifier::Kind::kEnd) {
        facts.at_start_or_end = true;
      }
    }
    void operator()(const NumberLiteral&) const {}
    void operator()(const StringLiteral&) const {}
    void operator()(const VectorSelector& s) const {
      facts.selectors.push_back(&s);
      at(s.at);
      collect(s.offset, facts);
    }
    void operator()(const MatrixSelector& m) const {
      collect(*m.selector, facts);
      collect(m.range, facts);
    }
    void operator()(const Subquery& s) const {
      collect(*s.expr, facts);
      at(s.at);
      collect(s.range, facts);
      collect(s.step, facts);
      collect(s.offset, facts);
    }
    void operator()(const Paren& p) const { collect(*p.expr, facts); }
    void operator()(const Unary& u) const { collect(*u.expr, facts); }
    void operator()(const Binary& b) const {
      collect(*b.lhs, facts);
      collect(*b.rhs, facts);
    }
    void operator()(const Aggregate& a) const {
      collect(*a.expr, facts);
      if (a.param != nullptr) collect(*a.param, facts);
    }
    void operator()(const Call& c) const {
      static const std::set<std::string_view> kQueryRange = {"start", "end", "range", "step"};
      facts.reads_clock = facts.reads_clock || c.function->reads_clock;
      if (kQueryRange.count(c.function->name) > 0) facts.reads_query_range = true;
      for (const ExprPtr& arg : c.args) collect(*arg, facts);
    }
  };
  std::visit(Visitor{facts}, expr.node);
}

// Puts `@ t` on every selector and subquery that has none and is in no subquery.
void pin(Expr& expr, TimestampMs t) {
  struct Visitor {
    TimestampMs t;
    void at(AtModifier& at) const {
      if (at.kind == AtModifier::Kind::kNone) at = {AtModifier::Kind::kTimestamp, t};
    }
    void operator()(NumberLiteral&) const {}
    void operator()(StringLiteral&) const {}
    void operator()(VectorSelector& s) const { at(s.at); }
    void operator()(MatrixSelector& m) const { pin(*m.selector, t); }
    void operator()(Subquery& s) const { at(s.at); }
    void operator()(Paren& p) const { pin(*p.expr, t); }
    void operator()(Unary& u) const { pin(*u.expr, t); }
    void operator()(Binary& b) const {
      pin(*b.lhs, t);
      pin(*b.rhs, t);
    }
    void operator()(Aggregate& a) const {
      pin(*a.expr, t);
      if (a.param != nullptr) pin(*a.param, t);
    }
    void operator()(Call& c) const {
      for (const ExprPtr& arg : c.args) pin(*arg, t);
    }
  };
  std::visit(Visitor{t}, expr.node);
}

bool almost_equal(double a, double b) {
  constexpr double kTolerance = 1e-6;
  constexpr double kNormalMin = std::numeric_limits<double>::min();
  if (is_stale(a) || is_stale(b)) return is_stale(a) && is_stale(b);
  if (std::isnan(a) && std::isnan(b)) return true;
  if (a == b) return true;
  const double sum = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kNormalMin) return difference < kTolerance * kNormalMin;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

// Labels → instant → value.
using Points = std::map<Labels, std::map<TimestampMs, double>>;

std::string to_text(const Points& points) {
  std::string text;
  for (const auto& [labels, values] : points) {
    text.append("\n      ").append(labels.to_string());
    for (const auto& [t, v] : values) {
      text.append(" ").append(format_float(v)).append("@").append(std::to_string(t));
    }
  }
  return text.empty() ? " nothing" : text;
}

bool agree(const Points& want, const Points& got) {
  return want.size() == got.size() &&
         std::equal(want.begin(), want.end(), got.begin(), [](const auto& w, const auto& g) {
           return w.first == g.first && w.second.size() == g.second.size() &&
                  std::equal(w.second.begin(), w.second.end(), g.second.begin(),
                             [](const auto& a, const auto& b) {
                               return a.first == b.first && almost_equal(a.second, b.second);
                             });
         });
}

Points expected_points(const std::vector<SeriesLine>& series, TimestampMs start, DurationMs step) {
  Points points;
  for (const SeriesLine& line : series) {
    for (std::size_t i = 0; i < line.values.size(); ++i) {
      if (line.values[i].kind != NotedValue::Kind::kFloat) continue;
      points[line.metric][start + static_cast<DurationMs>(i) * step] = line.values[i].v;
    }
  }
  return points;
}

Points points_of(const Value& value) {
  Points points;
  if (const auto* vector = std::get_if<Vector>(&value)) {
    for (const VectorSample& sample : *vector) points[sample.metric][sample.t] = sample.v;
  } else if (const auto* matrix = std::get_if<Matrix>(&value)) {
    for (const Series& series : *matrix) {
      auto& values = points[series.metric];
      for (const Sample& sample : series.floats) values[sample.t] = sample.v;
    }
  } else if (const auto* scalar = std::get_if<Scalar>(&value)) {
    points[Labels()][scalar->t] = scalar->v;
  }
  return points;
}

bool matches(const AnnotationExpectation& expectation, const std::string& text) {
  switch (expectation.match) {
    case AnnotationExpectation::Match::kAny:
      return true;
    case AnnotationExpectation::Match::kText:
      return text == expectation.text;
    case AnnotationExpectation::Match::kRegex: {
      const Result<Regex> somewhere = Regex::anchored(".*(?:" + expectation.text + ").*");
      return somewhere && somewhere->matches(text);
    }
  }
  return false;
}

std::string check_annotations(std::string_view kind, const std::vector<std::string>& got,
                              const std::vector<AnnotationExpectation>& want, bool none) {
  const std::string prefix(kind);
  if (none && !got.empty()) return "unexpected " + prefix + ": " + got.front();
  for (const AnnotationExpectation& expectation : want) {
    if (std::none_of(got.begin(), got.end(),
                     [&](const auto& text) { return matches(expectation, text); })) {
      return "no such " + prefix + ": " + expectation.text +
             (got.empty() ? "" : "\n      but: " + got.front());
    }
  }
  if (want.empty()) return {};
  for (const std::string& text : got) {
    if (std::none_of(want.begin(), want.end(),
                     [&](const auto& expectation) { return matches(expectation, text); })) {
      return "unexpected " + prefix + ": " + text;
    }
  }
  return {};
}

class Runner {
 public:
  explicit Runner(const TestFileOptions& options) : engine_(engine_options(options)) {}

  void run(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      if (std::holds_alternative<ClearCommand>(command.body)) {
        storage_.clear();
        last_.clear();
        histograms_.clear();
        with_start_timestamps_.clear();
      } else if (const auto* load = std::get_if<LoadCommand>(&command.body)) {
        this->load(*load);
      } else {
        evaluate(command.line, std::get<EvalCommand>(command.body));
      }
    }
  }
  TestFileReport take() { return std::move(report_); }

 private:
  static EngineOptions engine_options(const TestFileOptions& options) {
    EngineOptions engine;
    engine.samples_max = 10'000;
    engine.timeout = 100'000;
    engine.features = {true, true, true, options.delayed_name_removal, options.type_and_unit};
    engine.executor = options.executor;
    return engine;
  }

  void load(const LoadCommand& load) {
    // A series that is written twice has the samples of its last line.
    std::map<Labels, const SeriesLine*> lines;
    for (const SeriesLine& line : load.series) lines[line.metric] = &line;
    for (const auto& [metric, line_of_metric] : lines) {
      const SeriesLine& line = *line_of_metric;
      if (line.has_start_timestamps) with_start_timestamps_.push_back(line.metric);
      for (std::size_t i = 0; i < line.values.size(); ++i) {
        const TimestampMs t = static_cast<DurationMs>(i) * load.step;
        if (line.values[i].kind == NotedValue::Kind::kHistogram) histograms_.insert(line.metric);
        if (line.values[i].kind != NotedValue::Kind::kFloat) continue;
        const auto [last, first_sample] = last_.try_emplace(line.metric, t);
        if (!first_sample && last->second >= t) continue;
        last->second = t;
        storage_.append(line.metric, {t, line.values[i].v});
      }
      if (load.with_nhcb) add_native_twin(line.metric);
    }
  }

  // The native histogram that load_with_nhcb makes of a classic one.
  void add_native_twin(const Labels& metric) {
    std::string name(metric.metric_name());
    for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
      if (!name.ends_with(suffix)) continue;
      name.resize(name.size() - suffix.size());
      LabelsBuilder builder(metric);
      histograms_.insert(builder.set(kMetricName, name).remove("le").build());
      return;
    }
  }

  // Why the evaluation is not run; empty if it is.
  std::string out_of_scope(const EvalCommand& eval, const ExprFacts& facts) const {
    for (const SeriesLine& line : eval.series) {
      for (const NotedValue& value : line.values) {
        if (value.kind == NotedValue::Kind::kHistogram) return "native histograms";
      }
    }
    for (const VectorSelector* selector : facts.selectors) {
      for (const Labels& labels : histograms_) {
        if (all_match(selector->matchers, labels)) return "native histograms";
      }
      for (const Labels& labels : with_start_timestamps_) {
        if (all_match(selector->matchers, labels)) return "start timestamps";
      }
    }
    return {};
  }

  void fail(std::size_t line, const EvalCommand& eval, const std::string& message) {
    report_.failures.push_back({line, eval.expr + ": " + message});
  }

  void evaluate(std::size_t line, const EvalCommand& eval) {
    Result<ExprPtr> expr = parse(eval.expr, engine_.options().features);
    ExprFacts facts;
    if (expr) collect(**expr, facts);
    if (const std::string reason = out_of_scope(eval, facts); !reason.empty()) {
      ++report_.out_of_scope[reason];
      return;
    }
    Result<QueryResult> result =
        eval.range
            ? engine_.range(storage_, eval.expr, eval.start, eval.end, eval.step, QueryOptions{})
            : engine_.instant(storage_, eval.expr, eval.start, QueryOptions{});
    if (!result || eval.failure) {
      check_failure(line, eval, result);
      return;
    }
    std::string problem = check_result(eval, *result);
    if (problem.empty()) {
      problem = check_annotations("warning", result->warnings, eval.warnings, eval.no_warnings);
    }
    if (problem.empty()) {
      problem = check_annotations("info", result->infos, eval.infos, eval.no_infos);
    }
    if (problem.empty() && !eval.range) problem = rerun(eval, facts);
    if (problem.empty()) {
      ++report_.passed;
    } else {
      fail(line, eval, problem);
    }
  }

  void check_failure(std::size_t line, const EvalCommand& eval, const Result<QueryResult>& result) {
    if (result) {
      fail(line, eval, "no error, but" + to_text(points_of(result->value)));
    } else if (!eval.failure) {
      fail(line, eval, result.error().message);
    } else if (!matches(*eval.failure, result.error().message)) {
      fail(line, eval, "another error: " + result.error().message);
    } else {
      ++report_.passed;
    }
  }

  static std::string check_result(const EvalCommand& eval, const QueryResult& result) {
    if (eval.text) {
      const auto* text = std::get_if<String>(&result.value);
      return text != nullptr && text->v == *eval.text ? "" : "another string";
    }
    if (eval.scalar) {
      const Points got = points_of(result.value);
      const Points want = {{Labels(), {{eval.start, *eval.scalar}}}};
      if (std::holds_alternative<Scalar>(result.value) && agree(want, got)) return {};
      return "want scalar " + format_float(*eval.scalar) + ", got" + to_text(got);
    }
    Points want;
    if (eval.range_vector) {
      want = expected_points(eval.series, eval.range_vector->start, eval.range_vector->step);
    } else {
      want = expected_points(eval.series, eval.start, eval.step);
    }
    const Points got = points_of(result.value);
    if (!agree(want, got)) return "want" + to_text(want) + "\n    got" + to_text(got);
    if (!eval.ordered) return {};
    const auto& vector = std::get<Vector>(result.value);
    for (std::size_t i = 0; i < eval.series.size(); ++i) {
      if (vector[i].metric != eval.series[i].metric) return "another order";
    }
    return {};
  }

  std::string rerun(const EvalCommand& eval, const ExprFacts& facts) {
    if (!facts.reads_clock && !facts.at_start_or_end) {
      const TimestampMs t = eval.start;
      std::vector<TimestampMs> instants = {-10 * t, 0, t / 5, t, 10 * t};
      if (t == 0) instants = {-1000, 0, 1000};
      for (const TimestampMs instant : instants) {
        if (std::string problem = rerun_pinned(eval, instant); !problem.empty()) return problem;
      }
    }
    if (eval.ordered || eval.text || eval.range_vector || facts.reads_query_range ||
        facts.at_start_or_end) {
      return {};
    }
    return rerun_as_range(eval);
  }

  std::string rerun_pinned(const EvalCommand& eval, TimestampMs instant) {
    const Result<ExprPtr> expr = parse(eval.expr, engine_.options().features);
    pin(**expr, eval.start);
    Result<QueryResult> result =
        engine_.instant(storage_, **expr, eval.expr, instant, QueryOptions{});
    const std::string where = "with @, at " + std::to_string(instant) + ": ";
    if (!result) return where + result.error().message;
    // The same values, stamped with another instant.
    EvalCommand moved = eval;
    moved.start = instant;
    const std::string problem = check_result(moved, *result);
    return problem.empty() ? problem : where + problem;
  }

  std::string rerun_as_range(const EvalCommand& eval) {
    constexpr DurationMs kMinute = 60'000;
    Result<QueryResult> result = engine_.range(storage_, eval.expr, eval.start - kMinute,
                                               eval.start + kMinute, kMinute, QueryOptions{});
    if (!result) return "as range query: " + result.error().message;
    Points got;
    for (const auto& [labels, values] : points_of(result->value)) {
      const auto middle = values.find(eval.start);
      if (middle != values.end()) got[labels][eval.start] = middle->second;
    }
    Points want = expected_points(eval.series, eval.start, 0);
    if (eval.scalar) want = {{Labels(), {{eval.start, *eval.scalar}}}};
    if (agree(want, got)) return {};
    return "as range query: want" + to_text(want) + "\n    got" + to_text(got);
  }

  const Engine engine_;
  MemoryStorage storage_;
  std::map<Labels, TimestampMs> last_;
  std::set<Labels> histograms_;
  std::vector<Labels> with_start_timestamps_;
  TestFileReport report_;
};

}  // namespace

std::vector<const VectorSelector*> selectors_of(const Expr& expr) {
  ExprFacts facts;
  collect(expr, facts);
  return std::move(facts.selectors);
}

Result<TestFileReport> run_test_file(const std::string& path, const TestFileOptions& options) {
  const std::vector<Command> commands = TRY(read_test_file(path));
  Runner runner(options);
  runner.run(commands);
  return runner.take();
}

}  // namespace silverback::promql::testing

#include "rules/unit_test_file.h"

#include <set>
#include <string_view>

#include "base/labels.h"
#include "config/fields.h"

namespace silverback::rules {
namespace {

using config::Fields;
using config::kBool;
using config::kDuration;
using config::kFloat;
using config::kPath;
using config::kText;

void describe(Fields& f, InputSeries& input) {
  f.field("series", kText, input.series);
  f.field("values", kText, input.values);
  input.series_place = f.place_of("series");
  input.values_place = f.place_of("values");
}

void describe(Fields& f, ExpectedAlert& alert) {
  f.map("exp_labels", kText, alert.labels);
  f.map("exp_annotations", kText, alert.annotations);
}

void describe(Fields& f, AlertExpectation& expectation) {
  f.field("eval_time", kDuration, expectation.eval_time);
  f.field("alertname", kText, expectation.alertname);
  f.sections("exp_alerts", expectation.alerts,
             [](Fields& inner, ExpectedAlert& alert) { describe(inner, alert); });
  f.require(!expectation.alertname.empty(), "alertname", "expected the name of an alert");
}

void describe(Fields& f, ExpectedSample& sample) {
  f.field("labels", kText, sample.labels);
  f.field("value", kFloat, sample.value);
  f.field("histogram", kText, sample.histogram);
}

void describe(Fields& f, ExprExpectation& expectation) {
  f.field("expr", kText, expectation.expr);
  f.field("eval_time", kDuration, expectation.eval_time);
  f.sections("exp_samples", expectation.samples,
             [](Fields& inner, ExpectedSample& sample) { describe(inner, sample); });
}

void describe(Fields& f, UnitTest& test) {
  std::string start;
  f.field("name", kText, test.name);
  f.field("interval", kDuration, test.interval);
  f.field("start_timestamp", kText, start);
  f.sections("input_series", test.input_series,
             [](Fields& inner, InputSeries& input) { describe(inner, input); });
  f.sections("alert_rule_test", test.alerts,
             [](Fields& inner, AlertExpectation& one) { describe(inner, one); });
  f.sections("promql_expr_test", test.exprs,
             [](Fields& inner, ExprExpectation& one) { describe(inner, one); });
  f.map("external_labels", kText, test.external_labels);
  f.field("external_url", kText, test.external_url);
  if (start.empty()) return;
  const Result<TimestampMs> parsed = parse_timestamp(start);
  f.require(
      parsed.has_value(), "start_timestamp",
      "expected seconds since 1970 or a time such as 2015-07-01T20:10:30Z, not " + quote(start));
  test.start = parsed.value_or(0);
}

void describe(Fields& f, UnitTestFile& file) {
  f.list("rule_files", kPath, file.rule_files);
  f.field("evaluation_interval", kDuration, file.evaluation_interval);
  f.list("group_eval_order", kText, file.group_eval_order);
  f.field("fuzzy_compare", kBool, file.fuzzy_compare);
  f.sections("tests", file.tests, [](Fields& inner, UnitTest& test) { describe(inner, test); });
  std::set<std::string_view> groups;
  for (const std::string& group : file.group_eval_order)
    f.require(groups.insert(group).second, "group_eval_order",
              "the group " + quote(group) + " twice");
}

// A type of this file, so that read_document() finds its description here.
struct Document {
  UnitTestFile& file;
};
void describe(Fields& f, Document& document) { describe(f, document.file); }

}  // namespace

Result<UnitTestFile> load_unit_test_file(FileSystem& files, const std::filesystem::path& path) {
  const std::string text = TRY(files.read_all(path));
  UnitTestFile file;
  config::Problems problems;
  Document document{file};
  read_document(text, {path.native(), path.parent_path()}, problems, document);
  TRY(problems.status());
  file.path = path.native();
  // As promtool: an interval of 0 is none.
  if (file.evaluation_interval == 0) file.evaluation_interval = UnitTestFile().evaluation_interval;
  for (std::size_t i = 0; i < file.tests.size(); ++i) {
    UnitTest& test = file.tests[i];
    if (test.name.empty()) test.name = "unnamed#" + std::to_string(i);
    if (test.interval == 0) test.interval = file.evaluation_interval;
  }
  return file;
}

}  // namespace silverback::rules

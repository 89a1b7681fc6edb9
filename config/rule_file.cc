#include "config/rule_file.h"

#include <set>

#include "base/labels.h"
#include "config/fields.h"
#include "config/yaml_printer.h"

namespace silverback::config {
namespace {

// Of both kinds of rules and of groups. What has no name cannot be a label; the metric's name is
// the rule's.
void check_labels(Fields& f, const std::map<std::string, std::string>& labels) {
  for (const auto& [name, value] : labels)
    f.require(!name.empty() && name != kMetricName, "labels",
              "expected a label name, not " + quote(name));
}

void check_recording(Fields& f, const Rule& rule) {
  for (const char* of_alerts : {"for", "keep_firing_for", "annotations"})
    f.require(!f.has(of_alerts), of_alerts, "is for alerting rules");
  f.require(rule.record.find_first_of("{}") == std::string::npos, "record",
            "expected the name of a metric, not " + quote(rule.record));
}

void check_annotations(Fields& f, const Rule& rule) {
  for (const auto& [name, value] : rule.annotations)
    f.require(is_legacy_label_name(name), "annotations",
              "expected a name of letters, digits and _, not " + quote(name));
}

void describe(Fields& f, Rule& rule) {
  f.field("record", kText, rule.record);
  f.field("alert", kText, rule.alert);
  f.field("expr", kText, rule.expr, Shown::kAlways);
  f.field("for", kDuration, rule.hold);
  f.field("keep_firing_for", kDuration, rule.keep_firing_for);
  f.map("labels", kText, rule.labels);
  f.map("annotations", kText, rule.annotations);
  if (!f.reading()) return;

  rule.place = f.place();
  rule.expr_place = f.place_of("expr");
  f.exclude({"record", "alert"});
  f.require(!rule.record.empty() || !rule.alert.empty(), "", "expected a record or an alert");
  f.require(!rule.expr.empty(), "expr", "expected an expression");
  check_labels(f, rule.labels);
  check_annotations(f, rule);
  if (!rule.record.empty()) check_recording(f, rule);
}

void describe(Fields& f, RuleGroup& group) {
  f.field("name", kText, group.name, Shown::kAlways);
  f.field("interval", kDuration, group.interval);
  f.field("query_offset", kDuration, group.query_offset);
  f.field("limit", kCount, group.limit);
  f.map("labels", kText, group.labels);
  f.sections("rules", group.rules, [](Fields& inner, Rule& rule) { describe(inner, rule); });
  if (!f.reading()) return;

  group.place = f.place();
  // As Prometheus: an interval of 0 is none.
  if (group.interval == 0) group.interval.reset();
  f.require(!group.name.empty(), "name", "expected the group's name");
  check_labels(f, group.labels);
}

}  // namespace

void describe(Fields& f, RuleFile& file) {
  std::set<std::string> names;
  f.sections("groups", file.groups, [&](Fields& inner, RuleGroup& group) {
    describe(inner, group);
    inner.require(group.name.empty() || names.insert(group.name).second, "name",
                  "a second group of the name " + quote(group.name));
  });
}

Result<RuleFile> load_rule_file(FileSystem& files, const std::filesystem::path& path,
                                const RuleFileOptions& options) {
  const std::string text = TRY(files.read_all(path));
  return parse_rule_file(text, path.native(), options);
}

Result<RuleFile> parse_rule_file(std::string_view text, const std::string& name,
                                 const RuleFileOptions& options) {
  Problems problems;
  RuleFile file;
  const Source source{
      .file = name, .folder = {}, .ignore_unknown_keys = options.ignore_unknown_keys};
  read_document(text, source, problems, file);
  if (Status status = problems.status(); !status) return fail(status.error());
  return file;
}

std::string print_rule_file(const RuleFile& file) { return print_yaml(to_yaml(file)); }

}  // namespace silverback::config

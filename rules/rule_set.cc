#include "rules/rule_set.h"

#include <algorithm>
#include <map>

#include "base/labels.h"
#include "config/fields.h"

namespace silverback::rules {
namespace {

// Makes the rules of one group, and says what is wrong with them.
class RuleReader {
 public:
  RuleReader(const std::string& path, const promql::Features& features, config::Problems& problems)
      : path_(path), features_(features), problems_(problems) {}

  RuleSpec read(const config::RuleGroup& group, std::size_t index) {
    const config::Rule& rule = group.rules[index];
    context_ = "group " + quote(group.name) + ", rule " + std::to_string(index + 1) + ", " +
               quote(rule.name());
    RuleSpec spec;
    spec.text = rule;
    spec.text.labels.insert(group.labels.begin(), group.labels.end());
    Result<promql::ExprPtr> expr = promql::parse(rule.expr, features_);
    if (expr) {
      spec.expr = *std::move(expr);
      spec.query = promql::print(*spec.expr);
    } else {
      problem(rule.expr_place, "could not parse expression: " + expr.error().message);
    }
    if (rule.is_alert()) {
      spec.labels = templates_of("label", spec.text.labels, rule);
      spec.annotations = templates_of("annotation", rule.annotations, rule);
    }
    return spec;
  }

 private:
  NamedTemplates templates_of(std::string_view what,
                              const std::map<std::string, std::string>& texts,
                              const config::Rule& rule) {
    NamedTemplates made;
    for (const auto& [name, text] : texts) {
      Result<templates::Template> parsed =
          templates::Template::parse(text, "__alert_" + rule.alert);
      if (parsed) {
        made.emplace_back(name, *std::move(parsed));
      } else {
        problem(rule.place, std::string(what) + " " + quote(name) + ": " + parsed.error().message);
      }
    }
    return made;
  }

  void problem(config::Place place, const std::string& message) {
    problems_.add(path_, place, context_, message);
  }

  const std::string& path_;
  const promql::Features& features_;
  config::Problems& problems_;
  std::string context_;
};

// Beyond it, sums of a few intervals leave what nanoseconds can count.
constexpr DurationMs kIntervalMax = 10LL * 365 * 86'400'000;

void read_groups(const config::RuleFile& file, const std::string& path,
                 const GroupDefaults& defaults, const promql::Features& features,
                 config::Problems& problems, std::vector<GroupSpec>& groups) {
  RuleReader reader(path, features, problems);
  for (const config::RuleGroup& group : file.groups) {
    for (const DurationMs span : {group.interval.value_or(defaults.interval),
                                  group.query_offset.value_or(defaults.query_offset)}) {
      if (span > kIntervalMax) {
        problems.add(path, group.place, "group " + quote(group.name),
                     "cannot have an interval or offset above " + format_duration(kIntervalMax));
      }
    }
    GroupSpec spec{.file = path,
                   .name = group.name,
                   .interval = group.interval.value_or(defaults.interval),
                   .query_offset = group.query_offset.value_or(defaults.query_offset),
                   .limit = group.limit,
                   .rules = {}};
    for (std::size_t i = 0; i < group.rules.size(); ++i) {
      spec.rules.push_back(reader.read(group, i));
    }
    groups.push_back(std::move(spec));
  }
}

}  // namespace

Result<std::vector<GroupSpec>> make_groups(const config::RuleFile& file, const std::string& path,
                                           const GroupDefaults& defaults,
                                           const promql::Features& features) {
  config::Problems problems;
  std::vector<GroupSpec> groups;
  read_groups(file, path, defaults, features, problems, groups);
  TRY(problems.status());
  return groups;
}

Result<std::vector<GroupSpec>> load_groups(FileSystem& files, const std::vector<std::string>& paths,
                                           const GroupDefaults& defaults,
                                           const promql::Features& features) {
  std::vector<GroupSpec> groups;
  std::string problems;
  for (const std::string& path : paths) {
    config::Problems of_file;
    const Result<config::RuleFile> file =
        config::load_rule_file(files, path, {.names = defaults.names});
    if (!file && file.error().code != ErrorCode::kInvalidArgument) return fail(file.error());
    if (file) read_groups(*file, path, defaults, features, of_file, groups);
    const Status status = file ? of_file.status() : Status(fail(file.error()));
    if (!status) problems.append(problems.empty() ? "" : "\n").append(status.error().message);
  }
  if (!problems.empty()) return fail(ErrorCode::kInvalidArgument, std::move(problems));
  return groups;
}

bool same_rule(const RuleSpec& a, const RuleSpec& b) {
  return a.text.record == b.text.record && a.text.alert == b.text.alert && a.query == b.query &&
         a.text.hold == b.text.hold && a.text.keep_firing_for == b.text.keep_firing_for &&
         a.text.labels == b.text.labels && a.text.annotations == b.text.annotations;
}

bool same_group(const GroupSpec& a, const GroupSpec& b) {
  return a.file == b.file && a.name == b.name && a.interval == b.interval &&
         a.query_offset == b.query_offset && a.limit == b.limit &&
         std::equal(a.rules.begin(), a.rules.end(), b.rules.begin(), b.rules.end(), same_rule);
}

}  // namespace silverback::rules

#include "cmd/check_rules.h"

#include <cstddef>
#include <map>
#include <ostream>
#include <utility>

#include "config/rule_file.h"
#include "rules/rule_set.h"

namespace silverback::cmd {
namespace {

using config::RuleFile;
using config::RuleGroup;

Result<RuleFile> load(std::string_view text, const std::string& name, const RuleChecks& checks) {
  RuleFile file =
      TRY(config::parse_rule_file(text, name, {.ignore_unknown_keys = checks.ignore_unknown_keys}));
  TRY(rules::make_groups(file, name, {}, checks.features));
  return file;
}

std::size_t rule_count(const RuleFile& file) {
  std::size_t count = 0;
  for (const RuleGroup& group : file.groups) count += group.rules.size();
  return count;
}

// What a rule writes: its name and labels.
using Output = std::pair<std::string, std::map<std::string, std::string>>;

// What more than one rule writes, in order.
std::vector<Output> duplicates(const RuleFile& file) {
  std::map<Output, std::size_t> writers;
  for (const RuleGroup& group : file.groups) {
    for (const config::Rule& rule : group.rules) {
      std::map<std::string, std::string> labels = rule.labels;
      labels.insert(group.labels.begin(), group.labels.end());
      ++writers[{rule.name(), std::move(labels)}];
    }
  }
  std::vector<Output> found;
  for (const auto& [output, count] : writers) {
    if (count > 1) found.push_back(output);
  }
  return found;
}

void print_duplicates(const std::vector<Output>& found, std::ostream& err) {
  err << "  FAILED:\nlint error " << found.size() << " duplicate rule(s) found.\n";
  for (const auto& [name, labels] : found) {
    err << "Metric: " << name << "\nLabel(s):\n";
    for (const auto& [label, value] : labels) err << '\t' << label << ": " << value << '\n';
  }
  err << "Might cause inconsistency while recording expressions\n";
}

Findings verdict(const Result<RuleFile>& file, const RuleChecks& checks, Console& console) {
  if (!file) {
    console.err << "  FAILED:\n" << file.error().message << '\n';
    return {.errors = true};
  }
  if (checks.duplicate_rules) {
    if (const std::vector<Output> found = duplicates(*file); !found.empty()) {
      print_duplicates(found, console.err);
      return {.lint = true};
    }
  }
  console.out << "  SUCCESS: " << rule_count(*file) << " rules found\n";
  return {};
}

}  // namespace

Findings check_rule_files(FileSystem& files, std::span<const std::string> paths,
                          const RuleChecks& checks, Console& console) {
  Findings findings;
  for (const std::string& path : paths) {
    const Result<std::string> text = files.read_all(path);
    if (text) {
      findings.add(check_rule_text(*text, path, checks, console));
      continue;
    }
    console.out << "Checking " << path << '\n';
    console.err << "  FAILED:\n" << text.error().message << '\n';
    console.out << '\n';
    findings.errors = true;
  }
  return findings;
}

Findings check_rule_text(std::string_view text, const std::string& name, const RuleChecks& checks,
                         Console& console) {
  console.out << "Checking " << name << '\n';
  const Findings findings = verdict(load(text, name, checks), checks, console);
  console.out << '\n';
  return findings;
}

}  // namespace silverback::cmd

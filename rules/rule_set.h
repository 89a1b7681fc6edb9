// Rule files made ready to run: expressions parsed, templates looked through, what the group says
// filled in. Checkers, tests of rules and the server all read rules by this.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
// Threads: immutable once made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"
#include "config/rule_file.h"
#include "promql/ast.h"
#include "promql/parser.h"
#include "rules/template/template.h"

namespace silverback::rules {

// By name, ascending.
using NamedTemplates = std::vector<std::pair<std::string, templates::Template>>;

struct RuleSpec {
  config::Rule text;  // as written, with the group's labels where the rule has none of that name
  std::shared_ptr<const promql::Expr> expr;
  std::string query;                   // the expression as PromQL prints it
  NamedTemplates labels, annotations;  // of an alert
};

struct GroupSpec {
  std::string file, name;  // together unique
  DurationMs interval = 0;
  DurationMs query_offset = 0;
  std::uint64_t limit = 0;  // series or alerts of one rule; 0: none
  std::vector<RuleSpec> rules;
};

// What groups have that do not say otherwise, and what holds for all.
struct GroupDefaults {
  DurationMs interval = 60'000;  // global.evaluation_interval
  DurationMs query_offset = 0;   // global.rule_query_offset
  config::NameScheme names = config::NameScheme::kUtf8;
};

// The groups of one file, in its order. `path` is what messages and the API call the file. Errors:
// kInvalidArgument with all problems, a line `file:line:column: …` each.
Result<std::vector<GroupSpec>> make_groups(const config::RuleFile& file, const std::string& path,
                                           const GroupDefaults& defaults,
                                           const promql::Features& features);

// The groups of several files. Errors: as above for all files; kIo and kNotFound for the first file
// that cannot be read.
Result<std::vector<GroupSpec>> load_groups(FileSystem& files, const std::vector<std::string>& paths,
                                           const GroupDefaults& defaults,
                                           const promql::Features& features);

// Whether both rules say the same, wherever they stand and however their expression is laid out.
bool same_rule(const RuleSpec& a, const RuleSpec& b);
bool same_group(const GroupSpec& a, const GroupSpec& b);

}  // namespace silverback::rules

// Files of recording and alerting rules: the format alone. Expressions and templates stay texts,
// with their places, for those who can parse them.
//
//   groups:
//   - name: node
//     rules:
//     - alert: NodeDown
//       expr: up == 0
//       for: 5m
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ and
// alerting_rules/. Threads: value types.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/time.h"
#include "config/name_scheme.h"
#include "config/yaml.h"

namespace silverback::config {

struct Rule {
  std::string record, alert;  // one of them
  std::string expr;
  DurationMs hold = 0;  // `for`
  DurationMs keep_firing_for = 0;
  std::map<std::string, std::string> labels, annotations;
  Place place, expr_place;  // in the file; of a block text, where its `|` is

  bool is_alert() const { return !alert.empty(); }
  const std::string& name() const { return is_alert() ? alert : record; }
};

struct RuleGroup {
  std::string name;
  std::optional<DurationMs> interval;      // else global's evaluation_interval
  std::optional<DurationMs> query_offset;  // else global's rule_query_offset
  std::uint64_t limit = 0;                 // series or alerts of a rule; 0: none
  std::map<std::string, std::string> labels;
  std::vector<Rule> rules;
  Place place;
};

struct RuleFile {
  std::vector<RuleGroup> groups;
};

struct RuleFileOptions {
  NameScheme names = NameScheme::kUtf8;  // by global.metric_name_validation_scheme
  bool ignore_unknown_keys = false;
};

// Errors: kInvalidArgument with all problems, a line `file:line:column: path: message` each; kIo
// and kNotFound for the file.
Result<RuleFile> load_rule_file(FileSystem& files, const std::filesystem::path& path,
                                const RuleFileOptions& options = {});
// As above; `name` is what messages call the file.
Result<RuleFile> parse_rule_file(std::string_view text, const std::string& name,
                                 const RuleFileOptions& options = {});

// As YAML; reading it gives the same rules, but for their places.
std::string print_rule_file(const RuleFile& file);

}  // namespace silverback::config

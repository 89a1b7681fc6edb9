// Checks files of rules: their format, every expression and template, and rules that are written
// twice.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/file.h"
#include "cmd/console.h"
#include "promql/parser.h"

namespace silverback::cmd {

struct RuleChecks {
  promql::Features features;
  bool duplicate_rules = true;       // a lint
  bool ignore_unknown_keys = false;  // in the rule files
};

// What a check found, apart from what it printed.
struct Findings {
  bool errors = false;
  bool lint = false;
  void add(Findings more) {
    errors |= more.errors;
    lint |= more.lint;
  }
};

// One file after the other, each with its verdict.
Findings check_rule_files(FileSystem& files, std::span<const std::string> paths,
                          const RuleChecks& checks, Console& console);
// The text of a file that is called `name`.
Findings check_rule_text(std::string_view text, const std::string& name, const RuleChecks& checks,
                         Console& console);

}  // namespace silverback::cmd

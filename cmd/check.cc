#include "cmd/check.h"

#include <istream>
#include <iterator>
#include <ostream>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/labels.h"
#include "cmd/check_config.h"
#include "cmd/check_rules.h"
#include "cmd/command_line.h"

namespace silverback::cmd {
namespace {

struct CheckFlags {
  std::vector<std::string> features;
  std::string lookback_delta = "5m";
  std::string lint = "duplicate-rules";
  bool lint_fatal = false;
  bool ignore_unknown_fields = false;
  bool syntax_only = false;
  std::vector<std::string> paths;
};

void add_lint_flags(CLI::App& app, const std::string& lints, CheckFlags& flags) {
  app.add_option("--lint", flags.lint, "What to warn of: " + lints + "; with commas between them")
      ->capture_default_str();
  app.add_flag("--lint-fatal", flags.lint_fatal, "Exit with 3 if there is something to warn of");
  app.add_flag("--ignore-unknown-fields", flags.ignore_unknown_fields,
               "Take rule files with keys that the server does not know (and does not take)");
}

// `scrape_configs`: whether they are linted, too.
Result<ConfigChecks> checks_of(const CheckFlags& flags, bool scrape_configs, Console& console) {
  ConfigChecks checks;
  checks.syntax_only = flags.syntax_only;
  checks.rules.features = TRY(features_of(flags.features, console));
  checks.rules.ignore_unknown_keys = flags.ignore_unknown_fields;
  checks.rules.duplicate_rules = false;
  const auto lookback_delta = parse_duration(flags.lookback_delta);
  if (!lookback_delta) {
    return fail(ErrorCode::kInvalidArgument,
                "--query.lookback-delta: " + lookback_delta.error().message);
  }
  bool none = false;
  for (const std::string& lint : CLI::detail::split(flags.lint, ',')) {
    const bool all = lint == "all";
    const bool scrape_interval = scrape_configs && lint == "too-long-scrape-interval";
    none |= lint == "none";
    if (all || lint == "duplicate-rules") checks.rules.duplicate_rules = true;
    if (all || scrape_interval) checks.scrape_interval_max = *lookback_delta;
    if (!all && !scrape_interval && lint != "none" && lint != "duplicate-rules" && !lint.empty())
      console.out << "WARNING: unknown lint option: " << quote(lint) << '\n';
  }
  if (none) {
    checks.rules.duplicate_rules = false;
    checks.scrape_interval_max = 0;
  }
  return checks;
}

}  // namespace

int check(std::span<const std::string> arguments, Console& console) {
  CLI::App app("Checks files that Prometheus and Silverback read.", "silverback check");
  CheckFlags flags;
  app.require_subcommand(1);
  app.fallthrough();
  add_feature_flag(app, flags.features);
  app.add_option("--query.lookback-delta", flags.lookback_delta,
                 "How far the server's instant selectors look back")
      ->capture_default_str();

  CLI::App& config = *app.add_subcommand("config", "Check configuration files");
  config.add_flag("--syntax-only", flags.syntax_only, "Look at no other file than these");
  add_lint_flags(config, "all, duplicate-rules, too-long-scrape-interval, none", flags);
  config.add_option("config-files", flags.paths, "The files")->required();

  CLI::App& rules = *app.add_subcommand("rules", "Check files of rules");
  add_lint_flags(rules, "all, duplicate-rules, none", flags);
  rules.add_option("rule-files", flags.paths, "The files; without any: standard input");

  if (const auto exit_code = parse_command_line(app, arguments, console)) return *exit_code;
  if (const Status there = require_files(flags.paths); !there)
    return refuse_command_line(there.error().message, console);
  const Result<ConfigChecks> checks = checks_of(flags, config.parsed(), console);
  if (!checks) return refuse_command_line(checks.error().message, console);

  Findings findings;
  if (config.parsed()) {
    for (const std::string& path : flags.paths)
      findings.add(check_config_file(FileSystem::posix(), path, *checks, console));
  } else if (flags.paths.empty()) {
    const std::string text{std::istreambuf_iterator<char>(console.in), {}};
    findings = check_rule_text(text, "standard input", checks->rules, console);
  } else {
    findings = check_rule_files(FileSystem::posix(), flags.paths, checks->rules, console);
  }
  if (findings.errors) return kExitFailed;
  return findings.lint && flags.lint_fatal ? kExitLint : kExitOk;
}

}  // namespace silverback::cmd

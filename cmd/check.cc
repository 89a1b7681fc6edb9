#include "cmd/check.h"

#include <istream>
#include <iterator>
#include <ostream>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/labels.h"
#include "cmd/check_config.h"
#include "cmd/check_metrics.h"
#include "cmd/check_rules.h"
#include "cmd/check_service_discovery.h"
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
  std::string metrics_lint = "all";
  bool extended = false;
  std::string job;
  std::string timeout = "30s";
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

int exit_code(Findings findings, bool lint_fatal) {
  if (findings.errors) return kExitFailed;
  return findings.lint && lint_fatal ? kExitLint : kExitOk;
}

std::string all_of(std::istream& in) { return {std::istreambuf_iterator<char>(in), {}}; }

CLI::App& add_config(CLI::App& check, CheckFlags& flags) {
  CLI::App& config = *check.add_subcommand("config", "Check configuration files");
  config.add_flag("--syntax-only", flags.syntax_only, "Look at no other file than these");
  add_lint_flags(config, "all, duplicate-rules, too-long-scrape-interval, none", flags);
  config.add_option("config-files", flags.paths, "The files")->required();
  return config;
}

void add_rules(CLI::App& check, CheckFlags& flags) {
  CLI::App& rules = *check.add_subcommand("rules", "Check files of rules");
  add_lint_flags(rules, "all, duplicate-rules, none", flags);
  rules.add_option("rule-files", flags.paths, "The files; without any: standard input");
}

CLI::App& add_metrics(CLI::App& check, CheckFlags& flags) {
  CLI::App& metrics = *check.add_subcommand(
      "metrics",
      "Check a page of metrics on standard input; exits with 3 if there is something to "
      "warn of");
  metrics.add_flag("--extended", flags.extended, "Print how many series each metric makes");
  metrics.add_option("--lint", flags.metrics_lint, "What to warn of: all, none")
      ->capture_default_str();
  return metrics;
}

CLI::App& add_service_discovery(CLI::App& check, CheckFlags& flags) {
  CLI::App& discovery = *check.add_subcommand(
      "service-discovery", "Find the targets of a job and print them before and after relabelling");
  discovery.add_option("config-file", flags.paths, "The configuration")->required()->expected(1);
  discovery.add_option("job", flags.job, "The name of the job")->required();
  discovery.add_option("--timeout", flags.timeout, "How long to wait for what servers answer")
      ->capture_default_str();
  return discovery;
}

int check_metrics(const CheckFlags& flags, Console& console) {
  const MetricsChecks checks{.conventions = flags.metrics_lint != "none",
                             .cardinality = flags.extended};
  if (!checks.conventions && !checks.cardinality)
    return refuse_command_line("--lint=none without --extended leaves nothing to do", console);
  return exit_code(check_metrics(all_of(console.in), checks, console), true);
}

int check_service_discovery(const CheckFlags& flags, Console& console) {
  const auto timeout = parse_duration(flags.timeout);
  if (!timeout) return refuse_command_line("--timeout: " + timeout.error().message, console);
  const Status done = check_service_discovery(FileSystem::posix(), flags.paths.front(), flags.job,
                                              *timeout, console);
  if (done) return kExitOk;
  console.err << done.error().message << '\n';
  return kExitFailed;
}

}  // namespace

int check(std::span<const std::string> arguments, Console& console) {
  CLI::App app("Checks what Prometheus and Silverback read.", "silverback check");
  CheckFlags flags;
  app.require_subcommand(1);
  app.fallthrough();
  add_feature_flag(app, flags.features);
  app.add_option("--query.lookback-delta", flags.lookback_delta,
                 "How far the server's instant selectors look back")
      ->capture_default_str();

  const CLI::App& config = add_config(app, flags);
  add_rules(app, flags);
  const CLI::App& metrics = add_metrics(app, flags);
  const CLI::App& service_discovery = add_service_discovery(app, flags);

  if (const auto code = parse_command_line(app, arguments, console)) return *code;
  if (const Status there = require_files(flags.paths); !there)
    return refuse_command_line(there.error().message, console);
  if (metrics.parsed()) return check_metrics(flags, console);
  if (service_discovery.parsed()) return check_service_discovery(flags, console);
  const Result<ConfigChecks> checks = checks_of(flags, config.parsed(), console);
  if (!checks) return refuse_command_line(checks.error().message, console);

  Findings findings;
  if (config.parsed()) {
    for (const std::string& path : flags.paths)
      findings.add(check_config_file(FileSystem::posix(), path, *checks, console));
  } else if (flags.paths.empty()) {
    findings = check_rule_text(all_of(console.in), "standard input", checks->rules, console);
  } else {
    findings = check_rule_files(FileSystem::posix(), flags.paths, checks->rules, console);
  }
  return exit_code(findings, flags.lint_fatal);
}

}  // namespace silverback::cmd

#include "cmd/test_rules.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/file.h"
#include "base/regex.h"
#include "cmd/command_line.h"
#include "cmd/junit.h"
#include "rules/unit_test.h"

namespace silverback::cmd {
namespace {

struct TestFlags {
  std::vector<std::string> features;
  std::vector<std::string> run;
  std::string junit;
  bool diff = false;
  bool ignore_unknown_fields = false;
  std::vector<std::string> paths;
};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

// `[]`, or the alerts with their numbers, below each other.
std::string list_of_alerts(const std::vector<std::string>& alerts) {
  if (alerts.empty()) return "[]";
  std::string text = "[\n";
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    text += "            " + std::to_string(i) + ":\n";
    for (const std::string_view line : lines_of(alerts[i]))
      text += "              " + std::string(line) + "\n";
  }
  return text + "            ]";
}

std::string list_of_samples(const std::vector<std::string>& samples) {
  if (samples.empty()) return "nil";
  std::string text;
  for (const std::string& sample : samples) text += (text.empty() ? "" : ", ") + sample;
  return text;
}

// The lines of both, `-` before those only expected and `+` before those only there. Both are
// sorted, so what is equal meets.
std::string difference(const std::vector<std::string>& expected,
                       const std::vector<std::string>& got) {
  constexpr std::string_view kRed = "\x1b[31m", kGreen = "\x1b[32m", kPlain = "\x1b[0m";
  std::string text;
  const auto add = [&](std::string_view mark, std::string_view item, std::string_view color) {
    for (const std::string_view line : lines_of(item)) {
      text.append("            ").append(color).append(mark).append(line);
      text.append(color.empty() ? std::string_view() : kPlain).append("\n");
    }
  };
  auto e = expected.begin();
  auto g = got.begin();
  while (e != expected.end() || g != got.end()) {
    if (e != expected.end() && g != got.end() && *e == *g) {
      add("  ", *e++, "");
      ++g;
    } else if (e != expected.end() && std::find(g, got.end(), *e) == got.end()) {
      add("- ", *e++, kRed);
    } else {
      add("+ ", *g++, kGreen);
    }
  }
  text.pop_back();
  return text;
}

// As promtool prints them.
std::string text_of(const rules::UnitTestFailure& failure, const std::string& test, bool diff) {
  if (failure.what.empty()) return "    name: " + test + ", err: " + failure.problem;
  const std::string head = "    name: " + test + ",\n    " + failure.what + ",";
  if (!failure.problem.empty()) return head + " err: " + failure.problem;
  if (diff) return head + "\n        diff:\n" + difference(failure.expected, failure.got);
  if (failure.alerts) {
    return head + "\n        exp:" + list_of_alerts(failure.expected) +
           ",\n        got:" + list_of_alerts(failure.got);
  }
  return head + "\n        exp: " + list_of_samples(failure.expected) +
         "\n        got: " + list_of_samples(failure.got);
}

class TestRun {
 public:
  TestRun(const TestFlags& flags, std::optional<Regex> run, const promql::Features& features,
          Console& console)
      : flags_(flags),
        run_(std::move(run)),
        options_{features, flags.ignore_unknown_fields},
        console_(console) {}

  // Whether all tests of the file passed.
  bool run(const std::string& path) {
    console_.out << "Unit Testing:  " << path << '\n';
    JunitSuite& suite = suites_.emplace_back();
    suite.name = path;
    suite.timestamp = format_rfc3339(Clock::system().now() / 1000 * 1000);
    suite.timestamp.pop_back();  // the Z
    std::vector<std::string> failures;
    if (const Status ran = run_tests(path, suite, failures); !ran) {
      failures = {ran.error().message};
      if (suite.cases.empty()) suite.cases.push_back({"unknown", {}, {}});
      suite.cases.back().error = ran.error().message;
    }
    if (failures.empty()) {
      console_.out << "  SUCCESS\n";
    } else {
      console_.err << "  FAILED:\n";
      for (const std::string& failure : failures) console_.err << failure << '\n';
    }
    console_.out << '\n';
    return failures.empty();
  }

  const std::vector<JunitSuite>& suites() const { return suites_; }

 private:
  Status run_tests(const std::string& path, JunitSuite& suite, std::vector<std::string>& failures) {
    const rules::UnitTestFile file = TRY(rules::load_unit_test_file(FileSystem::posix(), path));
    const rules::UnitTestRules loaded = TRY(rules::load_rules(FileSystem::posix(), file, options_));
    for (const std::string& glob : loaded.unmatched)
      console_.err << "  WARNING: no file match pattern " << glob << '\n';
    for (const rules::UnitTest& test : file.tests) {
      if (run_ && !run_->is_in(test.name)) continue;
      JunitCase& one = suite.cases.emplace_back();
      one.name = test.name;
      for (const rules::UnitTestFailure& failure : run_unit_test(file, test, loaded)) {
        one.failures.push_back(text_of(failure, test.name, false));
        failures.push_back(flags_.diff ? text_of(failure, test.name, true) : one.failures.back());
      }
    }
    return {};
  }

  const TestFlags& flags_;
  const std::optional<Regex> run_;  // of the names of tests; none: all
  const rules::UnitTestOptions options_;
  Console& console_;
  std::vector<JunitSuite> suites_;
};

Result<std::optional<Regex>> run_filter(const std::vector<std::string>& patterns) {
  if (patterns.empty()) return std::optional<Regex>();
  std::string any;
  for (const std::string& pattern : patterns) any += (any.empty() ? "" : "|") + pattern;
  Result<Regex> regex = Regex::unanchored(any);
  if (!regex) return fail(std::move(regex).error().within("--run"));
  return std::optional<Regex>(*std::move(regex));
}

}  // namespace

int test(std::span<const std::string> arguments, Console& console) {
  CLI::App app("Runs tests.", "silverback test");
  TestFlags flags;
  app.require_subcommand(1);
  app.fallthrough();
  add_feature_flag(app, flags.features);
  app.add_option("--junit", flags.junit, "Where to write the results as JUnit's XML");
  CLI::App& rules = *app.add_subcommand("rules", "Test rules by series that you make up");
  rules
      .add_option("--run", flags.run,
                  "Only tests whose name this regular expression is in; may be repeated")
      ->allow_extra_args(false);
  rules.add_flag("--diff", flags.diff, "Show what differs, in colors");
  rules.add_flag("--ignore-unknown-fields", flags.ignore_unknown_fields,
                 "Take rule files with keys that the server does not know (and does not take)");
  rules.add_option("test-rule-file", flags.paths, "The files with tests")->required();

  if (const auto exit_code = parse_command_line(app, arguments, console)) return *exit_code;
  if (const Status there = require_files(flags.paths); !there)
    return refuse_command_line(there.error().message, console);
  Result<std::optional<Regex>> filter = run_filter(flags.run);
  if (!filter) return refuse_command_line(filter.error().message, console);
  const auto features = features_of(flags.features, console);
  if (!features) return refuse_command_line(features.error().message, console);

  std::ofstream junit;
  if (!flags.junit.empty()) {
    junit.open(flags.junit);
    if (!junit) return refuse_command_line("--junit: cannot write " + flags.junit, console);
  }
  TestRun run(flags, *std::move(filter), *features, console);
  bool passed = true;
  for (const std::string& path : flags.paths) passed &= run.run(path);
  if (junit.is_open()) {
    junit << junit_xml(run.suites());
    junit.close();
    if (!junit) {
      console.err << "failed to write JUnit XML: " << flags.junit << '\n';
      return kExitFailed;
    }
  }
  return passed ? kExitOk : kExitFailed;
}

}  // namespace silverback::cmd

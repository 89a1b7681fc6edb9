// Runs the tests of a unit-test file: a store of its own for each test, filled step by step with
// the input series, the rules evaluated by the engine of the server, and what they say compared
// with what was expected.
//
//   UnitTestFile file = TRY(load_unit_test_file(files, "tests.yml"));
//   UnitTestRules rules = TRY(load_rules(files, file, options));
//   for (const UnitTest& test : file.tests)
//     for (const UnitTestFailure& failure : run_unit_test(file, test, rules)) …
//
// At each instant start + k·evaluation_interval, samples up to it come in, then all groups are
// evaluated one after the other: those of group_eval_order in its order, the others with its first.
// Source: https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
// Threads: free functions.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "promql/parser.h"
#include "rules/rule_set.h"
#include "rules/unit_test_file.h"

namespace silverback::rules {

// More evaluations than any test has; a long eval_time is quickly written.
inline constexpr std::size_t kUnitTestEvaluationsMax = 10'000'000;

struct UnitTestOptions {
  promql::Features features;
  bool ignore_unknown_keys = false;  // in rule files
};

struct UnitTestRules {
  std::vector<std::shared_ptr<const GroupSpec>> groups;  // in the order of their evaluation
  std::vector<std::string> unmatched;                    // globs of rule_files that name no file
  promql::Features features;
};
// Errors: those of load_groups() and expand_glob().
Result<UnitTestRules> load_rules(FileSystem& files, const UnitTestFile& file,
                                 const UnitTestOptions& options);

struct UnitTestFailure {
  // `alertname: Down, time: 5m`; `expr: "up", time: 4m`; empty: the test itself.
  std::string what = {};
  std::string problem = {};  // why there is nothing to compare; empty: these differ
  // Alerts, two lines each, or samples; sorted.
  std::vector<std::string> expected = {}, got = {};
  bool alerts = false;
};

std::vector<UnitTestFailure> run_unit_test(const UnitTestFile& file, const UnitTest& test,
                                           const UnitTestRules& rules);

}  // namespace silverback::rules

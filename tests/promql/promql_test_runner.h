// Runs PromQL test files (promql_test_file.h) against the engine over an in-memory store.
//
// Every instant evaluation is repeated in two ways that must not change its answer: with `@` on all
// selectors, evaluated at other instants; and as the middle step of a range query.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "promql/ast.h"

namespace silverback::promql::testing {

struct TestFileReport {
  struct Failure {
    std::size_t line;
    std::string message;
  };
  std::size_t passed = 0;
  std::vector<Failure> failures;
  // Evaluations that were not run, by reason: they touch what the store does not hold.
  std::map<std::string, std::size_t> out_of_scope;
};

struct TestFileOptions {
  bool type_and_unit = false;        // labels __type__ and __unit__ belong to the name
  bool delayed_name_removal = true;  // names go when the query ends, else at once
  Executor* executor = nullptr;
};

// Every selector in the tree.
std::vector<const VectorSelector*> selectors_of(const Expr& expr);

// All other features are on, lookback is 5m, a subquery's step 1m. Errors: the file's.
Result<TestFileReport> run_test_file(const std::string& path, const TestFileOptions& options);

}  // namespace silverback::promql::testing

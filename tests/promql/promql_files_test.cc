// The language's behaviour, as specified by tests/testdata/promql/*.test, and by the files of the
// folder that SILVERBACK_PROMQL_CORPUS names.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/thread_pool.h"
#include "tests/promql/promql_test_runner.h"

namespace silverback::promql::testing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> test_files(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".test") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool has_type_and_unit(const std::string& path) {
  return fs::path(path).stem().string().starts_with("type_and_unit");
}

void expect_no_failures(const std::string& path, const TestFileReport& report) {
  for (const auto& [line, message] : report.failures) {
    ADD_FAILURE_AT(path.c_str(), static_cast<int>(line)) << message;
  }
}

class PromqlFile : public ::testing::TestWithParam<std::string> {};

TEST_P(PromqlFile, Holds) {
  const auto report = run_test_file(GetParam(), has_type_and_unit(GetParam()));
  ASSERT_TRUE(report) << GetParam() << ":" << report.error().message;
  expect_no_failures(GetParam(), *report);
  EXPECT_GT(report->passed, 0U);
}

TEST_P(PromqlFile, HoldsWithThreads) {
  ThreadPool pool("query", 3);
  const auto report = run_test_file(GetParam(), has_type_and_unit(GetParam()), &pool);
  ASSERT_TRUE(report) << GetParam() << ":" << report.error().message;
  expect_no_failures(GetParam(), *report);
}

INSTANTIATE_TEST_SUITE_P(Testdata, PromqlFile,
                         ::testing::ValuesIn(test_files("tests/testdata/promql")),
                         [](const auto& file) { return fs::path(file.param).stem().string(); });

TEST(PromqlCorpus, HoldsWhereItIsAboutFloats) {
  const char* folder = std::getenv("SILVERBACK_PROMQL_CORPUS");
  if (folder == nullptr) GTEST_SKIP() << "SILVERBACK_PROMQL_CORPUS is not set";
  for (const std::string& path : test_files(folder)) {
    const auto report = run_test_file(path, has_type_and_unit(path));
    ASSERT_TRUE(report) << path << ":" << report.error().message;
    expect_no_failures(path, *report);
    std::printf("%-28s %4zu of %4zu passed", fs::path(path).filename().c_str(), report->passed,
                report->passed + report->failures.size());
    const char* separator = "; out of scope:";
    for (const auto& [reason, count] : report->out_of_scope) {
      std::printf("%s %zu with %s", separator, count, reason.c_str());
      separator = ",";
    }
    std::printf("\n");
  }
}

}  // namespace
}  // namespace silverback::promql::testing

// The language's behaviour, as specified by tests/testdata/promql/*.test, and by the files of the
// folder that SILVERBACK_PROMQL_CORPUS names.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/memory_storage.h"
#include "base/thread_pool.h"
#include "promql/engine.h"
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

// What the first words of a file's name say of the features it is about.
TestFileOptions options_for(const std::string& path) {
  const std::string name = fs::path(path).stem().string();
  TestFileOptions options;
  options.type_and_unit = name.starts_with("type_and_unit");
  options.delayed_name_removal = !name.starts_with("immediate_names");
  return options;
}

TestFileReport run(const std::string& path, const TestFileOptions& options) {
  auto report = run_test_file(path, options);
  if (!report) {
    ADD_FAILURE() << path << ":" << report.error().message;
    return {};
  }
  for (const auto& [line, message] : report->failures) {
    ADD_FAILURE_AT(path.c_str(), static_cast<int>(line)) << message;
  }
  return *std::move(report);
}

class PromqlFile : public ::testing::TestWithParam<std::string> {};

TEST_P(PromqlFile, Holds) { EXPECT_GT(run(GetParam(), options_for(GetParam())).passed, 0U); }

TEST_P(PromqlFile, HoldsWithThreads) {
  ThreadPool pool("query", 3);
  TestFileOptions options = options_for(GetParam());
  options.executor = &pool;
  run(GetParam(), options);
}

// Where a file says nothing of names, it does not matter when they go.
class IndifferentPromqlFile : public PromqlFile {};

TEST_P(IndifferentPromqlFile, HoldsWithNamesRemovedAtOnce) {
  TestFileOptions options = options_for(GetParam());
  options.delayed_name_removal = false;
  run(GetParam(), options);
}

std::string stem_of(const ::testing::TestParamInfo<std::string>& file) {
  return fs::path(file.param).stem().string();
}

std::vector<std::string> files_indifferent_to_names() {
  std::vector<std::string> files = test_files("tests/testdata/promql");
  std::erase_if(files, [](const fs::path& file) { return file.stem() == "delayed_names"; });
  return files;
}

INSTANTIATE_TEST_SUITE_P(Testdata, PromqlFile,
                         ::testing::ValuesIn(test_files("tests/testdata/promql")), stem_of);
INSTANTIATE_TEST_SUITE_P(Testdata, IndifferentPromqlFile,
                         ::testing::ValuesIn(files_indifferent_to_names()), stem_of);

TEST(PromqlCorpus, HoldsWhereItIsAboutFloats) {
  const char* folder = std::getenv("SILVERBACK_PROMQL_CORPUS");
  if (folder == nullptr) GTEST_SKIP() << "SILVERBACK_PROMQL_CORPUS is not set";
  for (const std::string& path : test_files(folder)) {
    const TestFileReport report = run(path, options_for(path));
    std::printf("%-28s %4zu of %4zu passed", fs::path(path).filename().c_str(), report.passed,
                report.passed + report.failures.size());
    const char* separator = "; out of scope:";
    for (const auto& [reason, count] : report.out_of_scope) {
      std::printf("%s %zu with %s", separator, count, reason.c_str());
      separator = ",";
    }
    std::printf("\n");
  }
}

// Labels that the matchers want, as far as they say.
Labels wanted_labels(const VectorSelector& selector) {
  LabelsBuilder builder;
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.matches_empty()) continue;
    std::string value = matcher.value();
    if (matcher.is_negative()) value += "x";
    if (matcher.type() == Matcher::Type::kRegex) {
      value = matcher.set().empty() ? matcher.prefix() + "1" : matcher.set().front();
    }
    builder.set(matcher.name(), value);
  }
  return builder.build();
}

// One expression a line, each over one series per selector: real dashboards and rules.
TEST(PromqlCorpus, EveryExpressionEvaluates) {
  const char* path = std::getenv("SILVERBACK_EXPRS");
  if (path == nullptr) GTEST_SKIP() << "SILVERBACK_EXPRS is not set";
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  EngineOptions options;
  options.features.experimental_functions = true;
  const Engine engine(options);
  std::size_t count = 0;
  int line_number = 0;
  for (std::string line; std::getline(file, line);) {
    ++line_number;
    if (line.empty() || line.front() == '#') continue;
    ++count;
    const auto expr = parse(line, options.features);
    if (!expr) {
      ADD_FAILURE_AT(path, line_number) << line << ": " << expr.error().message;
      continue;
    }
    MemoryStorage storage;
    std::set<Labels> series;
    for (const VectorSelector* selector : selectors_of(**expr)) {
      series.insert(wanted_labels(*selector));
    }
    for (const Labels& labels : series) {
      for (int k = 0; k <= 60; ++k) storage.append(labels, {k * 60'000, static_cast<double>(k)});
    }
    const auto instant = engine.instant(storage, line, 3'600'000, {});
    if (!instant) ADD_FAILURE_AT(path, line_number) << line << ": " << instant.error().message;
    if ((*expr)->type == ValueType::kMatrix || (*expr)->type == ValueType::kString) continue;
    const auto range = engine.range(storage, line, 3'000'000, 3'600'000, 60'000, {});
    if (!range) ADD_FAILURE_AT(path, line_number) << line << ": " << range.error().message;
  }
  std::printf("%zu expressions\n", count);
}

}  // namespace
}  // namespace silverback::promql::testing

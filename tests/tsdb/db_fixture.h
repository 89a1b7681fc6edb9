// A store in a scratch directory, and its content as text.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/number_text.h"
#include "tests/testing/manual_clock.h"
#include "tsdb/db.h"

namespace silverback::tsdb::testing {

inline constexpr DurationMs kHour = 60 * 60 * 1000;

// New and empty; of this test alone.
inline std::filesystem::path scratch_directory() {
  static int count = 0;
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  const std::filesystem::path directory =
      std::filesystem::temp_directory_path() / "silverback_tsdb_test" /
      (std::to_string(::getpid()) + "-" + test->test_suite_name() + "-" + test->name() + "-" +
       std::to_string(++count));
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  return directory;
}

// For tests that sync very often and need little room: without a disk behind it, if there is such a
// place.
inline std::filesystem::path scratch_directory_in_memory() {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space("/dev/shm", error);
  if (error || space.available < (256U << 20)) return scratch_directory();
  const std::filesystem::path directory =
      std::filesystem::path("/dev/shm") / ("silverback_tsdb_test-" + std::to_string(::getpid()));
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory, error);
  return error ? scratch_directory() : directory;
}

inline std::vector<std::string> listing(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    names.push_back(entry.path().lexically_relative(directory).string());
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string text_of(double v) {
  if (is_stale(v)) return "stale";
  if (v == 0) return std::signbit(v) ? "-0" : "0";
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", v);
  return text;
}

// All samples of all series, a line each.
inline std::string dump(const Db& db, TimeRange range = {}) {
  const std::vector<Matcher> all = {*Matcher::make(Matcher::Type::kRegex, "__name__", ".*")};
  SelectHints hints;
  hints.range = range;
  const auto selection = db.select(all, hints);
  if (!selection) return "error: " + selection.error().message;
  std::string text;
  SampleColumns columns;
  for (std::size_t i = 0; i < (*selection)->size(); ++i) {
    const Status read = (*selection)->read(i, columns);
    if (!read) return "error: " + read.error().message;
    if (columns.t.empty()) continue;
    std::string labels = "{";
    for (const Label& label : (*selection)->labels(i)) {
      if (labels.size() > 1) labels += ", ";
      labels += std::string(label.name) + "=\"" + std::string(label.value) + "\"";
    }
    text += labels + "}";
    for (std::size_t k = 0; k < columns.t.size(); ++k)
      text += " " + std::to_string(columns.t[k]) + ":" + text_of(columns.v[k]);
    text += "\n";
  }
  return text;
}

}  // namespace silverback::tsdb::testing

namespace silverback::tsdb {

class DbTest : public ::testing::Test {
 protected:
  DbTest() : directory_(testing::scratch_directory()) {
    options_.clock = &clock_;
    reopen();
  }
  ~DbTest() override {
    db_.reset();
    std::filesystem::remove_all(directory_);
  }

  void reopen() {
    db_.reset();
    auto db = Db::open(directory_, options_);
    ASSERT_TRUE(db.has_value()) << db.error().message;
    db_ = *std::move(db);
  }
  Db& db() { return *db_; }
  DbOptions& options() { return options_; }
  silverback::testing::ManualClock& clock() { return clock_; }
  const std::filesystem::path& directory() const { return directory_; }

  void append(const Labels& labels, const std::vector<Sample>& samples) {
    const std::unique_ptr<Appender> batch = db_->appender();
    const SeriesRef ref = *batch->series(labels);
    for (const Sample& sample : samples) batch->append(ref, sample);
    const Result<CommitResult> result = batch->commit();
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_TRUE(result->rejections.empty());
  }
  void append(std::string_view metric, const std::vector<Sample>& samples) {
    append(Labels{{kMetricName, metric}}, samples);
  }

  std::string dump(TimeRange range = {}) { return testing::dump(*db_, range); }
  SampleColumns read_all(std::string metric) {
    const std::vector<Matcher> matchers = {Matcher::equal("__name__", std::move(metric))};
    SampleColumns columns;
    const auto selection = db_->select(matchers, {});
    if (selection && (*selection)->size() == 1) {
      EXPECT_TRUE((*selection)->read(0, columns).has_value());
    }
    return columns;
  }

 private:
  silverback::testing::ManualClock clock_{1'700'000'000'000};
  const std::filesystem::path directory_;
  DbOptions options_;
  std::unique_ptr<Db> db_;
};

}  // namespace silverback::tsdb

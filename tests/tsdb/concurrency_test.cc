// Appenders, readers and maintenance side by side; run it under TSan.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tsdb/db_fixture.h"
#include "tsdb/db.h"

namespace silverback::tsdb {
namespace {

using testing::kHour;

constexpr TimestampMs kStart = 1'700'006'400'000;
constexpr int kSeries = 20, kBatches = 300;

class ConcurrencyTest : public DbTest {};

void append_batches(Db& db, int writer) {
  const std::string job = std::to_string(writer);
  std::vector<SeriesRef> refs(kSeries, SeriesRef::kNone);
  const std::unique_ptr<Appender> batch = db.appender();
  for (int n = 0; n < kBatches; ++n) {
    const TimestampMs t = kStart + n * 120'000;  // ten hours in all, so that ranges fill up
    for (int i = 0; i < kSeries; ++i) {
      SeriesRef& ref = refs[static_cast<std::size_t>(i)];
      const std::string instance = std::to_string(i);
      if (!batch->known(ref))
        ref = *batch->series({{kMetricName, "m"}, {"i", instance}, {"job", job}});
      batch->append(ref, {t, static_cast<double>(n)});
    }
    const std::string pod = "pod-" + std::to_string(n);  // churn
    batch->append(*batch->series({{kMetricName, "churn"}, {"job", job}, {"pod", pod}}), {t, 1});
    const Result<CommitResult> result = batch->commit();
    ASSERT_TRUE(result.has_value());
    ASSERT_TRUE(result->rejections.empty());
  }
}

// A batch is seen whole or not at all.
void read_until(Db& db, const std::atomic<bool>& done) {
  const std::vector<Matcher> matchers = {Matcher::equal("__name__", "m"),
                                         Matcher::equal("job", "0")};
  SampleColumns columns;
  std::size_t newest_seen = 0;
  while (!done) {
    const auto selection = db.select(matchers, {});
    ASSERT_TRUE(selection.has_value());
    std::size_t count = 0;
    for (std::size_t i = 0; i < (*selection)->size(); ++i) {
      ASSERT_TRUE((*selection)->read(i, columns).has_value());
      if (i == 0) count = columns.t.size();
      ASSERT_EQ(columns.t.size(), count);
      ASSERT_TRUE(std::is_sorted(columns.t.begin(), columns.t.end()));
    }
    ASSERT_GE(count, newest_seen) << "what was once there stays";
    newest_seen = count;
    ASSERT_TRUE(db.label_values("pod", {}, {}, 0).has_value());
    static_cast<void>(db.head_stats(5));
  }
}

TEST_F(ConcurrencyTest, AppendersReadersAndMaintenanceDoNotDisturbEachOther) {
  std::atomic<bool> done{false};
  std::vector<std::thread> writers, others;
  for (int i = 0; i < 3; ++i) writers.emplace_back([&, i] { append_batches(db(), i); });
  for (int i = 0; i < 2; ++i) others.emplace_back([&] { read_until(db(), done); });
  others.emplace_back([&] {
    for (int n = 0; !done; ++n) {
      EXPECT_TRUE(db().maintain().has_value());
      if (n % 5 == 4) {
        EXPECT_TRUE(db().flush().has_value());
      }
      EXPECT_TRUE(db().sync().has_value());
    }
  });
  for (std::thread& thread : writers) thread.join();
  done = true;
  for (std::thread& thread : others) thread.join();

  const auto check = [&] {
    const std::vector<Matcher> matchers = {Matcher::equal("__name__", "m")};
    const auto selection = db().select(matchers, {});
    ASSERT_EQ((*selection)->size(), 3U * kSeries);
    SampleColumns columns;
    for (std::size_t i = 0; i < (*selection)->size(); ++i) {
      ASSERT_TRUE((*selection)->read(i, columns).has_value());
      std::vector<int> missing;
      for (int n = 0, k = 0; n < kBatches; ++n) {
        const bool is_there = k < std::ssize(columns.t) && columns.t[k] == kStart + n * 120'000;
        if (is_there) ++k;
        if (!is_there) missing.push_back(n);
      }
      EXPECT_THAT(missing, ::testing::IsEmpty()) << (*selection)->labels(i).to_string();
    }
    EXPECT_EQ(db().label_values("pod", {}, {}, 0)->values.size(), std::size_t{kBatches});
  };
  check();
  reopen();
  check();
}

}  // namespace
}  // namespace silverback::tsdb

// Sealing, merging, retention and what they may not change.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "base/metrics.h"
#include "base/thread_pool.h"
#include "tests/tsdb/db_fixture.h"
#include "tsdb/db.h"

namespace silverback::tsdb {
namespace {

using testing::kHour;

constexpr TimestampMs kStart = 1'700'006'400'000;  // the edge of a two-hour range

class DbSealTest : public DbTest {
 protected:
  std::size_t count(const std::string& folder, std::string_view prefix = "") {
    std::size_t found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory() / folder))
      if (entry.path().filename().string().starts_with(prefix)) ++found;
    return found;
  }
  void append_every_minute(const Labels& labels, TimestampMs from, TimestampMs to) {
    std::vector<Sample> samples;
    for (TimestampMs t = from; t < to; t += 60'000)
      samples.push_back({t, static_cast<double>(t % 1000'000) / 7});
    append(labels, samples);
  }
  double metric(Registry& registry, std::string_view name) {
    for (const Registry::Family& family : registry.snapshot())
      if (family.name == name) return family.points.front().value;
    ADD_FAILURE() << "no metric " << name;
    return -1;
  }
};

TEST_F(DbSealTest, FlushMovesEverythingIntoPartitionsAndEmptiesTheLog) {
  append_every_minute({{kMetricName, "a"}}, kStart, kStart + 5 * kHour);
  append_every_minute({{kMetricName, "b"}, {"x", "y"}}, kStart + kHour, kStart + 3 * kHour);
  const std::string before = dump();
  ASSERT_TRUE(db().flush().has_value());
  EXPECT_EQ(dump(), before);
  EXPECT_EQ(count("partitions"), 3U);
  EXPECT_EQ(count("tmp"), 0U);
  EXPECT_EQ(count("log", "wal-"), 1U) << "only the file that comes next";
  EXPECT_EQ(db().head_stats(0).chunks, 0U);
  reopen();
  EXPECT_EQ(dump(), before);
  ASSERT_TRUE(db().flush().has_value());
  EXPECT_EQ(count("partitions"), 3U) << "nothing to seal makes no partition";
}

TEST_F(DbSealTest, MaintainSealsARangeWhenTheNewestSampleIsAnHourBehindIt) {
  append_every_minute({{kMetricName, "a"}}, kStart, kStart + 3 * kHour - 60'000);
  ASSERT_TRUE(db().maintain().has_value());
  EXPECT_EQ(count("partitions"), 0U);
  append("a", {{kStart + 3 * kHour, 1}});
  const std::string before = dump();
  ASSERT_TRUE(db().maintain().has_value());
  EXPECT_EQ(count("partitions"), 1U);
  EXPECT_EQ(db().head_stats(0).mint, kStart + 2 * kHour);
  EXPECT_EQ(dump(), before);
  reopen();
  EXPECT_EQ(dump(), before);
}

TEST_F(DbSealTest, LateSamplesForASealedRangeWaitForTheNextSeal) {
  append_every_minute({{kMetricName, "a"}}, kStart, kStart + 4 * kHour);
  ASSERT_TRUE(db().maintain().has_value());
  for (int i = 0; i < 5; ++i) {
    append("a", {{kStart + 500 + i, 1}});
    append("slow", {{kStart + i, 1}});
    ASSERT_TRUE(db().maintain().has_value());
  }
  EXPECT_EQ(count("partitions"), 1U);
  append_every_minute({{kMetricName, "a"}}, kStart + 4 * kHour, kStart + 6 * kHour);
  const std::string before = dump();
  ASSERT_TRUE(db().maintain().has_value());
  EXPECT_EQ(dump(), before);
  reopen();
  EXPECT_EQ(dump(), before);
  EXPECT_EQ(db().head_stats(0).mint, kStart + 4 * kHour);
}

TEST_F(DbSealTest, TheFirstAcceptedSampleOfAnInstantStaysThroughSealingAndMerging) {
  append("a", {{kStart, 1}, {kStart + 2000, 2}});
  append("a", {{kStart, 8}, {kStart + 1000, 3}});  // late: one loses, one is new
  append("a", {{kStart + 1000, 9}});               // late twice
  ASSERT_TRUE(db().flush().has_value());
  append("a", {{kStart + 1000, 10}, {kStart + 500, 4}});  // against what is sealed
  const std::string want =
      "{__name__=\"a\"} 1700006400000:1 1700006400500:4 1700006401000:3 "
      "1700006402000:2\n";
  EXPECT_EQ(dump(), want);
  reopen();
  EXPECT_EQ(dump(), want);
  append("a", {{kStart + 500, 11}});
  ASSERT_TRUE(db().flush().has_value());
  append("a", {{kStart + 2000, 12}});
  EXPECT_EQ(dump(), want);
  ASSERT_TRUE(db().compact().has_value());
  EXPECT_EQ(dump(), want);
  EXPECT_EQ(count("partitions"), 1U);
  reopen();
  EXPECT_EQ(dump(), want);
}

TEST_F(DbSealTest, CompactMergesToOnePartitionADayAndMore) {
  for (int hour = 0; hour < 72; hour += 4) {
    append_every_minute({{kMetricName, "a"}}, kStart + hour * kHour, kStart + (hour + 4) * kHour);
    ASSERT_TRUE(db().flush().has_value());
  }
  const std::string before = dump();
  ASSERT_TRUE(db().compact().has_value());
  EXPECT_LE(count("partitions"), 2U);
  EXPECT_EQ(dump(), before);
  reopen();
  EXPECT_EQ(dump(), before);
}

TEST_F(DbSealTest, RetentionRemovesPartitionsThatAreWhollyOlder) {
  options().retention = 10 * kHour;
  reopen();
  append_every_minute({{kMetricName, "a"}}, kStart, kStart + 6 * kHour);
  ASSERT_TRUE(db().flush().has_value());
  clock().set(kStart + 12 * kHour + 1);
  ASSERT_TRUE(db().maintain().has_value());
  EXPECT_EQ(count("partitions"), 2U);
  EXPECT_EQ(read_all("a").t.front(), kStart + 2 * kHour);
  reopen();
  EXPECT_EQ(read_all("a").t.front(), kStart + 2 * kHour);
}

TEST_F(DbSealTest, RetentionCanBeChangedWhileItRuns) {
  append_every_minute({{kMetricName, "a"}}, kStart, kStart + 6 * kHour);
  ASSERT_TRUE(db().flush().has_value());
  clock().set(kStart + 12 * kHour + 1);
  ASSERT_TRUE(db().maintain().has_value());
  EXPECT_EQ(read_all("a").t.front(), kStart) << "without a retention all is kept";
  db().set_retention(10 * kHour);
  ASSERT_TRUE(db().maintain().has_value());
  EXPECT_EQ(read_all("a").t.front(), kStart + 2 * kHour);
}

TEST_F(DbSealTest, ASelectionOutlivesWhatItReads) {
  options().retention = 10 * kHour;
  reopen();
  append_every_minute({{kMetricName, "a"}, {"i", "1"}}, kStart, kStart + 6 * kHour);
  ASSERT_TRUE(db().flush().has_value());
  append_every_minute({{kMetricName, "b"}, {"i", "2"}}, kStart, kStart + 6 * kHour);
  const std::string before = dump();
  const std::vector<Matcher> matchers = {*Matcher::make(Matcher::Type::kRegex, "i", ".+")};
  const auto selection = db().select(matchers, {});
  ASSERT_TRUE(selection.has_value());
  ASSERT_TRUE(db().flush().has_value());
  clock().set(kStart + 100 * kHour);
  for (int i = 0; i < 3; ++i) {
    append("later", {{kStart + 100 * kHour + i * 4 * kHour, 1}});
    ASSERT_TRUE(db().maintain().has_value());
  }
  EXPECT_EQ(count("partitions"), 2U) << "only later ones";
  ASSERT_EQ((*selection)->size(), 2U);
  SampleColumns columns;
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE((*selection)->read(i, columns).has_value());
    EXPECT_EQ(columns.t.size(), 360U);
    EXPECT_EQ((*selection)->labels(i).get("i"), i == 0 ? "1" : "2");
  }
}

TEST_F(DbSealTest, ForgetsSeriesThatHaveNoSamplesLeft) {
  Registry registry;
  options().metrics = &registry;
  reopen();
  SeriesRef ref = SeriesRef::kNone;
  {
    const std::unique_ptr<Appender> batch = db().appender();
    ref = *batch->series({{kMetricName, "gone"}});
    batch->append(ref, {kStart, 1});
    ASSERT_TRUE(batch->commit().has_value());
  }
  append("stays", {{kStart, 1}, {kStart + 8 * kHour, 1}});
  EXPECT_TRUE(db().appender()->known(ref));
  const std::unique_ptr<Appender> idle = db().appender();
  ASSERT_TRUE(idle->known(ref));
  ASSERT_TRUE(db().maintain().has_value());
  // A batch that was begun before may still use it.
  idle->append(ref, {kStart + 1, 2});
  ASSERT_TRUE(idle->commit().has_value());
  EXPECT_EQ(read_all("gone").t.size(), 2U);
  EXPECT_TRUE(db().appender()->known(ref));

  // Not before the log file that mentions it is gone too.
  for (const int hour : {16, 24}) {
    append("stays", {{kStart + hour * kHour, 1}});
    ASSERT_TRUE(db().maintain().has_value());
  }
  EXPECT_FALSE(db().appender()->known(ref));
  EXPECT_EQ(db().head_stats(0).series, 1U);
  EXPECT_EQ(metric(registry, "prometheus_tsdb_head_series"), 1);
  EXPECT_EQ(metric(registry, "prometheus_tsdb_head_series_removed_total"), 1);
  EXPECT_EQ(read_all("gone").t.size(), 2U) << "its samples are in partitions";
  // It comes back under another name.
  append("gone", {{kStart + 25 * kHour, 3}});
  EXPECT_FALSE(db().appender()->known(ref));
  const std::string before = dump();
  reopen();
  EXPECT_EQ(dump(), before);
}

// What is committed while a seal is about to begin must not count as sealed.
class HookedClock final : public Clock {
 public:
  explicit HookedClock(TimestampMs now) : now_(now) {}
  TimestampMs now() const override {
    if (const std::function<void()> hook = std::exchange(hook_, nullptr)) hook();
    return now_;
  }
  void on_next_call(std::function<void()> hook) { hook_ = std::move(hook); }

 private:
  const TimestampMs now_;
  mutable std::function<void()> hook_;
};

TEST_F(DbSealTest, ADayThatIsCompletedWhileItIsSealedIsNotTakenAsSealed) {
  const TimestampMs day = kStart / (24 * kHour) * 24 * kHour;
  HookedClock hooked(day + 23 * kHour);
  options().clock = &hooked;
  reopen();
  for (const int hour : {1, 3, 19, 22}) append("m", {{day + hour * kHour, 1}});
  append("m", {{day + 23 * kHour + kHour / 2, 1}});
  ASSERT_TRUE(db().sync().has_value());
  bool called = false;
  hooked.on_next_call([&] {
    called = true;
    append("m", {{day + 25 * kHour, 1}});
  });
  ASSERT_TRUE(db().maintain().has_value());
  ASSERT_TRUE(called);
  const std::string before = dump();
  EXPECT_EQ(std::count(before.begin(), before.end(), ':'), 6);
  reopen();
  EXPECT_EQ(dump(), before);
}

TEST_F(DbSealTest, KeepsActiveSeriesThroughAFlush) {
  const std::unique_ptr<Appender> batch = db().appender();
  const SeriesRef ref = *batch->series({{kMetricName, "a"}});
  batch->append(ref, {kStart, 1});
  ASSERT_TRUE(batch->commit().has_value());
  ASSERT_TRUE(db().flush().has_value());
  ASSERT_TRUE(batch->known(ref));
  batch->append(ref, {kStart, 1});
  batch->append(ref, {kStart, 2});
  batch->append(ref, {kStart + 1, 2});
  const CommitResult result = *batch->commit();
  EXPECT_EQ(result.identical_duplicates, 1U);
  EXPECT_EQ(result.stored, 1U);
  ASSERT_EQ(result.rejections.size(), 1U);
  EXPECT_EQ(result.rejections[0].verdict, SampleVerdict::kDuplicateValue);
}

TEST_F(DbSealTest, RefusesWritesWhileTheDiskIsNearlyFullAndNamesTheFlag) {
  options().min_free_bytes = std::uint64_t{1} << 62;
  reopen();
  const std::unique_ptr<Appender> batch = db().appender();
  batch->append(*batch->series({{kMetricName, "a"}}), {1, 1});
  const Result<CommitResult> result = batch->commit();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(result.error().message.find("--storage.min-free-bytes"), std::string::npos);
  EXPECT_EQ(dump(), "");
  options().min_free_bytes = 0;
  reopen();
  append("a", {{1, 1}});
  EXPECT_EQ(read_all("a").t.size(), 1U);
}

TEST_F(DbSealTest, LeavesADamagedPartitionOutAndSaysSo) {
  append("a", {{kStart, 1}});
  append("b", {{kStart + 4 * kHour, 1}});
  ASSERT_TRUE(db().flush().has_value());
  const auto partitions = std::filesystem::directory_iterator(directory() / "partitions");
  std::filesystem::path damaged;
  for (const auto& entry : partitions)
    if (damaged.empty() || entry.path() < damaged) damaged = entry.path();
  for (const auto& entry : std::filesystem::directory_iterator(damaged))
    std::filesystem::resize_file(entry.path(), 100);
  reopen();
  EXPECT_EQ(dump(), "{__name__=\"b\"} 1700020800000:1\n");
  const std::vector<Matcher> matchers = {Matcher::equal("__name__", "b")};
  const auto selection = db().select(matchers, {});
  ASSERT_EQ((*selection)->warnings().size(), 1U);
  EXPECT_NE((*selection)->warnings()[0].find("damaged"), std::string::npos);
  EXPECT_EQ(db().label_names({}, {}, 0)->warnings.size(), 1U);
}

TEST_F(DbSealTest, AnExecutorSyncsTheLogWhenItIsDue) {
  ThreadPool pool("test", 1);
  Registry registry;
  options().executor = &pool;
  options().metrics = &registry;
  options().wal_sync = 20;
  reopen();
  const auto syncs = [&] {
    for (const Registry::Family& family : registry.snapshot())
      if (family.name == "prometheus_tsdb_wal_fsync_duration_seconds")
        return family.points.front().distribution.cumulative.back();
    return std::uint64_t{0};
  };
  for (std::uint64_t n = 1; n <= 3; ++n) {
    const std::uint64_t before = syncs();
    append("a", {{kStart + static_cast<TimestampMs>(n), 1}});
    for (int waited = 0; waited < 1000 && syncs() == before; ++waited)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_GT(syncs(), before);
  }
  append("a", {{kStart + 1000, 1}});
  options().executor = nullptr;
  reopen();  // waits for the task, so that the pool may go
}

TEST_F(DbSealTest, CountsWhatPrometheusCounts) {
  Registry registry;
  options().metrics = &registry;
  reopen();
  append("a", {{kStart, 1}, {kStart + 1000, 1}});
  append("a", {{kStart + 500, 1}});
  append("b", {{kStart + 4 * kHour, 1}});
  ASSERT_TRUE(db().maintain().has_value());
  EXPECT_EQ(metric(registry, "prometheus_tsdb_head_samples_appended_total"), 4);
  EXPECT_EQ(metric(registry, "prometheus_tsdb_out_of_order_samples_appended_total"), 1);
  EXPECT_EQ(metric(registry, "prometheus_tsdb_head_series_created_total"), 2);
  EXPECT_EQ(metric(registry, "prometheus_tsdb_head_chunks"), 1);
  EXPECT_EQ(metric(registry, "prometheus_tsdb_head_max_time"), kStart + 4 * kHour);
  EXPECT_EQ(metric(registry, "prometheus_tsdb_compactions_total"), 1);
  EXPECT_EQ(metric(registry, "prometheus_tsdb_blocks_loaded"), 1);
}

}  // namespace
}  // namespace silverback::tsdb

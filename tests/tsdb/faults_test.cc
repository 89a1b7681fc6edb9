// Every file call of a scripted life fails once: whatever was acknowledged is there afterwards, and
// nothing that was not sent.
#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "tests/testing/faulty_file_system.h"
#include "tests/testing/seed.h"
#include "tests/tsdb/db_fixture.h"
#include "tsdb/db.h"
#include "tsdb/db_directory.h"
#include "tsdb/manifest.h"
#include "tsdb/wal/wal_frame.h"

namespace silverback::tsdb {
namespace {

using silverback::testing::FaultyFileSystem;
using silverback::testing::FileOperation;
using testing::kHour;

constexpr TimestampMs kStart = 1'700'006'400'000;

class FaultsTest : public ::testing::Test {
 protected:
  FaultsTest() : scratch_(testing::scratch_directory_in_memory()) {}
  ~FaultsTest() override { std::filesystem::remove_all(scratch_); }

  void start_over() {
    db_.reset();
    files_.reset();
    std::filesystem::remove_all(scratch_);
    std::filesystem::create_directories(scratch_ / "attic");
    files_ = std::make_unique<FaultyFileSystem>(FileSystem::posix(), scratch_ / "attic");
    sent_.clear();
    acknowledged_.clear();
    now_ = kStart;
  }

  void open(DurationMs wal_sync) {
    DbOptions options;
    options.files = files_.get();
    options.wal_sync = wal_sync;
    options.clock = &clock_;
    for (int attempt = 0; attempt < 3 && db_ == nullptr; ++attempt) {
      auto db = Db::open(scratch_ / "db", options);
      if (db) db_ = *std::move(db);
    }
    ASSERT_NE(db_, nullptr) << "one fault is not for ever";
  }

  // The sender's part: what is not acknowledged is sent again, a few times.
  void append(int series, DurationMs step, double v) {
    now_ += step;
    const std::unique_ptr<Appender> batch = db_->appender();
    for (int attempt = 0; attempt < 3; ++attempt) {
      std::vector<std::pair<std::string, TimestampMs>> keys;
      for (int i = 0; i < series; ++i) {
        const std::string metric = "m" + std::to_string(i);
        for (const TimestampMs t : {now_ + i, now_ - 300'000 + i}) {
          const Result<SeriesRef> ref = batch->series({{kMetricName, metric}});
          ASSERT_TRUE(ref.has_value());
          batch->append(*ref, {t, v});
          keys.emplace_back(metric, t);
          sent_[{metric, t}].insert(v);
        }
      }
      if (!batch->commit()) continue;
      for (const auto& key : keys) acknowledged_.insert(key);
      return;
    }
  }

  void live() {
    append(3, 1000, 1);
    append(4, 1000, 2);
    static_cast<void>(db_->sync());
    append(4, 2 * kHour, 3);
    clock_.advance(1000);  // a sync is due
    append(4, 1000, 4);
    static_cast<void>(db_->maintain());
    append(5, 2 * kHour, 5);
    static_cast<void>(db_->maintain());
    append(2, 1000, 6);
    static_cast<void>(db_->flush());
    append(5, 1000, 7);
    static_cast<void>(db_->compact());
    append(5, 1000, 8);
  }

  void check(const std::string& context) {
    const std::vector<Matcher> all = {*Matcher::make(Matcher::Type::kRegex, "__name__", ".+")};
    const auto selection = db_->select(all, {});
    ASSERT_TRUE(selection.has_value()) << context << selection.error().message;
    EXPECT_TRUE((*selection)->warnings().empty()) << context;
    std::set<std::pair<std::string, TimestampMs>> found;
    SampleColumns columns;
    for (std::size_t i = 0; i < (*selection)->size(); ++i) {
      const std::string metric((*selection)->labels(i).metric_name());
      ASSERT_TRUE((*selection)->read(i, columns).has_value()) << context;
      for (std::size_t k = 0; k < columns.t.size(); ++k) {
        found.emplace(metric, columns.t[k]);
        const auto sent = sent_.find({metric, columns.t[k]});
        ASSERT_TRUE(sent != sent_.end() && sent->second.contains(columns.v[k]))
            << context << metric << " " << columns.t[k];
      }
    }
    for (const auto& key : acknowledged_)
      ASSERT_TRUE(found.contains(key)) << context << key.first << " " << key.second;
  }

  const std::filesystem::path scratch_;
  silverback::testing::ManualClock clock_{kStart};
  std::unique_ptr<FaultyFileSystem> files_;
  std::unique_ptr<Db> db_;
  TimestampMs now_ = kStart;
  std::map<std::pair<std::string, TimestampMs>, std::set<double>> sent_;
  std::set<std::pair<std::string, TimestampMs>> acknowledged_;
};

TEST_F(FaultsTest, OneFailedFileCallLosesNothingAcknowledged) {
  for (const DurationMs wal_sync : {DurationMs{0}, DurationMs{100}}) {
    start_over();
    open(wal_sync);
    live();
    db_.reset();
    const std::size_t calls = files_->calls();
    ASSERT_GT(calls, 50U);
    for (std::size_t n = 0; n < calls; ++n) {
      const std::string context =
          "wal_sync " + std::to_string(wal_sync) + " failing call " + std::to_string(n) + ": ";
      start_over();
      files_->fail_after(n);
      open(wal_sync);
      if (HasFatalFailure()) FAIL() << context;
      live();
      ASSERT_GE(acknowledged_.size(), 20U) << context << "service goes on after one fault";
      files_->heal();
      check(context);
      db_.reset();
      open(wal_sync);
      check(context + "reopened: ");
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(FaultsTest, NoPowerLossLosesWhatWasSynced) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  start_over();
  open(0);
  live();
  db_.reset();
  const std::size_t calls = files_->calls();
  for (std::size_t n = 3; n < calls; n += 2) {
    const std::string context = "power lost at call " + std::to_string(n) + ": ";
    start_over();
    // The last thing that happens is that every call fails; then the machine is off.
    files_->fail_after(n, {}, FaultyFileSystem::kForever);
    DbOptions options;
    options.files = files_.get();
    options.wal_sync = 0;
    options.clock = &clock_;
    auto db = Db::open(scratch_ / "db", options);
    if (db) {
      db_ = *std::move(db);
      live();
    }
    files_->lose_power(&random);
    db_.reset();
    files_->heal();
    open(0);
    if (HasFatalFailure()) FAIL() << context;
    check(context);
    if (HasFatalFailure()) return;
    append(2, 1000, 9);
    check(context + "going on: ");
  }
}

// What a killed process left in the page cache is read by the next one, which must not build on it
// before it is on the disk.
TEST_F(FaultsTest, NoPowerLossAfterAKillLosesWhatWasSyncedBetween) {
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  start_over();
  open(100);
  live();
  db_.reset();
  const std::size_t calls = files_->calls();
  for (std::size_t n = 3; n < calls; ++n) {
    const std::string context = "killed at call " + std::to_string(n) + ": ";
    start_over();
    files_->fail_after(n, {}, FaultyFileSystem::kForever);
    DbOptions options;
    options.files = files_.get();
    options.clock = &clock_;
    auto db = Db::open(scratch_ / "db", options);
    if (db) {
      db_ = *std::move(db);
      live();
    }
    db_.reset();
    files_->heal();
    open(100);
    if (HasFatalFailure()) FAIL() << context;
    check(context);
    append(4, 1000, 9);
    ASSERT_TRUE(db_->sync().has_value()) << context;
    files_->fail_after(0, {}, FaultyFileSystem::kForever);
    files_->lose_power(n % 2 == 0 ? &random : nullptr);
    db_.reset();
    files_->heal();
    open(100);
    if (HasFatalFailure()) FAIL() << context;
    check(context + "then power lost: ");
    if (HasFatalFailure()) return;
  }
}

TEST_F(FaultsTest, ASealWhoseManifestFailsLeavesNoPartitionBehind) {
  for (std::size_t n = 0; n < 30; ++n) {
    start_over();
    open(100);
    append(3, 1000, 1);
    append(3, 8 * kHour, 2);
    for (int attempt = 0; attempt < 3; ++attempt) {
      files_->fail_after(n, {FileOperation::kSync, FileOperation::kWrite});
      static_cast<void>(db_->flush());
    }
    files_->heal();
    append(3, 1000, 3);
    ASSERT_TRUE(db_->flush().has_value());
    const std::string context = "failing call " + std::to_string(n) + ": ";
    check(context);
    db_.reset();
    const auto manifest = Manifest::open(*files_, scratch_ / "db" / kManifestName);
    EXPECT_EQ(files_->list(scratch_ / "db" / "partitions")->size(), (*manifest)->entries().size())
        << context;
  }
}

TEST_F(FaultsTest, NothingSealedIsReplayedAfterASyncFailedInTheSeal) {
  start_over();
  open(100);
  append(3, 1000, 1);
  files_->fail_after(1, {FileOperation::kSync});  // the first is that of the registrations
  ASSERT_TRUE(db_->flush().has_value());
  EXPECT_TRUE(files_->has_failed());
  db_.reset();
  open(100);
  EXPECT_EQ(db_->head_stats(0).chunks, 0U);
  check("reopened: ");
}

// A series that was forgotten and came back has two ids in the log if the old registration could
// not be removed.
TEST_F(FaultsTest, AnIdThatTheLogStillUsesKeepsItsMeaningWhenTheSeriesLogIsRewritten) {
  start_over();
  open(100);
  const auto put = [&](std::initializer_list<std::string> metrics, int hour) {
    const std::unique_ptr<Appender> batch = db_->appender();
    for (const std::string& metric : metrics) {
      const TimestampMs t = kStart + hour * kHour;
      batch->append(*batch->series(Labels{{kMetricName, metric}}), {t, 1});
      sent_[{metric, t}].insert(1);
      acknowledged_.emplace(metric, t);
    }
    ASSERT_TRUE(batch->commit().has_value());
  };
  const std::filesystem::path log = scratch_ / "db" / "log";
  const auto registrations = [&] { return log / log_file_name(LogType::kSeries, 1); };

  put({"returns", "stays", "goes"}, 0);
  ASSERT_TRUE(db_->sync().has_value());
  std::filesystem::copy(registrations(), scratch_ / "old");
  for (const int hour : {8, 16, 24}) {
    put({"stays", "goes"}, hour);
    ASSERT_TRUE(db_->maintain().has_value());
  }
  ASSERT_EQ(db_->head_stats(0).series, 2U);
  ASSERT_FALSE(std::filesystem::exists(registrations()));
  put({"returns"}, 1000);
  put({"stays"}, 33);
  db_.reset();
  std::filesystem::copy(scratch_ / "old", registrations());

  open(100);
  check("with two ids: ");
  ASSERT_TRUE(db_->maintain().has_value());
  ASSERT_FALSE(std::filesystem::exists(registrations())) << "rewritten, since one was forgotten";
  db_.reset();
  open(100);
  check("rewritten: ");
}

TEST_F(FaultsTest, AFlippedByteOfTheLogCostsSamplesButNeverMakesWrongOnes) {
  start_over();
  open(0);
  for (int i = 0; i < 4; ++i) append(3, 1000, i);
  const std::unique_ptr<Appender> batch = db_->appender();
  batch->append_metadata("m0", {MetricType::kGauge, "Help.", ""});
  ASSERT_TRUE(batch->commit().has_value());
  db_.reset();
  acknowledged_.clear();  // damage may cost some
  std::size_t opened = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch_ / "db" / "log")) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    for (std::size_t place = 0; place < whole.size(); ++place) {
      std::string flipped = whole;
      flipped[place] = static_cast<char>(flipped[place] ^ (1 << (place % 8)));
      std::ofstream(entry.path(), std::ios::binary) << flipped;
      open(0);
      if (HasFatalFailure()) return;
      check("byte " + std::to_string(place) + " of " + entry.path().string() + ": ");
      db_.reset();
      ++opened;
    }
    std::ofstream(entry.path(), std::ios::binary) << whole;
  }
  EXPECT_GT(opened, 300U);
}

TEST_F(FaultsTest, AcknowledgesNothingWhileTheDiskIsFullAndServesAgainAfterwards) {
  start_over();
  open(100);
  append(3, 1000, 1);
  files_->fail_after(0, {FileOperation::kWrite}, FaultyFileSystem::kForever,
                     ErrorCode::kUnavailable);
  const std::size_t before = acknowledged_.size();
  append(3, 1000, 2);
  EXPECT_EQ(acknowledged_.size(), before);
  check("full: ");
  files_->heal();
  append(3, 1000, 3);
  EXPECT_GT(acknowledged_.size(), before);
  check("healed: ");
  db_.reset();
  open(100);
  check("reopened: ");
}

TEST_F(FaultsTest, ASealThatFailsIsTriedAgainAMinuteLaterAndCostsNothing) {
  start_over();
  open(100);
  append(3, 1000, 1);
  append(3, 8 * kHour, 2);
  files_->fail_after(0, {FileOperation::kCreateDirectories}, FaultyFileSystem::kForever);
  EXPECT_FALSE(db_->maintain().has_value());
  const std::size_t creations = files_->calls(FileOperation::kCreate);
  for (int i = 0; i < 5; ++i) {
    append(3, 1000, 3);
    EXPECT_TRUE(db_->maintain().has_value()) << "not due again yet";
  }
  EXPECT_EQ(files_->calls(FileOperation::kCreate), creations);
  check("not sealed: ");
  clock_.advance(61'000);
  EXPECT_FALSE(db_->maintain().has_value());
  files_->heal();
  clock_.advance(61'000);
  EXPECT_TRUE(db_->maintain().has_value());
  EXPECT_FALSE(std::filesystem::is_empty(scratch_ / "db" / "partitions"));
  check("sealed: ");
  db_.reset();
  open(100);
  check("reopened: ");
}

TEST_F(FaultsTest, ADuplicateIsNotAcknowledgedBeforeItsOriginalIsDurable) {
  start_over();
  open(0);
  append(1, 1000, 1);
  files_->fail_after(0, {FileOperation::kSync}, FaultyFileSystem::kForever);
  const std::unique_ptr<Appender> batch = db_->appender();
  for (int attempt = 0; attempt < 3; ++attempt) {
    batch->append(*batch->series({{kMetricName, "m0"}}), {now_ + 5000, 2});
    EXPECT_FALSE(batch->commit().has_value()) << attempt;
  }
  files_->heal();
  batch->append(*batch->series({{kMetricName, "m0"}}), {now_ + 5000, 2});
  const Result<CommitResult> result = batch->commit();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->identical_duplicates, 1U);
  files_->lose_power();
  db_.reset();
  files_->heal();
  open(0);
  EXPECT_NE(testing::dump(*db_).find(std::to_string(now_ + 5000) + ":2"), std::string::npos);
}

}  // namespace
}  // namespace silverback::tsdb

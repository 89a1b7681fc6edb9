// kill -9 under load, again and again on one directory: every sample whose commit was reported
// through a pipe before the kill is there. SILVERBACK_KILL_ROUNDS says how often (10).
#include <csignal>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/testing/seed.h"
#include "tests/tsdb/db_fixture.h"
#include "tsdb/db.h"

namespace silverback::tsdb {
namespace {

using testing::kHour;

constexpr int kSeries = 40;
constexpr DurationMs kStep = 15'000;
constexpr TimestampMs kStart = 1'700'006'400'000;

// Batch `n`: one sample for every series; every tenth has a late one too.
Sample sample_of(std::uint64_t n, int series) {
  return {kStart + static_cast<TimestampMs>(n) * kStep,
          static_cast<double>(n * 1000 + static_cast<std::uint64_t>(series))};
}
Sample late_sample_of(std::uint64_t n) {
  return {kStart + static_cast<TimestampMs>(n) * kStep - 7'000 -
              100 * kStep * static_cast<TimestampMs>(n % 7),
          static_cast<double>(n)};
}

// Never returns: appends from batch `n` on until it is killed, and reports each batch it may.
[[noreturn]] void write_until_killed(const std::filesystem::path& directory, std::uint64_t n,
                                     int report) {
  auto db = Db::open(directory, {});
  if (!db) ::_exit(3);
  for (;; ++n) {
    const std::unique_ptr<Appender> batch = (*db)->appender();
    for (int i = 0; i < kSeries; ++i) {
      const std::string instance = std::to_string(i);
      const auto ref = batch->series({{kMetricName, "m"}, {"i", instance}});
      batch->append(*ref, sample_of(n, i));
      if (i == 0 && n % 10 == 0) batch->append(*ref, late_sample_of(n));
    }
    if (!batch->commit()) ::_exit(4);
    if (::write(report, &n, sizeof n) != sizeof n) ::_exit(5);
    if (n % 50 == 49 && !(*db)->maintain()) ::_exit(6);
    if (n % 400 == 399 && !(*db)->flush()) ::_exit(7);
    if (n % 1500 == 1499 && !(*db)->compact()) ::_exit(8);
  }
}

// The number of batches acknowledged, read until `deadline_ms` passed and the writer is dead.
std::uint64_t kill_after(pid_t writer, int report, int deadline_ms, std::uint64_t acknowledged) {
  const auto read_all = [&] {
    std::uint64_t n = 0;
    pollfd wait{report, POLLIN, 0};
    while (::poll(&wait, 1, 0) > 0 && ::read(report, &n, sizeof n) == sizeof n)
      acknowledged = n + 1;
  };
  for (int waited = 0; waited < deadline_ms; waited += 5) {
    read_all();
    ::usleep(5'000);
  }
  ::kill(writer, SIGKILL);
  int status = 0;
  ::waitpid(writer, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer gave up with " << WEXITSTATUS(status);
  read_all();
  return acknowledged;
}

void check_all(const Db& db, std::uint64_t acknowledged) {
  const std::vector<Matcher> matchers = {Matcher::equal("__name__", "m")};
  const auto selection = db.select(matchers, {});
  ASSERT_TRUE(selection.has_value());
  ASSERT_EQ((*selection)->size(), acknowledged == 0 ? (*selection)->size() : kSeries);
  SampleColumns columns;
  for (std::size_t i = 0; i < (*selection)->size(); ++i) {
    ASSERT_TRUE((*selection)->read(i, columns).has_value());
    const int series = std::stoi(std::string((*selection)->labels(i).get("i")));
    std::map<TimestampMs, double> got;
    for (std::size_t k = 0; k < columns.t.size(); ++k) got[columns.t[k]] = columns.v[k];
    for (std::uint64_t n = 0; n < acknowledged; ++n) {
      const Sample want = sample_of(n, series);
      ASSERT_TRUE(got.contains(want.t)) << "batch " << n << " of " << acknowledged;
      ASSERT_EQ(got[want.t], want.v);
      if (series == 0 && n % 10 == 0) {
        ASSERT_TRUE(got.contains(late_sample_of(n).t)) << "late, batch " << n;
      }
    }
    ASSERT_LE(got.size(), acknowledged + acknowledged / 10 + 1000);
  }
}

TEST(KillRecovery, EveryAcknowledgedSampleIsThere) {
  const char* rounds_text = std::getenv("SILVERBACK_KILL_ROUNDS");
  const int rounds = rounds_text == nullptr ? 10 : std::atoi(rounds_text);
  const std::uint64_t seed = silverback::testing::seed();
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  std::filesystem::path directory = testing::scratch_directory();
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < rounds; ++round) {
    if (round % 25 == 24) {  // not ever more to check
      std::filesystem::remove_all(directory);
      acknowledged = 0;
    }
    int report[2];
    ASSERT_EQ(::pipe(report), 0);
    const pid_t writer = ::fork();
    ASSERT_GE(writer, 0);
    if (writer == 0) {
      ::close(report[0]);
      write_until_killed(directory, acknowledged, report[1]);
    }
    ::close(report[1]);
    acknowledged =
        kill_after(writer, report[0], static_cast<int>(20 + random() % 400), acknowledged);
    ::close(report[0]);
    const auto db = Db::open(directory, {});
    ASSERT_TRUE(db.has_value()) << db.error().message;
    check_all(**db, acknowledged);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
  EXPECT_GT(acknowledged, 0U);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace silverback::tsdb

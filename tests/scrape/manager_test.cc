#include "scrape/manager.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/sample.h"
#include "base/thread_pool.h"
#include "config/prometheus_config.h"
#include "scrape/target_series.h"
#include "tests/ingest/recording_store.h"
#include "tests/testing/http_test_server.h"
#include "tests/testing/manual_clock.h"
#include "tests/testing/queued_executor.h"

namespace silverback::scrape {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpTestServer;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Pair;
using testing::ReceivedRequest;
using testing::ServerConnection;
using ::testing::SizeIs;

constexpr TimestampMs kT0 = 1'700'000'000'000;
constexpr DurationMs kInterval = 1'000;  // of all jobs here

// Jobs are written as in prometheus.yml. The clock stands still until a test moves it; what the
// client brings waits until the test takes it.
class ScrapeManager : public ::testing::Test {
 protected:
  ScrapeManager()
      : server_([this](ServerConnection& connection, const ReceivedRequest& request) {
          const MutexLock lock(mutex_);
          requests_.push_back(request);
          if (handler_) return handler_(connection, request);
          connection.answer(status_, page_, {"Content-Type: " + content_type_});
          return true;
        }),
        client_(&executor_, "tester"),
        net_thread_([this] { client_.run(); }) {
    std::signal(SIGPIPE, SIG_IGN);
    folder_ = fs::temp_directory_path() /
              ("scrape_" + std::to_string(getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
    make_manager();
  }
  ~ScrapeManager() override {
    manager_->stop();
    client_.stop();
    net_thread_.join();
    manager_.reset();
    fs::remove_all(folder_);
  }

  void make_manager() {
    environment_.appender = [this] { return store_.appender(); };
    environment_.acceptance = &acceptance_;
    environment_.clock = &clock_;
    environment_.metrics = &metrics_;
    environment_.client = &client_;
    environment_.files = &FileSystem::posix();
    environment_.executor = &executor_;
    environment_.host_name = "here";
    manager_ = std::make_unique<Manager>(environment_);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  // A job `a` of this test's server, with more lines.
  std::string job(const std::string& more = "") const {
    return "  - job_name: a\n    static_configs: [{targets: ['" + address() + "']}]\n" + more;
  }
  static config::PrometheusConfig parse(const std::string& jobs) {
    auto config = config::parse_config(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n" + jobs, "p.yml");
    EXPECT_TRUE(config) << config.error().message;
    return config.value_or(config::PrometheusConfig());
  }
  Status apply(const std::string& jobs) {
    auto change = manager_->prepare(parse(jobs).scrape_configs);
    if (!change) return fail(change.error());
    manager_->apply(*std::move(change), {});
    return {};
  }

  // One interval later; each target is scraped once.
  void scrape(std::size_t targets = 1) {
    clock_.advance(kInterval);
    manager_->run_due();
    ASSERT_TRUE(executor_.run_tasks(targets));
  }
  void scrape_page(const std::string& page) {
    set_page(page);
    scrape();
  }
  void set_page(const std::string& page, const std::string& content_type = "text/plain",
                int status = 200) {
    const MutexLock lock(mutex_);
    page_ = page;
    content_type_ = content_type;
    status_ = status;
  }
  void set_handler(HttpTestServer::Handler handler) {
    const MutexLock lock(mutex_);
    handler_ = std::move(handler);
  }

  std::string name_of(const std::string& metric) const {
    return metric + "{instance=\"" + address() + "\", job=\"a\"}";
  }
  std::map<TimestampMs, double>& series(const std::string& metric) {
    return store_.samples[name_of(metric)];
  }
  double at(const std::string& metric, TimestampMs t) {
    const auto& samples = series(metric);
    const auto found = samples.find(t);
    return found == samples.end() ? -1e9 : found->second;
  }
  bool is_marked(const std::string& metric, TimestampMs t) { return is_stale(at(metric, t)); }
  std::size_t markers(const std::string& metric) {
    std::size_t count = 0;
    for (const auto& [t, v] : series(metric)) count += is_stale(v) ? 1 : 0;
    return count;
  }
  TargetStatus only_target() const {
    const std::vector<PoolStatus> pools = manager_->pools();
    EXPECT_THAT(pools, SizeIs(1));
    EXPECT_THAT(pools.at(0).active, SizeIs(1));
    return pools.at(0).active.at(0);
  }
  double metric(const std::string& name) const {
    for (const Registry::Family& family : metrics_.snapshot())
      if (family.name == name) return family.points.empty() ? -1 : family.points[0].value;
    return -1;
  }

  testing::RecordingStore store_;
  testing::ManualClock clock_{kT0};
  Registry metrics_;
  ingest::Acceptance acceptance_{0, clock_};
  testing::QueuedExecutor executor_;
  fs::path folder_;

  Mutex mutex_;
  std::string page_ GUARDED_BY(mutex_);
  std::string content_type_ GUARDED_BY(mutex_) = "text/plain";
  int status_ GUARDED_BY(mutex_) = 200;
  HttpTestServer::Handler handler_ GUARDED_BY(mutex_);
  std::vector<ReceivedRequest> requests_ GUARDED_BY(mutex_);
  HttpTestServer server_;
  net::HttpClient client_;
  std::thread net_thread_;
  Environment environment_;
  std::unique_ptr<Manager> manager_;
};

TEST_F(ScrapeManager, StoresWhatATargetAnswersOncePerInterval) {
  ASSERT_TRUE(apply(job()));
  EXPECT_EQ(only_target().health, Health::kUnknown);
  scrape_page("m 1\n");
  const TimestampMs t1 = clock_.now();
  scrape_page("m 2\n");
  const TimestampMs t2 = clock_.now();
  EXPECT_THAT(series("m"), ElementsAre(Pair(t1, 1), Pair(t2, 2)));
  EXPECT_THAT(series("up"), ElementsAre(Pair(t1, 1), Pair(t2, 1)));
  EXPECT_EQ(at("scrape_samples_scraped", t1), 1);
  EXPECT_EQ(at("scrape_series_added", t1), 1);
  EXPECT_EQ(at("scrape_series_added", t2), 0);
  EXPECT_GE(at("scrape_duration_seconds", t1), 0);
  EXPECT_EQ(only_target().health, Health::kUp);
  EXPECT_EQ(only_target().last_scrape, t2 * 1'000'000);
  manager_->run_due();
  EXPECT_TRUE(executor_.is_empty());
}

TEST_F(ScrapeManager, AsksAsPrometheusDoes) {
  ASSERT_TRUE(
      apply(job("    scrape_timeout: 500ms\n    metrics_path: /m\n"
                "    params: {a: [x, 'y z']}\n    enable_compression: false\n")));
  scrape_page("m 1\n");
  const MutexLock lock(mutex_);
  ASSERT_THAT(requests_, SizeIs(1));
  EXPECT_EQ(requests_[0].method, "GET");
  EXPECT_EQ(requests_[0].target, "/m?a=x&a=y+z");
  EXPECT_EQ(requests_[0].header("x-prometheus-scrape-timeout-seconds"), "0.5");
  EXPECT_EQ(requests_[0].header("accept-encoding"), "identity");
  EXPECT_EQ(requests_[0].header("user-agent"), "tester");
  EXPECT_EQ(requests_[0].header("accept"),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
            "text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
}

TEST_F(ScrapeManager, GivesSamplesTheTimeOfTheirSlot) {
  ASSERT_TRUE(apply(job()));
  set_page("m 1\n");
  while (executor_.is_empty() && server_.requests() == 0) {
    clock_.advance(1);
    manager_->run_due();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_TRUE(executor_.run_tasks(1));
  ASSERT_THAT(series("m"), SizeIs(1));
  const TimestampMs slot = series("m").begin()->first;
  const auto scrape_at = [&](TimestampMs t) {
    clock_.set(t);
    manager_->run_due();
    ASSERT_TRUE(executor_.run_tasks(1));
  };
  scrape_at(slot + kInterval + 2);      // within the tolerance
  scrape_at(slot + 2 * kInterval + 3);  // beyond
  EXPECT_THAT(series("m"),
              ElementsAre(Key(slot), Key(slot + kInterval), Key(slot + 2 * kInterval + 3)));
}

TEST_F(ScrapeManager, SpreadsTargetsOverTheInterval) {
  std::string targets;
  for (int i = 1; i <= 200; ++i)
    targets += (i == 1 ? "127.1.0." : ", 127.1.0.") + std::to_string(i);
  // Nobody listens there; what matters is when they are asked.
  ASSERT_TRUE(apply("  - job_name: a\n    static_configs: [{targets: [" + targets + "]}]\n"));
  for (DurationMs passed = 0; passed < kInterval; ++passed) {
    clock_.advance(1);
    manager_->run_due();
  }
  ASSERT_TRUE(executor_.run_tasks(200));
  std::map<TimestampMs, int> tenths;
  const std::vector<PoolStatus> pools = manager_->pools();
  for (const TargetStatus& target : pools[0].active) {
    ++tenths[target.last_scrape / 100'000'000 % 10];
    EXPECT_EQ(target.last_scrape % 10'000'000, 0) << "not at a hundredth of the interval";
  }
  EXPECT_THAT(tenths, SizeIs(10));
  for (const auto& [tenth, count] : tenths) EXPECT_LT(count, 50) << tenth;
}

TEST_F(ScrapeManager, ReportsWhyAScrapeFailed) {
  const std::string fallback = "    fallback_scrape_protocol: PrometheusText0.0.4\n";
  ASSERT_TRUE(apply(job()));
  scrape_page("m 1\n");
  const auto fails_with = [&](const std::string& text) {
    scrape();
    EXPECT_EQ(only_target().health, Health::kDown);
    EXPECT_THAT(only_target().last_error, HasSubstr(text));
    EXPECT_EQ(at("up", clock_.now()), 0);
  };
  set_page("m 1\n", "text/plain", 404);
  fails_with("server returned HTTP status 404");
  EXPECT_TRUE(is_marked("m", clock_.now()));
  set_page("m 1\n", "");
  fails_with("non-compliant scrape target sending blank Content-Type");
  set_page("m 1\n", "application/json");
  fails_with("received unsupported Content-Type");
  set_page("m x\n");
  fails_with("line 1");
  set_handler([](ServerConnection&, const ReceivedRequest&) { return false; });
  fails_with("Get \"http://" + address() + "/metrics\"");
  EXPECT_EQ(markers("m"), 1);

  set_handler(nullptr);
  set_page("m 1\n", "");
  ASSERT_TRUE(apply(job(fallback)));
  scrape();
  EXPECT_EQ(at("m", clock_.now()), 1);
}

TEST_F(ScrapeManager, CutsLargePages) {
  ASSERT_TRUE(apply(job("    body_size_limit: 8B\n    extra_scrape_metrics: true\n")));
  scrape_page("m 12345\n");  // Prometheus compatibility: as large as the limit is too large
  EXPECT_EQ(only_target().last_error, "body size limit exceeded");
  EXPECT_EQ(at("scrape_body_size_bytes", clock_.now()), -1);
  EXPECT_EQ(metric("prometheus_target_scrapes_exceeded_body_size_limit_total"), 1);
  scrape_page("m 1234\n");
  EXPECT_EQ(at("m", clock_.now()), 1234);
  EXPECT_EQ(at("scrape_body_size_bytes", clock_.now()), 7);
}

TEST_F(ScrapeManager, CutsEveryPageAtTheServersLimit) {
  environment_.body_bytes_max = 4;
  manager_ = std::make_unique<Manager>(environment_);
  ASSERT_TRUE(apply(job()));
  scrape_page("m 1\n");
  EXPECT_EQ(only_target().health, Health::kUp);
  scrape_page("m 12\n");
  EXPECT_EQ(only_target().last_error, "body size limit exceeded");
}

TEST_F(ScrapeManager, MarksTheSeriesOfATargetThatIsGoneTwoIntervalsLater) {
  const std::string file = path("t.json");
  std::ofstream(file) << "[{\"targets\":[\"" << address() << "\"]}]";
  const std::string jobs = "  - {job_name: a, file_sd_configs: [{files: ['" + file + "']}]}\n";
  ASSERT_TRUE(apply(jobs));
  scrape_page("m 1\n");
  const TimestampMs last = clock_.now();
  ASSERT_TRUE(apply("  - {job_name: a}\n"));
  EXPECT_THAT(manager_->pools()[0].active, IsEmpty());
  clock_.advance(kInterval);
  manager_->run_due();
  EXPECT_EQ(markers("m"), 0);
  clock_.advance(2 * kInterval);
  manager_->run_due();
  ASSERT_TRUE(executor_.run_tasks(1));
  ASSERT_EQ(markers("m"), 1);
  EXPECT_GT(series("m").rbegin()->first, last);
  EXPECT_LE(series("m").rbegin()->first, last + kInterval);
  EXPECT_EQ(markers("up"), 1);
  EXPECT_EQ(markers("scrape_samples_scraped"), 1);
}

TEST_F(ScrapeManager, LeavesATargetThatComesBackWithoutAHole) {
  ASSERT_TRUE(apply(job()));
  scrape_page("m 1\n");
  ASSERT_TRUE(apply("  - {job_name: a}\n"));
  ASSERT_TRUE(apply(job()));
  // Three scrapes, and among them the end of who was gone.
  for (int i = 0; i < 3; ++i) {
    clock_.advance(kInterval);
    manager_->run_due();
    while (only_target().last_scrape < clock_.now() * 1'000'000)
      ASSERT_TRUE(executor_.run_tasks(1));
  }
  if (!executor_.is_empty()) executor_.run_tasks(1);
  EXPECT_EQ(markers("m"), 0);
  EXPECT_THAT(series("m"), SizeIs(4));
}

TEST_F(ScrapeManager, MarksTheSeriesOfAJobThatIsGone) {
  ASSERT_TRUE(apply(job()));
  scrape_page("m 1\n");
  ASSERT_TRUE(apply("  []\n"));
  EXPECT_THAT(manager_->pools(), IsEmpty());
  EXPECT_EQ(metric("prometheus_target_scrape_pool_targets"), -1);
  clock_.advance(3 * kInterval);
  manager_->run_due();
  ASSERT_TRUE(executor_.run_tasks(1));
  EXPECT_EQ(markers("m"), 1);
}

TEST_F(ScrapeManager, MarksNothingOfATargetThatWasNeverScraped) {
  ASSERT_TRUE(apply(job()));
  ASSERT_TRUE(apply("  []\n"));
  clock_.advance(3 * kInterval);
  manager_->run_due();
  EXPECT_TRUE(executor_.is_empty());
}

TEST_F(ScrapeManager, AReloadKeepsWhatStays) {
  ASSERT_TRUE(apply(job()));
  scrape_page("m 1\nn 1\n");
  ASSERT_TRUE(apply(job("    follow_redirects: false\n")));
  scrape();
  EXPECT_EQ(at("scrape_series_added", clock_.now()), 0);
  EXPECT_EQ(markers("m"), 0);
  ASSERT_TRUE(
      apply(job("    metric_relabel_configs: [{source_labels: [__name__], regex: n, "
                "action: drop}]\n")));
  scrape();
  EXPECT_EQ(at("m", clock_.now()), 1);
  EXPECT_EQ(at("scrape_series_added", clock_.now()), 1);  // other rules make other series
  EXPECT_TRUE(is_marked("n", clock_.now()));
  ASSERT_TRUE(
      apply(job("    metric_relabel_configs: [{source_labels: [__name__], regex: n, "
                "action: drop}]\n")));
  scrape();
  EXPECT_EQ(at("scrape_series_added", clock_.now()), 0);
  EXPECT_EQ(server_.connections(), 3);  // a job that is written as before keeps its connection
}

TEST_F(ScrapeManager, RefusesAllTargetsBeyondTheLimit) {
  const auto jobs = [&](int limit) {
    return "  - job_name: a\n    target_limit: " + std::to_string(limit) +
           "\n    static_configs: [{targets: ['" + address() +
           "', 'localhost:" + std::to_string(server_.port()) + "']}]\n";
  };
  ASSERT_TRUE(apply(jobs(1)));
  set_page("m 1\n");
  scrape(2);
  const std::vector<PoolStatus> pools = manager_->pools();
  for (const TargetStatus& target : pools[0].active)
    EXPECT_EQ(target.last_error, "target_limit exceeded (number of targets: 2, limit: 1)");
  EXPECT_EQ(at("up", clock_.now()), 0);
  EXPECT_EQ(server_.requests(), 0);
  EXPECT_EQ(metric("prometheus_target_scrape_pool_exceeded_target_limit_total"), 1);
  EXPECT_EQ(metric("prometheus_target_scrape_pool_target_limit"), 1);
  EXPECT_EQ(metric("prometheus_target_scrape_pool_targets"), 2);
  ASSERT_TRUE(apply(jobs(2)));
  scrape(2);
  EXPECT_EQ(at("up", clock_.now()), 1);
}

TEST_F(ScrapeManager, KeepsSomeOfTheTargetsThatRelabellingDropped) {
  ASSERT_TRUE(
      apply("  - job_name: a\n    keep_dropped_targets: 2\n"
            "    static_configs: [{targets: [a:1, b:1, c:1], labels: {x: y}}]\n"
            "    relabel_configs: [{source_labels: [x], regex: y, action: drop}]\n"));
  const PoolStatus pool = manager_->pools().at(0);
  EXPECT_EQ(pool.dropped_count, 3);
  ASSERT_THAT(pool.dropped, SizeIs(2));
  EXPECT_EQ(pool.dropped[0].get("__address__"), "a:1");
  EXPECT_EQ(pool.dropped[0].get("job"), "a");
  EXPECT_THAT(pool.active, IsEmpty());
}

TEST_F(ScrapeManager, CountsTargetsThatMakeNoSense) {
  ASSERT_TRUE(
      apply("  - job_name: a\n    static_configs: [{targets: ['a:1', 'b:1']}]\n"
            "    relabel_configs: [{source_labels: [__address__], regex: 'a:1',\n"
            "      target_label: __address__, replacement: 'http://a'}]\n"));
  EXPECT_THAT(manager_->pools().at(0).active, SizeIs(1));
  EXPECT_EQ(metric("prometheus_target_sync_failed_total"), 1);
}

TEST_F(ScrapeManager, WritesFailuresToTheJobsFile) {
  const std::string more = "    scrape_failure_log_file: " + path("failures.json") + "\n";
  ASSERT_TRUE(apply(job(more)));
  set_page("", "text/plain", 500);
  scrape();
  fs::rename(path("failures.json"), path("old.json"));
  ASSERT_TRUE(apply(job(more)));  // opens it again
  scrape();
  for (const char* name : {"old.json", "failures.json"}) {
    const std::string text = FileSystem::posix().read_all(path(name)).value();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << name;
    EXPECT_THAT(text, HasSubstr("\"level\":\"ERROR\",\"msg\":\"server returned HTTP status 500"));
    EXPECT_THAT(text, HasSubstr("\"job_name\":\"a\",\"target\":\"http://" + address()));
  }
}

TEST_F(ScrapeManager, RefusesJobsThatMakeNoSense) {
  const Status status = apply(job("    scrape_failure_log_file: /no/such/folder/x\n"));
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("scrape job \"a\": can't create json log file: "));
  EXPECT_THAT(manager_->pools(), IsEmpty());
}

TEST_F(ScrapeManager, AsksASlowTargetAgainAtOnce) {
  ASSERT_TRUE(apply(job()));
  set_page("m 1\n");
  const auto advance = [&](DurationMs by) {
    clock_.advance(by);
    manager_->run_due();
  };
  advance(kInterval);
  advance(kInterval);  // the answer of the first is not taken yet
  ASSERT_TRUE(executor_.run_tasks(2));
  EXPECT_THAT(series("m"), ElementsAre(Key(kT0 + kInterval), Key(kT0 + 2 * kInterval)));
  EXPECT_EQ(metric("silverback_scrape_slots_missed_total"), 0);
  for (int i = 0; i < 3; ++i) advance(kInterval);
  ASSERT_TRUE(executor_.run_tasks(2));
  EXPECT_TRUE(executor_.is_empty());
  EXPECT_EQ(metric("silverback_scrape_slots_missed_total"), 1);
  advance(3 * kInterval);
  ASSERT_TRUE(executor_.run_tasks(1));
  EXPECT_EQ(metric("silverback_scrape_slots_missed_total"), 3);
  EXPECT_THAT(series("m"), SizeIs(5));
}

TEST_F(ScrapeManager, TakesAnEmptyPageAsAGoodOne) {
  ASSERT_TRUE(apply(job()));
  const auto answer_packed = [this](std::string body) {
    set_handler([body](ServerConnection& connection, const ReceivedRequest&) {
      connection.answer(200, body, {"Content-Encoding: gzip"});
      return true;
    });
    scrape();
  };
  scrape_page("");
  EXPECT_EQ(only_target().last_error, "");
  // gzip's archive of nothing, and nothing.
  answer_packed(std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0", 20));
  EXPECT_EQ(only_target().last_error, "");
  answer_packed("");
  EXPECT_EQ(only_target().last_error, "EOF");
}

TEST_F(ScrapeManager, GoesOnWhenTheClockIsSetBack) {
  ASSERT_TRUE(apply(job()));
  scrape_page("m 1\n");
  clock_.advance(-3'600'000);
  manager_->run_due();
  scrape_page("m 1\n");
  EXPECT_THAT(series("m"), SizeIs(2));
}

TEST_F(ScrapeManager, TakesNoSlotTwiceWhenTheClockIsSetBackALittle) {
  ASSERT_TRUE(apply(job()));
  scrape_page("m 1\n");
  set_page("m 2\n");
  clock_.advance(-300);
  for (int i = 0; i < 300; i += 10) {
    clock_.advance(10);
    manager_->run_due();
  }
  EXPECT_TRUE(executor_.is_empty());
  EXPECT_EQ(metric("prometheus_target_scrapes_sample_duplicate_timestamp_total"), 0);
  scrape();
  EXPECT_THAT(series("m"), SizeIs(2));
}

TEST_F(ScrapeManager, StoresNothingInTheFutureWhenTheClockIsSetBackWhileATargetIsSlow) {
  ASSERT_TRUE(apply(job()));
  set_page("m 1\n");
  for (int i = 0; i < 2; ++i) {
    clock_.advance(kInterval);
    manager_->run_due();
  }
  clock_.advance(-3'600'000);
  ASSERT_TRUE(executor_.run_tasks(2));
  EXPECT_THAT(series("m"), ElementsAre(Key(clock_.now())));
}

TEST_F(ScrapeManager, EndsSeriesOnceTheStoreTakesIt) {
  ASSERT_TRUE(apply(job()));
  scrape_page("m 1\n");
  ASSERT_TRUE(apply("  []\n"));
  store_.fail_commit = true;
  clock_.advance(3 * kInterval);
  manager_->run_due();
  ASSERT_TRUE(executor_.run_tasks(1));
  store_.fail_commit = false;
  clock_.advance(10'000);
  manager_->run_due();
  ASSERT_TRUE(executor_.run_tasks(1));
  EXPECT_EQ(markers("m"), 1);
  EXPECT_EQ(markers("up"), 1);
}

TEST_F(ScrapeManager, EndsATargetOnceItsLastScrapeIsOver) {
  ASSERT_TRUE(apply(job()));
  scrape_page("m 1\n");
  clock_.advance(kInterval);
  manager_->run_due();
  ASSERT_TRUE(apply("  []\n"));
  clock_.advance(3 * kInterval);
  manager_->run_due();
  ASSERT_TRUE(executor_.run_tasks(1));
  EXPECT_EQ(markers("m"), 0);
  clock_.advance(kInterval);
  manager_->run_due();
  ASSERT_TRUE(executor_.run_tasks(1));
  EXPECT_EQ(markers("m"), 1);
}

TEST_F(ScrapeManager, AReloadDoesNotChangeAScrapeUnderWay) {
  const std::string drop =
      "    metric_relabel_configs: [{source_labels: [__name__], regex: m, action: drop}]\n";
  ASSERT_TRUE(apply(job()));
  set_page("m 1\n");
  clock_.advance(kInterval);
  manager_->run_due();
  ASSERT_TRUE(apply(job(drop)));
  ASSERT_TRUE(executor_.run_tasks(1));
  EXPECT_EQ(at("m", clock_.now()), 1);
  scrape();
  EXPECT_TRUE(is_marked("m", clock_.now()));
}

// What every part does at the same time in a server; for the thread sanitizer.
TEST_F(ScrapeManager, IsUsedFromManyThreads) {
  ThreadPool pool("scrape", 3);
  net::HttpClient client(&pool);
  std::thread net([&] { client.run(); });
  std::atomic<int> commits = 0;
  Mutex store_mutex;
  Environment environment = environment_;
  environment.client = &client;
  environment.executor = &pool;
  environment.clock = &Clock::system();
  const ingest::Acceptance acceptance(0, Clock::system());
  environment.acceptance = &acceptance;
  std::vector<std::unique_ptr<testing::RecordingStore>> stores;
  environment.appender = [&] {
    ++commits;
    const MutexLock lock(store_mutex);
    return stores.emplace_back(std::make_unique<testing::RecordingStore>())->appender();
  };
  Manager manager(environment);
  const auto jobs = [&](int version) {
    std::string targets;
    for (int i = version % 3; i < 20; ++i)
      targets += "{targets: ['" + address() + "'], labels: {i: '" + std::to_string(i) + "'}}, ";
    return parse(
        "  - job_name: a\n    scrape_interval: 20ms\n    scrape_timeout: 20ms\n"
        "    sample_limit: " +
        std::to_string(version + 10) + "\n    static_configs: [" + targets + "]\n");
  };
  const auto apply_version = [&](int version) {
    auto change = manager.prepare(jobs(version).scrape_configs);
    ASSERT_TRUE(change) << change.error().message;
    manager.apply(*std::move(change), {});
  };
  set_page("m 1\nn 2\n");
  apply_version(0);
  std::thread runner([&] { manager.run(); });
  for (int version = 1; version < 20; ++version) {
    apply_version(version);
    manager.discover();
    EXPECT_THAT(manager.pools(), SizeIs(1));
    manager.metadata();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  while (commits < 50) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  manager.stop();
  runner.join();
  client.stop();
  net.join();
}

TEST_F(ScrapeManager, ReportsNothingOfScrapesThatItGivesUp) {
  ASSERT_TRUE(apply(job("    scrape_timeout: 1s\n")));
  std::atomic<bool> asked = false;
  set_handler([&](ServerConnection& connection, const ReceivedRequest&) {
    asked = true;
    connection.read_some();  // until the client gives up
    return false;
  });
  clock_.advance(kInterval);
  std::thread runner([this] { manager_->run(); });
  while (!asked) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  manager_->stop();
  EXPECT_TRUE(executor_.run_tasks(1));
  runner.join();
  EXPECT_THAT(store_.samples, IsEmpty());
}

TEST_F(ScrapeManager, FollowsDiscovery) {
  const std::string file = path("t.json");
  std::ofstream(file) << "[]";
  std::atomic<int> answers = 0;
  set_handler([&](ServerConnection& connection, const ReceivedRequest&) {
    ++answers;
    connection.answer(200, "[{\"targets\":[\"a:1\"]}]", {"Content-Type: application/json"});
    return true;
  });
  ASSERT_TRUE(apply("  - {job_name: a, http_sd_configs: [{url: 'http://" + address() + "/'}]}\n"));
  EXPECT_THAT(manager_->pools().at(0).active, IsEmpty());
  ASSERT_TRUE(executor_.run_tasks(1));
  manager_->discover();
  EXPECT_THAT(manager_->pools().at(0).active, SizeIs(1));
  EXPECT_EQ(only_target().target->url, "http://a:1/metrics");
}

TEST_F(ScrapeManager, KeepsConnectionsUntilTheJobChanges) {
  ASSERT_TRUE(apply(job()));
  scrape_page("m 1\n");
  ASSERT_TRUE(apply(job()));
  scrape();
  EXPECT_EQ(server_.connections(), 1);
  ASSERT_TRUE(apply(job("    basic_auth: {username: me, password: pw}\n")));
  scrape();
  EXPECT_EQ(server_.connections(), 2);
  const MutexLock lock(mutex_);
  ASSERT_THAT(requests_, SizeIs(3));
  EXPECT_EQ(requests_[1].header("authorization"), "");
  EXPECT_THAT(requests_[2].header("authorization"), HasSubstr("Basic "));
}

TEST_F(ScrapeManager, KnowsItsPoolsByName) {
  ASSERT_TRUE(apply("  - {job_name: b}\n  - {job_name: a, scrape_interval: 7s}\n"));
  EXPECT_THAT(manager_->pool_names(), ElementsAre("a", "b"));
  EXPECT_EQ(manager_->config_of("a")->scrape_interval, 7'000);
  EXPECT_EQ(manager_->config_of("c"), nullptr);
}

TEST_F(ScrapeManager, TellsWhatTargetsSayAboutTheirMetrics) {
  ASSERT_TRUE(apply(job()));
  scrape_page("# HELP m Help.\n# TYPE m counter\nm 1\n");
  const std::vector<TargetMetadata> metadata = manager_->metadata();
  ASSERT_THAT(metadata, SizeIs(1));
  EXPECT_EQ(metadata[0].target->labels.get("job"), "a");
  ASSERT_THAT(metadata[0].families, SizeIs(1));
  EXPECT_EQ(metadata[0].families[0]->family, "m");
  EXPECT_EQ(metadata[0].families[0]->metadata.help, "Help.");
  manager_->discover();
  EXPECT_EQ(metric("prometheus_target_metadata_cache_entries"), 1);
}

}  // namespace
}  // namespace silverback::scrape

// A whole server over a store in a directory of its own, with a handful of series and a clock that
// stands still, for the length of one test.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "api/server.h"
#include "base/thread_pool.h"
#include "ingest/remote_write.h"
#include "promql/engine.h"
#include "rules/manager.h"
#include "tests/testing/http_client.h"
#include "tests/testing/manual_clock.h"
#include "tsdb/db.h"

namespace silverback::testing {

// 2026-11-21T00:00:00Z: the time of the newest samples.
inline constexpr TimestampMs kNow = 1'795'219'200'000;

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    directory_ = std::filesystem::temp_directory_path() /
                 ("silverback_api_test_" + std::to_string(getpid()) + "_" +
                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(directory_);
    options_.listen_addresses = {"127.0.0.1:0"};
    options_.version = "0.1.0";
    options_.host_name = "host.example";
    options_.flags = {{"storage.tsdb.retention.time", "15d"}, {"web.listen-address", "x<y>"}};
  }

  void TearDown() override {
    if (server_) {
      server_->stop(5'000);
      for (std::thread& thread : threads_) thread.join();
    }
    queries_.reset();  // finishes what runs before the server goes
    work_.reset();
    server_.reset();
    rules_.reset();
    receiver_.reset();
    db_.reset();
    std::filesystem::remove_all(directory_);
  }

  // Listens, not ready yet. Change options_ before.
  void listen() {
    queries_ = std::make_unique<ThreadPool>("query", 2);
    work_ = std::make_unique<ThreadPool>("work", 2);
    server_ = std::make_unique<api::Server>(
        options_, api::ServerDependencies{.clock = &clock_,
                                          .metrics = &metrics_,
                                          .queries = queries_.get(),
                                          .work = work_.get(),
                                          .config_status = [this] { return config_status_; },
                                          .reload = reload_,
                                          .quit = quit_});
    const Status listening = server_->listen();
    ASSERT_TRUE(listening) << listening.error().message;
    address_ = server_->addresses().front();
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { server_->run(); });
    client_ = std::make_unique<HttpClient>(address_);
  }

  void open_storage() {
    tsdb::DbOptions db_options;
    db_options.clock = &clock_;
    Result<std::unique_ptr<tsdb::Db>> db = tsdb::Db::open(directory_, db_options);
    ASSERT_TRUE(db) << db.error().message;
    db_ = *std::move(db);
    engine_ = std::make_unique<promql::Engine>(engine_options_);
    receiver_ = std::make_unique<ingest::RemoteWriteReceiver>(
        [this] { return db_->appender(); }, acceptance_, ingest::RemoteWriteOptions{}, &metrics_);
    add_samples();
    open_rules();
    server_->set_storage({.samples = samples_ != nullptr ? samples_ : db_.get(),
                          .engine = engine_.get(),
                          .db = db_.get(),
                          .remote_write = receiver_.get(),
                          .rules = rules_.get(),
                          .scrape = scrape_});
  }
  // For tests with rules or targets: makes rules_, scrape_.
  virtual void open_rules() {}

  void start() {
    listen();
    open_storage();
  }

  // `up` and `requests_total` every 15 s for the last ten minutes: requests rise by 3 (a), 1.5 (b).
  void add_samples() {
    const std::unique_ptr<Appender> batch = db_->appender();
    const auto add = [&](const Labels& labels, double start, double step) {
      const SeriesRef ref = batch->series(labels).value();
      for (int i = 0; i <= 40; ++i) {
        batch->append(ref, Sample{kNow - (40 - i) * 15'000, start + step * i});
      }
    };
    add({{"__name__", "up"}, {"instance", "h:1"}, {"job", "a"}}, 1, 0);
    add({{"__name__", "up"}, {"instance", "h:2"}, {"job", "b"}}, 0, 0);
    add({{"__name__", "requests_total"}, {"code", "200"}, {"job", "a"}}, 10, 3);
    add({{"__name__", "requests_total"}, {"code", "500"}, {"job", "b"}}, 0, 1.5);
    add({{"__name__", "odd"}, {"http.status", "a\"<b>&'\n"}}, 0, 0.1);
    batch->append_metadata("up", {.type = MetricType::kGauge, .help = "Is it \"up\"?", .unit = ""});
    batch->append_metadata("requests_total",
                           {.type = MetricType::kCounter, .help = "Requests.", .unit = "requests"});
    ASSERT_TRUE(batch->commit());
  }

  HttpAnswer get(std::string_view target, std::vector<std::string> headers = {}) {
    return client_->get(target, std::move(headers));
  }
  HttpAnswer post(std::string_view target, std::string_view form) {
    return client_->post_form(target, form);
  }

  api::ServerOptions options_;
  promql::EngineOptions engine_options_;
  const Queryable* samples_ = nullptr;  // null: the store
  api::ConfigStatus config_status_{
      .yaml = "", .storage_retention = "15d", .reload_success = true, .loaded = kNow - 1'000};
  std::function<Status()> reload_ = [] { return Status(); };
  std::function<void()> quit_;
  std::filesystem::path directory_;
  ManualClock clock_{kNow};
  const ingest::Acceptance acceptance_{15LL * 86'400'000, clock_};
  Registry metrics_;
  std::unique_ptr<ThreadPool> queries_, work_;
  std::unique_ptr<tsdb::Db> db_;
  std::unique_ptr<promql::Engine> engine_;
  std::unique_ptr<ingest::RemoteWriteReceiver> receiver_;
  std::unique_ptr<rules::Manager> rules_;
  const scrape::Manager* scrape_ = nullptr;  // outlives the server
  std::unique_ptr<api::Server> server_;
  std::vector<std::thread> threads_;
  std::string address_;
  std::unique_ptr<HttpClient> client_;
};

// One request and what must come back. `body` is compared whole.
struct ApiCase {
  std::string_view target;
  int status;
  std::string_view body;
};

}  // namespace silverback::testing

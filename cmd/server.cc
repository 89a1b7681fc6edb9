#include "cmd/server.h"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstddef>
#include <optional>
#include <thread>
#include <utility>

#include <unistd.h>

#include "api/server.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/repeated_status.h"
#include "base/thread_pool.h"
#include "cmd/alerting.h"
#include "cmd/configuration.h"
#include "cmd/features.h"
#include "cmd/periodic.h"
#include "cmd/process_metrics.h"
#include "cmd/scraping.h"
#include "cmd/version.h"
#include "cmd/web_address.h"
#include "ingest/remote_write.h"
#include "promql/engine.h"
#include "scrape/self_scrape.h"
#include "tsdb/db.h"

namespace silverback::cmd {
namespace {

constexpr DurationMs kStopGrace = 10'000;
constexpr DurationMs kRetentionDefault = 15LL * 24 * 3600 * 1000;
constexpr DurationMs kReloadIntervalMin = 1'000;
constexpr std::chrono::seconds kMaintainInterval{1};
constexpr std::chrono::seconds kSelfScrapeInterval{15};

struct ThreadCounts {
  std::size_t io, query, eval, work, store;
};

ThreadCounts thread_counts(std::size_t queries_max) {
  const std::size_t cores = std::max<std::size_t>(std::thread::hardware_concurrency(), 1);
  return {
      .io = std::clamp<std::size_t>(cores / 2, 1, 4),
      .query = std::clamp<std::size_t>(queries_max, 1, 64),
      .eval = cores,
      // More than cores: with --storage.wal-sync=0 each waits for the disk.
      .work = std::max<std::size_t>(2 * cores, 8),
      .store = 2,
  };
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = "";
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

api::ServerOptions api_options(const Flags& flags, const WebAddress& address) {
  api::ServerOptions options;
  options.listen_addresses = flags.list("web.listen-address");
  options.external_path = address.path;
  options.route_prefix = address.prefix;
  options.connections_max = flags.count("web.max-connections");
  options.read_timeout = flags.duration("web.read-timeout");
  options.inflight_bytes_max = flags.bytes("web.max-inflight-bytes");
  options.cors_origin = flags.text("web.cors.origin");
  options.enable_lifecycle = flags.on("web.enable-lifecycle");
  options.enable_admin_api = flags.on("web.enable-admin-api");
  options.enable_remote_write = flags.on("web.enable-remote-write-receiver");
  options.queries_max = flags.count("query.max-concurrency");
  options.version = version();
  options.revision = revision();
  options.host_name = host_name();
  options.flags = flags.all();
  return options;
}

// Prometheus compatibility: 0 means the default, not no limit.
DurationMs retention_of(const Flags& flags) {
  const DurationMs retention = flags.duration("storage.tsdb.retention.time");
  return retention == 0 ? kRetentionDefault : retention;
}

ConfigurationOptions configuration_options(const Flags& flags, const Clock& clock,
                                           Registry& metrics) {
  return {.path = flags.text("config.file"),
          .retention = retention_of(flags),
          .files = &FileSystem::posix(),
          .clock = &clock,
          .metrics = &metrics};
}

std::string first(const std::vector<std::string>& texts) { return texts.empty() ? "" : texts[0]; }

bool reloads_by_itself(const Flags& flags) {
  const std::vector<std::string> features = flags.list("enable-feature");
  return flags.on("config.auto-reload") ||
         std::find(features.begin(), features.end(), kAutoReloadFeature) != features.end();
}

// The `instance` of our own metrics: where one would point a scraper at.
std::string instance_of(const std::string& address) {
  for (const std::string_view any : {"0.0.0.0:", "[::]:"}) {
    if (address.starts_with(any)) return "localhost:" + address.substr(any.size());
  }
  return address;
}

}  // namespace

struct Server::Impl {
  Impl(Flags server_flags, const Clock& server_clock, std::function<void()> server_quit)
      : flags(std::move(server_flags)),
        clock(server_clock),
        quit(std::move(server_quit)),
        configuration(configuration_options(flags, clock, metrics)),
        acceptance(retention_of(flags), clock) {}

  Status load_configuration();
  Status listen();
  Status open_store();
  void start_loops();
  void stop();

  const Flags flags;
  const Clock& clock;
  const std::function<void()> quit;
  Registry metrics;
  Configuration configuration;
  WebAddress web;  // where it is reached
  ingest::Acceptance acceptance;

  // In the order of their start; stop() ends them in the reverse order.
  std::unique_ptr<ThreadPool> store_pool, eval_pool, query_pool, work_pool;
  std::unique_ptr<api::Server> http;
  std::vector<std::thread> io_threads;
  std::unique_ptr<tsdb::Db> db;
  std::unique_ptr<promql::Engine> engine;
  std::unique_ptr<ingest::RemoteWriteReceiver> remote_write;
  std::unique_ptr<Alerting> alerting;
  std::unique_ptr<Scraping> scraping;
  std::unique_ptr<scrape::SelfScrape> self_scrape;
  std::unique_ptr<Periodic> maintain_loop, self_scrape_loop, reload_loop;
};

Server::Server(Flags flags, const Clock& clock, std::function<void()> quit)
    : impl_(std::make_unique<Impl>(std::move(flags), clock, std::move(quit))) {}

Server::~Server() { stop(); }

Status Server::start() {
  TRY(impl_->load_configuration());
  Status started = impl_->listen();
  if (started) started = impl_->open_store();
  if (!started) {
    impl_->stop();
    return started;
  }
  impl_->start_loops();
  log_info("Server is ready to receive web requests.");
  return {};
}

std::vector<std::string> Server::addresses() const { return impl_->http->addresses(); }

Status Server::reload() { return impl_->configuration.reload(); }

void Server::stop() { impl_->stop(); }

// What a configuration changes.
Status Server::Impl::load_configuration() {
  using Apply = Configuration::Apply;
  web = TRY(web_address(flags.text("web.external-url"), flags.text("web.route-prefix"), host_name(),
                        first(flags.list("web.listen-address"))));
  configuration.add([this](const config::PrometheusConfig& config) -> Result<Apply> {
    return Apply([this, retention = *config.storage.tsdb->retention.time] {
      db->set_retention(retention);
      acceptance.set_retention(retention);
    });
  });
  configuration.add([this](const config::PrometheusConfig& config) -> Result<Apply> {
    return Apply([this, interval = config.global.evaluation_interval] {
      engine->set_default_subquery_step(interval);
    });
  });
  scraping = std::make_unique<Scraping>(
      flags, Scraping::Dependencies{.appender = [this] { return db->appender(); },
                                    .acceptance = &acceptance,
                                    .clock = &clock,
                                    .metrics = &metrics,
                                    .host_name = host_name()});
  configuration.add([this](const config::PrometheusConfig& config) -> Result<Apply> {
    auto change = std::make_shared<scrape::Change>(TRY(scraping->prepare(config)));
    return Apply([this, change, external_labels = config::external_labels(config)] {
      scraping->apply(std::move(*change), external_labels);
    });
  });
  const promql::Features features = promql_features(flags.list("enable-feature"));
  configuration.add([this, features](const config::PrometheusConfig& config) -> Result<Apply> {
    AlertingChange prepared = TRY(prepare_alerting(config, features));
    const auto change = std::make_shared<const AlertingChange>(std::move(prepared));
    return Apply([this, change] { alerting->apply(*change); });
  });
  return configuration.load();
}

Status Server::Impl::listen() {
  const ThreadCounts threads = thread_counts(flags.count("query.max-concurrency"));
  register_process_metrics(metrics);
  metrics
      .gauge("prometheus_build_info", "Which build this is; the value is always 1.",
             Labels{{"revision", revision()}, {"version", version()}})
      .set(1);
  query_pool = std::make_unique<ThreadPool>("query", threads.query);
  work_pool = std::make_unique<ThreadPool>("work", threads.work);
  http = std::make_unique<api::Server>(
      api_options(flags, web),
      api::ServerDependencies{.clock = &clock,
                              .metrics = &metrics,
                              .queries = query_pool.get(),
                              .work = work_pool.get(),
                              .config_status = [this] { return configuration.status(); },
                              .reload = [this] { return configuration.reload(); },
                              .quit = quit});
  TRY(http->listen());
  for (const std::string& address : http->addresses()) log_info("Listening on " + address);
  for (std::size_t i = 0; i < threads.io; ++i) {
    io_threads.emplace_back([server = http.get()] { server->run(); });
  }
  return {};
}

Status Server::Impl::open_store() {
  const ThreadCounts threads = thread_counts(flags.count("query.max-concurrency"));
  const config::PrometheusConfig& config = *configuration.current();
  store_pool = std::make_unique<ThreadPool>("store", threads.store);
  const tsdb::DbOptions options{.retention = *config.storage.tsdb->retention.time,
                                .wal_sync = flags.duration("storage.wal-sync"),
                                .min_free_bytes = flags.bytes("storage.min-free-bytes"),
                                .executor = store_pool.get(),
                                .clock = &clock,
                                .metrics = &metrics,
                                .files = nullptr};
  const auto begin = std::chrono::steady_clock::now();
  db = TRY(tsdb::Db::open(flags.text("storage.tsdb.path"), options));
  const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  log_info("Opened the store in " + format_duration(taken.count()));

  eval_pool = std::make_unique<ThreadPool>("eval", threads.eval);
  engine = std::make_unique<promql::Engine>(
      promql::EngineOptions{.lookback_delta = flags.duration("query.lookback-delta"),
                            .timeout = flags.duration("query.timeout"),
                            .samples_max = flags.count("query.max-samples"),
                            .default_subquery_step = config.global.evaluation_interval,
                            .features = promql_features(flags.list("enable-feature")),
                            .executor = eval_pool.get()});
  remote_write = std::make_unique<ingest::RemoteWriteReceiver>(
      [store = db.get()] { return store->appender(); }, acceptance, ingest::RemoteWriteOptions{},
      &metrics);
  alerting = std::make_unique<Alerting>(
      flags, Alerting::Dependencies{.storage = db.get(),
                                    .engine = engine.get(),
                                    .appender = [store = db.get()] { return store->appender(); },
                                    .clock = &clock,
                                    .metrics = &metrics,
                                    .external_url = web.url});
  configuration.apply();
  http->set_storage({.samples = db.get(),
                     .engine = engine.get(),
                     .db = db.get(),
                     .remote_write = remote_write.get(),
                     .rules = &alerting->rules(),
                     .notifier = &alerting->notifier(),
                     .scrape = &scraping->targets()});
  return {};
}

void Server::Impl::start_loops() {
  alerting->start();
  scraping->start();
  maintain_loop = std::make_unique<Periodic>(
      "maintain", kMaintainInterval, kMaintainInterval,
      [store = db.get(), status = std::make_shared<RepeatedStatus>("Maintaining the store")] {
        status->note(store->maintain());
      });
  if (configuration.has_file() && reloads_by_itself(flags)) {
    const std::chrono::milliseconds interval(
        std::max(flags.duration("config.auto-reload-interval"), kReloadIntervalMin));
    reload_loop = std::make_unique<Periodic>("auto-reload", interval, interval, [this] {
      // The log and the metric tell what is wrong.
      static_cast<void>(configuration.reload_if_changed());
    });
  }
  if (!flags.on("scrape.self") || configuration.has_file()) return;
  self_scrape = std::make_unique<scrape::SelfScrape>(
      [store = db.get()] { return store->appender(); },
      [this] { return api::metrics_text(metrics); }, metrics,
      scrape::SelfScrapeOptions{.instance = instance_of(http->addresses().front())});
  self_scrape_loop = std::make_unique<Periodic>(
      "self-scrape", std::chrono::seconds(1), kSelfScrapeInterval,
      [this, status = std::make_shared<RepeatedStatus>("Scraping the server's own metrics")] {
        status->note(self_scrape->scrape(clock.now()));
      });
}

void Server::Impl::stop() {
  // First: a reload may wait for queries of rules, and this ends them.
  if (alerting) alerting->stop_rules();
  reload_loop.reset();
  self_scrape_loop.reset();
  if (scraping) scraping->stop();
  if (alerting) alerting->stop();
  if (!io_threads.empty()) http->stop(kStopGrace);
  for (std::thread& thread : io_threads) thread.join();
  io_threads.clear();
  // Their ends wait for the requests that still run.
  query_pool.reset();
  work_pool.reset();
  maintain_loop.reset();
  http.reset();
  self_scrape.reset();
  scraping.reset();
  alerting.reset();
  remote_write.reset();
  engine.reset();
  eval_pool.reset();
  db.reset();
  store_pool.reset();
}

}  // namespace silverback::cmd

#include "cmd/scraping.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include <pthread.h>

#include "base/file.h"
#include "cmd/version.h"
#include "scrape/page_lines.h"

namespace silverback::cmd {
namespace {

constexpr DurationMs kDiscoveryIntervalMin = 100;

std::size_t pool_threads() {
  // More than cores: with --storage.wal-sync=0 each waits for the disk.
  return std::clamp<std::size_t>(std::size_t{2} * std::thread::hardware_concurrency(), 4, 64);
}

}  // namespace

Scraping::Scraping(const Flags& flags, const Dependencies& dependencies)
    : discovery_interval_(
          std::max(flags.duration("scrape.discovery-reload-interval"), kDiscoveryIntervalMin)),
      pool_("scrape", pool_threads()),
      client_(&pool_, user_agent()),
      manager_(environment(flags, dependencies)) {
  net_thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "scrape-net");
    client_.run();
  });
}

scrape::Environment Scraping::environment(const Flags& flags, const Dependencies& dependencies) {
  scrape::Environment environment;
  environment.appender = dependencies.appender;
  environment.acceptance = dependencies.acceptance;
  environment.clock = dependencies.clock;
  environment.metrics = dependencies.metrics;
  environment.client = &client_;
  environment.files = &FileSystem::posix();
  environment.executor = &pool_;
  environment.host_name = dependencies.host_name;
  environment.body_bytes_max = std::min<std::uint64_t>(flags.bytes("scrape.body-bytes-max"),
                                                       scrape::PageLines::kPageBytesMax);
  environment.adjust_timestamps = flags.on("scrape.adjust-timestamps");
  environment.timestamp_tolerance = flags.duration("scrape.timestamp-tolerance");
  return environment;
}

Scraping::~Scraping() { stop(); }

Result<scrape::Change> Scraping::prepare(const config::PrometheusConfig& config) {
  std::vector<config::ScrapeConfig> jobs = config.scrape_configs;
  jobs.insert(jobs.end(), config.included_scrape_configs.begin(),
              config.included_scrape_configs.end());
  return manager_.prepare(jobs);
}

void Scraping::apply(scrape::Change change, const Labels& external_labels) {
  manager_.apply(std::move(change), external_labels);
}

void Scraping::start() {
  const std::chrono::milliseconds interval(discovery_interval_);
  discovery_loop_ =
      std::make_unique<Periodic>("discovery", interval, interval, [this] { manager_.discover(); });
  manager_thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "scrape");
    manager_.run();
  });
}

void Scraping::stop() {
  if (std::exchange(stopped_, true)) return;
  discovery_loop_.reset();
  manager_.stop();
  if (manager_thread_.joinable()) manager_thread_.join();
  client_.stop();
  net_thread_.join();
}

}  // namespace silverback::cmd

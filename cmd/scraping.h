// The part of the server that scrapes, with its threads:
//
//   scrape       waits for the next target that is due
//   scrape-N     read pages and store them
//   scrape-net   moves the bytes
//   discovery    looks for targets
//
// Threads: from one at a time, but for what targets() gives; prepare() and apply(), one after the
// other, also beside and after stop().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/appender.h"
#include "base/clock.h"
#include "base/labels.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/thread_pool.h"
#include "cmd/flags.h"
#include "cmd/periodic.h"
#include "config/prometheus_config.h"
#include "ingest/acceptance.h"
#include "net/http_client.h"
#include "scrape/manager.h"

namespace silverback::cmd {

class Scraping {
 public:
  // What is borrowed outlives this. `appender` is called from start() on.
  struct Dependencies {
    std::function<std::unique_ptr<Appender>()> appender;
    const ingest::Acceptance* acceptance;
    const Clock* clock;
    Registry* metrics;
    std::string host_name;
  };
  Scraping(const Flags& flags, const Dependencies& dependencies);
  ~Scraping();  // stops
  Scraping(const Scraping&) = delete;
  Scraping& operator=(const Scraping&) = delete;

  // Errors: kInvalidArgument, kIo: what of the jobs makes no sense.
  Result<scrape::Change> prepare(const config::PrometheusConfig& config);
  void apply(scrape::Change change, const Labels& external_labels);
  // From now on targets are scraped. Call it once.
  void start();
  // Nothing is scraped any more; what was under way is given up.
  void stop();

  const scrape::Manager& targets() const { return manager_; }

 private:
  scrape::Environment environment(const Flags& flags, const Dependencies& dependencies);

  const DurationMs discovery_interval_;
  ThreadPool pool_;
  net::HttpClient client_;
  std::thread net_thread_;
  scrape::Manager manager_;
  std::thread manager_thread_;
  std::unique_ptr<Periodic> discovery_loop_;
  bool stopped_ = false;
};

}  // namespace silverback::cmd

// Scrapes what a configuration names: finds targets, asks each at its slots, and hands what they
// answer to the store.
//
//   scrape::Manager manager(environment);
//   manager.apply(TRY(manager.prepare(jobs)), external_labels);     // at the start and at each
//   reload … a thread of the caller: manager.run(); manager.stop();                          //
//   run() returns once nothing is being scraped
//
// A slot of a target is k · interval + offset; offsets spread all targets over the interval, and
// differ from server to server. A scrape that is still under way at the next slot makes that one
// missed. Samples get the time of their slot, or of their request where that comes much later.
//
// A target that is gone gets staleness markers some two intervals later, so that it may come back
// under another job or server until then; at the end of the process nothing is marked.
// Threads: run() from one; apply() from one at a time; the rest from any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/appender.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/labels.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "config/scrape_config.h"
#include "discovery/discovery.h"
#include "ingest/acceptance.h"
#include "net/http_client.h"
#include "scrape/target.h"
#include "scrape/target_series.h"

namespace silverback::scrape {

// All of it is borrowed and outlives the Manager.
struct Environment {
  std::function<std::unique_ptr<Appender>()> appender;
  const ingest::Acceptance* acceptance = nullptr;
  const Clock* clock = nullptr;
  Registry* metrics = nullptr;
  net::HttpClient* client = nullptr;
  Executor* executor = nullptr;                             // reads pages and waits for the store
  std::string host_name;                                    // makes the slots of two servers differ
  std::uint64_t body_bytes_max = std::uint64_t{256} << 20;  // --scrape.body-bytes-max
  bool adjust_timestamps = true;                            // --scrape.adjust-timestamps
  DurationMs timestamp_tolerance = 2;                       // --scrape.timestamp-tolerance
  DurationMs discovery_interval = 5'000;                    // --scrape.discovery-reload-interval
};

enum class Health : std::uint8_t { kUnknown, kUp, kDown };
std::string_view to_string(Health health);

struct TargetStatus {
  std::shared_ptr<const Target> target;
  Health health = Health::kUnknown;
  std::string last_error;
  TimestampNs last_scrape = 0;  // 0: never
  double last_seconds = 0;
};

struct PoolStatus {
  std::string job;
  std::shared_ptr<const config::ScrapeConfig> config;
  std::vector<TargetStatus> active;  // ascending by URL, then labels
  std::vector<Labels> dropped;       // as discovered, at most `keep_dropped_targets`
  std::size_t dropped_count = 0;
};

// One target and what it says about its metrics.
struct TargetMetadata {
  std::shared_ptr<const Target> target;
  std::vector<std::shared_ptr<const FamilyMetadata>> families;  // ascending by name
};

class Manager {
 public:
  // Ascending by job.
  std::vector<PoolStatus> pools() const;
  std::vector<std::string> pool_names() const;
  // Null if there is no such job.
  std::shared_ptr<const config::ScrapeConfig> config_of(const std::string& job) const;
  // Of all active targets, in the order of pools().
  std::vector<TargetMetadata> metadata() const;
};

}  // namespace silverback::scrape

// How scraping goes: what the API shows.
// Threads: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/time.h"
#include "config/scrape_config.h"
#include "scrape/target.h"
#include "scrape/target_series.h"

namespace silverback::scrape {

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

}  // namespace silverback::scrape

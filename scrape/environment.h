// What scraping is given to work with.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/appender.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/file.h"
#include "base/metrics.h"
#include "base/time.h"
#include "ingest/acceptance.h"
#include "net/http_client.h"

namespace silverback::scrape {

// All of it is borrowed and outlives those who use it.
struct Environment {
  std::function<std::unique_ptr<Appender>()> appender;
  const ingest::Acceptance* acceptance = nullptr;
  const Clock* clock = nullptr;
  Registry* metrics = nullptr;
  net::HttpClient* client = nullptr;
  FileSystem* files = nullptr;
  Executor* executor = nullptr;  // reads pages and waits for the store; also the client's
  std::string host_name;         // makes the slots of two servers differ
  std::uint64_t body_bytes_max = std::uint64_t{256} << 20;  // --scrape.body-bytes-max
  bool adjust_timestamps = true;                            // --scrape.adjust-timestamps
  DurationMs timestamp_tolerance = 2;                       // --scrape.timestamp-tolerance
};

}  // namespace silverback::scrape

// The server's own /metrics page as samples in its own store, as a target like any other but for
// the way to it: with `job` and `instance`, the report series (`up`, `scrape_duration_seconds`, …),
// and staleness markers for series that are no longer on the page.
//
// Threads: scrape() from one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/appender.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "scrape/target_series.h"

namespace silverback::scrape {

struct SelfScrapeOptions {
  std::string job = "silverback";
  std::string instance;  // where the page is served, `localhost:9090`
};

class SelfScrape {
 public:
  // `page` renders the page in the text format 0.0.4. All that is passed must outlive this.
  SelfScrape(std::function<std::unique_ptr<Appender>()> appender, std::function<std::string()> page,
             Registry& metrics, const SelfScrapeOptions& options);

  // Scrapes once; every sample without a time of its own gets `t`. A page that does not parse is a
  // failed scrape, which is stored too: up 0, and markers for the series of the one before. Errors:
  // kIo, kUnavailable from the store.
  Status scrape(TimestampMs t);

 private:
  const std::function<std::unique_ptr<Appender>()> appender_;
  const std::function<std::string()> page_;
  ScrapeCounters counters_;
  MetadataPool metadata_;
  TargetSeries series_;
};

}  // namespace silverback::scrape

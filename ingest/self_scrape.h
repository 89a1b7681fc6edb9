// The server's own /metrics page as samples in its own store, as if Prometheus had scraped it: with
// `job` and `instance`, the report series (`up`, `scrape_duration_seconds`, …), and staleness
// markers for series that are no longer on the page.
//
// Threads: scrape() from one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/appender.h"
#include "base/result.h"
#include "base/time.h"

namespace silverback::ingest {

class Exposition;

struct SelfScrapeOptions {
  std::string job = "silverback";
  std::string instance;  // where the page is served, `localhost:9090`
};

class SelfScrape {
 public:
  // `page` renders the page in the text format 0.0.4. All that is passed must outlive this.
  SelfScrape(std::function<std::unique_ptr<Appender>()> appender, std::function<std::string()> page,
             SelfScrapeOptions options);

  // Scrapes once; every sample without a time of its own gets `t`. A page that does not parse is a
  // failed scrape, which is stored too: up 0, and markers for the series of the one before. Errors:
  // kIo, kUnavailable from the store.
  Status scrape(TimestampMs t);

 private:
  struct Series {
    SeriesRef ref = SeriesRef::kNone;
    std::uint64_t last_scrape = 0;  // number of the newest scrape that had it
    bool own_time = false;          // samples with their own timestamp get no markers
  };
  struct Report {
    double up = 0;
    double scraped = 0;
    double added = 0;
  };

  Status append_page(Appender& batch, std::string_view page, TimestampMs t, Report& report);
  Status append_sample(Appender& batch, Exposition& entry, TimestampMs t, Report& report);
  Result<SeriesRef> register_series(Appender& batch, Exposition& entry) const;
  void append_markers(Appender& batch, TimestampMs t);
  Status append_report(Appender& batch, TimestampMs t, const Report& report, double seconds);

  const std::function<std::unique_ptr<Appender>()> appender_;
  const std::function<std::string()> page_;
  const SelfScrapeOptions options_;
  std::unordered_map<std::string, Series> series_;  // by their text on the page
  std::uint64_t scrape_ = 0;
};

}  // namespace silverback::ingest

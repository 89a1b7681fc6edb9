// One target being scraped: asks it, puts what it answers into the store, and knows how it went.
//
// Threads: begin() and end_series() from one at a time, and not before what they began is over; the
// rest from any.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "base/mutex.h"
#include "base/repeated_status.h"
#include "base/result.h"
#include "base/time.h"
#include "net/http_client.h"
#include "scrape/environment.h"
#include "scrape/job.h"
#include "scrape/status.h"
#include "scrape/target.h"
#include "scrape/target_series.h"

namespace silverback::scrape {

// What the scrapers of a Manager share. All of it outlives them.
struct ScraperContext {
  const Environment& environment;
  MetadataPool& metadata_pool;
  ScrapeCounters& counters;
  Counter& exceeded_body_size_limit;
  RepeatedStatus& store_status;  // of commits
};

class Scraper : public std::enable_shared_from_this<Scraper> {
 public:
  Scraper(std::shared_ptr<const Job> job, std::shared_ptr<const Target> target,
          const ScraperContext& context);

  // From the next scrape on. Requires target->is_same() as before.
  void set_job(std::shared_ptr<const Job> job, std::shared_ptr<const Target> target)
      EXCLUDES(mutex_);
  // While it is not empty, nothing is asked, and scrapes fail with this.
  void set_refusal(const std::string& refusal) EXCLUDES(mutex_);

  // Asks the target. Samples without timestamps get `t`. `done` is called when all is stored, or
  // could not be; on any thread.
  void begin(TimestampMs t, std::function<void()> done) EXCLUDES(mutex_);
  // Gives up what was begun, and reports nothing of it; what is being stored still is.
  void cancel() EXCLUDES(mutex_);
  // Markers for all series. Errors: those of the store.
  Status end_series(TimestampMs t);

  TargetStatus status() const EXCLUDES(mutex_);
  TargetMetadata metadata() const EXCLUDES(mutex_);
  std::size_t families() const { return series_.families(); }  // that metadata() tells of

 private:
  // What one scrape goes by, whatever changes meanwhile.
  struct Attempt {
    std::shared_ptr<const Job> job;
    std::shared_ptr<const Target> target;
    TimestampMs t = 0;
    std::chrono::steady_clock::time_point begin;
    std::string refusal = {};  // why nothing was asked
  };

  void finish(const Attempt& attempt, const Result<net::HttpResponse>& response) EXCLUDES(mutex_);
  Status append(const Attempt& attempt, const Result<net::HttpResponse>& response, Appender& batch,
                ScrapeReport& report);
  Status append_page(const Attempt& attempt, const net::HttpResponse& response, Appender& batch,
                     ScrapeReport& report);
  void commit(const Attempt& attempt, Appender& batch);
  void note(const Attempt& attempt, const ScrapeReport& report, const Status& scraped)
      EXCLUDES(mutex_);

  const ScraperContext context_;
  TargetSeries series_;
  std::shared_ptr<const SampleRules> rules_;  // of series_; of the thread that scrapes

  mutable Mutex mutex_;
  std::shared_ptr<const Job> job_ GUARDED_BY(mutex_);
  std::shared_ptr<const Target> target_ GUARDED_BY(mutex_);
  std::shared_ptr<net::HttpSession> session_ GUARDED_BY(mutex_);        // of job_
  std::shared_ptr<const net::HttpRequest> request_ GUARDED_BY(mutex_);  // for every scrape
  std::string refusal_ GUARDED_BY(mutex_);
  net::HttpTransfer transfer_ GUARDED_BY(mutex_);
  bool canceled_ GUARDED_BY(mutex_) = false;
  TargetStatus status_ GUARDED_BY(mutex_);  // but for its target
};

}  // namespace silverback::scrape

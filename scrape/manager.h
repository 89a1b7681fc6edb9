// Scrapes what a configuration names: finds targets, asks each at its slots, and puts what they
// answer into the store.
//
//   scrape::Manager manager(environment);
//   scrape::Change change = TRY(manager.prepare(jobs));   // at the start and at each reload
//   manager.apply(std::move(change), external_labels);
//   … a thread of the caller: manager.run();
//   … another, every few seconds: manager.discover();
//   manager.stop();                                       // run() returns once nothing is scraped
//
// A slot of a target is k · interval + offset; offsets spread all targets over the interval, in
// steps of some milliseconds, and differ from server to server. A slot that comes while the scrape
// before it is not over waits for that; one more, and it is missed. Samples get the time of their
// slot, or that of their request if it came much later.
//
// A target that is gone gets staleness markers some two intervals later, so that it may come back
// under another job or server until then; unlike in Prometheus, also if its job is gone. At the end
// of the process nothing is marked.
//
// Threads: run() from one; apply() from one at a time; the rest from any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/mutex.h"
#include "base/repeated_status.h"
#include "base/result.h"
#include "base/time.h"
#include "config/scrape_config.h"
#include "discovery/discovery.h"
#include "scrape/environment.h"
#include "scrape/status.h"

namespace silverback::scrape {

class FailureLog;
struct Job;
struct Pool;
struct Scheduled;
struct ScraperContext;

// A configuration that was checked.
struct Change {
  std::vector<std::shared_ptr<const Job>> jobs;
  std::map<std::string, std::shared_ptr<FailureLog>> failure_logs;  // by path
};

class Manager {
 public:
  explicit Manager(const Environment& environment);
  // Requires that run() returned.
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Changes nothing but that files for failures are opened. Errors: kInvalidArgument, kIo, with the
  // job's name.
  Result<Change> prepare(const std::vector<config::ScrapeConfig>& jobs) EXCLUDES(mutex_);
  // From now on these jobs and no others. A target that stays, labels and URL the same, keeps its
  // slots and its series. `external_labels` make the offsets of new targets differ between servers.
  void apply(Change change, const Labels& external_labels) EXCLUDES(sync_mutex_, mutex_);
  // Takes over what discovery found meanwhile. It may look at files, so not on a thread that is
  // waited for.
  void discover() EXCLUDES(sync_mutex_, mutex_);

  // Until stop().
  void run() EXCLUDES(mutex_);
  // Gives up the scrapes under way; their targets are not at fault and get no reports.
  void stop() EXCLUDES(mutex_);
  // What run() does again and again: begins what is due by now.
  void run_due() EXCLUDES(mutex_);

  // Ascending by job.
  std::vector<PoolStatus> pools() const EXCLUDES(mutex_);
  std::vector<std::string> pool_names() const EXCLUDES(mutex_);
  // Null if there is no such job.
  std::shared_ptr<const config::ScrapeConfig> config_of(const std::string& job) const
      EXCLUDES(mutex_);
  // Of all active targets, in the order of pools().
  std::vector<TargetMetadata> metadata() const EXCLUDES(mutex_);

 private:
  using ScheduledPtr = std::shared_ptr<Scheduled>;
  using PoolPtr = std::shared_ptr<Pool>;
  // A target that is gone. Its series end at its next slot, but that is only written when who took
  // its place has had the time to go on with them: what comes late is refused.
  struct Retired {
    ScheduledPtr scheduled;
    TimestampMs at;
  };
  struct Shared;

  std::shared_ptr<const Job> job_of(const std::string& name) const EXCLUDES(mutex_);
  void sync(const PoolPtr& pool) REQUIRES(sync_mutex_) EXCLUDES(mutex_);
  void refuse_beyond_limit(Pool& pool) REQUIRES(mutex_);
  void tell_failures(Pool& pool, const std::vector<std::string>& failures) REQUIRES(sync_mutex_);
  ScheduledPtr make_scheduled(const Pool& pool, std::shared_ptr<const Target> target)
      REQUIRES(sync_mutex_);
  void retire(const ScheduledPtr& scheduled) REQUIRES(mutex_);
  void collect_due(TimestampMs now, std::vector<std::function<void()>>& tasks) REQUIRES(mutex_);
  std::function<void()> start(const ScheduledPtr& scheduled, TimestampMs now) REQUIRES(mutex_);
  std::function<void()> start_scrape(const ScheduledPtr& scheduled, TimestampMs now)
      REQUIRES(mutex_);
  std::function<void()> start_end(const Retired& retired, TimestampMs now) REQUIRES(mutex_);
  void ended(const ScheduledPtr& scheduled) EXCLUDES(mutex_);
  void heed_clock(TimestampMs now) REQUIRES(mutex_);
  TimestampMs next_due(TimestampMs now) const REQUIRES(mutex_);
  TimestampMs now() const { return environment_.clock->now(); }

  const Environment environment_;
  const std::unique_ptr<Shared> shared_;
  discovery::Discovery discovery_;

  Mutex sync_mutex_;  // held while targets are made of what was found; before mutex_
  std::uint64_t seed_ GUARDED_BY(sync_mutex_) = 0;

  mutable Mutex mutex_;
  CondVar changed_;  // something is due earlier, something has ended, or stop()
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::size_t running_ GUARDED_BY(mutex_) = 0;
  TimestampMs last_now_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, PoolPtr> pools_ GUARDED_BY(mutex_);  // by job
  std::map<std::string, std::shared_ptr<FailureLog>> failure_logs_ GUARDED_BY(mutex_);
  std::multimap<TimestampMs, ScheduledPtr> due_ GUARDED_BY(mutex_);
  std::multimap<TimestampMs, Retired> retired_ GUARDED_BY(mutex_);
};

}  // namespace silverback::scrape

// The targets of one job: which are scraped, which relabelling dropped. Only for the Manager's own
// files; what is said here about locks is the Manager's.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/metrics.h"
#include "base/time.h"
#include "discovery/target_group.h"
#include "scrape/job.h"
#include "scrape/scraper.h"
#include "scrape/target.h"

namespace silverback::scrape {

// One target and when it is due.
struct Scheduled {
  Scheduled(std::shared_ptr<Scraper> its_scraper, DurationMs its_interval, DurationMs its_offset,
            Distribution& its_lengths)
      : scraper(std::move(its_scraper)),
        interval(its_interval),
        offset(its_offset),
        lengths(its_lengths) {}

  TimestampMs first_slot_after(TimestampMs now) const {
    return slot_at(now, offset, interval) + interval;
  }

  const std::shared_ptr<Scraper> scraper;
  const DurationMs interval, offset;
  Distribution& lengths;  // of the interval, as it turned out
  // Under the Manager's lock:
  TimestampMs next = 0;
  TimestampMs last = 0;  // 0: not yet
  bool running = false;
  bool waiting = false;  // a slot came while it was running
  bool retired = false;
};
using ScheduledPtr = std::shared_ptr<Scheduled>;

// By URL first, which is how they are listed.
using TargetKey = std::pair<std::string, Labels>;

// What discovery found for a job, relabelled.
struct FoundTargets {
  std::map<TargetKey, std::shared_ptr<const Target>> active;
  std::vector<Labels> dropped;  // as discovered, at most `keep_dropped_targets`
  std::size_t dropped_count = 0;
  std::vector<std::string> failures;  // `instance 0 in group …: no address`
};
FoundTargets find_targets(const Job& job, const discovery::TargetGroups& groups);

struct Pool {
  Pool(std::shared_ptr<const Job> its_job, Registry& metrics);

  std::shared_ptr<const Job> job;
  std::map<TargetKey, ScheduledPtr> targets;
  std::shared_ptr<const std::vector<Labels>> dropped;
  std::size_t dropped_count = 0;
  std::set<std::string> told;  // failures that the log knows

  Gauge& target_count;
  Gauge& target_limit;
  Counter& syncs;
  Counter& failed_targets;
  Gauge& metadata_entries;
  Distribution& sync_seconds;
};
void remove_metrics(const Pool& pool, Registry& metrics);

}  // namespace silverback::scrape

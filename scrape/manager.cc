#include "scrape/manager.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <xxhash.h>

#include "base/log.h"
#include "scrape/failure_log.h"
#include "scrape/job.h"
#include "scrape/metadata_pool.h"
#include "scrape/pool.h"
#include "scrape/scraper.h"

namespace silverback::scrape {
namespace {

// How soon a wall clock that was set is noticed.
constexpr DurationMs kSleepMax = 1'000;
constexpr DurationMs kRetryAfter = 10'000;
// Offsets are multiples of this part of the interval, at most so much. One by one targets cost a
// quarter more than asked together: each finds caches cold and threads asleep.
constexpr DurationMs kStepPart = 100;
constexpr DurationMs kStepMax = 50;
// How late a sample may be to get the time of its slot: this part of the interval at most.
constexpr DurationMs kTolerancePart = 100;

std::uint64_t seed_of(const std::string& host_name, const Labels& external_labels) {
  const std::string text = host_name + external_labels.to_string();
  return XXH3_64bits(text.data(), text.size());
}

DurationMs offset_of(const Target& target, std::uint64_t seed) {
  const DurationMs step = std::clamp<DurationMs>(target.interval / kStepPart, 1, kStepMax);
  const auto steps = static_cast<std::uint64_t>(target.interval / step);
  return static_cast<DurationMs>((target.hash() ^ seed) % steps) * step;
}

Distribution& interval_lengths(Registry& metrics, DurationMs interval) {
  return metrics.distribution(
      "prometheus_target_interval_length_seconds", "Time between the begins of a target's scrapes.",
      {.01,   .1,   .5,   1,     2,     5,    9.9,  9.99,  10.01, 10.1, 14.9, 14.99,
       15.01, 15.1, 29.9, 29.99, 30.01, 30.1, 59.9, 59.99, 60.01, 60.1, 120,  300},
      Labels{{"interval", format_duration(interval)}});
}

}  // namespace

// What scrapers use after their target is gone, too.
struct Manager::Shared {
  explicit Shared(const Environment& environment)
      : counters(*environment.metrics),
        exceeded_body_size_limit(
            environment.metrics->counter("prometheus_target_scrapes_exceeded_body_size_limit_total",
                                         "Scrapes that failed because of the body size limit.")),
        exceeded_target_limit(environment.metrics->counter(
            "prometheus_target_scrape_pool_exceeded_target_limit_total",
            "How often a job was found to have more targets than it may.")),
        missed_slots(environment.metrics->counter(
            "silverback_scrape_slots_missed_total",
            "Slots at which a target was not asked: it or this server was too slow.")),
        store_status("Storing scrapes"),
        context{environment, metadata_pool, counters, exceeded_body_size_limit, store_status} {}

  MetadataPool metadata_pool;
  ScrapeCounters counters;
  Counter& exceeded_body_size_limit;
  Counter& exceeded_target_limit;
  Counter& missed_slots;
  RepeatedStatus store_status;
  const ScraperContext context;
};

Manager::Manager(const Environment& environment)
    : environment_(environment),
      shared_(std::make_unique<Shared>(environment_)),
      discovery_("scrape", *environment_.client, *environment_.metrics) {}

Manager::~Manager() = default;

Result<Change> Manager::prepare(const std::vector<config::ScrapeConfig>& jobs) {
  Change change;
  const auto failure_log = [&](const std::string& path) -> Result<std::shared_ptr<FailureLog>> {
    if (path.empty()) return nullptr;
    auto& log = change.failure_logs[path];
    if (log == nullptr) {
      const MutexLock lock(mutex_);
      const auto known = failure_logs_.find(path);
      if (known != failure_logs_.end()) log = known->second;
    }
    if (log == nullptr) log = TRY(FailureLog::open(*environment_.files, path));
    return log;
  };
  for (const config::ScrapeConfig& config : jobs) {
    auto log = failure_log(config.scrape_failure_log_file);
    if (!log) return fail(std::move(log).error().within("scrape job " + quote(config.job_name)));
    std::shared_ptr<const Job> job = job_of(config.job_name);
    // One that is written as before keeps its connections.
    if (job == nullptr || !(*job->config == config)) {
      auto made = make_job(config, *std::move(log), *environment_.client);
      if (!made)
        return fail(std::move(made).error().within("scrape job " + quote(config.job_name)));
      job = *std::move(made);
    }
    change.jobs.push_back(std::move(job));
  }
  return change;
}

std::shared_ptr<const Job> Manager::job_of(const std::string& name) const {
  const MutexLock lock(mutex_);
  const auto found = pools_.find(name);
  return found == pools_.end() ? nullptr : found->second->job;
}

void Manager::apply(Change change, const Labels& external_labels) {
  const MutexLock sync_lock(sync_mutex_);
  seed_ = seed_of(environment_.host_name, external_labels);
  std::map<std::string, config::Discoveries> sets;
  for (const auto& job : change.jobs) sets[job->config->job_name] = job->config->discoveries;
  const Status applied = discovery_.apply(sets, std::chrono::steady_clock::now());
  if (!applied) log_error("Applying the configuration of discovery: " + applied.error().message);
  for (const auto& [path, log] : change.failure_logs) log->reopen();
  std::vector<PoolPtr> pools;
  {
    const MutexLock lock(mutex_);
    failure_logs_ = std::move(change.failure_logs);
    std::map<std::string, PoolPtr> gone = std::move(pools_);
    pools_.clear();
    for (const auto& job : change.jobs) {
      const std::string& name = job->config->job_name;
      const auto known = gone.find(name);
      PoolPtr pool = known == gone.end() ? std::make_shared<Pool>(job, *environment_.metrics)
                                         : std::exchange(known->second, nullptr);
      pool->job = job;
      pools.push_back(pool);
      pools_[name] = std::move(pool);
    }
    for (const auto& [name, pool] : gone) {
      if (pool == nullptr) continue;
      for (const auto& [key, scheduled] : pool->targets) retire(scheduled);
      remove_metrics(*pool, *environment_.metrics);
    }
  }
  for (const PoolPtr& pool : pools) sync(pool);
}

void Manager::discover() {
  const MutexLock sync_lock(sync_mutex_);
  for (const std::string& name : discovery_.tick(std::chrono::steady_clock::now())) {
    PoolPtr pool;
    {
      const MutexLock lock(mutex_);
      const auto found = pools_.find(name);
      if (found != pools_.end()) pool = found->second;
    }
    if (pool != nullptr) sync(pool);
  }
  const MutexLock lock(mutex_);
  for (const auto& [name, pool] : pools_) {
    std::size_t families = 0;
    for (const auto& [key, scheduled] : pool->targets) families += scheduled->scraper->families();
    pool->metadata_entries.set(static_cast<double>(families));
  }
}

// Makes the pool's targets of what discovery knows now.
void Manager::sync(const PoolPtr& pool) {
  const auto begin = std::chrono::steady_clock::now();
  FoundTargets found = find_targets(*pool->job, discovery_.targets(pool->job->config->job_name));
  tell_failures(*pool, found.failures);
  std::map<TargetKey, ScheduledPtr> added;
  for (const auto& [key, target] : found.active)
    if (!pool->targets.contains(key)) added.emplace(key, make_scheduled(*pool, target));
  auto dropped = std::make_shared<const std::vector<Labels>>(std::move(found.dropped));
  {
    const MutexLock lock(mutex_);
    pool->dropped = std::move(dropped);
    pool->dropped_count = found.dropped_count;
    for (auto it = pool->targets.begin(); it != pool->targets.end();) {
      const auto stays = found.active.find(it->first);
      if (stays == found.active.end()) {
        retire(it->second);
        it = pool->targets.erase(it);
      } else {
        it->second->scraper->set_job(pool->job, stays->second);
        ++it;
      }
    }
    for (const auto& [key, scheduled] : added) {
      scheduled->next = scheduled->first_slot_after(now());
      due_.emplace(scheduled->next, scheduled);
    }
    pool->targets.merge(added);
    refuse_beyond_limit(*pool);
    changed_.notify_all();
  }
  pool->sync_seconds.observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

void Manager::tell_failures(Pool& pool, const std::vector<std::string>& failures) {
  for (const std::string& failure : failures) {
    if (!pool.told.contains(failure))
      log_error("Scrape job " + quote(pool.job->config->job_name) +
                ": creating target failed: " + failure);
  }
  pool.failed_targets.add(failures.size());
  pool.told = {failures.begin(), failures.end()};
  pool.syncs.add();
}

// Prometheus compatibility: one target too many, and none is scraped.
void Manager::refuse_beyond_limit(Pool& pool) {
  const std::uint64_t limit = pool.job->config->limits.target_limit;
  const std::size_t count = pool.targets.size();
  std::string refusal;
  if (limit != 0 && count > limit) {
    refusal = "target_limit exceeded (number of targets: " + std::to_string(count) +
              ", limit: " + std::to_string(limit) + ")";
    shared_->exceeded_target_limit.add();
  }
  for (const auto& [key, scheduled] : pool.targets) scheduled->scraper->set_refusal(refusal);
  pool.target_count.set(static_cast<double>(count));
  pool.target_limit.set(static_cast<double>(limit));
}

Manager::ScheduledPtr Manager::make_scheduled(const Pool& pool,
                                              std::shared_ptr<const Target> target) {
  const DurationMs interval = target->interval;
  const DurationMs offset = offset_of(*target, seed_);
  return std::make_shared<Scheduled>(
      std::make_shared<Scraper>(pool.job, std::move(target), shared_->context), interval, offset,
      interval_lengths(*environment_.metrics, interval));
}

void Manager::retire(const ScheduledPtr& scheduled) {
  scheduled->retired = true;
  const auto [begin, end] = due_.equal_range(scheduled->next);
  for (auto it = begin; it != end; ++it) {
    if (it->second != scheduled) continue;
    due_.erase(it);
    break;
  }
  if (scheduled->last == 0) return;  // it has no series
  const DurationMs interval = scheduled->interval;
  retired_.emplace(scheduled->next + interval + interval / 10, Retired{scheduled, scheduled->next});
}

void Manager::run() {
  while (true) {
    run_due();
    const MutexLock lock(mutex_);
    if (stopping_) break;
    const TimestampMs now = this->now();
    const DurationMs wait = next_due(now) - now;
    if (wait > 0) changed_.wait_for(mutex_, std::chrono::milliseconds(wait));
  }
  const MutexLock lock(mutex_);
  while (running_ > 0) changed_.wait(mutex_);
}

void Manager::stop() {
  std::vector<ScheduledPtr> running;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& [job, pool] : pools_)
      for (const auto& [key, scheduled] : pool->targets) running.push_back(scheduled);
    for (const auto& [due, retired] : retired_) running.push_back(retired.scheduled);
    changed_.notify_all();
  }
  for (const ScheduledPtr& scheduled : running) scheduled->scraper->cancel();
}

void Manager::run_due() {
  std::vector<std::function<void()>> tasks;
  {
    const MutexLock lock(mutex_);
    if (!stopping_) collect_due(now(), tasks);
  }
  for (const std::function<void()>& task : tasks) task();
}

TimestampMs Manager::next_due(TimestampMs now) const {
  TimestampMs next = now + kSleepMax;
  if (!due_.empty()) next = std::min(next, due_.begin()->first);
  if (!retired_.empty()) next = std::min(next, retired_.begin()->first);
  return next;
}

void Manager::collect_due(TimestampMs now, std::vector<std::function<void()>>& tasks) {
  if (now < last_now_) heed_clock(now);
  last_now_ = now;
  while (!due_.empty() && due_.begin()->first <= now) {
    const ScheduledPtr scheduled = due_.begin()->second;
    due_.erase(due_.begin());
    if (auto task = start(scheduled, now)) tasks.push_back(std::move(task));
  }
  while (!retired_.empty() && retired_.begin()->first <= now) {
    const Retired retired = retired_.begin()->second;
    retired_.erase(retired_.begin());
    if (auto task = start_end(retired, now)) tasks.push_back(std::move(task));
  }
}

// The clock was set back: what seems far away is due at its next slot. After a small step that may
// be one that was taken already, so those wait.
void Manager::heed_clock(TimestampMs now) {
  std::multimap<TimestampMs, ScheduledPtr> again;
  for (const auto& [next, scheduled] : due_) {
    if (next > now + 2 * scheduled->interval) scheduled->next = scheduled->first_slot_after(now);
    again.emplace(scheduled->next, scheduled);
  }
  due_ = std::move(again);
}

// Puts the target in line for its next slot, and begins a scrape for the one that has come.
std::function<void()> Manager::start(const ScheduledPtr& scheduled, TimestampMs now) {
  const std::int64_t late_slots = (now - scheduled->next) / scheduled->interval;
  scheduled->next += (late_slots + 1) * scheduled->interval;
  due_.emplace(scheduled->next, scheduled);
  shared_->missed_slots.add(static_cast<std::uint64_t>(late_slots) + (scheduled->waiting ? 1 : 0));
  if (!scheduled->running) return start_scrape(scheduled, now);
  scheduled->waiting = true;
  return nullptr;
}

// For the slot that came last.
std::function<void()> Manager::start_scrape(const ScheduledPtr& scheduled, TimestampMs now) {
  const TimestampMs slot = scheduled->next - scheduled->interval;
  const DurationMs tolerance =
      std::min(environment_.timestamp_tolerance, scheduled->interval / kTolerancePart);
  const bool is_aligned = environment_.adjust_timestamps && now >= slot && now - slot <= tolerance;
  if (scheduled->last != 0 && now > scheduled->last)
    scheduled->lengths.observe(static_cast<double>(now - scheduled->last) / 1000);
  scheduled->last = now;
  scheduled->running = true;
  scheduled->waiting = false;
  ++running_;
  return [this, scheduled, t = is_aligned ? slot : now] {
    scheduled->scraper->begin(t, [this, scheduled] { ended(scheduled); });
  };
}

std::function<void()> Manager::start_end(const Retired& retired, TimestampMs now) {
  if (retired.scheduled->running) {  // a scrape from before it was gone
    retired_.emplace(now + kSleepMax, retired);
    return nullptr;
  }
  retired.scheduled->running = true;
  ++running_;
  return [this, retired] {
    environment_.executor->run([this, retired] {
      const Status written = retired.scheduled->scraper->end_series(retired.at);
      shared_->store_status.note(written);
      if (!written) {
        const MutexLock lock(mutex_);
        retired_.emplace(this->now() + kRetryAfter, retired);
      }
      ended(retired.scheduled);
    });
  };
}

void Manager::ended(const ScheduledPtr& scheduled) {
  std::function<void()> next;
  {
    const MutexLock lock(mutex_);
    scheduled->running = false;
    --running_;
    // A target that takes all of its interval, as one whose timeout is as long, is asked again at
    // once: the slot that passed is late, not missed.
    if (scheduled->waiting && !scheduled->retired && !stopping_)
      next = start_scrape(scheduled, now());
    if (stopping_) changed_.notify_all();
  }
  if (next) next();
}

std::vector<PoolStatus> Manager::pools() const {
  // Targets are many, and slots wait for the lock: what takes time is done without it.
  struct View {
    std::shared_ptr<const Job> job;
    std::vector<ScheduledPtr> targets;
    std::shared_ptr<const std::vector<Labels>> dropped;
    std::size_t dropped_count;
  };
  std::vector<View> views;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, pool] : pools_) {
      View& view = views.emplace_back(View{pool->job, {}, pool->dropped, pool->dropped_count});
      view.targets.reserve(pool->targets.size());
      for (const auto& [key, scheduled] : pool->targets) view.targets.push_back(scheduled);
    }
  }
  std::vector<PoolStatus> statuses;
  for (const View& view : views) {
    PoolStatus& status = statuses.emplace_back();
    status.job = view.job->config->job_name;
    status.config = view.job->config;
    for (const ScheduledPtr& scheduled : view.targets)
      status.active.push_back(scheduled->scraper->status());
    status.dropped = *view.dropped;
    status.dropped_count = view.dropped_count;
  }
  return statuses;
}

std::vector<std::string> Manager::pool_names() const {
  std::vector<std::string> names;
  const MutexLock lock(mutex_);
  for (const auto& [name, pool] : pools_) names.push_back(name);
  return names;
}

std::shared_ptr<const config::ScrapeConfig> Manager::config_of(const std::string& job) const {
  const std::shared_ptr<const Job> found = job_of(job);
  return found == nullptr ? nullptr : found->config;
}

std::vector<TargetMetadata> Manager::metadata() const {
  std::vector<std::shared_ptr<Scraper>> scrapers;
  {
    const MutexLock lock(mutex_);
    for (const auto& [name, pool] : pools_)
      for (const auto& [key, scheduled] : pool->targets) scrapers.push_back(scheduled->scraper);
  }
  std::vector<TargetMetadata> all;
  all.reserve(scrapers.size());
  for (const auto& scraper : scrapers) all.push_back(scraper->metadata());
  return all;
}

}  // namespace silverback::scrape

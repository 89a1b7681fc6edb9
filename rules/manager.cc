#include "rules/manager.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "rules/schedule.h"

namespace silverback::rules {
namespace {

constexpr TimestampNs kNsPerMs = 1'000'000;
// How soon a wall clock that was set is noticed.
constexpr TimestampNs kSleepMax = 1000 * kNsPerMs;

Environment with_cancel(Environment environment, const std::atomic<bool>& canceled) {
  environment.canceled = &canceled;
  return environment;
}

}  // namespace

struct Manager::Scheduled {
  Scheduled(GroupSpec spec, const Environment& environment, bool is_restored)
      : group(std::make_shared<const GroupSpec>(std::move(spec)), environment, is_restored),
        interval(group.spec().interval * kNsPerMs),
        offset(slot_offset(group.spec().file, group.spec().name, interval)),
        restored(is_restored) {}

  TimestampNs first_slot_after(TimestampNs now) const {
    return slot_at(now, offset, interval) + interval;
  }

  Group group;
  const TimestampNs interval, offset;
  // The rest belongs to the Manager, under its lock.
  TimestampNs next = 0;
  bool running = false;
  bool withdrawn = false;
  bool restored;
  std::uint64_t evaluations = 0;
};

// A group that is gone. Its series end when it went, but they are only then written to when what
// took its place has had the time to go on with them: what comes late is refused.
struct Manager::Retired {
  ScheduledPtr scheduled;
  TimestampMs at;
};

Manager::Manager(const Environment& environment, Executor* executor)
    : environment_(with_cancel(environment, canceled_)),
      executor_(executor),
      external_labels_(std::make_shared<const Labels>()) {}

Manager::~Manager() = default;

TimestampNs Manager::now() const { return environment_.clock->now() * kNsPerMs; }

Manager::ScheduledPtr Manager::schedule(GroupSpec spec, bool restored) const {
  auto scheduled = std::make_shared<Scheduled>(std::move(spec), environment_, restored);
  scheduled->next = scheduled->first_slot_after(now());
  return scheduled;
}

void Manager::update(std::vector<GroupSpec> specs, const Labels& external_labels) {
  std::map<std::string, ScheduledPtr> old;
  bool restored = false;
  {
    const MutexLock lock(mutex_);
    external_labels_ = std::make_shared<const Labels>(external_labels);
    restored = std::exchange(updated_, true);
    old = groups_;
  }
  std::map<std::string, ScheduledPtr> groups;
  std::vector<ScheduledPtr> fresh;
  for (GroupSpec& spec : specs) {
    const std::string key = spec.file + ";" + spec.name;
    const auto before = old.find(key);
    if (before != old.end() && same_group(before->second->group.spec(), spec)) {
      groups.emplace(key, before->second);
      old.erase(before);
      continue;
    }
    ScheduledPtr scheduled;
    if (before == old.end()) {
      scheduled = schedule(std::move(spec), restored);
    } else {
      withdraw(before->second);
      scheduled = schedule(std::move(spec), before->second->restored);
      scheduled->evaluations = before->second->evaluations;
      scheduled->group.take_state(before->second->group);
      old.erase(before);
    }
    groups.emplace(key, scheduled);
    fresh.push_back(std::move(scheduled));
  }
  for (const auto& [key, gone] : old) {
    withdraw(gone);
    retire(gone);
  }
  const MutexLock lock(mutex_);
  groups_ = std::move(groups);
  for (const ScheduledPtr& scheduled : fresh) due_.emplace(scheduled->next, scheduled);
  changed_.notify_all();
}

void Manager::withdraw(const ScheduledPtr& scheduled) {
  const MutexLock lock(mutex_);
  scheduled->withdrawn = true;
  std::erase_if(due_, [&](const auto& entry) { return entry.second == scheduled; });
  while (scheduled->running) changed_.wait(mutex_);
}

void Manager::retire(const ScheduledPtr& scheduled) {
  scheduled->group.remove_metrics();
  const TimestampNs at = now();
  const MutexLock lock(mutex_);
  retired_.emplace(at + 2 * scheduled->interval,
                   std::make_shared<Retired>(Retired{scheduled, at / kNsPerMs}));
}

void Manager::run() {
  while (true) {
    const TimestampNs next = run_due();
    const MutexLock lock(mutex_);
    if (stopping_) break;
    const TimestampNs wait = std::min(next - now(), kSleepMax);
    if (wait > 0) changed_.wait_for(mutex_, std::chrono::nanoseconds(wait));
  }
  const MutexLock lock(mutex_);
  while (running_ > 0) changed_.wait(mutex_);
}

void Manager::stop() {
  canceled_ = true;
  const MutexLock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

TimestampNs Manager::run_due() {
  Tasks tasks;
  {
    const MutexLock lock(mutex_);
    if (!stopping_) collect_due(now(), tasks);
  }
  for (std::function<void()>& task : tasks) {
    if (executor_ != nullptr) {
      executor_->run(std::move(task));
    } else {
      task();
    }
  }
  const MutexLock lock(mutex_);
  return next_due(now());
}

TimestampNs Manager::next_due(TimestampNs now) const {
  TimestampNs next = now + kSleepMax;
  if (!due_.empty()) next = std::min(next, due_.begin()->first);
  if (!retired_.empty()) next = std::min(next, retired_.begin()->first);
  return next;
}

void Manager::collect_due(TimestampNs now, Tasks& tasks) {
  if (!due_.empty() && due_.begin()->first > now + due_.begin()->second->interval)
    reschedule_all(now);  // the clock was set back
  while (!due_.empty() && due_.begin()->first <= now) {
    const ScheduledPtr scheduled = due_.begin()->second;
    due_.erase(due_.begin());
    tasks.push_back(start(scheduled, now));
  }
  while (!retired_.empty() && retired_.begin()->first <= now) {
    ++running_;
    tasks.push_back([this, retired = retired_.begin()->second] {
      retired->scheduled->group.end_series(retired->at);
      const MutexLock lock(mutex_);
      --running_;
      changed_.notify_all();
    });
    retired_.erase(retired_.begin());
  }
}

void Manager::reschedule_all(TimestampNs now) {
  std::multimap<TimestampNs, ScheduledPtr> again;
  for (const auto& [next, scheduled] : due_) {
    scheduled->next = scheduled->first_slot_after(now);
    again.emplace(scheduled->next, scheduled);
  }
  due_ = std::move(again);
}

std::function<void()> Manager::start(const ScheduledPtr& scheduled, TimestampNs now) {
  const TimestampNs missed = (now - scheduled->next) / scheduled->interval;
  const TimestampNs slot = scheduled->next + missed * scheduled->interval;
  scheduled->next = slot + scheduled->interval;
  scheduled->group.count_iterations(static_cast<std::uint64_t>(missed) + 1,
                                    static_cast<std::uint64_t>(missed));
  scheduled->running = true;
  ++running_;
  return [this, scheduled, slot, labels = external_labels_] { evaluate(scheduled, slot, *labels); };
}

void Manager::evaluate(const ScheduledPtr& scheduled, TimestampNs slot,
                       const Labels& external_labels) {
  scheduled->group.evaluate(slot, external_labels);
  // Prometheus compatibility: after the second evaluation, because the first one of a server that
  // just started may have seen too little.
  if (++scheduled->evaluations == 2 && !scheduled->restored) {
    scheduled->group.restore(environment_.clock->now());
    scheduled->restored = true;
  }
  const MutexLock lock(mutex_);
  scheduled->running = false;
  --running_;
  if (!scheduled->withdrawn) due_.emplace(scheduled->next, scheduled);
  changed_.notify_all();
}

std::vector<GroupStatus> Manager::groups() const {
  std::vector<ScheduledPtr> groups;
  {
    const MutexLock lock(mutex_);
    for (const auto& [key, scheduled] : groups_) groups.push_back(scheduled);
  }
  std::vector<GroupStatus> statuses;
  statuses.reserve(groups.size());
  for (const ScheduledPtr& scheduled : groups) statuses.push_back(scheduled->group.status());
  return statuses;
}

}  // namespace silverback::rules

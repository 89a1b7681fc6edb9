#include "rules/manager.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "rules/schedule.h"

namespace silverback::rules {
namespace {

constexpr TimestampNs kNsPerMs = 1'000'000;
// How soon a wall clock that was set is noticed.
constexpr TimestampNs kSleepMax = 1000 * kNsPerMs;
constexpr TimestampNs kRetryAfter = 10'000 * kNsPerMs;

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

  // No slot is further away than that, unless the clock was set back.
  void heed_clock(TimestampNs now) {
    if (next > now + interval) next = first_slot_after(now);
  }

  Group group;
  const TimestampNs interval, offset;
  // Under the Manager's lock:
  TimestampNs next = 0;
  bool running = false;
  bool withdrawn = false;
  // Of the evaluation that is running; else of who waited for it to end.
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

void Manager::update(std::vector<GroupSpec> specs, const Labels& external_labels) {
  std::map<Key, ScheduledPtr> replaced;
  bool restored = false;
  {
    const MutexLock lock(mutex_);
    external_labels_ = std::make_shared<const Labels>(external_labels);
    restored = std::exchange(updated_, true);
    replaced = withdraw_others(specs);
  }
  for (GroupSpec& spec : specs) {
    const auto before = replaced.find(key_of(spec));
    if (before == replaced.end()) {
      put(std::move(spec), nullptr, restored);
    } else {
      put(std::move(spec), before->second, restored);
      replaced.erase(before);
    }
  }
  for (const auto& [key, gone] : replaced) retire(gone);
}

std::map<Manager::Key, Manager::ScheduledPtr> Manager::withdraw_others(
    std::vector<GroupSpec>& specs) {
  std::map<Key, ScheduledPtr> others = groups_;
  std::erase_if(specs, [&others](const GroupSpec& spec) {
    const auto known = others.find(key_of(spec));
    if (known == others.end() || !same_group(known->second->group.spec(), spec)) return false;
    others.erase(known);
    return true;
  });
  for (const auto& [key, other] : others) {
    other->withdrawn = true;
    other->group.stop();
  }
  for (auto it = due_.begin(); it != due_.end();)
    it = it->second->withdrawn ? due_.erase(it) : std::next(it);
  return others;
}

void Manager::wait_until_idle(const ScheduledPtr& scheduled) {
  const MutexLock lock(mutex_);
  while (scheduled->running) changed_.wait(mutex_);
}

void Manager::put(GroupSpec spec, const ScheduledPtr& before, bool restored) {
  // Until then its evaluation may restore it.
  if (before != nullptr) wait_until_idle(before);
  auto scheduled = std::make_shared<Scheduled>(std::move(spec), environment_,
                                               before == nullptr ? restored : before->restored);
  scheduled->next = scheduled->first_slot_after(now());
  if (before != nullptr) {
    scheduled->evaluations = before->evaluations;
    scheduled->group.take_state(before->group);
  }
  const MutexLock lock(mutex_);
  groups_[key_of(scheduled->group.spec())] = scheduled;
  due_.emplace(scheduled->next, scheduled);
  changed_.notify_all();
}

void Manager::retire(const ScheduledPtr& scheduled) {
  wait_until_idle(scheduled);
  scheduled->group.remove_metrics();
  const TimestampNs at = now();
  const MutexLock lock(mutex_);
  groups_.erase(key_of(scheduled->group.spec()));
  retired_.emplace(at + 2 * scheduled->interval,
                   std::make_shared<Retired>(Retired{scheduled, at / kNsPerMs}));
}

void Manager::run() {
  while (true) {
    run_due();
    const MutexLock lock(mutex_);
    if (stopping_) break;
    const TimestampNs wait = next_due(now()) - now();
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
  if (now < last_now_) reschedule_all(now);
  last_now_ = now;
  while (!due_.empty() && due_.begin()->first <= now) {
    const ScheduledPtr scheduled = due_.begin()->second;
    due_.erase(due_.begin());
    tasks.push_back(start(scheduled, now));
  }
  while (!retired_.empty() && retired_.begin()->first <= now) {
    ++running_;
    tasks.push_back([this, retired = retired_.begin()->second] { end_series(retired); });
    retired_.erase(retired_.begin());
  }
}

void Manager::end_series(const std::shared_ptr<Retired>& retired) {
  const Status ended = retired->scheduled->group.end_series(retired->at);
  if (!ended) {
    log_error("Ending the series of group " + quote(retired->scheduled->group.spec().name) +
              " failed: " + ended.error().message);
  }
  const MutexLock lock(mutex_);
  if (!ended) retired_.emplace(now() + kRetryAfter, retired);
  --running_;
  changed_.notify_all();
}

// The clock was set back.
void Manager::reschedule_all(TimestampNs now) {
  std::multimap<TimestampNs, ScheduledPtr> again;
  for (const auto& [next, scheduled] : due_) {
    scheduled->heed_clock(now);
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
  if (!scheduled->withdrawn) {
    scheduled->heed_clock(now());
    due_.emplace(scheduled->next, scheduled);
  }
  changed_.notify_all();
}

std::vector<GroupStatus> Manager::groups(bool with_alerts) const {
  std::vector<ScheduledPtr> groups;
  {
    const MutexLock lock(mutex_);
    for (const auto& [key, scheduled] : groups_) groups.push_back(scheduled);
  }
  std::vector<GroupStatus> statuses;
  statuses.reserve(groups.size());
  for (const ScheduledPtr& scheduled : groups)
    statuses.push_back(scheduled->group.status(with_alerts));
  return statuses;
}

}  // namespace silverback::rules

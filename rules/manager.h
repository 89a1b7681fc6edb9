// Evaluates groups of rules when they are due, and replaces them when the configuration changes.
//
//   rules::Manager manager(environment, &pool);
//   manager.update(TRY(load_groups(…)), external_labels);
//   … a thread of the caller: manager.run();
//   manager.stop();                               // run() returns once nothing is evaluated
//
// A group is never evaluated twice at the same time; a slot that comes while it still is, is
// missed. Groups do not wait for each other while the executor has a thread for each.
// Threads: run() from one; the rest from any, update() from one at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/labels.h"
#include "base/mutex.h"
#include "base/time.h"
#include "rules/group.h"
#include "rules/rule_set.h"

namespace silverback::rules {

class Manager {
 public:
  // Groups are evaluated on `executor`; in the caller of run_due() if it is null. `environment`
  // is copied, but for its `canceled`: that is the Manager's own.
  Manager(const Environment& environment, Executor* executor);
  // Requires that run() returned.
  ~Manager();
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // From now on these groups, each from its next slot on. Groups that are written as before go on
  // undisturbed; changed ones keep the alerts of their rules; the series of those that are gone
  // end. Alerts of the groups of the first call are restored. Waits for the rules that are just
  // being evaluated of groups that it replaces.
  void update(std::vector<GroupSpec> groups, const Labels& external_labels) EXCLUDES(mutex_);

  // Until stop().
  void run() EXCLUDES(mutex_);
  // Ends run() and the queries of its evaluations. The series of the rules do not end.
  void stop() EXCLUDES(mutex_);
  // What run() does again and again: starts what is due by now, and says when to come back.
  TimestampNs run_due() EXCLUDES(mutex_);

  // By file, then name.
  std::vector<GroupStatus> groups(bool with_alerts = true) const EXCLUDES(mutex_);

 private:
  struct Scheduled;
  struct Retired;
  using ScheduledPtr = std::shared_ptr<Scheduled>;

  using Tasks = std::vector<std::function<void()>>;

  void collect_due(TimestampNs now, Tasks& tasks) REQUIRES(mutex_);
  std::function<void()> start(const ScheduledPtr& scheduled, TimestampNs now) REQUIRES(mutex_);
  TimestampNs next_due(TimestampNs now) const REQUIRES(mutex_);
  void evaluate(const ScheduledPtr& scheduled, TimestampNs slot, const Labels& external_labels)
      EXCLUDES(mutex_);
  void reschedule_all(TimestampNs now) REQUIRES(mutex_);
  using Key = std::pair<std::string, std::string>;  // file, name

  static Key key_of(const GroupSpec& spec) { return {spec.file, spec.name}; }
  // Stops those that are gone or written differently in `specs`, and takes what stays out of it.
  std::map<Key, ScheduledPtr> withdraw_others(std::vector<GroupSpec>& specs) REQUIRES(mutex_);
  void wait_until_idle(const ScheduledPtr& scheduled) EXCLUDES(mutex_);
  // In the place of `before`, whose state it takes; if that is null, with `restored`.
  void put(GroupSpec spec, const ScheduledPtr& before, bool restored) EXCLUDES(mutex_);
  void retire(const ScheduledPtr& scheduled) EXCLUDES(mutex_);
  void end_series(const std::shared_ptr<Retired>& retired) EXCLUDES(mutex_);
  TimestampNs now() const;

  std::atomic<bool> canceled_{false};
  const Environment environment_;
  Executor* const executor_;

  mutable Mutex mutex_;
  CondVar changed_;  // something to do earlier, something has ended, or stop()
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool updated_ GUARDED_BY(mutex_) = false;
  std::size_t running_ GUARDED_BY(mutex_) = 0;
  std::shared_ptr<const Labels> external_labels_ GUARDED_BY(mutex_);
  TimestampNs last_now_ GUARDED_BY(mutex_) = 0;
  std::map<Key, ScheduledPtr> groups_ GUARDED_BY(mutex_);
  std::multimap<TimestampNs, ScheduledPtr> due_ GUARDED_BY(mutex_);  // those not running
  std::multimap<TimestampNs, std::shared_ptr<Retired>> retired_ GUARDED_BY(mutex_);
};

}  // namespace silverback::rules

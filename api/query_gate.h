// At most so many queries at once; the others wait in the order they came. Nobody blocks meanwhile:
// a waiting query is an entry in a list, not a thread.
// Threads: everything from any thread. Outlives its tasks.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/mutex.h"

namespace silverback::api {

class QueryGate {
 public:
  // Called with the seconds between submit() and now.
  using Task = std::function<void(double queue_seconds)>;

  // Requires running_max >= 1. Borrows the executor, and the gauge, which follows how many queries
  // run or wait.
  QueryGate(Executor& executor, std::size_t running_max, Gauge& present)
      : executor_(executor), running_max_(running_max), present_(present) {}

  void submit(Task task) EXCLUDES(mutex_);

 private:
  using SteadyClock = std::chrono::steady_clock;
  struct Entry {
    Task task;
    SteadyClock::time_point submitted;
  };
  void start(Entry entry) EXCLUDES(mutex_);
  void finished() EXCLUDES(mutex_);

  Executor& executor_;
  const std::size_t running_max_;
  Gauge& present_;
  Mutex mutex_;
  std::size_t running_ GUARDED_BY(mutex_) = 0;
  std::deque<Entry> waiting_ GUARDED_BY(mutex_);
};

}  // namespace silverback::api

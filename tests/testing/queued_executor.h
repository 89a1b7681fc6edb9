// An executor whose tasks run in the thread of the test, when it says so.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <utility>

#include "base/executor.h"
#include "base/mutex.h"

namespace silverback::testing {

class QueuedExecutor final : public Executor {
 public:
  void run(std::function<void()> task) override EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
    added_.notify_all();
  }
  std::size_t concurrency() const override { return 1; }

  // Waits for so many tasks, one after the other, and runs them. False if one does not come within
  // 20 seconds.
  bool run_tasks(std::size_t count) EXCLUDES(mutex_) {
    for (; count > 0; --count) {
      std::function<void()> task;
      {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        const MutexLock lock(mutex_);
        while (tasks_.empty()) {
          if (std::chrono::steady_clock::now() > deadline) return false;
          added_.wait_for(mutex_, std::chrono::milliseconds(100));
        }
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
    return true;
  }
  bool is_empty() EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return tasks_.empty();
  }

 private:
  Mutex mutex_;
  CondVar added_;
  std::deque<std::function<void()>> tasks_ GUARDED_BY(mutex_);
};

}  // namespace silverback::testing

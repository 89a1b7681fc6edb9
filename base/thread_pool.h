// A fixed number of threads over one queue.
// Threads: run() from any thread. The destructor finishes what was queued, then joins.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "base/mutex.h"

namespace silverback {

class ThreadPool final : public Executor {
 public:
  // Threads are named `name`-0, `name`-1, … (visible in top -H). Requires threads >= 1.
  ThreadPool(std::string name, std::size_t threads);
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void run(std::function<void()> task) override EXCLUDES(mutex_);
  std::size_t concurrency() const override { return threads_.size(); }

 private:
  void work() EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // set by the constructor, joined by the destructor
};

}  // namespace silverback

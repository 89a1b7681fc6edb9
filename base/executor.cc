#include "base/executor.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include "base/mutex.h"

namespace silverback {
namespace {

// Shared with tasks that may start long after the caller has left: those find no index to take and
// touch nothing else.
class Work {
 public:
  Work(std::size_t count, const std::function<void(std::size_t)>& body)
      : count_(count), body_(body) {}

  void take_all() EXCLUDES(mutex_) {
    std::size_t done = 0;
    for (std::size_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_; ++done) {
      body_(i);
    }
    if (done == 0) return;
    MutexLock lock(mutex_);
    done_ += done;
    if (done_ == count_) all_done_.notify_all();
  }

  void wait() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (done_ < count_) all_done_.wait(mutex_);
  }

 private:
  const std::size_t count_;
  const std::function<void(std::size_t)>& body_;  // alive while an index is left
  std::atomic<std::size_t> next_{0};
  Mutex mutex_;
  CondVar all_done_;
  std::size_t done_ GUARDED_BY(mutex_) = 0;
};

}  // namespace

void parallel_for(Executor* executor, std::size_t count,
                  const std::function<void(std::size_t)>& body) {
  if (executor == nullptr || count <= 1) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  const auto work = std::make_shared<Work>(count, body);
  const std::size_t helpers = std::min(executor->concurrency(), count - 1);
  for (std::size_t i = 0; i < helpers; ++i) {
    executor->run([work] { work->take_all(); });
  }
  work->take_all();
  work->wait();
}

}  // namespace silverback

#include "base/executor.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <new>
#include <utility>

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
    std::exception_ptr thrown;
    for (std::size_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_; ++done) {
      // Out of memory, if anything: it must neither end a helper's thread, nor may the caller leave
      // while others are at work on what it owns.
      try {
        body_(i);
      } catch (...) {
        if (!thrown) thrown = std::current_exception();
      }
    }
    if (done == 0) return;
    MutexLock lock(mutex_);
    if (thrown && !first_thrown_) first_thrown_ = std::move(thrown);
    done_ += done;
    if (done_ == count_) all_done_.notify_all();
  }

  // Throws what a body threw.
  void wait() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (done_ < count_) all_done_.wait(mutex_);
    if (first_thrown_) std::rethrow_exception(std::exchange(first_thrown_, nullptr));
  }

 private:
  const std::size_t count_;
  const std::function<void(std::size_t)>& body_;  // alive while an index is left
  std::atomic<std::size_t> next_{0};
  Mutex mutex_;
  CondVar all_done_;
  std::size_t done_ GUARDED_BY(mutex_) = 0;
  std::exception_ptr first_thrown_ GUARDED_BY(mutex_);
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
  try {
    for (std::size_t i = 0; i < helpers; ++i) {
      executor->run([work] { work->take_all(); });
    }
  } catch (const std::bad_alloc&) {
    // Fewer helpers, then: those that were started still need this frame.
  }
  work->take_all();
  work->wait();
}

}  // namespace silverback

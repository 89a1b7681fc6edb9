// Something that runs functions on threads it owns. Libraries borrow one; only cmd makes one
// (base/thread_pool.h).
#pragma once

#include <cstddef>
#include <functional>

namespace silverback {

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `task` some time later on another thread. Tasks that wait for other tasks of the same
  // Executor can deadlock.
  virtual void run(std::function<void()> task) = 0;
  // How many tasks can run at once.
  virtual std::size_t concurrency() const = 0;
};

// Calls body(i) for every i in [0, count), on up to executor->concurrency() threads and the
// caller's own, and returns when all are done. The caller works too, so it finishes even if the
// executor is busy for ever. `executor` may be null: then all in the caller.
// If a body throws, the others are called all the same (but for a null executor), and the first
// exception comes out here at the end.
void parallel_for(Executor* executor, std::size_t count,
                  const std::function<void(std::size_t)>& body);

}  // namespace silverback

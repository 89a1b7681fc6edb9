#include "api/query_gate.h"

#include <utility>

namespace silverback::api {

void QueryGate::submit(Task task) {
  present_.add(1);
  Entry entry{std::move(task), SteadyClock::now()};
  {
    MutexLock lock(mutex_);
    if (running_ >= running_max_) {
      waiting_.push_back(std::move(entry));
      return;
    }
    ++running_;
  }
  start(std::move(entry));
}

void QueryGate::start(Entry entry) {
  executor_.run([this, entry = std::move(entry)] {
    const std::chrono::duration<double> queued = SteadyClock::now() - entry.submitted;
    entry.task(queued.count());
    present_.add(-1);
    finished();
  });
}

void QueryGate::finished() {
  Entry next;
  {
    MutexLock lock(mutex_);
    if (waiting_.empty()) {
      --running_;
      return;
    }
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  start(std::move(next));
}

}  // namespace silverback::api

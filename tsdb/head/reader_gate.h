// Tells when everybody who might still use a series id has gone: batches and selections are inside
// the gate while they live, and a series is removed only when all that entered before it was marked
// have left. Nobody waits. Threads: everything from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "base/mutex.h"

namespace silverback::tsdb {

class ReaderGate {
 public:
  class Pass {
   public:
    Pass() = default;
    explicit Pass(ReaderGate& gate) : gate_(&gate), epoch_(gate.enter()) {}
    Pass(Pass&& other) noexcept : gate_(other.gate_), epoch_(other.epoch_) {
      other.gate_ = nullptr;
    }
    Pass& operator=(Pass&& other) noexcept {
      std::swap(gate_, other.gate_);
      std::swap(epoch_, other.epoch_);
      return *this;
    }
    ~Pass() {
      if (gate_ != nullptr) gate_->leave(epoch_);
    }
    bool holds() const { return gate_ != nullptr; }

   private:
    ReaderGate* gate_ = nullptr;
    std::uint64_t epoch_ = 0;
  };

  // Ends an epoch; once all_left(its number) nobody is inside who entered in it or before.
  std::uint64_t end_epoch() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return epoch_++;
  }
  bool all_left(std::uint64_t epoch) const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return inside_.empty() || inside_.begin()->first > epoch;
  }

 private:
  std::uint64_t enter() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++inside_[epoch_];
    return epoch_;
  }
  void leave(std::uint64_t epoch) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = inside_.find(epoch);
    if (--found->second == 0) inside_.erase(found);
  }

  mutable Mutex mutex_;
  std::uint64_t epoch_ GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::uint64_t> inside_ GUARDED_BY(mutex_);
};

}  // namespace silverback::tsdb

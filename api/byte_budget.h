// How many bytes may be held at once by all together. Threads: everything from any thread; a Lease
// by one.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "base/metrics.h"

namespace silverback::api {

class ByteBudget {
 public:
  // The gauge follows what is held; borrowed.
  ByteBudget(std::uint64_t bytes_max, Gauge& held) : bytes_max_(bytes_max), held_(held) {}

  std::uint64_t bytes_max() const { return bytes_max_; }
  // Whether there is room for `bytes` right now; takes nothing.
  bool has(std::uint64_t bytes) const {
    return bytes <= bytes_max_ - used_.load(std::memory_order_relaxed);
  }

  // A part of the budget; given back when it goes.
  class Lease {
   public:
    Lease() = default;
    ~Lease() { reset(); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    // False, and nothing taken, if the budget does not have `bytes` left. Requires an empty lease.
    bool acquire(ByteBudget& budget, std::uint64_t bytes) {
      budget_ = &budget;
      return grow_to(bytes);
    }
    // False, and nothing changed, if there is not enough left. Requires acquire().
    bool grow_to(std::uint64_t bytes) {
      if (bytes <= bytes_) return true;
      if (!budget_->take(bytes - bytes_)) return false;
      bytes_ = bytes;
      return true;
    }
    void reset() {
      if (bytes_ > 0) budget_->give_back(bytes_);
      bytes_ = 0;
    }

   private:
    ByteBudget* budget_ = nullptr;
    std::uint64_t bytes_ = 0;
  };

 private:
  bool take(std::uint64_t bytes) {
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > bytes_max_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    held_.add(static_cast<double>(bytes));
    return true;
  }
  void give_back(std::uint64_t bytes) {
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    held_.add(-static_cast<double>(bytes));
  }

  const std::uint64_t bytes_max_;
  Gauge& held_;
  std::atomic<std::uint64_t> used_{0};
};

}  // namespace silverback::api

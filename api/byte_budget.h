// How many bytes may be held at once by all together. Threads: everything from any thread; a Lease
// by one.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace silverback::api {

class ByteBudget {
 public:
  explicit ByteBudget(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }

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
      if (budget_ != nullptr) budget_->used_.fetch_sub(bytes_, std::memory_order_relaxed);
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
    return true;
  }

  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> used_{0};
};

}  // namespace silverback::api

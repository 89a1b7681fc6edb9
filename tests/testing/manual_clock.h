// A clock that stands still until a test moves it.
#pragma once

#include <atomic>

#include "base/clock.h"

namespace silverback::testing {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimestampMs now) : now_(now) {}
  TimestampMs now() const override { return now_; }
  void set(TimestampMs now) { now_ = now; }
  void advance(DurationMs by) { now_ += by; }

 private:
  std::atomic<TimestampMs> now_;
};

}  // namespace silverback::testing

#include "base/clock.h"

#include <chrono>

namespace silverback {
namespace {

class SystemClock final : public Clock {
 public:
  TimestampMs now() const override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
  }
};

}  // namespace

const Clock& Clock::system() {
  static const SystemClock clock;
  return clock;
}

}  // namespace silverback

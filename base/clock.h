// Where the time comes from. Tests pass a clock that they move by hand.
#pragma once

#include "base/time.h"

namespace silverback {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimestampMs now() const = 0;  // wall clock; may step back

  // The system's clock; lives as long as the program.
  static const Clock& system();
};

}  // namespace silverback

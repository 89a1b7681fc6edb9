// When a group of rules is evaluated: once in each interval, all groups spread over it, and every
// group at the same instants on every server, whenever it was started.
//
//   slot = k · interval + offset,   offset = hash of the group's file and name, modulo interval
//
// Source: Prometheus 3.14's groups. Threads: free functions.
#pragma once

#include <string_view>

#include "base/time.h"

namespace silverback::rules {

// In [0, interval). Requires interval > 0.
TimestampNs slot_offset(std::string_view file, std::string_view group, TimestampNs interval);

}  // namespace silverback::rules

// An alert as it leaves the server: what the rule engine hands to the Notifier, and what an
// Alertmanager stores. Threads: a value type.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/time.h"

namespace silverback::notifier {

// By name, ascending and unique. Unlike a label, an annotation may have an empty value.
using Annotations = std::vector<std::pair<std::string, std::string>>;

struct Alert {
  Labels labels;  // the identity; `alertname` is one of them
  Annotations annotations;
  TimestampNs starts_at = 0;  // when it began to fire
  // When it ended, or, while it fires, when an Alertmanager that hears no more of it may take it
  // for ended.
  TimestampNs ends_at = 0;
  std::string generator_url;  // where a human sees the expression behind it

  bool operator==(const Alert&) const = default;
};

}  // namespace silverback::notifier

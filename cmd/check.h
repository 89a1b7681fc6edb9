// `silverback check config|rules|metrics|service-discovery`: whether files, and pages of metrics,
// are what Prometheus and Silverback take, and what discovery finds.
//
// Source: https://prometheus.io/docs/prometheus/latest/command-line/promtool/#promtool-check
#pragma once

#include <span>
#include <string>

#include "cmd/console.h"

namespace silverback::cmd {

// `arguments` without the verb. Gives the exit code: 0, 1 for errors, 3 for lint of metrics, and
// for any under --lint-fatal.
int check(std::span<const std::string> arguments, Console& console);

}  // namespace silverback::cmd

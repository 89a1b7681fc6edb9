// `silverback query instant|range|series|labels`: asks a server, this one or a Prometheus.
// Source: https://prometheus.io/docs/prometheus/latest/command-line/promtool/#promtool-query
#pragma once

#include <span>
#include <string>

#include "cmd/console.h"

namespace silverback::cmd {

// `arguments` without the verb. Gives the exit code: 0, or 1 if there is no answer.
int query(std::span<const std::string> arguments, Console& console);

}  // namespace silverback::cmd

// What every Prometheus client tells of its process: CPU, memory, files, start time. The names are
// theirs, so that common dashboards and alerts find them.
#pragma once

#include "base/metrics.h"

namespace silverback::cmd {

// Read from /proc whenever the registry is read. Where /proc is missing the values are 0.
void register_process_metrics(Registry& metrics);

}  // namespace silverback::cmd

// `silverback test rules`: unit tests of rules.
// Source: https://prometheus.io/docs/prometheus/latest/command-line/promtool/#promtool-test
#pragma once

#include <span>
#include <string>

#include "cmd/console.h"

namespace silverback::cmd {

// `arguments` without the verb. Gives the exit code: 0, or 1 if a test failed.
int test(std::span<const std::string> arguments, Console& console);

}  // namespace silverback::cmd

// --enable-feature: Prometheus's names, and what they switch here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "promql/parser.h"

namespace silverback::cmd {

// The former name of --config.auto-reload.
inline constexpr std::string_view kAutoReloadFeature = "auto-reload-config";
// Rules of a group that need nothing of each other are evaluated side by side.
inline constexpr std::string_view kConcurrentRulesFeature = "concurrent-rule-eval";

promql::Features promql_features(std::span<const std::string> names);

// One sentence for every name that does nothing here or is outdated. Errors: kInvalidArgument for
// one whose effect cannot be missed.
Result<std::vector<std::string>> check_features(std::span<const std::string> names);

}  // namespace silverback::cmd

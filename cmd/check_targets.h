// Checks targets that a configuration, or a file that it names, lists: whether relabelling makes of
// each an address that can be asked.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "base/labels.h"
#include "base/result.h"
#include "config/discovery_config.h"
#include "config/prometheus_config.h"
#include "config/relabel.h"
#include "config/scrape_config.h"

namespace silverback::cmd {

// What becomes of a target.
struct TargetRules {
  Labels defaults;  // that a target has besides its own
  config::Relabeling relabeling;
};
// Errors: kInvalidArgument for rules that make no sense.
Result<TargetRules> target_rules(const config::ScrapeConfig& job);
Result<TargetRules> target_rules(const config::AlertmanagerConfig& alertmanager);

// Errors: kInvalidArgument, `instance 0 in group 2: "http://a" is not a valid hostname`, both
// counting from 0.
Status check_targets(const std::vector<config::StaticTargets>& groups, const TargetRules& rules);
// The same for a file of file_sd_configs. Errors: kInvalidArgument, kNotFound, kIo.
Status check_target_file(FileSystem& files, const std::string& path, const TargetRules& rules);

}  // namespace silverback::cmd

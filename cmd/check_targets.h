// Checks targets that a configuration, or a file that it names, lists: whether relabelling makes of
// each an address that can be asked.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/labels.h"
#include "base/result.h"
#include "config/discovery_config.h"
#include "config/prometheus_config.h"
#include "config/scrape_config.h"
#include "discovery/target_group.h"

namespace silverback::cmd {

// Whether something can be asked that discovery found. Errors: kInvalidArgument, why not.
using TargetCheck =
    std::function<Status(const Labels& target, const discovery::TargetGroup& group)>;
// Errors: kInvalidArgument for rules that make no sense.
Result<TargetCheck> target_check(const config::ScrapeConfig& job);
Result<TargetCheck> target_check(const config::AlertmanagerConfig& alertmanager);

// Errors: kInvalidArgument, `instance 0 in group 2: "http://a" is not a valid hostname`, both
// counting from 0.
Status check_targets(const std::vector<config::StaticTargets>& groups, const TargetCheck& check);
// The same for a file of file_sd_configs. Errors: kInvalidArgument, kNotFound, kIo.
Status check_target_file(FileSystem& files, const std::string& path, const TargetCheck& check);

}  // namespace silverback::cmd

// From a target that discovery found to the URL that alerts are posted to.
#pragma once

#include <string>
#include <vector>

#include "config/prometheus_config.h"
#include "config/relabel.h"
#include "discovery/target_group.h"

namespace silverback::notifier {

// In the order found, each once.
struct AlertmanagerUrls {
  std::vector<std::string> active;   // `http://10.0.0.1:9093/api/v2/alerts`
  std::vector<std::string> dropped;  // by relabelling: what they would have been without it
  std::vector<std::string> invalid;  // what cannot be posted to, and why, for people
};

// Relabelling sees the target's labels, `__scheme__` and `__alerts_path__` (path_prefix and the
// API's path), which labels of the group override; what it makes of them and of `__address__` is
// the URL. `relabeling` is of the section's relabel_configs.
AlertmanagerUrls alertmanager_urls(const discovery::TargetGroups& groups,
                                   const config::AlertmanagerConfig& section,
                                   const config::Relabeling& relabeling);

}  // namespace silverback::notifier

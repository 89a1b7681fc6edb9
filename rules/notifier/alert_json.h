// Alerts as the body of a request to an Alertmanager's API v2.
// Source: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/notifier/alert.h"

namespace silverback::notifier {

// One array; members in the order, and times in the milliseconds, that Prometheus sends.
std::string alerts_json(const std::vector<std::shared_ptr<const Alert>>& alerts);

}  // namespace silverback::notifier

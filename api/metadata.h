// What is known about metrics - type, help, unit -, from those who told: scraped targets and
// senders by remote write.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/request.h"
#include "api/response.h"
#include "base/sample.h"
#include "scrape/status.h"

namespace silverback::api {

// `/api/v1/metadata`: by metric, every distinct thing that is said of it, targets first. `limit`
// counts metrics, `limit_per_metric` what is said of each, `metric` is the only one.
Response metadata_answer(const std::vector<scrape::TargetMetadata>& scraped,
                         const std::map<std::string, Metadata>& stored, const Request& request);

// `/api/v1/targets/metadata`: target by target, those that `match_target` selects. `limit` counts
// entries; of one `metric` they need not say the name.
Response targets_metadata_answer(const std::vector<scrape::TargetMetadata>& scraped,
                                 const Request& request);

}  // namespace silverback::api

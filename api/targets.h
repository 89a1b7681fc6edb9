// What the API tells of scraping: pools, their targets, and what relabelling does to one. Functions
// of what a scrape::Manager says, so that nothing must be scraped to test them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/request.h"
#include "api/response.h"
#include "api/server.h"
#include "config/scrape_config.h"
#include "scrape/status.h"

namespace silverback::api {

struct Context;  // context.h

// None if nothing is scraped.
std::vector<scrape::PoolStatus> pools_of(const Context& context);

// `/api/v1/targets`, narrowed by `state` and `scrapePool`. `own` says where this server is reached.
Response targets_answer(const std::vector<scrape::PoolStatus>& pools, const ServerOptions& own,
                        const Request& request);

// Null if there is no job of that name.
using FindJob = std::function<std::shared_ptr<const config::ScrapeConfig>(const std::string&)>;

// `/api/v1/scrape_pools/config`: the job `scrapePool` as YAML, without secrets.
Response scrape_pool_config_answer(const FindJob& find_job, const Request& request);

// `/api/v1/targets/relabel_steps`: what each rule of the job `scrapePool` makes of `labels`, a JSON
// object of texts. From the rule on that drops them, they are empty.
Response relabel_steps_answer(const FindJob& find_job, const Request& request);

// A target's URL as somebody elsewhere can open it: localhost becomes the host of the external URL,
// and where the port is our own, this is our own server and the rest of that URL counts, too.
std::string global_url(std::string_view url, const ServerOptions& own);

}  // namespace silverback::api

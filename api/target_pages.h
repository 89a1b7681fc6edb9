// The pages about scraping, for people: what is scraped and how that goes, and what discovery found
// and relabelling made of it. Functions of what a scrape::Manager says.
#pragma once

#include <vector>

#include "api/response.h"
#include "api/server.h"
#include "scrape/status.h"

namespace silverback::api {

// `own` says where links lead, and where this server is reached.
Response targets_page(const std::vector<scrape::PoolStatus>& pools, const ServerOptions& own);
Response discovery_page(const std::vector<scrape::PoolStatus>& pools, const ServerOptions& own);

}  // namespace silverback::api

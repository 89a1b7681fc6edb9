// A scrape job, checked and compiled: what one entry of `scrape_configs` means for all its targets.
// Threads: immutable.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "config/scrape_config.h"
#include "net/http_client.h"
#include "scrape/failure_log.h"
#include "scrape/target.h"
#include "scrape/target_series.h"

namespace silverback::scrape {

struct Job {
  std::shared_ptr<const config::ScrapeConfig> config;
  TargetRules target_rules;
  std::shared_ptr<const SampleRules> sample_rules;
  std::shared_ptr<const net::HttpSession> session;  // its targets use siblings of it
  std::shared_ptr<FailureLog> failure_log;          // null: none
};

// Errors: kInvalidArgument, what of the job makes no sense.
Result<std::shared_ptr<const Job>> make_job(const config::ScrapeConfig& config,
                                            std::shared_ptr<FailureLog> failure_log,
                                            net::HttpClient& client);

// What a target of the job is asked. It may not answer more than `body_bytes_max`, whatever the job
// allows.
net::HttpRequest scrape_request(const Job& job, const Target& target, std::uint64_t body_bytes_max);

}  // namespace silverback::scrape

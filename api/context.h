// What every endpoint may use. One per Server; endpoints borrow it.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "api/server.h"
#include "base/regex.h"
#include "base/time.h"

namespace silverback::api {

// Metrics of the query endpoints, made once: looking one up by name costs a lock.
struct QueryMetrics {
  Distribution& queue_seconds;
  Distribution& prepare_seconds;
  Distribution& eval_seconds;
};

struct FederationMetrics {
  Counter& errors;
  Counter& warnings;
};

struct Context {
  const ServerOptions& options;
  const ServerDependencies& dependencies;
  // Empty until the server is ready; endpoints that need readiness run only after that.
  const ServerStorage& storage;
  QueryMetrics query_metrics;
  FederationMetrics federation_metrics;
  TimestampMs started = 0;
  const std::atomic<bool>& ready;
  const std::atomic<bool>& stopping;
};

}  // namespace silverback::api

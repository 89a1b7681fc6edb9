// Counts requests by route and status, under Prometheus's names. Looking a metric up by name costs
// a lock and a label set, so each is looked up once.
// Threads: everything from any thread.
#pragma once

#include <deque>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "api/router.h"
#include "base/metrics.h"
#include "base/mutex.h"

namespace silverback::api {

class HttpMetrics {
 public:
  HttpMetrics(Registry& registry, std::span<const Route> routes);

  // Requires a route of the constructor's.
  void count(const Route& route, int status, double seconds, std::size_t body_bytes)
      EXCLUDES(mutex_);

 private:
  struct OfRoute {
    Distribution* seconds = nullptr;
    Distribution* bytes = nullptr;
    std::vector<std::pair<int, Counter*>> by_status;
  };

  Registry& registry_;
  Mutex mutex_;
  std::map<const Route*, OfRoute> of_route_ GUARDED_BY(mutex_);
};

}  // namespace silverback::api

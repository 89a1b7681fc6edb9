// Counts requests by route and status, under Prometheus's names. Looking a metric up by name costs
// a lock and a label set, so each is looked up once; and not before the route's first request,
// because most servers never see most routes and each is two dozen series.
// Threads: everything from any thread.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "api/router.h"
#include "base/metrics.h"
#include "base/mutex.h"

namespace silverback::api {

class HttpMetrics {
 public:
  explicit HttpMetrics(Registry& registry) : registry_(registry) {}

  void count(const Route& route, int status, double seconds, std::size_t body_bytes)
      EXCLUDES(mutex_);

 private:
  struct OfRoute {
    Distribution* seconds = nullptr;
    Distribution* bytes = nullptr;
    std::vector<std::pair<int, Counter*>> by_status;
  };
  OfRoute& of_route(const Route& route) REQUIRES(mutex_);
  Counter& requests(OfRoute& metrics, const Route& route, int status) REQUIRES(mutex_);

  Registry& registry_;
  Mutex mutex_;
  std::map<const Route*, OfRoute> of_route_ GUARDED_BY(mutex_);
};

}  // namespace silverback::api

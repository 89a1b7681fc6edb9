#include "api/http_metrics.h"

#include <string>

namespace silverback::api {

HttpMetrics::HttpMetrics(Registry& registry, std::span<const Route> routes) : registry_(registry) {
  MutexLock lock(mutex_);
  for (const Route& route : routes) {
    const Labels labels{{"handler", route.pattern}};
    OfRoute& metrics = of_route_[&route];
    metrics.seconds = &registry.distribution("prometheus_http_request_duration_seconds",
                                             "Latencies of HTTP requests.",
                                             {.1, .2, .4, 1, 3, 8, 20, 60, 120}, labels);
    metrics.bytes = &registry.distribution("prometheus_http_response_size_bytes",
                                           "Response size of HTTP requests.",
                                           {100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}, labels);
  }
}

void HttpMetrics::count(const Route& route, int status, double seconds, std::size_t body_bytes) {
  Counter* requests = nullptr;
  Distribution* durations = nullptr;
  Distribution* sizes = nullptr;
  {
    MutexLock lock(mutex_);
    OfRoute& metrics = of_route_.at(&route);
    durations = metrics.seconds;
    sizes = metrics.bytes;
    for (const auto& [known, counter] : metrics.by_status) {
      if (known == status) requests = counter;
    }
    if (requests == nullptr) {
      requests =
          &registry_.counter("prometheus_http_requests_total", "Counter of HTTP requests.",
                             Labels{{"handler", route.pattern}, {"code", std::to_string(status)}});
      metrics.by_status.emplace_back(status, requests);
    }
  }
  requests->add();
  durations->observe(seconds);
  sizes->observe(static_cast<double>(body_bytes));
}

}  // namespace silverback::api

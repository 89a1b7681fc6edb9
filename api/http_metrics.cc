#include "api/http_metrics.h"

#include <string>

namespace silverback::api {

HttpMetrics::OfRoute& HttpMetrics::of_route(const Route& route) {
  const auto [found, is_new] = of_route_.try_emplace(&route);
  OfRoute& metrics = found->second;
  if (is_new) {
    const Labels labels{{"handler", route.pattern}};
    metrics.seconds = &registry_.distribution("prometheus_http_request_duration_seconds",
                                              "Latencies of HTTP requests.",
                                              {.1, .2, .4, 1, 3, 8, 20, 60, 120}, labels);
    metrics.bytes = &registry_.distribution("prometheus_http_response_size_bytes",
                                            "Response size of HTTP requests.",
                                            {100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}, labels);
  }
  return metrics;
}

Counter& HttpMetrics::requests(OfRoute& metrics, const Route& route, int status) {
  for (const auto& [known, counter] : metrics.by_status) {
    if (known == status) return *counter;
  }
  Counter& counter =
      registry_.counter("prometheus_http_requests_total", "Counter of HTTP requests.",
                        Labels{{"handler", route.pattern}, {"code", std::to_string(status)}});
  metrics.by_status.emplace_back(status, &counter);
  return counter;
}

void HttpMetrics::count(const Route& route, int status, double seconds, std::size_t body_bytes) {
  MutexLock lock(mutex_);
  OfRoute& metrics = of_route(route);
  requests(metrics, route, status).add();
  metrics.seconds->observe(seconds);
  metrics.bytes->observe(static_cast<double>(body_bytes));
}

}  // namespace silverback::api

// Our own metrics in the text exposition format, by prometheus-cpp's serializer.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "api/server.h"

namespace silverback::api {
namespace {

namespace prom = ::prometheus;

prom::ClientMetric client_metric(const Registry::Point& point, MetricType type) {
  prom::ClientMetric metric;
  for (const Label& label : point.labels) {
    metric.label.push_back({std::string(label.name), std::string(label.value)});
  }
  if (type == MetricType::kCounter) {
    metric.counter.value = point.value;
  } else if (type == MetricType::kHistogram) {
    const Distribution::Snapshot& distribution = point.distribution;
    metric.histogram.sample_sum = distribution.sum;
    metric.histogram.sample_count = distribution.cumulative.back();
    for (std::size_t i = 0; i < distribution.bounds.size(); ++i) {
      metric.histogram.bucket.push_back({distribution.cumulative[i], distribution.bounds[i]});
    }
  } else {
    metric.gauge.value = point.value;
  }
  return metric;
}

prom::MetricType family_type(MetricType type) {
  if (type == MetricType::kCounter) return prom::MetricType::Counter;
  if (type == MetricType::kHistogram) return prom::MetricType::Histogram;
  return prom::MetricType::Gauge;
}

}  // namespace

std::string metrics_text(const Registry& registry) {
  std::vector<prom::MetricFamily> families;
  for (const Registry::Family& family : registry.snapshot()) {
    prom::MetricFamily& out = families.emplace_back();
    out.name = family.name;
    out.help = family.help;
    out.type = family_type(family.type);
    for (const Registry::Point& point : family.points) {
      out.metric.push_back(client_metric(point, family.type));
    }
  }
  return prom::TextSerializer().Serialize(families);
}

}  // namespace silverback::api

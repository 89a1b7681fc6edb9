#include "base/metrics.h"

#include <algorithm>
#include <cassert>

namespace silverback {

void Distribution::observe(double v) {
  // Not `bound < v`: NaN belongs to +Inf, the last bucket.
  const auto bucket =
      std::partition_point(bounds_.begin(), bounds_.end(), [v](double b) { return !(v <= b); });
  counts_[static_cast<std::size_t>(bucket - bounds_.begin())].fetch_add(1,
                                                                        std::memory_order_relaxed);
  double old = sum_.load(std::memory_order_relaxed);
  while (!sum_.compare_exchange_weak(old, old + v, std::memory_order_relaxed)) {
  }
}

Distribution::Snapshot Distribution::snapshot() const {
  Snapshot result;
  result.bounds = bounds_;
  result.cumulative.reserve(counts_.size());
  std::uint64_t total = 0;
  for (const auto& count : counts_) {
    total += count.load(std::memory_order_relaxed);
    result.cumulative.push_back(total);
  }
  result.sum = sum_.load(std::memory_order_relaxed);
  return result;
}

Registry::Entry& Registry::entry(std::string_view name, std::string_view help, MetricType type,
                                 const Labels& labels) {
  auto family = families_.find(name);
  if (family == families_.end()) {
    family = families_.emplace(std::string(name), FamilyEntry{std::string(help), type, {}}).first;
  }
  assert(family->second.type == type && family->second.help == help);
  return family->second.entries[labels];
}

Counter& Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  MutexLock lock(mutex_);
  Entry& found = entry(name, help, MetricType::kCounter, labels);
  if (found.counter == nullptr) found.counter = &counters_.emplace_back();
  return *found.counter;
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  MutexLock lock(mutex_);
  Entry& found = entry(name, help, MetricType::kGauge, labels);
  if (found.gauge == nullptr) found.gauge = &gauges_.emplace_back();
  return *found.gauge;
}

Distribution& Registry::distribution(std::string_view name, std::string_view help,
                                     std::vector<double> bounds, Labels labels) {
  MutexLock lock(mutex_);
  Entry& found = entry(name, help, MetricType::kHistogram, labels);
  if (found.distribution == nullptr) {
    found.distribution = &distributions_.emplace_back(std::move(bounds));
  }
  return *found.distribution;
}

void Registry::callback(std::string_view name, std::string_view help, MetricType type,
                        std::function<double()> read, Labels labels) {
  assert(type == MetricType::kCounter || type == MetricType::kGauge);
  MutexLock lock(mutex_);
  entry(name, help, type, labels).read = std::move(read);
}

void Registry::remove(std::string_view name, const Labels& labels) {
  const MutexLock lock(mutex_);
  const auto family = families_.find(name);
  if (family == families_.end()) return;
  family->second.entries.erase(labels);
  if (family->second.entries.empty()) families_.erase(family);
}

std::vector<Registry::Family> Registry::snapshot() const {
  // Callbacks run without the lock: they may take locks of their owner, which may hold them while
  // it makes a metric here.
  struct Call {
    std::size_t family, point;
    std::function<double()> read;
  };
  std::vector<Family> result;
  std::vector<Call> calls;
  {
    MutexLock lock(mutex_);
    result.reserve(families_.size());
    for (const auto& [name, family] : families_) {
      Family& copy = result.emplace_back(Family{name, family.help, family.type, {}});
      for (const auto& [labels, from] : family.entries) {
        Point& point = copy.points.emplace_back();
        point.labels = labels;
        if (from.counter != nullptr) point.value = static_cast<double>(from.counter->value());
        if (from.gauge != nullptr) point.value = from.gauge->value();
        if (from.distribution != nullptr) point.distribution = from.distribution->snapshot();
        if (from.read) calls.push_back({result.size() - 1, copy.points.size() - 1, from.read});
      }
    }
  }
  for (const Call& call : calls) result[call.family].points[call.point].value = call.read();
  return result;
}

}  // namespace silverback

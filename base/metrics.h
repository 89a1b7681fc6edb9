// The server's own metrics: plain atomics that cost an add, and a registry that knows their names.
// Rendering them is api's job. Metrics live in the Registry that made them (a std::deque never
// moves its elements), so holders keep references. Threads: everything from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/mutex.h"
#include "base/sample.h"

namespace silverback {

class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double v) { value_.store(v, std::memory_order_relaxed); }
  void add(double d) {
    double old = value_.load(std::memory_order_relaxed);
    while (!value_.compare_exchange_weak(old, old + d, std::memory_order_relaxed)) {
    }
  }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// A classic histogram with fixed upper bounds (ascending, without +Inf).
class Distribution {
 public:
  explicit Distribution(std::vector<double> bounds)
      : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}
  void observe(double v);
  struct Snapshot {
    std::vector<double> bounds;
    std::vector<std::uint64_t> cumulative;  // one more than bounds: the last is the count
    double sum = 0;
  };
  Snapshot snapshot() const;

 private:
  const std::vector<double> bounds_;
  std::deque<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

class Registry {
 public:
  // The metric of that name and those labels, made at the first call. Requires one help text and
  // type per name.
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {})
      EXCLUDES(mutex_);
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {}) EXCLUDES(mutex_);
  Distribution& distribution(std::string_view name, std::string_view help,
                             std::vector<double> bounds, Labels labels = {}) EXCLUDES(mutex_);
  // A value that is asked for when metrics are read (memory, file counts). `type` is kCounter or
  // kGauge. `read` must stay valid as long as the registry is read.
  void callback(std::string_view name, std::string_view help, MetricType type,
                std::function<double()> read, Labels labels = {}) EXCLUDES(mutex_);

  // Shows it no more; holders of references may go on counting. Nothing happens if there is none.
  void remove(std::string_view name, const Labels& labels) EXCLUDES(mutex_);

  struct Point {
    Labels labels;
    double value = 0;
    Distribution::Snapshot distribution;  // if the family is a histogram
  };
  struct Family {
    std::string name, help;
    MetricType type;
    std::vector<Point> points;
  };
  // Everything as it is now, sorted by name.
  std::vector<Family> snapshot() const EXCLUDES(mutex_);

 private:
  struct Entry {
    Counter* counter = nullptr;
    Gauge* gauge = nullptr;
    Distribution* distribution = nullptr;
    std::function<double()> read;
  };
  struct FamilyEntry {
    std::string help;
    MetricType type;
    std::map<Labels, Entry> entries;
  };
  Entry& entry(std::string_view name, std::string_view help, MetricType type, const Labels& labels)
      REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, FamilyEntry, std::less<>> families_ GUARDED_BY(mutex_);
  std::deque<Counter> counters_ GUARDED_BY(mutex_);
  std::deque<Gauge> gauges_ GUARDED_BY(mutex_);
  std::deque<Distribution> distributions_ GUARDED_BY(mutex_);
};

}  // namespace silverback

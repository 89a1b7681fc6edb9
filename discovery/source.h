// One place that targets come from. Only for discovery's own files; sets of them are discovery.h's.
// Threads: everything from any thread, but refresh() from one at a time.
#pragma once

#include <chrono>
#include <vector>

#include "base/mutex.h"
#include "config/discovery_config.h"
#include "discovery/target_group.h"

namespace silverback::discovery {

using SteadyTime = std::chrono::steady_clock::time_point;

class Source {
 public:
  Source() = default;
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Looks again if it is time to. What that brings may come later, on another thread.
  virtual void refresh(SteadyTime now) = 0;

  TargetGroups groups() const EXCLUDES(mutex_);
  // Whether the groups changed since it was last asked.
  bool take_changed() EXCLUDES(mutex_);

 protected:
  void publish(TargetGroups groups) EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  TargetGroups groups_ GUARDED_BY(mutex_);
  bool has_changed_ GUARDED_BY(mutex_) = false;
};

// The groups of one document, with the pointers of those of `before` that are still the same.
TargetGroups renewed(const TargetGroups& before, std::vector<TargetGroup> found);

class StaticSource final : public Source {
 public:
  explicit StaticSource(std::vector<config::StaticTargets> config);
  void refresh(SteadyTime) override {}
  const std::vector<config::StaticTargets>& config() const { return config_; }

 private:
  const std::vector<config::StaticTargets> config_;
};

}  // namespace silverback::discovery

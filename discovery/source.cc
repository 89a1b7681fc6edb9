#include "discovery/source.h"

#include <utility>

namespace silverback::discovery {

TargetGroups Source::groups() const {
  MutexLock lock(mutex_);
  return groups_;
}

bool Source::take_changed() {
  MutexLock lock(mutex_);
  return std::exchange(has_changed_, false);
}

void Source::publish(TargetGroups groups) {
  MutexLock lock(mutex_);
  if (groups == groups_) return;
  groups_ = std::move(groups);
  has_changed_ = true;
}

TargetGroups renewed(const TargetGroups& before, std::vector<TargetGroup> found) {
  TargetGroups groups;
  groups.reserve(found.size());
  for (TargetGroup& group : found) {
    const std::size_t i = groups.size();
    const bool is_same = i < before.size() && *before[i] == group;
    groups.push_back(is_same ? before[i] : std::make_shared<const TargetGroup>(std::move(group)));
  }
  return groups;
}

StaticSource::StaticSource(std::vector<config::StaticTargets> config) : config_(std::move(config)) {
  std::vector<TargetGroup> groups;
  LabelsBuilder labels;
  for (const config::StaticTargets& section : config_) {
    TargetGroup& group = groups.emplace_back();
    group.source = std::to_string(groups.size() - 1);
    labels.clear();
    for (const auto& [name, value] : section.labels) labels.set(name, value);
    group.labels = labels.build();
    for (const std::string& target : section.targets)
      group.targets.push_back(Labels{{"__address__", target}});
  }
  publish(renewed({}, std::move(groups)));
}

}  // namespace silverback::discovery

#include "promql/groups.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

namespace silverback::promql {
namespace {

constexpr std::uint32_t kUnnumbered = std::numeric_limits<std::uint32_t>::max();

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A source groups by its dictionaries, without building label sets.
RowGroups group_by_source(const SeriesSet& set, std::span<const std::string> names, bool by) {
  SeriesGroups all = set.source()->groups(names, by);
  std::vector<std::uint32_t> number(all.keys.size(), kUnnumbered);
  RowGroups groups;
  groups.group_of.reserve(set.rows());
  for (const std::uint32_t series : set.source_rows()) {
    const std::uint32_t group = all.group_of[series];
    if (number[group] == kUnnumbered) {
      number[group] = static_cast<std::uint32_t>(groups.keys.size());
      groups.keys.push_back(std::move(all.keys[group]));
    }
    groups.group_of.push_back(number[group]);
  }
  groups.drop_name.assign(groups.keys.size(), 0);
  return groups;
}

// One group only, whatever the labels.
RowGroups group_all(const SeriesSet& set) {
  RowGroups groups;
  groups.group_of.assign(set.rows(), 0);
  if (set.rows() > 0) groups.keys.emplace_back();
  groups.drop_name.assign(groups.keys.size(), 0);
  return groups;
}

}  // namespace

RowGroups group_rows(const SeriesSet& set, std::span<const std::string> names, bool by,
                     bool type_and_unit) {
  if (by && names.empty()) return group_all(set);
  const bool name_may_be_gone = set.name_removed() || set.drops_any_name();
  const bool uses_name = by && contains(names, kMetricName);
  if (set.source() != nullptr && !(uses_name && name_may_be_gone) && (by || !type_and_unit)) {
    return group_by_source(set, names, by);
  }
  std::vector<std::string> sorted(names.begin(), names.end());
  if (!by) {
    sorted.emplace_back(kMetricName);
    if (type_and_unit) sorted.insert(sorted.end(), {"__type__", "__unit__"});
  }
  std::sort(sorted.begin(), sorted.end());

  RowGroups groups;
  groups.group_of.reserve(set.rows());
  std::unordered_map<Labels, std::uint32_t> number;
  std::vector<Label> key;
  for (std::size_t r = 0; r < set.rows(); ++r) {
    const Labels labels = set.labels(r);
    key.clear();
    for (const Label& label : labels) {
      const bool named = std::binary_search(sorted.begin(), sorted.end(), label.name);
      if (named == by) key.push_back(label);
    }
    const auto next = static_cast<std::uint32_t>(groups.keys.size());
    const auto [found, inserted] = number.try_emplace(Labels::from_sorted(key), next);
    if (inserted) {
      groups.keys.push_back(found->first);
      groups.drop_name.push_back(1);
    }
    groups.group_of.push_back(found->second);
    if (!set.drops_name(r)) groups.drop_name[found->second] = 0;
  }
  return groups;
}

}  // namespace silverback::promql

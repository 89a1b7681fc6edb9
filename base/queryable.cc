#include "base/queryable.h"

#include <algorithm>
#include <unordered_map>

namespace silverback {

SeriesGroups Selection::groups(std::span<const std::string> names, bool by) const {
  SeriesGroups result;
  result.group_of.reserve(size());
  std::unordered_map<Labels, std::uint32_t> group_of_key;
  std::vector<Label> key;
  for (std::size_t i = 0; i < size(); ++i) {
    const Labels all = labels(i);
    key.clear();
    for (const Label& label : all) {
      const bool named = std::find(names.begin(), names.end(), label.name) != names.end();
      const bool keep = by ? named : !named && label.name != kMetricName;
      if (keep) key.push_back(label);
    }
    const auto [it, is_new] = group_of_key.emplace(Labels::from_sorted(key),
                                                   static_cast<std::uint32_t>(result.keys.size()));
    if (is_new) result.keys.push_back(it->first);
    result.group_of.push_back(it->second);
  }
  return result;
}

}  // namespace silverback

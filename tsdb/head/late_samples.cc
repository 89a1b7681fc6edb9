#include "tsdb/head/late_samples.h"

#include <algorithm>

namespace silverback::tsdb {

void merge_late(std::vector<Sample> late, SampleColumns& columns) {
  if (late.empty()) return;
  std::stable_sort(late.begin(), late.end(),
                   [](const Sample& a, const Sample& b) { return a.t < b.t; });
  late.erase(std::unique(late.begin(), late.end(),
                         [](const Sample& a, const Sample& b) { return a.t == b.t; }),
             late.end());
  SampleColumns merged;
  merged.t.reserve(columns.t.size() + late.size());
  merged.v.reserve(columns.t.size() + late.size());
  std::size_t i = 0;
  const auto take_column = [&] {
    merged.t.push_back(columns.t[i]);
    merged.v.push_back(columns.v[i]);
    ++i;
  };
  for (const Sample& sample : late) {
    while (i < columns.t.size() && columns.t[i] < sample.t) take_column();
    if (i < columns.t.size() && columns.t[i] == sample.t) continue;
    merged.t.push_back(sample.t);
    merged.v.push_back(sample.v);
  }
  while (i < columns.t.size()) take_column();
  columns.t = std::move(merged.t);
  columns.v = std::move(merged.v);
}

}  // namespace silverback::tsdb

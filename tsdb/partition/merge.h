// Several sources seen as one: series with equal labels become one, samples are merged by time, and
// of two at one instant the one of the earlier source in the list wins.
#pragma once

#include <memory>
#include <vector>

#include "base/queryable.h"
#include "tsdb/partition/partition.h"

namespace silverback::tsdb {

// Each selection pins its own source. Requires that all were made with the same hints.
std::unique_ptr<Selection> merge_selections(std::vector<std::unique_ptr<Selection>> selections);

// Merges sorted lists, cut at `limit` (0: none).
Names merge_names(std::vector<Names> lists, std::size_t limit);

// The samples of several sources in label order, for compaction.
std::unique_ptr<SeriesSource> merge_sources(std::vector<std::unique_ptr<SeriesSource>> sources);

}  // namespace silverback::tsdb

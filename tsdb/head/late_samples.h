// Late samples: older than their series' newest when they came. Kept in order of acceptance until
// they are read or sealed. Threads: functions.
#pragma once

#include <vector>

#include "base/queryable.h"

namespace silverback::tsdb {

// Merges `late` into the samples that came in order. Of several at one instant the one in `columns`
// was accepted first, then the first in `late`.
void merge_late(std::vector<Sample> late, SampleColumns& columns);

}  // namespace silverback::tsdb

// Which rows of a vector belong together: for aggregations (`by`, `without`) and for vector
// matching
// (`on`, `ignoring`).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "promql/eval_types.h"

namespace silverback::promql {

struct RowGroups {
  std::vector<std::uint32_t> group_of;  // per row; numbered in the order of their first rows
  std::vector<Labels> keys;             // per group
  std::vector<std::uint8_t> drop_name;  // per group: the name in its key goes when the query ends
};

// By the named labels, or by all but them and the metric name (and, with `type_and_unit`, the
// metric's type and unit labels).
RowGroups group_rows(const SeriesSet& set, std::span<const std::string> names, bool by,
                     bool type_and_unit);

}  // namespace silverback::promql

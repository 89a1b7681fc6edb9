// Text order that people expect: numbers in it by their value, `node-2` before `node-10`.
#pragma once

#include <string_view>

namespace silverback::promql {

// A strict weak order; digits before other characters as in byte order.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace silverback::promql

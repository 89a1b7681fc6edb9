// How a parse error reads: `2:7: parse error: unexpected ")"`.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace silverback::promql {

// `position` counts bytes of `query` from 0; the message counts lines and columns from 1.
tl::unexpected<Error> parse_error(std::string_view query, std::size_t position,
                                  std::string_view message);

}  // namespace silverback::promql

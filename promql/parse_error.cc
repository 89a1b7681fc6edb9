#include "promql/parse_error.h"

#include <algorithm>
#include <string>

namespace silverback::promql {

tl::unexpected<Error> parse_error(std::string_view query, std::size_t position,
                                  std::string_view message) {
  const std::string_view before = query.substr(0, position);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fail(ErrorCode::kInvalidArgument, std::to_string(line) + ":" +
                                               std::to_string(before.size() - line_start + 1) +
                                               ": parse error: " + std::string(message));
}

}  // namespace silverback::promql

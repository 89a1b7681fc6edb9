// Reading request parameters, with Prometheus's words for what is wrong with them.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "api/request.h"
#include "base/matcher.h"
#include "base/result.h"
#include "base/time.h"

namespace silverback::api {

// All errors here are kInvalidArgument and name the parameter: `invalid parameter "time": …`.

// Unix seconds or RFC 3339; `fallback` if the parameter is missing or empty.
Result<TimestampMs> timestamp_parameter(const Request& request, std::string_view name,
                                        TimestampMs fallback);
// Requires that the parameter is there.
Result<TimestampMs> required_timestamp(const Request& request, std::string_view name);
// Seconds as a float, or Prometheus's form (`1h30m`).
Result<DurationMs> parse_duration_or_seconds(std::string_view text);
// `start` and `end`, by default everything.
Result<TimeRange> range_parameters(const Request& request);
// `limit`: 0, the default, is none.
Result<std::size_t> limit_parameter(const Request& request);
// Every match[]; each has a matcher that does not match the empty string.
Result<std::vector<std::vector<Matcher>>> match_parameters(const Request& request);

}  // namespace silverback::api

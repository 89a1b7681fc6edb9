// How the values of a sealed chunk are stored: bit-identical, NaN payloads, -0 and staleness
// markers included. Neither the number of values nor the times are part of it. Source:
// docs/formats.md#partition. Threads: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace silverback::tsdb {

// Appends the chunk to `out`. Requires values.
void encode_values(std::span<const double> values, std::string& out);

// Fills `values`. False if `chunk` is no chunk of that many values; then `values` is undefined.
[[nodiscard]] bool decode_values(std::string_view chunk, std::span<double> values);

// The one value of a chunk whose values are all the same; false if it is not known to be one.
[[nodiscard]] bool decode_constant(std::string_view chunk, double& value);

}  // namespace silverback::tsdb

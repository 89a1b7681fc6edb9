// Floats as text, exactly as Go writes and reads them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace silverback {

// strconv.FormatFloat(v, 'f', -1, 64): the shortest digits that read back the same, never an
// exponent; NaN, +Inf, -Inf.
std::string format_float(double v);
void append_float(std::string& out, double v);
// The HTTP API's form: as above, but with an exponent where |v| < 1e-6 or >= 1e21: `1e-07`,
// `1e+21`.
void append_json_float(std::string& out, double v);
// The same for hot loops: writes to `out`, which has room for kJsonFloatBytesMax bytes, and returns
// the end of what it wrote.
inline constexpr std::size_t kJsonFloatBytesMax = 32;
char* write_json_float(char* out, double v);
// Timestamps in the HTTP API: unix seconds, `.mmm` only if not whole: 1435781430.781
void append_json_timestamp(std::string& out, long long t_ms);

// strconv.ParseFloat without hexadecimal floats and underscores: decimal, exponent,
// inf/infinity in any case with sign, nan in any case without. NaN gives Prometheus's normal NaN
// bits. nullopt for anything else, out of range included.
std::optional<double> parse_float(std::string_view text);

}  // namespace silverback

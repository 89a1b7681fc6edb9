#include "tsdb/sealed_chunk.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "tsdb/byte_io.h"

namespace silverback::tsdb {
namespace {

// On disk: never renumber.
enum class Mode : std::uint8_t { kConstant = 0, kRaw = 1 };

bool all_equal(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](const double& value) {
    return std::memcmp(&value, values.data(), sizeof value) == 0;
  });
}

}  // namespace

void encode_values(std::span<const double> values, std::string& out) {
  const Mode mode = all_equal(values) ? Mode::kConstant : Mode::kRaw;
  out.push_back(static_cast<char>(mode));
  const std::size_t count = mode == Mode::kConstant ? 1 : values.size();
  for (const double value : values.first(count)) put_fixed(out, value);
}

bool decode_constant(std::string_view chunk, double& value) {
  if (chunk.size() != 1 + sizeof value || static_cast<Mode>(chunk[0]) != Mode::kConstant)
    return false;
  value = load_unaligned<double>(chunk.data() + 1);
  return true;
}

bool decode_values(std::string_view chunk, std::span<double> values) {
  if (chunk.empty()) return false;
  const auto mode = static_cast<Mode>(chunk[0]);
  chunk.remove_prefix(1);
  switch (mode) {
    case Mode::kConstant:
      if (chunk.size() != sizeof(double)) return false;
      std::fill(values.begin(), values.end(), load_unaligned<double>(chunk.data()));
      return true;
    case Mode::kRaw:
      if (chunk.size() != values.size_bytes()) return false;
      std::memcpy(values.data(), chunk.data(), chunk.size());
      return true;
  }
  return false;
}

}  // namespace silverback::tsdb

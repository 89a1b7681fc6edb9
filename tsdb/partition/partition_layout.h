// What the writer and the reader of a partition must agree on, and is not inside a frame.
// Source: docs/formats.md#partition.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace silverback::tsdb {

inline constexpr std::string_view kPartitionFile = "data.mdb";
// What the metadata begins with; the last byte is the version.
inline constexpr std::string_view kPartitionMagic = "SBPARTN\x01";

// Fewer samples cost more directory and compress worse (6 to 9 % at 120), more make a point read
// decode too much.
inline constexpr std::size_t kSamplesPerSealedChunkMax = 4096;

// A partition's time in windows of equal length: window i is [mint + i * length, …).
struct PartitionWindows {
  static constexpr std::uint64_t kLengthMin = 6 * 3'600'000;
  // Each window costs the writer two frames of memory, and a directory.
  static constexpr std::uint64_t kCountMax = 64;

  TimestampMs mint = 0;
  std::uint64_t length = kLengthMin;
  std::size_t count = 1;

  // Requires mint < maxt.
  static PartitionWindows over(TimestampMs mint, TimestampMs maxt) {
    const std::uint64_t span = static_cast<std::uint64_t>(maxt) - static_cast<std::uint64_t>(mint);
    const std::uint64_t multiple = (span - 1) / (kLengthMin * kCountMax) + 1;
    PartitionWindows windows{mint, kLengthMin * multiple, 1};
    windows.count = static_cast<std::size_t>((span - 1) / windows.length) + 1;
    return windows;
  }
  // Requires window < count.
  TimestampMs start_of(std::size_t window) const {
    return static_cast<TimestampMs>(static_cast<std::uint64_t>(mint) + window * length);
  }
  // Requires t >= mint.
  std::size_t of(TimestampMs t) const {
    return static_cast<std::size_t>(
        (static_cast<std::uint64_t>(t) - static_cast<std::uint64_t>(mint)) / length);
  }
};

}  // namespace silverback::tsdb

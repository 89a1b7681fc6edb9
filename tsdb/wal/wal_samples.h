// The body of a samples frame, columnwise, so that what repeats costs once:
//
//   count:varint
//   ids      (gap:signed run:varint)*    run consecutive ids, the first gap behind the last one's
//   next times    (delta:signed run:varint)*  run samples of one instant values   control:u8 …
//   XORed with the value that the same series had last in this
//            file since the last kSamplesReset frame (0 if none): control 0 is followed by a
//            varint, so many zeros; else low half: significant bytes, high half: zero bytes below
//            them
//
// Source: docs/formats.md#wal, measured at 0.7-0.9 bytes per sample on exporters' data.
// Threads: functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/time.h"

namespace silverback::tsdb {

struct LoggedSample {
  std::uint32_t id;  // of the series
  TimestampMs t;
  std::uint64_t v_bits;
  bool operator==(const LoggedSample&) const = default;
};

// Where in the log: (file number << 32) | offset. Ascending in the order of acceptance.
using LogPosition = std::uint64_t;
constexpr LogPosition log_position(std::uint64_t file, std::uint64_t offset) {
  return file << 32 | offset;
}

// `xored[i]` stands for samples[i].v_bits.
void encode_samples(std::string& out, std::span<const LoggedSample> samples,
                    std::span<const std::uint64_t> xored);

// Replaces `out`; their v_bits are as they were logged, XORed. False if the body makes no sense.
bool decode_samples(std::string_view body, std::vector<LoggedSample>& out);

// What values were XORed with, for who logs frames again.
using LoggedValues = boost::unordered_flat_map<std::uint32_t, std::uint64_t>;

}  // namespace silverback::tsdb

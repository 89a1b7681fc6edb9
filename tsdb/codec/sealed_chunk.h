// How the values of a sealed chunk are stored: bit-identical, NaN payloads, -0 and staleness
// markers included. Neither the number of values nor the times are part of it.
//
//   chunk = mode:3 bits, has specials:1 bit, decimals:4 bits | [specials] | body
//   mode 0 constant       value:f64
//        1 small constant signed(value), an integer
//        2 raw            f64*
//        3 decimal        integers m; a value is m / 10^decimals
//        4 decimal + ULP  varint(bytes of the next) integers m | integers d; a value is the double
//                         d places after m / 10^decimals (sums of decimals are off by a few)
//        5 bits           integers, the order of which is that of the doubles they stand for
//   specials = varint(runs) | per run: varint(values before it) varint(length * 8 + kind)
//              kind 5: bits:u64
//   kind     = 0 staleness marker, 1 Prometheus's NaN, 2 +Inf, 3 -Inf, 4 -0, 5 any other double
//
// The integers (tsdb/codec/integer_stream.h) are those of the values that are in no run of
// specials. What an encoder makes is decoded again and compared before it is kept; raw always
// works. Source: docs/formats.md#partition.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tsdb/codec/integer_stream.h"

namespace silverback::tsdb {

// Keeps memory between calls. Threads: one thread.
class ValueEncoder {
 public:
  // Appends the chunk to `out`. Requires values.
  void encode(std::span<const double> values, std::string& out);

 private:
  void split_specials(std::span<const double> values);
  bool find_decimals(unsigned& decimals) const;
  bool scale(unsigned decimals);
  bool find_ulp_decimals(unsigned& decimals) const;
  void measure_ulps(unsigned decimals);

  IntegerEncoder integers_;
  std::span<const double> regular_;  // the values that are in no run of specials
  std::vector<double> regular_copy_;
  std::vector<std::int64_t> scaled_, ulps_;
  std::vector<double> decoded_;
  std::string specials_, stream_, chunk_, other_;
};

// Fills `values`. False if `chunk` is no chunk of that many values; then `values` is undefined.
[[nodiscard]] bool decode_values(std::string_view chunk, std::span<double> values);

// The one value of a chunk whose values are all the same; false if it is not known to be one.
[[nodiscard]] bool decode_constant(std::string_view chunk, double& value);

}  // namespace silverback::tsdb

// Sequences of 64-bit integers in few bits: what is left of them after a prediction is divided by
// its greatest common divisor and bit-packed in mini-blocks of 64, each as wide as its largest.
//
//   stream = head:u8 | [signed(centre)] | [varint(divisor)] | signed(start)… | mini-block*
//   head   = order:2 (bits 0-1) | has centre (bit 2) | has divisor (bit 3)
//   order 0: values; 1: differences, after the first value; 2: differences of differences, after
//   the first value and difference; 3: distances from a line, after its start and step stored =
//   zigzag((residual - centre) / divisor), the centre being about the median mini-block = code:u8 |
//   packed bits, little-endian
//     code 0..57, 64   width in bits of 64 values (fewer in the last block)
//     code 65..127     code - 63 mini-blocks of zeros
//     code | 0x80      some are wider: patches:u8 after the code; after the packed low bits, per
//                      patch position:u8 varint(the bits above)
//
// All arithmetic wraps, so any integers are stored exactly. Source: docs/formats.md#partition.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::tsdb {

inline constexpr std::size_t kMiniBlock = 64;

// Keeps memory between calls. Threads: one thread.
class IntegerEncoder {
 public:
  // `line` says that steps are even but for some noise, as with the times of scrapes.
  enum class Shape { kAny, kLine };
  // Appends the stream to `out`.
  void encode(std::span<const std::int64_t> values, Shape shape, std::string& out);

 private:
  std::uint64_t estimate_bits(std::span<const std::int64_t> values, unsigned order);

  std::vector<std::int64_t> residuals_;
};

// Reads a stream mini-block by mini-block. A stream that makes no sense is never read past its end.
class IntegerDecoder {
 public:
  // For `count` values.
  IntegerDecoder(std::string_view stream, std::size_t count);

  // Fills the next min(64, what is left) values and returns how many; 0 at the end or if !ok().
  std::size_t next(std::array<std::uint64_t, kMiniBlock>& values);
  bool ok() const { return ok_; }
  // ok() and nothing of the stream is left over, when all values were read.
  bool finished() const { return ok_ && left_ == 0 && next_ == end_ && zero_blocks_ == 0; }

 private:
  bool unpack(std::array<std::uint64_t, kMiniBlock>& values, std::size_t count);

  const char* next_;
  const char* end_;
  std::size_t left_;
  bool ok_ = true;
  unsigned order_ = 0;
  unsigned zero_blocks_ = 0;
  unsigned starts_ = 0;  // values of the prediction's start that are still to be handed out
  std::uint64_t centre_ = 0;
  std::uint64_t divisor_ = 1;
  std::uint64_t value_ = 0;  // order 1, 2: the value before; 3: the line
  std::uint64_t delta_ = 0;  // order 2: the difference before; 3: the step
};

}  // namespace silverback::tsdb

#include "tsdb/codec/gorilla.h"

#include <algorithm>

namespace silverback::tsdb {
namespace {

std::uint64_t load_big_endian(const std::byte* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return __builtin_bswap64(word);
}

void store_big_endian(std::byte* to, std::uint64_t word) {
  word = __builtin_bswap64(word);
  std::memcpy(to, &word, sizeof word);
}

// Appends the low `n` bits (1..64) of `value`. Writes whole words: bytes behind the end become 0.
void put(GorillaState& state, std::byte* data, std::uint64_t value, unsigned n) {
  std::byte* at = data + state.bits / 8;
  const unsigned used = state.bits % 8;
  const std::uint64_t kept =
      used == 0 ? 0 : std::to_integer<std::uint64_t>(*at >> (8 - used)) << (64 - used);
  const std::uint64_t aligned = value << (64 - n);  // drops what is above the low n bits
  store_big_endian(at, kept | aligned >> used);
  if (used + n > 64) at[8] = static_cast<std::byte>(aligned << (64 - used) >> 56);
  state.bits += n;
}

struct Bucket {
  unsigned prefix_bits;
  std::uint64_t prefix;
  unsigned value_bits;
};
// On the wire of the open chunk: ascending, the last takes everything.
constexpr Bucket kDodBuckets[] = {{2, 0b10, 3},     {3, 0b110, 6},     {4, 0b1110, 9},
                                  {5, 0b11110, 12}, {6, 0b111110, 18}, {6, 0b111111, 64}};

bool fits(std::int64_t value, unsigned bits) {
  if (bits == 64) return true;
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  return -half <= value && value < half;
}

void put_dod(GorillaState& state, std::byte* data, std::uint64_t dod) {
  if (dod == 0) return put(state, data, 0, 1);
  for (const Bucket& bucket : kDodBuckets) {
    if (!fits(static_cast<std::int64_t>(dod), bucket.value_bits)) continue;
    put(state, data, bucket.prefix, bucket.prefix_bits);
    return put(state, data, dod, bucket.value_bits);
  }
}

void put_xor(GorillaState& state, std::byte* data, std::uint64_t xored) {
  if (xored == 0) return put(state, data, 0, 1);
  const unsigned leading = std::min(static_cast<unsigned>(std::countl_zero(xored)), 31U);
  const unsigned trailing = static_cast<unsigned>(std::countr_zero(xored));
  const unsigned window_trailing = 64U - state.leading - state.significant;
  if (state.significant != 0 && leading >= state.leading && trailing >= window_trailing) {
    put(state, data, 0b10, 2);
    return put(state, data, xored >> window_trailing, state.significant);
  }
  const unsigned significant = 64 - leading - trailing;
  put(state, data, std::uint64_t{0b11} << 11 | leading << 6 | (significant - 1), 13);
  put(state, data, xored >> trailing, significant);
  state.leading = static_cast<std::uint8_t>(leading);
  state.significant = static_cast<std::uint8_t>(significant);
}

}  // namespace

void gorilla_append(GorillaState& state, std::byte* data, TimestampMs t, std::uint64_t v_bits) {
  if (state.count == 0) {
    put(state, data, static_cast<std::uint64_t>(t), 64);
    put(state, data, v_bits, 64);
  } else {
    const std::uint64_t delta = static_cast<std::uint64_t>(t) - static_cast<std::uint64_t>(state.t);
    put_dod(state, data, delta - state.delta);
    put_xor(state, data, v_bits ^ state.v_bits);
    state.delta = delta;
  }
  state.t = t;
  state.v_bits = v_bits;
  ++state.count;
}

std::uint64_t GorillaReader::peek() const {
  const std::size_t byte = position_ / 8;
  const unsigned skip = position_ % 8;
  if (byte + 8 <= data_.size()) return load_big_endian(data_.data() + byte) << skip;
  std::byte tail[8] = {};
  if (byte < data_.size()) std::memcpy(tail, data_.data() + byte, data_.size() - byte);
  return load_big_endian(tail) << skip;
}

std::uint64_t GorillaReader::take(unsigned bits) {
  if (position_ + bits > data_.size() * 8) {
    ok_ = false;
    return 0;
  }
  if (bits > 56) {
    const std::uint64_t high = peek() >> 32;
    position_ += 32;
    const std::uint64_t low = peek() >> (64 - (bits - 32));
    position_ += bits - 32;
    return high << (bits - 32) | low;
  }
  const std::uint64_t value = peek() >> (64 - bits);
  position_ += bits;
  return value;
}

bool GorillaReader::next(TimestampMs& t, std::uint64_t& v_bits) {
  if (left_ == 0 || !ok_) return false;
  --left_;
  if (first_) {
    first_ = false;
    t_ = take(64);
    v_ = take(64);
  } else {
    const unsigned ones = static_cast<unsigned>(std::countl_one(peek()));
    if (ones == 0) {
      take(1);
    } else {
      const Bucket& bucket = kDodBuckets[std::min(ones, 6U) - 1];
      take(bucket.prefix_bits);
      const unsigned shift = 64 - bucket.value_bits;
      delta_ += static_cast<std::uint64_t>(
          static_cast<std::int64_t>(take(bucket.value_bits) << shift) >> shift);
    }
    t_ += delta_;
    const std::uint64_t window = peek();
    if (window >> 63 == 0) {
      take(1);
    } else {
      if (window >> 62 == 0b11) {
        const std::uint64_t header = take(13);
        leading_ = header >> 6 & 31;
        significant_ = static_cast<unsigned>(header & 63) + 1;
      } else {
        take(2);
      }
      if (significant_ == 0 || leading_ + significant_ > 64) ok_ = false;
      if (ok_) v_ ^= take(significant_) << (64 - leading_ - significant_);
    }
  }
  t = static_cast<TimestampMs>(t_);
  v_bits = v_;
  return ok_;
}

bool gorilla_decode(std::span<const std::byte> data, std::size_t count, TimeRange range,
                    std::vector<TimestampMs>& t, std::vector<double>& v) {
  GorillaReader reader(data, count);
  TimestampMs sample_t = 0;
  std::uint64_t bits = 0;
  while (reader.next(sample_t, bits)) {
    if (sample_t < range.start) continue;
    if (sample_t > range.end) return true;
    t.push_back(sample_t);
    v.push_back(std::bit_cast<double>(bits));
  }
  return reader.ok();
}

}  // namespace silverback::tsdb

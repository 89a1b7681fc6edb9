#include "tsdb/codec/integer_stream.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>
#include <utility>

#include "tsdb/codec/byte_io.h"

namespace silverback::tsdb {
namespace {

constexpr unsigned kCentre = 1 << 2;
constexpr unsigned kDivisor = 1 << 3;
constexpr unsigned kLineOrder = 3;

// A value of up to 57 bits lies within the 8 bytes at its first one, whatever bit it starts at.
constexpr unsigned kWidthMax = 57;
constexpr unsigned kFullWidth = 64;
constexpr unsigned kPatched = 0x80;
constexpr unsigned kZeroRunsBase = 63;
constexpr unsigned kZeroRunMax = 64;

// The median of all would be a sort's work; that of a few is as good. Likewise some stretches tell
// which order suits the whole.
constexpr std::size_t kMedianSample = 31;
constexpr std::size_t kStretches = 4;
constexpr std::size_t kStretch = 64;

using Block = std::array<std::uint64_t, kMiniBlock>;

std::uint64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
}

unsigned bit_width(std::uint64_t value) { return static_cast<unsigned>(std::bit_width(value)); }

std::size_t varint_bytes(std::uint64_t value) { return (bit_width(value | 1) + 6) / 7; }

// ---- Mini-blocks ----

class BlockWriter {
 public:
  explicit BlockWriter(std::string& out) : out_(out) {}

  void write(const Block& block, std::size_t count) {
    std::uint64_t any = 0;
    for (std::size_t i = 0; i < count; ++i) any |= block[i];
    if (any == 0) {
      if (++zero_blocks_ == kZeroRunMax) finish();
      return;
    }
    finish();
    const unsigned full = storable(bit_width(any));
    const unsigned width = best_width(block, count, full);
    if (width == full) {
      out_.push_back(static_cast<char>(width));
      pack(block, count, width);
      return;
    }
    out_.push_back(static_cast<char>(width | kPatched));
    const std::size_t patches_at = out_.size();
    out_.push_back(0);
    pack(block, count, width);
    unsigned patches = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (bit_width(block[i]) <= width) continue;
      out_.push_back(static_cast<char>(i));
      put_varint(out_, block[i] >> width);
      ++patches;
    }
    out_[patches_at] = static_cast<char>(patches);
  }

  // Writes out a run of zeros that has not ended yet.
  void finish() {
    if (zero_blocks_ == 1) out_.push_back(0);
    if (zero_blocks_ > 1) out_.push_back(static_cast<char>(zero_blocks_ + kZeroRunsBase));
    zero_blocks_ = 0;
  }

 private:
  static unsigned storable(unsigned width) { return width > kWidthMax ? kFullWidth : width; }

  static unsigned best_width(const Block& block, std::size_t count, unsigned full) {
    std::array<std::uint8_t, 65> of_width{};
    for (std::size_t i = 0; i < count; ++i) ++of_width[bit_width(block[i])];
    unsigned best = full;
    std::size_t best_bytes = (full * count + 7) / 8;
    std::size_t wider = 0;
    for (unsigned width = std::min(full, kFullWidth); width-- > 0;) {
      wider += of_width[width + 1];
      // Patches of two bytes at the least: from here on it only gets worse.
      if (2 * wider > best_bytes) break;
      if (width > kWidthMax || of_width[width] == 0) continue;
      std::size_t bytes = 1 + (width * count + 7) / 8;
      for (unsigned w = width + 1; w <= 64; ++w)
        bytes += of_width[w] * (1 + varint_bytes(std::uint64_t{1} << (w - width - 1)));
      if (bytes < best_bytes) {
        best = width;
        best_bytes = bytes;
      }
    }
    return best;
  }

  void pack(const Block& block, std::size_t count, unsigned width) {
    if (width == 0) return;
    const std::size_t begin = out_.size();
    const std::size_t bytes = (width * count + 7) / 8;
    out_.resize(begin + bytes + sizeof(std::uint64_t));
    char* to = out_.data() + begin;
    if (width == kFullWidth) {
      std::memcpy(to, block.data(), bytes);
    } else {
      const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
      std::uint64_t pending = 0;  // bits that do not fill a word yet
      unsigned pending_bits = 0;
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t value = block[i] & mask;
        pending |= value << pending_bits;
        pending_bits += width;
        if (pending_bits < 64) continue;
        std::memcpy(to, &pending, sizeof pending);
        to += sizeof pending;
        pending_bits -= 64;
        pending = pending_bits == 0 ? 0 : value >> (width - pending_bits);
      }
      std::memcpy(to, &pending, sizeof pending);
    }
    out_.resize(begin + bytes);
  }

  std::string& out_;
  unsigned zero_blocks_ = 0;
};

// Requires 8 readable bytes from the one in which the last value starts. The common widths are
// unpacked with constant shifts, which is three times as fast.
template <unsigned kWidth>
void unpack_full_block(const char* from, std::uint64_t* to) {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << kWidth) - 1;
  // Eight values are exactly kWidth bytes.
  for (std::size_t i = 0; i < kMiniBlock; i += 8, from += kWidth, to += 8) {
    to[0] = load_unaligned<std::uint64_t>(from) & kMask;
    to[1] = load_unaligned<std::uint64_t>(from + kWidth / 8) >> (kWidth % 8) & kMask;
    to[2] = load_unaligned<std::uint64_t>(from + 2 * kWidth / 8) >> (2 * kWidth % 8) & kMask;
    to[3] = load_unaligned<std::uint64_t>(from + 3 * kWidth / 8) >> (3 * kWidth % 8) & kMask;
    to[4] = load_unaligned<std::uint64_t>(from + 4 * kWidth / 8) >> (4 * kWidth % 8) & kMask;
    to[5] = load_unaligned<std::uint64_t>(from + 5 * kWidth / 8) >> (5 * kWidth % 8) & kMask;
    to[6] = load_unaligned<std::uint64_t>(from + 6 * kWidth / 8) >> (6 * kWidth % 8) & kMask;
    to[7] = load_unaligned<std::uint64_t>(from + 7 * kWidth / 8) >> (7 * kWidth % 8) & kMask;
  }
}

template <unsigned... kWidths>
constexpr auto unpackers(std::integer_sequence<unsigned, kWidths...>) {
  return std::array{&unpack_full_block<kWidths>...};
}
constexpr auto kUnpackers = unpackers(std::make_integer_sequence<unsigned, 33>());

void unpack_bits(const char* from, std::size_t count, unsigned width, std::uint64_t* to) {
  if (count == kMiniBlock && width < kUnpackers.size()) {
    kUnpackers[width](from, to);
    return;
  }
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  std::size_t bit = 0;
  for (std::size_t i = 0; i < count; ++i, bit += width)
    to[i] = (load_unaligned<std::uint64_t>(from + bit / 8) >> (bit % 8)) & mask;
}

// Turns what is stored into values: predict() takes the next residual.
template <class Predict>
void predict_all(Block& values, std::size_t count, std::uint64_t divisor, std::uint64_t centre,
                 const Predict& predict) {
  if (divisor == 1) {
    for (std::size_t i = 0; i < count; ++i)
      values[i] = predict(static_cast<std::uint64_t>(unzigzag(values[i])) + centre);
  } else {
    for (std::size_t i = 0; i < count; ++i)
      values[i] = predict(static_cast<std::uint64_t>(unzigzag(values[i])) * divisor + centre);
  }
}

}  // namespace

// ---- Encoder ----

namespace {

constexpr std::size_t starts_of(unsigned order) { return order == kLineOrder ? 0 : order; }

std::int64_t line_step(std::span<const std::int64_t> values) {
  if (values.size() < 2) return 0;
  const auto steps = static_cast<std::int64_t>(values.size() - 1);
  return static_cast<std::int64_t>(minus(values.back(), values.front())) / steps;
}

// Writes the residuals of values [begin, end). Requires starts_of(order) <= begin.
void residuals_of(std::span<const std::int64_t> values, unsigned order, std::size_t begin,
                  std::size_t end, std::int64_t* to) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint64_t>(values[i]); };
  switch (order) {
    case 0:
      std::copy_n(values.data() + begin, end - begin, to);
      break;
    case 1:
      for (std::size_t i = begin; i < end; ++i)
        *to++ = static_cast<std::int64_t>(at(i) - at(i - 1));
      break;
    case 2:
      for (std::size_t i = begin; i < end; ++i)
        *to++ = static_cast<std::int64_t>(at(i) - 2 * at(i - 1) + at(i - 2));
      break;
    default: {
      const auto step = static_cast<std::uint64_t>(line_step(values));
      for (std::size_t i = begin; i < end; ++i)
        *to++ = static_cast<std::int64_t>(at(i) - at(0) - i * step);
    }
  }
}

std::int64_t about_median(std::span<const std::int64_t> residuals) {
  std::array<std::int64_t, kMedianSample + 1> sample;
  std::size_t count = 0;
  const std::size_t stride = residuals.size() / kMedianSample + 1;
  for (std::size_t i = stride / 2; i < residuals.size(); i += stride)
    sample[count++] = residuals[i];
  if (count == 0) return 0;
  std::nth_element(sample.begin(), sample.begin() + count / 2, sample.begin() + count);
  return sample[count / 2];
}

}  // namespace

// How many bits the residuals of some stretches have, each at its own width.
std::uint64_t IntegerEncoder::estimate_bits(std::span<const std::int64_t> values, unsigned order) {
  const std::size_t starts = starts_of(order);
  const std::size_t count = values.size() - starts;
  residuals_.resize(std::min(count, kStretches * kStretch));
  if (count <= residuals_.size()) {
    residuals_of(values, order, starts, values.size(), residuals_.data());
  } else {
    for (std::size_t i = 0; i < kStretches; ++i) {
      const std::size_t begin = starts + (count - kStretch) * i / (kStretches - 1);
      residuals_of(values, order, begin, begin + kStretch, residuals_.data() + i * kStretch);
    }
  }
  const std::int64_t centre = about_median(residuals_);
  std::uint64_t bits = 0;
  for (const std::int64_t residual : residuals_)
    bits += bit_width(zigzag(static_cast<std::int64_t>(minus(residual, centre))));
  return bits;
}

void IntegerEncoder::encode(std::span<const std::int64_t> values, Shape shape, std::string& out) {
  unsigned order = 0;
  std::uint64_t least_bits = ~std::uint64_t{0};
  for (unsigned candidate = 0; candidate <= kLineOrder; ++candidate) {
    if (candidate == kLineOrder ? shape != Shape::kLine || values.empty()
                                : candidate > values.size())
      continue;
    const std::uint64_t bits = estimate_bits(values, candidate);
    if (bits >= least_bits) continue;
    least_bits = bits;
    order = candidate;
  }
  residuals_.resize(values.size() - starts_of(order));
  residuals_of(values, order, starts_of(order), values.size(), residuals_.data());
  const std::int64_t centre = about_median(residuals_);

  std::uint64_t divisor = 0;
  for (const std::int64_t residual : residuals_) {
    const auto distance = static_cast<std::int64_t>(minus(residual, centre));
    if (distance == 0) continue;
    const std::uint64_t magnitude = distance < 0
                                        ? std::uint64_t{0} - static_cast<std::uint64_t>(distance)
                                        : static_cast<std::uint64_t>(distance);
    divisor = std::gcd(divisor, magnitude);
    if (divisor == 1) break;
  }

  const bool has_divisor = divisor > 1 && divisor <= std::uint64_t{1} << 62;
  out.push_back(
      static_cast<char>(order | (centre != 0 ? kCentre : 0) | (has_divisor ? kDivisor : 0)));
  if (centre != 0) put_signed(out, centre);
  if (has_divisor) put_varint(out, divisor);
  if (order > 0) put_signed(out, values[0]);
  if (order == 2) put_signed(out, static_cast<std::int64_t>(minus(values[1], values[0])));
  if (order == kLineOrder) put_signed(out, line_step(values));

  BlockWriter blocks(out);
  Block block;
  const auto signed_divisor = static_cast<std::int64_t>(has_divisor ? divisor : 1);
  for (std::size_t begin = 0; begin < residuals_.size(); begin += kMiniBlock) {
    const std::size_t count = std::min(kMiniBlock, residuals_.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
      auto distance = static_cast<std::int64_t>(minus(residuals_[begin + i], centre));
      if (has_divisor) distance /= signed_divisor;
      block[i] = zigzag(distance);
    }
    blocks.write(block, count);
  }
  blocks.finish();
}

// ---- Decoder ----

IntegerDecoder::IntegerDecoder(std::string_view stream, std::size_t count) : left_(count) {
  ByteReader in(stream);
  const auto head = in.fixed<std::uint8_t>();
  order_ = head & 3;
  if ((head & kCentre) != 0) centre_ = static_cast<std::uint64_t>(in.signed_varint());
  if ((head & kDivisor) != 0) divisor_ = in.varint();
  if (order_ > 0) value_ = static_cast<std::uint64_t>(in.signed_varint());
  if (order_ > 1) delta_ = static_cast<std::uint64_t>(in.signed_varint());
  starts_ = order_ == kLineOrder ? 0 : order_;
  ok_ = in.ok() && head < 16 && starts_ <= count;
  next_ = stream.data() + (stream.size() - in.left());
  end_ = stream.data() + stream.size();
}

bool IntegerDecoder::unpack(Block& values, std::size_t count) {
  if (zero_blocks_ == 0) {
    if (next_ == end_) return false;
    const auto code = static_cast<std::uint8_t>(*next_++);
    const unsigned width = code & 0x7f;
    if (width > kFullWidth) {
      if ((code & kPatched) != 0) return false;
      zero_blocks_ = width - kZeroRunsBase;
    } else {
      if (width > kWidthMax && width != kFullWidth) return false;
      ByteReader in(std::string_view(next_, static_cast<std::size_t>(end_ - next_)));
      unsigned patches = 0;
      if ((code & kPatched) != 0) patches = in.fixed<std::uint8_t>();
      const std::size_t bytes = (width * count + 7) / 8;
      const std::string_view packed = in.bytes(bytes);
      if (!in.ok()) return false;
      if (width == kFullWidth) {
        std::memcpy(values.data(), packed.data(), bytes);
      } else if (in.left() >= sizeof(std::uint64_t)) {
        unpack_bits(packed.data(), count, width, values.data());
      } else {
        // The last value's 8 bytes would reach past the end of what may be read.
        std::array<char, kWidthMax * kMiniBlock / 8 + sizeof(std::uint64_t)> padded{};
        std::memcpy(padded.data(), packed.data(), bytes);
        unpack_bits(padded.data(), count, width, values.data());
      }
      for (; patches > 0; --patches) {
        const auto position = in.fixed<std::uint8_t>();
        const std::uint64_t above = in.varint();
        if (!in.ok() || position >= count || width >= kFullWidth) return false;
        values[position] |= above << width;
      }
      next_ = end_ - in.left();
      return true;
    }
  }
  --zero_blocks_;
  std::fill_n(values.begin(), count, 0);
  return true;
}

std::size_t IntegerDecoder::next(Block& values) {
  if (left_ == 0 || !ok_) return 0;
  // The values that the prediction starts from come alone, so that mini-blocks stay aligned.
  if (starts_ > 0) {
    std::size_t count = 0;
    values[count++] = value_;
    if (starts_ == 2) values[count++] = value_ += delta_;
    starts_ = 0;
    left_ -= count;
    return count;
  }
  const std::size_t count = std::min(left_, kMiniBlock);
  if (!unpack(values, count)) {
    ok_ = false;
    return 0;
  }
  left_ -= count;
  std::uint64_t value = value_;
  std::uint64_t delta = delta_;
  switch (order_) {
    case 0:
      predict_all(values, count, divisor_, centre_, [](std::uint64_t r) { return r; });
      break;
    case 1:
      predict_all(values, count, divisor_, centre_, [&](std::uint64_t r) { return value += r; });
      break;
    case 2:
      predict_all(values, count, divisor_, centre_,
                  [&](std::uint64_t r) { return value += delta += r; });
      break;
    default:
      predict_all(values, count, divisor_, centre_, [&](std::uint64_t r) {
        const std::uint64_t on_line = value;
        value += delta;
        return on_line + r;
      });
  }
  value_ = value;
  delta_ = delta;
  return count;
}

}  // namespace silverback::tsdb

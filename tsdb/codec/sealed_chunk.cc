#include "tsdb/codec/sealed_chunk.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/sample.h"
#include "tsdb/codec/byte_io.h"

namespace silverback::tsdb {
namespace {

// On disk: never renumber.
enum class Mode : std::uint8_t {
  kConstant = 0,
  kSmallConstant = 1,
  kRaw = 2,
  kDecimal = 3,
  kDecimalUlp = 4,
  kBits = 5,
};
constexpr unsigned kModeMask = 7;
constexpr unsigned kHasSpecials = 8;
constexpr unsigned kDecimalsShift = 4;

enum class Special : std::uint8_t {
  kStale = 0,
  kNan = 1,
  kInfinity = 2,
  kMinusInfinity = 3,
  kMinusZero = 4,
  kOther = 5,
};
constexpr std::array<std::uint64_t, 5> kSpecialBits = {kStaleNanBits, kNormalNanBits,
                                                       0x7ff0'0000'0000'0000, 0xfff0'0000'0000'0000,
                                                       0x8000'0000'0000'0000};

// Powers of ten that a double holds exactly and that leave room for the digits.
constexpr std::array<double, 16> kPowers = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                            1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
constexpr unsigned kDecimalsMax = 15;

// Up to here adding and taking away kRound rounds to the nearest integer, and products are exact
// enough to be worth a try.
constexpr double kScaledMax = 2251799813685248.0;  // 2^51
constexpr double kRound = 6755399441055744.0;      // 1.5 * 2^52
// Without decimals nothing is multiplied, so integers may be as large as converts back.
constexpr double kIntegerMax = 4611686018427387904.0;  // 2^62

constexpr std::int64_t kSmallConstantMax = std::int64_t{1} << 40;
// An ULP distance above this is no rounding error any more.
constexpr std::uint64_t kUlpsMax = 1 << 10;

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }

// NaN, infinity, -0: what no scaled integer can be.
bool is_special(double value) {
  const std::uint64_t bits = bits_of(value);
  constexpr std::uint64_t kExponent = 0x7ff0'0000'0000'0000;
  return (bits & kExponent) == kExponent || bits == 0x8000'0000'0000'0000;
}

double round_to_integer(double value) { return (value + kRound) - kRound; }

// The integer m for which m / 10^decimals is this value, if there is one.
bool scale_one(double value, unsigned decimals, double& m) {
  if (decimals == 0) {
    if (!(std::abs(value) < kIntegerMax)) return false;
    m = static_cast<double>(static_cast<std::int64_t>(value));
    return m == value;
  }
  const double product = value * kPowers[decimals];
  if (!(std::abs(product) < kScaledMax)) return false;
  m = round_to_integer(product);
  return m / kPowers[decimals] == value;
}

// Integers in the order of the doubles: neighbours differ by 1.
std::int64_t to_ordered(double value) {
  const auto bits = static_cast<std::int64_t>(bits_of(value));
  return bits ^ ((bits >> 63) & 0x7fff'ffff'ffff'ffff);
}
double from_ordered(std::uint64_t ordered) {
  const auto bits = static_cast<std::int64_t>(ordered);
  return std::bit_cast<double>(bits ^ ((bits >> 63) & 0x7fff'ffff'ffff'ffff));
}

std::uint64_t ulps_between(double a, double b) {
  const auto difference =
      static_cast<std::uint64_t>(to_ordered(a)) - static_cast<std::uint64_t>(to_ordered(b));
  return std::min(difference, std::uint64_t{0} - difference);
}

void put_head(std::string& out, Mode mode, bool has_specials, unsigned decimals) {
  out.push_back(static_cast<char>(static_cast<unsigned>(mode) | (has_specials ? kHasSpecials : 0) |
                                  decimals << kDecimalsShift));
}

bool same_bits(std::span<const double> a, std::span<const double> b) {
  return std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

bool all_the_same(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(),
                     [&](double value) { return bits_of(value) == bits_of(values.front()); });
}

void put_constant(double value, std::string& out) {
  double integer = 0;
  if (!is_special(value) && scale_one(value, 0, integer) &&
      std::abs(integer) < static_cast<double>(kSmallConstantMax)) {
    put_head(out, Mode::kSmallConstant, false, 0);
    put_signed(out, static_cast<std::int64_t>(integer));
  } else {
    put_head(out, Mode::kConstant, false, 0);
    put_fixed(out, value);
  }
}

}  // namespace

// ---- Encoder ----

// Fills specials_, and regular_ with the rest.
void ValueEncoder::split_specials(std::span<const double> values) {
  specials_.clear();
  regular_ = values;
  if (std::none_of(values.begin(), values.end(), is_special)) return;

  regular_copy_.clear();
  std::string runs;
  std::uint64_t count = 0;
  std::size_t since = 0;  // end of the run before
  for (std::size_t i = 0; i < values.size();) {
    if (!is_special(values[i])) {
      regular_copy_.push_back(values[i++]);
      continue;
    }
    std::size_t end = i + 1;
    while (end < values.size() && bits_of(values[end]) == bits_of(values[i])) ++end;
    const auto known = std::find(kSpecialBits.begin(), kSpecialBits.end(), bits_of(values[i]));
    put_varint(runs, i - since);
    put_varint(runs, (end - i) << 3 | static_cast<std::uint64_t>(known - kSpecialBits.begin()));
    if (known == kSpecialBits.end()) put_fixed(runs, bits_of(values[i]));
    ++count;
    since = i = end;
  }
  put_varint(specials_, count);
  specials_ += runs;
  regular_ = regular_copy_;
}

// The fewest decimals with which every regular value is a scaled integer.
bool ValueEncoder::find_decimals(unsigned& decimals) const {
  decimals = 0;
  double m = 0;
  for (const double value : regular_) {
    while (!scale_one(value, decimals, m))
      if (++decimals > kDecimalsMax) return false;
  }
  return true;
}

// Fills scaled_. False if a value is no integer of that scale (too large for it).
bool ValueEncoder::scale(unsigned decimals) {
  scaled_.resize(regular_.size());
  for (std::size_t i = 0; i < regular_.size(); ++i) {
    double m = 0;
    if (!scale_one(regular_[i], decimals, m)) return false;
    scaled_[i] = static_cast<std::int64_t>(m);
  }
  return true;
}

// The fewest decimals with which every value of a sample is a few ULPs from a scaled integer.
bool ValueEncoder::find_ulp_decimals(unsigned& decimals) const {
  const std::size_t stride = regular_.size() / 32 + 1;
  for (decimals = 1; decimals <= kDecimalsMax; ++decimals) {
    bool near = true;
    for (std::size_t i = 0; near && i < regular_.size(); i += stride) {
      const double product = regular_[i] * kPowers[decimals];
      near = std::abs(product) < kScaledMax &&
             ulps_between(round_to_integer(product) / kPowers[decimals], regular_[i]) < kUlpsMax;
    }
    if (near) return true;
  }
  return false;
}

// Fills scaled_ and ulps_. What does not fit shows when the chunk is verified.
void ValueEncoder::measure_ulps(unsigned decimals) {
  scaled_.resize(regular_.size());
  ulps_.resize(regular_.size());
  for (std::size_t i = 0; i < regular_.size(); ++i) {
    const double product = regular_[i] * kPowers[decimals];
    const double m = std::abs(product) < kScaledMax ? round_to_integer(product) : 0.0;
    scaled_[i] = static_cast<std::int64_t>(m);
    // From the integer, as the decoder sees it: a rounded -0 is 0.
    const double near = static_cast<double>(scaled_[i]) / kPowers[decimals];
    ulps_[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(to_ordered(regular_[i])) -
                                         static_cast<std::uint64_t>(to_ordered(near)));
  }
}

void ValueEncoder::encode(std::span<const double> values, std::string& out) {
  if (all_the_same(values)) {
    put_constant(values.front(), out);
    return;
  }
  split_specials(values);
  const auto begin = [&](std::string& chunk, Mode mode, unsigned decimals) {
    chunk.clear();
    put_head(chunk, mode, !specials_.empty(), decimals);
    chunk += specials_;
  };
  unsigned decimals = 0;
  if (scale(0) || (find_decimals(decimals) && scale(decimals))) {
    begin(chunk_, Mode::kDecimal, decimals);
    integers_.encode(scaled_, IntegerEncoder::Shape::kAny, chunk_);
  } else {
    scaled_.resize(regular_.size());
    std::transform(regular_.begin(), regular_.end(), scaled_.begin(), to_ordered);
    begin(chunk_, Mode::kBits, 0);
    integers_.encode(scaled_, IntegerEncoder::Shape::kAny, chunk_);
    if (find_ulp_decimals(decimals)) {
      measure_ulps(decimals);
      begin(other_, Mode::kDecimalUlp, decimals);
      stream_.clear();
      integers_.encode(scaled_, IntegerEncoder::Shape::kAny, stream_);
      put_text(other_, stream_);
      integers_.encode(ulps_, IntegerEncoder::Shape::kAny, other_);
      if (other_.size() < chunk_.size()) std::swap(chunk_, other_);
    }
  }

  decoded_.resize(values.size());
  if (chunk_.size() <= values.size_bytes() && decode_values(chunk_, decoded_) &&
      same_bits(decoded_, values)) {
    out += chunk_;
    return;
  }
  put_head(out, Mode::kRaw, false, 0);
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

// ---- Decoder ----

namespace {

bool decode_decimals(std::string_view stream, unsigned decimals, std::span<double> values) {
  IntegerDecoder integers(stream, values.size());
  std::array<std::uint64_t, kMiniBlock> block;
  double* to = values.data();
  const double power = kPowers[decimals];
  while (const std::size_t count = integers.next(block)) {
    for (std::size_t i = 0; i < count; ++i)
      to[i] = static_cast<double>(static_cast<std::int64_t>(block[i]));
    if (decimals > 0)
      for (std::size_t i = 0; i < count; ++i) to[i] /= power;
    to += count;
  }
  return integers.finished();
}

// Adds the distances to what decode_decimals() made.
bool apply_ulps(std::string_view stream, std::span<double> values) {
  IntegerDecoder distances(stream, values.size());
  std::array<std::uint64_t, kMiniBlock> block;
  double* to = values.data();
  while (const std::size_t count = distances.next(block)) {
    for (std::size_t i = 0; i < count; ++i)
      to[i] = from_ordered(static_cast<std::uint64_t>(to_ordered(to[i])) + block[i]);
    to += count;
  }
  return distances.finished();
}

bool decode_bits(std::string_view stream, std::span<double> values) {
  IntegerDecoder integers(stream, values.size());
  std::array<std::uint64_t, kMiniBlock> block;
  double* to = values.data();
  while (const std::size_t count = integers.next(block)) {
    for (std::size_t i = 0; i < count; ++i) to[i] = from_ordered(block[i]);
    to += count;
  }
  return integers.finished();
}

bool decode_body(Mode mode, unsigned decimals, std::string_view body, std::span<double> values) {
  switch (mode) {
    case Mode::kDecimal:
      return decode_decimals(body, decimals, values);
    case Mode::kDecimalUlp: {
      ByteReader in(body);
      const std::string_view scaled = in.text();
      return in.ok() && decode_decimals(scaled, decimals, values) &&
             apply_ulps(in.bytes(in.left()), values);
    }
    case Mode::kBits:
      return decode_bits(body, values);
    case Mode::kConstant:
    case Mode::kSmallConstant:
    case Mode::kRaw:
      break;
  }
  return false;
}

struct SpecialRun {
  std::uint64_t before;  // regular values since the run before
  std::uint64_t length;
  double value;
};

SpecialRun take_run(ByteReader& in) {
  SpecialRun run{};
  run.before = in.varint();
  const std::uint64_t length_and_kind = in.varint();
  run.length = length_and_kind >> 3;
  const std::uint64_t kind = length_and_kind & 7;
  const std::uint64_t bits =
      kind < kSpecialBits.size() ? kSpecialBits[kind] : in.fixed<std::uint64_t>();
  run.value = std::bit_cast<double>(bits);
  return run;
}

// How many values the runs hold, or more than `count` if they make no sense.
std::uint64_t count_specials(ByteReader in, std::uint64_t runs, std::size_t count) {
  std::uint64_t specials = 0;
  std::uint64_t all = 0;
  for (; runs > 0; --runs) {
    const SpecialRun run = take_run(in);
    if (!in.ok() || run.length == 0 || run.before > count || run.length > count) return count + 1;
    specials += run.length;
    all += run.before + run.length;
    if (all > count) return count + 1;
  }
  return specials;
}

}  // namespace

bool decode_constant(std::string_view chunk, double& value) {
  ByteReader in(chunk);
  switch (static_cast<Mode>(in.fixed<std::uint8_t>())) {
    case Mode::kConstant:
      value = in.fixed<double>();
      return in.ok() && in.at_end();
    case Mode::kSmallConstant:
      value = static_cast<double>(in.signed_varint());
      return in.ok() && in.at_end();
    default:
      return false;
  }
}

bool decode_values(std::string_view chunk, std::span<double> values) {
  double constant = 0;
  if (decode_constant(chunk, constant)) {
    std::fill(values.begin(), values.end(), constant);
    return true;
  }
  ByteReader in(chunk);
  const auto head = in.fixed<std::uint8_t>();
  const auto mode = static_cast<Mode>(head & kModeMask);
  const unsigned decimals = head >> kDecimalsShift;
  if (mode == Mode::kRaw) {
    if (head != static_cast<std::uint8_t>(Mode::kRaw) || in.left() != values.size_bytes())
      return false;
    std::memcpy(values.data(), in.bytes(in.left()).data(), values.size_bytes());
    return true;
  }
  if ((head & kHasSpecials) == 0) return decode_body(mode, decimals, in.bytes(in.left()), values);

  const std::uint64_t run_count = in.varint();
  const std::uint64_t specials = count_specials(in, run_count, values.size());
  if (!in.ok() || specials > values.size()) return false;
  ByteReader runs = in;
  for (std::uint64_t left = run_count; left > 0; --left) take_run(in);
  // The regular values go to the end first; moving them to their places never overtakes them.
  if (!decode_body(mode, decimals, in.bytes(in.left()), values.subspan(specials))) return false;
  auto from = values.begin() + static_cast<std::ptrdiff_t>(specials);
  auto to = values.begin();
  for (std::uint64_t left = run_count; left > 0; --left) {
    const SpecialRun run = take_run(runs);
    const auto before = static_cast<std::ptrdiff_t>(run.before);
    if (to != from) std::copy(from, from + before, to);
    from += before;
    to = std::fill_n(to + before, run.length, run.value);
  }
  return true;
}

}  // namespace silverback::tsdb

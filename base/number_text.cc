#include "base/number_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <system_error>

#include <locale.h>

#include "base/sample.h"

namespace silverback {
namespace {

// Longest: -1.7976931348623157e+308.
constexpr std::size_t kScientificBytesMax = 32;
// 2^53: below it every whole number is a double.
constexpr double kWholeMax = 9007199254740992.0;

bool append_special(std::string& out, double v) {
  if (std::isnan(v)) {
    out += "NaN";
  } else if (std::isinf(v)) {
    out += v > 0 ? "+Inf" : "-Inf";
  } else {
    return false;
  }
  return true;
}

// A finite number as d.ddde±xx with the fewest digits that read back the same.
std::string_view scientific(double v, std::array<char, kScientificBytesMax>& buffer) {
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, std::chars_format::scientific);
  static_cast<void>(error);  // the buffer is large enough
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

// digits [. digits] [e [±] digits], at least one digit before the exponent.
bool is_decimal(std::string_view text) {
  std::size_t i = 0;
  const auto skip_digits = [&] {
    const std::size_t from = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - from;
  };
  std::size_t digits = skip_digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    digits += skip_digits();
  }
  if (digits == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (skip_digits() == 0) return false;
  }
  return i == text.size();
}

// What most numbers are: 15 digits at most and, the point moved to their end, a power of ten of 22
// at most. Both are doubles, so that one operation on them rounds once, which is right (Clinger).
// nullopt for any other number, and for what is none.
std::optional<double> parse_short_decimal(std::string_view text) {
  constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr std::ptrdiff_t kDigitsMax = 15;
  constexpr int kPowerMax = 22;
  const char* p = text.data();
  const char* const end = p + text.size();
  std::int64_t digits = 0;
  std::ptrdiff_t count = 0;
  const auto take_digits = [&] {
    const char* const begin = p;
    const char* const limit = end - p > kDigitsMax - count ? p + (kDigitsMax - count) : end;
    for (; p < limit && is_digit(*p); ++p) digits = digits * 10 + (*p - '0');
    count += p - begin;
    return p - begin;
  };
  take_digits();
  int power = 0;
  if (p < end && *p == '.') {
    ++p;
    power = -static_cast<int>(take_digits());
  }
  if (count == 0) return std::nullopt;
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    const bool negative = p < end && *p == '-';
    if (p < end && (*p == '+' || *p == '-')) ++p;
    int exponent = 0;
    const auto [exponent_end, error] = std::from_chars(p, end, exponent);
    if (error != std::errc() || *p == '-' || exponent > 2 * kPowerMax) return std::nullopt;
    p = exponent_end;
    power += negative ? -exponent : exponent;
  }
  if (p != end || power > kPowerMax || power < -kPowerMax) return std::nullopt;
  const auto whole = static_cast<double>(digits);
  return power < 0 ? whole / kPowers[-power] : whole * kPowers[power];
}

// from_chars does not tell too large from too small; strtod does.
std::optional<double> parse_extreme(std::string_view text) {
  static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", nullptr);
  const double v = strtod_l(std::string(text).c_str(), nullptr, c_locale);
  if (std::isinf(v)) return std::nullopt;
  return v;
}

}  // namespace

std::string format_float(double v) {
  std::string out;
  append_float(out, v);
  return out;
}

void append_float(std::string& out, double v) {
  if (append_special(out, v)) return;
  // Counters and counts: whole numbers below 2^53 print as such, without looking for digits.
  if (std::fabs(v) < kWholeMax && v == std::trunc(v) && !(v == 0 && std::signbit(v))) {
    std::array<char, 24> digits;
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<long long>(v)).ptr;
    out.append(digits.data(), end);
    return;
  }
  // Not chars_format::fixed: it prints all digits of a large number's exact value (1e23 as
  // 99999999999999991611392), Go pads the shortest ones with zeros.
  std::array<char, kScientificBytesMax> buffer;
  std::string_view text = scientific(v, buffer);
  if (text.front() == '-') {
    out.push_back('-');
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  int exponent = 0;
  const char* const exponent_begin = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(exponent_begin, text.data() + text.size(), exponent);
  std::array<char, kScientificBytesMax> digits;
  std::size_t count = 0;
  for (const char c : text.substr(0, e)) {
    if (c != '.') digits[count++] = c;
  }
  if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0');
    out.append(digits.data(), count);
    return;
  }
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (count <= whole) {
    out.append(digits.data(), count).append(whole - count, '0');
  } else {
    out.append(digits.data(), whole).append(".").append(digits.data() + whole, count - whole);
  }
}

char* write_json_float(char* out, double v) {
  char* const end = out + kJsonFloatBytesMax;
  const double magnitude = std::fabs(v);
  if (magnitude < kWholeMax) {
    if (v == std::trunc(v) && !(v == 0 && std::signbit(v))) {
      return std::to_chars(out, end, static_cast<long long>(v)).ptr;
    }
    // Below 2^53 the shortest digits are the exact ones wherever fixed notation needs them.
    if (magnitude >= 1e-6 || v == 0)
      return std::to_chars(out, end, v, std::chars_format::fixed).ptr;
    return std::to_chars(out, end, v, std::chars_format::scientific).ptr;
  }
  if (std::isfinite(v) && magnitude >= 1e21) {
    return std::to_chars(out, end, v, std::chars_format::scientific).ptr;
  }
  std::string text;
  append_float(text, v);
  return std::copy(text.begin(), text.end(), out);
}

void append_json_float(std::string& out, double v) {
  std::array<char, kJsonFloatBytesMax> text;
  out.append(text.data(), write_json_float(text.data(), v));
}

void append_json_timestamp(std::string& out, long long t_ms) {
  auto magnitude = static_cast<unsigned long long>(t_ms);
  if (t_ms < 0) {
    out.push_back('-');
    magnitude = 0 - magnitude;
  }
  std::array<char, 24> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), magnitude / 1000).ptr;
  out.append(digits.data(), end);
  if (const unsigned long long fraction = magnitude % 1000; fraction != 0) {
    out.push_back('.');
    out.push_back(static_cast<char>('0' + fraction / 100));
    out.push_back(static_cast<char>('0' + fraction / 10 % 10));
    out.push_back(static_cast<char>('0' + fraction % 10));
  }
}

std::optional<double> parse_float(std::string_view text) {
  std::string_view body = text;
  const bool has_sign = !body.empty() && (body[0] == '+' || body[0] == '-');
  const bool negative = has_sign && body[0] == '-';
  if (has_sign) body.remove_prefix(1);
  if (body.empty()) return std::nullopt;
  if (!is_digit(body[0]) && body[0] != '.') {
    if (equal_ignoring_case(body, "inf") || equal_ignoring_case(body, "infinity")) {
      return negative ? -HUGE_VAL : HUGE_VAL;
    }
    if (!has_sign && equal_ignoring_case(body, "nan")) return normal_nan();
    return std::nullopt;
  }
  if (const std::optional<double> v = parse_short_decimal(body)) return negative ? -*v : *v;
  if (!is_decimal(body)) return std::nullopt;
  double v = 0;
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), v);
  if (error == std::errc::result_out_of_range) {
    const std::optional<double> extreme = parse_extreme(body);
    if (!extreme) return std::nullopt;
    v = *extreme;
  } else if (error != std::errc() || end != body.data() + body.size()) {
    return std::nullopt;
  }
  return negative ? -v : v;
}

}  // namespace silverback

#include "rules/template/literals.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/labels.h"
#include "base/number_text.h"
#include "rules/template/rune.h"

namespace silverback::templates {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_sign(char c) { return c == '+' || c == '-'; }

// The base that a prefix names (10 without one), and the prefix taken off.
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const char letter = static_cast<char>(digits[1] | 0x20);
  const int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  if (base != 0) {
    digits.remove_prefix(2);
    return base;
  }
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return is_digit(c) || c == '_'; })) {
    return 10;  // 0.5, 0e1
  }
  digits.remove_prefix(1);
  return 8;
}

// Each `_` must stand between digits, or between a base's prefix and a digit.
bool are_underscores_well_placed(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') continue;
    const auto joins = [&](std::size_t at) {
      return at < text.size() && is_letter_or_digit(static_cast<unsigned char>(text[at])) &&
             text[at] != '_';
    };
    if (i == 0 || !joins(i - 1) || !joins(i + 1)) return false;
  }
  return true;
}

std::string without_underscores(std::string_view text) {
  std::string out(text);
  out.erase(std::remove(out.begin(), out.end(), '_'), out.end());
  return out;
}

struct Magnitude {
  std::optional<std::uint64_t> value;
  bool is_integer = false;  // even if too large
};

Magnitude read_magnitude(std::string_view digits) {
  const int base = take_base(digits);
  const std::string plain = without_underscores(digits);
  if (plain.empty())
    return {digits.empty() && base == 8 ? std::optional<std::uint64_t>(0) : std::nullopt, false};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value, base);
  if (end != plain.data() + plain.size()) return {};
  if (error != std::errc()) return {std::nullopt, true};
  return {value, true};
}

// `0x1.8p3`, without its sign.
std::optional<double> read_hexadecimal(std::string_view text) {
  if (text.size() < 3 || text[0] != '0' || (text[1] | 0x20) != 'x') return std::nullopt;
  if (text.find_first_of("pP") == text.npos) return std::nullopt;
  text.remove_prefix(2);
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::hex);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> read_any_float(std::string_view text) {
  if (const std::optional<double> value = parse_float(text)) return value;
  const bool negative = text.starts_with("-");
  if (!text.empty() && is_sign(text[0])) text.remove_prefix(1);
  const std::optional<double> value = read_hexadecimal(text);
  if (!value) return std::nullopt;
  return negative ? -*value : *value;
}

// A decimal number of proper form is too large or too small if it is no double.
bool is_decimal_form(std::string_view text) {
  if (!text.empty() && is_sign(text[0])) text.remove_prefix(1);
  if (text.empty() || !(is_digit(text[0]) || text[0] == '.')) return false;
  return text.find_first_not_of("0123456789.eE+-") == text.npos && is_digit(text.back());
}

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

Result<Number> read_number(std::string_view text) {
  Number number;
  if (text.starts_with("'")) {
    const std::uint32_t rune = TRY(unquote_rune(text));
    number.integer = rune;
    number.real = rune;
    return number;
  }
  if (text.ends_with("i")) {
    return invalid("imaginary numbers are not supported: " + quote(text));
  }
  const bool negative = text.starts_with("-");
  std::string_view digits = text;
  if (is_sign(digits[0])) digits.remove_prefix(1);
  const bool proper = are_underscores_well_placed(digits);
  const Magnitude magnitude = proper ? read_magnitude(digits) : Magnitude{};
  constexpr auto kIntMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude.value && *magnitude.value <= kIntMax + (negative ? 1 : 0)) {
    const std::uint64_t bits = negative ? 0 - *magnitude.value : *magnitude.value;
    number.integer = static_cast<std::int64_t>(bits);
    number.real = static_cast<double>(*number.integer);
    return number;
  }
  if (magnitude.value && !is_sign(text[0])) {
    number.is_unsigned_only = true;
    number.real = static_cast<double>(*magnitude.value);
    return number;
  }
  if (magnitude.is_integer) return invalid("integer overflow: " + quote(text));
  const std::optional<double> real =
      proper ? read_any_float(without_underscores(text)) : std::nullopt;
  if (!real) return invalid("illegal number syntax: " + quote(text));
  // 08 is neither octal nor a float.
  if (text.find_first_of(".eEpP") == text.npos) return invalid("integer overflow: " + quote(text));
  number.real = *real;
  number.is_written_as_float = true;
  constexpr double kTooLarge = 9223372036854775808.0;
  if (std::fabs(*real) < kTooLarge && std::trunc(*real) == *real) {
    number.integer = static_cast<std::int64_t>(*real);
  }
  return number;
}

Result<double> read_float(std::string_view text) {
  if (const std::optional<double> value = read_any_float(text)) return *value;
  return invalid("strconv.ParseFloat: parsing " + quote(text) +
                 (is_decimal_form(text) ? ": value out of range" : ": invalid syntax"));
}

}  // namespace silverback::templates

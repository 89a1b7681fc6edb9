#include "rules/template/number_verbs.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "rules/template/rune.h"

namespace silverback::templates {
namespace {

constexpr std::string_view kLowerDigits = "0123456789abcdef";
constexpr std::string_view kUpperDigits = "0123456789ABCDEF";

// Digits enough for any double in %f, and room for a precision behind the point.
constexpr std::size_t kWholeDigitsMax = 330;

std::string to_chars(double value, std::chars_format form, int precision) {
  std::string buffer(kWholeDigitsMax + static_cast<std::size_t>(std::max(precision, 0)) + 16, '\0');
  char* const end = buffer.data() + buffer.size();
  const auto result = precision < 0 ? std::to_chars(buffer.data(), end, value, form)
                                    : std::to_chars(buffer.data(), end, value, form, precision);
  buffer.resize(static_cast<std::size_t>(result.ptr - buffer.data()));
  return buffer;
}

// d.ddde±xx taken apart.
struct Decimal {
  std::string digits;  // at least one
  int exponent = 0;    // of the first digit
};
Decimal decimal_of(double magnitude, int digits_after_first) {
  const std::string text = to_chars(magnitude, std::chars_format::scientific, digits_after_first);
  const std::size_t e = text.find('e');
  Decimal decimal;
  for (const char c : std::string_view(text).substr(0, e)) {
    if (c != '.') decimal.digits += c;
  }
  const std::size_t from = e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(text.data() + from, text.data() + text.size(), decimal.exponent);
  return decimal;
}

std::string exponent_text(char letter, int exponent) {
  std::string out(1, letter);
  out += exponent < 0 ? '-' : '+';
  const std::string digits = std::to_string(std::abs(exponent));
  if (digits.size() < 2) out += '0';
  return out + digits;
}

std::string in_fixed(const Decimal& decimal) {
  const auto& [digits, exponent] = decimal;
  if (exponent < 0) {
    return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  }
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) return digits + std::string(whole - digits.size(), '0');
  return digits.substr(0, whole) + '.' + digits.substr(whole);
}

std::string in_scientific(const Decimal& decimal, char letter) {
  std::string out = decimal.digits.substr(0, 1);
  if (decimal.digits.size() > 1) out += '.' + decimal.digits.substr(1);
  return out + exponent_text(letter, decimal.exponent);
}

// %g: the shorter of %e and %f. With '#' the zeros at the end stay.
std::string general(double magnitude, char letter, int precision, bool keep_zeros) {
  const bool shortest = precision < 0;
  if (precision == 0) precision = 1;
  Decimal decimal = decimal_of(magnitude, shortest ? -1 : precision - 1);
  if (!shortest && !keep_zeros) {
    decimal.digits.erase(std::max<std::size_t>(decimal.digits.find_last_not_of('0') + 1, 1));
  }
  const int threshold = shortest ? 6 : precision;
  if (decimal.exponent < -4 || decimal.exponent >= threshold) return in_scientific(decimal, letter);
  return in_fixed(decimal);
}

// %b: the mantissa as a whole number, and its power of two.
std::string binary(double magnitude) {
  int exponent = 0;
  const double mantissa = std::frexp(magnitude, &exponent);
  const auto whole = static_cast<std::uint64_t>(std::ldexp(mantissa, 53));
  const int power = magnitude == 0 ? -1074 : exponent - 53;
  return std::to_string(whole) + 'p' + (power < 0 ? "-" : "+") + std::to_string(std::abs(power));
}

// %x: 0x1.8p+01
std::string hexadecimal(double magnitude, int precision, bool upper) {
  const std::string text = to_chars(magnitude, std::chars_format::hex, precision);
  const std::size_t p = text.find('p');
  int exponent = 0;
  std::from_chars(text.data() + p + (text[p + 1] == '+' ? 2 : 1), text.data() + text.size(),
                  exponent);
  std::string out = "0x" + text.substr(0, p) + exponent_text('p', exponent);
  if (upper) {
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  }
  return out;
}

std::string magnitude_text(double magnitude, char verb, int precision, bool sharp) {
  switch (verb) {
    case 'e':
    case 'E':
      return in_scientific(decimal_of(magnitude, precision), verb);
    case 'f':
    case 'F':
      return precision < 0 ? in_fixed(decimal_of(magnitude, -1))
                           : to_chars(magnitude, std::chars_format::fixed, precision);
    case 'b':
      return binary(magnitude);
    case 'x':
    case 'X':
      return hexadecimal(magnitude, precision, verb == 'X');
    default:
      return general(magnitude, verb == 'G' ? 'E' : 'e', precision, sharp);
  }
}

// '#': a decimal point always, and for %g as many digits as the precision says.
std::string with_point(std::string text, char verb, int precision) {
  if (verb == 'b') return text;
  const std::size_t exponent =
      std::min(text.find_first_of(verb == 'x' || verb == 'X' ? "pP" : "eE"), text.size());
  std::string tail = text.substr(exponent);
  text.resize(exponent);
  const bool has_point = text.find('.') != std::string::npos;
  if (!has_point) text += '.';
  if (verb == 'g' || verb == 'G') {
    const std::size_t wanted = precision < 0 ? 6 : static_cast<std::size_t>(std::max(precision, 1));
    const std::size_t first = text.find_first_not_of("0.");
    const std::size_t from = first == std::string::npos ? 0 : first;
    const auto digits =
        static_cast<std::size_t>(std::count_if(text.begin() + static_cast<std::ptrdiff_t>(from),
                                               text.end(), [](char c) { return c != '.'; }));
    if (digits < wanted) text.append(wanted - digits, '0');
  }
  return text + tail;
}

}  // namespace

void append_padded(std::string& out, std::string_view text, const VerbFlags& flags) {
  const std::size_t runes = flags.width ? rune_count(text) : 0;
  const std::size_t missing = flags.width && *flags.width > runes ? *flags.width - runes : 0;
  if (flags.minus) {
    out.append(text).append(missing, ' ');
  } else {
    out.append(missing, flags.zero ? '0' : ' ').append(text);
  }
}

void append_integer(std::string& out, std::int64_t value, const IntegerForm& form,
                    const VerbFlags& flags) {
  const bool negative = value < 0;
  std::uint64_t rest =
      negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  VerbFlags padding = flags;
  padding.zero = false;
  std::size_t digits_min = 0;
  if (flags.precision) {
    digits_min = *flags.precision;
    if (digits_min == 0 && value == 0) return append_padded(out, "", padding);
  } else if (flags.zero && !flags.minus && flags.width) {
    const bool has_sign = negative || flags.plus || flags.space;
    digits_min = *flags.width - (has_sign && *flags.width > 0 ? 1 : 0);
  }
  const std::string_view alphabet = form.upper ? kUpperDigits : kLowerDigits;
  std::string digits;  // the last first
  do {
    digits += alphabet[rest % form.base];
    rest /= form.base;
  } while (rest > 0);
  if (digits.size() < digits_min) digits.append(digits_min - digits.size(), '0');
  if (flags.sharp) {
    if (form.base == 2) digits += "b0";
    if (form.base == 8 && digits.back() != '0') digits += '0';
    if (form.base == 16) digits += form.upper ? "X0" : "x0";
  }
  if (form.with_0o) digits += "o0";
  if (negative) {
    digits += '-';
  } else if (flags.plus || flags.space) {
    digits += flags.plus ? '+' : ' ';
  }
  std::reverse(digits.begin(), digits.end());
  append_padded(out, digits, padding);
}

void append_float(std::string& out, double value, char verb, int precision,
                  const VerbFlags& flags) {
  if (flags.precision) precision = static_cast<int>(*flags.precision);
  const bool negative = std::signbit(value) && !std::isnan(value);
  const char sign = negative ? '-' : flags.plus ? '+' : flags.space ? ' ' : '\0';
  VerbFlags padding = flags;
  std::string text;
  if (!std::isfinite(value)) {
    padding.zero = false;
    text = std::isnan(value) ? "NaN" : "Inf";
    // An infinity has its sign even without a flag.
    if (sign == '\0') return append_padded(out, std::isinf(value) ? "+Inf" : "NaN", padding);
    return append_padded(out, sign + text, padding);
  }
  text = magnitude_text(std::fabs(value), verb, precision, flags.sharp);
  if (flags.sharp) text = with_point(std::move(text), verb, precision);
  if (sign == '\0') return append_padded(out, text, padding);
  if (flags.zero && !flags.minus && flags.width && *flags.width > text.size() + 1) {
    out += sign;
    padding.width = *flags.width - 1;
    return append_padded(out, text, padding);
  }
  append_padded(out, sign + text, padding);
}

void append_unicode(std::string& out, std::uint64_t rune, const VerbFlags& flags) {
  std::string digits;
  for (std::uint64_t rest = rune; rest > 0; rest >>= 4) digits += kUpperDigits[rest & 15];
  const std::size_t digits_min = std::max<std::size_t>(flags.precision.value_or(4), 4);
  if (digits.size() < digits_min) digits.append(digits_min - digits.size(), '0');
  std::reverse(digits.begin(), digits.end());
  std::string text = "U+" + digits;
  if (const auto shown = static_cast<std::uint32_t>(rune);
      flags.sharp && shown == rune && is_printable(shown)) {
    append_rune(text.append(" '"), shown);
    text += '\'';
  }
  VerbFlags padding = flags;
  padding.zero = false;
  append_padded(out, text, padding);
}

void append_hex_bytes(std::string& out, std::string_view text, bool upper, const VerbFlags& flags) {
  const std::string_view alphabet = upper ? kUpperDigits : kLowerDigits;
  const std::string_view prefix = !flags.sharp ? "" : upper ? "0X" : "0x";
  std::string hex;
  for (const char c : text.substr(0, flags.precision.value_or(text.size()))) {
    if (hex.empty()) {
      hex += prefix;
    } else if (flags.space) {
      hex.append(" ").append(prefix);
    }
    const auto byte = static_cast<unsigned char>(c);
    hex += alphabet[byte >> 4];
    hex += alphabet[byte & 15];
  }
  append_padded(out, hex, flags);
}

}  // namespace silverback::templates

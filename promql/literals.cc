#include "promql/literals.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "base/labels.h"
#include "base/number_text.h"
#include "base/utf8.h"

namespace silverback::promql {
namespace {

constexpr std::uint32_t kRuneMax = 0x10ffff;

int digit_value(int c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

// `U+0071 'q'`, as Go writes a rune in messages.
std::string name_rune(const Rune& rune) {
  std::array<char, 8> hex;
  const auto end = std::to_chars(hex.begin(), hex.end(), rune.value, 16).ptr;
  std::string digits(hex.begin(), end);
  std::transform(digits.begin(), digits.end(), digits.begin(),
                 [](char c) { return c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c; });
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  std::string out = "U+" + digits;
  std::string character;
  append_utf8(character, rune.value);
  // quote() shows what is printable as it is, and only that.
  const bool printable =
      rune.value == '"' || rune.value == '\\' || quote(character).size() == character.size() + 2;
  if (printable) out += " '" + character + "'";
  return out;
}

std::optional<std::uint32_t> simple_escape(char c, char quote_mark) {
  if (c == quote_mark) return static_cast<unsigned char>(c);
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
      return '\\';
    default:
      return std::nullopt;
  }
}

struct EscapeDigits {
  std::size_t count = 0;
  int base = 16;
  std::uint32_t max = kRuneMax;
  std::size_t skip = 2;  // the backslash and the letter
};

std::optional<EscapeDigits> digits_after(char c) {
  switch (c) {
    case 'x':
      return EscapeDigits{.count = 2, .max = 0xff};
    case 'u':
      return EscapeDigits{.count = 4};
    case 'U':
      return EscapeDigits{.count = 8};
    default:
      if (c >= '0' && c <= '7') return EscapeDigits{.count = 3, .base = 8, .max = 0xff, .skip = 1};
      return std::nullopt;
  }
}

Escape bad_escape(std::string error) { return Escape{.error = std::move(error)}; }

// Underscores stand between two digits, or between 0x and a digit; they mean nothing.
std::optional<std::string> without_underscores(std::string_view token) {
  const bool hex = token.starts_with("0x") || token.starts_with("0X");
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '_') {
      out.push_back(token[i]);
      continue;
    }
    const auto is_digit = [&](std::size_t at) {
      return at < token.size() && digit_value(token[at]) < (hex ? 16 : 10);
    };
    const bool after_prefix = hex && i == 2;
    if (i == 0 || (!after_prefix && !is_digit(i - 1)) || !is_digit(i + 1)) return std::nullopt;
  }
  return out;
}

std::optional<double> read_integer(std::string_view digits, int base) {
  std::int64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return static_cast<double>(value);
}

// What the lexer's rule for numbers leaves open is the exponent: `1e` and `1e5.5` are none.
bool is_decimal(std::string_view digits) {
  const std::size_t e = digits.find_first_of("eE");
  if (e == std::string_view::npos) return true;
  std::string_view exponent = digits.substr(e + 1);
  if (exponent.starts_with('+') || exponent.starts_with('-')) exponent.remove_prefix(1);
  return !exponent.empty() && exponent.find_first_not_of("0123456789") == std::string_view::npos;
}

tl::unexpected<Error> bad_number(std::string_view token, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, "error parsing number: strconv.ParseFloat: parsing " +
                                               quote(token) + ": " + std::string(why));
}

}  // namespace

Rune rune_at(std::string_view text, std::size_t position) {
  if (position >= text.size()) return {};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[position + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || !is_valid_utf8(text.substr(position, bytes))) return {};
  std::uint32_t value = lead & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) value = (value << 6) | (byte(i) & 0x3fU);
  return {value, bytes};
}

std::string quote_rune(const Rune& rune) {
  if (rune.value == '\'') return R"('\'')";
  if (rune.value == '"') return "'\"'";
  std::string character;
  append_utf8(character, rune.value);
  std::string out = quote(character);
  out.front() = out.back() = '\'';
  return out;
}

Escape read_escape(std::string_view text, std::size_t position, char quote_mark) {
  if (position + 1 >= text.size()) return bad_escape("escape sequence not terminated");
  const char letter = text[position + 1];
  if (const auto value = simple_escape(letter, quote_mark)) return {.bytes = 2, .value = *value};
  const std::optional<EscapeDigits> digits = digits_after(letter);
  if (!digits)
    return bad_escape("unknown escape sequence " + name_rune(rune_at(text, position + 1)));
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < digits->count; ++i) {
    const std::size_t at = position + digits->skip + i;
    if (at >= text.size()) return bad_escape("escape sequence not terminated");
    const int digit = digit_value(text[at]);
    if (digit >= digits->base) {
      return bad_escape("illegal character " + name_rune(rune_at(text, at)) +
                        " in escape sequence");
    }
    value = value * static_cast<std::uint64_t>(digits->base) + static_cast<std::uint64_t>(digit);
  }
  if (value > digits->max || (value >= 0xd800 && value < 0xe000)) {
    return bad_escape("escape sequence is an invalid Unicode code point");
  }
  return {.bytes = digits->skip + digits->count,
          .value = static_cast<std::uint32_t>(value),
          .is_byte = digits->max == 0xff};
}

std::string unquote(std::string_view token) {
  const char quote_mark = token.front();
  const std::string_view body = token.substr(1, token.size() - 2);
  if (quote_mark == '`') return std::string(body);
  std::string out;
  out.reserve(body.size());
  for (std::size_t i = 0; i < body.size();) {
    if (body[i] != '\\') {
      out.push_back(body[i++]);
      continue;
    }
    const Escape escape = read_escape(body, i, quote_mark);
    if (escape.is_byte) {
      out.push_back(static_cast<char>(escape.value));
    } else {
      append_utf8(out, escape.value);
    }
    i += escape.bytes;
  }
  return out;
}

Result<double> read_number(std::string_view token) {
  const std::optional<std::string> digits = without_underscores(token);
  if (!digits) return bad_number(token, "invalid syntax");
  const bool hex = digits->starts_with("0x") || digits->starts_with("0X");
  if (hex) {
    const auto value = read_integer(std::string_view(*digits).substr(2), 16);
    return value ? Result<double>(*value) : bad_number(token, "invalid syntax");
  }
  if (digits->size() > 1 && digits->front() == '0') {
    if (const auto octal = read_integer(*digits, 8)) return *octal;
  }
  if (const auto value = parse_float(*digits)) return *value;
  return bad_number(token, is_decimal(*digits) ? "value out of range" : "invalid syntax");
}

}  // namespace silverback::promql

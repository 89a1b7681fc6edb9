#include "rules/template/rune.h"

#include <algorithm>
#include <array>

#include <locale.h>
#include <wctype.h>

#include "base/labels.h"
#include "base/utf8.h"

namespace silverback::templates {
namespace {

constexpr std::uint32_t kRuneMax = 0x10ffff;
constexpr char kHexDigits[] = "0123456789abcdef";

bool is_surrogate(std::uint32_t rune) { return rune >= 0xd800 && rune <= 0xdfff; }

// Unicode's letters and cases from the C library; only ASCII's where that locale is missing.
locale_t unicode_locale() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

std::uint32_t upper(std::uint32_t rune) {
  if (rune < 0x80) return rune >= 'a' && rune <= 'z' ? rune - 32 : rune;
  if (unicode_locale() == nullptr) return rune;
  return static_cast<std::uint32_t>(towupper_l(static_cast<wint_t>(rune), unicode_locale()));
}

std::uint32_t lower(std::uint32_t rune) {
  if (rune < 0x80) return rune >= 'A' && rune <= 'Z' ? rune + 32 : rune;
  if (unicode_locale() == nullptr) return rune;
  return static_cast<std::uint32_t>(towlower_l(static_cast<wint_t>(rune), unicode_locale()));
}

// Invalid bytes become U+FFFD, as Go's strings.Map makes them.
template <class Change>
std::string map_runes(std::string_view text, Change change) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Rune rune = rune_at(text, i);
    append_rune(out, change(rune.value));
    i += rune.bytes;
  }
  return out;
}

// What separates words for to_title(): in ASCII all but letters, digits and `_`, beyond it spaces.
bool separates_words(std::uint32_t rune) {
  if (is_letter_or_digit(rune)) return false;
  if (rune < 0x80) return true;
  if (rune == 0x85 || rune == 0xa0) return true;
  return unicode_locale() != nullptr &&
         iswspace_l(static_cast<wint_t>(rune), unicode_locale()) != 0;
}

std::optional<std::uint32_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

void append_hex(std::string& out, std::uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHexDigits[value >> shift & 15];
}

// Reads what stands between the quotation marks of a literal, one character at a time.
class LiteralReader {
 public:
  LiteralReader(std::string_view body, char mark) : rest_(body), mark_(mark) {}

  struct Character {
    std::uint32_t value = 0;
    bool is_byte = false;  // \x41 and \101 are bytes, not runes
  };

  bool done() const { return rest_.empty(); }
  // Requires !done(). nullopt: not a character of a literal.
  std::optional<Character> next() {
    if (rest_[0] == mark_ || rest_[0] == '\n') return std::nullopt;
    if (rest_[0] == '\\') return escape();
    const Rune rune = rune_at(rest_, 0);
    if (!rune.valid) {
      const auto byte = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      return Character{byte, true};
    }
    rest_.remove_prefix(rune.bytes);
    return Character{rune.value, false};
  }

 private:
  std::optional<Character> escape() {
    if (rest_.size() < 2) return std::nullopt;
    const char c = rest_[1];
    rest_.remove_prefix(2);
    constexpr std::string_view kNames = "abfnrtv\\";
    constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\";
    if (const std::size_t at = kNames.find(c); at != kNames.npos) {
      return Character{static_cast<unsigned char>(kValues[at]), false};
    }
    if ((c == '"' || c == '\'') && c == mark_)
      return Character{static_cast<unsigned char>(c), false};
    if (c == 'x') return number(2, 16, true);
    if (c == 'u') return number(4, 16, false);
    if (c == 'U') return number(8, 16, false);
    if (c < '0' || c > '7' || rest_.size() < 2) return std::nullopt;
    rest_ = {rest_.data() - 1, rest_.size() + 1};  // the first digit again
    return number(3, 8, true);
  }

  std::optional<Character> number(std::size_t digits, std::uint32_t base, bool is_byte) {
    if (rest_.size() < digits) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : rest_.substr(0, digits)) {
      const std::optional<std::uint32_t> digit = hex_digit(c);
      if (!digit || *digit >= base) return std::nullopt;
      value = value * base + *digit;
    }
    rest_.remove_prefix(digits);
    if (value > (is_byte ? 255u : kRuneMax)) return std::nullopt;
    const auto rune = static_cast<std::uint32_t>(value);
    if (!is_byte && is_surrogate(rune)) return std::nullopt;
    return Character{rune, is_byte};
  }

  std::string_view rest_;
  const char mark_;
};

void append_quoted_rune(std::string& out, std::uint32_t rune, char mark, bool only_ascii) {
  if (rune == static_cast<unsigned char>(mark) || rune == '\\') {
    out += '\\';
    out += static_cast<char>(rune);
    return;
  }
  if ((rune < 0x80 || !only_ascii) && is_printable(rune)) {
    append_rune(out, rune);
    return;
  }
  constexpr std::string_view kNames = "abfnrtv";
  constexpr std::string_view kValues = "\a\b\f\n\r\t\v";
  const std::size_t named = rune < 0x80 ? kValues.find(static_cast<char>(rune)) : kValues.npos;
  if (named != kValues.npos) {
    out += '\\';
    out += kNames[named];
  } else if (rune < ' ' || rune == 0x7f) {
    append_hex(out.append("\\x"), rune, 2);
  } else if (rune < 0x10000) {
    append_hex(out.append("\\u"), rune, 4);
  } else {
    append_hex(out.append("\\U"), rune, 8);
  }
}

}  // namespace

Rune rune_at(std::string_view text, std::size_t position) {
  if (position >= text.size()) return {};
  const auto byte = [&](std::size_t i) {
    return position + i < text.size() ? static_cast<unsigned char>(text[position + i]) : 0u;
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  constexpr Rune kInvalid{kReplacementRune, 1, false};
  if (first < 0xc2 || first > 0xf4) return kInvalid;
  std::uint32_t value = first & (0x7fu >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return kInvalid;
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[bytes] || value > kRuneMax || is_surrogate(value)) return kInvalid;
  return {value, bytes, true};
}

std::size_t rune_count(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) i += rune_at(text, i).bytes;
  return count;
}

std::string_view first_runes(std::string_view text, std::size_t runes) {
  std::size_t end = 0;
  for (; runes > 0 && end < text.size(); --runes) end += rune_at(text, end).bytes;
  return text.substr(0, end);
}

void append_rune(std::string& out, std::uint32_t rune) {
  if (rune > kRuneMax || is_surrogate(rune)) rune = kReplacementRune;
  append_utf8(out, rune);
}

bool is_letter_or_digit(std::uint32_t rune) {
  if (rune < 0x80) {
    return rune == '_' || (rune >= '0' && rune <= '9') || (rune >= 'a' && rune <= 'z') ||
           (rune >= 'A' && rune <= 'Z');
  }
  return unicode_locale() != nullptr &&
         iswalnum_l(static_cast<wint_t>(rune), unicode_locale()) != 0;
}

bool is_printable(std::uint32_t rune) {
  if (rune < 0x80) return rune >= ' ' && rune < 0x7f;
  // quote() shows what is printable as it is, and only that.
  std::string text;
  append_rune(text, rune);
  return quote(text) == '"' + text + '"';
}

std::string describe_rune(std::uint32_t rune) {
  constexpr std::string_view kUpperDigits = "0123456789ABCDEF";
  int digits = 4;
  while (digits < 8 && rune >> (4 * digits) != 0) ++digits;
  std::string out = "U+";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    out += kUpperDigits[rune >> shift & 15];
  if (!is_printable(rune)) return out;
  append_rune(out.append(" '"), rune);
  return out + '\'';
}

std::optional<std::string> unquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return std::nullopt;
  const char mark = literal.front();
  const std::string_view body = literal.substr(1, literal.size() - 2);
  std::string out;
  if (mark == '`') {
    if (body.find('`') != body.npos) return std::nullopt;
    // A carriage return in a raw literal is not part of it, as in Go's source text.
    std::copy_if(body.begin(), body.end(), std::back_inserter(out),
                 [](char c) { return c != '\r'; });
    return out;
  }
  if (mark != '"') return std::nullopt;
  LiteralReader reader(body, mark);
  while (!reader.done()) {
    const auto character = reader.next();
    if (!character) return std::nullopt;
    if (character->is_byte) {
      out += static_cast<char>(character->value);
    } else {
      append_rune(out, character->value);
    }
  }
  return out;
}

Result<std::uint32_t> unquote_rune(std::string_view literal) {
  const auto invalid = [](std::string message) {
    return fail(ErrorCode::kInvalidArgument, std::move(message));
  };
  if (literal.size() < 3) return invalid("invalid syntax");
  LiteralReader reader(literal.substr(1, literal.size() - 2), '\'');
  const auto character = reader.next();
  if (!character) return invalid("invalid syntax");
  if (!reader.done()) return invalid("malformed character constant: " + std::string(literal));
  return character->value;
}

std::string quote_ascii(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const Rune rune = rune_at(text, i);
    if (rune.valid) {
      append_quoted_rune(out, rune.value, '"', true);
    } else {
      append_hex(out.append("\\x"), static_cast<unsigned char>(text[i]), 2);
    }
    i += rune.bytes;
  }
  return out + '"';
}

std::string quote_rune(std::uint32_t rune, bool only_ascii) {
  if (rune > kRuneMax || is_surrogate(rune)) rune = kReplacementRune;
  std::string out = "'";
  append_quoted_rune(out, rune, '\'', only_ascii);
  return out + '\'';
}

bool can_backquote(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Rune rune = rune_at(text, i);
    if (!rune.valid || rune.value == 0xfeff || rune.value == '`' || rune.value == 0x7f ||
        (rune.value < ' ' && rune.value != '\t')) {
      return false;
    }
    i += rune.bytes;
  }
  return true;
}

std::string to_upper(std::string_view text) { return map_runes(text, upper); }
std::string to_lower(std::string_view text) { return map_runes(text, lower); }

std::string to_title(std::string_view text) {
  bool starts_word = true;
  return map_runes(text, [&](std::uint32_t rune) {
    const std::uint32_t changed = starts_word ? upper(rune) : rune;
    starts_word = separates_words(rune);
    return changed;
  });
}

}  // namespace silverback::templates

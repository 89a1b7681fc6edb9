// Text as Go's templates see it: runes of UTF-8 (each invalid byte is one U+FFFD), Go's literals
// read and written, and letters in the other case.
// Threads: free functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace silverback::templates {

inline constexpr std::uint32_t kReplacementRune = 0xfffd;

struct Rune {
  std::uint32_t value = kReplacementRune;
  std::size_t bytes = 0;  // 0 at the end of the text; 1 for an invalid byte
  bool valid = false;
};
// Requires position <= text.size().
Rune rune_at(std::string_view text, std::size_t position);
std::size_t rune_count(std::string_view text);
// The first `runes` of the text.
std::string_view first_runes(std::string_view text, std::size_t runes);
// What is no Unicode scalar value becomes U+FFFD.
void append_rune(std::string& out, std::uint32_t rune);

bool is_letter_or_digit(std::uint32_t rune);  // or `_`: what identifiers are made of
bool is_printable(std::uint32_t rune);

// `U+0041 'A'`, as Go's %#U; without the character if it is not printable.
std::string describe_rune(std::uint32_t rune);

// What a literal stands for: "…" with escapes, or `…`. nullopt if it is not one of Go's.
std::optional<std::string> unquote(std::string_view literal);
// The rune of 'x'. Errors: kInvalidArgument, Go's text.
Result<std::uint32_t> unquote_rune(std::string_view literal);

// Go's strconv.QuoteToASCII. (strconv.Quote is quote() of base/labels.h.)
std::string quote_ascii(std::string_view text);
// 'x', as strconv.QuoteRune or QuoteRuneToASCII.
std::string quote_rune(std::uint32_t rune, bool only_ascii);
// Whether the text can stand between backquotes unchanged.
bool can_backquote(std::string_view text);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
// The first letter of each word in upper case, the rest as it is: Go's strings.Title.
std::string to_title(std::string_view text);

}  // namespace silverback::templates

// What the characters of PromQL's literals mean: strings with Go's escapes, numbers, durations.
// Threads: free functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace silverback::promql {

struct Rune {
  std::uint32_t value = 0xfffd;
  std::size_t bytes = 0;  // 0: the end of the text, or not UTF-8
};
Rune rune_at(std::string_view text, std::size_t position);

// 'x', as Go quotes a rune; what is not printable is escaped.
std::string quote_rune(const Rune& rune);

// One escape sequence of a quoted string.
struct Escape {
  std::size_t bytes = 0;    // of the sequence, its backslash included
  std::uint32_t value = 0;  // the byte for \x41 and \101, else the rune
  bool is_byte = false;
  std::string error = {};  // Prometheus's text, if it is not a sequence
};
// Requires text[position] == '\\'. `quote_mark` is the one that may be escaped.
Escape read_escape(std::string_view text, std::size_t position, char quote_mark);

// The value of a string token, whose syntax the lexer checked.
std::string unquote(std::string_view token);

// The value of a number token: decimal, hexadecimal, octal with a leading 0, Inf, NaN. Errors:
// kInvalidArgument, with Go's text.
Result<double> read_number(std::string_view token);

}  // namespace silverback::promql

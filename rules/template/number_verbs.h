// Numbers and strings as Go's fmt writes them under flags, width and precision.
// Threads: free functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace silverback::templates {

// What stands between `%` and the verb.
struct VerbFlags {
  bool minus = false;  // pad on the right
  bool plus = false;
  bool sharp = false;
  bool space = false;
  bool zero = false;
  bool plus_v = false;   // %+v: field names
  bool sharp_v = false;  // %#v: as in a program
  std::optional<std::size_t> width;
  std::optional<std::size_t> precision;
};

// `text`, filled up to the width.
void append_padded(std::string& out, std::string_view text, const VerbFlags& flags);

// Of %d, %b, %o, %O, %x, %X: base 2 to 16. `upper` for %X. `with_0o` for %O.
struct IntegerForm {
  std::uint64_t base = 10;
  bool upper = false;
  bool with_0o = false;
};
void append_integer(std::string& out, std::int64_t value, const IntegerForm& form,
                    const VerbFlags& flags);

// `verb` is one of e E f F g G b x X; without a precision in the flags `precision` applies (-1: as
// many digits as needed).
void append_float(std::string& out, double value, char verb, int precision, const VerbFlags& flags);

// %U: `U+0041`, with # also the character.
void append_unicode(std::string& out, std::uint64_t rune, const VerbFlags& flags);

// %x and %X of a string: two digits a byte.
void append_hex_bytes(std::string& out, std::string_view text, bool upper, const VerbFlags& flags);

}  // namespace silverback::templates

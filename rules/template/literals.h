// What the numbers of a template mean.
// Threads: free functions.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "rules/template/tree.h"

namespace silverback::templates {

// A number as Go writes it (decimal, 0x, 0o, 0b, `_` between digits, exponents) or a rune in single
// quotes. Imaginary numbers are not known here. Errors: kInvalidArgument, Go's text without the
// place.
Result<Number> read_number(std::string_view text);

// strconv.ParseFloat: decimal or hexadecimal, `_` not taken, infinity and NaN by name. Errors:
// kInvalidArgument, `strconv.ParseFloat: parsing "x": invalid syntax`.
Result<double> read_float(std::string_view text);

}  // namespace silverback::templates

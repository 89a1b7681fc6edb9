// Go's fmt: values as text, by verbs.
//
//   format_verbs("%5.1f%% of %s", values)   also in error: `%!d(string=x)`, `%!v(MISSING)`
//
// Where Go would print an address (an element of a query's result inside a list), the element's
// content stands instead. Threads: free functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rules/template/value.h"

namespace silverback::templates {

// fmt.Sprintf. The text never grows far beyond `bytes_max`: what comes later is left out, so a
// caller that has a limit can see that it was passed.
std::string format_verbs(std::string_view format, std::span<const Value> values,
                         std::size_t bytes_max = 1 << 20);

// fmt.Sprint: %v of each, a blank between two that are not strings.
std::string print_joined(std::span<const Value> values);
// fmt.Sprintln: %v of each, blanks between all, a line feed behind.
std::string print_line(std::span<const Value> values);

// `{map[a:b] 1}`: a sample without the `&` of a pointer.
std::string print_struct(const QuerySample& sample);

}  // namespace silverback::templates

// Upper and lower case of UTF-8 texts, letter by letter as Unicode maps them, whatever the locale
// of the process: "ÄB" <-> "äb". What is not UTF-8 stays. Source: Go's strings.ToUpper and ToLower.
#pragma once

#include <string>
#include <string_view>

namespace silverback {

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

}  // namespace silverback

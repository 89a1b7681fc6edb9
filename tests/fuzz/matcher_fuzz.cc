// What a matcher knows of an expression without running it agrees with running it. The input's
// first line is the expression, the rest the value.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/regex.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace silverback;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line_end = std::min(input.find('\n'), size);
  const std::string_view pattern = input.substr(0, line_end);
  const std::string_view value = input.substr(std::min(line_end + 1, size));
  const auto matcher = Matcher::make(Matcher::Type::kRegex, "l", std::string(pattern));
  const auto automaton = Regex::anchored(pattern);
  if (!automaton) {
    // Only the size of an automaton may be refused where none is needed.
    const bool is_too_large = automaton.error().message.find("too large") != std::string::npos;
    if (matcher && !is_too_large) std::abort();
    return 0;
  }
  if (!matcher) std::abort();
  for (const std::string& literal : matcher->set()) {
    if (!automaton->matches(literal)) std::abort();
  }
  if (!is_valid_utf8(value)) return 0;  // label values are UTF-8
  const bool matches = automaton->matches(value);
  if (matcher->matches(value) != matches) std::abort();
  if (matches && !value.starts_with(matcher->prefix())) std::abort();
  return 0;
}

// What can be said about a regular expression without running it: the literals that it stands for,
// or how every text that it matches begins and ends. Dashboards send mostly such expressions
// (`a|b|c`, `node-[12]`, `api.*`), and an index can look literals up.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace silverback {

struct RegexLiterals {
  // If not empty: the expression matches exactly these texts. Ascending, unique.
  std::vector<std::string> set;
  // Else: every text it matches begins with this.
  std::string prefix;

  // Else: the expression is literal or nothing on either side of one `.*` or `.+`, and so matches
  // exactly the texts `prefix` + at least `middle_bytes_min` bytes of anything + `suffix`.
  bool is_affix = false;
  std::size_t middle_bytes_min = 0;
  std::string suffix;
};

// `pattern` as in Regex::anchored. nullopt if nothing is known, or if the pattern is not one of the
// plain forms understood here (flags, `\b`, Unicode classes, syntax errors): the caller then asks
// Regex, which knows all forms. A result without a set does not mean that the pattern is valid.
std::optional<RegexLiterals> find_regex_literals(std::string_view pattern);

}  // namespace silverback

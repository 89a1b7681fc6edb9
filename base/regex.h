// Go's regular expressions on RE2: the one wrapper, so that syntax, limits and error texts are the
// same everywhere.
// `(?<name>…)` is taken as Go takes it; errors are told in Go's words ("error parsing regexp:
// missing closing ): `(`"). Threads: const access from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace silverback {

class Regex {
 public:
  // Compiles `^(?s:pattern)$`: the whole text must match and `.` matches a line feed, as in PromQL
  // matchers, label_replace and relabelling. Memory of one expression is bounded (64 MiB; Grafana's
  // long alternations fit). Errors: kInvalidArgument.
  static Result<Regex> anchored(std::string_view pattern);

  // Compiles the pattern as it is, for is_in() and replace_all(): it may match anywhere in a text,
  // and `.` does not match a line feed, as in templates. Errors: kInvalidArgument.
  static Result<Regex> unanchored(std::string_view pattern);

  // Whether the whole text matches.
  bool matches(std::string_view text) const;
  // Whether some part of the text matches.
  bool is_in(std::string_view text) const;
  // Go's Regexp.Expand of `replacement` (`$1`, `${name}`, `$$`) with the groups of a match of
  // `text`; nullopt-like: false if `text` does not match, and then `out` is untouched.
  bool expand(std::string_view text, std::string_view replacement, std::string& out) const;
  // Go's Regexp.ReplaceAllString: every match gives way to its expansion of `replacement`. Once the
  // result is longer than `bytes_max` the rest is left out, so that the caller can tell.
  std::string replace_all(std::string_view text, std::string_view replacement,
                          std::size_t bytes_max) const;
  const std::string& pattern() const { return pattern_; }

 private:
  Regex(std::string pattern, std::shared_ptr<const re2::RE2> re);
  static Result<Regex> compile(std::string_view pattern, bool dot_matches_line_feed);
  std::string pattern_;
  std::shared_ptr<const re2::RE2> re_;
};

}  // namespace silverback

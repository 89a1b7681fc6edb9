// A condition on one label: `job="a"`, `job!="a"`, `job=~"a|b"`, `job!~"a.*"`. A label that is
// absent has the value "". Threads: const access from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/regex.h"
#include "base/result.h"

namespace silverback {

class Matcher {
 public:
  enum class Type { kEqual, kNotEqual, kRegex, kNotRegex };

  // Errors: kInvalidArgument for a bad regular expression.
  static Result<Matcher> make(Type type, std::string name, std::string value);
  static Matcher equal(std::string name, std::string value);

  Type type() const { return type_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }  // for a regex, its pattern

  bool matches(std::string_view value) const;
  bool matches(const Labels& labels) const { return matches(labels.get(name_)); }
  // Then the label may also be absent.
  bool matches_empty() const { return matches_empty_; }
  bool is_negative() const { return type_ == Type::kNotEqual || type_ == Type::kNotRegex; }

  // For =~ and !~: what is known without running the automaton, so that an index can look values up
  // instead of testing each. set: the expression is exactly an alternation of these literals
  // (`a|b|c`, `node-[12]`, also one literal); sorted.
  const std::vector<std::string>& set() const { return set_; }
  // Every match starts with this ("" if nothing is known).
  const std::string& prefix() const { return prefix_; }

  // `name="value"`, the name quoted where needed.
  std::string to_string() const;

 private:
  Matcher() = default;
  bool expression_matches(std::string_view value) const;

  Type type_ = Type::kEqual;
  std::string name_, value_;
  bool matches_empty_ = false;
  std::vector<std::string> set_;
  std::string prefix_;
  // Not set: the expression is prefix_, at least middle_bytes_min_ bytes of anything, suffix_.
  std::optional<Regex> regex_;
  std::size_t middle_bytes_min_ = 0;
  std::string suffix_;
};

bool all_match(const std::vector<Matcher>& matchers, const Labels& labels);

}  // namespace silverback

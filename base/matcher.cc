#include "base/matcher.h"

#include <algorithm>
#include <utility>

#include "base/regex_literals.h"

namespace silverback {

Result<Matcher> Matcher::make(Type type, std::string name, std::string value) {
  Matcher matcher;
  matcher.type_ = type;
  matcher.name_ = std::move(name);
  matcher.value_ = std::move(value);
  if (type == Type::kRegex || type == Type::kNotRegex) {
    std::optional<RegexLiterals> literals = find_regex_literals(matcher.value_);
    if (literals) {
      matcher.set_ = std::move(literals->set);
      matcher.prefix_ = std::move(literals->prefix);
      matcher.middle_bytes_min_ = literals->middle_bytes_min;
      matcher.suffix_ = std::move(literals->suffix);
    }
    const bool needs_automaton = !literals || (matcher.set_.empty() && !literals->is_affix);
    if (needs_automaton) matcher.regex_ = TRY(Regex::anchored(matcher.value_));
  }
  matcher.matches_empty_ = matcher.matches("");
  return matcher;
}

Matcher Matcher::equal(std::string name, std::string value) {
  Matcher matcher;
  matcher.name_ = std::move(name);
  matcher.value_ = std::move(value);
  matcher.matches_empty_ = matcher.value_.empty();
  return matcher;
}

bool Matcher::matches(std::string_view value) const {
  switch (type_) {
    case Type::kEqual:
      return value == value_;
    case Type::kNotEqual:
      return value != value_;
    case Type::kRegex:
      return expression_matches(value);
    case Type::kNotRegex:
      return !expression_matches(value);
  }
  __builtin_unreachable();
}

bool Matcher::expression_matches(std::string_view value) const {
  if (!set_.empty()) return std::binary_search(set_.begin(), set_.end(), value);
  if (!value.starts_with(prefix_)) return false;
  if (regex_) return regex_->matches(value);
  return value.size() >= prefix_.size() + middle_bytes_min_ + suffix_.size() &&
         value.ends_with(suffix_);
}

std::string Matcher::to_string() const {
  std::string out = is_legacy_label_name(name_) ? name_ : quote(name_);
  switch (type_) {
    case Type::kEqual:
      out += '=';
      break;
    case Type::kNotEqual:
      out += "!=";
      break;
    case Type::kRegex:
      out += "=~";
      break;
    case Type::kNotRegex:
      out += "!~";
      break;
  }
  return out + quote(value_);
}

bool all_match(const std::vector<Matcher>& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& matcher) { return matcher.matches(labels); });
}

}  // namespace silverback

#include "base/regex.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <re2/re2.h>

#include "base/labels.h"

namespace silverback {
namespace {

// Compiled program plus automaton caches, per expression.
constexpr std::int64_t kMemoryMax = 64 << 20;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view(const re2::StringPiece& text) { return {text.data(), text.size()}; }

Error syntax_error(std::string_view what, std::string_view where) {
  std::string message = "error parsing regexp: ";
  message.append(what).append(": `").append(where).append("`");
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

std::string_view go_words(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return "internal error";
  }
}

// Where Go's syntax and that of RE2 differ: Go takes `(?<name>` beside `(?P<name>`, and does not
// take `\C` (any byte), which could cut a UTF-8 sequence.
class GoSyntax {
 public:
  explicit GoSyntax(std::string_view pattern) : rest_(pattern) {}

  Result<std::string> rewrite() {
    while (!rest_.empty()) {
      if (rest_[0] == '\\') {
        TRY(escape());
      } else if (rest_[0] == '[') {
        character_class();
      } else if (rest_.starts_with("(?<")) {
        take(2);
        out_ += 'P';
      } else {
        take(1);
      }
    }
    return std::move(out_);
  }

 private:
  void take(std::size_t n) {
    out_ += rest_.substr(0, n);
    rest_.remove_prefix(std::min(n, rest_.size()));
  }
  Status escape() {
    if (rest_.starts_with("\\C")) return fail(syntax_error("invalid escape sequence", "\\C"));
    if (rest_.starts_with("\\Q")) {
      const std::size_t end = rest_.find("\\E", 2);
      take(end == std::string_view::npos ? rest_.size() : end + 2);
    } else {
      take(2);
    }
    return {};
  }
  void character_class() {
    take(rest_.starts_with("[^") ? 2 : 1);
    if (rest_.starts_with("]")) take(1);  // a first `]` is itself
    while (!rest_.empty() && rest_[0] != ']') {
      if (rest_[0] == '\\') {
        take(2);
      } else if (const std::size_t end = rest_.find(":]", 2);
                 rest_.starts_with("[:") && end != std::string_view::npos) {
        take(end + 2);
      } else {
        take(1);
      }
    }
    take(1);
  }

  std::string_view rest_;
  std::string out_;
};

// The part of the pattern that RE2 complains about, as it was before `(?<` was rewritten.
std::string as_written(std::string where, std::string_view pattern, std::string_view rewritten) {
  if (where == rewritten) return std::string(pattern);
  const bool is_group = where.starts_with("(?P<");
  if (is_group && pattern.find(where) == std::string_view::npos) where.erase(2, 1);
  return where;
}

// Go takes invalid bytes for U+FFFD, which `.` matches; RE2 would refuse the text.
std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t n = std::min<std::size_t>(4, text.size());
    while (n > 0 && !(is_valid_utf8(text.substr(0, n)))) --n;
    if (n == 0) {
      out += "\xef\xbf\xbd";
      n = 1;
    } else {
      out += text.substr(0, n);
    }
    text.remove_prefix(n);
  }
  return out;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

// The text, or `valid` with a valid copy of it.
std::string_view as_utf8(std::string_view text, std::string& valid) {
  if (is_ascii(text) || is_valid_utf8(text)) return text;
  valid = replace_invalid_utf8(text);
  return valid;
}

// A `$name` or `${name}` at the front of `rest` (which starts after the `$`), taken off.
std::optional<std::string_view> take_reference(std::string_view& rest) {
  static const RE2 name_pattern(R"(([\pL\p{Nd}_]+))");
  const bool braced = rest.starts_with("{");
  re2::StringPiece input = piece(rest.substr(braced ? 1 : 0));
  re2::StringPiece name;
  if (!RE2::Consume(&input, name_pattern, &name)) return std::nullopt;
  std::string_view after = view(input);
  if (braced) {
    if (!after.starts_with("}")) return std::nullopt;
    after.remove_prefix(1);
  }
  rest = after;
  return view(name);
}

// The number that a reference's name is; nullopt if it is a name.
std::optional<std::size_t> group_number(std::string_view name) {
  constexpr std::size_t kNumberMax = 100'000'000;
  if (name.size() > 1 && name[0] == '0') return std::nullopt;
  std::size_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9' || number >= kNumberMax) return std::nullopt;
    number = number * 10 + static_cast<std::size_t>(c - '0');
  }
  return number;
}

using Groups = std::vector<re2::StringPiece>;
Groups groups_for(const RE2& re) {
  return Groups(static_cast<std::size_t>(re.NumberOfCapturingGroups()) + 1);
}

// Go's Regexp.Expand with the groups of a match.
void append_expansion(const RE2& re, const Groups& groups, std::string_view replacement,
                      std::string& out) {
  while (true) {
    const std::size_t dollar = replacement.find('$');
    out += replacement.substr(0, dollar);
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with("$")) {
      out += '$';
      replacement.remove_prefix(1);
      continue;
    }
    const std::optional<std::string_view> name = take_reference(replacement);
    if (!name) {
      out += '$';  // not a reference: itself
      continue;
    }
    std::optional<std::size_t> group = group_number(*name);
    if (!group) {
      const auto& names = re.NamedCapturingGroups();
      const auto it = names.find(std::string(*name));
      if (it != names.end()) group = static_cast<std::size_t>(it->second);
    }
    if (group && *group < groups.size()) out += view(groups[*group]);
  }
}

// Of the character at `position`; 1 at the end of the text. Requires valid UTF-8.
std::size_t character_bytes(std::string_view text, std::size_t position) {
  std::size_t end = position + 1;
  while (end < text.size() && (text[end] & 0xc0) == 0x80) ++end;
  return end - position;
}

}  // namespace

Regex::Regex(std::string pattern, std::shared_ptr<const re2::RE2> re)
    : pattern_(std::move(pattern)), re_(std::move(re)) {}

Result<Regex> Regex::anchored(std::string_view pattern) { return compile(pattern, true); }
Result<Regex> Regex::unanchored(std::string_view pattern) { return compile(pattern, false); }

Result<Regex> Regex::compile(std::string_view pattern, bool dot_matches_line_feed) {
  const std::string rewritten = TRY(GoSyntax(pattern).rewrite());
  RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(dot_matches_line_feed);
  options.set_max_mem(kMemoryMax);
  auto re = std::make_shared<const RE2>(piece(rewritten), options);
  if (!re->ok()) {
    return fail(
        syntax_error(go_words(re->error_code()), as_written(re->error_arg(), pattern, rewritten)));
  }
  return Regex(std::string(pattern), std::move(re));
}

bool Regex::matches(std::string_view text) const {
  std::string valid;
  return RE2::FullMatch(piece(as_utf8(text, valid)), *re_);
}

bool Regex::is_in(std::string_view text) const {
  std::string valid;
  return RE2::PartialMatch(piece(as_utf8(text, valid)), *re_);
}

bool Regex::expand(std::string_view text, std::string_view replacement, std::string& out) const {
  std::string valid;
  text = as_utf8(text, valid);
  Groups groups = groups_for(*re_);
  if (!re_->Match(piece(text), 0, text.size(), RE2::ANCHOR_BOTH, groups.data(),
                  static_cast<int>(groups.size()))) {
    return false;
  }
  append_expansion(*re_, groups, replacement, out);
  return true;
}

std::string Regex::replace_all(std::string_view text, std::string_view replacement,
                               std::size_t bytes_max) const {
  std::string valid;
  text = as_utf8(text, valid);
  Groups groups = groups_for(*re_);
  std::string out;
  std::size_t copied = 0;  // of the text
  for (std::size_t from = 0; from <= text.size() && out.size() <= bytes_max;) {
    if (!re_->Match(piece(text), from, text.size(), RE2::UNANCHORED, groups.data(),
                    static_cast<int>(groups.size()))) {
      break;
    }
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    const std::size_t end = begin + groups[0].size();
    out += text.substr(copied, begin - copied);
    // Nothing, right behind a match, is not another match.
    if (end > copied || begin == 0) append_expansion(*re_, groups, replacement, out);
    copied = end;
    from = std::max(end, from + character_bytes(text, from));
  }
  return out.append(text.substr(copied));
}

}  // namespace silverback

#include "base/regex_literals.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/labels.h"
#include "base/utf8.h"

namespace silverback {
namespace {

// An alternation lists what it lists, but `[0-9][0-9][0-9][0-9]` multiplies, and so does a long
// text before a long alternation.
constexpr std::size_t kProductMax = 1024;
constexpr std::size_t kProductBytesMax = 4 << 20;
constexpr std::size_t kDepthMax = 64;
constexpr std::uint32_t kClassRunesMax = 64;

std::string common_prefix(const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  std::string_view prefix = texts.front();
  for (const std::string& text : texts) {
    const auto end = std::mismatch(prefix.begin(), prefix.end(), text.begin(), text.end()).first;
    prefix = prefix.substr(0, static_cast<std::size_t>(end - prefix.begin()));
  }
  return std::string(prefix);
}

// The texts that a part of an expression matches: all of `exact`, or an unknown set whose members
// begin with `prefix`.
struct Language {
  bool is_exact = true;
  std::vector<std::string> exact;
  std::string prefix;

  static Language only(std::string text) { return {true, {std::move(text)}, {}}; }
  static Language beginning_with(std::string prefix) { return {false, {}, std::move(prefix)}; }

  std::string known_prefix() const { return is_exact ? common_prefix(exact) : prefix; }
};

std::size_t total_bytes(const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size();
  return bytes;
}

bool product_is_small(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  if (left.size() > 1 && right.size() > 1 && left.size() * right.size() > kProductMax) return false;
  return total_bytes(left) * right.size() + total_bytes(right) * left.size() <= kProductBytesMax;
}

void concatenate(Language& left, const Language& right) {
  if (!left.is_exact) return;
  if (right.is_exact && product_is_small(left.exact, right.exact)) {
    if (right.exact.size() == 1) {
      for (std::string& text : left.exact) text += right.exact[0];
      return;
    }
    std::vector<std::string> product;
    product.reserve(left.exact.size() * right.exact.size());
    for (const std::string& head : left.exact) {
      for (const std::string& tail : right.exact) product.push_back(head + tail);
    }
    left.exact = std::move(product);
    return;
  }
  std::string prefix = left.known_prefix();
  if (left.exact.size() == 1) prefix += right.known_prefix();
  left = Language::beginning_with(std::move(prefix));
}

void alternate(Language& left, Language right) {
  if (left.is_exact && right.is_exact) {
    left.exact.insert(left.exact.end(), std::make_move_iterator(right.exact.begin()),
                      std::make_move_iterator(right.exact.end()));
    return;
  }
  left = Language::beginning_with(common_prefix({left.known_prefix(), right.known_prefix()}));
}

// Recursive descent over the plain forms; nullopt from any function means "not understood".
class Analyzer {
 public:
  // Requires valid UTF-8.
  explicit Analyzer(std::string_view pattern) : rest_(pattern) {}

  std::optional<Language> analyze() {
    auto language = alternation(0);
    if (!rest_.empty()) return std::nullopt;  // a stray `)`
    return language;
  }

 private:
  bool take_if(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  char take() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }
  std::uint32_t take_rune() {
    const auto lead = static_cast<unsigned char>(take());
    if (lead < 0x80) return lead;
    const int more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    std::uint32_t rune = lead & (0x3fu >> more);
    for (int i = 0; i < more; ++i) {
      rune = rune << 6 | (static_cast<unsigned char>(take()) & 0x3f);
    }
    return rune;
  }

  std::optional<Language> alternation(std::size_t depth) {
    if (depth > kDepthMax) return std::nullopt;
    std::optional<Language> result = sequence(depth);
    while (result && take_if('|')) {
      std::optional<Language> branch = sequence(depth);
      if (!branch) return std::nullopt;
      alternate(*result, *std::move(branch));
    }
    return result;
  }

  std::optional<Language> sequence(std::size_t depth) {
    Language result = Language::only("");
    // The whole text must match anyhow, so these say nothing at the ends of the whole expression.
    if (depth == 0) take_if('^');
    while (!rest_.empty() && rest_[0] != '|' && rest_[0] != ')') {
      if (depth == 0 && (rest_ == "$" || rest_.starts_with("$|"))) {
        take();
        break;
      }
      std::optional<Language> part = atom(depth);
      if (!part || !repetition(*part)) return std::nullopt;
      concatenate(result, *part);
    }
    return result;
  }

  std::optional<Language> atom(std::size_t depth) {
    switch (rest_[0]) {
      case '(':
        return group(depth);
      case '[':
        return character_class();
      case '\\':
        return escape();
      case '.':
        take();
        return Language::beginning_with("");
      case '^':
      case '$':
      case '*':
      case '+':
      case '?':
      case '{':
        return std::nullopt;
      default:
        return literal();
    }
  }

  // As many plain characters as belong together: a repetition takes only the last one.
  Language literal() {
    std::size_t n = std::min(rest_.find_first_of("\\.+*?()|[]{}^$"), rest_.size());
    if (n == 0) n = 1;  // a `]` or `}` that closes nothing is itself
    const bool is_repeated = n < rest_.size() && is_repetition(rest_[n]);
    std::size_t last = n - 1;
    while ((rest_[last] & 0xc0) == 0x80) --last;
    if (is_repeated && last > 0) n = last;
    Language result = Language::only(std::string(rest_.substr(0, n)));
    rest_.remove_prefix(n);
    return result;
  }

  static bool is_repetition(char c) {
    return std::string_view("*+?{").find(c) != std::string_view::npos;
  }

  // `*`, `+`, `?`, `{n,m}` and their lazy forms. False if not understood.
  bool repetition(Language& part) {
    if (rest_.empty()) return true;
    if (take_if('?')) {
      if (part.is_exact) {
        part.exact.emplace_back();
      } else {
        part = Language::beginning_with("");
      }
    } else if (take_if('*')) {
      part = Language::beginning_with("");
    } else if (take_if('+')) {
      part = Language::beginning_with(part.known_prefix());
    } else if (rest_[0] == '{') {
      return counted_repetition(part);
    } else {
      return true;
    }
    return end_of_repetition();
  }

  bool counted_repetition(Language& part) {
    constexpr int kCountMax = 1000;
    const std::size_t close = rest_.find('}');
    if (close == std::string_view::npos) return false;
    int min = 0;
    const char* const end = rest_.data() + close;
    auto [p, error] = std::from_chars(rest_.data() + 1, end, min);
    if (error != std::errc() || min < 0 || min > kCountMax) return false;
    if (p != end && *p == ',') {
      ++p;
      int max = min;
      if (p != end) {
        const auto parsed = std::from_chars(p, end, max);
        if (parsed.ec != std::errc() || max < min || max > kCountMax) return false;
        p = parsed.ptr;
      }
    }
    if (p != end) return false;
    rest_.remove_prefix(close + 1);
    part = Language::beginning_with(min > 0 ? part.known_prefix() : "");
    return end_of_repetition();
  }

  bool end_of_repetition() {
    take_if('?');  // lazy: the same texts match
    return rest_.empty() || !is_repetition(rest_[0]);
  }

  std::optional<Language> group(std::size_t depth) {
    take();
    if (rest_.starts_with("?:")) {
      rest_.remove_prefix(2);
    } else if (rest_.starts_with("?")) {
      return std::nullopt;  // flags change what everything inside means
    }
    std::optional<Language> inside = alternation(depth + 1);
    if (!take_if(')')) return std::nullopt;
    return inside;
  }

  // The character that an escape stands for; 0 for a class such as \d; nullopt if not understood.
  std::optional<char> escaped_character() {
    take();
    if (rest_.empty()) return std::nullopt;
    const char c = take();
    switch (c) {
      case 'd':
      case 'D':
      case 's':
      case 'S':
      case 'w':
      case 'W':
        return '\0';
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'f':
        return '\f';
      case 'v':
        return '\v';
      case 'a':
        return '\a';
      default: {
        const bool is_punctuation =
            c > 0x20 && c < 0x7f && !is_legacy_label_name({&c, 1}) && !(c >= '0' && c <= '9');
        if (!is_punctuation && c != '_') return std::nullopt;
        return c;
      }
    }
  }

  std::optional<Language> escape() {
    const std::optional<char> c = escaped_character();
    if (!c) return std::nullopt;
    return *c == '\0' ? Language::beginning_with("") : Language::only(std::string(1, *c));
  }

  std::optional<Language> character_class() {
    take();
    bool is_listed = !take_if('^');
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
    for (bool first = true; first || rest_.empty() || rest_[0] != ']'; first = false) {
      if (rest_.empty() || rest_.starts_with("[:")) return std::nullopt;
      // A `-` in the middle is for Regex to judge.
      if (rest_[0] == '-' && !first && !rest_.starts_with("-]")) return std::nullopt;
      const std::optional<std::uint32_t> low = class_character();
      if (!low) return std::nullopt;
      if (*low == 0) {
        is_listed = false;
        if (rest_.starts_with("-") && !rest_.starts_with("-]")) return std::nullopt;
        continue;
      }
      std::uint32_t high = *low;
      if (rest_.starts_with("-") && !rest_.starts_with("-]")) {
        take();
        if (rest_.empty()) return std::nullopt;
        const std::optional<std::uint32_t> end = class_character();
        if (!end || *end < *low) return std::nullopt;
        high = *end;
      }
      ranges.emplace_back(*low, high);
    }
    take();
    return is_listed ? listed(ranges) : Language::beginning_with("");
  }

  std::optional<std::uint32_t> class_character() {
    if (rest_[0] != '\\') return take_rune();
    const std::optional<char> c = escaped_character();
    if (!c) return std::nullopt;
    return static_cast<unsigned char>(*c);
  }

  static Language listed(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& ranges) {
    Language result{true, {}, {}};
    for (const auto& [low, high] : ranges) {
      if (high - low >= kClassRunesMax) return Language::beginning_with("");
      for (std::uint32_t rune = low; rune <= high; ++rune) {
        append_utf8(result.exact.emplace_back(), rune);
      }
    }
    std::sort(result.exact.begin(), result.exact.end());
    result.exact.erase(std::unique(result.exact.begin(), result.exact.end()), result.exact.end());
    return result;
  }

  std::string_view rest_;
};

// `prefix.*suffix`, `.+`, `prefix.*`, …: literal text around one wildcard. Also `.*infix.*` has
// this form, but not its meaning, so the suffix must be literal too.
bool find_affixes(std::string_view pattern, RegexLiterals& found) {
  if (pattern.starts_with('^')) pattern.remove_prefix(1);
  if (pattern.ends_with('$') && !pattern.ends_with("\\$")) pattern.remove_suffix(1);
  const std::size_t dot = pattern.find('.');
  if (dot == std::string_view::npos || dot + 1 >= pattern.size()) return false;
  const char quantifier = pattern[dot + 1];
  if (quantifier != '*' && quantifier != '+') return false;
  const std::string_view prefix = pattern.substr(0, dot);
  const std::string_view suffix = pattern.substr(dot + 2);
  const auto is_plain = [](std::string_view text) {
    return text.find_first_of("\\.+*?()|[]{}^$") == std::string_view::npos;
  };
  if (!is_plain(prefix) || !is_plain(suffix)) return false;
  found.is_affix = true;
  found.middle_bytes_min = quantifier == '+' ? 1 : 0;
  found.prefix = prefix;
  found.suffix = suffix;
  return true;
}

}  // namespace

std::optional<RegexLiterals> find_regex_literals(std::string_view pattern) {
  if (!is_valid_utf8(pattern) || pattern.find('\0') != std::string_view::npos) return std::nullopt;
  RegexLiterals found;
  if (find_affixes(pattern, found)) return found;
  std::optional<Language> language = Analyzer(pattern).analyze();
  if (!language) return std::nullopt;
  if (language->is_exact) {
    found.set = std::move(language->exact);
    std::sort(found.set.begin(), found.set.end());
    found.set.erase(std::unique(found.set.begin(), found.set.end()), found.set.end());
    found.prefix = common_prefix(found.set);
  } else {
    found.prefix = std::move(language->prefix);
  }
  return found;
}

}  // namespace silverback

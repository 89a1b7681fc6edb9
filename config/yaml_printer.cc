#include "config/yaml_printer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "base/labels.h"

namespace silverback::config {
namespace {

enum class Surroundings : std::uint8_t { kBlock, kFlow, kKey };

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// `190:20:30`, which YAML 1.1 takes for a number to the base of 60.
bool is_base_60(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.empty() || !is_digit(text[0]) || text.find(':') == std::string_view::npos) return false;
  return text.find_first_not_of("0123456789_:.") == std::string_view::npos;
}

// `2001-12-14`, with or without a time of day.
bool is_timestamp(std::string_view text) {
  return text.size() >= 8 && std::all_of(text.begin(), text.begin() + 4, is_digit) &&
         text[4] == '-' && is_digit(text[5]);
}

// What a reader would not take for a text if it stood there without quotes.
bool looks_like_something_else(std::string_view text, Surroundings surroundings) {
  YamlNode plain;
  plain.text = text;
  const bool is_merge_key = text == "<<" && surroundings == Surroundings::kKey;
  return plain.is_null() || yaml_bool(plain) || yaml_int(plain) || yaml_float(plain) ||
         is_merge_key || is_base_60(text) || is_timestamp(text);
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

// Characters that YAML does not let stand for themselves: controls of Latin 1, U+2028 and U+2029
// (line breaks to it), the byte order mark, what is no character. `text` is UTF-8.
bool has_unprintable(std::string_view text, std::string_view allowed) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (is_control(text[i]) && allowed.find(text[i]) == std::string_view::npos) return true;
    if (rest.starts_with("\u2028") || rest.starts_with("\u2029") || rest.starts_with("\ufeff") ||
        rest.starts_with("\xef\xbf\xbe") || rest.starts_with("\xef\xbf\xbf"))
      return true;
    if (text[i] == '\xc2' && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xa0)
      return true;
  }
  return false;
}

bool can_be_plain(std::string_view text, Surroundings surroundings) {
  if (text.empty() || looks_like_something_else(text, surroundings)) return false;
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (text.front() == ' ' || text.back() == ' ' || has_unprintable(text, "")) return false;
  constexpr std::string_view kFirst = "#,[]{}&*!|>'\"%@`";
  if (kFirst.find(text[0]) != std::string_view::npos) return false;
  const bool single = text.size() == 1 || text[1] == ' ';
  if ((text[0] == '-' || text[0] == '?') && single) return false;
  const bool block = surroundings == Surroundings::kBlock;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#' && i > 0 && text[i - 1] == ' ') return false;
    if (text[i] == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) return false;
    if (surroundings == Surroundings::kFlow &&
        std::string_view(",?[]{}:").find(text[i]) != std::string_view::npos)
      return false;
  }
  return block || text[0] != '?';
}

// Also what a YAML reader would take for a line break at either end.
bool can_be_single_quoted(std::string_view text) { return !has_unprintable(text, ""); }

bool can_be_literal(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || has_unprintable(text, "\n\t")) return false;
  if (text.front() == ' ' || text.front() == '\n' || text.front() == '\t') return false;
  return text.find(" \n") == std::string_view::npos &&
         text.find("\t\n") == std::string_view::npos && text.back() != ' ' && text.back() != '\t';
}

std::string double_quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const std::string_view rest = text.substr(i);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (is_control(c)) {
      std::array<char, 8> hex{};
      std::snprintf(hex.data(), hex.size(), "\\x%02X", static_cast<unsigned>(c));
      out += hex.data();
    } else if (c == '\xc2' && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xa0) {
      std::array<char, 8> hex{};
      std::snprintf(hex.data(), hex.size(), "\\x%02X", static_cast<unsigned char>(rest[1]));
      out += hex.data();
      ++i;
    } else if (rest.starts_with("\u2028") || rest.starts_with("\u2029")) {
      out += rest.starts_with("\u2028") ? "\\L" : "\\P";
      i += 2;
    } else if (rest.starts_with("\ufeff")) {
      out += "\\uFEFF";
      i += 2;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

class Printer {
 public:
  std::string take() { return std::move(out_); }

  // After a key or a dash: what stands on its line begins with a blank.
  void value(const YamlNode& node, int indent, bool below_dash) {
    switch (node.kind) {
      case YamlNode::Kind::kScalar:
        out_ += ' ';
        scalar(node, Surroundings::kBlock, indent);
        break;
      case YamlNode::Kind::kSequence:
        if (node.items.empty() || node.flow) {
          out_ += ' ';
          flow(node);
        } else if (below_dash) {
          out_ += ' ';
          sequence(node, indent + 2, true);
        } else {
          out_ += '\n';
          sequence(node, indent, false);
        }
        break;
      case YamlNode::Kind::kMapping:
        if (node.entries.empty()) {
          out_ += " {}\n";
        } else if (below_dash) {
          out_ += ' ';
          mapping(node, indent + 2, true);
        } else {
          out_ += '\n';
          mapping(node, indent + 2, false);
        }
        break;
    }
  }

  void document(const YamlNode& node) {
    if (node.kind == YamlNode::Kind::kMapping && !node.entries.empty())
      return mapping(node, 0, false);
    if (node.kind == YamlNode::Kind::kSequence && !node.items.empty() && !node.flow)
      return sequence(node, 0, false);
    value(node, 0, false);
    out_.erase(0, 1);
  }

 private:
  void sequence(const YamlNode& node, int indent, bool on_this_line) {
    for (const YamlNode& item : node.items) {
      if (!on_this_line) out_.append(static_cast<std::size_t>(indent), ' ');
      on_this_line = false;
      out_ += '-';
      value(item, indent, true);
    }
  }

  void mapping(const YamlNode& node, int indent, bool on_this_line) {
    for (const YamlNode::Entry& entry : node.entries) {
      if (!on_this_line) out_.append(static_cast<std::size_t>(indent), ' ');
      on_this_line = false;
      out_ += key(entry.key) + ':';
      value(entry.value, indent, false);
    }
  }

  void flow(const YamlNode& node) {
    out_ += '[';
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (i > 0) out_ += ", ";
      out_ += text(node.items[i], Surroundings::kFlow);
    }
    out_ += "]\n";
  }

  static std::string key(std::string_view key) {
    YamlNode node;
    node.text = key;
    node.quoted = true;
    return text(node, Surroundings::kKey);
  }

  static std::string text(const YamlNode& node, Surroundings surroundings) {
    if (!node.quoted) return node.text;
    if (can_be_plain(node.text, surroundings)) return node.text;
    if (looks_like_something_else(node.text, surroundings) || !can_be_single_quoted(node.text))
      return double_quoted(node.text);
    return single_quoted(node.text);
  }

  void scalar(const YamlNode& node, Surroundings surroundings, int indent) {
    if (!node.quoted || !can_be_literal(node.text)) {
      out_ += text(node, surroundings) + '\n';
      return;
    }
    std::string_view rest = node.text;
    // What follows the last line that has something: nothing, one line feed, more of them.
    out_ += '|';
    if (!rest.ends_with('\n')) out_ += '-';
    if (rest.ends_with("\n\n")) out_ += '+';
    out_ += '\n';
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (end > 0)
        out_.append(static_cast<std::size_t>(indent) + 2, ' ').append(rest.substr(0, end));
      out_ += '\n';
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  std::string out_;
};

}  // namespace

std::string print_yaml(const YamlNode& node) {
  Printer printer;
  printer.document(node);
  return printer.take();
}

}  // namespace silverback::config

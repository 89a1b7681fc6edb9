#include "rules/template/escape.h"

#include "base/url_escape.h"
#include "rules/template/rune.h"

namespace silverback::templates {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

std::string link(std::string_view expression, std::string_view tab) {
  return "/graph?g0.expr=" + query_escape(expression) + "&g0.tab=" + std::string(tab);
}

// What JavaScript's `\` stands for, or empty if the character stands for itself.
std::string_view js_escape_of(std::uint32_t rune) {
  switch (rune) {
    case '\\':
      return R"(\\)";
    case '\'':
      return R"(\')";
    case '"':
      return R"(\")";
    case '<':
      return R"(\u003C)";
    case '>':
      return R"(\u003E)";
    case '&':
      return R"(\u0026)";
    case '=':
      return R"(\u003D)";
    default:
      return "";
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\0':
        append_rune(out, kReplacementRune);
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escape_js(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const Rune rune = rune_at(text, i);
    const std::string_view escape = js_escape_of(rune.value);
    if (!escape.empty()) {
      out += escape;
    } else if (is_printable(rune.value) || rune.value == 0x7f) {
      out += text.substr(i, rune.bytes);
    } else {
      int digits = 4;
      while (rune.value >> (4 * digits) != 0) ++digits;
      out += "\\u";
      for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
        out += kDigits[rune.value >> shift & 15];
      }
    }
    i += rune.bytes;
  }
  return out;
}

std::string graph_link(std::string_view expression) { return link(expression, "0"); }
std::string table_link(std::string_view expression) { return link(expression, "1"); }

}  // namespace silverback::templates

#include "api/escaped_name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "base/labels.h"
#include "base/utf8.h"

namespace silverback::api {
namespace {

using ingest::EscapingScheme;

constexpr std::string_view kPrefix = "U__";

bool is_legacy(std::string_view name, NameKind kind) {
  return kind == NameKind::kMetric ? is_legacy_metric_name(name) : is_legacy_label_name(name);
}

// The bytes of the character at the start of a text in UTF-8.
std::size_t character_bytes(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return std::min(bytes, text.size());
}

std::uint32_t code_point(std::string_view character) {
  if (character.size() == 1) return static_cast<unsigned char>(character[0]);
  std::uint32_t code = static_cast<unsigned char>(character[0]) & (0x7fU >> character.size());
  for (const char byte : character.substr(1))
    code = code << 6 | (static_cast<unsigned char>(byte) & 0x3fU);
  return code;
}

// What stands for a character that a name may not have.
std::string escaped_character(std::string_view character, EscapingScheme scheme) {
  if (scheme == EscapingScheme::kUnderscores) return "_";
  if (scheme == EscapingScheme::kDots) return character == "." ? "_dot_" : "__";
  std::array<char, 8> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), code_point(character), 16);
  return "_" + std::string(digits.data(), end.ptr) + "_";
}

}  // namespace

std::string escape_name(std::string_view name, NameKind kind, EscapingScheme scheme) {
  if (scheme == EscapingScheme::kAllowUtf8 || is_legacy(name, kind)) return std::string(name);
  std::string out;
  if (scheme == EscapingScheme::kValues) out = kPrefix;
  for (std::size_t at = 0; at < name.size();) {
    const std::string_view character = name.substr(at, character_bytes(name.substr(at)));
    const bool is_first = at == 0;
    at += character.size();
    // Without a letter before it, a digit is no name; behind one it may stand.
    const std::string probe = (is_first ? "" : "a") + std::string(character);
    if (character == "_" && scheme != EscapingScheme::kUnderscores) {
      out += "__";
    } else if (is_legacy(probe, kind)) {
      out += character;
    } else {
      out += escaped_character(character, scheme);
    }
  }
  return out;
}

std::string unescape_name(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::string(name);
  std::string_view rest = name.substr(kPrefix.size());
  std::string out;
  while (!rest.empty()) {
    if (rest[0] != '_') {
      out += rest[0];
      rest.remove_prefix(1);
      continue;
    }
    const std::size_t end = rest.find('_', 1);
    if (end == std::string_view::npos || end > 7) return std::string(name);
    if (end == 1) {
      out += '_';
    } else {
      std::uint32_t code = 0;
      const auto [stop, error] = std::from_chars(rest.data() + 1, rest.data() + end, code, 16);
      const bool is_character = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
      if (error != std::errc() || stop != rest.data() + end || !is_character) {
        return std::string(name);
      }
      append_utf8(out, code);
    }
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace silverback::api

#include "api/escaped_name.h"

#include <charconv>
#include <cstdint>

namespace silverback::api {
namespace {

constexpr std::string_view kPrefix = "U__";

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

}  // namespace

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

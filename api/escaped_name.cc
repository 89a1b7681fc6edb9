#include "api/escaped_name.h"

#include <charconv>
#include <cstdint>

#include "base/utf8.h"

namespace silverback::api {
namespace {

constexpr std::string_view kPrefix = "U__";

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

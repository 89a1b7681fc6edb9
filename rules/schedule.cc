#include "rules/schedule.h"

#include <string>

#include <xxhash.h>

namespace silverback::rules {
namespace {

// Prometheus compatibility: its label sets have a length before each text, in one byte, or in four
// if it is 255 or more; what is hashed are the bytes of such a set.
void append_text(std::string& out, std::string_view text) {
  const std::size_t size = text.size();
  if (size < 255) {
    out += static_cast<char>(size);
  } else {
    out += '\xff';
    for (int shift = 0; shift < 24; shift += 8) out += static_cast<char>((size >> shift) & 0xff);
  }
  out += text;
}

}  // namespace

TimestampNs slot_offset(std::string_view file, std::string_view group, TimestampNs interval) {
  std::string bytes;
  for (const std::string_view text :
       {std::string_view("file"), file, std::string_view("name"), group})
    append_text(bytes, text);
  return static_cast<TimestampNs>(XXH64(bytes.data(), bytes.size(), 0) %
                                  static_cast<std::uint64_t>(interval));
}

}  // namespace silverback::rules

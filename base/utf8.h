// UTF-8, byte by byte. Source: RFC 3629. (Whether a text is UTF-8: base/labels.h.)
// Threads: free functions.
#pragma once

#include <cstdint>
#include <string>

namespace silverback {

// Appends a code point. Requires rune <= 0x10ffff; a surrogate gives the three bytes that it would
// have, which are no UTF-8.
void append_utf8(std::string& out, std::uint32_t rune);

}  // namespace silverback

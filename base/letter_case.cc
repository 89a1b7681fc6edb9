#include "base/letter_case.h"

#include <algorithm>
#include <clocale>
#include <cwctype>

#include <locale.h>

namespace silverback {
namespace {

// Never freed: one for the life of the program. Null where the C library does not know it.
locale_t unicode_locale() {
  static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

// Length of the sequence that begins with `lead`; 0: none does.
std::size_t sequence_bytes(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

// The letter at the start of `text`, taking `bytes`; 0 bytes if there is none.
wint_t decode(std::string_view text, std::size_t& bytes) {
  bytes = sequence_bytes(static_cast<unsigned char>(text[0]));
  if (bytes == 0 || bytes > text.size()) {
    bytes = 0;
    return 0;
  }
  if (bytes == 1) return static_cast<unsigned char>(text[0]);
  wint_t letter = static_cast<unsigned char>(text[0]) & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0U) != 0x80U) {
      bytes = 0;
      return 0;
    }
    letter = letter << 6 | (byte & 0x3fU);
  }
  return letter;
}

void encode(std::string& out, wint_t letter) {
  const auto tail = [&](unsigned shift) {
    out.push_back(static_cast<char>(0x80U | (letter >> shift & 0x3fU)));
  };
  if (letter < 0x80) {
    out.push_back(static_cast<char>(letter));
  } else if (letter < 0x800) {
    out.push_back(static_cast<char>(0xc0U | letter >> 6));
    tail(0);
  } else if (letter < 0x10000) {
    out.push_back(static_cast<char>(0xe0U | letter >> 12));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0U | letter >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

template <class Map>
std::string map_letters(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t bytes = 0;
    const wint_t letter = decode(text, bytes);
    if (bytes == 0) {
      out.push_back(text[0]);
      bytes = 1;
    } else {
      encode(out, map(letter));
    }
    text.remove_prefix(bytes);
  }
  return out;
}

}  // namespace

std::string to_lower(std::string_view text) {
  return map_letters(text, [](wint_t letter) {
    if (letter < 0x80) return letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter;
    return unicode_locale() == nullptr ? letter : ::towlower_l(letter, unicode_locale());
  });
}

std::string to_upper(std::string_view text) {
  return map_letters(text, [](wint_t letter) {
    if (letter < 0x80) return letter >= 'a' && letter <= 'z' ? letter - ('a' - 'A') : letter;
    return unicode_locale() == nullptr ? letter : ::towupper_l(letter, unicode_locale());
  });
}

}  // namespace silverback

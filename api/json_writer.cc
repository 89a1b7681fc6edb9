#include "api/json_writer.h"

#include <array>
#include <cmath>

#include "base/number_text.h"

namespace silverback::api {
namespace {

// Bytes that cannot be copied as they are: controls, quote, backslash, and all that is not ASCII.
constexpr std::array<bool, 256> kNeedsCare = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 256; ++c) table[c] = c < 0x20 || c == '"' || c == '\\' || c >= 0x7f;
  return table;
}();

// Length of the UTF-8 sequence that `text` starts with, 0 if it is not one.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  if (length < 3) return length;
  // Overlong forms, surrogates, and what is past U+10FFFF.
  const unsigned char second = byte(1);
  const bool bad = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                   (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return bad ? 0 : length;
}

void append_escaped(std::string& out, unsigned char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && !kNeedsCare[static_cast<unsigned char>(text[plain])]) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text[0]);
    if (c < 0x80) {
      append_escaped(out, c);
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = utf8_length(text);
    if (length == 0)
      out += "\\ufffd";
    else
      out.append(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  separate();
  append_json_float(out_, std::isfinite(value) ? value : 0);
  return *this;
}

JsonWriter& JsonWriter::quoted_float(double value) {
  separate();
  out_ += '"';
  append_json_float(out_, value);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::timestamp(TimestampMs t) {
  separate();
  append_json_timestamp(out_, t);
  return *this;
}

JsonWriter& JsonWriter::labels(const Labels& labels) {
  separate();
  out_ += '{';
  bool first = true;
  for (const Label& label : labels) {
    if (!first) out_ += ',';
    first = false;
    append_json_string(out_, label.name);
    out_ += ':';
    append_json_string(out_, label.value);
  }
  out_ += '}';
  return *this;
}

}  // namespace silverback::api

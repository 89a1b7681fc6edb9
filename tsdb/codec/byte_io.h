// Little-endian integers, varints (LEB128) and length-prefixed strings: the words that all files of
// the store are written in. Threads: value types.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace silverback::tsdb {

static_assert(std::endian::native == std::endian::little, "files are little-endian; so are we");

template <class T>
T load_unaligned(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class T>
void put_fixed(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Small magnitudes of either sign become small unsigned numbers: 0, -1, 1, -2 → 0, 1, 2, 3.
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

inline void put_signed(std::string& out, std::int64_t value) { put_varint(out, zigzag(value)); }

inline void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

inline std::span<const std::byte> as_byte_span(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Reads what the functions above wrote. Never past the end: a read that does not fit returns zero
// or an empty string and makes ok() false for good, so that a caller checks once, at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes)
      : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return next_ == end_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - next_); }

  template <class T>
  T fixed() {
    if (left() < sizeof(T)) return broken<T>();
    const T value = load_unaligned<T>(next_);
    next_ += sizeof(T);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (next_ == end_) return broken<std::uint64_t>();
      const auto byte = static_cast<std::uint8_t>(*next_++);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return broken<std::uint64_t>();
  }
  // A varint that must fit 32 bits.
  std::uint32_t varint32() {
    const std::uint64_t value = varint();
    if (value > 0xffff'ffff) return broken<std::uint32_t>();
    return static_cast<std::uint32_t>(value);
  }
  std::int64_t signed_varint() { return unzigzag(varint()); }
  std::string_view bytes(std::uint64_t count) {
    if (left() < count) return broken<std::string_view>();
    const std::string_view taken(next_, static_cast<std::size_t>(count));
    next_ += count;
    return taken;
  }
  std::string_view text() { return bytes(varint()); }

 private:
  template <class T>
  T broken() {
    ok_ = false;
    next_ = end_;
    return T{};
  }

  const char* next_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace silverback::tsdb

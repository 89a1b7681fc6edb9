#include "base/labels.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <random>
#include <span>

#include <re2/re2.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace silverback {
namespace {

// Lengths are LEB128; nearly all fit one byte.
void put_varint(std::string& out, std::size_t n) {
  while (n >= 0x80) {
    out.push_back(static_cast<char>(n | 0x80));
    n >>= 7;
  }
  out.push_back(static_cast<char>(n));
}

inline std::string_view take_string(const char*& p) {
  std::size_t n = static_cast<unsigned char>(*p++);
  if (n >= 0x80) [[unlikely]] {
    n &= 0x7f;
    for (unsigned shift = 7;; shift += 7) {
      const auto byte = static_cast<unsigned char>(*p++);
      n |= static_cast<std::size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
  }
  const std::string_view text(p, n);
  p += n;
  return text;
}

// Values come from outside: without a seed, colliding label sets could be made up.
std::uint64_t hash_seed() {
  static const std::uint64_t seed = [] {
    std::random_device random;
    return (static_cast<std::uint64_t>(random()) << 32) | random();
  }();
  return seed;
}

// Bytes of the UTF-8 sequence at `p`, 0 if it is invalid (overlong, surrogate, cut off).
std::size_t utf8_sequence_bytes(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4 || !continues(1)) return 0;
  if (lead < 0xe0) return 2;
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;  // overlong
  if (lead == 0xed && byte(1) > 0x9f) return 0;  // surrogate
  if (!continues(2)) return 0;
  if (lead < 0xf0) return 3;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;  // overlong
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;  // beyond U+10FFFF
  return continues(3) ? 4 : 0;
}

std::uint32_t decode_utf8(std::string_view sequence) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  constexpr std::array<unsigned, 5> kLeadMask = {0, 0x7f, 0x1f, 0x0f, 0x07};
  std::uint32_t rune = byte(0) & kLeadMask[sequence.size()];
  for (std::size_t i = 1; i < sequence.size(); ++i) rune = (rune << 6) | (byte(i) & 0x3f);
  return rune;
}

// Go's unicode.IsPrint, for what is not ASCII. RE2 carries the tables anyhow.
bool is_printable(std::string_view sequence) {
  static const RE2 printable(R"([\pL\pM\pN\pP\pS])");
  return RE2::FullMatch(re2::StringPiece(sequence.data(), sequence.size()), printable);
}

void append_hex(std::string& out, std::uint32_t value, unsigned digits) {
  for (unsigned i = digits; i-- > 0;) out.push_back("0123456789abcdef"[(value >> (4 * i)) & 0xf]);
}

void append_ascii_quoted(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\a':
      out += "\\a";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
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
    case '\v':
      out += "\\v";
      return;
    default:
      break;
  }
  if (c < 0x20 || c == 0x7f) {
    out += "\\x";
    append_hex(out, static_cast<unsigned char>(c), 2);
  } else {
    out.push_back(c);
  }
}

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_rest(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

struct NameLess {
  using Pair = std::pair<std::string, std::string>;
  bool operator()(const Pair& label, std::string_view name) const { return label.first < name; }
};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Labels::Labels(std::initializer_list<Label> labels) {
  std::vector<Label> sorted(labels);
  std::sort(sorted.begin(), sorted.end());
  *this = from_sorted(sorted);
}

Labels Labels::from_sorted(const std::vector<Label>& labels) {
  std::size_t bytes = 0;
  for (const Label& label : labels) bytes += label.name.size() + label.value.size() + 2;
  Labels result;
  result.bytes_.reserve(bytes);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    assert(i == 0 || labels[i - 1].name < labels[i].name);
    result.append(labels[i].name, labels[i].value);
  }
  return result;
}

Labels Labels::from_bytes(std::string bytes) {
  Labels result;
  result.bytes_ = std::move(bytes);
  return result;
}

void Labels::append(std::string_view name, std::string_view value) {
  if (value.empty()) return;
  put_varint(bytes_, name.size());
  bytes_ += name;
  put_varint(bytes_, value.size());
  bytes_ += value;
}

std::string_view Labels::get(std::string_view name) const {
  if (name.empty()) return {};
  const char* p = bytes_.data();
  const char* const end = p + bytes_.size();
  const auto first = static_cast<unsigned char>(name[0]);
  while (p < end) {
    const std::string_view this_name = take_string(p);
    const std::string_view value = take_string(p);
    if (this_name == name) return value;
    // Names ascend. The first byte tells nearly as much as the whole name, and costs no call.
    if (!this_name.empty() && static_cast<unsigned char>(this_name[0]) > first) break;
  }
  return {};
}

std::size_t Labels::size() const {
  const char* p = bytes_.data();
  const char* const end = p + bytes_.size();
  std::size_t count = 0;
  for (; p < end; ++count) {
    take_string(p);
    take_string(p);
  }
  return count;
}

std::uint64_t Labels::hash() const {
  return XXH3_64bits_withSeed(bytes_.data(), bytes_.size(), hash_seed());
}

std::string Labels::to_string() const {
  const std::string_view metric = metric_name();
  const bool plain_metric = is_legacy_metric_name(metric);
  std::string out;
  if (plain_metric) out += metric;
  std::string inside;
  if (!metric.empty() && !plain_metric) inside += quote(metric);
  for (const Label& label : *this) {
    if (label.name == kMetricName) continue;
    if (!inside.empty()) inside += ", ";
    inside += is_legacy_label_name(label.name) ? std::string(label.name) : quote(label.name);
    inside += '=';
    inside += quote(label.value);
  }
  if (!inside.empty() || !plain_metric) out.append("{").append(inside).append("}");
  return out;
}

void Labels::Iterator::decode() {
  if (position_ == end_) return;
  const char* p = position_;
  label_.name = take_string(p);
  label_.value = take_string(p);
  next_ = p;
}

std::strong_ordering Labels::operator<=>(const Labels& other) const {
  const char* a = bytes_.data();
  const char* b = other.bytes_.data();
  const char* const a_end = a + bytes_.size();
  const char* const b_end = b + other.bytes_.size();
  while (a < a_end && b < b_end) {
    // Name, then value: both are compared alike, so no need to know which one this is.
    if (const auto order = take_string(a) <=> take_string(b); order != 0) return order;
  }
  return (a < a_end) <=> (b < b_end);
}

void LabelsBuilder::reset(const Labels& base) {
  // Assigning to the strings that are there keeps their memory.
  std::size_t used = 0;
  for (const Label& label : base) {
    if (used == labels_.size()) labels_.emplace_back();
    labels_[used].first.assign(label.name);
    labels_[used].second.assign(label.value);
    ++used;
  }
  labels_.resize(used);
}

LabelsBuilder& LabelsBuilder::set(std::string_view name, std::string_view value) {
  if (value.empty()) return remove(name);
  const auto it = std::lower_bound(labels_.begin(), labels_.end(), name, NameLess{});
  if (it != labels_.end() && it->first == name) {
    it->second.assign(value);
  } else {
    labels_.emplace(it, name, value);
  }
  return *this;
}

LabelsBuilder& LabelsBuilder::remove(std::string_view name) {
  const auto it = std::lower_bound(labels_.begin(), labels_.end(), name, NameLess{});
  if (it != labels_.end() && it->first == name) labels_.erase(it);
  return *this;
}

LabelsBuilder& LabelsBuilder::keep_only(const std::vector<std::string>& names) {
  std::erase_if(labels_, [&](const auto& label) { return !contains(names, label.first); });
  return *this;
}

LabelsBuilder& LabelsBuilder::remove_all(const std::vector<std::string>& names) {
  std::erase_if(labels_, [&](const auto& label) { return contains(names, label.first); });
  return *this;
}

std::string_view LabelsBuilder::get(std::string_view name) const {
  const auto it = std::lower_bound(labels_.begin(), labels_.end(), name, NameLess{});
  return it != labels_.end() && it->first == name ? std::string_view(it->second)
                                                  : std::string_view();
}

Labels LabelsBuilder::build() const {
  std::size_t bytes = 0;
  for (const auto& label : labels_) bytes += label.first.size() + label.second.size() + 2;
  Labels result;
  result.bytes_.reserve(bytes);
  for (const auto& label : labels_) result.append(label.first, label.second);
  return result;
}

bool is_legacy_label_name(std::string_view name) {
  return !name.empty() && is_name_start(name[0]) &&
         std::all_of(name.begin() + 1, name.end(), is_name_rest);
}

bool is_legacy_metric_name(std::string_view name) {
  return !name.empty() && (is_name_start(name[0]) || name[0] == ':') &&
         std::all_of(name.begin() + 1, name.end(),
                     [](char c) { return is_name_rest(c) || c == ':'; });
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    // Most text is ASCII: no top bit in eight bytes at once.
    std::uint64_t eight = 0;
    if (text.size() >= sizeof(eight)) {
      std::memcpy(&eight, text.data(), sizeof(eight));
      if ((eight & 0x8080'8080'8080'8080) == 0) {
        text.remove_prefix(sizeof(eight));
        continue;
      }
    }
    const std::size_t n = utf8_sequence_bytes(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

std::string quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out.push_back('"');
  while (!text.empty()) {
    const std::size_t n = utf8_sequence_bytes(text);
    if (n == 1) {
      append_ascii_quoted(out, text[0]);
    } else if (n == 0) {
      out += "\\x";
      append_hex(out, static_cast<unsigned char>(text[0]), 2);
    } else if (const std::string_view sequence = text.substr(0, n); is_printable(sequence)) {
      out += sequence;
    } else {
      const std::uint32_t rune = decode_utf8(sequence);
      out += rune < 0x10000 ? "\\u" : "\\U";
      append_hex(out, rune, rune < 0x10000 ? 4 : 8);
    }
    text.remove_prefix(std::max<std::size_t>(n, 1));
  }
  out.push_back('"');
  return out;
}

}  // namespace silverback

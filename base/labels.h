// A label set: the identity of a series. Immutable, sorted by name, names unique, values never
// empty (a label with an empty value is the same as no label). Names and values are any UTF-8.
//
// One string holds everything: varint(name bytes) name varint(value bytes) value, … in order of
// names. So a copy is one allocation, equality and hashing are one pass over bytes, and iteration
// allocates nothing. Threads: a value type; const access from any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace silverback {

inline constexpr std::string_view kMetricName = "__name__";

struct Label {
  std::string_view name;
  std::string_view value;
  auto operator<=>(const Label&) const = default;
};

class Labels {
 public:
  Labels() = default;
  // Any order; empty values are left out. For tests and short constant sets. Requires unique names.
  Labels(std::initializer_list<Label> labels);
  // Requires names ascending and unique; empty values are left out.
  static Labels from_sorted(const std::vector<Label>& labels);
  // The reverse of bytes(). Requires bytes that bytes() returned (callers check a checksum before).
  static Labels from_bytes(std::string bytes);

  // The value, or "" if there is no such label: in PromQL the two are one.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const { return !get(name).empty(); }
  std::string_view metric_name() const { return get(kMetricName); }

  bool empty() const { return bytes_.empty(); }
  std::size_t size() const;
  // The encoding above; equal label sets have equal bytes. It does not sort as label sets do.
  std::string_view bytes() const { return bytes_; }
  // Stable within one process only.
  std::uint64_t hash() const;

  // `name{a="b", c="d"}` as Prometheus prints a metric: names quoted where they are not
  // legacy-valid, values escaped; `{}` if empty.
  std::string to_string() const;

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Label;
    using difference_type = std::ptrdiff_t;
    using pointer = const Label*;
    using reference = const Label&;

    Iterator() = default;
    reference operator*() const { return label_; }
    pointer operator->() const { return &label_; }
    Iterator& operator++() {
      position_ = next_;
      decode();
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++*this;
      return old;
    }
    bool operator==(const Iterator& other) const { return position_ == other.position_; }

   private:
    friend class Labels;
    Iterator(const char* position, const char* end) : position_(position), end_(end) { decode(); }
    void decode();

    const char* position_ = nullptr;
    const char* next_ = nullptr;
    const char* end_ = nullptr;
    Label label_;
  };
  Iterator begin() const { return {bytes_.data(), bytes_.data() + bytes_.size()}; }
  Iterator end() const {
    const char* end = bytes_.data() + bytes_.size();
    return {end, end};
  }

  bool operator==(const Labels& other) const { return bytes_ == other.bytes_; }
  // Prometheus's order: label by label, name before value, a prefix before what it starts.
  std::strong_ordering operator<=>(const Labels& other) const;

 private:
  friend class LabelsBuilder;
  void append(std::string_view name, std::string_view value);

  std::string bytes_;
};

// Changes a label set. Cheap to reuse: reset() keeps the memory.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base) { reset(base); }

  void reset(const Labels& base);
  void clear() { labels_.clear(); }
  // An empty value removes the label.
  LabelsBuilder& set(std::string_view name, std::string_view value);
  LabelsBuilder& remove(std::string_view name);
  LabelsBuilder& keep_only(const std::vector<std::string>& names);
  LabelsBuilder& remove_all(const std::vector<std::string>& names);
  std::string_view get(std::string_view name) const;
  Labels build() const;

 private:
  std::vector<std::pair<std::string, std::string>> labels_;  // sorted by name
};

// [a-zA-Z_][a-zA-Z0-9_]*: what the 0.0.4 text format and unquoted PromQL take as a label name; a
// metric name may have `:` too.
bool is_legacy_label_name(std::string_view name);
bool is_legacy_metric_name(std::string_view name);
bool is_valid_utf8(std::string_view text);
// A Go string literal in double quotes, as strconv.Quote makes it.
std::string quote(std::string_view text);

}  // namespace silverback

template <>
struct std::hash<silverback::Labels> {
  std::size_t operator()(const silverback::Labels& labels) const { return labels.hash(); }
};

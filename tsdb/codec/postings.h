// The series that carry one label pair: a set of u32 ids. Most pairs have one series (a pod's name)
// and few have very many (a job's), so: no memory for one id, a sorted vector for few, a roaring
// bitmap for many. IdSet is the mutable big set that queries compute with. Threads: const access
// from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

struct roaring_bitmap_s;

namespace silverback::tsdb {

class IdSet {
 public:
  IdSet();
  IdSet(const IdSet& other);
  IdSet(IdSet&& other) noexcept : bitmap_(std::exchange(other.bitmap_, nullptr)) {}
  IdSet& operator=(IdSet other) noexcept {
    std::swap(bitmap_, other.bitmap_);
    return *this;
  }
  ~IdSet();

  void add(std::uint32_t id);
  void remove(std::uint32_t id);
  bool contains(std::uint32_t id) const;
  bool empty() const;
  std::uint64_t size() const;
  void intersect(const IdSet& other);
  void unite(const IdSet& other);
  void subtract(const IdSet& other);
  std::vector<std::uint32_t> ids() const;  // ascending

 private:
  friend class Postings;
  roaring_bitmap_s* bitmap_;  // null only after a move
};

class Postings {
 public:
  // Fewer ids than this are a vector: a bitmap of few, spread ids is larger and slower.
  static constexpr std::uint32_t kBitmapIds = 64;

  Postings() = default;
  Postings(const Postings&) = delete;
  Postings& operator=(const Postings&) = delete;
  Postings(Postings&& other) noexcept { swap(other); }
  Postings& operator=(Postings&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Postings();

  void add(std::uint32_t id);     // Requires that it is not in
  void remove(std::uint32_t id);  // Requires that it is in
  std::uint32_t size() const { return size_; }
  bool contains(std::uint32_t id) const;

  void unite_into(IdSet& set) const;
  void intersect_into(IdSet& set) const;
  void subtract_from(IdSet& set) const;
  std::vector<std::uint32_t> ids() const;  // ascending
  // Whether it holds for an id; asks until it does.
  bool any_of(const std::function<bool(std::uint32_t id)>& holds) const;

 private:
  void swap(Postings& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    std::swap(data_, other.data_);
  }
  bool is_bitmap() const { return capacity_ == kIsBitmap; }
  const std::uint32_t* few() const { return capacity_ == 0 ? &data_.one : data_.few; }

  static constexpr std::uint32_t kIsBitmap = 0xffff'ffff;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;  // of `few`; 0: `one` is used; kIsBitmap: `many`
  union {
    std::uint32_t one;
    std::uint32_t* few;  // ascending
    roaring_bitmap_s* many;
  } data_ = {};
};

}  // namespace silverback::tsdb

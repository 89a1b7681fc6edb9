#include "tsdb/codec/postings.h"

#include <algorithm>

#include <roaring/roaring.h>

namespace silverback::tsdb {

IdSet::IdSet() : bitmap_(roaring_bitmap_create()) {}
IdSet::IdSet(const IdSet& other) : bitmap_(roaring_bitmap_copy(other.bitmap_)) {}
IdSet::~IdSet() {
  if (bitmap_ != nullptr) roaring_bitmap_free(bitmap_);
}

void IdSet::add(std::uint32_t id) { roaring_bitmap_add(bitmap_, id); }
void IdSet::remove(std::uint32_t id) { roaring_bitmap_remove(bitmap_, id); }
bool IdSet::contains(std::uint32_t id) const { return roaring_bitmap_contains(bitmap_, id); }
bool IdSet::empty() const { return roaring_bitmap_is_empty(bitmap_); }
std::uint64_t IdSet::size() const { return roaring_bitmap_get_cardinality(bitmap_); }
void IdSet::intersect(const IdSet& other) { roaring_bitmap_and_inplace(bitmap_, other.bitmap_); }
void IdSet::unite(const IdSet& other) { roaring_bitmap_or_inplace(bitmap_, other.bitmap_); }
void IdSet::subtract(const IdSet& other) { roaring_bitmap_andnot_inplace(bitmap_, other.bitmap_); }

std::vector<std::uint32_t> IdSet::ids() const {
  std::vector<std::uint32_t> ids(static_cast<std::size_t>(size()));
  roaring_bitmap_to_uint32_array(bitmap_, ids.data());
  return ids;
}

Postings::~Postings() {
  if (is_bitmap()) {
    roaring_bitmap_free(data_.many);
  } else if (capacity_ > 0) {
    delete[] data_.few;
  }
}

void Postings::add(std::uint32_t id) {
  if (is_bitmap()) {
    roaring_bitmap_add(data_.many, id);
    ++size_;
    return;
  }
  if (size_ == 0) {
    if (capacity_ == 0) {
      data_.one = id;
    } else {
      data_.few[0] = id;
    }
    size_ = 1;
    return;
  }
  if (size_ + 1 >= kBitmapIds) {
    roaring_bitmap_t* many = roaring_bitmap_of_ptr(size_, few());
    roaring_bitmap_add(many, id);
    if (capacity_ > 0) delete[] data_.few;
    data_.many = many;
    capacity_ = kIsBitmap;
    ++size_;
    return;
  }
  const std::uint32_t room = std::max(capacity_, 1U);
  if (size_ == room) {
    const std::uint32_t grown = room * 2;
    auto* ids = new std::uint32_t[grown];
    std::copy_n(few(), size_, ids);
    if (capacity_ > 0) delete[] data_.few;
    data_.few = ids;
    capacity_ = grown;
  }
  std::uint32_t* end = data_.few + size_;
  std::uint32_t* place = std::lower_bound(data_.few, end, id);
  std::copy_backward(place, end, end + 1);
  *place = id;
  ++size_;
}

void Postings::remove(std::uint32_t id) {
  --size_;
  if (is_bitmap()) {
    roaring_bitmap_remove(data_.many, id);
  } else if (capacity_ > 0) {
    std::uint32_t* end = data_.few + size_ + 1;
    std::uint32_t* place = std::lower_bound(data_.few, end, id);
    std::copy(place + 1, end, place);
  }
}

bool Postings::contains(std::uint32_t id) const {
  if (is_bitmap()) return roaring_bitmap_contains(data_.many, id);
  return std::binary_search(few(), few() + size_, id);
}

void Postings::unite_into(IdSet& set) const {
  if (is_bitmap()) {
    roaring_bitmap_or_inplace(set.bitmap_, data_.many);
  } else {
    roaring_bitmap_add_many(set.bitmap_, size_, few());
  }
}

void Postings::intersect_into(IdSet& set) const {
  if (is_bitmap()) return roaring_bitmap_and_inplace(set.bitmap_, data_.many);
  IdSet kept;
  for (std::uint32_t i = 0; i < size_; ++i)
    if (set.contains(few()[i])) kept.add(few()[i]);
  set = std::move(kept);
}

void Postings::subtract_from(IdSet& set) const {
  if (is_bitmap()) return roaring_bitmap_andnot_inplace(set.bitmap_, data_.many);
  for (std::uint32_t i = 0; i < size_; ++i) set.remove(few()[i]);
}

std::vector<std::uint32_t> Postings::ids() const {
  std::vector<std::uint32_t> ids(size_);
  if (is_bitmap()) {
    roaring_bitmap_to_uint32_array(data_.many, ids.data());
  } else {
    std::copy_n(few(), size_, ids.data());
  }
  return ids;
}

bool Postings::any_of(const std::function<bool(std::uint32_t)>& holds) const {
  if (!is_bitmap()) return std::any_of(few(), few() + size_, holds);
  struct Search {
    const std::function<bool(std::uint32_t)>& holds;
    bool found = false;
  } search{holds};
  roaring_iterate(
      data_.many,
      [](std::uint32_t id, void* param) {
        auto& self = *static_cast<Search*>(param);
        self.found = self.holds(id);
        return !self.found;
      },
      &search);
  return search.found;
}

}  // namespace silverback::tsdb

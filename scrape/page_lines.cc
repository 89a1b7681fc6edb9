#include "scrape/page_lines.h"

#include <cassert>
#include <cstdint>

#include <boost/unordered/unordered_flat_set.hpp>
#include <xxhash.h>

namespace silverback::scrape {
namespace {

// An eighth more, not twice as much: there is one of these per target, and most never grow again.
template <class T>
void make_room(std::vector<T>& items, std::size_t more) {
  const std::size_t wanted = items.size() + more;
  if (wanted > items.capacity()) items.reserve(wanted + wanted / 8);
}

}  // namespace

struct PageLines::Index {
  // Seeded, so that no target can write lines that all collide.
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    const PageLines* lines;
    std::size_t operator()(std::string_view text) const {
      return XXH3_64bits_withSeed(text.data(), text.size(),
                                  reinterpret_cast<std::uintptr_t>(lines));
    }
    std::size_t operator()(Id id) const { return (*this)(lines->text(id)); }
  };
  struct Equal {
    using is_transparent = void;
    const PageLines* lines;
    bool operator()(Id a, Id b) const { return a == b; }
    bool operator()(std::string_view text, Id id) const { return text == lines->text(id); }
    bool operator()(Id id, std::string_view text) const { return text == lines->text(id); }
  };

  explicit Index(const PageLines& lines) : ids(0, Hash{&lines}, Equal{&lines}) {}

  boost::unordered_flat_set<Id, Hash, Equal> ids;
};

PageLines::PageLines() : lines_(1), index_(std::make_unique<Index>(*this)) {}
PageLines::~PageLines() = default;

PageLines::Id PageLines::find(std::string_view text) const {
  const auto found = index_->ids.find(text);
  return found == index_->ids.end() ? kNone : *found;
}

PageLines::Id PageLines::add(std::string_view text) {
  assert(!text.empty() && text.size() < kPageBytesMax && find(text) == kNone);
  Id id = free_;
  if (id != kNone) {
    free_ = lines_[id].next;
  } else {
    id = static_cast<Id>(lines_.size());
    make_room(lines_, 1);
    lines_.emplace_back();
  }
  Line& line = lines_[id];
  line = {};
  line.text_begin = static_cast<std::uint32_t>(texts_.size());
  line.text_bytes = text.size() & (kPageBytesMax - 1);
  make_room(texts_, text.size());
  texts_.insert(texts_.end(), text.begin(), text.end());
  index_->ids.insert(id);
  ++size_;
  return id;
}

void PageLines::remove(Id id) {
  index_->ids.erase(id);
  garbage_bytes_ += lines_[id].text_bytes;
  lines_[id] = {};
  lines_[id].next = free_;
  free_ = id;
  --size_;
}

void PageLines::clear() {
  lines_.assign(1, Line{});
  lines_.shrink_to_fit();
  texts_ = {};
  index_ = std::make_unique<Index>(*this);
  size_ = garbage_bytes_ = 0;
  free_ = kNone;
}

void PageLines::compact() {
  if (garbage_bytes_ <= texts_.size() / 2 && size_ >= (lines_.size() - 1) / 2) return;
  std::vector<Id> moved(lines_.size(), kNone);  // old id → new one
  std::vector<Line> lines(1);
  std::vector<char> texts;
  lines.reserve(size_ + 1);
  texts.reserve(texts_.size() - garbage_bytes_);
  for_each([&](Id id) {
    const std::string_view old_text = text(id);
    moved[id] = static_cast<Id>(lines.size());
    Line& line = lines.emplace_back(lines_[id]);
    line.text_begin = static_cast<std::uint32_t>(texts.size());
    texts.insert(texts.end(), old_text.begin(), old_text.end());
  });
  lines[kNone].next = lines_[kNone].next;
  for (Line& line : lines) line.next = moved[line.next];
  lines_ = std::move(lines);
  texts_ = std::move(texts);
  garbage_bytes_ = 0;
  free_ = kNone;
  index_ = std::make_unique<Index>(*this);
  index_->ids.reserve(size_);
  for (Id id = 1; id < lines_.size(); ++id) index_->ids.insert(id);
}

std::size_t PageLines::memory_bytes() const {
  // A slot of the index is an id and a byte.
  return lines_.capacity() * sizeof(Line) + texts_.capacity() +
         index_->ids.bucket_count() * (sizeof(Id) + 1);
}

}  // namespace silverback::scrape

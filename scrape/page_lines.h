// The lines of a target's page that were seen before: which series of the store each one is.
//
//   Line       one per line, addressed by its id
//   texts      name and labels of all lines as they stand on the page, in one array
//   index      ids by text, for lines that are not where they were expected
//
// A page is expected to look like the one before: each line knows the line that came behind it, so
// that a reader needs no look-up as long as that guess holds. Ids and offsets are 32 bits: pages
// are bounded by kPageBytesMax. Some 32 bytes per line besides its text.
//
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/appender.h"

namespace silverback::scrape {

class PageLines {
 public:
  using Id = std::uint32_t;
  // No line; its text is empty. As a predecessor: the start of the page.
  static constexpr Id kNone = 0;
  // The texts of two pages, and as much garbage, are to fit 32 bits.
  static constexpr std::size_t kPageBytesMax = std::size_t{1} << 28;

  struct Line {
    SeriesRef ref = SeriesRef::kNone;  // kNone: the store was not asked yet, or the line is dropped
    Id next = kNone;                   // the line behind this one when it was last seen: a guess
    std::uint32_t page = 0;            // number of the newest page that had it
    std::uint32_t text_begin = 0;
    std::uint32_t text_bytes : 28 = 0;  // 0: no line
    std::uint32_t dropped : 1 = 0;      // by relabelling
    std::uint32_t tracked : 1 = 0;      // gets a staleness marker when it is gone
    std::uint32_t counted : 1 = 0;      // as added, in the report
    std::uint32_t pending : 1 = 0;      // the store is asked for its series after this page
  };

  PageLines();
  ~PageLines();
  PageLines(const PageLines&) = delete;
  PageLines& operator=(const PageLines&) = delete;

  std::size_t size() const { return size_; }
  // Of all lines, and of some that were removed.
  std::size_t text_bytes() const { return texts_.size(); }
  std::string_view text(Id id) const {
    return {texts_.data() + lines_[id].text_begin, lines_[id].text_bytes};
  }
  Line& operator[](Id id) { return lines_[id]; }
  const Line& operator[](Id id) const { return lines_[id]; }
  // kNone if there is no such line.
  Id find(std::string_view text) const;

  // Requires that the text is not empty and not found, and pages of at most kPageBytesMax. Lines
  // and texts that were asked for before are no longer where they were.
  Id add(std::string_view text);
  void remove(Id id);
  void clear();
  // Gives back memory if more than half of it is of lines that were removed; ids change then.
  void compact();

  // Calls visit(id) for each line; it may remove that line.
  template <class Visitor>
  void for_each(const Visitor& visit) {
    for (Id id = 1; id < lines_.size(); ++id) {
      if (lines_[id].text_bytes != 0) visit(id);
    }
  }

  std::size_t memory_bytes() const;

 private:
  struct Index;

  std::vector<Line> lines_;  // [kNone] is the start of the page
  std::vector<char> texts_;
  std::unique_ptr<Index> index_;
  std::size_t size_ = 0;
  std::size_t garbage_bytes_ = 0;  // of texts_
  Id free_ = kNone;                // removed lines, linked by `next`
};

}  // namespace silverback::scrape

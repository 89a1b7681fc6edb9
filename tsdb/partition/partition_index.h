// Reads the index of a partition (tsdb/partition/partition_index_writer.h says what is in it):
// finds the series that match, and names them. Threads: const functions from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/result.h"
#include "tsdb/codec/bitmap.h"
#include "tsdb/partition/frame.h"
#include "tsdb/partition/frame_cache.h"

namespace silverback::tsdb {

// One frame of the dictionary, verified: consecutive pairs.
struct DictionaryFrame {
  struct Entry {
    std::uint32_t label_end;    // in `labels`; it begins where the one before ends
    std::uint32_t value_bytes;  // the label's last ones
    std::uint32_t cardinality;  // how many series have the pair
    std::uint32_t kind;         // PostingsKind
    std::uint32_t frame;        // of postings, for bitmaps
    std::uint32_t place;        // list: index in `ids`; run: first id; bitmap: offset in its frame
    std::uint32_t bytes;        // of a bitmap
  };
  std::string labels;  // name and value of each pair, encoded as Labels::bytes() does
  std::vector<Entry> entries;
  std::vector<std::uint32_t> ids;

  std::string_view label(std::size_t entry) const {
    const std::uint32_t begin = entry == 0 ? 0 : entries[entry - 1].label_end;
    return std::string_view(labels).substr(begin, entries[entry].label_end - begin);
  }
  std::string_view value(std::size_t entry) const {
    const Entry& e = entries[entry];
    return std::string_view(labels).substr(e.label_end - e.value_bytes, e.value_bytes);
  }
};

// One frame of labels, verified: the pair ids of each of its series, ascending.
struct LabelFrame {
  std::vector<std::uint32_t> pairs;
  std::vector<std::uint32_t> first_pair;  // of each series, and one more: pairs.size()

  std::span<const std::uint32_t> pairs_of(std::size_t series) const {
    return std::span(pairs).subspan(first_pair[series],
                                    first_pair[series + 1] - first_pair[series]);
  }
};

class PartitionIndex {
 public:
  PartitionIndex(const FrameReader& frames, const PartitionFrames& cache)
      : frames_(frames), cache_(cache) {}

  // False if `meta` makes no sense.
  [[nodiscard]] bool open(ByteReader& meta);

  struct Name {
    std::string name;
    std::uint32_t first_pair;
    std::uint32_t last_pair;    // exclusive
    std::uint32_t cardinality;  // how many series have it
    std::uint32_t frame;        // of postings
    std::uint32_t offset;
    std::uint32_t bytes;
  };
  std::uint32_t series() const { return series_; }
  const std::vector<Name>& names() const { return names_; }  // ascending
  const Name* find_name(std::string_view name) const;        // null if no series has it

  // The series that match all. Errors: kIo, kCorruption.
  Result<Bitmap> select(std::span<const Matcher> matchers) const;
  Result<Bitmap> postings_of(const Name& name) const;

  // Calls visit(pair, value) for each value of the name, ascending, until it returns false.
  template <class Visit>
  Status for_each_value(const Name& name, const Visit& visit) const;
  // Whether any series of `series` has the pair.
  Result<bool> intersects(const roaring_bitmap_s* series, std::uint32_t pair) const;
  // Calls visit(rank, pair) for each series, ascending, with its pair of that name, or kNoPair.
  // Cheaper than for_each_value() and postings where there are fewer series than values.
  static constexpr std::uint32_t kNoPair = 0xffff'ffff;
  Status for_each_series(const roaring_bitmap_s* series, const Name& name,
                         const std::function<void(std::uint32_t, std::uint32_t)>& visit) const;
  Result<std::string> value_of(std::uint32_t pair) const;

  std::size_t dictionary_frame_of(std::uint32_t pair) const;
  std::uint32_t first_pair_of_dictionary_frame(std::size_t frame) const {
    return dictionary_[frame].first_pair;
  }
  std::size_t dictionary_frames() const { return dictionary_.size() - 1; }
  Result<std::shared_ptr<const DictionaryFrame>> dictionary_frame(std::size_t frame) const;
  Result<std::shared_ptr<const LabelFrame>> label_frame(std::size_t frame) const;

 private:
  struct DictionaryRef {
    FrameRef ref;
    std::uint32_t first_pair;
    std::string separator;  // above the value before, not above its first; "" if it starts a name
  };

  Status restrict_to(const Matcher& matcher, roaring_bitmap_s* series) const;
  Status restrict_one_by_one(const Name& name, const Matcher& matcher,
                             roaring_bitmap_s* series) const;
  Result<Bitmap> positive(const Name& name, const Matcher& matcher) const;
  bool decode_dictionary(std::string_view content, std::size_t frame, DictionaryFrame& out) const;
  Result<Bitmap> bitmap_at(std::uint32_t frame, std::uint32_t offset, std::uint32_t bytes) const;
  Status add_postings(roaring_bitmap_s* to, const DictionaryFrame& frame, std::size_t entry) const;
  Result<std::optional<std::uint32_t>> find_pair(const Name& name, std::string_view value) const;
  Result<Bitmap> postings_of_pair(std::uint32_t pair) const;
  // The first pair of the name whose value is not below `value`, or name.last_pair.
  Result<std::uint32_t> lower_bound(const Name& name, std::string_view value) const;

  const FrameReader& frames_;
  const PartitionFrames& cache_;
  std::uint32_t series_ = 0;
  std::vector<Name> names_;
  std::vector<DictionaryRef> dictionary_;  // and one more, with the number of pairs
  std::vector<FrameRef> postings_;
  std::vector<FrameRef> labels_;
};

template <class Visit>
Status PartitionIndex::for_each_value(const Name& name, const Visit& visit) const {
  for (std::uint32_t pair = name.first_pair; pair < name.last_pair;) {
    const std::size_t index = dictionary_frame_of(pair);
    const std::shared_ptr<const DictionaryFrame> frame = TRY(dictionary_frame(index));
    const std::uint32_t first = dictionary_[index].first_pair;
    for (; pair < name.last_pair && pair < dictionary_[index + 1].first_pair; ++pair)
      if (!visit(pair, frame->value(pair - first))) return {};
  }
  return {};
}

}  // namespace silverback::tsdb

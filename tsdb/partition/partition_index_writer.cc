#include "tsdb/partition/partition_index_writer.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <roaring/roaring.h>

#include "base/invariant.h"
#include "tsdb/codec/bitmap.h"
#include "tsdb/codec/byte_io.h"

namespace silverback::tsdb {
namespace {

std::size_t shared_prefix(std::string_view a, std::string_view b) {
  const auto [end_a, end_b] = std::mismatch(
      a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
  return static_cast<std::size_t>(end_a - a.begin());
}

// The shortest text above `below` and not above `text`. Requires below < text.
std::string_view separator(std::string_view below, std::string_view text) {
  return text.substr(0, shared_prefix(below, text) + 1);
}

// Collects roaring bitmaps into frames.
class PostingsWriter {
 public:
  explicit PostingsWriter(FrameWriter& frames) : frames_(frames) {}

  struct Place {
    std::uint32_t frame;
    std::uint32_t offset;
    std::uint32_t bytes;
    bool starts_frame;
  };
  // Requires ids, ascending.
  Result<Place> add(std::span<const std::uint32_t> ids) {
    const Bitmap bitmap(roaring_bitmap_of_ptr(ids.size(), ids.data()));
    roaring_bitmap_run_optimize(bitmap.get());
    const std::size_t bytes = roaring_bitmap_portable_size_in_bytes(bitmap.get());
    if (!content_.empty() && content_.size() + bytes > kFrameContentBytes) TRY(flush());
    const Place place{count_, static_cast<std::uint32_t>(content_.size()),
                      static_cast<std::uint32_t>(bytes), content_.empty()};
    content_.resize(content_.size() + bytes);
    roaring_bitmap_portable_serialize(bitmap.get(), content_.data() + place.offset);
    return place;
  }
  // Where the next bitmap would go if it fitted.
  std::uint32_t frame() const { return count_; }
  std::uint32_t offset() const { return static_cast<std::uint32_t>(content_.size()); }

  Status finish(std::string& meta) {
    if (!content_.empty()) TRY(flush());
    put_varint(meta, count_);
    meta += table_;
    return {};
  }

 private:
  Status flush() {
    refs_.put(table_, TRY(frames_.add(content_)));
    ++count_;
    content_.clear();
    return {};
  }

  FrameWriter& frames_;
  std::string content_;
  std::string table_;
  FrameRefEncoder refs_;
  std::uint32_t count_ = 0;  // finished frames
};

// Writes dictionary frames: front-coded values of consecutive pairs, with their postings.
class DictionaryWriter {
 public:
  DictionaryWriter(FrameWriter& frames, PostingsWriter& postings)
      : frames_(frames), postings_(postings) {}

  Status add(std::string_view value, bool starts_name, std::span<const std::uint32_t> ids) {
    if (pairs_ == 0) {
      put_varint(content_, postings_.frame());
      put_varint(content_, postings_.offset());
      put_text(frame_separator_, starts_name ? std::string_view() : separator(before_, value));
      before_.clear();
    }
    const std::size_t shared = shared_prefix(before_, value);
    put_varint(content_, shared);
    put_text(content_, value.substr(shared));
    before_ = value;
    TRY(put_postings(ids));
    ++pairs_;
    if (content_.size() >= kFrameContentBytes) TRY(flush());
    return {};
  }

  Status finish(std::string& meta) {
    if (pairs_ > 0) TRY(flush());
    put_varint(meta, count_);
    meta += table_;
    return {};
  }

 private:
  Status put_postings(std::span<const std::uint32_t> ids) {
    const auto put_head = [&](PostingsKind kind) {
      put_varint(content_, ids.size() << 2 | static_cast<std::uint64_t>(kind));
    };
    if (ids.back() - ids.front() == ids.size() - 1) {
      put_head(PostingsKind::kRun);
      put_varint(content_, ids.front());
    } else if (ids.size() <= kInlinePostings) {
      put_head(PostingsKind::kList);
      std::uint32_t before = 0;
      for (const std::uint32_t id : ids) put_varint(content_, id - std::exchange(before, id));
    } else {
      const PostingsWriter::Place place = TRY(postings_.add(ids));
      put_head(place.starts_frame ? PostingsKind::kNewBitmap : PostingsKind::kBitmap);
      put_varint(content_, place.bytes);
    }
    return {};
  }

  Status flush() {
    put_varint(table_, pairs_);
    refs_.put(table_, TRY(frames_.add(content_)));
    table_ += frame_separator_;
    ++count_;
    content_.clear();
    frame_separator_.clear();
    pairs_ = 0;
    return {};
  }

  FrameWriter& frames_;
  PostingsWriter& postings_;
  std::string content_;
  std::string before_;           // the last value
  std::string frame_separator_;  // of the frame being filled, as text
  std::string table_;
  FrameRefEncoder refs_;
  std::uint32_t pairs_ = 0;  // of the frame being filled
  std::uint32_t count_ = 0;  // finished frames
};

}  // namespace

void BitmapDelete::operator()(roaring_bitmap_s* bitmap) const { roaring_bitmap_free(bitmap); }

struct PartitionIndexWriter::Impl {
  struct Name {
    std::string name;
    boost::unordered_flat_map<std::string_view, std::uint32_t> values;  // to provisional pair ids
  };

  explicit Impl(FrameWriter& index_frames) : frames(index_frames) {}

  std::uint32_t intern(std::string_view name, std::string_view value) {
    auto found = names_by_text.find(name);
    if (found == names_by_text.end()) {
      Name& added = names.emplace_back(Name{std::string(name), {}});
      found = names_by_text.emplace(added.name, &added).first;
    }
    auto& values_of_name = found->second->values;
    if (const auto known = values_of_name.find(value); known != values_of_name.end())
      return known->second;
    const auto id = static_cast<std::uint32_t>(values.size());
    values_of_name.emplace(values.emplace_back(value), id);
    return id;
  }

  std::span<const std::uint32_t> pairs_of(std::size_t rank) const {
    return std::span(pairs).subspan(first_pair[rank], first_pair[rank + 1] - first_pair[rank]);
  }

  // Replaces the provisional pair ids by the final ones. The names come to be in order.
  void number_pairs();
  Status write_dictionaries(std::string& meta);
  Status write_labels(std::string& meta);

  FrameWriter& frames;
  std::deque<Name> names;          // stable addresses
  std::deque<std::string> values;  // by provisional pair id; stable addresses
  boost::unordered_flat_map<std::string_view, Name*> names_by_text;

  Labels before;                             // of the series added last
  std::vector<std::uint32_t> pairs;          // of all series, one after the other
  std::vector<std::uint64_t> first_pair{0};  // of each series, and one more: pairs.size()
  std::vector<std::string_view> sorted;      // values by final pair id
  std::vector<const Name*> sorted_names;
};

PartitionIndexWriter::PartitionIndexWriter(FrameWriter& frames)
    : impl_(std::make_unique<Impl>(frames)) {}
PartitionIndexWriter::~PartitionIndexWriter() = default;

std::uint32_t PartitionIndexWriter::series() const {
  return static_cast<std::uint32_t>(impl_->first_pair.size() - 1);
}

void PartitionIndexWriter::add(const Labels& labels) {
  Impl& impl = *impl_;
  INVARIANT(impl.before < labels);
  // Neighbours in label order share most of their pairs: those need no look-up.
  const std::uint64_t first_before =
      impl.first_pair.size() > 1 ? impl.first_pair[impl.first_pair.size() - 2] : 0;
  auto label_before = impl.before.begin();
  std::uint64_t position = first_before;
  for (const Label& label : labels) {
    while (label_before != impl.before.end() && label_before->name < label.name) {
      ++label_before;
      ++position;
    }
    const bool same = label_before != impl.before.end() && *label_before == label;
    impl.pairs.push_back(same ? impl.pairs[position] : impl.intern(label.name, label.value));
  }
  impl.first_pair.push_back(impl.pairs.size());
  impl.before = labels;
}

void PartitionIndexWriter::Impl::number_pairs() {
  for (const Name& name : names) sorted_names.push_back(&name);
  std::sort(sorted_names.begin(), sorted_names.end(),
            [](const Name* a, const Name* b) { return a->name < b->name; });
  std::vector<std::uint32_t> final_ids(values.size());
  sorted.reserve(values.size());
  std::vector<std::pair<std::string_view, std::uint32_t>> of_name;
  for (const Name* name : sorted_names) {
    of_name.assign(name->values.begin(), name->values.end());
    std::sort(of_name.begin(), of_name.end());
    for (const auto& [value, provisional] : of_name) {
      final_ids[provisional] = static_cast<std::uint32_t>(sorted.size());
      sorted.push_back(value);
    }
  }
  for (std::uint32_t& pair : pairs) pair = final_ids[pair];
}

Status PartitionIndexWriter::Impl::write_dictionaries(std::string& meta) {
  // The postings of all pairs, by counting: those of pair p are ids[end[p - 1], end[p]).
  std::vector<std::uint64_t> end(sorted.size() + 1);
  for (const std::uint32_t pair : pairs) ++end[pair + 1];
  std::partial_sum(end.begin(), end.end(), end.begin());
  std::vector<std::uint32_t> ids(pairs.size());
  for (std::uint32_t rank = 0; rank + 1 < first_pair.size(); ++rank)
    for (const std::uint32_t pair : pairs_of(rank)) ids[end[pair]++] = rank;

  const auto ids_of = [&](std::size_t first, std::size_t last) {  // of pairs [first, last)
    const std::uint64_t begin = first == 0 ? 0 : end[first - 1];
    return std::span(ids).subspan(begin, end[last - 1] - begin);
  };

  PostingsWriter postings(frames);
  DictionaryWriter dictionary(frames, postings);
  std::size_t first = 0;
  for (const Name* name : sorted_names) {
    const std::size_t last = first + name->values.size();
    for (std::size_t pair = first; pair < last; ++pair)
      TRY(dictionary.add(sorted[pair], pair == first, ids_of(pair, pair + 1)));
    first = last;
  }
  // Which series have a name at all: what an absent label and `!= ""` need. After those of all
  // pairs, because a dictionary frame takes its bitmaps to follow each other.
  std::string name_table;
  first = 0;
  for (const Name* name : sorted_names) {
    const std::size_t last = first + name->values.size();
    const std::span<std::uint32_t> with_name = ids_of(first, last);
    std::sort(with_name.begin(), with_name.end());
    const PostingsWriter::Place place = TRY(postings.add(with_name));
    put_text(name_table, name->name);
    put_varint(name_table, name->values.size());
    put_varint(name_table, with_name.size());
    put_varint(name_table, place.frame);
    put_varint(name_table, place.offset);
    put_varint(name_table, place.bytes);
    first = last;
  }
  put_varint(meta, sorted_names.size());
  meta += name_table;
  TRY(dictionary.finish(meta));
  return postings.finish(meta);
}

Status PartitionIndexWriter::Impl::write_labels(std::string& meta) {
  std::string table;
  FrameRefEncoder refs;
  std::string content;
  std::uint32_t count = 0;
  const std::size_t series = first_pair.size() - 1;
  for (std::size_t first = 0; first < series; first += kSeriesPerLabelFrame) {
    content.clear();
    std::span<const std::uint32_t> above;
    for (std::size_t rank = first; rank < std::min(series, first + kSeriesPerLabelFrame); ++rank) {
      const std::span<const std::uint32_t> own = pairs_of(rank);
      const auto differ = std::mismatch(
          own.begin(),
          own.begin() + static_cast<std::ptrdiff_t>(std::min(own.size(), above.size())),
          above.begin());
      const auto shared = static_cast<std::size_t>(differ.first - own.begin());
      put_varint(content, shared);
      put_varint(content, own.size() - shared);
      for (const std::uint32_t pair : own.subspan(shared)) put_varint(content, pair);
      above = own;
    }
    refs.put(table, TRY(frames.add(content)));
    ++count;
  }
  put_varint(meta, count);
  meta += table;
  return {};
}

Status PartitionIndexWriter::finish(std::string& meta) {
  impl_->number_pairs();
  put_varint(meta, series());
  TRY(impl_->write_dictionaries(meta));
  return impl_->write_labels(meta);
}

}  // namespace silverback::tsdb

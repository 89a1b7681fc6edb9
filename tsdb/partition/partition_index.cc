#include "tsdb/partition/partition_index.h"

#include <algorithm>
#include <cassert>

#include <boost/unordered/unordered_flat_map.hpp>
#include <roaring/roaring.h>

#include "tsdb/partition/partition_index_writer.h"

namespace silverback::tsdb {
namespace {

// Cheap and selective matchers first: each later one has less left to do.
int cost(const Matcher& matcher) {
  const bool regex =
      matcher.type() == Matcher::Type::kRegex || matcher.type() == Matcher::Type::kNotRegex;
  if (!regex) return matcher.type() == Matcher::Type::kEqual && !matcher.matches_empty() ? 0 : 2;
  if (!matcher.set().empty()) return matcher.is_negative() ? 3 : 1;
  return matcher.prefix().empty() ? 5 : 4;
}

// What the matcher says of a value before its negation.
bool positive_matches(const Matcher& matcher, std::string_view value) {
  return matcher.matches(value) != matcher.is_negative();
}

bool decode_labels(std::string_view content, std::size_t series, LabelFrame& out) {
  ByteReader in(content);
  out.first_pair.reserve(series + 1);
  out.first_pair.push_back(0);
  for (std::size_t i = 0; i < series && in.ok(); ++i) {
    const std::size_t above = i == 0 ? 0 : out.first_pair[i - 1];
    const std::uint64_t shared = in.varint();
    if (shared > out.pairs.size() - above) return false;
    for (std::size_t j = 0; j < shared; ++j) out.pairs.push_back(out.pairs[above + j]);
    for (std::uint64_t left = in.varint(); left > 0 && in.ok(); --left)
      out.pairs.push_back(in.varint32());
    out.first_pair.push_back(static_cast<std::uint32_t>(out.pairs.size()));
  }
  return in.ok() && in.at_end();
}

}  // namespace

bool PartitionIndex::open(ByteReader& meta) {
  series_ = meta.varint32();
  std::uint32_t pairs = 0;
  for (std::uint64_t left = meta.varint(); left > 0 && meta.ok(); --left) {
    Name& name = names_.emplace_back();
    name.name = meta.text();
    name.first_pair = pairs;
    name.last_pair = pairs += meta.varint32();
    name.cardinality = meta.varint32();
    name.frame = meta.varint32();
    name.offset = meta.varint32();
    name.bytes = meta.varint32();
  }
  std::uint32_t first_pair = 0;
  FrameRefDecoder dictionary_refs;
  for (std::uint64_t left = meta.varint(); left > 0 && meta.ok(); --left) {
    DictionaryRef& frame = dictionary_.emplace_back();
    frame.first_pair = first_pair;
    first_pair += meta.varint32();
    frame.ref = dictionary_refs.take(meta);
    frame.separator = meta.text();
  }
  dictionary_.push_back({{}, first_pair, {}});
  FrameRefDecoder postings_refs;
  for (std::uint64_t left = meta.varint(); left > 0 && meta.ok(); --left)
    postings_.push_back(postings_refs.take(meta));
  FrameRefDecoder label_refs;
  for (std::uint64_t left = meta.varint(); left > 0 && meta.ok(); --left)
    labels_.push_back(label_refs.take(meta));
  return meta.ok() && first_pair == pairs &&
         labels_.size() == (series_ + kSeriesPerLabelFrame - 1) / kSeriesPerLabelFrame;
}

const PartitionIndex::Name* PartitionIndex::find_name(std::string_view name) const {
  const auto found =
      std::lower_bound(names_.begin(), names_.end(), name,
                       [](const Name& a, std::string_view text) { return a.name < text; });
  return found != names_.end() && found->name == name ? &*found : nullptr;
}

std::size_t PartitionIndex::dictionary_frame_of(std::uint32_t pair) const {
  const auto after = std::upper_bound(
      dictionary_.begin(), dictionary_.end(), pair,
      [](std::uint32_t id, const DictionaryRef& frame) { return id < frame.first_pair; });
  return static_cast<std::size_t>(after - dictionary_.begin()) - 1;
}

bool PartitionIndex::decode_dictionary(std::string_view content, std::size_t frame_number,
                                       DictionaryFrame& out) const {
  const std::uint32_t end_pair = dictionary_[frame_number + 1].first_pair;
  ByteReader in(content);
  std::uint32_t frame = in.varint32();
  std::uint32_t offset = in.varint32();
  out.entries.reserve(end_pair - dictionary_[frame_number].first_pair);
  auto name = std::upper_bound(names_.begin(), names_.end(), dictionary_[frame_number].first_pair,
                               [](std::uint32_t id, const Name& n) { return id < n.last_pair; });
  std::string value;
  for (std::uint32_t pair = dictionary_[frame_number].first_pair; pair < end_pair && in.ok();
       ++pair) {
    if (pair == name->last_pair) ++name;
    const std::uint64_t shared = in.varint();
    if (shared > value.size()) return false;
    value.resize(static_cast<std::size_t>(shared));
    value += in.text();
    put_text(out.labels, name->name);
    put_text(out.labels, value);

    DictionaryFrame::Entry entry{};
    entry.label_end = static_cast<std::uint32_t>(out.labels.size());
    entry.value_bytes = static_cast<std::uint32_t>(value.size());
    const std::uint64_t head = in.varint();
    entry.cardinality = static_cast<std::uint32_t>(head >> 2);
    entry.kind = head & 3;
    switch (static_cast<PostingsKind>(entry.kind)) {
      case PostingsKind::kRun:
        entry.place = in.varint32();
        break;
      case PostingsKind::kList: {
        if (entry.cardinality > kInlinePostings) return false;
        entry.place = static_cast<std::uint32_t>(out.ids.size());
        std::uint32_t id = 0;
        for (std::uint32_t left = entry.cardinality; left > 0; --left)
          out.ids.push_back(id += in.varint32());
        break;
      }
      case PostingsKind::kNewBitmap:
        if (offset > 0) ++frame;
        offset = 0;
        [[fallthrough]];
      case PostingsKind::kBitmap:
        entry.frame = frame;
        entry.place = offset;
        entry.bytes = in.varint32();
        offset += entry.bytes;
        break;
    }
    out.entries.push_back(entry);
  }
  return in.ok() && in.at_end();
}

Result<std::shared_ptr<const DictionaryFrame>> PartitionIndex::dictionary_frame(
    std::size_t frame) const {
  return cache_.get<DictionaryFrame>(
      FrameCache::kDictionary, frame,
      [&]() -> Result<DictionaryFrame> {
        const std::string content = TRY(frames_.read(Database::kIndex, dictionary_[frame].ref));
        DictionaryFrame decoded;
        if (!decode_dictionary(content, frame, decoded)) return frames_.damaged("dictionary");
        return decoded;
      },
      [](const DictionaryFrame& decoded) {
        return decoded.labels.size() + decoded.ids.size() * sizeof decoded.ids[0] +
               decoded.entries.size() * sizeof decoded.entries[0];
      });
}

Result<std::shared_ptr<const LabelFrame>> PartitionIndex::label_frame(std::size_t frame) const {
  return cache_.get<LabelFrame>(
      FrameCache::kLabels, frame,
      [&]() -> Result<LabelFrame> {
        const std::string content = TRY(frames_.read(Database::kIndex, labels_[frame]));
        LabelFrame decoded;
        const std::size_t series =
            std::min<std::size_t>(kSeriesPerLabelFrame, series_ - frame * kSeriesPerLabelFrame);
        if (!decode_labels(content, series, decoded)) return frames_.damaged("labels");
        const std::uint32_t pairs = dictionary_.back().first_pair;
        for (const std::uint32_t pair : decoded.pairs)
          if (pair >= pairs) return frames_.damaged("labels");
        return decoded;
      },
      [](const LabelFrame& decoded) {
        return (decoded.pairs.size() + decoded.first_pair.size()) * sizeof decoded.pairs[0];
      });
}

Result<Bitmap> PartitionIndex::bitmap_at(std::uint32_t frame, std::uint32_t offset,
                                         std::uint32_t bytes) const {
  if (frame >= postings_.size()) return frames_.damaged("postings");
  const auto content = TRY(cache_.get<std::string>(
      FrameCache::kPostings, frame,
      [&] { return frames_.read(Database::kIndex, postings_[frame]); },
      [](const std::string& text) { return text.size(); }));
  if (std::uint64_t{offset} + bytes > content->size()) return frames_.damaged("postings");
  Bitmap bitmap(roaring_bitmap_portable_deserialize_safe(content->data() + offset, bytes));
  if (!bitmap) return frames_.damaged("postings");
  return bitmap;
}

Result<Bitmap> PartitionIndex::postings_of(const Name& name) const {
  return bitmap_at(name.frame, name.offset, name.bytes);
}

Status PartitionIndex::add_postings(roaring_bitmap_s* to, const DictionaryFrame& frame,
                                    std::size_t index) const {
  const DictionaryFrame::Entry& entry = frame.entries[index];
  switch (static_cast<PostingsKind>(entry.kind)) {
    case PostingsKind::kRun:
      roaring_bitmap_add_range(to, entry.place, std::uint64_t{entry.place} + entry.cardinality);
      break;
    case PostingsKind::kList:
      roaring_bitmap_add_many(to, entry.cardinality, frame.ids.data() + entry.place);
      break;
    case PostingsKind::kBitmap:
    case PostingsKind::kNewBitmap: {
      const Bitmap bitmap = TRY(bitmap_at(entry.frame, entry.place, entry.bytes));
      roaring_bitmap_or_inplace(to, bitmap.get());
      break;
    }
  }
  return {};
}

Result<Bitmap> PartitionIndex::postings_of_pair(std::uint32_t pair) const {
  const std::size_t index = dictionary_frame_of(pair);
  const auto frame = TRY(dictionary_frame(index));
  Bitmap bitmap(roaring_bitmap_create());
  TRY(add_postings(bitmap.get(), *frame, pair - dictionary_[index].first_pair));
  return bitmap;
}

Result<bool> PartitionIndex::intersects(const roaring_bitmap_s* series, std::uint32_t pair) const {
  const Bitmap postings = TRY(postings_of_pair(pair));
  return roaring_bitmap_intersect(series, postings.get());
}

Result<std::uint32_t> PartitionIndex::lower_bound(const Name& name, std::string_view value) const {
  // The last frame of the name that begins at or below `value`; the name's first if none does.
  const std::size_t first_frame = dictionary_frame_of(name.first_pair);
  const std::size_t last_frame = dictionary_frame_of(name.last_pair - 1);
  const auto begin = dictionary_.begin() + static_cast<std::ptrdiff_t>(first_frame) + 1;
  const auto end = dictionary_.begin() + static_cast<std::ptrdiff_t>(last_frame) + 1;
  const auto after = std::upper_bound(
      begin, end, value,
      [](std::string_view text, const DictionaryRef& frame) { return text < frame.separator; });
  const auto index = static_cast<std::size_t>(after - dictionary_.begin()) - 1;
  const auto frame = TRY(dictionary_frame(index));
  const std::uint32_t first_pair = dictionary_[index].first_pair;
  std::uint32_t low = std::max(name.first_pair, first_pair);
  std::uint32_t high = std::min(name.last_pair, dictionary_[index + 1].first_pair);
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (frame->value(middle - first_pair) < value)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

Result<std::optional<std::uint32_t>> PartitionIndex::find_pair(const Name& name,
                                                               std::string_view value) const {
  const std::uint32_t pair = TRY(lower_bound(name, value));
  if (pair == name.last_pair) return std::nullopt;
  const std::size_t index = dictionary_frame_of(pair);
  const auto frame = TRY(dictionary_frame(index));
  if (frame->value(pair - dictionary_[index].first_pair) != value) return std::nullopt;
  return pair;
}

// The series that have the name with a value of which the matcher, negation aside, is true.
Result<Bitmap> PartitionIndex::positive(const Name& name, const Matcher& matcher) const {
  Bitmap found(roaring_bitmap_create());
  const bool equal =
      matcher.type() == Matcher::Type::kEqual || matcher.type() == Matcher::Type::kNotEqual;
  if (equal || !matcher.set().empty()) {
    const std::span<const std::string> literals =
        equal ? std::span(&matcher.value(), 1) : std::span(matcher.set());
    for (const std::string& literal : literals) {
      const std::optional<std::uint32_t> pair = TRY(find_pair(name, literal));
      if (!pair) continue;
      const Bitmap postings = TRY(postings_of_pair(*pair));
      roaring_bitmap_or_inplace(found.get(), postings.get());
    }
    return found;
  }

  Name range = name;
  if (!matcher.prefix().empty()) range.first_pair = TRY(lower_bound(name, matcher.prefix()));
  std::vector<std::uint32_t> matching;
  std::vector<std::uint32_t> others;
  TRY(for_each_value(range, [&](std::uint32_t pair, std::string_view value) {
    if (!value.starts_with(matcher.prefix())) return false;
    (positive_matches(matcher, value) ? matching : others).push_back(pair);
    return true;
  }));
  // A series has one value of the name: what has it with none of the others has it with a match.
  const bool has_all = matching.size() + others.size() == name.last_pair - name.first_pair;
  const bool by_others = has_all && others.size() < matching.size();
  for (const std::uint32_t pair : by_others ? others : matching) {
    const std::size_t index = dictionary_frame_of(pair);
    const auto frame = TRY(dictionary_frame(index));
    TRY(add_postings(found.get(), *frame, pair - dictionary_[index].first_pair));
  }
  if (!by_others) return found;
  Bitmap all = TRY(postings_of(name));
  roaring_bitmap_andnot_inplace(all.get(), found.get());
  return all;
}

Status PartitionIndex::for_each_series(
    const roaring_bitmap_s* series, const Name& name,
    const std::function<void(std::uint32_t, std::uint32_t)>& visit) const {
  std::vector<std::uint32_t> ranks(roaring_bitmap_get_cardinality(series));
  roaring_bitmap_to_uint32_array(series, ranks.data());
  std::shared_ptr<const LabelFrame> frame;
  std::uint32_t frame_number = 0;
  for (const std::uint32_t rank : ranks) {
    if (!frame || rank / kSeriesPerLabelFrame != frame_number) {
      frame_number = rank / kSeriesPerLabelFrame;
      frame = TRY(label_frame(frame_number));
    }
    const std::span<const std::uint32_t> pairs = frame->pairs_of(rank % kSeriesPerLabelFrame);
    const auto found = std::lower_bound(pairs.begin(), pairs.end(), name.first_pair);
    visit(rank, found != pairs.end() && *found < name.last_pair ? *found : kNoPair);
  }
  return {};
}

Result<std::string> PartitionIndex::value_of(std::uint32_t pair) const {
  const std::size_t index = dictionary_frame_of(pair);
  const auto frame = TRY(dictionary_frame(index));
  return std::string(frame->value(pair - dictionary_[index].first_pair));
}

// Asks the matcher about the values that the series have, each once.
Status PartitionIndex::restrict_one_by_one(const Name& name, const Matcher& matcher,
                                           roaring_bitmap_s* series) const {
  boost::unordered_flat_map<std::uint32_t, std::vector<std::uint32_t>> series_of_pair;
  TRY(for_each_series(series, name, [&](std::uint32_t rank, std::uint32_t pair) {
    series_of_pair[pair].push_back(rank);
  }));
  for (const auto& [pair, ranks] : series_of_pair) {
    std::string value;
    if (pair != kNoPair) value = TRY(value_of(pair));
    if (matcher.matches(value)) continue;
    for (const std::uint32_t rank : ranks) roaring_bitmap_remove(series, rank);
  }
  return {};
}

Status PartitionIndex::restrict_to(const Matcher& matcher, roaring_bitmap_s* series) const {
  const bool positive_matches_empty = matcher.matches_empty() != matcher.is_negative();
  const Name* name = find_name(matcher.name());
  if (name == nullptr) {
    if (!matcher.matches_empty()) roaring_bitmap_clear(series);
    return {};
  }
  // An expression that cannot be looked up is run on each value of the name: unless few series are
  // left, which have fewer.
  const bool must_run = matcher.set().empty() && (matcher.type() == Matcher::Type::kRegex ||
                                                  matcher.type() == Matcher::Type::kNotRegex);
  if (must_run && 4 * roaring_bitmap_get_cardinality(series) < name->last_pair - name->first_pair)
    return restrict_one_by_one(*name, matcher, series);
  const Bitmap found = TRY(positive(*name, matcher));
  if (!positive_matches_empty) {
    if (matcher.is_negative())
      roaring_bitmap_andnot_inplace(series, found.get());
    else
      roaring_bitmap_and_inplace(series, found.get());
    return {};
  }
  // An absent label has the value "", so series without the name match the positive expression too.
  const Bitmap with_name = TRY(postings_of(*name));
  roaring_bitmap_andnot_inplace(with_name.get(), found.get());
  if (matcher.is_negative())
    roaring_bitmap_and_inplace(series, with_name.get());
  else
    roaring_bitmap_andnot_inplace(series, with_name.get());
  return {};
}

Result<Bitmap> PartitionIndex::select(std::span<const Matcher> matchers) const {
  std::vector<const Matcher*> ordered;
  for (const Matcher& matcher : matchers) ordered.push_back(&matcher);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Matcher* a, const Matcher* b) { return cost(*a) < cost(*b); });
  Bitmap series(roaring_bitmap_create());
  roaring_bitmap_add_range(series.get(), 0, series_);
  for (const Matcher* matcher : ordered) {
    if (roaring_bitmap_is_empty(series.get())) break;
    TRY(restrict_to(*matcher, series.get()));
  }
  return series;
}

}  // namespace silverback::tsdb

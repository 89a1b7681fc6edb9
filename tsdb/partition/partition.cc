#include "tsdb/partition/partition.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>
#include <roaring/roaring.h>

#include "tsdb/partition/partition_index_writer.h"
#include "tsdb/partition/partition_reader.h"

namespace silverback::tsdb {
namespace {

std::vector<std::uint32_t> to_vector(const Bitmap& bitmap) {
  std::vector<std::uint32_t> ids(roaring_bitmap_get_cardinality(bitmap.get()));
  roaring_bitmap_to_uint32_array(bitmap.get(), ids.data());
  return ids;
}

// What is needed to name the series of a selection. All of it is read and verified beforehand,
// because Selection::labels() cannot fail. Threads: const access from any thread.
class SeriesLabels {
 public:
  // Requires ranks in ascending order.
  static Result<SeriesLabels> load(const PartitionIndex& index,
                                   std::span<const std::uint32_t> ranks) {
    SeriesLabels labels(index);
    for (const std::uint32_t rank : ranks) {
      const std::size_t frame = rank / kSeriesPerLabelFrame;
      if (frame < labels.frames_.size() && labels.frames_[frame] != nullptr) continue;
      labels.frames_.resize(frame + 1);
      labels.frames_[frame] = TRY(index.label_frame(frame));
    }
    for (const std::uint32_t rank : ranks)
      for (const std::uint32_t pair : labels.pairs_of(rank)) {
        auto& dictionary = labels.dictionary_[index.dictionary_frame_of(pair)];
        if (!dictionary) dictionary = TRY(index.dictionary_frame(index.dictionary_frame_of(pair)));
      }
    return labels;
  }

  std::span<const std::uint32_t> pairs_of(std::uint32_t rank) const {
    return frames_[rank / kSeriesPerLabelFrame]->pairs_of(rank % kSeriesPerLabelFrame);
  }

  // Requires pairs of the series, ascending.
  Labels of_pairs(std::span<const std::uint32_t> pairs) const {
    std::string bytes;
    for (const std::uint32_t pair : pairs) {
      const std::size_t frame = index_->dictionary_frame_of(pair);
      bytes += dictionary_[frame]->label(pair - index_->first_pair_of_dictionary_frame(frame));
    }
    return Labels::from_bytes(std::move(bytes));
  }

 private:
  explicit SeriesLabels(const PartitionIndex& index)
      : index_(&index), dictionary_(index.dictionary_frames()) {}

  const PartitionIndex* index_;
  std::vector<std::shared_ptr<const LabelFrame>> frames_;           // null where none is needed
  std::vector<std::shared_ptr<const DictionaryFrame>> dictionary_;  // likewise
};

class PartitionSelection final : public Selection {
 public:
  PartitionSelection(std::shared_ptr<const PartitionReader> reader, TimeRange range,
                     std::vector<std::uint32_t> ranks, SeriesLabels labels)
      : reader_(std::move(reader)),
        range_(range),
        ranks_(std::move(ranks)),
        labels_(std::move(labels)) {}

  std::size_t size() const override { return ranks_.size(); }
  Labels labels(std::size_t series) const override {
    return labels_.of_pairs(labels_.pairs_of(ranks_[series]));
  }
  Status read(std::size_t series, SampleColumns& out) const override {
    return reader_->read(ranks_[series], range_, out);
  }
  Newest newest(std::size_t series) const override {
    return reader_->newest(ranks_[series], range_);
  }

  // By the ids of pairs: each group's labels are built once, not each series'.
  SeriesGroups groups(std::span<const std::string> names, bool by) const override {
    std::vector<PartitionIndex::Name> named;
    for (const std::string& name : names)
      if (const PartitionIndex::Name* found = reader_->index().find_name(name))
        named.push_back(*found);
    if (const PartitionIndex::Name* metric = reader_->index().find_name(kMetricName);
        !by && metric != nullptr)
      named.push_back(*metric);
    const auto is_named = [&](std::uint32_t pair) {
      return std::any_of(named.begin(), named.end(), [&](const PartitionIndex::Name& name) {
        return name.first_pair <= pair && pair < name.last_pair;
      });
    };

    SeriesGroups result;
    result.group_of.reserve(ranks_.size());
    boost::unordered_flat_map<std::u32string, std::uint32_t> group_of_key;
    std::u32string key;
    std::vector<std::uint32_t> pairs;
    for (const std::uint32_t rank : ranks_) {
      key.clear();
      for (const std::uint32_t pair : labels_.pairs_of(rank))
        if (is_named(pair) == by) key.push_back(pair);
      const auto [place, is_new] =
          group_of_key.try_emplace(key, static_cast<std::uint32_t>(result.keys.size()));
      if (is_new) {
        pairs.assign(key.begin(), key.end());
        result.keys.push_back(labels_.of_pairs(pairs));
      }
      result.group_of.push_back(place->second);
    }
    return result;
  }

 private:
  const std::shared_ptr<const PartitionReader> reader_;
  const TimeRange range_;
  const std::vector<std::uint32_t> ranks_;
  const SeriesLabels labels_;
};

// All series, in order.
class PartitionSource final : public SeriesSource {
 public:
  explicit PartitionSource(std::shared_ptr<const PartitionReader> reader)
      : reader_(std::move(reader)) {}

  Result<bool> next(Labels& labels, SampleColumns& samples) override {
    if (next_ == reader_->index().series()) return false;
    if (!labels_ || next_ % kSeriesPerLabelFrame == 0) TRY(load_labels());
    labels = labels_->of_pairs(labels_->pairs_of(next_));
    TRY(reader_->read(next_, {reader_->info().mint, reader_->info().maxt - 1}, samples));
    ++next_;
    return true;
  }

 private:
  // Those of the label frame that begins at next_.
  Status load_labels() {
    std::vector<std::uint32_t> ranks;
    const std::uint32_t end = std::min(reader_->index().series(), next_ + kSeriesPerLabelFrame);
    for (std::uint32_t rank = next_; rank < end; ++rank) ranks.push_back(rank);
    labels_.emplace(TRY(SeriesLabels::load(reader_->index(), ranks)));
    return {};
  }

  const std::shared_ptr<const PartitionReader> reader_;
  std::uint32_t next_ = 0;
  std::optional<SeriesLabels> labels_;
};

// Adds to a list that may be cut. False if it is full already.
bool add_up_to(std::size_t limit, std::string_view value, Names& names) {
  if (limit > 0 && names.values.size() == limit) {
    names.truncated = true;
    return false;
  }
  names.values.emplace_back(value);
  return true;
}

}  // namespace

Partition::Partition(std::shared_ptr<const PartitionReader> reader) : reader_(std::move(reader)) {}
Partition::~Partition() = default;

Result<std::shared_ptr<Partition>> Partition::open(FileSystem& files,
                                                   const std::filesystem::path& directory,
                                                   const PartitionInfo& info,
                                                   std::shared_ptr<FrameCache> cache) {
  std::shared_ptr<const PartitionReader> reader =
      TRY(PartitionReader::open(files, directory, info, std::move(cache)));
  return std::shared_ptr<Partition>(new Partition(std::move(reader)));
}

const PartitionInfo& Partition::info() const { return reader_->info(); }
bool Partition::is_damaged() const { return reader_->is_damaged(); }

Result<std::unique_ptr<Selection>> Partition::select(std::span<const Matcher> matchers,
                                                     const SelectHints& hints) const {
  std::vector<std::uint32_t> ranks;
  if (reader_->overlaps(hints.range)) {
    const Bitmap series = TRY(reader_->index().select(matchers));
    ranks = TRY(reader_->with_samples(to_vector(series), hints.range));
  }
  SeriesLabels labels = TRY(SeriesLabels::load(reader_->index(), ranks));
  return std::make_unique<PartitionSelection>(reader_, hints.range, std::move(ranks),
                                              std::move(labels));
}

Result<Names> Partition::label_names(std::span<const Matcher> matchers, TimeRange range,
                                     std::size_t limit) const {
  Names names;
  if (!reader_->overlaps(range)) return names;
  const PartitionIndex& index = reader_->index();
  const Bitmap series = TRY(index.select(matchers));
  for (const PartitionIndex::Name& name : index.names()) {
    if (!matchers.empty()) {
      const Bitmap with_name = TRY(index.postings_of(name));
      if (!roaring_bitmap_intersect(series.get(), with_name.get())) continue;
    }
    if (!add_up_to(limit, name.name, names)) break;
  }
  return names;
}

Result<Names> Partition::label_values(std::string_view name, std::span<const Matcher> matchers,
                                      TimeRange range, std::size_t limit) const {
  Names names;
  const PartitionIndex& index = reader_->index();
  const PartitionIndex::Name* found = index.find_name(name);
  if (found == nullptr || !reader_->overlaps(range)) return names;
  const Bitmap series = TRY(index.select(matchers));
  if (!matchers.empty() &&
      roaring_bitmap_get_cardinality(series.get()) < found->last_pair - found->first_pair) {
    std::vector<std::uint32_t> pairs;
    TRY(index.for_each_series(series.get(), *found, [&](std::uint32_t, std::uint32_t pair) {
      if (pair != PartitionIndex::kNoPair) pairs.push_back(pair);
    }));
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    for (const std::uint32_t pair : pairs)
      if (!add_up_to(limit, TRY(index.value_of(pair)), names)) break;
    return names;
  }

  Status status;
  TRY(index.for_each_value(*found, [&](std::uint32_t pair, std::string_view value) {
    if (!matchers.empty()) {
      const Result<bool> has = index.intersects(series.get(), pair);
      if (!has) status = fail(has.error());
      if (!has || !*has) return has.has_value();
    }
    return add_up_to(limit, value, names);
  }));
  TRY(std::move(status));
  return names;
}

std::unique_ptr<SeriesSource> Partition::source() const {
  return std::make_unique<PartitionSource>(reader_);
}

}  // namespace silverback::tsdb

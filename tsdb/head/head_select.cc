// The head as a source of queries: what a selection captures of each series, and the statistics.
#include <algorithm>
#include <bit>

#include <boost/unordered/unordered_flat_set.hpp>

#include "tsdb/head/head.h"
#include "tsdb/head/late_samples.h"

namespace silverback::tsdb {
namespace {

struct Piece {
  const std::byte* data;  // null: in open_bytes_, from `offset` on
  std::size_t offset;
  std::uint32_t bytes;
  std::uint16_t count;
};

// Series are looked at in order of labels, which is none in memory.
constexpr std::size_t kPrefetchAhead = 12;

struct Captured {
  HeadIndex::PairIds pairs;
  std::size_t first_piece, pieces;  // ascending in time
  std::size_t first_late, late;
  Selection::Newest newest;
};

}  // namespace

// Holds copies of the open chunks' bytes and pointers to cut chunks, whose arenas it keeps alive.
class HeadSelection final : public Selection {
 public:
  HeadSelection(const Head& head, TimeRange range)
      : head_(head), pass_(head.gate_), range_(range) {}

  std::size_t size() const override { return series_.size(); }
  Labels labels(std::size_t series) const override {
    ReaderLock lock(head_.index_mutex_);
    return head_.index_.labels(series_[series].pairs);
  }
  Newest newest(std::size_t series) const override { return series_[series].newest; }

  Status read(std::size_t series, SampleColumns& out) const override {
    out.clear();
    const Captured& captured = series_[series];
    for (std::size_t i = 0; i < captured.pieces; ++i) {
      const Piece& piece = pieces_[captured.first_piece + i];
      const std::byte* data =
          piece.data != nullptr ? piece.data : open_bytes_.data() + piece.offset;
      if (!gorilla_decode({data, piece.bytes}, piece.count, range_, out.t, out.v))
        return fail(ErrorCode::kCorruption, "a chunk in memory is damaged");
    }
    if (captured.late > 0) {
      const auto first = late_.begin() + static_cast<std::ptrdiff_t>(captured.first_late);
      merge_late({first, first + static_cast<std::ptrdiff_t>(captured.late)}, out);
    }
    return {};
  }

 private:
  friend class Head;

  void pin(std::shared_ptr<const ChunkArena> arena) { arenas_.push_back(std::move(arena)); }

  void capture(const Series& series, const ChunkBlocks& blocks) {
    Captured captured{{series.pairs, series.pair_count}, pieces_.size(), 0, late_.size(), 0, {}};
    for (const CutChunk* chunk = series.newest_cut; chunk != nullptr; chunk = chunk->older)
      if (range_.overlaps({chunk->first, chunk->last}))
        pieces_.push_back({chunk->data().data(), 0, chunk->bytes, chunk->count});
    std::reverse(pieces_.begin() + static_cast<std::ptrdiff_t>(captured.first_piece),
                 pieces_.end());
    if (series.open.count > 0 && range_.overlaps({series.open_first, series.open.t})) {
      const std::uint32_t bytes = series.open.bytes();
      pieces_.push_back({nullptr, open_bytes_.size(), bytes, series.open.count});
      open_bytes_.resize(open_bytes_.size() + bytes);
      blocks.copy(series.chain, bytes, open_bytes_.data() + pieces_.back().offset);
    }
    captured.pieces = pieces_.size() - captured.first_piece;
    if (series.late != nullptr)
      for (const Sample& sample : *series.late)
        if (range_.contains(sample.t)) late_.push_back(sample);
    captured.late = late_.size() - captured.first_late;
    if (captured.pieces == 0 && captured.late == 0) return;
    // A late sample is older than the newest one, so nothing can be newer than this.
    const bool newest_is_here = series.open.count > 0 || (series.newest_cut != nullptr &&
                                                          series.newest_cut->last == series.open.t);
    if (newest_is_here && range_.contains(series.open.t))
      captured.newest = {true, Sample{series.open.t, std::bit_cast<double>(series.open.v_bits)}};
    series_.push_back(captured);
  }

  const Head& head_;
  const ReaderGate::Pass pass_;  // keeps pairs and labels
  const TimeRange range_;
  std::vector<std::shared_ptr<const ChunkArena>> arenas_;
  std::vector<Captured> series_;  // in order of labels
  std::vector<Piece> pieces_;
  std::vector<Sample> late_;
  std::vector<std::byte> open_bytes_;
};

std::vector<std::uint32_t> Head::in_label_order(const std::vector<std::uint32_t>& ids) const {
  std::vector<std::uint64_t> ranked;  // rank, then id: numbers sort faster than records
  std::vector<std::uint32_t> unranked;
  ranked.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i + kPrefetchAhead < ids.size()) prefetch(ids[i + kPrefetchAhead]);
    const std::uint64_t rank = table_.find(ids[i])->rank;
    if (rank == 0) {
      unranked.push_back(ids[i]);
    } else {
      ranked.push_back(rank << 32 | ids[i]);
    }
  }
  std::sort(ranked.begin(), ranked.end());
  const auto is_before = [&](std::uint32_t a, std::uint32_t b) REQUIRES_SHARED(index_mutex_) {
    return index_.compare(pairs(*table_.find(a)), pairs(*table_.find(b))) < 0;
  };
  std::sort(unranked.begin(), unranked.end(), is_before);
  std::vector<std::uint32_t> order;
  order.reserve(ids.size());
  for (const std::uint64_t entry : ranked) order.push_back(static_cast<std::uint32_t>(entry));
  if (unranked.empty()) return order;
  const auto middle = static_cast<std::ptrdiff_t>(order.size());
  order.insert(order.end(), unranked.begin(), unranked.end());
  std::inplace_merge(order.begin(), order.begin() + middle, order.end(), is_before);
  return order;
}

std::unique_ptr<Selection> Head::select(std::span<const Matcher> matchers,
                                        const SelectHints& hints) const {
  auto selection = std::make_unique<HeadSelection>(*this, hints.range);
  ReaderLock index_lock(index_mutex_);
  const std::vector<std::uint32_t> ids = in_label_order(index_.match(matchers));
  if (ids.empty()) return selection;
  selection->series_.reserve(ids.size());
  { MutexLock turn(turn_); }
  ReaderLock lock(samples_mutex_);
  for (const auto* ranges : {&ranges_, &sealing_})
    for (const auto& [start, range] : *ranges)
      if (hints.range.overlaps({start, start + kRangeMs - 1})) selection->pin(range.arena);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i + kPrefetchAhead < ids.size()) prefetch(ids[i + kPrefetchAhead]);
    selection->capture(*table_.find(ids[i]), blocks_);
  }
  return selection;
}

std::vector<std::uint32_t> Head::match_with_data(std::span<const Matcher> matchers,
                                                 TimeRange range) const {
  std::vector<std::uint32_t> ids = index_.match(matchers);
  std::erase_if(ids, [&](std::uint32_t id) { return !overlaps(*table_.find(id), range); });
  return ids;
}

bool Head::has_data(std::uint32_t pair, TimeRange range) const {
  return index_.pair(pair).postings.any_of(
      [&](std::uint32_t id) { return overlaps(*table_.find(id), range); });
}

Names Head::label_names(std::span<const Matcher> matchers, TimeRange range) const {
  Names names;
  ReaderLock index_lock(index_mutex_);
  { MutexLock turn(turn_); }
  ReaderLock lock(samples_mutex_);
  boost::unordered_flat_set<std::uint32_t> pairs_seen;
  if (!matchers.empty())
    for (const std::uint32_t id : match_with_data(matchers, range))
      for (const std::uint32_t pair : pairs(*table_.find(id))) pairs_seen.insert(pair);
  index_.for_each_name(
      [&](const HeadIndex::Name& name) REQUIRES_SHARED(index_mutex_, samples_mutex_) {
        for (const auto& [value, pair] : name.pairs) {
          if (matchers.empty() ? !has_data(pair, range) : !pairs_seen.contains(pair)) continue;
          names.values.push_back(name.name);
          break;
        }
      });
  std::sort(names.values.begin(), names.values.end());
  return names;
}

Names Head::label_values(std::string_view name, std::span<const Matcher> matchers,
                         TimeRange range) const {
  Names names;
  ReaderLock index_lock(index_mutex_);
  const HeadIndex::Name* label = index_.name(name);
  if (label == nullptr) return names;
  { MutexLock turn(turn_); }
  ReaderLock lock(samples_mutex_);
  if (matchers.empty()) {
    for (const auto& [value, pair] : label->pairs)
      if (has_data(pair, range)) names.values.emplace_back(value);
  } else {
    for (const std::uint32_t id : match_with_data(matchers, range)) {
      const std::string_view value = index_.value(pairs(*table_.find(id)), name);
      if (!value.empty()) names.values.emplace_back(value);
    }
  }
  std::sort(names.values.begin(), names.values.end());
  names.values.erase(std::unique(names.values.begin(), names.values.end()), names.values.end());
  return names;
}

namespace {

void keep_top(std::vector<LabelCount>& counts, std::size_t limit) {
  std::sort(counts.begin(), counts.end(), [](const LabelCount& a, const LabelCount& b) {
    return a.value != b.value ? a.value > b.value : a.name < b.name;
  });
  if (counts.size() > limit) counts.resize(limit);
}

}  // namespace

HeadStats Head::stats(std::size_t limit) const {
  HeadStats stats;
  ReaderLock index_lock(index_mutex_);
  {
    { MutexLock turn(turn_); }
    ReaderLock lock(samples_mutex_);
    stats.mint = kTimestampMax;
    stats.maxt = kTimestampMin;
    for (const auto& [start, range] : ranges_) {
      stats.mint = std::min(stats.mint, range.mint);
      stats.maxt = std::max(stats.maxt, range.maxt);
    }
    stats.chunks = chunks_;
  }
  stats.series = index_.series();
  stats.label_pairs = index_.label_pairs();
  if (limit == 0) return stats;
  index_.for_each_name([&](const HeadIndex::Name& name) REQUIRES_SHARED(index_mutex_) {
    std::uint64_t bytes = 0;
    for (const auto& [value, pair] : name.pairs) {
      const std::uint64_t series = index_.pair(pair).postings.size();
      bytes += (value.size() + name.name.size()) * series;
      if (name.name == kMetricName) stats.series_by_metric.push_back({std::string(value), series});
      stats.series_by_pair.push_back({name.name + "=" + std::string(value), series});
    }
    stats.values_by_label.push_back({name.name, name.pairs.size()});
    stats.bytes_by_label.push_back({name.name, bytes});
  });
  for (auto* counts : {&stats.series_by_metric, &stats.values_by_label, &stats.bytes_by_label,
                       &stats.series_by_pair})
    keep_top(*counts, limit);
  return stats;
}

}  // namespace silverback::tsdb

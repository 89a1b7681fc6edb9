// How samples leave the head: frozen, read by the writer of a partition, dropped. Late and slow
// writers go on meanwhile: what they add to a frozen range goes to a new one of the same time, and
// stays.
#include <algorithm>
#include <bit>

#include "tsdb/head/head.h"
#include "tsdb/head/late_samples.h"

namespace silverback::tsdb {

bool Seal::covers(TimestampMs t) const {
  return std::binary_search(ranges.begin(), ranges.end(), range_start(t));
}

Head::Pending Head::pending() const {
  Pending pending;
  { MutexLock turn(turn_); }
  ReaderLock lock(samples_mutex_);
  pending.newest = newest_;
  for (const auto& [start, range] : ranges_) pending.ranges.push_back({start, range.samples});
  return pending;
}

std::optional<LogPosition> Head::oldest_position() const {
  { MutexLock turn(turn_); }
  ReaderLock lock(samples_mutex_);
  std::optional<LogPosition> oldest;
  for (const auto* ranges : {&ranges_, &sealing_})
    for (const auto& [start, range] : *ranges)
      if (!oldest || range.first_position < *oldest) oldest = range.first_position;
  return oldest;
}

void Head::begin_seal(Seal& seal, TimestampMs end) {
  MutexLock turn(turn_);
  WriterLock lock(samples_mutex_);
  for (auto it = ranges_.begin(); it != ranges_.end() && it->first < end;) {
    seal.ranges.push_back(it->first);
    sealing_.emplace(it->first, std::move(it->second));
    it = ranges_.erase(it);
  }
  last_range_ = nullptr;
}

void Head::take_series(Seal& seal, std::uint32_t first, std::uint32_t count) {
  MutexLock turn(turn_);
  WriterLock lock(samples_mutex_);
  for (std::uint32_t id = first; id < first + count; ++id) {
    Series* found = table_.find(id);
    if (found == nullptr || found->state.load() == Series::State::kFree) continue;
    Series& series = *found;
    // A writer may have begun ranges that are not sealed, so what is newer than a chunk that stays
    // stays too: chunks, and late samples that may be second to one in them.
    CutChunk* newest = series.newest_cut;
    TimestampMs stays_from = kTimestampMax;
    for (const CutChunk* chunk = newest; chunk != nullptr; chunk = chunk->older) {
      if (seal.covers(chunk->first)) continue;
      newest = chunk->older;
      stays_from = chunk->first;
    }
    if (series.open.count > 0 && newest == series.newest_cut) {
      if (seal.covers(series.open_first)) {
        cut(series, *sealing_.at(range_start(series.open_first)).arena);
        newest = series.newest_cut;
      } else {
        stays_from = series.open_first;
      }
    }
    SealedSeries sealed{id, newest, 0, stays_from, {}};
    if (series.late != nullptr) {
      sealed.late_looked_at = series.late->size();
      for (const Sample& sample : *series.late)
        if (seal.takes_late(sample.t, stays_from)) sealed.late.push_back(sample);
    }
    if (newest != nullptr || !sealed.late.empty()) seal.series.push_back(std::move(sealed));
  }
}

void Head::rank_series() {
  // Pairs are ranked first: then comparing label sets is comparing numbers. Only maintenance
  // removes series, and it is what runs here, so the lists, and the texts of pairs in use, stay
  // where they are, and only looking them up needs the lock.
  std::vector<std::uint32_t> ids;
  std::uint32_t end = 0;
  {
    ReaderLock lock(index_mutex_);
    ids = index_.match({});
    end = next_id_;
  }
  struct Ranked {
    std::string_view name, value;
    std::uint32_t pair;
  };
  std::vector<Ranked> ranked;
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> ranks;
  for (const std::uint32_t id : ids)
    for (const std::uint32_t pair : pairs(*table_.find(id)))
      if (ranks.emplace(pair, 0).second) ranked.push_back({{}, {}, pair});
  {
    ReaderLock lock(index_mutex_);
    for (Ranked& entry : ranked) {
      entry.name = index_.name_of(entry.pair);
      entry.value = index_.pair(entry.pair).value;
    }
  }
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    return a.name != b.name ? a.name < b.name : a.value < b.value;
  });
  for (std::size_t i = 0; i < ranked.size(); ++i)
    ranks[ranked[i].pair] = static_cast<std::uint32_t>(i);
  std::sort(ids.begin(), ids.end(), [&](std::uint32_t a, std::uint32_t b) {
    const HeadIndex::PairIds left = pairs(*table_.find(a));
    const HeadIndex::PairIds right = pairs(*table_.find(b));
    return std::lexicographical_compare(
        left.begin(), left.end(), right.begin(), right.end(),
        [&](std::uint32_t x, std::uint32_t y) { return ranks.at(x) < ranks.at(y); });
  });
  WriterLock lock(index_mutex_);
  for (std::size_t i = 0; i < ids.size(); ++i)
    table_.find(ids[i])->rank = static_cast<std::uint32_t>(i + 1);
  ranked_ids_ = end;
}

void Head::rank_series_if_due() {
  {
    ReaderLock lock(index_mutex_);
    if (next_id_ - ranked_ids_ <= 1000 + index_.series() / 8) return;
  }
  rank_series();
}

void Head::sort(Seal& seal) {
  rank_series();
  std::sort(seal.series.begin(), seal.series.end(),
            [&](const SealedSeries& a, const SealedSeries& b) {
              return table_.find(a.id)->rank < table_.find(b.id)->rank;
            });
}

class SealSource final : public SeriesSource {
 public:
  SealSource(const Head& head, const Seal& seal, TimestampMs mint, TimestampMs maxt)
      : head_(head), seal_(seal), range_{mint, maxt - 1} {}

  Result<bool> next(Labels& labels, SampleColumns& samples) override {
    for (; next_ < seal_.series.size(); ++next_) {
      const SealedSeries& series = seal_.series[next_];
      samples.clear();
      chunks_.clear();
      for (const CutChunk* chunk = series.newest; chunk != nullptr; chunk = chunk->older)
        if (range_.overlaps({chunk->first, chunk->last})) chunks_.push_back(chunk);
      for (auto chunk = chunks_.rbegin(); chunk != chunks_.rend(); ++chunk)
        if (!gorilla_decode((*chunk)->data(), (*chunk)->count, range_, samples.t, samples.v))
          return fail(ErrorCode::kCorruption, "a chunk in memory is damaged");
      std::vector<Sample> late;
      for (const Sample& sample : series.late)
        if (range_.contains(sample.t)) late.push_back(sample);
      merge_late(std::move(late), samples);
      if (samples.t.empty()) continue;
      ReaderLock lock(head_.index_mutex_);
      labels = head_.index_.labels(head_.pairs(*head_.table_.find(series.id)));
      ++next_;
      return true;
    }
    return false;
  }

 private:
  const Head& head_;
  const Seal& seal_;
  const TimeRange range_;
  std::size_t next_ = 0;
  std::vector<const CutChunk*> chunks_;
};

std::unique_ptr<SeriesSource> Head::source(const Seal& seal, TimestampMs mint,
                                           TimestampMs maxt) const {
  return std::make_unique<SealSource>(*this, seal, mint, maxt);
}

void Head::drop_series(const Seal& seal, std::size_t first, std::size_t count) {
  MutexLock turn(turn_);
  WriterLock lock(samples_mutex_);
  for (std::size_t i = first; i < first + count; ++i) {
    const SealedSeries& sealed = seal.series[i];
    Series& series = *table_.find(sealed.id);
    for (const CutChunk* chunk = sealed.newest; chunk != nullptr; chunk = chunk->older) --chunks_;
    CutChunk** link = &series.newest_cut;
    while (*link != sealed.newest) link = &(*link)->older;
    *link = nullptr;
    if (sealed.late_looked_at == 0) continue;
    std::vector<Sample>& late = *series.late;
    const auto looked_at = late.begin() + static_cast<std::ptrdiff_t>(sealed.late_looked_at);
    late.erase(std::remove_if(late.begin(), looked_at,
                              [&](const Sample& sample) {
                                return seal.takes_late(sample.t, sealed.late_end);
                              }),
               looked_at);
    late_samples_ -= sealed.late.size();
    if (late.empty()) series.late = nullptr;
  }
}

void Head::finish_seal(const Seal& seal, bool dropped) {
  MutexLock turn(turn_);
  WriterLock lock(samples_mutex_);
  last_range_ = nullptr;
  for (const TimestampMs start : seal.ranges) {
    const auto sealed = sealing_.find(start);
    Range& old = sealed->second;
    if (!dropped) {
      const auto [place, made] = ranges_.try_emplace(start);
      Range& range = place->second;
      range.arena->adopt(old.arena);
      range.first_position =
          made ? old.first_position : std::min(range.first_position, old.first_position);
      range.samples += old.samples;
      range.mint = std::min(range.mint, old.mint);
      range.maxt = std::max(range.maxt, old.maxt);
    }
    sealing_.erase(sealed);
  }
  // Made only to keep a chunk that was cut meanwhile.
  std::erase_if(ranges_, [](const auto& entry) { return entry.second.samples == 0; });
}

}  // namespace silverback::tsdb

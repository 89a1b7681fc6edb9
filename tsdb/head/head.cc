#include "tsdb/head/head.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace silverback::tsdb {

Head::Head() = default;
Head::~Head() = default;

Result<std::uint32_t> Head::series(const Labels& labels) {
  const std::uint64_t hash = labels.hash();
  const auto revive = [this](std::uint32_t id) {
    Series* series = table_.find(id);
    auto dying = Series::State::kDying;
    series->state.compare_exchange_strong(dying, Series::State::kLive);
    return id;
  };
  {
    ReaderLock lock(index_mutex_);
    if (const auto found = index_.find(labels, hash)) return revive(*found);
  }
  WriterLock lock(index_mutex_);
  if (const auto found = index_.find(labels, hash)) return revive(*found);
  if (next_id_ == 0xffff'ffff)
    return fail(ErrorCode::kUnavailable, "no series can be added: all ids were given out once");
  const std::uint32_t id = next_id_++;
  Series& series = table_.make(id);
  const HeadIndex::PairIds list = index_.add(id, labels, hash);
  series.pairs = list.data();
  series.pair_count = static_cast<std::uint16_t>(list.size());
  series.hash = hash;
  series.state.store(Series::State::kLive, std::memory_order_release);
  unlogged_.push_back(id);
  created_.fetch_add(1, std::memory_order_relaxed);
  return id;
}

bool Head::known(std::uint32_t id) const {
  const Series* series = table_.find(id);
  return series != nullptr && series->state.load(std::memory_order_acquire) == Series::State::kLive;
}

std::vector<std::uint32_t> Head::take_unlogged(std::uint32_t& next_id) {
  {
    ReaderLock lock(index_mutex_);
    next_id = next_id_;
    if (unlogged_.empty()) return {};
  }
  WriterLock lock(index_mutex_);
  next_id = next_id_;
  return std::exchange(unlogged_, {});
}

void Head::give_back_unlogged(const std::vector<std::uint32_t>& ids) {
  WriterLock lock(index_mutex_);
  unlogged_.insert(unlogged_.end(), ids.begin(), ids.end());
}

void Head::for_each_labels(std::span<const std::uint32_t> ids,
                           const std::function<void(std::uint32_t, const Labels&)>& visit) const {
  constexpr std::size_t kBatch = 1024;  // registrations wait no longer than for these
  std::vector<std::pair<std::uint32_t, Labels>> batch;
  for (std::size_t start = 0; start < ids.size(); start += kBatch) {
    batch.clear();
    {
      ReaderLock lock(index_mutex_);
      for (const std::uint32_t id : ids.subspan(start, std::min(kBatch, ids.size() - start))) {
        const Series* series = table_.find(id);
        if (series == nullptr || series->state.load() == Series::State::kFree) continue;
        batch.emplace_back(id, index_.labels(pairs(*series)));
      }
    }
    for (const auto& [id, labels] : batch) visit(id, labels);
  }
}

std::vector<std::uint32_t> Head::all_ids() const {
  ReaderLock lock(index_mutex_);
  return index_.match({});
}

std::uint64_t Head::series_count() const {
  ReaderLock lock(index_mutex_);
  return index_.series();
}

std::uint32_t Head::next_id() const {
  ReaderLock lock(index_mutex_);
  return next_id_;
}

void Head::for_each_alias(const std::function<void(std::uint32_t, const Labels&)>& visit) const {
  for (const auto& entry : same_labels_)
    for_each_labels({&entry.second, 1},
                    [&](std::uint32_t, const Labels& labels) { visit(entry.first, labels); });
}

bool Head::restore_series(std::uint32_t id, const Labels& labels) {
  const std::uint64_t hash = labels.hash();
  WriterLock lock(index_mutex_);
  if (const auto found = index_.find(labels, hash)) {
    // Registered again after it was forgotten, or logged twice after a failed write.
    if (*found != id) same_labels_[id] = *found;
    return true;
  }
  Series& series = table_.make(id);
  if (series.state.load() != Series::State::kFree) return false;
  const HeadIndex::PairIds list = index_.add(id, labels, hash);
  series.pairs = list.data();
  series.pair_count = static_cast<std::uint16_t>(list.size());
  series.hash = hash;
  series.state.store(Series::State::kLive, std::memory_order_release);
  next_id_ = std::max(next_id_, id + 1);
  return true;
}

void Head::reserve_ids(std::uint32_t next_id) {
  WriterLock lock(index_mutex_);
  next_id_ = std::max(next_id_, next_id);
}

std::optional<std::uint32_t> Head::restored(std::uint32_t id) const {
  if (!same_labels_.empty()) {
    const auto same = same_labels_.find(id);
    if (same != same_labels_.end()) return same->second;
  }
  return known(id) ? std::optional(id) : std::nullopt;
}

std::uint64_t Head::restore_value(std::uint32_t id, std::uint64_t xored, std::uint32_t epoch,
                                  std::uint32_t file) {
  Series& series = *table_.find(id);
  if (series.log_epoch == epoch) xored ^= series.logged_bits;
  series.log_epoch = epoch;
  series.logged_bits = xored;
  series.log_file = file;
  return xored;
}

void Head::start_group(CommitGroup& group) {
  group.clear();
  group.number = ++group_number_;
}

void Head::prefetch(std::uint32_t id) const {
  const Series* series = table_.find(id);
  __builtin_prefetch(series, 1);
  __builtin_prefetch(reinterpret_cast<const char*>(series) + 64, 1);
}

SampleVerdict Head::decide(CommitGroup& group, Series& series, std::uint32_t id, Sample sample,
                           AppendOptions options) {
  if (sample.t < kTimestampMin || sample.t > kTimestampMax) return SampleVerdict::kOutOfBounds;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(sample.v);
  bool has_last = series.has_last;
  TimestampMs last_t = series.open.t;
  std::uint64_t last_bits = series.open.v_bits;
  // The index is checked too, because group numbers come round after 2^32 of them.
  if (series.group == group.number && series.group_index < group.series.size() &&
      group.series[series.group_index] == &series) {
    const LoggedSample& newest = group.samples[series.group_index];
    has_last = true;
    last_t = newest.t;
    last_bits = newest.v_bits;
  }
  if (!has_last || sample.t > last_t) {
    series.group = group.number;
    series.group_index = static_cast<std::uint32_t>(group.samples.size());
  } else if (sample.t == last_t) {
    return bits == last_bits ? SampleVerdict::kIdenticalDuplicate : SampleVerdict::kDuplicateValue;
  } else if (options.reject_out_of_order) {
    return SampleVerdict::kOutOfOrder;
  } else {
    ++group.late;
  }
  group.samples.push_back({id, sample.t, bits});
  group.series.push_back(&series);
  if (series.state.load(std::memory_order_relaxed) != Series::State::kLive)
    series.state.store(Series::State::kLive, std::memory_order_release);
  return SampleVerdict::kStored;
}

SampleVerdict Head::stage(CommitGroup& group, std::uint32_t id, Sample sample,
                          AppendOptions options, std::uint32_t epoch, std::uint32_t file) {
  Series* series = table_.find(id);
  assert(series != nullptr && series->state.load() != Series::State::kFree);
  const SampleVerdict verdict = decide(group, *series, id, sample, options);
  if (verdict != SampleVerdict::kStored) return verdict;
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(sample.v);
  group.xored.push_back(series->log_epoch == epoch ? bits ^ series->logged_bits : bits);
  series->log_epoch = epoch;
  series->log_file = file;
  series->logged_bits = bits;
  return verdict;
}

void Head::stage_replayed(CommitGroup& group, std::uint32_t id, Sample sample, std::uint32_t file) {
  Series& series = *table_.find(id);
  series.log_file = file;
  decide(group, series, id, sample, {});
}

void Head::apply(const CommitGroup& group, LogPosition position) {
  constexpr std::size_t kAhead = 8;
  MutexLock turn(turn_);
  WriterLock lock(samples_mutex_);
  for (std::size_t i = 0; i < group.samples.size(); ++i) {
    if (i + kAhead < group.samples.size()) {
      blocks_.prefetch_end(group.series[i + kAhead]->chain);
    }
    append(*group.series[i], group.samples[i].t, group.samples[i].v_bits, position);
  }
}

Head::Range& Head::range_of(TimestampMs t, LogPosition position) {
  const TimestampMs start = range_start(t);
  if (last_range_ != nullptr && start == last_range_start_) return *last_range_;
  const auto [place, made] = ranges_.try_emplace(start);
  if (made) place->second.first_position = position;
  last_range_ = &place->second;
  last_range_start_ = start;
  return *last_range_;
}

void Head::append(Series& series, TimestampMs t, std::uint64_t v_bits, LogPosition position) {
  Range& range = range_of(t, position);
  ++range.samples;
  range.mint = std::min(range.mint, t);
  range.maxt = std::max(range.maxt, t);
  newest_ = std::max(newest_, t);
  if (series.has_last && t <= series.open.t) {
    if (series.late == nullptr) series.late = std::make_unique<std::vector<Sample>>();
    series.late->push_back({t, std::bit_cast<double>(v_bits)});
    ++late_samples_;
    return;
  }
  if (series.open.count > 0 && (series.open.count >= kSamplesPerChunk ||
                                range_start(series.open_first) != last_range_start_))
    cut(series, *range_of(series.open_first, position).arena);

  if (series.open.count == 0) {
    series.open_first = t;
    ++chunks_;
  }
  // Encoded aside, behind the bits of the last byte that are in use, then put into the chain.
  std::byte encoded[kGorillaAppendBytesMax] = {};
  const std::uint32_t size = series.open.bytes(), whole_bytes = series.open.bits / 8;
  const std::uint32_t used_bits = series.open.bits % 8;
  if (used_bits != 0) encoded[0] = blocks_.last_byte(series.chain, whole_bytes);
  series.open.bits = used_bits;
  gorilla_append(series.open, encoded, t, v_bits);
  blocks_.put(series.chain, size, whole_bytes, encoded, series.open.bytes());
  series.open.bits += whole_bytes * 8;
  series.has_last = true;
}

void Head::cut(Series& series, ChunkArena& arena) {
  const std::uint32_t bytes = series.open.bytes();
  CutChunk* chunk = arena.add(series.open_first, series.open.t, series.open.count, bytes);
  blocks_.copy(series.chain, bytes, chunk->data_to_fill());
  blocks_.release(series.chain, bytes);
  chunk->older = series.newest_cut;
  series.newest_cut = chunk;
  // t and v_bits stay: they are the series' newest sample.
  series.open.delta = 0;
  series.open.bits = 0;
  series.open.count = 0;
  series.open.leading = series.open.significant = 0;
}

bool Head::overlaps(const Series& series, TimeRange range) {
  if (series.open.count > 0 && range.overlaps({series.open_first, series.open.t})) return true;
  for (const CutChunk* chunk = series.newest_cut; chunk != nullptr; chunk = chunk->older)
    if (range.overlaps({chunk->first, chunk->last})) return true;
  return series.late != nullptr &&
         std::any_of(series.late->begin(), series.late->end(),
                     [&](const Sample& sample) { return range.contains(sample.t); });
}

std::size_t Head::forget_series(TimestampMs before, std::uint32_t first_log_file) {
  WriterLock index_lock(index_mutex_);
  MutexLock turn(turn_);
  WriterLock lock(samples_mutex_);
  const auto is_idle = [&](const Series& series) REQUIRES(samples_mutex_) {
    return !series.has_data() && (!series.has_last || series.open.t < before) &&
           series.log_file < first_log_file;
  };
  std::size_t removed = 0;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> still_dying;
  for (const auto& [epoch, id] : dying_) {
    Series& series = *table_.find(id);
    if (series.state.load() != Series::State::kDying) continue;  // somebody came back to it
    if (!gate_.all_left(epoch) || !is_idle(series)) {
      still_dying.emplace_back(epoch, id);
      continue;
    }
    index_.remove(id, pairs(series), series.hash);
    series.state.store(Series::State::kFree, std::memory_order_release);
    ++removed;
  }
  dying_ = std::move(still_dying);

  std::vector<std::uint32_t> marked;
  for (const std::uint32_t id : index_.match({})) {
    Series& series = *table_.find(id);
    if (series.state.load() != Series::State::kLive || !is_idle(series)) continue;
    series.state.store(Series::State::kDying);
    marked.push_back(id);
  }
  // Who enters from now on finds them unknown, or makes them live again.
  SeriesTable::Pages pages;
  if (removed > 0) pages = table_.take_empty_pages(next_id_);
  const std::uint64_t epoch = gate_.end_epoch();
  for (const std::uint32_t id : marked) dying_.emplace_back(epoch, id);
  std::erase_if(retired_, [&](const auto& entry) { return gate_.all_left(entry.first); });
  if (!pages.empty()) retired_.emplace_back(epoch, std::move(pages));
  return removed;
}

}  // namespace silverback::tsdb

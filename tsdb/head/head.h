// The head: all samples that are in no partition yet, in memory.
//
// One committer at a time (store_commit.cc) stages a group of samples, logs it, and applies it; a
// group is visible to a selection as a whole or not at all. Samples newer than the newest of their
// series go to its open chunk, older ones to its late samples; of two at one instant the one in a
// chunk was accepted first, and among late ones the one that came first.
//
// Time is cut into ranges of two hours, [k·2h, (k+1)·2h). No chunk reaches over an edge, so that a
// range is sealed by taking whole chunks.
//
// Threads: functions marked "committer" by one thread at a time; the others from any thread. Order
// of locks: committer's, index, samples.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/appender.h"
#include "base/mutex.h"
#include "base/queryable.h"
#include "tsdb/db.h"
#include "tsdb/head/head_index.h"
#include "tsdb/head/head_memory.h"
#include "tsdb/head/head_series.h"
#include "tsdb/head/reader_gate.h"
#include "tsdb/partition/partition.h"
#include "tsdb/wal/wal_samples.h"

namespace silverback::tsdb {

inline constexpr DurationMs kRangeMs = 2 * 60 * 60 * 1000;
inline constexpr std::uint16_t kSamplesPerChunk = 120;

// The start of the range that `t` is in.
constexpr TimestampMs range_start(TimestampMs t) {
  const TimestampMs rest = t % kRangeMs;
  return t - (rest < 0 ? rest + kRangeMs : rest);
}

// Samples that were accepted and are not applied yet.
struct CommitGroup {
  std::uint32_t number = 0;
  std::vector<LoggedSample> samples;
  std::vector<Series*> series;
  std::vector<std::uint64_t> xored;  // what the log writes for their values
  std::size_t late = 0;              // how many of the samples are

  void clear() {
    late = 0;
    samples.clear();
    series.clear();
    xored.clear();
  }
};

// What sealing took from one series.
struct SealedSeries {
  std::uint32_t id;
  CutChunk* newest;            // it and what is older; null: only late samples
  std::size_t late_looked_at;  // of its late samples, those that the seal covers before late_end
  TimestampMs late_end;        // were taken
  std::vector<Sample> late;    // those, in order of acceptance
};

// One run of sealing. Made by Head::begin_seal.
struct Seal {
  std::vector<TimestampMs> ranges;  // that are sealed, ascending
  std::vector<SealedSeries> series;

  bool covers(TimestampMs t) const;
  bool takes_late(TimestampMs t, TimestampMs late_end) const { return t < late_end && covers(t); }
};

class Head {
 public:
  Head();
  ~Head();

  // --- Series. SeriesRef is the id plus one.
  static constexpr std::size_t kLabelsMax = 0xffff;
  // Requires up to kLabelsMax labels. Errors: kUnavailable when all ids were given out once.
  Result<std::uint32_t> series(const Labels& labels) EXCLUDES(index_mutex_);
  bool known(std::uint32_t id) const;
  ReaderGate& gate() const { return gate_; }
  // Committer. Series made since the last call, with their labels, and the next free id. What could
  // not be logged is given back.
  std::vector<std::uint32_t> take_unlogged(std::uint32_t& next_id) EXCLUDES(index_mutex_);
  void give_back_unlogged(const std::vector<std::uint32_t>& ids) EXCLUDES(index_mutex_);
  void for_each_labels(std::span<const std::uint32_t> ids,
                       const std::function<void(std::uint32_t, const Labels&)>& visit) const
      EXCLUDES(index_mutex_);
  std::vector<std::uint32_t> all_ids() const EXCLUDES(index_mutex_);

  // --- Recovery, before anything else. False if other labels have the id.
  bool restore_series(std::uint32_t id, const Labels& labels) EXCLUDES(index_mutex_);
  // Ids by which the log knows series that are kept under others, with their labels.
  void for_each_alias(const std::function<void(std::uint32_t, const Labels&)>& visit) const
      EXCLUDES(index_mutex_);
  void reserve_ids(std::uint32_t next_id) EXCLUDES(index_mutex_);
  // The id under which the labels of `id` are kept; nothing if it is unknown.
  std::optional<std::uint32_t> restored(std::uint32_t id) const;
  // The bits that were logged as `xored`; remembers them for the next of that series and epoch.
  std::uint64_t restore_value(std::uint32_t id, std::uint64_t xored, std::uint32_t epoch,
                              std::uint32_t file);

  // --- Committer.
  void start_group(CommitGroup& group);
  void prefetch(std::uint32_t id) const;
  // Decides about a sample and, if it is taken, adds it to the group. `epoch` and `file` are the
  // log's. Requires that the id was known within the batch.
  SampleVerdict stage(CommitGroup& group, std::uint32_t id, Sample sample, AppendOptions options,
                      std::uint32_t epoch, std::uint32_t file);
  // The same for a sample that the log holds already.
  void stage_replayed(CommitGroup& group, std::uint32_t id, Sample sample, std::uint32_t file);
  // Takes a logged group in. `position` is where it is in the log.
  void apply(const CommitGroup& group, LogPosition position) EXCLUDES(samples_mutex_);

  // --- Queries.
  std::unique_ptr<Selection> select(std::span<const Matcher> matchers,
                                    const SelectHints& hints) const
      EXCLUDES(index_mutex_, samples_mutex_);
  Names label_names(std::span<const Matcher> matchers, TimeRange range) const
      EXCLUDES(index_mutex_, samples_mutex_);
  Names label_values(std::string_view name, std::span<const Matcher> matchers,
                     TimeRange range) const EXCLUDES(index_mutex_, samples_mutex_);
  HeadStats stats(std::size_t limit) const EXCLUDES(index_mutex_, samples_mutex_);

  // --- Sealing. All for the committer but source().
  struct PendingRange {
    TimestampMs start;
    std::uint64_t samples;
  };
  struct Pending {
    TimestampMs newest = kTimestampMin;  // sample that the head ever had
    std::vector<PendingRange> ranges;    // that have samples, ascending
  };
  Pending pending() const EXCLUDES(samples_mutex_);
  // Freezes the ranges that start before `end`. A series may go on in one until take_series() comes
  // to it, and after that too; what is added from now on counts as of a range that is not frozen.
  void begin_seal(Seal& seal, TimestampMs end) EXCLUDES(samples_mutex_);
  // Takes the series with ids in [first, first + count) into the seal.
  void take_series(Seal& seal, std::uint32_t first, std::uint32_t count) EXCLUDES(samples_mutex_);
  // The sealed samples in [mint, maxt). Holds the index's lock only shortly; `seal` must outlive
  // it.
  std::unique_ptr<SeriesSource> source(const Seal& seal, TimestampMs mint, TimestampMs maxt) const;
  // Puts the series of the seal into the order of their labels, as source() needs them.
  void sort(Seal& seal) EXCLUDES(index_mutex_);
  // Ranks all series by their labels if many have no rank yet, so that selections need not compare
  // texts. Not at the same time as forget_series().
  void rank_series_if_due() EXCLUDES(index_mutex_);
  // Drops what was taken from seal.series[first, first + count).
  void drop_series(const Seal& seal, std::size_t first, std::size_t count) EXCLUDES(samples_mutex_);
  // After all are dropped: frees the memory. After a failure instead: everything is as before.
  void finish_seal(const Seal& seal, bool dropped) EXCLUDES(samples_mutex_);
  // Everything logged before this position is in partitions; nothing if the head is empty.
  std::optional<LogPosition> oldest_position() const EXCLUDES(samples_mutex_);

  // Marks series without data whose newest sample is before `before` and that no log file from
  // `first_log_file` on mentions; removes those marked earlier that nobody can be using any more.
  // Returns how many were removed.
  std::size_t forget_series(TimestampMs before, std::uint32_t first_log_file)
      EXCLUDES(index_mutex_, samples_mutex_);

  std::uint64_t series_created() const { return created_.load(std::memory_order_relaxed); }
  std::uint64_t series_count() const EXCLUDES(index_mutex_);
  std::uint32_t next_id() const EXCLUDES(index_mutex_);

 private:
  friend class HeadSelection;
  friend class SealSource;

  struct Range {
    std::shared_ptr<ChunkArena> arena = std::make_shared<ChunkArena>();
    std::uint64_t samples = 0;
    LogPosition first_position = 0;  // of its oldest sample in the log
    TimestampMs mint = kTimestampMax, maxt = kTimestampMin;
  };

  HeadIndex::PairIds pairs(const Series& series) const { return {series.pairs, series.pair_count}; }
  static SampleVerdict decide(CommitGroup& group, Series& series, std::uint32_t id, Sample sample,
                              AppendOptions options);
  void rank_series() EXCLUDES(index_mutex_);
  std::vector<std::uint32_t> in_label_order(const std::vector<std::uint32_t>& ids) const
      REQUIRES_SHARED(index_mutex_);
  Range& range_of(TimestampMs t, LogPosition position) REQUIRES(samples_mutex_);
  void append(Series& series, TimestampMs t, std::uint64_t v_bits, LogPosition position)
      REQUIRES(samples_mutex_);
  void cut(Series& series, ChunkArena& arena) REQUIRES(samples_mutex_);
  static bool overlaps(const Series& series, TimeRange range);
  std::vector<std::uint32_t> match_with_data(std::span<const Matcher> matchers,
                                             TimeRange range) const
      REQUIRES_SHARED(index_mutex_, samples_mutex_);

  // Whether a series with that pair has.
  bool has_data(std::uint32_t pair, TimeRange range) const
      REQUIRES_SHARED(index_mutex_, samples_mutex_);

  SeriesTable table_;
  mutable ReaderGate gate_;
  std::atomic<std::uint64_t> created_{0};
  std::uint32_t group_number_ = 0;                                     // committer's
  std::vector<std::pair<std::uint64_t, std::uint32_t>> dying_;         // epoch and id; committer's
  std::vector<std::pair<std::uint64_t, SeriesTable::Pages>> retired_;  // the same
  boost::unordered_flat_map<std::uint32_t, std::uint32_t> same_labels_;  // recovery: id to id

  mutable SharedMutex index_mutex_;
  HeadIndex index_ GUARDED_BY(index_mutex_);
  std::uint32_t next_id_ GUARDED_BY(index_mutex_) = 0;
  std::uint32_t ranked_ids_ GUARDED_BY(index_mutex_) = 0;  // series from this id on have no rank
  std::vector<std::uint32_t> unlogged_ GUARDED_BY(index_mutex_);

  // A writer takes `turn_` too: a stream of readers must not keep it out.
  mutable Mutex turn_;
  mutable SharedMutex samples_mutex_;
  ChunkBlocks blocks_ GUARDED_BY(samples_mutex_);
  std::map<TimestampMs, Range> ranges_ GUARDED_BY(samples_mutex_);
  std::map<TimestampMs, Range> sealing_ GUARDED_BY(samples_mutex_);
  Range* last_range_ GUARDED_BY(samples_mutex_) = nullptr;
  TimestampMs last_range_start_ GUARDED_BY(samples_mutex_) = 0;
  TimestampMs newest_ GUARDED_BY(samples_mutex_) = kTimestampMin;
  std::uint64_t late_samples_ GUARDED_BY(samples_mutex_) = 0;
  std::uint64_t chunks_ GUARDED_BY(samples_mutex_) = 0;
};

}  // namespace silverback::tsdb

// How the store ages: full ranges leave the head as partitions, partitions are merged, old ones go.
// All of it under maintenance_, one at a time; the committer is held only for slices of the work.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "tsdb/partition/merge.h"
#include "tsdb/store.h"

namespace silverback::tsdb {
namespace {

constexpr DurationMs kDayMs = 24 * 60 * 60 * 1000;
constexpr DurationMs kMergedMsMax = 31 * kDayMs;
// A range is complete when the newest sample is this far behind its end: as in Prometheus.
constexpr DurationMs kCompleteAfterMs = kRangeMs / 2;
// Samples for ranges that were sealed before wait for the next full range, unless there are this
// many.
constexpr std::uint64_t kLateSamplesMax = 2 << 20;
// Every try reads all of what is to be sealed or merged, and writes most of it.
constexpr DurationMs kRetryMs = 60 * 1000;
// Commits wait no longer than for these.
constexpr std::uint32_t kSliceSeries = 8192;

// The start of the span of that length, counted from 1970, that `t` is in.
TimestampMs span_start(TimestampMs t, DurationMs span) {
  const TimestampMs rest = t % span;
  return t - (rest < 0 ? rest + span : rest);
}

// Ascending names are the order of acceptance.
std::string partition_name(std::uint64_t number, TimestampMs mint, TimestampMs maxt) {
  std::array<char, 80> name;
  std::snprintf(name.data(), name.size(), "%010llu_%lld_%lld",
                static_cast<unsigned long long>(number), static_cast<long long>(mint),
                static_cast<long long>(maxt));
  return name.data();
}

struct Interval {
  TimestampMs mint, maxt;
};

// Which partitions to make of ranges: one per day where the whole day is complete, else one per
// range. `ranges` ascend.
std::vector<Interval> plan_partitions(const std::vector<TimestampMs>& ranges,
                                      TimestampMs complete_before) {
  std::vector<Interval> plan;
  for (const TimestampMs start : ranges) {
    if (!plan.empty() && start < plan.back().maxt) continue;
    const TimestampMs day = span_start(start, kDayMs);
    const bool whole_day = day + kDayMs <= complete_before;
    plan.push_back(whole_day ? Interval{day, day + kDayMs} : Interval{start, start + kRangeMs});
  }
  return plan;
}

}  // namespace

Status Store::maintain() {
  MutexLock maintenance(maintenance_);
  // One after the other, whatever fails: on a full disk it is retention that makes room.
  Status first_error;
  const auto note = [&](Status status) {
    if (!status && first_error) first_error = std::move(status);
  };
  {
    MutexLock committer(committer_);
    if (sync_is_due() || series_log_->is_dirty()) note(sync_logs());
  }
  note(drop_expired());
  note(seal_if_due());
  head_.rank_series_if_due();
  if (has_passed(merge_failed_, kRetryMs)) {
    Status merged = merge_due(false);
    if (!merged) merge_failed_ = clock_.now();
    note(std::move(merged));
  }
  update_gauges();
  return first_error;
}

bool Store::has_passed(TimestampMs since, DurationMs span) const {
  const TimestampMs now = clock_.now();
  return now - since >= span || now < since;
}

Status Store::seal_if_due() {
  const Head::Pending pending = head_.pending();
  const TimestampMs end = complete_before(pending);
  bool full_range = false;
  std::uint64_t samples = 0;
  for (const Head::PendingRange& range : pending.ranges) {
    if (range.start >= end) break;
    samples += range.samples;
    if (range.start >= sealed_before_) full_range = true;
  }
  if (!has_passed(seal_failed_, kRetryMs)) return {};
  if (!full_range && samples < kLateSamplesMax &&
      (samples == 0 || !has_passed(last_seal_, kRangeMs)))
    return {};
  Status sealed = seal(end);
  if (!sealed) {
    seal_failed_ = clock_.now();
    return sealed;
  }
  last_seal_ = clock_.now();
  sealed_before_ = end;
  return {};
}

Status Store::flush() {
  MutexLock maintenance(maintenance_);
  const Status sealed = seal(kTimestampMax);
  update_gauges();
  return sealed;
}

Status Store::compact() {
  MutexLock maintenance(maintenance_);
  TRY(seal(kTimestampMax));
  const Status merged = merge_due(true);
  update_gauges();
  return merged;
}

TimestampMs Store::complete_before(const Head::Pending& pending) const {
  if (pending.ranges.empty()) return kTimestampMin;
  return range_start(pending.newest - kCompleteAfterMs);
}

void Store::update_gauges() {
  count_partitions(*partitions());
  const HeadStats stats = head_.stats(0);
  metrics_.head_series.set(static_cast<double>(stats.series));
  metrics_.head_chunks.set(static_cast<double>(stats.chunks));
  metrics_.head_min_time.set(static_cast<double>(stats.mint));
  metrics_.head_max_time.set(static_cast<double>(stats.maxt));
}

Status Store::seal(TimestampMs end) {
  const Head::Pending pending = head_.pending();
  if (pending.ranges.empty() || pending.ranges.front().start >= end) return {};
  TRY(open_manifest());
  Seal seal;
  LogPosition position = 0;
  {
    MutexLock committer(committer_);
    TRY(series_log_->sync(head_.next_id()));
    position = TRY(sample_log_->rotate());
    head_.begin_seal(seal, end);
  }
  const std::uint32_t next_id = head_.next_id();
  for (std::uint32_t first = 0; first < next_id; first += kSliceSeries) {
    MutexLock committer(committer_);
    head_.take_series(seal, first, std::min(kSliceSeries, next_id - first));
  }
  head_.sort(seal);
  // What was pending before `end` is frozen; a range from there on may have samples by now.
  const TimestampMs complete = std::min(end, complete_before(pending));
  const Status written = write_partitions(seal, position, complete);
  if (!written) {
    metrics_.compactions_failed.add();
    MutexLock committer(committer_);
    head_.finish_seal(seal, false);
    return fail(Error(written.error()).within("seal"));
  }
  for (std::size_t first = 0; first < seal.series.size(); first += kSliceSeries) {
    MutexLock committer(committer_);
    head_.drop_series(seal, first, std::min<std::size_t>(kSliceSeries, seal.series.size() - first));
  }
  {
    MutexLock committer(committer_);
    head_.finish_seal(seal, true);
  }
  return clean_log(complete_before(pending));
}

Status Store::write_partitions(const Seal& seal, LogPosition position, TimestampMs complete) {
  std::vector<ManifestEntry> added;
  auto next = std::make_shared<Partitions>(*partitions());
  const Status written = [&]() REQUIRES(maintenance_) -> Status {
    for (const Interval& interval : plan_partitions(seal.ranges, complete)) {
      const std::unique_ptr<SeriesSource> source = head_.source(seal, interval.mint, interval.maxt);
      PartitionInfo info = TRY(build_partition(interval.mint, interval.maxt, *source));
      if (info.samples == 0) continue;
      const ManifestEntry& entry =
          added.emplace_back(ManifestEntry{std::move(info), position, true});
      std::shared_ptr<Partition> partition =
          TRY(Partition::open(files_, path_of(entry.partition), entry.partition, cache_));
      next->push_back({entry, std::move(partition)});
    }
    return {};
  }();
  if (!written) {
    for (const ManifestEntry& entry : added)
      static_cast<void>(files_.remove_all(path_of(entry.partition)));
    return written;
  }
  if (added.empty()) return {};
  TRY(apply(added, {}));
  metrics_.compactions.add(added.size());
  publish(std::move(next));
  return {};
}

std::uint64_t Store::number_of(const std::string& partition_name) {
  return std::strtoull(partition_name.c_str(), nullptr, 10);
}

std::filesystem::path Store::path_of(const PartitionInfo& partition) const {
  return directory_ / "partitions" / partition.name;
}

// Writes it under tmp/ and moves it to its place. Without samples there is nothing at that place.
Result<PartitionInfo> Store::build_partition(TimestampMs mint, TimestampMs maxt,
                                             SeriesSource& source) {
  const std::string name = partition_name(next_partition_++, mint, maxt);
  const std::filesystem::path building = directory_ / "tmp" / name;
  TRY(files_.remove_all(building));
  Result<PartitionInfo> info = write_partition(files_, building, mint, maxt, source);
  if (!info || info->samples == 0) {
    static_cast<void>(files_.remove_all(building));
    return info;
  }
  TRY(files_.rename(building, path_of(*info)));
  TRY(files_.sync_directory(directory_ / "partitions"));
  return info;
}

// After an error of apply() the file says what happened; what it does not name goes.
Status Store::open_manifest() {
  if (manifest_ != nullptr) return {};
  manifest_ = TRY(Manifest::open(files_, directory_ / kManifestName));
  load_partitions();
  return remove_debris();
}

// Requires open_manifest() before the partitions were built. After an error the change was made or
// not; the next open_manifest() finds out. Until then the files of `added` and of `removed` stay,
// since the manifest may name either.
Status Store::apply(const std::vector<ManifestEntry>& added,
                    const std::vector<std::string>& removed) {
  Status applied = manifest_->apply(added, removed);
  if (!applied) manifest_ = nullptr;
  return applied;
}

Status Store::clean_log(TimestampMs before) {
  std::uint64_t first_needed = 0;
  {
    MutexLock committer(committer_);
    first_needed = sample_log_->file_number();
    if (const std::optional<LogPosition> oldest = head_.oldest_position())
      first_needed = std::min(first_needed, *oldest >> 32);
  }
  std::uint64_t first_left = first_needed;
  for (const std::uint64_t number : TRY(log_files(files_, directory_, LogType::kSamples))) {
    if (number >= first_needed) break;
    const Status removed =
        files_.remove_all(directory_ / "log" / log_file_name(LogType::kSamples, number));
    if (!removed) {
      first_left = std::min(first_left, number);
      log_warn(removed.error().message);
    }
  }
  TRY(files_.sync_directory(directory_ / "log"));

  std::size_t removed = 0;
  for (int pass = 0; pass < 2; ++pass) {  // marks, then removes what nobody was using
    MutexLock committer(committer_);
    removed += head_.forget_series(before, static_cast<std::uint32_t>(first_left));
  }
  metrics_.series_removed.add(removed);
  return removed > 0 ? rewrite_series_log() : Status();
}

Status Store::rewrite_series_log() {
  std::optional<SeriesLog::Rewrite> rewrite;
  {
    MutexLock committer(committer_);
    rewrite.emplace(TRY(series_log_->begin_rewrite(head_.next_id())));
  }
  const MetadataMap known = metadata();
  return rewrite->write([&](SeriesFrames& frames) {
    head_.for_each_labels(head_.all_ids(), [&](std::uint32_t id, const Labels& labels) {
      frames.add_series(id, labels.bytes());
    });
    head_.for_each_alias(
        [&](std::uint32_t id, const Labels& labels) { frames.add_series(id, labels.bytes()); });
    for (const auto& [metric, entry] : known) frames.add_metadata(metric, entry);
  });
}

Status Store::drop_expired() {
  const DurationMs retention = retention_;
  if (retention <= 0) return {};
  TRY(open_manifest());
  const TimestampMs oldest = clock_.now() - retention;
  auto kept = std::make_shared<Partitions>();
  std::vector<std::string> expired;
  for (const OpenPartition& open : *partitions()) {
    if (open.entry.partition.maxt <= oldest) {
      expired.push_back(open.entry.partition.name);
    } else {
      kept->push_back(open);
    }
  }
  if (expired.empty()) return {};
  TRY(apply({}, expired));
  publish(std::move(kept));
  metrics_.partitions_expired.add();
  return remove_partitions(expired);
}

Status Store::remove_partitions(const std::vector<std::string>& names) {
  for (const std::string& name : names) TRY(files_.remove_all(directory_ / "partitions" / name));
  return files_.sync_directory(directory_ / "partitions");
}

// Partitions grow by merging all that lie in one span: a day, then up to 31 days but no more than a
// tenth of the retention, so that data does not outlive it by more than that.
Status Store::merge_due(bool to_final_form) {
  TRY(open_manifest());
  DurationMs span_max = kMergedMsMax;
  const DurationMs retention = retention_;
  if (retention > 0) span_max = std::min(span_max, retention / 10);
  span_max = std::max(span_max / kDayMs * kDayMs, kDayMs);
  const Head::Pending pending = head_.pending();
  const TimestampMs settled =
      to_final_form ? kTimestampMax : range_start(pending.newest - kCompleteAfterMs);
  for (const DurationMs span : {kRangeMs, kDayMs, span_max})
    TRY(merge_spans(span, settled, to_final_form));
  return {};
}

Status Store::merge_spans(DurationMs span, TimestampMs settled, bool to_final_form) {
  const std::shared_ptr<const Partitions> all = partitions();
  std::map<TimestampMs, std::vector<OpenPartition>> spans;
  for (const OpenPartition& open : *all) {
    const TimestampMs start = span_start(open.entry.partition.mint, span);
    if (open.entry.partition.maxt <= start + span && start + span <= settled)
      spans[start].push_back(open);
  }
  for (const auto& [start, inputs] : spans) {
    if (!is_worth_merging(inputs, *all, to_final_form)) continue;
    // Else what is in partitions already would be replayed at the next start; later it is not.
    if (to_final_form || TRY(merged_position(inputs)).is_exact) TRY(merge(inputs));
  }
  return {};
}

// Up to where in the log the result of a merge is complete. An entry has one position for its whole
// range, so it is the lowest that holds at any instant, unless the log begins behind all of them.
Result<Store::MergedPosition> Store::merged_position(const std::vector<OpenPartition>& inputs) {
  std::map<TimestampMs, LogPosition> of_range;
  LogPosition highest = 0;
  for (const OpenPartition& input : inputs) {
    highest = std::max(highest, input.entry.log_position);
    for (TimestampMs t = input.entry.partition.mint; t < input.entry.partition.maxt; t += kRangeMs)
      of_range[t] = std::max(of_range[t], input.entry.log_position);
  }
  const std::vector<std::uint64_t> logs = TRY(log_files(files_, directory_, LogType::kSamples));
  if (logs.empty() || logs.front() >= highest >> 32) return MergedPosition{highest, true};
  LogPosition lowest = highest;
  for (const auto& [start, position] : of_range) lowest = std::min(lowest, position);
  return MergedPosition{lowest, lowest == highest};
}

bool Store::is_worth_merging(const std::vector<OpenPartition>& inputs, const Partitions& all,
                             bool to_final_form) {
  if (inputs.size() < 2) return false;
  std::uint64_t bytes = 0, largest = 0, oldest = ~std::uint64_t{0};
  TimeRange range{kTimestampMax, kTimestampMin};
  for (const OpenPartition& input : inputs) {
    const PartitionInfo& info = input.entry.partition;
    if (!input.is_sound()) return false;  // left as it is
    bytes += info.bytes;
    largest = std::max(largest, info.bytes);
    oldest = std::min(oldest, number_of(info.name));
    range = {std::min(range.start, info.mint), std::max(range.end, info.maxt - 1)};
  }
  // The result counts as the newest. That is right only if nothing else that overlaps it is newer
  // than any of the inputs: else a sample that was accepted later would win.
  for (const OpenPartition& other : all) {
    const PartitionInfo& info = other.entry.partition;
    const bool is_input = std::any_of(
        inputs.begin(), inputs.end(),
        [&](const OpenPartition& input) { return input.entry.partition.name == info.name; });
    if (!is_input && range.overlaps({info.mint, info.maxt - 1}) && number_of(info.name) > oldest)
      return false;
  }
  // Rewriting much for little can wait until compact() is asked for, or until it is not so little.
  return to_final_form || (bytes - largest) * 10 >= largest;
}

Status Store::merge(const std::vector<OpenPartition>& inputs) {
  std::vector<std::unique_ptr<SeriesSource>> sources;
  std::vector<std::string> names;
  TimestampMs mint = kTimestampMax, maxt = kTimestampMin;
  for (const OpenPartition& input : inputs) {  // in order of acceptance
    const PartitionInfo& info = input.entry.partition;
    sources.push_back(input.partition->source());
    names.push_back(info.name);
    mint = std::min(mint, info.mint);
    maxt = std::max(maxt, info.maxt);
  }
  const std::unique_ptr<SeriesSource> merged = merge_sources(std::move(sources));
  Result<PartitionInfo> info = build_partition(mint, maxt, *merged);
  if (!info) {
    metrics_.compactions_failed.add();
    return fail(Error(info.error()).within("merge partitions"));
  }
  const LogPosition position = TRY(merged_position(inputs)).position;
  const ManifestEntry entry{*info, position, true};
  auto next = std::make_shared<Partitions>();
  for (const OpenPartition& open : *partitions())
    if (std::find(names.begin(), names.end(), open.entry.partition.name) == names.end())
      next->push_back(open);
  std::shared_ptr<Partition> partition =
      TRY(Partition::open(files_, path_of(*info), *info, cache_));
  next->push_back({entry, std::move(partition)});
  TRY(apply({entry}, names));
  metrics_.compactions.add();
  publish(std::move(next));
  return remove_partitions(names);
}

}  // namespace silverback::tsdb

// Group commit. Who finds nobody at work commits for all that wait: validate against the head, log,
// apply, acknowledge. So one order holds for the verdicts, the log and the head, and an answer,
// also one that says "all duplicates", is given only after everything accepted before it is as
// durable as promised.
#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "tsdb/store.h"

namespace silverback::tsdb {
namespace {

// One frame of the log: enough to share a write and a sync, not so much that queries wait for
// apply.
constexpr std::size_t kGroupSamples = 64 << 10;
// Samples that are kept in memory because they may have to be logged again.
constexpr std::size_t kUnsyncedSamplesMax = 1 << 20;
constexpr DurationMs kFreeCheckEveryMs = 200;
// A batch is one frame, and a frame of the log may have up to a gigabyte (wal_frame.h).
constexpr std::size_t kBatchSamplesMax = 4 << 20;

}  // namespace

Result<CommitResult> Store::commit(Batch& batch) {
  if (batch.empty()) return CommitResult{};
  if (batch.samples.size() > kBatchSamplesMax) {
    batch.clear();
    return fail(ErrorCode::kInvalidArgument,
                "a batch may have up to " + std::to_string(kBatchSamplesMax) + " samples");
  }
  metrics_.exemplars_dropped.add(batch.exemplars);
  Request request{&batch, CommitResult{}};
  {
    MutexLock lock(queue_mutex_);
    queue_.push_back(&request);
  }
  {
    MutexLock lock(committer_);
    if (!request.done) commit_queued();
  }
  batch.clear();
  return std::move(request.result);
}

void Store::commit_queued() {
  std::vector<Request*> requests;
  {
    MutexLock lock(queue_mutex_);
    requests.swap(queue_);
  }
  for (std::size_t start = 0; start < requests.size();) {
    std::size_t end = start, samples = 0;
    while (end < requests.size() && (end == start || samples < kGroupSamples))
      samples += requests[end++]->batch->samples.size();
    commit_group(std::span(requests).subspan(start, end - start));
    start = end;
  }
}

void Store::commit_group(std::span<Request*> requests) {
  const Status written = write_group(requests);
  for (Request* request : requests) {
    if (!written) request->result = fail(written.error());
    request->done = true;
  }
  metrics_.head_series.set(static_cast<double>(head_.series_count()));
}

Status Store::write_group(std::span<Request*> requests) {
  TRY(check_free_bytes());
  TRY(stage_and_log(requests));
  if (options_.wal_sync == 0) return sync_logs();
  schedule_sync();
  if (sync_is_due()) {
    // What was just written is as durable as promised; if this fails the next commit sees to it.
    const Status synced = sync_logs();
    if (!synced) log_error("write-ahead log: " + synced.error().message);
  }
  return {};
}

Status Store::stage_and_log(std::span<Request*> requests) {
  constexpr std::size_t kAhead = 12;
  // Samples are of no use without the registration of their series, so those go first.
  if (sample_log_->must_start_file()) TRY(series_log_->sync(head_.next_id()));
  TRY(sample_log_->prepare());
  // Before anything is staged: what is staged must be logged, or the log's values go wrong.
  TRY(log_registrations(requests));
  head_.start_group(group_);
  const std::uint32_t epoch = sample_log_->epoch();
  const auto file = static_cast<std::uint32_t>(sample_log_->file_number());
  for (Request* request : requests) {
    const Batch& batch = *request->batch;
    CommitResult& result = *request->result;
    result.rejections = batch.rejections;
    for (std::size_t i = 0; i < batch.samples.size(); ++i) {
      if (i + kAhead < batch.samples.size()) head_.prefetch(batch.samples[i + kAhead].id);
      const Batch::Pending& pending = batch.samples[i];
      const SampleVerdict verdict =
          head_.stage(group_, pending.id, pending.sample,
                      {.reject_out_of_order = pending.reject_out_of_order != 0}, epoch, file);
      if (verdict == SampleVerdict::kStored) {
        ++result.stored;
      } else if (verdict == SampleVerdict::kIdenticalDuplicate) {
        ++result.identical_duplicates;
      } else {
        result.rejections.push_back({pending.index, verdict});
      }
    }
    if (!batch.rejections.empty())
      std::sort(result.rejections.begin(), result.rejections.end(),
                [](const Rejection& a, const Rejection& b) { return a.index < b.index; });
  }
  if (group_.samples.empty()) return {};

  const LogPosition position = sample_log_->position();
  if (!sample_log_->is_dirty()) unsynced_since_ = clock_.now();
  const Status logged = sample_log_->append(group_.samples, group_.xored);
  if (!logged) {
    metrics_.wal_files_given_up.add();
    return logged;
  }
  head_.apply(group_, position);
  metrics_.samples_appended.add(group_.samples.size());
  metrics_.late_samples.add(group_.late);
  return {};
}

Status Store::log_registrations(std::span<Request*> requests) {
  std::uint32_t next_id = 0;
  const std::vector<std::uint32_t> ids = head_.take_unlogged(next_id);
  MetadataMap changed;
  {
    MutexLock lock(metadata_mutex_);
    for (const Request* request : requests) {
      for (const auto& [metric, metadata] : request->batch->metadata) {
        const auto known = metadata_.find(metric);
        if (known == metadata_.end() || known->second != metadata) changed[metric] = metadata;
      }
    }
  }
  if (ids.empty() && changed.empty()) return {};

  const Status logged = series_log_->append(
      [&](SeriesFrames& frames) {
        head_.for_each_labels(ids, [&](std::uint32_t id, const Labels& labels) {
          frames.add_series(id, labels.bytes());
        });
        for (const auto& [metric, metadata] : changed) frames.add_metadata(metric, metadata);
      },
      next_id);
  if (!logged) {
    head_.give_back_unlogged(ids);
    return logged;
  }
  metrics_.series_created.add(ids.size());
  if (changed.empty()) return {};
  MutexLock lock(metadata_mutex_);
  for (auto& [metric, metadata] : changed) metadata_[metric] = std::move(metadata);
  return {};
}

Status Store::check_free_bytes() {
  if (options_.min_free_bytes == 0) return {};
  const TimestampMs now = clock_.now();
  if (now >= free_checked_at_ && now - free_checked_at_ < kFreeCheckEveryMs) return free_bytes_;
  free_checked_at_ = now;
  const std::uint64_t free = TRY(files_.free_bytes(directory_));
  free_bytes_ = {};
  if (free < options_.min_free_bytes)
    free_bytes_ =
        fail(ErrorCode::kUnavailable, "the disk is nearly full: " + std::to_string(free) +
                                          " bytes are free, writes need --storage.min-free-bytes=" +
                                          std::to_string(options_.min_free_bytes));
  return free_bytes_;
}

bool Store::sync_is_due() const {
  if (!sample_log_->is_dirty()) return false;
  if (sample_log_->unsynced_samples() >= kUnsyncedSamplesMax) return true;
  const TimestampMs now = clock_.now();
  // With an executor this is only for when it is late.
  const DurationMs patience =
      options_.executor == nullptr ? options_.wal_sync : options_.wal_sync * 4;
  return now - unsynced_since_ >= patience || now < unsynced_since_;
}

void Store::schedule_sync() {
  if (options_.executor == nullptr || !sample_log_->is_dirty()) return;
  {
    MutexLock lock(sync_task_mutex_);
    if (sync_scheduled_ || stopping_) return;
    sync_scheduled_ = true;
  }
  options_.executor->run([this] { run_sync_task(); });
}

// Half of wal_sync is for the sync itself and for getting a turn.
void Store::run_sync_task() {
  const auto due =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.wal_sync / 2);
  {
    MutexLock lock(sync_task_mutex_);
    for (auto now = std::chrono::steady_clock::now(); !stopping_ && now < due;
         now = std::chrono::steady_clock::now())
      sync_task_changed_.wait_for(sync_task_mutex_, due - now);
    // From here on a commit may need a sync that this one does not see.
    sync_scheduled_ = false;
    ++syncs_running_;
  }
  const Status synced = sync();
  if (!synced) log_error("write-ahead log: " + synced.error().message);
  MutexLock lock(sync_task_mutex_);
  --syncs_running_;
  sync_task_changed_.notify_all();
}

void Store::stop_sync_task() {
  MutexLock lock(sync_task_mutex_);
  stopping_ = true;
  sync_task_changed_.notify_all();
  while (sync_scheduled_ || syncs_running_ > 0) sync_task_changed_.wait(sync_task_mutex_);
}

Status Store::sync_logs() {
  if (!sample_log_->is_dirty() && !series_log_->is_dirty()) return {};
  const auto start = std::chrono::steady_clock::now();
  const std::uint64_t given_up = sample_log_->files_given_up();
  const Status synced = [&]() REQUIRES(committer_) -> Status {
    TRY(series_log_->sync(head_.next_id()));
    return sample_log_->sync();
  }();
  metrics_.wal_files_given_up.add(sample_log_->files_given_up() - given_up);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  metrics_.wal_fsync_seconds.observe(took.count());
  return synced;
}

Status Store::sync() {
  MutexLock lock(committer_);
  return sync_logs();
}

}  // namespace silverback::tsdb

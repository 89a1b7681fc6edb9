// What is behind Db: head, log, partitions and manifest put together.
//
//   store.cc       reading              store_commit.cc   group commit
//   store_open.cc  recovery             store_seal.cc     sealing, compaction, retention
//
// Threads: everything from any thread. Order of locks: maintenance_, committer_, then the head's;
// view_mutex_ and queue_mutex_ are held for a few instructions, with nothing taken inside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/appender.h"
#include "base/mutex.h"
#include "tsdb/db.h"
#include "tsdb/db_directory.h"
#include "tsdb/head/head.h"
#include "tsdb/manifest.h"
#include "tsdb/partition/partition.h"
#include "tsdb/store_metrics.h"
#include "tsdb/wal/wal.h"
#include "tsdb/wal/wal_series.h"

namespace silverback::tsdb {

// One appender's samples on their way through commit().
struct Batch {
  struct Pending {
    std::uint32_t id;
    std::uint32_t index : 31;  // which append of the batch
    std::uint32_t reject_out_of_order : 1;
    Sample sample;
  };
  std::vector<Pending> samples;
  std::vector<Rejection> rejections;  // known before commit: kinds that the store does not take
  MetadataMap metadata;
  std::uint32_t appends = 0;
  std::uint64_t exemplars = 0;

  bool empty() const { return appends == 0 && exemplars == 0 && metadata.empty(); }
  void clear() {
    samples.clear();
    rejections.clear();
    metadata.clear();
    appends = 0;
    exemplars = 0;
  }
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& directory,
                                             const DbOptions& options);
  ~Store();

  Head& head() { return head_; }
  const Head& head() const { return head_; }

  // Empties the batch.
  Result<CommitResult> commit(Batch& batch) EXCLUDES(committer_, queue_mutex_);
  Status sync() EXCLUDES(committer_);
  Status maintain() EXCLUDES(maintenance_, committer_);
  Status flush() EXCLUDES(maintenance_, committer_);
  Status compact() EXCLUDES(maintenance_, committer_);
  void set_retention(DurationMs retention) { retention_ = retention; }

  Result<std::unique_ptr<Selection>> select(std::span<const Matcher> matchers,
                                            const SelectHints& hints) const;
  Result<Names> label_names(std::span<const Matcher> matchers, TimeRange range,
                            std::size_t limit) const;
  Result<Names> label_values(std::string_view name, std::span<const Matcher> matchers,
                             TimeRange range, std::size_t limit) const;
  std::map<std::string, Metadata> metadata() const EXCLUDES(metadata_mutex_);

 private:
  struct OpenPartition {
    ManifestEntry entry;
    std::shared_ptr<Partition> partition;  // null: could not be opened

    // Damage is met at the start or while reading. The other partitions can still answer.
    bool is_sound() const { return partition != nullptr && !partition->is_damaged(); }
  };
  // In order of acceptance.
  using Partitions = std::vector<OpenPartition>;

  Store(std::filesystem::path directory, const DbOptions& options);

  // store_open.cc
  Status recover() EXCLUDES(maintenance_, committer_);
  void load_partitions() REQUIRES(maintenance_);
  Status remove_debris() REQUIRES(maintenance_);
  Status replay() REQUIRES(maintenance_) EXCLUDES(committer_);
  Status sync_found_logs();

  // store_commit.cc
  struct Request {
    Batch* batch;
    Result<CommitResult> result;
    bool done = false;
  };
  void commit_queued() REQUIRES(committer_) EXCLUDES(queue_mutex_);
  void commit_group(std::span<Request*> requests) REQUIRES(committer_);
  Status write_group(std::span<Request*> requests) REQUIRES(committer_);
  Status stage_and_log(std::span<Request*> requests) REQUIRES(committer_);
  Status log_registrations(std::span<Request*> requests) REQUIRES(committer_);
  Status check_free_bytes() REQUIRES(committer_);
  Status sync_logs() REQUIRES(committer_);
  bool sync_is_due() const REQUIRES(committer_);
  void schedule_sync() REQUIRES(committer_) EXCLUDES(sync_task_mutex_);
  void run_sync_task() EXCLUDES(committer_, sync_task_mutex_);
  void stop_sync_task() EXCLUDES(sync_task_mutex_);

  // store_seal.cc
  Status seal_if_due() REQUIRES(maintenance_) EXCLUDES(committer_);
  Status seal(TimestampMs end) REQUIRES(maintenance_) EXCLUDES(committer_);
  Status write_partitions(const Seal& seal, LogPosition position, TimestampMs complete)
      REQUIRES(maintenance_);
  Result<PartitionInfo> build_partition(TimestampMs mint, TimestampMs maxt, SeriesSource& source)
      REQUIRES(maintenance_);
  Status clean_log(TimestampMs before) REQUIRES(maintenance_) EXCLUDES(committer_);
  Status rewrite_series_log() REQUIRES(maintenance_) EXCLUDES(committer_);
  Status drop_expired() REQUIRES(maintenance_);
  Status merge_due(bool to_final_form) REQUIRES(maintenance_);
  Status merge_spans(DurationMs span, TimestampMs settled, bool to_final_form)
      REQUIRES(maintenance_);
  static bool is_worth_merging(const std::vector<OpenPartition>& inputs, const Partitions& all,
                               bool to_final_form);
  struct MergedPosition {
    LogPosition position;
    bool is_exact;  // nothing that an input covers is above it
  };
  Result<MergedPosition> merged_position(const std::vector<OpenPartition>& inputs);
  Status merge(const std::vector<OpenPartition>& inputs) REQUIRES(maintenance_);
  Status remove_partitions(const std::vector<std::string>& names);
  Status open_manifest() REQUIRES(maintenance_);
  Status apply(const std::vector<ManifestEntry>& added, const std::vector<std::string>& removed)
      REQUIRES(maintenance_);
  static std::uint64_t number_of(const std::string& partition_name);
  TimestampMs complete_before(const Head::Pending& pending) const;
  std::filesystem::path path_of(const PartitionInfo& partition) const;
  bool has_passed(TimestampMs since, DurationMs span) const;
  void update_gauges();

  std::shared_ptr<const Partitions> partitions() const EXCLUDES(view_mutex_);
  void publish(std::shared_ptr<Partitions> partitions) EXCLUDES(view_mutex_);
  void count_partitions(const Partitions& partitions);
  std::vector<std::shared_ptr<Partition>> partitions_in(TimeRange range,
                                                        std::vector<std::string>& warnings) const;

  const std::filesystem::path directory_;
  const DbOptions options_;
  std::atomic<DurationMs> retention_;  // options_.retention until set_retention()
  FileSystem& files_;
  const Clock& clock_;
  Registry own_metrics_;  // counted in if nobody gave a registry
  StoreMetrics metrics_;
  std::unique_ptr<DirectoryLock> lock_;
  Head head_;
  const std::shared_ptr<FrameCache> cache_;  // of all partitions

  Mutex maintenance_;  // one at a time seals, compacts and removes
  // Null after an error: then it must be read again.
  std::unique_ptr<Manifest> manifest_ GUARDED_BY(maintenance_);
  std::uint64_t next_partition_ GUARDED_BY(maintenance_) = 1;
  TimestampMs sealed_before_ GUARDED_BY(maintenance_) = kTimestampMin;  // by maintain()
  TimestampMs last_seal_ GUARDED_BY(maintenance_) = 0;
  TimestampMs seal_failed_ GUARDED_BY(maintenance_) = kTimestampMin;
  TimestampMs merge_failed_ GUARDED_BY(maintenance_) = kTimestampMin;

  Mutex committer_;
  std::optional<SampleLog> sample_log_ GUARDED_BY(committer_);
  std::optional<SeriesLog> series_log_ GUARDED_BY(committer_);
  CommitGroup group_ GUARDED_BY(committer_);
  TimestampMs unsynced_since_ GUARDED_BY(committer_) = 0;
  TimestampMs free_checked_at_ GUARDED_BY(committer_) = kTimestampMin;
  Status free_bytes_ GUARDED_BY(committer_);

  Mutex queue_mutex_;
  std::vector<Request*> queue_ GUARDED_BY(queue_mutex_);

  // Syncs that the executor was asked to do.
  Mutex sync_task_mutex_;
  CondVar sync_task_changed_;
  bool sync_scheduled_ GUARDED_BY(sync_task_mutex_) = false;  // and has not begun
  int syncs_running_ GUARDED_BY(sync_task_mutex_) = 0;
  bool stopping_ GUARDED_BY(sync_task_mutex_) = false;

  mutable Mutex metadata_mutex_;
  MetadataMap metadata_ GUARDED_BY(metadata_mutex_);

  mutable Mutex view_mutex_;
  std::shared_ptr<const Partitions> partitions_ GUARDED_BY(view_mutex_) =
      std::make_shared<Partitions>();
};

}  // namespace silverback::tsdb

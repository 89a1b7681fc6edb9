// The store: a directory that takes samples and answers selects. Open one with Db::open and use it
// through base's Appender and Queryable.
//
//   data/
//     MANIFEST        which partitions are valid, and up to which log position each is complete
//     lock            flock'ed while open
//     log/            write-ahead log: every acknowledged sample that is in no partition yet
//     partitions/     sealed, immutable, one LMDB environment each
//     tmp/            being built; emptied at open
//
// Promise: what commit() acknowledged is answered by every later select, also after `kill -9`;
// after power loss at most `wal_sync` of it is missing, nothing if wal_sync is 0. Of several
// samples of one series at one instant the first accepted is kept. Source: docs/formats.md.
// Threads: everything from any thread. The store starts none: appends lead their own group commit.
// With an Executor a task on it syncs the log when wal_sync is due; without one a commit does, or
// who calls sync() or maintain(). Sealing, merging and removing are done by who calls maintain().
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/appender.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/file.h"
#include "base/metrics.h"
#include "base/queryable.h"

namespace silverback::tsdb {

struct DbOptions {
  DurationMs retention =
      0;  // partitions wholly older than now - retention are unlinked; 0: kept for ever
  DurationMs wal_sync =
      100;  // longest time between a write to the log and its fdatasync; 0: commit() waits for it
  std::uint64_t min_free_bytes = 0;  // below it commits fail with kUnavailable
  Executor* executor = nullptr;      // one of its threads is used; outlives the store
  const Clock* clock = nullptr;      // null: the system's
  Registry* metrics = nullptr;       // null: metrics are counted but shown nowhere
  FileSystem* files = nullptr;       // null: the real one
};

struct LabelCount {
  std::string name;
  std::uint64_t value;
};

// What /api/v1/status/tsdb shows of the head.
struct HeadStats {
  std::uint64_t series = 0, label_pairs = 0, chunks = 0;
  TimestampMs mint = 0, maxt = 0;  // of its samples; kTimestampMax and kTimestampMin if it has none
  std::vector<LabelCount> series_by_metric, values_by_label, bytes_by_label,
      series_by_pair;  // descending, cut at the limit
};

class Db final : public Queryable {
 public:
  // Opens or creates. Errors: kUnavailable (another process has it open), kInvalidArgument (the
  // directory belongs to Prometheus or holds foreign files; the text names them), kCorruption, kIo.
  static Result<std::unique_ptr<Db>> open(const std::filesystem::path& directory,
                                          const DbOptions& options);
  ~Db() override;  // syncs; what cannot be written then is still in the log

  std::unique_ptr<Appender> appender();

  Result<std::unique_ptr<Selection>> select(std::span<const Matcher> matchers,
                                            const SelectHints& hints) const override;
  Result<Names> label_names(std::span<const Matcher> matchers, TimeRange range,
                            std::size_t limit) const override;
  Result<Names> label_values(std::string_view name, std::span<const Matcher> matchers,
                             TimeRange range, std::size_t limit) const override;

  // fdatasync of everything written. Errors: kIo; the next commit or sync logs again what was at
  // stake.
  Status sync();
  // Does what is due: syncs, seals ranges that are complete, compacts, unlinks what is past
  // retention. Call it every second or so.
  Status maintain();
  // Seals all of the head now, whatever its age.
  Status flush();
  // flush(), then merges partitions to their final form.
  Status compact();

  // In the place of DbOptions::retention from now on.
  void set_retention(DurationMs retention);

  HeadStats head_stats(std::size_t limit) const;
  // Metadata that came in by append_metadata, per metric family.
  std::map<std::string, Metadata> metadata() const;

 private:
  struct Impl;
  explicit Db(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace silverback::tsdb

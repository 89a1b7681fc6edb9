// Which partitions are valid: one small append-only log of checksummed records, read whole at open.
// A partition exists from the moment its record is synced, and stops existing with the record that
// removes it; directories without a record are debris and are deleted. Source:
// docs/formats.md#manifest. Threads: externally synchronised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "tsdb/partition/partition.h"

namespace silverback::tsdb {

// Replay skips a logged sample only if its time is in [mint, maxt) and it was logged before
// `log_position`.
struct ManifestEntry {
  PartitionInfo partition;
  std::uint64_t log_position = 0;  // (file number << 32 | offset); see wal.h
  bool complete =
      true;  // false: a late partition, which covers only part of what was logged for its range
};

class Manifest {
 public:
  // Reads `path` and writes it anew in one record, synced when it returns; without one there it is
  // empty. A torn last record is cut off, because a crash may leave one; damage elsewhere is
  // kCorruption, because nothing legitimate makes it. A full disk is no error if there was one.
  static Result<std::unique_ptr<Manifest>> open(FileSystem& files,
                                                const std::filesystem::path& path);

  // Adds and removes in one record, synced when it returns. After an error the manifest must be
  // reopened; until then every further apply() fails too. Errors: kIo, kUnavailable (disk full),
  // kInvalidArgument (adds a name that is there, removes one that is not).
  Status apply(const std::vector<ManifestEntry>& added, const std::vector<std::string>& removed);

  // Ascending in mint, equal ones in the order in which they were added.
  const std::vector<ManifestEntry>& entries() const { return entries_; }

 private:
  Manifest(std::unique_ptr<File> file, std::vector<ManifestEntry> entries, std::uint64_t size);

  std::unique_ptr<File> file_;
  std::vector<ManifestEntry> entries_;
  std::uint64_t size_;
  bool failed_ = false;
};

}  // namespace silverback::tsdb

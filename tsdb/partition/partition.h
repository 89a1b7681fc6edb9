// A sealed partition: all samples of one time range, written once, immutable, self-contained (own
// index, no absolute path), in one LMDB environment. LMDB only locates; everything read is verified
// by checksum on a private copy. Source: docs/formats.md#partition. Threads: const functions from
// any thread. Partitions are shared by shared_ptr: unlinking one is safe while queries read it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/queryable.h"

namespace silverback::tsdb {

// What the manifest keeps of a partition.
struct PartitionInfo {
  std::string name;      // of its directory below partitions/
  TimestampMs mint = 0;  // range [mint, maxt)
  TimestampMs maxt = 0;
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;        // size of its data file
  std::uint64_t meta_offset = 0;  // where in that file its metadata is, which leads to the rest
  std::uint64_t meta_bytes = 0;
  std::uint64_t checksum = 0;  // XXH3 of the metadata
};

// Series in ascending order of their labels, each with its samples in ascending time: what a
// partition is built from.
class SeriesSource {
 public:
  virtual ~SeriesSource() = default;
  // False at the end. Errors end it too.
  virtual Result<bool> next(Labels& labels, SampleColumns& samples) = 0;
};

// Builds a partition of the samples in [mint, maxt) under `directory` (created; must not exist),
// synced when it returns. On an error the directory is left for the caller to remove. Series
// without samples are left out. info.name is the last component of `directory`.
Result<PartitionInfo> write_partition(FileSystem& files, const std::filesystem::path& directory,
                                      TimestampMs mint, TimestampMs maxt, SeriesSource& source);

class FrameCache;
class PartitionReader;

class Partition final : public Queryable {
 public:
  // Verifies the file's size and its metadata against `info`; the rest is verified as it is read.
  // Errors: kCorruption, kIo, kNotFound.
  // `cache` (tsdb/partition/frame_cache.h) may be shared by any number of partitions; without one
  // the partition has a small one of its own.
  static Result<std::shared_ptr<Partition>> open(FileSystem& files,
                                                 const std::filesystem::path& directory,
                                                 const PartitionInfo& info,
                                                 std::shared_ptr<FrameCache> cache = nullptr);
  ~Partition() override;

  const PartitionInfo& info() const;
  // Whether a read has met damage since it was opened. Then it is better left alone: the other
  // partitions can still answer.
  bool is_damaged() const;

  Result<std::unique_ptr<Selection>> select(std::span<const Matcher> matchers,
                                            const SelectHints& hints) const override;
  Result<Names> label_names(std::span<const Matcher> matchers, TimeRange range,
                            std::size_t limit) const override;
  Result<Names> label_values(std::string_view name, std::span<const Matcher> matchers,
                             TimeRange range, std::size_t limit) const override;

  // All of it, for compaction.
  std::unique_ptr<SeriesSource> source() const;

 private:
  explicit Partition(std::shared_ptr<const PartitionReader> reader);
  const std::shared_ptr<const PartitionReader> reader_;  // what selections and sources hold on to
};

}  // namespace silverback::tsdb

// Builds one LMDB environment of large values and tells where in the file each of them is, so that
// readers need no map of it. Each database's keys are 0, 1, 2, … as big-endian u32; every value
// fills whole pages of its own (LMDB's overflow pages, 16 bytes of header in front).
// Source: docs/formats.md#partition. Threads: one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/result.h"

struct MDB_env;
struct MDB_txn;

namespace silverback::tsdb {

// On disk, as the names in kDatabaseNames and in checksums' seeds: never renumber.
enum class Database : std::uint8_t { kMeta, kTimes, kDirectory, kSegments, kIndex };
inline constexpr std::size_t kDatabaseCount = 5;
inline constexpr std::array<const char*, kDatabaseCount> kDatabaseNames = {"meta", "ts", "dir",
                                                                           "seg", "index"};

// The least size of a whole number of pages that holds `bytes`, less the header of the first.
constexpr std::size_t value_bytes_for(std::size_t bytes) {
  constexpr std::size_t kPage = 4096;
  constexpr std::size_t kHeader = 16;
  return (bytes + kHeader + kPage - 1) / kPage * kPage - kHeader;
}

class LmdbWriter {
 public:
  // Makes the file `path`. Errors: kIo, kUnavailable (disk full).
  static Result<std::unique_ptr<LmdbWriter>> create(const std::filesystem::path& path);
  ~LmdbWriter();
  LmdbWriter(const LmdbWriter&) = delete;
  LmdbWriter& operator=(const LmdbWriter&) = delete;

  // Stores `value` under the database's next key and returns the offset of its first byte in the
  // file. Requires value.size() == value_bytes_for(value.size()).
  Result<std::uint64_t> put(Database database, std::string_view value);

  // Commits and closes; everything is on stable storage when it returns, but for the file's entry
  // in its directory.
  Status finish();

 private:
  explicit LmdbWriter(std::filesystem::path path) : path_(std::move(path)) {}
  Status begin(std::size_t room);  // makes sure that `room` bytes of values fit the map
  Status commit();
  tl::unexpected<Error> failed(const char* operation, int code) const;

  const std::filesystem::path path_;
  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
  std::size_t page_bytes_ = 0;
  std::size_t txn_bytes_ = 0;  // put since begin()
  std::array<unsigned, kDatabaseCount> handles_{};
  std::array<std::uint32_t, kDatabaseCount> next_key_{};
};

}  // namespace silverback::tsdb

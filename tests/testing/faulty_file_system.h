// A file system that goes wrong when told to: it fails the n-th call, cuts a write short, and loses
// power, dropping whatever was not synced. It stands on another one (posix, or MemoryFileSystem).
//
//   FaultyFileSystem files(FileSystem::posix(), scratch / "attic");
//   files.fail_after(2, {FileOperation::kSync});       // the third sync fails, later ones work
//   files.cut_write_after(0, 5);                       // the next write puts 5 bytes, then fails
//   files.lose_power();                                // what a machine finds when it boots again
//
// What is durable, as POSIX promises it and no more: the bytes of a file up to its size at its last
// sync; a creation, rename or removal once the directory that holds the (new) name was synced. What
// is written beside this interface (LMDB's own files) counts as synced. Not modelled: the loss of a
// truncation.
// Threads: everything from any thread; the file system must outlive its files.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/mutex.h"

namespace silverback::testing {

enum class FileOperation : std::uint8_t {
  kCreate,
  kOpen,
  kWrite,
  kSync,
  kRead,
  kTruncate,
  kCreateDirectories,
  kRename,
  kRemove,
  kSyncDirectory,
  kList,
  kCount,
};

class FaultyFileSystem final : public FileSystem {
 public:
  static constexpr std::size_t kForever = ~std::size_t{0};

  // `attic` is a directory of the same file system, outside of what is tested: removed and
  // overwritten files wait there until their removal is durable.
  FaultyFileSystem(FileSystem& under, std::filesystem::path attic);

  // After `successes` more calls of the given operations (all of them if none is given), `failures`
  // of them fail with `code` and do nothing. Replaces an earlier plan.
  void fail_after(std::size_t successes, std::initializer_list<FileOperation> operations = {},
                  std::size_t failures = 1, ErrorCode code = ErrorCode::kIo) EXCLUDES(mutex_);
  // After `successes` more writes, one write puts only its first `bytes` bytes and fails.
  void cut_write_after(std::size_t successes, std::size_t bytes, ErrorCode code = ErrorCode::kIo)
      EXCLUDES(mutex_);
  void heal() EXCLUDES(mutex_);  // forgets all plans
  // Calls so far, failed ones too; to find out how many there are to fail.
  std::size_t calls(FileOperation operation) const EXCLUDES(mutex_);
  std::size_t calls() const EXCLUDES(mutex_);
  bool has_failed() const EXCLUDES(mutex_);  // whether a plan has come true since the last heal()

  // Drops everything that is not durable. With `random`, each file keeps some of its unsynced
  // bytes, as a real disk might. Files that are open fail every later call.
  void lose_power(std::mt19937_64* random = nullptr) EXCLUDES(mutex_);

  Result<std::unique_ptr<File>> create(const std::filesystem::path& path) override;
  Result<std::unique_ptr<File>> open_append(const std::filesystem::path& path) override;
  Result<std::unique_ptr<File>> open_read(const std::filesystem::path& path) override;
  Status create_directories(const std::filesystem::path& path) override;
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Status remove_all(const std::filesystem::path& path) override;
  Status sync_directory(const std::filesystem::path& directory) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& directory) override;
  Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override;

 private:
  friend class FaultyFile;

  // A change of a directory that is not durable yet, and how to take it back.
  struct Undo {
    enum class Kind { kCreated, kRenamed, kRemoved } kind;
    std::filesystem::path path;   // the name as it is now (for kRemoved, as it was)
    std::filesystem::path other;  // kRenamed: the old name; kRemoved: the place in the attic
  };
  // Bytes of a file that survive; shared by its open handles.
  struct Durable {
    std::uint64_t bytes;
  };
  struct Plan {
    std::array<bool, static_cast<std::size_t>(FileOperation::kCount)> applies{};
    std::size_t successes = 0;
    std::size_t failures = 0;
    std::optional<std::size_t> bytes_written;  // of a write that is cut short
    ErrorCode code = ErrorCode::kIo;
  };
  struct Fault {
    Error error;
    std::optional<std::size_t> bytes_written;
  };

  std::optional<Fault> count_call(FileOperation operation, const std::filesystem::path& path)
      REQUIRES(mutex_);
  Status check(FileOperation operation, const std::filesystem::path& path) EXCLUDES(mutex_);
  bool exists(const std::filesystem::path& path);
  Status move_to_attic(const std::filesystem::path& path) REQUIRES(mutex_);
  void move_names(const std::filesystem::path& from, const std::filesystem::path& to)
      REQUIRES(mutex_);
  void take_back(const Undo& undo) REQUIRES(mutex_);

  FileSystem& under_;
  const std::filesystem::path attic_;
  mutable Mutex mutex_;
  std::optional<Plan> plan_ GUARDED_BY(mutex_);
  bool has_failed_ GUARDED_BY(mutex_) = false;
  std::array<std::size_t, static_cast<std::size_t>(FileOperation::kCount)> calls_
      GUARDED_BY(mutex_){};
  std::uint64_t boots_ GUARDED_BY(mutex_) = 0;
  std::uint64_t attic_names_ GUARDED_BY(mutex_) = 0;
  std::vector<Undo> undo_ GUARDED_BY(mutex_);  // oldest first
  std::map<std::filesystem::path, std::shared_ptr<Durable>> durable_ GUARDED_BY(mutex_);
};

}  // namespace silverback::testing

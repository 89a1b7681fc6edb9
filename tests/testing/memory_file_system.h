// Files that live in memory: for tests that want many small files and no disk. Power loss and
// faults are FaultyFileSystem's, which can stand on this one. Threads: everything from any thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/file.h"
#include "base/mutex.h"

namespace silverback::testing {

class MemoryFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> create(const std::filesystem::path& path) override;
  Result<std::unique_ptr<File>> open_append(const std::filesystem::path& path) override;
  Result<std::unique_ptr<File>> open_read(const std::filesystem::path& path) override;
  Status create_directories(const std::filesystem::path& path) override;
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Status remove_all(const std::filesystem::path& path) override;
  Status sync_directory(const std::filesystem::path& directory) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& directory) override;
  Result<std::uint64_t> free_bytes(const std::filesystem::path& path) override;

  // What the file holds. Requires that it exists.
  std::string content(const std::filesystem::path& path) const EXCLUDES(mutex_);
  // Changes what the file holds behind everybody's back, as a bad disk would.
  void set_content(const std::filesystem::path& path, std::string content) EXCLUDES(mutex_);
  void set_free_bytes(std::uint64_t bytes) EXCLUDES(mutex_);

  // A file's bytes outlive its name, as on a real file system.
  struct Inode {
    mutable Mutex mutex;
    std::string bytes GUARDED_BY(mutex);
  };

 private:
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path) EXCLUDES(mutex_);

  mutable Mutex mutex_;  // before any Inode's
  std::map<std::filesystem::path, std::shared_ptr<Inode>> files_ GUARDED_BY(mutex_);
  std::set<std::filesystem::path> directories_ GUARDED_BY(mutex_);
  std::uint64_t free_bytes_ GUARDED_BY(mutex_) = 1ULL << 40;
};

}  // namespace silverback::testing

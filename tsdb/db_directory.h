// Whose directory it is. Ours is known by its MANIFEST; one that holds Prometheus's names is never
// written to, whatever else is in it, so that neither server can mistake the other's data for its
// own. Threads: functions; DirectoryLock from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "base/file.h"

namespace silverback::tsdb {

inline constexpr std::string_view kManifestName = "MANIFEST";
// Being written; takes the place of the other when it is complete.
inline constexpr std::string_view kNewManifestName = "MANIFEST.new";

// Fine if `directory` is ours, empty, or not there. Errors: kInvalidArgument, naming what is
// foreign; kCorruption if it is ours but without its MANIFEST; kIo.
Status check_directory(FileSystem& files, const std::filesystem::path& directory);

// Creates it if it is not there, and makes its name durable.
Status make_directory(FileSystem& files, const std::filesystem::path& directory);

// Keeps other processes, and other stores of this one, out while it lives.
class DirectoryLock {
 public:
  // Errors: kUnavailable if somebody has it, kIo.
  static Result<std::unique_ptr<DirectoryLock>> acquire(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  const int fd_;
};

}  // namespace silverback::tsdb

// Files, by an interface, so that tests can fail the n-th call, cut writes short, or drop what was
// not synced. Every error names the operation and the path. Interrupted calls are retried; short
// reads at the end of a file are not errors, short writes are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace silverback {

// An open file. Threads: read() from any thread; append and sync from one at a time.
class File {
 public:
  virtual ~File() = default;  // closes
  // Writes all of `bytes` at the end. After an error an unknown part of them is in the file.
  // Errors: kIo (kUnavailable if the disk is full).
  virtual Status append(std::span<const std::byte> bytes) = 0;
  // fdatasync. After an error the kernel may have dropped the dirty pages: what was written since
  // the last success must be written again, to another file.
  virtual Status sync() = 0;
  // Reads up to out.size() bytes from `offset`; the count read is less only at the end of the file.
  // Of a pipe, what comes next.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const = 0;
  virtual Result<std::uint64_t> size() const = 0;
  virtual Status truncate(std::uint64_t size) = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> create(
      const std::filesystem::path& path) = 0;  // kIo if it exists
  virtual Result<std::unique_ptr<File>> open_append(const std::filesystem::path& path) = 0;
  virtual Result<std::unique_ptr<File>> open_read(
      const std::filesystem::path& path) = 0;  // kNotFound if it does not exist

  virtual Status create_directories(const std::filesystem::path& path) = 0;
  virtual Status rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Status remove_all(const std::filesystem::path& path) = 0;  // fine if it does not exist
  // Makes creations, renames and removals inside `directory` durable.
  virtual Status sync_directory(const std::filesystem::path& directory) = 0;
  // Names, ascending. kNotFound if there is no such directory.
  virtual Result<std::vector<std::string>> list(const std::filesystem::path& directory) = 0;
  virtual Result<std::uint64_t> free_bytes(const std::filesystem::path& path) = 0;

  // The real one.
  static FileSystem& posix();

  // All of a small file; of a pipe, all that its writers write.
  Result<std::string> read_all(const std::filesystem::path& path);
};

}  // namespace silverback

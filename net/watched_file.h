// A small file that is read again when it changes: keys, certificates, tokens that others rotate.
// Whether it changed is told from device, inode, size and times, at each use: one stat, no watcher
// and no cache that somebody would have to empty.
// Threads: everything from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"

namespace silverback::net {

class WatchedFile {
 public:
  explicit WatchedFile(std::string path) : path_(std::move(path)) {}

  // The content; the same pointer as long as the file does not change. Errors: kNotFound, kIo.
  Result<std::shared_ptr<const std::string>> read() EXCLUDES(mutex_);
  const std::string& path() const { return path_; }

 private:
  struct Identity {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;
    bool operator==(const Identity&) const = default;
  };
  static Result<Identity> identify(const std::string& path);

  const std::string path_;
  Mutex mutex_;
  Identity identity_ GUARDED_BY(mutex_);
  std::shared_ptr<const std::string> content_ GUARDED_BY(mutex_);
};

}  // namespace silverback::net

// A small file that is read again when it changes: keys, certificates, tokens that others rotate.
// Whether it changed is told from base/file_identity.h, at each use.
// Threads: everything from any thread.
#pragma once

#include <memory>
#include <string>

#include "base/file_identity.h"
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
  const std::string path_;
  Mutex mutex_;
  FileIdentity identity_ GUARDED_BY(mutex_);
  std::shared_ptr<const std::string> content_ GUARDED_BY(mutex_);
};

}  // namespace silverback::net

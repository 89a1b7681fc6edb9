// Whether a file is still the one it was: device, inode, size and times, by one stat at each look.
// No watcher and no cache that somebody would have to empty. For small files that others change:
// secrets that are rotated, lists of targets.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace silverback {

struct FileIdentity {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;
  bool operator==(const FileIdentity&) const = default;
};

// Of the file that `path` leads to. Errors: kNotFound, kIo.
Result<FileIdentity> identify_file(const std::string& path);

}  // namespace silverback

#include "base/file_identity.h"

#include <cerrno>
#include <system_error>

#include <sys/stat.h>

namespace silverback {

// stat() itself: base/file.h has no word for a file's identity, and nothing is written here that a
// test would want to see fail.
Result<FileIdentity> identify_file(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    const int error = errno;
    return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                "open " + path + ": " + std::generic_category().message(error));
  }
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  FileIdentity identity;
  identity.device = status.st_dev;
  identity.inode = status.st_ino;
  identity.size = static_cast<std::uint64_t>(status.st_size);
  identity.modified_ns = status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec;
  identity.changed_ns = status.st_ctim.tv_sec * kNsPerSecond + status.st_ctim.tv_nsec;
  return identity;
}

}  // namespace silverback

#include "net/watched_file.h"

#include <cerrno>
#include <system_error>

#include <sys/stat.h>

#include "base/file.h"

namespace silverback::net {

// stat() itself: base/file.h has no word for a file's identity, and nothing is written here that a
// test would want to see fail.
Result<WatchedFile::Identity> WatchedFile::identify(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    const int error = errno;
    return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                "open " + path + ": " + std::generic_category().message(error));
  }
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  Identity identity;
  identity.device = status.st_dev;
  identity.inode = status.st_ino;
  identity.size = static_cast<std::uint64_t>(status.st_size);
  identity.modified_ns = status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec;
  identity.changed_ns = status.st_ctim.tv_sec * kNsPerSecond + status.st_ctim.tv_nsec;
  return identity;
}

Result<std::shared_ptr<const std::string>> WatchedFile::read() {
  MutexLock lock(mutex_);
  // Looked at before it is read: what changes in between is seen at the next use.
  const Identity identity = TRY(identify(path_));
  if (content_ == nullptr || !(identity == identity_)) {
    std::string content = TRY(FileSystem::posix().read_all(path_));
    content_ = std::make_shared<const std::string>(std::move(content));
    identity_ = identity;
  }
  return content_;
}

}  // namespace silverback::net

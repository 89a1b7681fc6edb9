#include "net/watched_file.h"

#include "base/file.h"

namespace silverback::net {

Result<std::shared_ptr<const std::string>> WatchedFile::read() {
  MutexLock lock(mutex_);
  // Looked at before it is read: what changes in between is seen at the next use.
  const FileIdentity identity = TRY(identify_file(path_));
  if (content_ == nullptr || !(identity == identity_)) {
    std::string content = TRY(FileSystem::posix().read_all(path_));
    content_ = std::make_shared<const std::string>(std::move(content));
    identity_ = identity;
  }
  return content_;
}

}  // namespace silverback::net

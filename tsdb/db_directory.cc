#include "tsdb/db_directory.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace silverback::tsdb {
namespace {

constexpr std::array<std::string_view, 6> kOurNames = {kManifestName, kNewManifestName, "lock",
                                                       "log",         "partitions",     "tmp"};

// What a block directory of Prometheus is called: 26 characters of Crockford's base 32.
bool is_ulid(std::string_view name) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  return name.size() == 26 && name.find_first_not_of(kAlphabet) == std::string_view::npos;
}

bool is_prometheus_name(std::string_view name) {
  return name == "wal" || name == "wbl" || name == "chunks_head" || name == "queries.active" ||
         name.starts_with("chunk_snapshot.") || is_ulid(name);
}

std::string joined(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kShown) text += ", …";
  return text;
}

Result<bool> has_entries(FileSystem& files, const std::filesystem::path& directory) {
  const Result<std::vector<std::string>> names = files.list(directory);
  if (!names && names.error().code == ErrorCode::kNotFound) return false;
  if (!names) return fail(names.error());
  return !names->empty();
}

}  // namespace

Status check_directory(FileSystem& files, const std::filesystem::path& directory) {
  const Result<std::vector<std::string>> names = files.list(directory);
  if (!names && names.error().code == ErrorCode::kNotFound) return {};
  if (!names) return fail(names.error());

  std::vector<std::string> prometheus, unknown;
  for (const std::string& name : *names) {
    if (is_prometheus_name(name)) {
      prometheus.push_back(name);
    } else if (std::find(kOurNames.begin(), kOurNames.end(), name) == kOurNames.end() &&
               name != "lost+found") {  // every fresh ext4 has one
      unknown.push_back(name);
    }
  }
  if (!prometheus.empty())
    return fail(ErrorCode::kInvalidArgument,
                directory.string() + " holds data of Prometheus (" + joined(prometheus) +
                    "): refusing to write there; give another directory");
  if (std::find(names->begin(), names->end(), kManifestName) != names->end()) return {};
  if (!unknown.empty())
    return fail(ErrorCode::kInvalidArgument, directory.string() +
                                                 " is not empty and not ours: it has no " +
                                                 std::string(kManifestName) + " but " +
                                                 joined(unknown) + "; give another directory");
  // A crash right after it was made leaves empty folders; anything else is data without its list.
  for (const char* folder : {"log", "partitions"})
    if (TRY(has_entries(files, directory / folder)))
      return fail(ErrorCode::kCorruption, directory.string() + " has a folder " + folder +
                                              " with files but its " + std::string(kManifestName) +
                                              " is missing");
  return {};
}

Status make_directory(FileSystem& files, const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> parents;
  std::filesystem::path missing = std::filesystem::absolute(directory).lexically_normal();
  if (!missing.has_filename()) missing = missing.parent_path();
  // Who made it before may have been killed right after. A parent may be closed to us.
  if (files.list(missing)) {
    static_cast<void>(files.sync_directory(missing.parent_path()));
    return {};
  }
  for (; missing.has_relative_path(); missing = missing.parent_path()) {
    const auto found = files.list(missing);
    if (found) break;
    if (found.error().code != ErrorCode::kNotFound) return fail(found.error());
    parents.push_back(missing.parent_path());
  }
  TRY(files.create_directories(directory));
  for (const std::filesystem::path& parent : parents) TRY(files.sync_directory(parent));
  return {};
}

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::acquire(
    const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0)
    return fail(ErrorCode::kIo,
                "open " + path.string() + ": " + std::generic_category().message(errno));
  int result = ::flock(fd, LOCK_EX | LOCK_NB);
  while (result < 0 && errno == EINTR) result = ::flock(fd, LOCK_EX | LOCK_NB);
  if (result < 0) {
    const int error = errno;
    ::close(fd);
    if (error == EWOULDBLOCK)
      return fail(ErrorCode::kUnavailable, directory.string() + " is in use by another process");
    return fail(ErrorCode::kIo,
                "lock " + path.string() + ": " + std::generic_category().message(error));
  }
  return std::unique_ptr<DirectoryLock>(new DirectoryLock(fd));
}

DirectoryLock::~DirectoryLock() { ::close(fd_); }

}  // namespace silverback::tsdb

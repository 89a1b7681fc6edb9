#include "base/file.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace silverback {
namespace {

namespace fs = std::filesystem;

Error io_error(std::string_view operation, const fs::path& path, int error) {
  ErrorCode code = ErrorCode::kIo;
  if (error == ENOENT || error == ENOTDIR) code = ErrorCode::kNotFound;
  if (error == ENOSPC || error == EDQUOT) code = ErrorCode::kUnavailable;
  std::string message(operation);
  message.append(" ").append(path.native()).append(": ");
  message += std::generic_category().message(error);
  return {code, std::move(message)};
}

// Calls until it is not interrupted by a signal.
template <class Call>
auto retry_interrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, fs::path path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { ::close(fd_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Status append(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = retry_interrupted([&] { return ::write(fd_, bytes.data(), bytes.size()); });
      if (n < 0) return fail(io_error("write", path_, errno));
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }

  Status sync() override {
    if (retry_interrupted([&] { return ::fdatasync(fd_); }) < 0) {
      return fail(io_error("sync", path_, errno));
    }
    return {};
  }

  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override {
    std::size_t done = 0;
    while (done < out.size()) {
      std::byte* to = out.data() + done;
      const std::size_t room = out.size() - done;
      const auto at = static_cast<off_t>(offset + done);
      ssize_t n = retry_interrupted([&] { return ::pread(fd_, to, room, at); });
      // A pipe has no offsets: it can only be read on.
      if (n < 0 && errno == ESPIPE) n = retry_interrupted([&] { return ::read(fd_, to, room); });
      if (n < 0) return fail(io_error("read", path_, errno));
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Result<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(fd_, &status) < 0) return fail(io_error("stat", path_, errno));
    return static_cast<std::uint64_t>(status.st_size);
  }

  Status truncate(std::uint64_t size) override {
    if (retry_interrupted([&] { return ::ftruncate(fd_, static_cast<off_t>(size)); }) < 0) {
      return fail(io_error("truncate", path_, errno));
    }
    return {};
  }

 private:
  const int fd_;
  const fs::path path_;
};

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> create(const fs::path& path) override {
    return open("create", path, O_RDWR | O_CREAT | O_EXCL | O_APPEND);
  }
  Result<std::unique_ptr<File>> open_append(const fs::path& path) override {
    return open("open", path, O_RDWR | O_APPEND);
  }
  Result<std::unique_ptr<File>> open_read(const fs::path& path) override {
    return open("open", path, O_RDONLY);
  }

  Status create_directories(const fs::path& path) override {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) return fail(io_error("create directory", path, error.value()));
    return {};
  }

  Status rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) < 0) {
      return fail(io_error("rename", from.native() + " to " + to.native(), errno));
    }
    return {};
  }

  Status remove_all(const fs::path& path) override {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) return fail(io_error("remove", path, error.value()));
    return {};
  }

  Status sync_directory(const fs::path& directory) override {
    const int fd = open_fd(directory, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return fail(io_error("open directory", directory, errno));
    const int result = retry_interrupted([&] { return ::fsync(fd); });
    const int error = errno;
    ::close(fd);
    if (result < 0) return fail(io_error("sync directory", directory, error));
    return {};
  }

  Result<std::vector<std::string>> list(const fs::path& directory) override {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator it(directory, error), end; !error && it != end;
         it.increment(error)) {
      names.push_back(it->path().filename().native());
    }
    if (error) return fail(io_error("list", directory, error.value()));
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::uint64_t> free_bytes(const fs::path& path) override {
    struct statvfs status {};
    if (retry_interrupted([&] { return ::statvfs(path.c_str(), &status); }) < 0) {
      return fail(io_error("statvfs", path, errno));
    }
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
  }

 private:
  static int open_fd(const fs::path& path, int flags) {
    constexpr mode_t kMode = 0666;  // the umask decides
    return retry_interrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kMode); });
  }
  static Result<std::unique_ptr<File>> open(std::string_view operation, const fs::path& path,
                                            int flags) {
    const int fd = open_fd(path, flags);
    if (fd < 0) return fail(io_error(operation, path, errno));
    return std::make_unique<PosixFile>(fd, path);
  }
};

}  // namespace

FileSystem& FileSystem::posix() {
  static PosixFileSystem file_system;
  return file_system;
}

Result<std::string> FileSystem::read_all(const fs::path& path) {
  const std::unique_ptr<File> file = TRY(open_read(path));
  std::string content;
  // One more than there should be: a full read means that there is more. Pipes and the files of
  // /proc say 0.
  content.resize(TRY(file->size()) + 1);
  std::size_t done = 0;
  while (true) {
    done += TRY(file->read(done, std::as_writable_bytes(std::span(content)).subspan(done)));
    if (done < content.size()) break;
    content.resize(2 * content.size());
  }
  content.resize(done);
  return content;
}

}  // namespace silverback

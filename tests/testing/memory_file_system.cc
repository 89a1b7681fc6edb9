#include "tests/testing/memory_file_system.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace silverback::testing {
namespace {

namespace fs = std::filesystem;

class MemoryFile final : public File {
 public:
  explicit MemoryFile(std::shared_ptr<MemoryFileSystem::Inode> inode) : inode_(std::move(inode)) {}

  Status append(std::span<const std::byte> bytes) override {
    MutexLock lock(inode_->mutex);
    inode_->bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  Status sync() override { return {}; }
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override {
    MutexLock lock(inode_->mutex);
    if (offset >= inode_->bytes.size()) return 0;
    const std::size_t n = std::min(out.size(), inode_->bytes.size() - offset);
    std::memcpy(out.data(), inode_->bytes.data() + offset, n);
    return n;
  }
  Result<std::uint64_t> size() const override {
    MutexLock lock(inode_->mutex);
    return inode_->bytes.size();
  }
  Status truncate(std::uint64_t size) override {
    MutexLock lock(inode_->mutex);
    inode_->bytes.resize(size);
    return {};
  }

 private:
  const std::shared_ptr<MemoryFileSystem::Inode> inode_;
};

fs::path normal(const fs::path& path) {
  const fs::path result = path.lexically_normal();
  return result.has_filename() ? result : result.parent_path();
}

bool is_within(const fs::path& path, const fs::path& directory) {
  return std::mismatch(directory.begin(), directory.end(), path.begin(), path.end()).first ==
         directory.end();
}

fs::path moved(const fs::path& path, const fs::path& from, const fs::path& to) {
  return path == from ? to : to / path.lexically_relative(from);
}

tl::unexpected<Error> no_such_file(std::string_view operation, const fs::path& path) {
  return fail(ErrorCode::kNotFound,
              std::string(operation) + " " + path.native() + ": No such file or directory");
}

}  // namespace

Result<std::unique_ptr<File>> MemoryFileSystem::create(const fs::path& path) {
  MutexLock lock(mutex_);
  const fs::path key = normal(path);
  if (!directories_.contains(key.parent_path())) return no_such_file("create", path);
  const auto [it, is_new] = files_.emplace(key, nullptr);
  if (!is_new) return fail(ErrorCode::kIo, "create " + path.native() + ": File exists");
  it->second = std::make_shared<Inode>();
  return std::make_unique<MemoryFile>(it->second);
}

Result<std::unique_ptr<File>> MemoryFileSystem::open(const fs::path& path) {
  MutexLock lock(mutex_);
  const auto it = files_.find(normal(path));
  if (it == files_.end()) return no_such_file("open", path);
  return std::make_unique<MemoryFile>(it->second);
}

Result<std::unique_ptr<File>> MemoryFileSystem::open_append(const fs::path& path) {
  return open(path);
}

Result<std::unique_ptr<File>> MemoryFileSystem::open_read(const fs::path& path) {
  return open(path);
}

Status MemoryFileSystem::create_directories(const fs::path& path) {
  MutexLock lock(mutex_);
  for (fs::path p = normal(path); directories_.insert(p).second && p != p.parent_path();) {
    p = p.parent_path();
  }
  return {};
}

Status MemoryFileSystem::rename(const fs::path& from, const fs::path& to) {
  MutexLock lock(mutex_);
  const fs::path source = normal(from);
  const fs::path target = normal(to);
  if (const auto file = files_.find(source); file != files_.end()) {
    files_.insert_or_assign(target, file->second);
    files_.erase(source);
    return {};
  }
  if (!directories_.contains(source)) return no_such_file("rename", from);
  decltype(files_) files;
  for (auto& [path, inode] : files_) {
    files.emplace(is_within(path, source) ? moved(path, source, target) : path, inode);
  }
  files_ = std::move(files);
  decltype(directories_) directories;
  for (const fs::path& path : directories_) {
    directories.insert(is_within(path, source) ? moved(path, source, target) : path);
  }
  directories_ = std::move(directories);
  return {};
}

Status MemoryFileSystem::remove_all(const fs::path& path) {
  MutexLock lock(mutex_);
  const fs::path root = normal(path);
  std::erase_if(files_, [&](const auto& file) { return is_within(file.first, root); });
  std::erase_if(directories_, [&](const fs::path& p) { return is_within(p, root); });
  return {};
}

Status MemoryFileSystem::sync_directory(const fs::path& directory) {
  MutexLock lock(mutex_);
  if (!directories_.contains(normal(directory))) return no_such_file("open directory", directory);
  return {};
}

Result<std::vector<std::string>> MemoryFileSystem::list(const fs::path& directory) {
  MutexLock lock(mutex_);
  const fs::path root = normal(directory);
  if (!directories_.contains(root)) return no_such_file("list", directory);
  std::vector<std::string> names;
  for (const auto& [path, inode] : files_) {
    if (path.parent_path() == root) names.push_back(path.filename().native());
  }
  for (const fs::path& path : directories_) {
    if (path.parent_path() == root && path != root) names.push_back(path.filename().native());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::uint64_t> MemoryFileSystem::free_bytes(const fs::path&) {
  MutexLock lock(mutex_);
  return free_bytes_;
}

std::string MemoryFileSystem::content(const fs::path& path) const {
  MutexLock lock(mutex_);
  const auto it = files_.find(normal(path));
  assert(it != files_.end());
  MutexLock file_lock(it->second->mutex);
  return it->second->bytes;
}

void MemoryFileSystem::set_content(const fs::path& path, std::string content) {
  MutexLock lock(mutex_);
  const auto it = files_.find(normal(path));
  assert(it != files_.end());
  MutexLock file_lock(it->second->mutex);
  it->second->bytes = std::move(content);
}

void MemoryFileSystem::set_free_bytes(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  free_bytes_ = bytes;
}

}  // namespace silverback::testing

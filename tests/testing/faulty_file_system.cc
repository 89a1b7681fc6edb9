#include "tests/testing/faulty_file_system.h"

#include <algorithm>
#include <cassert>
#include <string_view>
#include <utility>

namespace silverback::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, static_cast<std::size_t>(FileOperation::kCount)>
    kOperationNames = {"create",           "open",   "write",  "sync",           "read", "truncate",
                       "create directory", "rename", "remove", "sync directory", "list"};

std::size_t index_of(FileOperation operation) { return static_cast<std::size_t>(operation); }

fs::path normal(const fs::path& path) {
  const fs::path result = path.lexically_normal();
  return result.has_filename() ? result : result.parent_path();
}

bool is_within(const fs::path& path, const fs::path& directory) {
  return std::mismatch(directory.begin(), directory.end(), path.begin(), path.end()).first ==
         directory.end();
}

fs::path moved(const fs::path& path, const fs::path& from, const fs::path& to) {
  if (!is_within(path, from)) return path;
  return path == from ? to : to / path.lexically_relative(from);
}

}  // namespace

class FaultyFile final : public File {
 public:
  FaultyFile(FaultyFileSystem& owner, std::unique_ptr<File> under, fs::path path,
             std::shared_ptr<FaultyFileSystem::Durable> durable, std::uint64_t boot)
      : owner_(owner),
        under_(std::move(under)),
        path_(std::move(path)),
        durable_(std::move(durable)),
        boot_(boot) {}

  Status append(std::span<const std::byte> bytes) override {
    MutexLock lock(owner_.mutex_);
    TRY(check_power());
    if (auto fault = owner_.count_call(FileOperation::kWrite, path_)) {
      if (fault->bytes_written) {
        TRY(under_->append(bytes.first(std::min(bytes.size(), *fault->bytes_written))));
      }
      return fail(std::move(fault->error));
    }
    return under_->append(bytes);
  }
  Status sync() override {
    MutexLock lock(owner_.mutex_);
    TRY(check(FileOperation::kSync));
    TRY(under_->sync());
    if (durable_) durable_->bytes = TRY(under_->size());
    return {};
  }
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override {
    MutexLock lock(owner_.mutex_);
    TRY(check(FileOperation::kRead));
    return under_->read(offset, out);
  }
  Result<std::uint64_t> size() const override {
    MutexLock lock(owner_.mutex_);
    TRY(check_power());
    return under_->size();
  }
  Status truncate(std::uint64_t size) override {
    MutexLock lock(owner_.mutex_);
    TRY(check(FileOperation::kTruncate));
    TRY(under_->truncate(size));
    if (durable_) durable_->bytes = std::min(durable_->bytes, size);
    return {};
  }

 private:
  Status check(FileOperation operation) const REQUIRES(owner_.mutex_) {
    TRY(check_power());
    if (auto fault = owner_.count_call(operation, path_)) return fail(std::move(fault->error));
    return {};
  }
  Status check_power() const REQUIRES(owner_.mutex_) {
    if (boot_ == owner_.boots_) return {};
    return fail(ErrorCode::kIo, path_.native() + ": opened before the power was lost");
  }

  FaultyFileSystem& owner_;
  const std::unique_ptr<File> under_;
  const fs::path path_;
  const std::shared_ptr<FaultyFileSystem::Durable> durable_;  // null if opened for reading
  const std::uint64_t boot_;
};

FaultyFileSystem::FaultyFileSystem(FileSystem& under, fs::path attic)
    : under_(under), attic_(std::move(attic)) {
  const Status made = under_.create_directories(attic_);
  assert(made);
  static_cast<void>(made);
}

void FaultyFileSystem::fail_after(std::size_t successes,
                                  std::initializer_list<FileOperation> operations,
                                  std::size_t failures, ErrorCode code) {
  Plan plan;
  plan.applies.fill(operations.size() == 0);
  for (const FileOperation operation : operations) plan.applies[index_of(operation)] = true;
  plan.successes = successes;
  plan.failures = failures;
  plan.code = code;
  MutexLock lock(mutex_);
  plan_ = plan;
}

void FaultyFileSystem::cut_write_after(std::size_t successes, std::size_t bytes, ErrorCode code) {
  Plan plan;
  plan.applies[index_of(FileOperation::kWrite)] = true;
  plan.successes = successes;
  plan.failures = 1;
  plan.bytes_written = bytes;
  plan.code = code;
  MutexLock lock(mutex_);
  plan_ = plan;
}

void FaultyFileSystem::heal() {
  MutexLock lock(mutex_);
  plan_.reset();
  has_failed_ = false;
}

std::size_t FaultyFileSystem::calls(FileOperation operation) const {
  MutexLock lock(mutex_);
  return calls_[index_of(operation)];
}

std::size_t FaultyFileSystem::calls() const {
  MutexLock lock(mutex_);
  std::size_t all = 0;
  for (const std::size_t count : calls_) all += count;
  return all;
}

bool FaultyFileSystem::has_failed() const {
  MutexLock lock(mutex_);
  return has_failed_;
}

std::optional<FaultyFileSystem::Fault> FaultyFileSystem::count_call(FileOperation operation,
                                                                    const fs::path& path) {
  ++calls_[index_of(operation)];
  if (!plan_ || !plan_->applies[index_of(operation)] || plan_->failures == 0) return std::nullopt;
  if (plan_->successes > 0) {
    --plan_->successes;
    return std::nullopt;
  }
  if (plan_->failures != kForever) --plan_->failures;
  has_failed_ = true;
  std::string message(kOperationNames[index_of(operation)]);
  message += " " + path.native() + ": failed as planned";
  return Fault{{plan_->code, std::move(message)}, plan_->bytes_written};
}

Status FaultyFileSystem::check(FileOperation operation, const fs::path& path) {
  MutexLock lock(mutex_);
  if (auto fault = count_call(operation, path)) return fail(std::move(fault->error));
  return {};
}

bool FaultyFileSystem::exists(const fs::path& path) {
  return under_.list(path).has_value() || under_.open_read(path).has_value();
}

void FaultyFileSystem::lose_power(std::mt19937_64* random) {
  MutexLock lock(mutex_);
  ++boots_;
  for (const auto& [path, durable] : durable_) {
    auto file = under_.open_append(path);
    if (!file) continue;  // removed beside this interface
    const std::uint64_t size = (*file)->size().value_or(durable->bytes);
    std::uint64_t kept = std::min(durable->bytes, size);
    if (random != nullptr) {
      kept = std::uniform_int_distribution<std::uint64_t>(kept, size)(*random);
    }
    const Status cut = (*file)->truncate(kept);
    assert(cut);
    static_cast<void>(cut);
  }
  while (!undo_.empty()) {
    const Undo undo = std::move(undo_.back());
    undo_.pop_back();
    take_back(undo);
  }
  durable_.clear();
}

void FaultyFileSystem::take_back(const Undo& undo) {
  Status done;
  switch (undo.kind) {
    case Undo::Kind::kCreated:
      done = under_.remove_all(undo.path);
      std::erase_if(undo_, [&](const Undo& other) { return is_within(other.path, undo.path); });
      break;
    case Undo::Kind::kRenamed:
      done = under_.rename(undo.path, undo.other);
      move_names(undo.path, undo.other);
      break;
    case Undo::Kind::kRemoved:
      done = under_.rename(undo.other, undo.path);
      break;
  }
  assert(done);
  static_cast<void>(done);
}

Result<std::unique_ptr<File>> FaultyFileSystem::create(const fs::path& path) {
  TRY(check(FileOperation::kCreate, path));
  std::unique_ptr<File> file = TRY(under_.create(path));
  MutexLock lock(mutex_);
  const fs::path name = normal(path);
  undo_.push_back({Undo::Kind::kCreated, name, {}});
  const auto durable = std::make_shared<Durable>(Durable{0});
  durable_[name] = durable;
  return std::make_unique<FaultyFile>(*this, std::move(file), path, durable, boots_);
}

Result<std::unique_ptr<File>> FaultyFileSystem::open_append(const fs::path& path) {
  TRY(check(FileOperation::kOpen, path));
  std::unique_ptr<File> file = TRY(under_.open_append(path));
  const std::uint64_t size = TRY(file->size());
  MutexLock lock(mutex_);
  std::shared_ptr<Durable>& durable = durable_[normal(path)];
  if (!durable) durable = std::make_shared<Durable>(Durable{size});
  return std::make_unique<FaultyFile>(*this, std::move(file), path, durable, boots_);
}

Result<std::unique_ptr<File>> FaultyFileSystem::open_read(const fs::path& path) {
  TRY(check(FileOperation::kOpen, path));
  std::unique_ptr<File> file = TRY(under_.open_read(path));
  MutexLock lock(mutex_);
  return std::make_unique<FaultyFile>(*this, std::move(file), path, nullptr, boots_);
}

Status FaultyFileSystem::create_directories(const fs::path& path) {
  TRY(check(FileOperation::kCreateDirectories, path));
  std::vector<fs::path> missing;
  for (fs::path p = normal(path); !p.empty() && p != p.parent_path() && !exists(p);
       p = p.parent_path()) {
    missing.push_back(p);
  }
  TRY(under_.create_directories(path));
  MutexLock lock(mutex_);
  for (auto p = missing.rbegin(); p != missing.rend(); ++p) {
    undo_.push_back({Undo::Kind::kCreated, *p, {}});
  }
  return {};
}

Status FaultyFileSystem::move_to_attic(const fs::path& path) {
  const fs::path place = attic_ / std::to_string(attic_names_++);
  TRY(under_.rename(path, place));
  std::erase_if(durable_, [&](const auto& file) { return is_within(file.first, path); });
  // What was created and not made durable before, is gone for good.
  const auto created = std::find_if(undo_.begin(), undo_.end(), [&](const Undo& undo) {
    return undo.kind == Undo::Kind::kCreated && undo.path == path;
  });
  const bool was_durable = created == undo_.end();
  std::erase_if(undo_, [&](const Undo& undo) {
    return undo.kind == Undo::Kind::kCreated && is_within(undo.path, path);
  });
  if (!was_durable) return under_.remove_all(place);
  undo_.push_back({Undo::Kind::kRemoved, path, place});
  return {};
}

void FaultyFileSystem::move_names(const fs::path& from, const fs::path& to) {
  for (Undo& undo : undo_) {
    // What was removed under exactly this name is not what moves now.
    if (undo.kind == Undo::Kind::kRemoved && undo.path == from) continue;
    undo.path = moved(undo.path, from, to);
    if (undo.kind == Undo::Kind::kRenamed && undo.path != to) {
      undo.other = moved(undo.other, from, to);
    }
  }
  std::map<fs::path, std::shared_ptr<Durable>> durable;
  for (auto& [path, state] : durable_) durable.emplace(moved(path, from, to), state);
  durable_ = std::move(durable);
}

Status FaultyFileSystem::rename(const fs::path& from, const fs::path& to) {
  TRY(check(FileOperation::kRename, from));
  const fs::path source = normal(from);
  const fs::path target = normal(to);
  MutexLock lock(mutex_);
  if (exists(source) && exists(target)) TRY(move_to_attic(target));
  TRY(under_.rename(source, target));
  move_names(source, target);
  // A name that was not durable before the move needs no second entry: taking back its creation or
  // its first move takes back this one too. It comes last now, after what it has overwritten.
  const auto followed = std::find_if(undo_.begin(), undo_.end(), [&](const Undo& undo) {
    return undo.kind != Undo::Kind::kRemoved && undo.path == target;
  });
  if (followed != undo_.end()) {
    std::rotate(followed, followed + 1, undo_.end());
  } else {
    undo_.push_back({Undo::Kind::kRenamed, target, source});
  }
  return {};
}

Status FaultyFileSystem::remove_all(const fs::path& path) {
  TRY(check(FileOperation::kRemove, path));
  const fs::path name = normal(path);
  MutexLock lock(mutex_);
  if (!exists(name)) return {};
  return move_to_attic(name);
}

Status FaultyFileSystem::sync_directory(const fs::path& directory) {
  TRY(check(FileOperation::kSyncDirectory, directory));
  TRY(under_.sync_directory(directory));
  const fs::path name = normal(directory);
  MutexLock lock(mutex_);
  std::vector<Undo> kept;
  for (Undo& undo : undo_) {
    if (undo.path.parent_path() != name) {
      kept.push_back(std::move(undo));
    } else if (undo.kind == Undo::Kind::kRemoved) {
      TRY(under_.remove_all(undo.other));
    }
  }
  undo_ = std::move(kept);
  return {};
}

Result<std::vector<std::string>> FaultyFileSystem::list(const fs::path& directory) {
  TRY(check(FileOperation::kList, directory));
  return under_.list(directory);
}

Result<std::uint64_t> FaultyFileSystem::free_bytes(const fs::path& path) {
  return under_.free_bytes(path);
}

}  // namespace silverback::testing

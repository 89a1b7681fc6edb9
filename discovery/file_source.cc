#include "discovery/file_source.h"

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "config/glob.h"
#include "discovery/target_document.h"

namespace silverback::discovery {
namespace {

Result<std::vector<TargetGroup>> read_targets(const std::string& path, std::uint64_t bytes) {
  if (bytes > kDocumentBytesMax)
    return fail(ErrorCode::kInvalidArgument,
                "more than " + std::to_string(kDocumentBytesMax) + " bytes");
  const std::string document = TRY(FileSystem::posix().read_all(path));
  const auto format = path.ends_with(".json") ? DocumentFormat::kJson : DocumentFormat::kYaml;
  return parse_targets(document, format, path, "__meta_filepath");
}

}  // namespace

FileSource::FileSource(config::FileDiscovery config, Registry& metrics)
    : config_(std::move(config)),
      read_errors_(metrics.counter("prometheus_sd_file_read_errors_total",
                                   "Target files that could not be read or understood.")) {}

void FileSource::refresh(SteadyTime now) {
  if (now < next_look_) return;
  const std::chrono::milliseconds interval(config_.refresh_interval);
  const bool read_all = now >= next_read_;
  if (read_all) next_read_ = now + interval;
  next_look_ = std::min(now + kLookInterval, next_read_);
  look(read_all);
}

void FileSource::look(bool read_all) {
  std::map<std::string, File> found;
  for (const std::string& glob : config_.files) {
    const auto paths = config::expand_glob(FileSystem::posix(), glob);
    if (!paths) {
      // A folder that cannot be listed says nothing about its files: all stay as they are.
      report(failures_[glob], false, Error(paths.error()).within(glob));
      return;
    }
    failures_.erase(glob);
    for (const std::string& path : *paths) {
      const auto [place, is_first] = found.try_emplace(path);
      if (!is_first) continue;
      File& file = place->second;
      if (const auto known = files_.find(path); known != files_.end()) file = known->second;
      const Result<FileIdentity> identity = identify_file(path);
      if (!identity && identity.error().code == ErrorCode::kNotFound) {
        found.erase(place);  // between the two looks
      } else if (!identity) {
        report(file.failure, false, identity.error());
      } else if (read_all || *identity != file.identity) {
        read(path, *identity, file);
      }
    }
  }
  files_ = std::move(found);
  TargetGroups all;
  for (const auto& [path, file] : files_)
    all.insert(all.end(), file.groups.begin(), file.groups.end());
  publish(std::move(all));
}

void FileSource::read(const std::string& path, const FileIdentity& identity, File& file) {
  const bool is_new = identity != file.identity;
  file.identity = identity;
  Result<std::vector<TargetGroup>> groups = read_targets(path, identity.size);
  if (!groups) return report(file.failure, is_new, std::move(groups).error().within(path));
  file.failure.clear();
  file.groups = renewed(file.groups, *std::move(groups));
}

// `is_new`: the same failure again is worth a line, because somebody changed the file.
void FileSource::report(std::string& last_failure, bool is_new, const Error& error) {
  read_errors_.add();
  if (!is_new && error.message == last_failure) return;
  last_failure = error.message;
  log_error("file_sd: " + error.message + "; the targets known before stay");
}

}  // namespace silverback::discovery

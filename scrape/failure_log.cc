#include "scrape/failure_log.h"

#include <span>
#include <utility>

#include <boost/json.hpp>

#include "base/labels.h"

namespace silverback::scrape {
namespace {

Result<std::unique_ptr<File>> open_or_create(FileSystem& files, const std::string& path) {
  auto file = files.open_append(path);
  return file ? std::move(file) : files.create(path);
}

}  // namespace

Result<std::shared_ptr<FailureLog>> FailureLog::open(FileSystem& files, const std::string& path) {
  auto file = open_or_create(files, path);
  if (!file) return fail(std::move(file).error().within("can't create json log file"));
  return std::make_shared<FailureLog>(files, path, *std::move(file));
}

FailureLog::FailureLog(FileSystem& files, std::string path, std::unique_ptr<File> file)
    : files_(files),
      path_(std::move(path)),
      status_("Writing the scrape failure log " + quote(path_)),
      file_(std::move(file)) {}

void FailureLog::reopen() {
  const MutexLock lock(mutex_);
  auto file = open_or_create(files_, path_);
  status_.note(file ? Status() : fail(file.error()));
  if (file) file_ = *std::move(file);
}

void FailureLog::write(TimestampMs t, const std::string& job, const std::string& url,
                       const std::string& error) {
  const boost::json::object entry{{"time", format_rfc3339(t)},
                                  {"level", "ERROR"},
                                  {"msg", error},
                                  {"job_name", job},
                                  {"target", url}};
  const std::string line = boost::json::serialize(entry) + "\n";
  const MutexLock lock(mutex_);
  status_.note(file_->append(std::as_bytes(std::span(line))));
}

}  // namespace silverback::scrape

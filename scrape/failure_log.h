// The file that a job's failed scrapes are written to, a JSON object on each line:
//
//   {"time":"2026-11-21T12:00:00Z","level":"ERROR","msg":"Get \"http://…\":
//   …","job_name":"node","target":"http://…"}
//
// What cannot be written is told to the server's log.
// Source:
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#scrape_config,
// `scrape_failure_log_file`. Threads: everything from any thread.
#pragma once

#include <memory>
#include <string>

#include "base/file.h"
#include "base/mutex.h"
#include "base/repeated_status.h"
#include "base/result.h"
#include "base/time.h"

namespace silverback::scrape {

class FailureLog {
 public:
  // Errors: kIo, if the file can be neither opened nor made. `files` must outlive it.
  static Result<std::shared_ptr<FailureLog>> open(FileSystem& files, const std::string& path);
  FailureLog(FileSystem& files, std::string path, std::unique_ptr<File> file);

  const std::string& path() const { return path_; }
  // At every reload: who rotates logs counts on it. The file before stays if that fails.
  void reopen() EXCLUDES(mutex_);
  void write(TimestampMs t, const std::string& job, const std::string& url,
             const std::string& error) EXCLUDES(mutex_);

 private:
  FileSystem& files_;
  const std::string path_;
  RepeatedStatus status_;
  Mutex mutex_;
  std::unique_ptr<File> file_ GUARDED_BY(mutex_);
};

}  // namespace silverback::scrape

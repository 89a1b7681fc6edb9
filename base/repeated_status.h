// Tells the log how something goes that is done again and again: once when it fails in a new way,
// once when it works again. Threads: everything from any thread.
#pragma once

#include <string>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"

namespace silverback {

class RepeatedStatus {
 public:
  // `what` begins the lines: `Writing the log: no space left on device`.
  explicit RepeatedStatus(std::string what) : what_(std::move(what)) {}

  void note(const Status& status) EXCLUDES(mutex_) {
    std::string error = status ? "" : status.error().message;
    const MutexLock lock(mutex_);
    if (error == last_error_) return;
    if (error.empty()) {
      log_info(what_ + ": works again");
    } else {
      log_error(what_ + ": " + error);
    }
    last_error_ = std::move(error);
  }

 private:
  const std::string what_;
  Mutex mutex_;
  std::string last_error_ GUARDED_BY(mutex_);
};

}  // namespace silverback

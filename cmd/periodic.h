// A thread that does one thing again and again.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "base/mutex.h"

namespace silverback::cmd {

class Periodic {
 public:
  // Calls `body` after `first`, then every `interval` counted from start to start; a call that
  // takes longer delays the next, it is not made up for. `name` is the thread's.
  Periodic(const std::string& name, std::chrono::milliseconds first,
           std::chrono::milliseconds interval, std::function<void()> body);
  // Returns once a running call has ended.
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  void run(std::chrono::milliseconds first, std::chrono::milliseconds interval) EXCLUDES(mutex_);
  // False if it was woken to end.
  bool sleep_until(std::chrono::steady_clock::time_point when) EXCLUDES(mutex_);

  const std::function<void()> body_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace silverback::cmd

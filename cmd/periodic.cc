#include "cmd/periodic.h"

#include <algorithm>
#include <utility>

#include <pthread.h>

namespace silverback::cmd {

using SteadyClock = std::chrono::steady_clock;

Periodic::Periodic(const std::string& name, std::chrono::milliseconds first,
                   std::chrono::milliseconds interval, std::function<void()> body)
    : body_(std::move(body)), thread_([this, first, interval] { run(first, interval); }) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

Periodic::~Periodic() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Periodic::run(std::chrono::milliseconds first, std::chrono::milliseconds interval) {
  SteadyClock::time_point next = SteadyClock::now() + first;
  while (sleep_until(next)) {
    body_();
    next = std::max(next + interval, SteadyClock::now());
  }
}

bool Periodic::sleep_until(SteadyClock::time_point when) {
  MutexLock lock(mutex_);
  while (!stopping_) {
    const auto left = when - SteadyClock::now();
    if (left <= SteadyClock::duration::zero()) return true;
    wake_.wait_for(mutex_, left);
  }
  return false;
}

}  // namespace silverback::cmd

#include "base/thread_pool.h"

#include <cassert>
#include <utility>

#include <pthread.h>

namespace silverback {

ThreadPool::ThreadPool(std::string name, std::size_t threads) {
  assert(threads >= 1);
  constexpr std::size_t kThreadNameBytesMax = 15;
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
    const std::string number = "-" + std::to_string(i);
    const std::string thread_name = name.substr(0, kThreadNameBytesMax - number.size()) + number;
    pthread_setname_np(threads_.back().native_handle(), thread_name.c_str());
  }
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::run(std::function<void()> task) {
  {
    MutexLock lock(mutex_);
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void ThreadPool::work() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) wake_.wait(mutex_);
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

}  // namespace silverback

#include "base/thread_pool.h"

#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <pthread.h>

namespace silverback {
namespace {

TEST(ThreadPool, FinishesWhatWasQueuedBeforeItGoes) {
  std::atomic<int> done{0};
  {
    ThreadPool pool("test", 3);
    EXPECT_EQ(pool.concurrency(), 3u);
    for (int i = 0; i < 1'000; ++i) {
      pool.run([&] { ++done; });
    }
  }
  EXPECT_EQ(done, 1'000);
}

TEST(ThreadPool, NamesItsThreads) {
  Mutex mutex;
  std::set<std::string> names;
  {
    ThreadPool pool("a-rather-long-name", 2);
    for (int i = 0; i < 100; ++i) {
      pool.run([&] {
        char name[16];
        pthread_getname_np(pthread_self(), name, sizeof(name));
        MutexLock lock(mutex);
        names.insert(name);
      });
    }
  }
  for (const std::string& name : names) {
    EXPECT_TRUE(name == "a-rather-long-0" || name == "a-rather-long-1") << name;
  }
}

TEST(ParallelFor, CallsTheBodyOncePerIndex) {
  ThreadPool pool("test", 4);
  for (Executor* executor : {static_cast<Executor*>(nullptr), static_cast<Executor*>(&pool)}) {
    for (const std::size_t count : {0u, 1u, 2u, 7u, 1'000u}) {
      std::vector<std::atomic<int>> calls(count);
      parallel_for(executor, count, [&](std::size_t i) { ++calls[i]; });
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(calls[i], 1) << count << " " << i;
    }
  }
}

TEST(ParallelFor, EndsThoughTheExecutorIsBusy) {
  // Its one thread is taken until the loop is over: only the caller can have done the work.
  ThreadPool pool("test", 1);
  Mutex mutex;
  CondVar released;
  bool is_over = false;
  pool.run([&] {
    MutexLock lock(mutex);
    while (!is_over) released.wait(mutex);
  });
  std::size_t sum = 0;
  parallel_for(&pool, 100, [&](std::size_t i) { sum += i; });
  EXPECT_EQ(sum, 4'950u);
  MutexLock lock(mutex);
  is_over = true;
  released.notify_all();
}

TEST(ParallelFor, ThrowsWhatABodyThrewWhenAllAreDone) {
  ThreadPool pool("test", 4);
  // In the caller or in a helper, whoever gets there first: on every index in turn.
  for (std::size_t bad = 0; bad < 8; ++bad) {
    std::atomic<int> calls{0};
    const auto body = [&](std::size_t i) {
      if (i == bad) throw std::runtime_error("out of luck");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      ++calls;
    };
    EXPECT_THROW(parallel_for(&pool, 8, body), std::runtime_error);
    EXPECT_EQ(calls, 7);
  }
}

TEST(ParallelFor, MayBeNestedInATaskOfTheSameExecutor) {
  ThreadPool pool("test", 2);
  std::atomic<int> calls{0};
  parallel_for(&pool, 8,
               [&](std::size_t) { parallel_for(&pool, 8, [&](std::size_t) { ++calls; }); });
  EXPECT_EQ(calls, 64);
}

}  // namespace
}  // namespace silverback

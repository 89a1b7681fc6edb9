// Decoded frames of one partition, the most recently used ones up to a budget of bytes. What is in
// use stays alive by its shared_ptr, whatever is evicted. Threads: any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"

namespace silverback::tsdb {

class FrameCache {
 public:
  explicit FrameCache(std::size_t bytes_max) : shard_bytes_max_(bytes_max / kShards) {}

  // The object under `key`, made by load() if it is not there. load() returns Result<T> and
  // cost(object) its size in bytes; two threads that miss at once both load. A key always names the
  // same T.
  template <class T, class Load, class Cost>
  Result<std::shared_ptr<const T>> get(std::uint64_t key, const Load& load, const Cost& cost) {
    Shard& shard = shards_[(key * 0x9e37'79b9'7f4a'7c15) >> 61];
    {
      MutexLock lock(shard.mutex);
      const auto found = shard.entries.find(key);
      if (found != shard.entries.end()) {
        shard.order.splice(shard.order.begin(), shard.order, found->second);
        return std::static_pointer_cast<const T>(found->second->object);
      }
    }
    Result<T> loaded = load();
    if (!loaded) return fail(std::move(loaded).error());
    auto object = std::make_shared<const T>(*std::move(loaded));
    insert(shard, key, object, cost(*object));
    return object;
  }

 private:
  static constexpr std::size_t kShards = 8;
  struct Entry {
    std::uint64_t key;
    std::shared_ptr<const void> object;
    std::size_t bytes;
  };
  struct Shard {
    Mutex mutex;
    std::list<Entry> order GUARDED_BY(mutex);  // most recently used first
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> entries GUARDED_BY(mutex);
    std::size_t bytes GUARDED_BY(mutex) = 0;
  };

  void insert(Shard& shard, std::uint64_t key, std::shared_ptr<const void> object,
              std::size_t bytes) {
    MutexLock lock(shard.mutex);
    if (shard.entries.contains(key)) return;
    shard.order.push_front({key, std::move(object), bytes});
    shard.entries.emplace(key, shard.order.begin());
    shard.bytes += bytes;
    while (shard.bytes > shard_bytes_max_ && shard.order.size() > 1) {
      const Entry& oldest = shard.order.back();
      shard.bytes -= oldest.bytes;
      shard.entries.erase(oldest.key);
      shard.order.pop_back();
    }
  }

  const std::size_t shard_bytes_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace silverback::tsdb

// Decoded frames of any number of partitions, the most recently used ones up to a budget of bytes.
// What is in use stays alive by its shared_ptr, whatever is evicted. Threads: any.
#pragma once

#include <array>
#include <atomic>
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
  // What a key stands for: an object's type follows from it.
  enum Kind : std::uint8_t {
    kDictionary,
    kPostings,
    kLabels,
    kDirectory,
    kSegment,
    kTimesFrame,
    kTimes,
  };

  explicit FrameCache(std::size_t bytes_max) : shard_bytes_max_(bytes_max / kShards) {}

 private:
  friend class PartitionFrames;
  static constexpr unsigned kShardBits = 4;
  static constexpr std::size_t kShards = 1 << kShardBits;

  struct Key {
    std::uint64_t owner_and_kind;
    std::uint64_t number;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return (key.owner_and_kind * 0x9e37'79b9'7f4a'7c15 ^ key.number) * 0xd6e8'feb8'6659'fd93;
    }
  };
  struct Entry {
    Key key;
    std::shared_ptr<const void> object;
    std::size_t bytes;
  };
  struct Shard {
    Mutex mutex;
    std::list<Entry> order GUARDED_BY(mutex);  // most recently used first
    std::unordered_map<Key, std::list<Entry>::iterator, Hash> entries GUARDED_BY(mutex);
    std::size_t bytes GUARDED_BY(mutex) = 0;
  };

  Shard& shard_of(const Key& key) { return shards_[Hash{}(key) >> (64 - kShardBits)]; }

  std::shared_ptr<const void> find(const Key& key) {
    Shard& shard = shard_of(key);
    MutexLock lock(shard.mutex);
    const auto found = shard.entries.find(key);
    if (found == shard.entries.end()) return nullptr;
    shard.order.splice(shard.order.begin(), shard.order, found->second);
    return found->second->object;
  }

  void insert(const Key& key, std::shared_ptr<const void> object, std::size_t bytes) {
    Shard& shard = shard_of(key);
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
  std::atomic<std::uint64_t> owners_{0};
  std::array<Shard, kShards> shards_;
};

// One partition's part of a cache.
class PartitionFrames {
 public:
  explicit PartitionFrames(std::shared_ptr<FrameCache> cache)
      : cache_(std::move(cache)), owner_(cache_->owners_.fetch_add(1)) {}

  // The object of that kind and number, made by load() if it is not there. load() returns Result<T>
  // and cost(object) its size in bytes; two threads that miss at once both load.
  template <class T, class Load, class Cost>
  Result<std::shared_ptr<const T>> get(FrameCache::Kind kind, std::uint64_t number,
                                       const Load& load, const Cost& cost) const {
    const FrameCache::Key key{owner_ << 8 | kind, number};
    if (std::shared_ptr<const void> found = cache_->find(key))
      return std::static_pointer_cast<const T>(std::move(found));
    Result<T> loaded = load();
    if (!loaded) return fail(std::move(loaded).error());
    auto object = std::make_shared<const T>(*std::move(loaded));
    cache_->insert(key, object, sizeof(T) + cost(*object));
    return object;
  }

 private:
  const std::shared_ptr<FrameCache> cache_;
  const std::uint64_t owner_;
};

}  // namespace silverback::tsdb

// From the bytes of a series' labels as they came over the wire to the store's name for the series,
// without looking at the labels. The key is a 128-bit hash with a seed of its own per process, so
// that nobody can make two label sets collide on purpose, and by chance they never do.
//
// Open addressing with linear probing in one array of 24-byte slots: a look-up is one cache miss,
// and a batch of look-ups hides even that one by prefetching. Threads: everything from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/appender.h"
#include "base/mutex.h"

namespace silverback::ingest {

struct SeriesKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const SeriesKey&) const = default;
};

class SeriesCache {
 public:
  struct Entry {
    SeriesKey key;
    SeriesRef ref = SeriesRef::kNone;
  };

  // At `entries_max` the cache is emptied and fills again: simpler than ageing, and only a server
  // with more active series than that ever gets there.
  SeriesCache(std::uint64_t seed, std::size_t entries_max);

  SeriesKey key(std::string_view label_bytes) const;

  // Fills in every entry's ref, kNone where the key is unknown.
  void find(std::span<Entry> entries) const EXCLUDES(mutex_);
  // Adds or replaces.
  void insert(std::span<const Entry> entries) EXCLUDES(mutex_);

  std::size_t size() const EXCLUDES(mutex_);

 private:
  void insert_one(const Entry& entry) REQUIRES(mutex_);
  void grow() REQUIRES(mutex_);

  const std::uint64_t seed_;
  const std::size_t entries_max_;
  mutable SharedMutex mutex_;
  std::vector<Entry> slots_ GUARDED_BY(mutex_);  // a power of two; free where ref is kNone
  std::size_t size_ GUARDED_BY(mutex_) = 0;
};

}  // namespace silverback::ingest

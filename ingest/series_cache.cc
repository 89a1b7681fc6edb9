#include "ingest/series_cache.h"

#include <algorithm>
#include <utility>

#include <xxhash.h>

namespace silverback::ingest {
namespace {

constexpr std::size_t kSlotsMin = 1024;
// How many look-ups ahead to prefetch: enough to cover one memory access, few enough that the lines
// are still there when their turn comes (measured in bench/ingest/remote_write_bench.cc).
constexpr std::size_t kPrefetchDistance = 8;

}  // namespace

SeriesCache::SeriesCache(std::uint64_t seed, std::size_t entries_max)
    : seed_(seed), entries_max_(entries_max), slots_(kSlotsMin) {}

SeriesKey SeriesCache::key(std::string_view label_bytes) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(label_bytes.data(), label_bytes.size(), seed_);
  return {hash.low64, hash.high64};
}

void SeriesCache::find(std::span<Entry> entries) const {
  ReaderLock lock(mutex_);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i + kPrefetchDistance < entries.size()) {
      __builtin_prefetch(&slots_[entries[i + kPrefetchDistance].key.low & mask]);
    }
    Entry& entry = entries[i];
    entry.ref = SeriesRef::kNone;
    for (std::size_t at = entry.key.low & mask; slots_[at].ref != SeriesRef::kNone;
         at = (at + 1) & mask) {
      if (slots_[at].key == entry.key) {
        entry.ref = slots_[at].ref;
        break;
      }
    }
  }
}

void SeriesCache::insert(std::span<const Entry> entries) {
  WriterLock lock(mutex_);
  for (const Entry& entry : entries) {
    if (size_ >= entries_max_) {
      slots_.assign(kSlotsMin, Entry{});
      size_ = 0;
    }
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    insert_one(entry);
  }
}

std::size_t SeriesCache::size() const {
  ReaderLock lock(mutex_);
  return size_;
}

void SeriesCache::insert_one(const Entry& entry) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = entry.key.low & mask;
  while (slots_[at].ref != SeriesRef::kNone && slots_[at].key != entry.key) at = (at + 1) & mask;
  size_ += slots_[at].ref == SeriesRef::kNone ? 1 : 0;
  slots_[at] = entry;
}

void SeriesCache::grow() {
  const std::vector<Entry> old = std::exchange(slots_, std::vector<Entry>(slots_.size() * 2));
  size_ = 0;
  for (const Entry& entry : old) {
    if (entry.ref != SeriesRef::kNone) insert_one(entry);
  }
}

}  // namespace silverback::ingest

// How much metadata of metric families one way in may bring into the store, which keeps all of it
// in memory and for ever: senders could fill it with families that nobody has. Remote write has
// one, the scraped targets together have one. Counted since the start of the process. Threads:
// everything from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "base/labels.h"
#include "base/mutex.h"
#include "base/sample.h"

namespace silverback::ingest {

// A longer name is no name, and a longer text no help.
inline constexpr std::size_t kMetadataTextBytesMax = 4096;

class MetadataBudget {
 public:
  explicit MetadataBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Whether the store may keep this; a family that was taken before is counted anew. Cuts nothing,
  // but leaves out texts that are too long.
  bool take(std::string_view family, Metadata& metadata) EXCLUDES(mutex_) {
    if (family.empty() || family.size() > kMetadataTextBytesMax) return false;
    if (metadata.help.size() > kMetadataTextBytesMax) metadata.help = {};
    if (metadata.unit.size() > kMetadataTextBytesMax) metadata.unit = {};
    const std::size_t bytes =
        kFamilyBytes + family.size() + metadata.help.size() + metadata.unit.size();
    const std::uint64_t hash = Labels{{kMetricName, family}}.hash();
    MutexLock lock(mutex_);
    const auto known = families_.find(hash);
    const std::size_t before = known == families_.end() ? 0 : known->second;
    if (bytes > before && bytes - before > bytes_max_ - bytes_) return false;
    bytes_ = bytes_ - before + bytes;
    families_[hash] = bytes;
    return true;
  }

 private:
  static constexpr std::size_t kFamilyBytes = 256;  // the nodes of both maps, about

  const std::size_t bytes_max_;
  Mutex mutex_;
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::uint64_t, std::size_t> families_ GUARDED_BY(mutex_);  // hash → bytes
};

}  // namespace silverback::ingest

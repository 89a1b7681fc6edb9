#include "scrape/metadata_pool.h"

#include <algorithm>
#include <functional>

namespace silverback::scrape {

std::size_t MetadataPool::Hash::operator()(const Pointer& entry) const {
  const std::hash<std::string_view> hash;
  return hash(entry->family) * 31 + hash(entry->metadata.help);
}

std::shared_ptr<const FamilyMetadata> MetadataPool::take(std::string_view family,
                                                         Metadata metadata) {
  if (!budget_.take(family, metadata)) return nullptr;
  auto wanted = std::make_shared<const FamilyMetadata>(
      FamilyMetadata{std::string(family), std::move(metadata)});
  MutexLock lock(mutex_);
  Pointer taken = *entries_.insert(std::move(wanted)).first;
  if (entries_.size() >= sweep_at_) {
    // Only the pool has these, and only from here could somebody get them.
    std::erase_if(entries_, [](const Pointer& entry) { return entry.use_count() == 1; });
    sweep_at_ = std::max<std::size_t>(1024, entries_.size() * 2);
  }
  return taken;
}

std::size_t MetadataPool::size() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace silverback::scrape

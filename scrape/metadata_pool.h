// Types, helps and units of metric families, kept once for all targets: those of one exporter say
// the same of the same families.
//
// Also decides which of them the store may keep, which keeps them for ever: all targets together
// have a budget, counted since the start of the process. What is beyond it is nowhere.
// Threads: everything from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/mutex.h"
#include "base/sample.h"
#include "ingest/metadata_budget.h"

namespace silverback::scrape {

struct FamilyMetadata {
  std::string family;
  Metadata metadata;
};

class MetadataPool {
 public:
  explicit MetadataPool(std::size_t bytes_max = std::size_t{64} << 20) : budget_(bytes_max) {}

  // The one that says the same, made if there is none. Texts longer than
  // ingest::kMetadataTextBytesMax are left out. Null if the name is that long or the budget is
  // spent.
  std::shared_ptr<const FamilyMetadata> take(std::string_view family, Metadata metadata)
      EXCLUDES(mutex_);

  // Of those that somebody uses, and of some that nobody does.
  std::size_t size() const EXCLUDES(mutex_);

 private:
  using Pointer = std::shared_ptr<const FamilyMetadata>;
  struct Hash {
    std::size_t operator()(const Pointer& entry) const;
  };
  struct Equal {
    bool operator()(const Pointer& a, const Pointer& b) const {
      return a->family == b->family && a->metadata == b->metadata;
    }
  };

  ingest::MetadataBudget budget_;  // does its own locking
  mutable Mutex mutex_;
  std::unordered_set<Pointer, Hash, Equal> entries_ GUARDED_BY(mutex_);
  std::size_t sweep_at_ GUARDED_BY(mutex_) = 1024;
};

}  // namespace silverback::scrape

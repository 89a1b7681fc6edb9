#include "scrape/target_families.h"

#include <algorithm>
#include <utility>

#include <boost/unordered/unordered_flat_set.hpp>
#include <xxhash.h>

#include "ingest/metadata_budget.h"

namespace silverback::scrape {
namespace {

std::string_view text_or_none(std::string_view text) {
  return text.size() > ingest::kMetadataTextBytesMax ? std::string_view() : text;
}

}  // namespace

struct TargetFamilies::Index {
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    const TargetFamilies* families;
    std::size_t operator()(std::string_view name) const {
      return XXH3_64bits_withSeed(name.data(), name.size(),
                                  reinterpret_cast<std::uintptr_t>(families));
    }
    std::size_t operator()(Id id) const { return (*this)(families->name(id)); }
  };
  struct Equal {
    using is_transparent = void;
    const TargetFamilies* families;
    bool operator()(Id a, Id b) const { return a == b; }
    bool operator()(std::string_view name, Id id) const { return name == families->name(id); }
    bool operator()(Id id, std::string_view name) const { return name == families->name(id); }
  };

  explicit Index(const TargetFamilies& families) : ids(0, Hash{&families}, Equal{&families}) {}

  boost::unordered_flat_set<Id, Hash, Equal> ids;
};

TargetFamilies::TargetFamilies(MetadataPool& pool)
    : pool_(pool), families_(1), index_(std::make_unique<Index>(*this)) {}
TargetFamilies::~TargetFamilies() = default;

void TargetFamilies::begin_page() {
  ++page_;
  last_ = kNone;
}

void TargetFamilies::set_type(std::string_view family, MetricType type) {
  const Id id = at(family);
  if (id != kNone && metadata(id).type != type) change(id).type = type;
}

void TargetFamilies::set_help(std::string_view family, std::string_view help) {
  help = text_or_none(help);
  const Id id = at(family);
  if (id != kNone && metadata(id).help != help) change(id).help = help;
}

void TargetFamilies::set_unit(std::string_view family, std::string_view unit) {
  unit = text_or_none(unit);
  const Id id = at(family);
  if (id != kNone && metadata(id).unit != unit) change(id).unit = unit;
}

void TargetFamilies::end_page(Appender& batch) {
  std::vector<std::shared_ptr<const FamilyMetadata>> added;
  for (Id id = 1; id < families_.size(); ++id) {
    Family& family = families_[id];
    if (family.change == 0) continue;
    const FamilyMetadata& now = changes_[family.change - 1];
    if (family.known != nullptr && family.known->metadata == now.metadata) continue;
    bytes_ += now.family.size() + now.metadata.help.size() + now.metadata.unit.size();
    if (bytes_ > kBytesMax) continue;
    std::shared_ptr<const FamilyMetadata> taken = pool_.take(now.family, now.metadata);
    if (taken == nullptr) continue;
    // A federated page says nothing but that it knows no type: no reason to forget what others say.
    if (taken->metadata != Metadata()) batch.append_metadata(taken->family, taken->metadata);
    family.known = taken.get();
    added.push_back(std::move(taken));
  }
  publish(std::move(added));
}

std::vector<std::shared_ptr<const FamilyMetadata>> TargetFamilies::list() const {
  MutexLock lock(mutex_);
  return published_;
}

std::size_t TargetFamilies::size() const {
  MutexLock lock(mutex_);
  return published_.size();
}

std::string_view TargetFamilies::name(Id id) const {
  const Family& family = families_[id];
  return family.known != nullptr ? family.known->family : changes_[family.change - 1].family;
}

const Metadata& TargetFamilies::metadata(Id id) const {
  const Family& family = families_[id];
  return family.change != 0 ? changes_[family.change - 1].metadata : family.known->metadata;
}

// The family of that name, new if it has to be; kNone if it is left out.
TargetFamilies::Id TargetFamilies::at(std::string_view family) {
  if (last_ != kNone && name(last_) == family) return last_;
  const Id guess = families_[last_].next;
  Id id = guess;
  if (guess == kNone || name(guess) != family) {
    const auto found = index_->ids.find(family);
    if (found != index_->ids.end()) {
      id = *found;
    } else {
      if (family.size() > ingest::kMetadataTextBytesMax || families_.size() > kFamiliesMax ||
          bytes_ > kBytesMax)
        return kNone;
      id = static_cast<Id>(families_.size());
      changes_.push_back({std::string(family), {}});
      families_.push_back({.next = guess, .change = static_cast<std::uint32_t>(changes_.size())});
      index_->ids.insert(id);
    }
  }
  families_[last_].next = id;
  families_[id].page = page_;
  last_ = id;
  return id;
}

Metadata& TargetFamilies::change(Id id) {
  Family& family = families_[id];
  if (family.change == 0) {
    changes_.push_back(*family.known);
    family.change = static_cast<std::uint32_t>(changes_.size());
  }
  return changes_[family.change - 1].metadata;
}

// Ends the page: `added` are new, or in the place of what was published.
void TargetFamilies::publish(std::vector<std::shared_ptr<const FamilyMetadata>> added) {
  const auto is_gone = [&](const Family& family) {
    return family.known == nullptr || page_ - family.page > kPagesKept;
  };
  const bool shrinks = std::any_of(families_.begin() + 1, families_.end(), is_gone);
  if (shrinks) {
    std::erase_if(families_, [&](const Family& family) {
      return &family != families_.data() && is_gone(family);
    });
  }
  for (Family& family : families_) {
    family.change = 0;
    if (shrinks) family.next = kNone;  // ids changed; the next page finds the guesses again
  }
  changes_ = {};
  if (!shrinks && added.empty()) return;
  index_ = std::make_unique<Index>(*this);
  for (Id id = 1; id < families_.size(); ++id) index_->ids.insert(id);

  MutexLock lock(mutex_);
  std::move(added.begin(), added.end(), std::back_inserter(published_));
  std::erase_if(published_, [&](const std::shared_ptr<const FamilyMetadata>& entry) {
    const auto found = index_->ids.find(std::string_view(entry->family));
    return found == index_->ids.end() || families_[*found].known != entry.get();
  });
  std::sort(published_.begin(), published_.end(),
            [](const auto& a, const auto& b) { return a->family < b->family; });
  published_.shrink_to_fit();
}

}  // namespace silverback::scrape

// What one target says of its metric families, and what of that is new.
//
//   families.begin_page();
//   for (HELP, TYPE, UNIT of the page) families.set_help(family, text);
//   families.end_page(batch);        // also for a page that failed, as far as it went
//
// Families are expected in the order of the page before: what says the same as then costs two
// comparisons. One that is no longer on the page is kept for kPagesKept more, because exporters
// leave families out that have no series just now. What is left out of a family that is on the page
// stays as it was.
//
// Threads: one at a time, but for list().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/appender.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "scrape/metadata_pool.h"

namespace silverback::scrape {

class TargetFamilies {
 public:
  static constexpr std::uint32_t kPagesKept = 10;
  // More are left out: a page can hold millions.
  static constexpr std::size_t kFamiliesMax = 65'536;
  // What one target may take of the pool's budget in its life, so that it cannot take all of it.
  static constexpr std::size_t kBytesMax = std::size_t{4} << 20;

  explicit TargetFamilies(MetadataPool& pool);
  ~TargetFamilies();

  void begin_page();
  void set_type(std::string_view family, MetricType type);
  void set_help(std::string_view family, std::string_view help);
  void set_unit(std::string_view family, std::string_view unit);
  // Gives the store what is new or changed.
  void end_page(Appender& batch) EXCLUDES(mutex_);

  // Ascending by family. From any thread.
  std::vector<std::shared_ptr<const FamilyMetadata>> list() const EXCLUDES(mutex_);
  // How many those are. From any thread.
  std::size_t size() const EXCLUDES(mutex_);

 private:
  using Id = std::uint32_t;
  static constexpr Id kNone = 0;
  struct Index;
  struct Family {
    const FamilyMetadata* known = nullptr;  // one of published_; null: not before this page
    Id next = kNone;                        // the family behind this one: a guess
    std::uint32_t page = 0;                 // the newest that had it
    std::uint32_t change = 0;               // position in changes_, from 1; 0: none on this page
  };

  std::string_view name(Id id) const;
  const Metadata& metadata(Id id) const;
  Id at(std::string_view family);
  Metadata& change(Id id);
  void publish(std::vector<std::shared_ptr<const FamilyMetadata>> added) EXCLUDES(mutex_);

  MetadataPool& pool_;
  std::vector<Family> families_;  // [kNone] is the start of the page
  std::unique_ptr<Index> index_;
  std::uint32_t page_ = 0;
  Id last_ = kNone;
  std::size_t bytes_ = 0;                // taken so far
  std::vector<FamilyMetadata> changes_;  // of this page

  mutable Mutex mutex_;
  // Ascending by family.
  std::vector<std::shared_ptr<const FamilyMetadata>> published_ GUARDED_BY(mutex_);
};

}  // namespace silverback::scrape

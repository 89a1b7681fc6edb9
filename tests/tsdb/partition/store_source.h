// Series in a map, as the source of a partition.
#pragma once

#include <map>

#include "base/labels.h"
#include "base/sample.h"
#include "tsdb/partition/partition.h"

namespace silverback::tsdb::testing {

using Store = std::map<Labels, SampleColumns>;

// Borrows the store.
class StoreSource final : public SeriesSource {
 public:
  explicit StoreSource(const Store& store) : next_(store.begin()), end_(store.end()) {}
  Result<bool> next(Labels& labels, SampleColumns& samples) override {
    if (next_ == end_) return false;
    labels = next_->first;
    samples = next_->second;
    ++next_;
    return true;
  }

 private:
  Store::const_iterator next_, end_;
};

}  // namespace silverback::tsdb::testing

// The naive store behind PromQL's tests: a sorted map from label set to samples.
// Threads: none while it changes; any number of readers afterwards. A Selection borrows from the
// store, which must outlive it unchanged.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string_view>

#include "base/labels.h"
#include "base/queryable.h"
#include "base/sample.h"

namespace silverback::testing {

class MemoryStorage final : public Queryable {
 public:
  // Requires t above the series' last one.
  void append(const Labels& labels, Sample sample);
  void clear() { series_.clear(); }
  std::size_t series_count() const { return series_.size(); }
  // As a source does that knows the last sample of a series without decoding it.
  void answer_newest(bool on) { answer_newest_ = on; }

  Result<std::unique_ptr<Selection>> select(std::span<const Matcher> matchers,
                                            const SelectHints& hints) const override;
  Result<Names> label_names(std::span<const Matcher> matchers, TimeRange range,
                            std::size_t limit) const override;
  Result<Names> label_values(std::string_view name, std::span<const Matcher> matchers,
                             TimeRange range, std::size_t limit) const override;

 private:
  std::map<Labels, SampleColumns> series_;
  bool answer_newest_ = false;
};

}  // namespace silverback::testing

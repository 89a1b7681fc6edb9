// The simplest store: samples in memory, found by looking at every series of a metric. What tests
// of rules are run on, and what tests of the language compare real stores with.
//
//   MemoryStorage storage;
//   storage.append(labels, {t, v});      // or by storage.appender(), as into any store
//   engine.instant(storage, "sum(up)", t, {});
//
// Native histograms, exemplars and metadata are not kept. Series are never forgotten.
// Threads: none while it changes; any number of readers afterwards. A Selection borrows from the
// store, which must outlive it unchanged.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/appender.h"
#include "base/labels.h"
#include "base/queryable.h"
#include "base/sample.h"

namespace silverback {

class MemoryStorage final : public Queryable {
 public:
  MemoryStorage() = default;
  MemoryStorage(MemoryStorage&&) = default;  // requires that no Appender is left
  MemoryStorage& operator=(MemoryStorage&&) = default;

  // Requires t above the series' last one.
  void append(const Labels& labels, Sample sample);
  std::unique_ptr<Appender> appender();
  // Requires that no Appender is left.
  void clear();
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
  friend class MemoryAppender;
  friend class MemorySelection;
  struct Series {
    Labels labels;
    SeriesRef ref;
    SampleColumns samples;
  };

  Series& series_of(const Labels& labels);
  // Those that match and have samples in `range`, in order of their labels.
  std::vector<const Series*> matching(std::span<const Matcher> matchers, TimeRange range) const;

  std::deque<Series> series_;  // series n has SeriesRef n + 1
  std::map<std::string, std::map<Labels, Series*>, std::less<>> by_name_;
  bool answer_newest_ = false;
};

}  // namespace silverback

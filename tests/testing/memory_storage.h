// The naive store behind PromQL's tests: a sorted map from label set to samples.
// Threads: none while it changes; any number of readers afterwards. A Selection borrows from the
// store, which must outlive it unchanged.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/appender.h"
#include "base/labels.h"
#include "base/queryable.h"
#include "base/sample.h"

namespace silverback::testing {

class MemoryStorage final : public Queryable {
 public:
  // Requires t above the series' last one.
  void append(const Labels& labels, Sample sample);
  void clear() { series_.clear(); }
  // As a Db takes them; histograms are kUnsupported. One batch at a time.
  std::unique_ptr<Appender> appender();
  // What the next commits fail with, if not empty.
  void fail_commits(std::string message) { commit_failure_ = std::move(message); }
  // All samples of a series, as `t:value` with blanks between; a marker is `stale`.
  std::string samples_text(const Labels& labels) const;
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

  std::map<Labels, SampleColumns> series_;
  std::vector<Labels> refs_;  // of SeriesRef 1, 2, …
  std::string commit_failure_;
  bool answer_newest_ = false;
};

}  // namespace silverback::testing

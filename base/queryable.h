// How stored samples are read, whatever holds them: a head, a sealed partition, another server.
// PromQL knows storage only from here. Threads: const functions of Queryable and Selection from any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/result.h"
#include "base/sample.h"
#include "base/time.h"

namespace silverback {

// Why the samples are wanted. A source may use it to read less; ignoring it is always correct.
struct SelectHints {
  TimeRange range;      // samples outside [range.start, range.end] are not wanted
  DurationMs step = 0;  // 0: instant query
  std::string_view
      function;           // the function or aggregation directly around the selector, e.g. "rate"
  DurationMs window = 0;  // of the range selector, 0 for an instant selector
  std::span<const std::string> grouping;
  bool grouping_by = false;  // by (grouping) rather than without
};

// The samples of one series, columnwise, ascending in time and without two at one instant.
struct SampleColumns {
  std::vector<TimestampMs> t;
  std::vector<double> v;                    // as long as t; staleness markers included
  std::vector<HistogramSample> histograms;  // ascending; their instants are not in t

  void clear() {
    t.clear();
    v.clear();
    histograms.clear();
  }
};

// A dense numbering of groups: group_of[i] is the group of series i, keys[g] the labels of group g.
struct SeriesGroups {
  std::vector<std::uint32_t> group_of;
  std::vector<Labels> keys;
};

// The series that a select found, in ascending order of their labels. It pins what it reads from:
// hold it no longer than the query.
class Selection {
 public:
  virtual ~Selection() = default;
  virtual std::size_t size() const = 0;
  // Built at each call.
  virtual Labels labels(std::size_t series) const = 0;
  // Replaces `out` by the samples of `series` in the hints' range. Different series can be read
  // from different threads at once. Errors: kIo, kCorruption.
  virtual Status read(std::size_t series, SampleColumns& out) const = 0;

  // The newest float sample in [range.start, range.end] of the hints, if the source knows it
  // without decoding; then `known` is true.
  struct Newest {
    bool known = false;
    std::optional<Sample> sample;
  };
  virtual Newest newest(std::size_t series) const {
    static_cast<void>(series);
    return {};
  }
  // Groups the series by (`by`) or without the named labels; a source can do it from its
  // dictionaries. `__name__` is never in a key of `without`.
  virtual SeriesGroups groups(std::span<const std::string> names, bool by) const;
  // E.g. "partition … is damaged and left out".
  virtual std::vector<std::string> warnings() const { return {}; }
};

// A list that may have been cut at a limit.
struct Names {
  std::vector<std::string> values;  // ascending, unique
  bool truncated = false;
  std::vector<std::string> warnings;
};

class Queryable {
 public:
  virtual ~Queryable() = default;

  // The series that match every matcher and may have samples in hints.range. Requires at least one
  // matcher.
  virtual Result<std::unique_ptr<Selection>> select(std::span<const Matcher> matchers,
                                                    const SelectHints& hints) const = 0;

  // Label names, and values of one label, of the series that match (all if no matcher) and may have
  // samples in `range`. limit 0: no limit.
  virtual Result<Names> label_names(std::span<const Matcher> matchers, TimeRange range,
                                    std::size_t limit) const = 0;
  virtual Result<Names> label_values(std::string_view name, std::span<const Matcher> matchers,
                                     TimeRange range, std::size_t limit) const = 0;
};

}  // namespace silverback

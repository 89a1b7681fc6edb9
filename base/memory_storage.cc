#include "tests/testing/memory_storage.h"

#include <algorithm>
#include <cassert>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace silverback::testing {
namespace {

// Indices [first, last) of the samples in `range`.
std::pair<std::size_t, std::size_t> samples_in(const SampleColumns& columns, TimeRange range) {
  const auto first = std::lower_bound(columns.t.begin(), columns.t.end(), range.start);
  const auto last = std::upper_bound(first, columns.t.end(), range.end);
  return {static_cast<std::size_t>(first - columns.t.begin()),
          static_cast<std::size_t>(last - columns.t.begin())};
}

class MemorySelection final : public Selection {
 public:
  MemorySelection(TimeRange range, bool answer_newest)
      : range_(range), answer_newest_(answer_newest) {}

  void add(const Labels& labels, const SampleColumns& columns) {
    series_.push_back({&labels, &columns});
  }

  std::size_t size() const override { return series_.size(); }
  Labels labels(std::size_t series) const override { return *series_[series].labels; }

  Status read(std::size_t series, SampleColumns& out) const override {
    const SampleColumns& columns = *series_[series].columns;
    const auto range = samples_in(columns, range_);
    const auto first = static_cast<std::ptrdiff_t>(range.first);
    const auto last = static_cast<std::ptrdiff_t>(range.second);
    out.t.assign(columns.t.begin() + first, columns.t.begin() + last);
    out.v.assign(columns.v.begin() + first, columns.v.begin() + last);
    out.histograms.clear();
    return {};
  }

  Newest newest(std::size_t series) const override {
    if (!answer_newest_) return {};
    const SampleColumns& columns = *series_[series].columns;
    const auto range = samples_in(columns, range_);
    if (range.first == range.second) return {true, {}};
    return {true, Sample{columns.t[range.second - 1], columns.v[range.second - 1]}};
  }

 private:
  struct Entry {
    const Labels* labels;
    const SampleColumns* columns;
  };
  const TimeRange range_;
  const bool answer_newest_;
  std::vector<Entry> series_;
};

bool all_match(std::span<const Matcher> matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& matcher) { return matcher.matches(labels); });
}

Names to_names(const std::set<std::string>& all, std::size_t limit) {
  Names names;
  for (const std::string& name : all) {
    if (limit != 0 && names.values.size() == limit) {
      names.truncated = true;
      break;
    }
    names.values.push_back(name);
  }
  return names;
}

}  // namespace

void MemoryStorage::append(const Labels& labels, Sample sample) {
  SampleColumns& columns = series_[labels];
  assert(columns.t.empty() || columns.t.back() < sample.t);
  columns.t.push_back(sample.t);
  columns.v.push_back(sample.v);
}

Result<std::unique_ptr<Selection>> MemoryStorage::select(std::span<const Matcher> matchers,
                                                         const SelectHints& hints) const {
  auto selection = std::make_unique<MemorySelection>(hints.range, answer_newest_);
  for (const auto& [labels, columns] : series_) {
    if (!all_match(matchers, labels)) continue;
    const auto range = samples_in(columns, hints.range);
    if (range.first < range.second) selection->add(labels, columns);
  }
  return std::unique_ptr<Selection>(std::move(selection));
}

Result<Names> MemoryStorage::label_names(std::span<const Matcher> matchers, TimeRange range,
                                         std::size_t limit) const {
  std::set<std::string> all;
  for (const auto& [labels, columns] : series_) {
    const auto inside = samples_in(columns, range);
    if (inside.first == inside.second || !all_match(matchers, labels)) continue;
    for (const Label& label : labels) all.emplace(label.name);
  }
  return to_names(all, limit);
}

Result<Names> MemoryStorage::label_values(std::string_view name, std::span<const Matcher> matchers,
                                          TimeRange range, std::size_t limit) const {
  std::set<std::string> all;
  for (const auto& [labels, columns] : series_) {
    const auto inside = samples_in(columns, range);
    if (inside.first == inside.second || !all_match(matchers, labels)) continue;
    if (labels.has(name)) all.emplace(labels.get(name));
  }
  return to_names(all, limit);
}

}  // namespace silverback::testing

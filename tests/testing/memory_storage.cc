#include "tests/testing/memory_storage.h"

#include <algorithm>
#include <cassert>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/number_text.h"

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

class MemoryAppender final : public Appender {
 public:
  explicit MemoryAppender(MemoryStorage& storage) : storage_(storage) {}

  Result<SeriesRef> series(const Labels& labels) override {
    std::vector<Labels>& refs = storage_.refs_;
    const auto found = std::find(refs.begin(), refs.end(), labels);
    if (found != refs.end()) return static_cast<SeriesRef>(found - refs.begin() + 1);
    refs.push_back(labels);
    return static_cast<SeriesRef>(refs.size());
  }
  bool known(SeriesRef ref) const override {
    return ref != SeriesRef::kNone && static_cast<std::size_t>(ref) <= storage_.refs_.size();
  }
  void append(SeriesRef ref, Sample sample, AppendOptions options) override {
    batch_.push_back({ref, sample, options.reject_out_of_order, false});
  }
  void append(SeriesRef ref, HistogramSample sample, AppendOptions) override {
    batch_.push_back({ref, {sample.t, 0}, false, true});
  }
  void append(SeriesRef, Exemplar) override {}
  void append_metadata(std::string_view, Metadata) override {}

  Result<CommitResult> commit() override {
    const std::vector<Entry> batch = std::exchange(batch_, {});
    if (!storage_.commit_failure_.empty())
      return fail(ErrorCode::kUnavailable, storage_.commit_failure_);
    CommitResult result;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const SampleVerdict verdict = store(batch[i]);
      if (verdict == SampleVerdict::kStored) {
        ++result.stored;
      } else if (verdict == SampleVerdict::kIdenticalDuplicate) {
        ++result.identical_duplicates;
      } else {
        result.rejections.push_back({static_cast<std::uint32_t>(i), verdict});
      }
    }
    return result;
  }
  void rollback() override { batch_.clear(); }

 private:
  struct Entry {
    SeriesRef ref;
    Sample sample;
    bool in_order;
    bool histogram;
  };

  SampleVerdict store(const Entry& entry) {
    if (entry.histogram) return SampleVerdict::kUnsupported;
    const Labels& labels = storage_.refs_[static_cast<std::size_t>(entry.ref) - 1];
    SampleColumns& columns = storage_.series_[labels];
    if (!columns.t.empty() && columns.t.back() == entry.sample.t) {
      return identical({columns.t.back(), columns.v.back()}, entry.sample)
                 ? SampleVerdict::kIdenticalDuplicate
                 : SampleVerdict::kDuplicateValue;
    }
    if (!columns.t.empty() && columns.t.back() > entry.sample.t) {
      assert(entry.in_order && "late samples are not needed by any test");
      return SampleVerdict::kOutOfOrder;
    }
    columns.t.push_back(entry.sample.t);
    columns.v.push_back(entry.sample.v);
    return SampleVerdict::kStored;
  }

  MemoryStorage& storage_;
  std::vector<Entry> batch_;
};

std::unique_ptr<Appender> MemoryStorage::appender() {
  return std::make_unique<MemoryAppender>(*this);
}

std::string MemoryStorage::samples_text(const Labels& labels) const {
  const auto found = series_.find(labels);
  if (found == series_.end()) return "";
  std::string text;
  for (std::size_t i = 0; i < found->second.t.size(); ++i) {
    text += (i == 0 ? "" : " ") + std::to_string(found->second.t[i]) + ":";
    const double v = found->second.v[i];
    if (is_stale(v)) {
      text += "stale";
    } else {
      append_float(text, v);
    }
  }
  return text;
}

}  // namespace silverback::testing

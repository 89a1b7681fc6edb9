#include "base/memory_storage.h"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

#include "base/matcher.h"

namespace silverback {
namespace {

// Indices [first, last) of the samples in `range`.
std::pair<std::size_t, std::size_t> samples_in(const SampleColumns& columns, TimeRange range) {
  const auto first = std::lower_bound(columns.t.begin(), columns.t.end(), range.start);
  const auto last = std::upper_bound(first, columns.t.end(), range.end);
  return {static_cast<std::size_t>(first - columns.t.begin()),
          static_cast<std::size_t>(last - columns.t.begin())};
}

SampleVerdict store(SampleColumns& columns, Sample sample, AppendOptions options) {
  const auto at = std::lower_bound(columns.t.begin(), columns.t.end(), sample.t);
  const auto index = at - columns.t.begin();
  if (at != columns.t.end() && *at == sample.t) {
    const Sample stored{sample.t, columns.v[static_cast<std::size_t>(index)]};
    if (identical(stored, sample)) return SampleVerdict::kIdenticalDuplicate;
    if (at + 1 == columns.t.end()) return SampleVerdict::kDuplicateValue;
    // The first accepted sample of an instant stays, as in any store.
    return options.reject_out_of_order ? SampleVerdict::kOutOfOrder : SampleVerdict::kStored;
  }
  if (at != columns.t.end() && options.reject_out_of_order) return SampleVerdict::kOutOfOrder;
  columns.t.insert(at, sample.t);
  columns.v.insert(columns.v.begin() + index, sample.v);
  return SampleVerdict::kStored;
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

class MemorySelection final : public Selection {
 public:
  using Series = MemoryStorage::Series;

  MemorySelection(std::vector<const Series*> series, TimeRange range, bool answer_newest)
      : series_(std::move(series)), range_(range), answer_newest_(answer_newest) {}

  std::size_t size() const override { return series_.size(); }
  Labels labels(std::size_t series) const override { return series_[series]->labels; }

  Status read(std::size_t series, SampleColumns& out) const override {
    const SampleColumns& columns = series_[series]->samples;
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
    const SampleColumns& columns = series_[series]->samples;
    const auto range = samples_in(columns, range_);
    if (range.first == range.second) return {true, {}};
    return {true, Sample{columns.t[range.second - 1], columns.v[range.second - 1]}};
  }

 private:
  const std::vector<const Series*> series_;
  const TimeRange range_;
  const bool answer_newest_;
};

class MemoryAppender final : public Appender {
 public:
  explicit MemoryAppender(MemoryStorage& storage) : storage_(storage) {}

  Result<SeriesRef> series(const Labels& labels) override {
    if (labels.empty()) return fail(ErrorCode::kInvalidArgument, "a series without labels");
    return storage_.series_of(labels).ref;
  }
  bool known(SeriesRef ref) const override {
    const auto ordinal = static_cast<std::size_t>(ref);
    return ordinal >= 1 && ordinal <= storage_.series_.size();
  }

  void append(SeriesRef ref, Sample sample, AppendOptions options) override {
    staged_.push_back({ref, sample, options, true});
  }
  void append(SeriesRef ref, HistogramSample sample, AppendOptions options) override {
    staged_.push_back({ref, {sample.t, 0}, options, false});
  }
  void append(SeriesRef, Exemplar) override {}
  void append_metadata(std::string_view, Metadata) override {}

  Result<CommitResult> commit() override {
    CommitResult result;
    for (std::uint32_t i = 0; i < staged_.size(); ++i) {
      const SampleVerdict verdict = take(staged_[i]);
      if (verdict == SampleVerdict::kStored) {
        ++result.stored;
      } else if (verdict == SampleVerdict::kIdenticalDuplicate) {
        ++result.identical_duplicates;
      } else {
        result.rejections.push_back({i, verdict});
      }
    }
    staged_.clear();
    return result;
  }
  void rollback() override { staged_.clear(); }

 private:
  struct Staged {
    SeriesRef ref;
    Sample sample;
    AppendOptions options;
    bool is_float;
  };

  SampleVerdict take(const Staged& staged) {
    if (!staged.is_float) return SampleVerdict::kUnsupported;
    const auto index = static_cast<std::size_t>(staged.ref) - 1;
    return store(storage_.series_[index].samples, staged.sample, staged.options);
  }

  MemoryStorage& storage_;
  std::vector<Staged> staged_;
};

void MemoryStorage::append(const Labels& labels, Sample sample) {
  SampleColumns& samples = series_of(labels).samples;
  assert(samples.t.empty() || samples.t.back() < sample.t);
  samples.t.push_back(sample.t);
  samples.v.push_back(sample.v);
}

std::unique_ptr<Appender> MemoryStorage::appender() {
  return std::make_unique<MemoryAppender>(*this);
}

void MemoryStorage::clear() {
  by_name_.clear();
  series_.clear();
}

MemoryStorage::Series& MemoryStorage::series_of(const Labels& labels) {
  Series*& known = by_name_[std::string(labels.metric_name())][labels];
  if (known == nullptr) {
    const auto ref = static_cast<SeriesRef>(series_.size() + 1);
    known = &series_.emplace_back(Series{labels, ref, {}});
  }
  return *known;
}

std::vector<const MemoryStorage::Series*> MemoryStorage::matching(std::span<const Matcher> matchers,
                                                                  TimeRange range) const {
  std::vector<const Series*> found;
  const auto look_at = [&](const std::map<Labels, Series*>& all) {
    for (const auto& entry : all) {
      const Series& series = *entry.second;
      const auto inside = samples_in(series.samples, range);
      const bool all_match =
          std::all_of(matchers.begin(), matchers.end(),
                      [&](const Matcher& matcher) { return matcher.matches(series.labels); });
      if (inside.first < inside.second && all_match) found.push_back(&series);
    }
  };
  const auto name = std::find_if(matchers.begin(), matchers.end(), [](const Matcher& matcher) {
    return matcher.type() == Matcher::Type::kEqual && matcher.name() == kMetricName;
  });
  if (name != matchers.end()) {
    if (const auto named = by_name_.find(name->value()); named != by_name_.end())
      look_at(named->second);
    return found;
  }
  for (const auto& [metric, all] : by_name_) look_at(all);
  std::sort(found.begin(), found.end(),
            [](const Series* a, const Series* b) { return a->labels < b->labels; });
  return found;
}

Result<std::unique_ptr<Selection>> MemoryStorage::select(std::span<const Matcher> matchers,
                                                         const SelectHints& hints) const {
  return std::make_unique<MemorySelection>(matching(matchers, hints.range), hints.range,
                                           answer_newest_);
}

Result<Names> MemoryStorage::label_names(std::span<const Matcher> matchers, TimeRange range,
                                         std::size_t limit) const {
  std::set<std::string> all;
  for (const Series* series : matching(matchers, range)) {
    for (const Label& label : series->labels) all.emplace(label.name);
  }
  return to_names(all, limit);
}

Result<Names> MemoryStorage::label_values(std::string_view name, std::span<const Matcher> matchers,
                                          TimeRange range, std::size_t limit) const {
  std::set<std::string> all;
  for (const Series* series : matching(matchers, range)) {
    if (series->labels.has(name)) all.emplace(series->labels.get(name));
  }
  return to_names(all, limit);
}

}  // namespace silverback

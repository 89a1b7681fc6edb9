#include "tsdb/partition/merge.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace silverback::tsdb {
namespace {

// ---- Samples ----

bool has_samples(const SampleColumns& columns) {
  return !columns.t.empty() || !columns.histograms.empty();
}

// Both require has_samples().
TimestampMs first_time(const SampleColumns& columns) {
  if (columns.histograms.empty()) return columns.t.front();
  const TimestampMs first = columns.histograms.front().t;
  return columns.t.empty() ? first : std::min(first, columns.t.front());
}

TimestampMs last_time(const SampleColumns& columns) {
  if (columns.histograms.empty()) return columns.t.back();
  const TimestampMs last = columns.histograms.back().t;
  return columns.t.empty() ? last : std::max(last, columns.t.back());
}

void append_all(SampleColumns& out, const SampleColumns& more) {
  out.t.insert(out.t.end(), more.t.begin(), more.t.end());
  out.v.insert(out.v.end(), more.v.begin(), more.v.end());
  out.histograms.insert(out.histograms.end(), more.histograms.begin(), more.histograms.end());
}

// Walks one source's samples of both kinds in order of time.
class SampleCursor {
 public:
  explicit SampleCursor(const SampleColumns& columns) : columns_(columns) {}

  bool at_end() const {
    return next_float_ == columns_.t.size() && next_histogram_ == columns_.histograms.size();
  }
  TimestampMs t() const {
    const TimestampMs t_float =
        next_float_ < columns_.t.size() ? columns_.t[next_float_] : kTimestampMax;
    return histogram_is_next() ? columns_.histograms[next_histogram_].t : t_float;
  }
  void skip() {
    if (histogram_is_next())
      ++next_histogram_;
    else
      ++next_float_;
  }
  void take(SampleColumns& out) {
    if (histogram_is_next()) {
      out.histograms.push_back(columns_.histograms[next_histogram_]);
    } else {
      out.t.push_back(columns_.t[next_float_]);
      out.v.push_back(columns_.v[next_float_]);
    }
    skip();
  }

 private:
  bool histogram_is_next() const {
    return next_histogram_ < columns_.histograms.size() &&
           (next_float_ == columns_.t.size() ||
            columns_.histograms[next_histogram_].t < columns_.t[next_float_]);
  }

  const SampleColumns& columns_;
  std::size_t next_float_ = 0;
  std::size_t next_histogram_ = 0;
};

// Of two samples at one instant the one of `first` is kept.
void merge_two(const SampleColumns& first, const SampleColumns& second, SampleColumns& out) {
  out.clear();
  SampleCursor a(first);
  SampleCursor b(second);
  while (!a.at_end() && !b.at_end()) {
    if (b.t() < a.t()) {
      b.take(out);
    } else {
      if (b.t() == a.t()) b.skip();
      a.take(out);
    }
  }
  while (!a.at_end()) a.take(out);
  while (!b.at_end()) b.take(out);
}

// Merges columns given in order of precedence; leaves anything in them. Sources mostly hold ranges
// of time of their own, so only runs of columns that overlap are merged sample by sample.
void merge_columns(std::span<SampleColumns> columns, SampleColumns& out) {
  struct Part {
    TimestampMs first, last;
    std::size_t precedence;
  };
  std::vector<Part> parts;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (has_samples(columns[i]))
      parts.push_back({first_time(columns[i]), last_time(columns[i]), i});
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.first < b.first; });

  out.clear();
  SampleColumns merged;
  for (std::size_t begin = 0, end = 0; begin < parts.size(); begin = end) {
    TimestampMs last = parts[begin].last;
    for (end = begin + 1; end < parts.size() && parts[end].first <= last; ++end)
      last = std::max(last, parts[end].last);
    std::sort(parts.begin() + static_cast<std::ptrdiff_t>(begin),
              parts.begin() + static_cast<std::ptrdiff_t>(end),
              [](const Part& a, const Part& b) { return a.precedence < b.precedence; });
    SampleColumns& run = columns[parts[begin].precedence];
    for (std::size_t i = begin + 1; i < end; ++i) {
      merge_two(run, columns[parts[i].precedence], merged);
      std::swap(run, merged);
    }
    if (begin == 0)
      std::swap(out, run);
    else
      append_all(out, run);
  }
}

// ---- Selections ----

class MergedSelection final : public Selection {
 public:
  explicit MergedSelection(std::vector<std::unique_ptr<Selection>> selections)
      : selections_(std::move(selections)) {
    // Mostly every selection has the same series, so equality is asked first: it compares bytes,
    // order decodes label by label. A handful of selections: no heap.
    struct Head {
      Labels labels;
      std::uint32_t selection;
      std::uint32_t series;
    };
    std::vector<Head> heads;  // in order of precedence
    std::size_t series_max = 0;
    for (std::uint32_t i = 0; i < selections_.size(); ++i) {
      series_max = std::max(series_max, selections_[i]->size());
      if (selections_[i]->size() > 0) heads.push_back({selections_[i]->labels(0), i, 0});
    }
    first_part_.reserve(series_max + 1);
    parts_.reserve(series_max);

    std::vector<std::size_t> least;  // indices of the heads with the least label set
    while (!heads.empty()) {
      least.assign(1, 0);
      for (std::size_t i = 1; i < heads.size(); ++i) {
        const Labels& candidate = heads[least.front()].labels;
        if (heads[i].labels == candidate)
          least.push_back(i);
        else if (heads[i].labels < candidate)
          least.assign(1, i);
      }
      first_part_.push_back(parts_.size());
      for (const std::size_t i : least) {
        Head& head = heads[i];
        const Selection& selection = *selections_[head.selection];
        parts_.push_back({head.selection, head.series});
        if (++head.series < selection.size()) head.labels = selection.labels(head.series);
      }
      std::erase_if(heads, [&](const Head& head) {
        return head.series == selections_[head.selection]->size();
      });
    }
    first_part_.push_back(parts_.size());
  }

  std::size_t size() const override { return first_part_.size() - 1; }

  Labels labels(std::size_t series) const override {
    const Part& part = parts_[first_part_[series]];
    return selections_[part.selection]->labels(part.series);
  }

  Status read(std::size_t series, SampleColumns& out) const override {
    const std::span<const Part> parts = parts_of(series);
    if (parts.size() == 1) return selections_[parts[0].selection]->read(parts[0].series, out);
    // Kept per thread: a query reads thousands of series, each of which would allocate them anew.
    // Taken out while in use, because a part may be a merged selection itself.
    thread_local std::vector<SampleColumns> kept;
    std::vector<SampleColumns> columns = std::move(kept);
    columns.resize(std::max(columns.size(), parts.size()));
    for (std::size_t i = 0; i < parts.size(); ++i)
      TRY(selections_[parts[i].selection]->read(parts[i].series, columns[i]));
    merge_columns(std::span(columns).first(parts.size()), out);
    kept = std::move(columns);
    return {};
  }

  Newest newest(std::size_t series) const override {
    Newest newest{.known = true, .sample = std::nullopt};
    for (const Part& part : parts_of(series)) {
      const Newest of_part = selections_[part.selection]->newest(part.series);
      if (!of_part.known) return {};
      if (of_part.sample && (!newest.sample || of_part.sample->t > newest.sample->t))
        newest.sample = of_part.sample;
    }
    return newest;
  }

  std::vector<std::string> warnings() const override {
    std::vector<std::string> all;
    for (const auto& selection : selections_)
      for (std::string& warning : selection->warnings()) all.push_back(std::move(warning));
    return all;
  }

 private:
  struct Part {
    std::uint32_t selection;
    std::uint32_t series;
  };

  std::span<const Part> parts_of(std::size_t series) const {
    return std::span(parts_).subspan(first_part_[series],
                                     first_part_[series + 1] - first_part_[series]);
  }

  const std::vector<std::unique_ptr<Selection>> selections_;
  std::vector<Part> parts_;              // of each series, in order of precedence
  std::vector<std::size_t> first_part_;  // of each series, and one more: parts_.size()
};

class EmptySelection final : public Selection {
 public:
  std::size_t size() const override { return 0; }
  Labels labels(std::size_t) const override {
    assert(false);
    return {};
  }
  Status read(std::size_t, SampleColumns& out) const override {
    assert(false);
    out.clear();
    return {};
  }
};

// ---- Sources ----

class MergedSource final : public SeriesSource {
 public:
  explicit MergedSource(std::vector<std::unique_ptr<SeriesSource>> sources)
      : sources_(std::move(sources)), heads_(sources_.size()) {}

  Result<bool> next(Labels& labels, SampleColumns& samples) override {
    // A handful of sources: a linear search is as good as a heap and keeps the order of precedence.
    const Labels* least = nullptr;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      Head& head = heads_[i];
      if (!head.loaded && !head.ended) {
        head.loaded = TRY(sources_[i]->next(head.labels, head.samples));
        head.ended = !head.loaded;
      }
      if (head.loaded && (least == nullptr || head.labels < *least)) least = &head.labels;
    }
    if (least == nullptr) return false;
    labels = *least;
    equal_.clear();
    for (Head& head : heads_) {
      if (!head.loaded || !(head.labels == labels)) continue;
      equal_.push_back(std::move(head.samples));
      head.loaded = false;
    }
    if (equal_.size() == 1)
      std::swap(samples, equal_.front());
    else
      merge_columns(equal_, samples);
    return true;
  }

 private:
  struct Head {
    Labels labels;
    SampleColumns samples;
    bool loaded = false;  // labels and samples are the next series of this source
    bool ended = false;
  };

  const std::vector<std::unique_ptr<SeriesSource>> sources_;
  std::vector<Head> heads_;
  std::vector<SampleColumns> equal_;
};

}  // namespace

std::unique_ptr<Selection> merge_selections(std::vector<std::unique_ptr<Selection>> selections) {
  // Empty ones may still have something to warn of.
  std::erase_if(selections, [](const std::unique_ptr<Selection>& selection) {
    return selection->size() == 0 && selection->warnings().empty();
  });
  if (selections.empty()) return std::make_unique<EmptySelection>();
  if (selections.size() == 1) return std::move(selections.front());
  return std::make_unique<MergedSelection>(std::move(selections));
}

Names merge_names(std::vector<Names> lists, std::size_t limit) {
  Names merged;
  for (Names& list : lists) {
    merged.truncated |= list.truncated;
    std::move(list.warnings.begin(), list.warnings.end(), std::back_inserter(merged.warnings));
    const auto middle = static_cast<std::ptrdiff_t>(merged.values.size());
    std::move(list.values.begin(), list.values.end(), std::back_inserter(merged.values));
    std::inplace_merge(merged.values.begin(), merged.values.begin() + middle, merged.values.end());
    merged.values.erase(std::unique(merged.values.begin(), merged.values.end()),
                        merged.values.end());
  }
  if (limit > 0 && merged.values.size() > limit) {
    merged.values.resize(limit);
    merged.truncated = true;
  }
  return merged;
}

std::unique_ptr<SeriesSource> merge_sources(std::vector<std::unique_ptr<SeriesSource>> sources) {
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<MergedSource>(std::move(sources));
}

}  // namespace silverback::tsdb

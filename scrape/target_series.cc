#include "scrape/target_series.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "ingest/exposition.h"

namespace silverback::scrape {
namespace {

using ingest::Exposition;

// Markers and reports never go behind newer samples: they would cut a hole into good data.
constexpr AppendOptions kInOrder{.reject_out_of_order = true};

double number(std::uint64_t count) { return static_cast<double>(count); }

using Report = ScrapeReport;
using Rules = SampleRules;

// What a report says; the last three only if the job asks for them.
struct ReportSeries {
  std::string_view name;
  bool extra;
  double (*value)(const Report& report, const Rules& rules);
};
// clang-format off
constexpr ReportSeries kReport[] = {
    {"up", false, [](const Report& r, const Rules&) { return r.up ? 1.0 : 0.0; }},
    {"scrape_duration_seconds", false, [](const Report& r, const Rules&) { return r.seconds; }},
    {"scrape_samples_scraped", false,
     [](const Report& r, const Rules&) { return number(r.scraped); }},
    {"scrape_samples_post_metric_relabeling", false,
     [](const Report& r, const Rules&) { return number(r.post_relabeling); }},
    {"scrape_series_added", false, [](const Report& r, const Rules&) { return number(r.added); }},
    {"scrape_timeout_seconds", true,
     [](const Report& r, const Rules&) { return static_cast<double>(r.timeout) / 1000; }},
    {"scrape_sample_limit", true,
     [](const Report&, const Rules& rules) { return number(rules.limits.sample_limit); }},
    {"scrape_body_size_bytes", true,
     [](const Report& r, const Rules&) { return static_cast<double>(r.body_bytes); }},
};
// clang-format on

void sort_and_unite(std::vector<SeriesRef>& refs) {
  std::sort(refs.begin(), refs.end());
  refs.erase(std::unique(refs.begin(), refs.end()), refs.end());
}

}  // namespace

ScrapeCounters::ScrapeCounters(Registry& metrics)
    : duplicate_timestamp(metrics.counter(
          "prometheus_target_scrapes_sample_duplicate_timestamp_total",
          "Samples left out because their series has another value at their time.")),
      out_of_order(metrics.counter("prometheus_target_scrapes_sample_out_of_order_total",
                                   "Samples left out because they are older than the newest.")),
      out_of_bounds(
          metrics.counter("prometheus_target_scrapes_sample_out_of_bounds_total",
                          "Samples left out because they are too old or too far in the future.")),
      exceeded_sample_limit(
          metrics.counter("prometheus_target_scrapes_exceeded_sample_limit_total",
                          "Scrapes that failed because they have more samples than allowed.")),
      exceeded_label_limits(
          metrics.counter("prometheus_target_scrape_pool_exceeded_label_limits_total",
                          "Scrapes that failed because of labels that are too many or too long.")),
      exemplars_refused(metrics.counter("silverback_scrape_exemplars_refused_total",
                                        "Exemplars left out because of their labels.")) {}

// One page on its way into a batch.
//
// Samples of known lines go to the batch at once. From the first line on whose series the store
// has to be asked for, samples wait until the page was read: so the order of the page is kept,
// and with it which of two lines of one series is the first.
class TargetSeries::Page {
 public:
  Page(TargetSeries& target, Appender& batch, std::string_view page,
       ingest::ExpositionFormat format, TimestampMs t, TimeRange accepted, ScrapeReport& report)
      : target_(target),
        rules_(*target.rules_),
        lines_(target.lines_),
        number_(++target.page_),
        batch_(batch),
        parser_(page, format),
        t_(t),
        accepted_(accepted),
        report_(report),
        limit_(rules_.limits.sample_limit == 0
                   ? kSamplesMax
                   : std::min(rules_.limits.sample_limit, kSamplesMax)) {}

  Status read() {
    Status status = read_entries();
    if (samples_ > limit_) {
      target_.counters_.exceeded_sample_limit.add();
      if (status) return fail(ErrorCode::kInvalidArgument, "sample limit exceeded");
    }
    return status;
  }
  Status append_waiting();
  // Ends a page that is in the batch. Returns the series that were on the page before and are not
  // on this one.
  std::vector<SeriesRef> keep();
  // Ends a page that failed.
  void forget();

 private:
  using Entry = Exposition::Entry;
  using Id = PageLines::Id;
  struct Waiting {
    Id line;
    Sample sample;
  };

  Status read_entries();
  Status read_sample();
  Id find_line();
  void expect_behind(Id line);
  Status add_line();
  Result<Labels> labels();
  Status take_sample(Id id, bool is_first);
  void take_exemplar(Id id, TimestampMs sample_time);
  void append(SeriesRef ref, Sample sample) {
    batch_.append(ref, sample);
    ++target_.page_appends_;
  }
  std::vector<SeriesRef> remove_vanished();

  TargetSeries& target_;
  const SampleRules& rules_;
  PageLines& lines_;
  const std::uint32_t number_;
  Appender& batch_;
  Exposition parser_;
  const TimestampMs t_;
  const TimeRange accepted_;
  ScrapeReport& report_;
  const std::uint64_t limit_;

  Id last_ = PageLines::kNone;                     // the line before, or the start of the page
  Id guess_ = lines_[PageLines::kNone].next;       // the line that is expected now
  std::size_t on_page_ = 0;                        // different lines
  std::uint64_t samples_ = 0;                      // that count for the limit
  std::vector<Id> added_;                          // lines not known before this page
  std::vector<Id> retracked_;                      // whose `tracked` is to be turned around
  std::vector<std::pair<Id, Labels>> unresolved_;  // the store is to be asked for these
  std::vector<Waiting> waiting_;
  std::vector<std::pair<Id, Exemplar>> waiting_exemplars_;
  LabelsBuilder builder_;
};

Status TargetSeries::Page::read_entries() {
  TargetFamilies& families = target_.families_;
  while (true) {
    switch (TRY(parser_.next(lines_.text(guess_)))) {
      case Entry::kSample:
        TRY(read_sample());
        break;
      case Entry::kType:
        families.set_type(parser_.family(), parser_.type());
        break;
      case Entry::kHelp:
        families.set_help(parser_.family(), parser_.help());
        break;
      case Entry::kUnit:
        families.set_unit(parser_.family(), parser_.unit());
        break;
      case Entry::kEnd:
        return {};
    }
  }
}

Status TargetSeries::Page::read_sample() {
  ++report_.scraped;
  const Id id = find_line();
  if (id == PageLines::kNone) return add_line();
  PageLines::Line& line = lines_[id];
  const bool is_first = line.page != number_;
  if (is_first) {
    expect_behind(id);
    guess_ = line.next;
    line.page = number_;
    ++on_page_;
  }
  return line.dropped ? Status() : take_sample(id, is_first);
}

TargetSeries::Page::Id TargetSeries::Page::find_line() {
  return parser_.guess_held() ? guess_ : lines_.find(parser_.series_text());
}

void TargetSeries::Page::expect_behind(Id line) {
  if (lines_[last_].next != line) lines_[last_].next = line;
  last_ = line;
}

// A line that was not there before. Past the limit nothing of it is kept: the page has failed.
Status TargetSeries::Page::add_line() {
  Labels labels = TRY(this->labels());
  if (samples_ > limit_) {
    report_.post_relabeling += labels.empty() ? 0 : 1;
    return {};
  }
  // Dropped lines have no limit of their own; that many are not worth remembering.
  if (labels.empty() && on_page_ >= kSamplesMax) return {};
  const Id id = lines_.add(parser_.series_text());
  PageLines::Line& line = lines_[id];
  line.page = number_;
  line.dropped = labels.empty();
  line.next = guess_;  // which stays what is expected: lines may have been inserted
  expect_behind(id);
  ++on_page_;
  added_.push_back(id);
  return line.dropped ? Status() : take_sample(id, true);
}

// Of the line just read, as the store is to have them; empty if they are dropped.
Result<Labels> TargetSeries::Page::labels() {
  Labels labels = TRY(series_labels(rules_, target_.target_labels_, parser_.labels(), builder_));
  if (Status within = check_label_limits(labels, rules_.limits); !within) {
    target_.counters_.exceeded_label_limits.add();
    return fail(std::move(within).error());
  }
  return labels;
}

Status TargetSeries::Page::take_sample(Id id, bool is_first) {
  PageLines::Line& line = lines_[id];
  const std::optional<TimestampMs> own_time =
      rules_.honor_timestamps ? parser_.timestamp() : std::nullopt;
  ++report_.post_relabeling;
  if (is_first) {
    const bool tracked = !own_time || rules_.track_timestamps_staleness;
    if (tracked != (line.tracked != 0)) retracked_.push_back(id);
  } else if (!own_time) {
    ++target_.dropped_.duplicates;
    target_.counters_.duplicate_timestamp.add();
    return {};
  }
  if (++samples_ > limit_) return {};
  const Sample sample{own_time.value_or(t_), parser_.value()};
  if (!accepted_.contains(sample.t)) {
    ++target_.dropped_.out_of_bounds;
    target_.counters_.out_of_bounds.add();
    return {};
  }
  if (!line.pending && !batch_.known(line.ref)) {
    if (!line.counted) ++report_.added;
    line.counted = 1;
    unresolved_.emplace_back(id, TRY(labels()));
    line.pending = 1;
  }
  if (unresolved_.empty()) {
    append(line.ref, sample);
  } else {
    waiting_.push_back({id, sample});
  }
  if (parser_.exemplar() != nullptr) take_exemplar(id, sample.t);
  return {};
}

void TargetSeries::Page::take_exemplar(Id id, TimestampMs sample_time) {
  const ingest::ExposedExemplar& exposed = *parser_.exemplar();
  std::vector<Label> labels = exposed.labels;
  std::sort(labels.begin(), labels.end());
  const bool name_twice =
      std::adjacent_find(labels.begin(), labels.end(), [](const Label& a, const Label& b) {
        return a.name == b.name;
      }) != labels.end();
  if (name_twice || exposed.label_runes() > ingest::kExemplarLabelRunesMax) {
    target_.counters_.exemplars_refused.add();
    return;
  }
  Exemplar exemplar{Labels::from_sorted(labels), exposed.value,
                    exposed.timestamp.value_or(sample_time)};
  if (unresolved_.empty()) {
    batch_.append(lines_[id].ref, std::move(exemplar));
  } else {
    waiting_exemplars_.emplace_back(id, std::move(exemplar));
  }
}

Status TargetSeries::Page::append_waiting() {
  for (const auto& [id, labels] : unresolved_) {
    const SeriesRef ref = TRY(batch_.series(labels));
    lines_[id].ref = ref;
    lines_[id].pending = 0;
  }
  for (const Waiting& waiting : waiting_) append(lines_[waiting.line].ref, waiting.sample);
  for (auto& [id, exemplar] : waiting_exemplars_) {
    batch_.append(lines_[id].ref, std::move(exemplar));
  }
  return {};
}

std::vector<SeriesRef> TargetSeries::Page::keep() {
  for (const Id id : retracked_) lines_[id].tracked ^= 1;
  target_.families_.end_page(batch_);
  std::vector<SeriesRef> gone = remove_vanished();
  lines_.compact();
  target_.good_lines_ = lines_.size();
  target_.good_text_bytes_ = lines_.text_bytes();
  return gone;
}

std::vector<SeriesRef> TargetSeries::Page::remove_vanished() {
  std::vector<SeriesRef> gone = std::exchange(target_.former_, {});
  if (on_page_ != lines_.size()) {
    lines_.for_each([&](Id id) {
      const PageLines::Line& line = lines_[id];
      if (line.page == number_) return;
      if (line.tracked) gone.push_back(line.ref);
      lines_.remove(id);
    });
  }
  if (gone.empty()) return gone;
  // Another line may be the same series now.
  sort_and_unite(gone);
  std::vector<bool> back(gone.size());
  lines_.for_each([&](Id id) {
    const auto at = std::lower_bound(gone.begin(), gone.end(), lines_[id].ref);
    if (at != gone.end() && *at == lines_[id].ref) {
      back[static_cast<std::size_t>(at - gone.begin())] = true;
    }
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (!back[i]) gone[kept++] = gone[i];
  }
  gone.resize(kept);
  return gone;
}

void TargetSeries::Page::forget() {
  for (const auto& entry : unresolved_) lines_[entry.first].pending = 0;
  // Prometheus compatibility: lines of a page that failed are known from then on, so that they are
  // counted as added once. But a target that fails with other lines each time must not fill the
  // memory.
  if (lines_.size() > 2 * target_.good_lines_ + kLinesOfFailedPagesMax ||
      lines_.text_bytes() > 2 * target_.good_text_bytes_ + kTextsOfFailedPagesMax)
    for (const Id id : added_) lines_.remove(id);
  lines_.compact();
  target_.families_.end_page(batch_);  // the store hears nothing of it: the batch is rolled back
}

TargetSeries::TargetSeries(std::shared_ptr<const SampleRules> rules, Labels target_labels,
                           MetadataPool& pool, ScrapeCounters& counters)
    : rules_(std::move(rules)),
      target_labels_(std::move(target_labels)),
      counters_(counters),
      families_(pool) {}
TargetSeries::~TargetSeries() = default;

void TargetSeries::set_rules(std::shared_ptr<const SampleRules> rules) {
  const std::shared_ptr<const SampleRules> before = std::exchange(rules_, std::move(rules));
  if (make_same_series(*before, *rules_)) return;
  former_ = take_tracked();
  lines_.clear();
  good_lines_ = good_text_bytes_ = 0;
  for (std::size_t i = 0; i < kReportSeries; ++i) {
    if (!kReport[i].extra || rules_->extra_report) continue;
    former_.push_back(std::exchange(report_refs_[i], SeriesRef::kNone));
  }
}

Status TargetSeries::append(Appender& batch, std::string_view page, ingest::ExpositionFormat format,
                            TimestampMs t, TimeRange accepted, ScrapeReport& report) {
  if (page.empty()) {
    // Prometheus compatibility: nothing is forgotten, so what comes back is not new.
    append_nothing(batch, t);
    return {};
  }
  begin_batch();
  if (page.size() > PageLines::kPageBytesMax) {
    return fail(ErrorCode::kInvalidArgument, "a page of " + std::to_string(page.size()) +
                                                 " bytes, the limit is " +
                                                 std::to_string(PageLines::kPageBytesMax));
  }
  families_.begin_page();
  Page reading(*this, batch, page, format, t, accepted, report);
  Status status = reading.read();
  if (status) status = reading.append_waiting();
  if (!status) {
    reading.forget();
    return status;
  }
  append_markers(batch, t, reading.keep());
  return {};
}

void TargetSeries::append_nothing(Appender& batch, TimestampMs t) {
  begin_batch();
  append_markers(batch, t, take_tracked());
}

void TargetSeries::append_report(Appender& batch, TimestampMs t, const ScrapeReport& report) {
  static_assert(std::size(kReport) == kReportSeries);
  for (std::size_t i = 0; i < kReportSeries; ++i) {
    if (kReport[i].extra && !rules_->extra_report) continue;
    const SeriesRef ref = report_series(batch, i);
    if (ref == SeriesRef::kNone) continue;
    batch.append(ref, {t, kReport[i].value(report, *rules_)}, kInOrder);
  }
}

void TargetSeries::append_end(Appender& batch, TimestampMs t) {
  append_nothing(batch, t);
  for (const SeriesRef ref : report_refs_) {
    if (batch.known(ref)) batch.append(ref, {t, stale_marker()}, kInOrder);
  }
}

std::vector<std::string> TargetSeries::committed(const CommitResult& result) {
  marking_.clear();
  for (const Rejection& rejection : result.rejections) {
    if (rejection.index >= page_appends_) break;
    if (rejection.verdict == SampleVerdict::kDuplicateValue) {
      ++dropped_.duplicates;
      counters_.duplicate_timestamp.add();
    } else if (rejection.verdict == SampleVerdict::kOutOfOrder) {
      ++dropped_.out_of_order;
      counters_.out_of_order.add();
    } else if (rejection.verdict == SampleVerdict::kOutOfBounds) {
      ++dropped_.out_of_bounds;
      counters_.out_of_bounds.add();
    }
  }
  std::vector<std::string> sentences;
  const auto say = [&](std::string_view what, std::uint64_t count) {
    if (count == 0) return;
    sentences.push_back(std::string(what) + ", num_dropped=" + std::to_string(count));
  };
  say("Error on ingesting out-of-order samples", dropped_.out_of_order);
  say("Error on ingesting samples with different value but same timestamp", dropped_.duplicates);
  say("Error on ingesting samples that are too old or are too far into the future",
      dropped_.out_of_bounds);
  return sentences;
}

void TargetSeries::begin_batch() {
  page_appends_ = 0;
  dropped_ = {};
  // Markers of a batch that the store did not take are still to be written.
  former_.insert(former_.end(), marking_.begin(), marking_.end());
  marking_.clear();
}

// The series of the scrape before, which from now on are those of no scrape.
std::vector<SeriesRef> TargetSeries::take_tracked() {
  std::vector<SeriesRef> tracked = std::exchange(former_, {});
  lines_.for_each([&](PageLines::Id id) {
    if (lines_[id].tracked) tracked.push_back(lines_[id].ref);
    lines_[id].tracked = 0;
  });
  sort_and_unite(tracked);
  return tracked;
}

void TargetSeries::append_markers(Appender& batch, TimestampMs t, std::vector<SeriesRef> gone) {
  for (const SeriesRef ref : gone) {
    // A page that had `up` and has it no longer: there is a sample of it all the same.
    if (std::find(report_refs_.begin(), report_refs_.end(), ref) != report_refs_.end()) continue;
    if (batch.known(ref)) batch.append(ref, {t, stale_marker()}, kInOrder);
  }
  marking_ = std::move(gone);
}

// kNone if the store has no room for it.
SeriesRef TargetSeries::report_series(Appender& batch, std::size_t index) {
  SeriesRef& ref = report_refs_[index];
  if (!batch.known(ref)) {
    LabelsBuilder labels(target_labels_);
    labels.set(kMetricName, kReport[index].name);
    ref = batch.series(labels.build()).value_or(SeriesRef::kNone);
  }
  return ref;
}

}  // namespace silverback::scrape

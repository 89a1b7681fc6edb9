#include "ingest/self_scrape.h"

#include <chrono>
#include <utility>
#include <vector>

#include "ingest/acceptance.h"
#include "ingest/exposition.h"

namespace silverback::ingest {
namespace {

// Markers and reports never go behind newer samples: they would cut a hole into good data.
constexpr AppendOptions kInOrder{.reject_out_of_order = true};

}  // namespace

SelfScrape::SelfScrape(std::function<std::unique_ptr<Appender>()> appender,
                       std::function<std::string()> page, SelfScrapeOptions options)
    : appender_(std::move(appender)), page_(std::move(page)), options_(std::move(options)) {}

Status SelfScrape::scrape(TimestampMs t) {
  ++scrape_;
  const auto begin = std::chrono::steady_clock::now();
  const std::unique_ptr<Appender> batch = appender_();
  Report report;
  Status appended = append_page(*batch, page_(), t, report);
  if (!appended) {
    if (appended.error().code != ErrorCode::kInvalidArgument) return appended;
    batch->rollback();  // a bad page leaves nothing but its report
    report.up = 0;
    ++scrape_;  // so that also what was on the bad page gets its marker
  }
  append_markers(*batch, t);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  TRY(append_report(*batch, t, report, taken.count()));
  // What the store refuses (a series twice on the page) has lost nothing: the first one is kept.
  TRY(batch->commit());
  return {};
}

Status SelfScrape::append_page(Appender& batch, std::string_view page, TimestampMs t,
                               Report& report) {
  using Entry = Exposition::Entry;
  Exposition parser(page, ExpositionFormat::kText);
  std::unordered_map<std::string, Metadata> families;
  for (Entry entry = TRY(parser.next()); entry != Entry::kEnd; entry = TRY(parser.next())) {
    if (entry == Entry::kSample) {
      TRY(append_sample(batch, parser, t, report));
    } else if (entry == Entry::kHelp) {
      families[std::string(parser.family())].help = parser.help();
    } else if (entry == Entry::kType) {
      families[std::string(parser.family())].type = parser.type();
    }
  }
  for (auto& [family, metadata] : families) batch.append_metadata(family, std::move(metadata));
  report.up = 1;
  return {};
}

Status SelfScrape::append_sample(Appender& batch, Exposition& entry, TimestampMs t,
                                 Report& report) {
  ++report.scraped;
  const auto [found, added] = series_.try_emplace(std::string(entry.series_text()));
  Series& series = found->second;
  if (added) ++report.added;
  if (added || !batch.known(series.ref)) {
    Result<SeriesRef> ref = register_series(batch, entry);
    if (!ref) {
      series_.erase(found);
      return fail(std::move(ref).error().within("line " + std::to_string(entry.line())));
    }
    series.ref = *ref;
  }
  series.last_scrape = scrape_;
  series.own_time = entry.timestamp().has_value();
  batch.append(series.ref, {entry.timestamp().value_or(t), entry.value()});
  return {};
}

Result<SeriesRef> SelfScrape::register_series(Appender& batch, Exposition& entry) const {
  std::vector<Label> labels = entry.labels();
  for (Label& label : labels) {
    // A label of ours on the page stays, under another name.
    if (label.name == "job") label.name = "exported_job";
    if (label.name == "instance") label.name = "exported_instance";
  }
  labels.push_back({"job", options_.job});
  labels.push_back({"instance", options_.instance});
  return batch.series(TRY(checked_series_labels(labels)));
}

// For every series that the scrape before had and this one has not.
void SelfScrape::append_markers(Appender& batch, TimestampMs t) {
  for (auto series = series_.begin(); series != series_.end();) {
    if (series->second.last_scrape == scrape_) {
      ++series;
      continue;
    }
    if (!series->second.own_time && batch.known(series->second.ref)) {
      batch.append(series->second.ref, {t, stale_marker()}, kInOrder);
    }
    series = series_.erase(series);
  }
}

Status SelfScrape::append_report(Appender& batch, TimestampMs t, const Report& report,
                                 double seconds) {
  const std::pair<std::string_view, double> samples[] = {
      {"up", report.up},
      {"scrape_duration_seconds", seconds},
      {"scrape_samples_scraped", report.scraped},
      {"scrape_samples_post_metric_relabeling", report.scraped},
      {"scrape_series_added", report.added},
  };
  for (const auto& [name, value] : samples) {
    const Labels labels{
        {kMetricName, name}, {"instance", options_.instance}, {"job", options_.job}};
    batch.append(TRY(batch.series(labels)), {t, value}, kInOrder);
  }
  return {};
}

}  // namespace silverback::ingest

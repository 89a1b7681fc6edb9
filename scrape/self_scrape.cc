#include "scrape/self_scrape.h"

#include <chrono>
#include <utility>

namespace silverback::scrape {

SelfScrape::SelfScrape(std::function<std::unique_ptr<Appender>()> appender,
                       std::function<std::string()> page, Registry& metrics,
                       const SelfScrapeOptions& options)
    : appender_(std::move(appender)),
      page_(std::move(page)),
      counters_(metrics),
      series_(std::make_shared<const SampleRules>(),
              Labels{{"instance", options.instance}, {"job", options.job}}, metadata_, counters_) {}

Status SelfScrape::scrape(TimestampMs t) {
  const auto begin = std::chrono::steady_clock::now();
  const std::unique_ptr<Appender> batch = appender_();
  const std::string page = page_();
  ScrapeReport report;
  Status read =
      series_.append(*batch, page, ingest::ExpositionFormat::kText, t, TimeRange{}, report);
  if (!read) {
    batch->rollback();
    if (read.error().code != ErrorCode::kInvalidArgument) return read;
    series_.append_nothing(*batch, t);
  }
  report.up = read.has_value();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  report.body_bytes = static_cast<std::int64_t>(page.size());
  series_.append_report(*batch, t, report);
  // What the store refuses (a series twice on the page) has lost nothing: the first one is kept.
  series_.committed(TRY(batch->commit()));
  return {};
}

}  // namespace silverback::scrape

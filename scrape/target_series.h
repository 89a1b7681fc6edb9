// The series of one target: makes a batch of a page, and remembers from scrape to scrape which line
// of the page is which series of the store.
//
//   TargetSeries series(rules, target.own_labels, metadata_pool, counters);
//   std::unique_ptr<Appender> batch = …;                   // with nothing in it yet
//   ScrapeReport report;
//   Status read = series.append(*batch, page, format, t, accepted, report);
//   if (!read) { batch->rollback(); series.append_nothing(*batch, t); }
//   series.append_report(*batch, t, report);
//   Result<CommitResult> result = batch->commit();
//   if (result) series.committed(*result);         // else its markers are written the next time
//
// A line whose name and labels stand there as in the scrape before costs one comparison of bytes
// and one append: its labels are neither parsed, nor relabelled, nor hashed again, and not kept
// either. Lines are expected in the order of the page before; one that is elsewhere costs a look-up
// by its text. Of a page that fails the store gets nothing; its lines are known from then on,
// within bounds.
//
// A store keeps the series it was asked for, also if the batch is rolled back. So it is asked for
// new ones only when the page was read whole: a page past a limit leaves nothing.
//
// Staleness follows Prometheus: a series that the scrape before had and this one has not, gets a
// marker at `t`; one whose samples have timestamps of their own gets none, unless the job tracks
// them. Two lines that relabelling makes one series are one series here, too. The report series get
// markers at the end of the target only, also if the page had one of that name.
//
// Threads: one at a time, but for metadata().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/appender.h"
#include "base/labels.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/sample.h"
#include "base/time.h"
#include "ingest/exposition_format.h"
#include "scrape/metadata_pool.h"
#include "scrape/page_lines.h"
#include "scrape/series_labels.h"
#include "scrape/target_families.h"

namespace silverback::scrape {

// Of all scrapes of the server.
struct ScrapeCounters {
  explicit ScrapeCounters(Registry& metrics);
  Counter& duplicate_timestamp;
  Counter& out_of_order;
  Counter& out_of_bounds;
  Counter& exceeded_sample_limit;
  Counter& exceeded_label_limits;
  Counter& exemplars_refused;
};

// What the report series tell of one scrape.
struct ScrapeReport {
  bool up = false;
  double seconds = 0;
  std::uint64_t scraped = 0;          // samples on the page
  std::uint64_t post_relabeling = 0;  // that relabelling left
  std::uint64_t added = 0;            // lines that became series and were not known before
  DurationMs timeout = 0;
  std::int64_t body_bytes = 0;  // -1: more than the limit
};

class TargetSeries {
 public:
  // A page with more fails as one past `sample_limit`: with as many markers, that is a batch.
  static constexpr std::uint64_t kSamplesMax = 2'000'000;

  // `pool` and `counters` must outlive this.
  TargetSeries(std::shared_ptr<const SampleRules> rules, Labels target_labels, MetadataPool& pool,
               ScrapeCounters& counters);
  ~TargetSeries();

  // From the next scrape on; as if all lines were new, if the rules make other series of them. What
  // they no longer make gets its marker then.
  void set_rules(std::shared_ptr<const SampleRules> rules);

  // Adds the samples of the page and markers for what is no longer there. Samples without a
  // timestamp get `t`; those outside `accepted` are left out and counted. Adds what the page says
  // to `scraped`, `post_relabeling` and `added` of the report, also as far as it got before an
  // error; the rest is the caller's. Requires an empty batch. Errors: kInvalidArgument for the
  // page, in Prometheus's words where it has some, and what the store says; then the batch holds
  // some of the page and is to be rolled back.
  Status append(Appender& batch, std::string_view page, ingest::ExpositionFormat format,
                TimestampMs t, TimeRange accepted, ScrapeReport& report);
  // For a scrape that failed: markers for all series of the scrape before.
  void append_nothing(Appender& batch, TimestampMs t);
  // `up`, `scrape_duration_seconds`, … Where the page has a series of that name, that is kept.
  void append_report(Appender& batch, TimestampMs t, const ScrapeReport& report);
  // The end of the target: markers for its series and for the report.
  void append_end(Appender& batch, TimestampMs t);

  // What became of the batch, once, for the counters. Returns what the log should know, a sentence
  // each.
  std::vector<std::string> committed(const CommitResult& result);

  // Ascending by family. From any thread.
  std::vector<std::shared_ptr<const FamilyMetadata>> metadata() const { return families_.list(); }

  std::size_t families() const { return families_.size(); }  // from any thread, too

  // How many lines are remembered, and in how much memory: that of families is not in it.
  std::size_t lines() const { return lines_.size(); }
  std::size_t memory_bytes() const { return sizeof(*this) + lines_.memory_bytes(); }

 private:
  class Page;
  // Samples that did not become part of the store, although the page is good.
  struct Dropped {
    std::uint64_t duplicates = 0, out_of_order = 0, out_of_bounds = 0;
  };
  // Beside twice those of a good page.
  static constexpr std::size_t kLinesOfFailedPagesMax = 1'000;
  static constexpr std::size_t kTextsOfFailedPagesMax = std::size_t{1} << 20;
  static constexpr std::size_t kReportSeries = 8;

  std::vector<SeriesRef> take_tracked();
  void begin_batch();
  void append_markers(Appender& batch, TimestampMs t, std::vector<SeriesRef> gone);
  SeriesRef report_series(Appender& batch, std::size_t index);

  std::shared_ptr<const SampleRules> rules_;
  const Labels target_labels_;
  ScrapeCounters& counters_;
  PageLines lines_;
  TargetFamilies families_;
  std::size_t good_lines_ = 0, good_text_bytes_ = 0;  // of the last good page
  std::uint32_t page_ = 0;                            // number of the newest
  std::vector<SeriesRef> former_;   // made by rules that no longer hold, not marked yet
  std::vector<SeriesRef> marking_;  // get markers in the batch under way
  std::array<SeriesRef, kReportSeries> report_refs_{};
  // Of the batch under way: how many of its first appends are samples of the page.
  std::size_t page_appends_ = 0;
  Dropped dropped_;
};

}  // namespace silverback::scrape

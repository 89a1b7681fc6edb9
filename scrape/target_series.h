// The series of one target: makes a batch of a page, and remembers from scrape to scrape which line
// of the page is which series of the store.
//
//   TargetSeries series(rules, target.own_labels, metadata_pool, counters);
//   std::unique_ptr<Appender> batch = …;
//   ScrapeReport report;
//   Status read = series.append(*batch, page, format, t, report);
//   if (!read) { batch->rollback(); series.append_nothing(*batch, t); }
//   series.append_report(*batch, t, report);
//   Result<CommitResult> result = batch->commit();
//   if (result) series.committed(*result);
//
// A line whose name and labels stand there as in the scrape before costs one comparison of bytes
// and one append: its labels are neither parsed, nor relabelled, nor hashed again. Lines are
// expected in the order of the page before; one that is elsewhere costs a look-up by its text.
//
// Staleness follows Prometheus: a series that the scrape before had and this one has not, gets a
// marker at `t`; samples with timestamps of their own get none, unless the job tracks them. Two
// lines that relabelling makes one series are one series here, too.
//
// Threads: one at a time, but for metadata().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/appender.h"
#include "base/labels.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/sample.h"
#include "base/time.h"
#include "config/name_scheme.h"
#include "config/relabel.h"
#include "config/scrape_config.h"
#include "ingest/exposition_format.h"

namespace silverback::scrape {

// What a job makes of its targets' samples; shared by them.
struct SampleRules {
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  bool extra_report = false;  // `extra_scrape_metrics`
  config::Relabeling relabeling;
  config::NameScheme names = config::NameScheme::kUtf8;
  config::ScrapeLimits limits;  // of samples and labels; of bodies only to report it
};

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
  std::uint64_t added = 0;            // series that the scrape before had not
  DurationMs timeout = 0;
  std::int64_t body_bytes = 0;  // -1: more than the limit
};

// Families' types, helps and units; equal ones are kept once for all targets.
struct FamilyMetadata {
  std::string family;
  Metadata metadata;
};
class MetadataPool;

class TargetSeries {
 public:
  TargetSeries(std::shared_ptr<const SampleRules> rules, Labels target_labels, MetadataPool& pool,
               ScrapeCounters& counters);
  ~TargetSeries();

  // From the next scrape on. What the new rules no longer make gets its marker then.
  void set_rules(std::shared_ptr<const SampleRules> rules);

  // Adds the samples of the page and markers for what is no longer there. Samples without a
  // timestamp get `t`; those outside `accepted` are left out and counted. Fills in what the page
  // says for the report, also as far as it got before an error. Errors: kInvalidArgument; then the
  // batch holds some of the page and is to be rolled back.
  Status append(Appender& batch, std::string_view page, ingest::ExpositionFormat format,
                TimestampMs t, TimeRange accepted, ScrapeReport& report);
  // For a scrape that failed: markers for all series of the scrape before.
  void append_nothing(Appender& batch, TimestampMs t);
  // `up`, `scrape_duration_seconds`, … Where the page has a series of that name, that is kept.
  void append_report(Appender& batch, TimestampMs t, const ScrapeReport& report);
  // The end of the target: markers for its series and for the report.
  void append_end(Appender& batch, TimestampMs t);

  // What became of the batch, for the counters. Returns what the log should know, a sentence each.
  std::vector<std::string> committed(const CommitResult& result);

  // Ascending by family. From any thread.
  std::vector<std::shared_ptr<const FamilyMetadata>> metadata() const EXCLUDES(metadata_mutex_);

 private:
  mutable Mutex metadata_mutex_;
};

}  // namespace silverback::scrape

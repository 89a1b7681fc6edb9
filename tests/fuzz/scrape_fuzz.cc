// Any pages of one target, under any rules: what is counted fits what is stored, and no series that
// is on a page gets a marker.
//
// The input is a byte of flags, a line with the names that relabelling drops, and pages; a line
// `---` ends a page, and what follows the dashes says what happens before the next one: `f` a
// scrape that failed, `r` other rules.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/memory_storage.h"
#include "scrape/target_series.h"

namespace {

using namespace silverback;
using ingest::ExpositionFormat;

void require(bool holds) {
  if (!holds) std::abort();
}

// Notes what a scrape appends on its way into the store.
class NotingAppender final : public Appender {
 public:
  explicit NotingAppender(std::unique_ptr<Appender> store) : store_(std::move(store)) {}

  Result<SeriesRef> series(const Labels& labels) override { return store_->series(labels); }
  bool known(SeriesRef ref) const override { return store_->known(ref); }
  void append(SeriesRef ref, Sample sample, AppendOptions options) override {
    require(known(ref));
    (is_stale(sample.v) ? markers : samples).push_back(ref);
    require(options.reject_out_of_order || !is_stale(sample.v));
    store_->append(ref, sample, options);
  }
  void append(SeriesRef, HistogramSample, AppendOptions) override { std::abort(); }
  void append(SeriesRef ref, Exemplar exemplar) override {
    require(known(ref) && !exemplar.labels.to_string().empty());
  }
  void append_metadata(std::string_view metric, Metadata) override { require(!metric.empty()); }
  Result<CommitResult> commit() override {
    samples.clear();
    markers.clear();
    return store_->commit();
  }
  void rollback() override {
    samples.clear();
    markers.clear();
    store_->rollback();
  }

  std::vector<SeriesRef> samples, markers;

 private:
  const std::unique_ptr<Appender> store_;
};

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

std::string_view take_page(std::string_view& rest) {
  const std::size_t end = rest.find("---");
  const std::string_view page = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 3);
  return page;
}

std::shared_ptr<const scrape::SampleRules> make_rules(unsigned flags, std::string_view dropped) {
  scrape::SampleRules rules;
  rules.honor_labels = (flags & 1) != 0;
  rules.honor_timestamps = (flags & 2) != 0;
  rules.track_timestamps_staleness = (flags & 4) != 0;
  if ((flags & 8) != 0) rules.limits.sample_limit = 3;
  if ((flags & 16) != 0) rules.limits.label_value_length_limit = 8;
  if ((flags & 32) != 0) rules.names = config::NameScheme::kLegacy;
  std::vector<config::RelabelRule> all;
  all.push_back({.source_labels = {"__name__"},
                 .regex = std::string(dropped),
                 .action = config::RelabelAction::kDrop});
  all.push_back({.regex = "merged", .action = config::RelabelAction::kLabelDrop});
  if (auto relabeling = config::Relabeling::make(std::move(all))) {
    rules.relabeling = *std::move(relabeling);
  }
  return std::make_shared<const scrape::SampleRules>(std::move(rules));
}

class Target {
 public:
  explicit Target(std::shared_ptr<const scrape::SampleRules> rules)
      : limit_(rules->limits.sample_limit),
        series_(std::move(rules), Labels{{"instance", "i"}, {"job", "j"}}, pool_, counters_) {}

  void set_rules(std::shared_ptr<const scrape::SampleRules> rules) {
    limit_ = rules->limits.sample_limit;
    series_.set_rules(std::move(rules));
  }

  void scrape(std::string_view page, ExpositionFormat format) {
    t_ += 10'000;
    NotingAppender batch(storage_.appender());
    scrape::ScrapeReport report;
    const std::size_t lines = series_.lines();
    const std::size_t stored = storage_.series_count();
    Status read = series_.append(batch, page, format, t_, {t_ - 1'000'000, t_ + 1'000'000}, report);
    require(report.added <= report.post_relabeling && report.post_relabeling <= report.scraped);
    if (read) {
      require(batch.samples.size() <= report.post_relabeling);
      require(limit_ == 0 || batch.samples.size() <= limit_);
      for (const SeriesRef marked : batch.markers) {
        for (const SeriesRef on_page : batch.samples) require(marked != on_page);
      }
    } else {
      require(!read.error().message.empty() && series_.lines() >= lines);
      require(storage_.series_count() == stored);
      batch.rollback();
      series_.append_nothing(batch, t_);
    }
    finish(batch, report);
  }

  void fail() {
    t_ += 10'000;
    NotingAppender batch(storage_.appender());
    series_.append_nothing(batch, t_);
    finish(batch, {});
  }

  // At the end, all that is left gets its marker; then nothing is left.
  void end() {
    NotingAppender batch(storage_.appender());
    series_.append_end(batch, t_ += 10'000);
    require(batch.samples.empty());
    const std::size_t marked = batch.markers.size();
    batch.rollback();  // the store takes nothing: the same again
    series_.append_end(batch, t_);
    require(batch.markers.size() == marked);
    const Result<CommitResult> result = batch.commit();
    require(result.has_value());
    series_.committed(*result);
    series_.append_nothing(batch, t_);
    require(batch.markers.empty());
  }

 private:
  void finish(Appender& batch, const scrape::ScrapeReport& report) {
    series_.append_report(batch, t_, report);
    const Result<CommitResult> result = batch.commit();
    require(result.has_value());
    series_.committed(*result);
  }

  std::uint64_t limit_;
  TimestampMs t_ = 1'700'000'000'000;
  MemoryStorage storage_;
  Registry metrics_;
  scrape::MetadataPool pool_;
  scrape::ScrapeCounters counters_{metrics_};
  scrape::TargetSeries series_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty()) return 0;
  const auto flags = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  const std::string_view dropped = take_line(input);
  if (!is_valid_utf8(dropped)) return 0;
  const auto format = (flags & 64) != 0 ? ExpositionFormat::kOpenMetrics : ExpositionFormat::kText;
  Target target(make_rules(flags, dropped));
  for (int pages = 0; pages < 16; ++pages) {
    target.scrape(take_page(input), format);
    if (input.empty()) break;
    const std::string_view between = take_line(input);
    if (between == "f") target.fail();
    if (between == "r") target.set_rules(make_rules(flags & ~8U, "a"));
  }
  target.end();
  return 0;
}

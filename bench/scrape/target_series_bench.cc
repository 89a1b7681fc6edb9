// What a sample of a page costs from its bytes to the batch: on a page whose lines are all known,
// on one of which a hundredth changes, and on one whose lines are all new. The batch is one that
// does nothing, or one of a store in memory.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/memory_storage.h"
#include "ingest/exposition.h"
#include "scrape/target_series.h"

namespace silverback::scrape {
namespace {

constexpr std::size_t kSamples = 500;
constexpr std::size_t kSamplesOfFamily = 10;

// Knows every series by a number that counts up.
class NullAppender final : public Appender {
 public:
  Result<SeriesRef> series(const Labels&) override { return static_cast<SeriesRef>(++last_); }
  bool known(SeriesRef ref) const override { return ref != SeriesRef::kNone; }
  void append(SeriesRef, Sample sample, AppendOptions) override { sum_ += sample.v; }
  void append(SeriesRef, HistogramSample, AppendOptions) override {}
  void append(SeriesRef, Exemplar) override {}
  void append_metadata(std::string_view, Metadata) override {}
  Result<CommitResult> commit() override {
    benchmark::DoNotOptimize(sum_);
    return CommitResult{};
  }
  void rollback() override {}

 private:
  std::uint64_t last_ = 0;
  double sum_ = 0;
};

// Each `turn` differs in one of `churn` lines; 0: in none.
std::string page(std::size_t churn, std::size_t turn) {
  std::string text;
  for (std::size_t i = 0; i < kSamples; ++i) {
    const std::string family =
        "http_server_requests_of_handler_" + std::to_string(i / kSamplesOfFamily) + "_total";
    if (i % kSamplesOfFamily == 0) {
      text.append("# HELP ").append(family).append(" Requests that this handler answered.\n");
      text.append("# TYPE ").append(family).append(" counter\n");
    }
    const std::size_t pod = churn != 0 && i % churn == 0 ? turn : 0;
    text.append(family).append("{method=\"GET\",status=\"200\",path=\"/api/v1/query\",pod=\"web-");
    text.append(std::to_string(pod)).append("-").append(std::to_string(i)).append("\"} ");
    text.append(std::to_string(27 + i)).append(".5\n");
  }
  return text;
}

void scrape_into(benchmark::State& state, Appender& batch) {
  const auto churn = static_cast<std::size_t>(state.range(0));
  std::vector<std::string> pages;
  for (std::size_t turn = 0; turn < (churn == 0 ? 1 : 64); ++turn) {
    pages.push_back(page(churn, turn));
  }
  Registry metrics;
  ScrapeCounters counters(metrics);
  MetadataPool pool;
  TargetSeries target(std::make_shared<const SampleRules>(),
                      Labels{{"instance", "10.17.3.4:8080"}, {"job", "web"}}, pool, counters);
  TimestampMs t = 1'700'000'000'000;
  std::size_t turn = 0;
  const auto scrape = [&] {
    ScrapeReport report;
    if (!target.append(batch, pages[turn++ % pages.size()], ingest::ExpositionFormat::kText,
                       t += 10'000, {}, report)) {
      state.SkipWithError("the page was not taken");
    }
    target.append_report(batch, t, report);
    target.committed(*batch.commit());
  };
  scrape();
  for (auto _ : state) scrape();
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kSamples));
  state.counters["memory_per_series"] =
      static_cast<double>(target.memory_bytes()) / static_cast<double>(target.lines());
}

void into_nothing(benchmark::State& state) {
  NullAppender batch;
  scrape_into(state, batch);
}
BENCHMARK(into_nothing)->ArgName("one_in")->Arg(0)->Arg(100)->Arg(1);

void into_memory(benchmark::State& state) {
  MemoryStorage storage;
  const std::unique_ptr<Appender> batch = storage.appender();
  scrape_into(state, *batch);
}
BENCHMARK(into_memory)->ArgName("one_in")->Arg(0)->Arg(100);

// For comparison: the page read and nothing done with it.
void parsed_only(benchmark::State& state) {
  const std::string text = page(0, 0);
  for (auto _ : state) {
    ingest::Exposition parser(text, ingest::ExpositionFormat::kText);
    for (auto entry = parser.next(); *entry != ingest::Exposition::Entry::kEnd;
         entry = parser.next()) {
      benchmark::DoNotOptimize(parser.value());
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kSamples));
}
BENCHMARK(parsed_only);

}  // namespace
}  // namespace silverback::scrape

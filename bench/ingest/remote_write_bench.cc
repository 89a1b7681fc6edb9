// The receiver alone: the store behind it takes everything and does nothing.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "ingest/remote_write.h"
#include "ingest/series_cache.h"
#include "tests/ingest/remote_write_message.h"

namespace silverback::ingest {
namespace {

class NullAppender final : public Appender {
 public:
  Result<SeriesRef> series(const Labels&) override { return static_cast<SeriesRef>(++series_); }
  bool known(SeriesRef) const override { return true; }
  void append(SeriesRef, Sample, AppendOptions) override { ++result_.stored; }
  void append(SeriesRef, HistogramSample, AppendOptions) override {}
  void append(SeriesRef, Exemplar) override {}
  void append_metadata(std::string_view, Metadata) override {}
  Result<CommitResult> commit() override { return std::move(result_); }
  void rollback() override {}

 private:
  std::uint64_t series_ = 0;
  CommitResult result_;
};

// As a sender batches them: 2,000 series of one sample each, labels as long as an exporter's.
std::vector<std::string> requests(std::size_t series) {
  constexpr std::size_t kSeriesPerRequest = 2000;
  std::vector<std::string> bodies;
  std::vector<testing::WireSeries> batch;
  for (std::size_t i = 0; i < series; ++i) {
    batch.push_back({.labels = {{"__name__", "node_network_receive_packets_total"},
                                {"device", "eth" + std::to_string(i % 16)},
                                {"instance", "host-" + std::to_string(i / 16) + ".example:9100"},
                                {"job", "node"}},
                     .samples = {{1'700'000'000'000, static_cast<double>(i * 7)}}});
    if (batch.size() == kSeriesPerRequest || i + 1 == series) {
      bodies.push_back(testing::snappy_block(testing::encode(batch)));
      batch.clear();
    }
  }
  return bodies;
}

void write_known_series(benchmark::State& state) {
  const auto series = static_cast<std::size_t>(state.range(0));
  const std::vector<std::string> bodies = requests(series);
  const Acceptance acceptance(0, Clock::system());
  RemoteWriteReceiver receiver([] { return std::make_unique<NullAppender>(); }, acceptance, {},
                               nullptr);
  for (const std::string& body : bodies) static_cast<void>(receiver.write("", "", body));
  for (auto _ : state) {
    for (const std::string& body : bodies) {
      benchmark::DoNotOptimize(receiver.write("", "", body));
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(write_known_series)
    ->Arg(2'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);

void write_new_series(benchmark::State& state) {
  const auto series = static_cast<std::size_t>(state.range(0));
  const std::vector<std::string> bodies = requests(series);
  const Acceptance acceptance(0, Clock::system());
  for (auto _ : state) {
    RemoteWriteReceiver receiver([] { return std::make_unique<NullAppender>(); }, acceptance, {},
                                 nullptr);
    for (const std::string& body : bodies) {
      benchmark::DoNotOptimize(receiver.write("", "", body));
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(write_new_series)->Arg(100'000)->Unit(benchmark::kMillisecond);

// Batches of look-ups against a cache far larger than the processor's, in a random order.
void find_in_series_cache(benchmark::State& state) {
  constexpr std::uint64_t kEntries = 1'000'000;
  SeriesCache cache(1, 8'000'000);
  std::vector<SeriesCache::Entry> entries;
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    entries.push_back({cache.key(std::to_string(i)), static_cast<SeriesRef>(i + 1)});
  }
  cache.insert(entries);
  const auto batch_size = static_cast<std::size_t>(state.range(0));
  std::vector<SeriesCache::Entry> batch(batch_size);
  std::uint64_t next = 1;
  for (auto _ : state) {
    for (SeriesCache::Entry& entry : batch) {
      next = next * 6364136223846793005ULL + 1442695040888963407ULL;
      entry.key = entries[(next >> 33) % kEntries].key;
    }
    cache.find(batch);
    benchmark::DoNotOptimize(batch.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
// One at a time nothing can be fetched ahead: the difference is what prefetching gives.
BENCHMARK(find_in_series_cache)->Arg(1)->Arg(2'000);

}  // namespace
}  // namespace silverback::ingest

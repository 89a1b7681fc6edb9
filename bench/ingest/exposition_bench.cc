// Pages as node_exporter prints them: 8 processors, some disks and devices, a histogram.
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "ingest/exposition.h"

namespace silverback::ingest {
namespace {

class NodePage {
 public:
  explicit NodePage(ExpositionFormat format)
      : open_metrics_(format == ExpositionFormat::kOpenMetrics) {
    family("node_cpu_seconds", "counter", "Seconds the CPUs spent in each mode.");
    for (int cpu = 0; cpu < 8; ++cpu) {
      for (const char* mode : {"idle", "iowait", "irq", "nice", "softirq", "steal", "system"}) {
        sample("node_cpu_seconds_total", labels({{"cpu", std::to_string(cpu)}, {"mode", mode}}),
               "13842" + std::to_string(cpu) + ".37");
      }
    }
    for (const char* field : {"MemTotal", "MemFree", "Buffers", "Cached", "Active", "Inactive"}) {
      for (const char* part : {"", "_anon", "_file", "_huge"}) {
        const std::string name = std::string("node_memory_").append(field).append(part) + "_bytes";
        family(name, "gauge", std::string("Memory information field ") + field + ".");
        sample(name, "", "8.286687232e+09");
      }
    }
    devices("node_network_", {"receive_bytes", "receive_packets", "transmit_bytes", "receive_errs"},
            {"lo", "eth0", "eth1", "docker0", "br-1f0e2d3c4b5a"});
    devices("node_disk_", {"read_bytes", "written_bytes", "io_time_seconds", "reads_completed"},
            {"sda", "sdb", "nvme0n1", "dm-0"});
    filesystems();
    histogram();
    if (open_metrics_) text_ += "# EOF\n";
  }

  const std::string& text() const { return text_; }

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  void family(const std::string& name, std::string_view type, std::string_view help) {
    const std::string full = type == "counter" && !open_metrics_ ? name + "_total" : name;
    text_.append("# HELP ").append(full).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(full).append(" ").append(type).append("\n");
  }

  static std::string labels(const Pairs& pairs) {
    std::string text = "{";
    for (const auto& [name, value] : pairs) {
      if (text.size() > 1) text += ",";
      text.append(name).append("=\"").append(value).append("\"");
    }
    return text + "}";
  }

  void sample(std::string_view name, std::string_view labels, std::string_view value) {
    text_.append(name).append(labels).append(" ").append(value).append("\n");
  }

  void devices(const std::string& prefix, const std::vector<std::string>& metrics,
               const std::vector<std::string>& names) {
    for (const std::string& metric : metrics) {
      family(prefix + metric, "counter", "A statistic of devices.");
      for (const std::string& device : names) {
        sample(prefix + metric + "_total", labels({{"device", device}}), "9.04513536e+08");
      }
    }
  }

  void filesystems() {
    for (const std::string name : {"avail_bytes", "size_bytes", "files", "readonly"}) {
      family("node_filesystem_" + name, "gauge", "A property of mounted filesystems.");
      for (const std::string mount : {"/", "/boot/efi", "/var/lib/docker", "/run/user/1000"}) {
        sample(
            "node_filesystem_" + name,
            labels({{"device", "/dev/mapper/vg-root"}, {"fstype", "ext4"}, {"mountpoint", mount}}),
            "214748364800");
      }
    }
  }

  void histogram() {
    family("http_request_duration_seconds", "histogram", "How long requests took.");
    for (const char* handler : {"/", "/metrics", "/api/v1/query", "/api/v1/write"}) {
      for (const char* le : {"0.005", "0.01", "0.05", "0.1", "0.5", "1.0", "5.0", "+Inf"}) {
        sample("http_request_duration_seconds_bucket",
               labels({{"code", "200"}, {"handler", handler}, {"le", le}}), "10276");
      }
    }
  }

  const bool open_metrics_;
  std::string text_;
};

void count(benchmark::State& state, std::size_t page_bytes, std::size_t samples) {
  const auto rounds = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(rounds * static_cast<std::int64_t>(page_bytes));
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(samples));
}

// What a scrape of new series costs: every label is asked for.
void parse_new(benchmark::State& state) {
  const auto format = static_cast<ExpositionFormat>(state.range(0));
  const std::string page = NodePage(format).text();
  std::size_t samples = 0;
  for (auto _ : state) {
    samples = 0;
    Exposition exposition(page, format);
    for (auto entry = exposition.next(); *entry != Exposition::Entry::kEnd;
         entry = exposition.next()) {
      if (*entry != Exposition::Entry::kSample) continue;
      benchmark::DoNotOptimize(exposition.labels().data());
      ++samples;
    }
  }
  count(state, page.size(), samples);
}
BENCHMARK(parse_new)->Arg(0)->Arg(1);

// What every later scrape costs, at most: the series text is enough.
void parse_series_text(benchmark::State& state) {
  const auto format = static_cast<ExpositionFormat>(state.range(0));
  const std::string page = NodePage(format).text();
  std::size_t samples = 0;
  for (auto _ : state) {
    samples = 0;
    Exposition exposition(page, format);
    for (auto entry = exposition.next(); *entry != Exposition::Entry::kEnd;
         entry = exposition.next()) {
      if (*entry == Exposition::Entry::kSample) ++samples;
      benchmark::DoNotOptimize(exposition.series_text().data());
    }
  }
  count(state, page.size(), samples);
}
BENCHMARK(parse_series_text)->Arg(0)->Arg(1);

// The same where the page before had the same series in the same order.
void parse_known(benchmark::State& state) {
  const auto format = static_cast<ExpositionFormat>(state.range(0));
  const std::string page = NodePage(format).text();
  std::vector<std::string> known;
  Exposition first(page, format);
  for (auto entry = first.next(); *entry != Exposition::Entry::kEnd; entry = first.next()) {
    if (*entry == Exposition::Entry::kSample) known.emplace_back(first.series_text());
  }
  const std::size_t samples = known.size();
  known.emplace_back();
  for (auto _ : state) {
    Exposition exposition(page, format);
    std::size_t next = 0;
    for (auto entry = exposition.next(known[next]); *entry != Exposition::Entry::kEnd;
         entry = exposition.next(known[next])) {
      if (*entry == Exposition::Entry::kSample) ++next;
      benchmark::DoNotOptimize(exposition.value());
    }
  }
  count(state, page.size(), samples);
}
BENCHMARK(parse_known)->Arg(0)->Arg(1);

}  // namespace
}  // namespace silverback::ingest

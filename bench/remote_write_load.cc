// Sends a remote-write load that looks like what a Prometheus with many targets sends: per target
// and scrape one timestamp, mostly integer counters, some gauges, classic histograms, constants.
//
// Requests are made before the clock runs, in waves that fit memory, so that what is measured is
// the server. Every connection has its own targets: the samples of a series arrive in order. The
// same flags make the same samples. Prints one JSON object with what was sent and how it went.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <protozero/pbf_writer.hpp>
#include <snappy.h>

namespace silverback {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string host = "127.0.0.1";
  std::string port = "9090";
  std::string path = "/api/v1/write";
  std::size_t series = 100'000;
  std::size_t scrapes = 20;
  std::size_t skip = 0;
  std::size_t first_target = 0;
  std::size_t series_per_request = 2'000;
  std::size_t connections = 2;
  std::int64_t interval_ms = 15'000;
  std::int64_t start_ms = 0;
  double churn = 0;
  std::uint64_t seed = 1;
  std::size_t wave_mib = 512;
};

enum class Kind : std::uint8_t {
  kCounter,
  kSeconds,
  kGauge,
  kPages,
  kConstant,
  kBucket,
  kSum,
  kCount
};

struct Series {
  std::vector<std::pair<std::string, std::string>> labels;  // sorted; without `instance`
  Kind kind;
  double value;
  double speed;  // of counters and gauges: the typical change per scrape
};

// The bounds of a latency histogram, and how many of 1000 requests are slower than each.
constexpr std::pair<const char*, unsigned> kBuckets[] = {
    {"0.005", 900}, {"0.01", 700}, {"0.025", 450}, {"0.05", 250}, {"0.1", 120}, {"0.25", 50},
    {"0.5", 20},    {"1", 8},      {"2.5", 3},     {"5", 1},      {"10", 0},    {"+Inf", 0}};

// What one target exposes: a machine with containers and one HTTP service.
class Exposition {
 public:
  explicit Exposition(std::uint64_t seed) : random_(seed) {
    for (int cpu = 0; cpu < 8; ++cpu) {
      for (const char* mode :
           {"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"}) {
        add(Kind::kSeconds, "node_cpu_seconds_total",
            {{"cpu", std::to_string(cpu)}, {"mode", mode}}, 9);
      }
    }
    for (int device = 0; device < 8; ++device) {
      for (const char* name :
           {"receive_bytes", "transmit_bytes", "receive_packets", "transmit_packets"}) {
        add(Kind::kCounter, "node_network_" + std::string(name) + "_total",
            {{"device", "eth" + std::to_string(device)}}, device < 2 ? 100'000 : 0);
      }
      for (const char* name : {"receive_errs", "transmit_errs", "receive_drop", "transmit_drop"}) {
        add(Kind::kConstant, "node_network_" + std::string(name) + "_total",
            {{"device", "eth" + std::to_string(device)}}, 0);
      }
    }
    for (int mount = 0; mount < 10; ++mount) {
      const auto labels = [&] {
        return Labels{{"device", "/dev/mapper/vg-" + std::to_string(mount)},
                      {"fstype", "ext4"},
                      {"mountpoint", "/srv/data" + std::to_string(mount)}};
      };
      add(Kind::kConstant, "node_filesystem_size_bytes", labels(), 5e11);
      add(Kind::kPages, "node_filesystem_free_bytes", labels(), 30);
      add(Kind::kPages, "node_filesystem_avail_bytes", labels(), 30);
      add(Kind::kGauge, "node_filesystem_files_free", labels(), 2);
    }
    for (int i = 0; i < 50; ++i) {
      add(i % 3 == 0 ? Kind::kConstant : Kind::kPages,
          "node_memory_region" + std::to_string(i) + "_bytes", {}, i % 3 == 0 ? 1e9 + i : 100);
    }
    for (int handler = 0; handler < 12; ++handler) add_histogram(handler);
    for (int i = 0; i < 114; ++i) add_container_counter(i);
  }

  std::vector<Series> take() && { return std::move(series_); }

 private:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void add(Kind kind, std::string name, Labels labels, double speed) {
    labels.emplace_back("__name__", std::move(name));
    labels.emplace_back("job", "node");
    labels.emplace_back("region", "eu-west-1");
    std::sort(labels.begin(), labels.end());
    const bool is_constant = kind == Kind::kConstant;
    const double start = static_cast<double>(random_() % 1'000'000'000);
    const double value = is_constant ? speed : kind == Kind::kSeconds ? start / 100 : start;
    const bool starts_at_zero = kind == Kind::kBucket || kind == Kind::kSum || kind == Kind::kCount;
    series_.push_back({std::move(labels), kind, starts_at_zero ? 0 : value, speed});
  }

  void add_histogram(int handler) {
    const Labels labels = {{"code", handler % 4 == 3 ? "500" : "200"},
                           {"handler", "/api/v1/resource" + std::to_string(handler / 2)},
                           {"method", handler % 2 == 0 ? "GET" : "POST"}};
    for (const auto& [bound, slower] : kBuckets) {
      Labels bucket = labels;
      bucket.emplace_back("le", bound);
      add(Kind::kBucket, "http_request_duration_seconds_bucket", bucket, slower);
    }
    add(Kind::kSum, "http_request_duration_seconds_sum", labels, 0);
    add(Kind::kCount, "http_request_duration_seconds_count", labels, 0);
  }

  void add_container_counter(int i) {
    constexpr const char* kNames[] = {"container_cpu_usage_seconds_total",
                                      "container_network_receive_bytes_total",
                                      "container_network_transmit_bytes_total",
                                      "container_fs_reads_total",
                                      "container_fs_writes_total",
                                      "container_memory_failures_total"};
    const int pod = i / 6;
    const std::string id = std::to_string(random_());
    add(i % 6 == 0 ? Kind::kSeconds : Kind::kCounter, kNames[i % 6],
        {{"container", "app"},
         {"id", "/kubepods/burstable/pod" + id + "/" + id.substr(0, 12)},
         {"image", "registry.example.com/shop/checkout:v1." + std::to_string(pod)},
         {"name", "k8s_app_checkout-" + id.substr(0, 10)},
         {"namespace", "shop-" + std::to_string(pod % 5)},
         {"pod", "checkout-" + id.substr(0, 10) + "-" + id.substr(10, 5)},
         {"service", "kubelet"}},
        i % 6 == 0     ? 3
        : pod % 3 == 0 ? 0
                       : 500);
  }

  std::mt19937_64 random_;
  std::vector<Series> series_;
};

constexpr std::size_t kSeriesPerTarget = 500;

class Target {
 public:
  Target(std::size_t index, std::size_t series_count, const Options& options)
      : index_(index),
        random_(options.seed * 1'000'003 + index),
        offset_ms_(static_cast<std::int64_t>(random_() %
                                             static_cast<std::uint64_t>(options.interval_ms))) {
    series_ = Exposition(options.seed * 7 + index).take();
    series_.resize(std::min(series_count, series_.size()));
    encode_labels();
  }

  // Moves on to the next scrape. With churn, a target is replaced by a new one now and then.
  void scrape(std::size_t number, const Options& options) {
    if (options.churn > 0) {
      const auto period = static_cast<std::size_t>(std::max(1.0, 1 / options.churn));
      if (number > 0 && (number + index_) % period == 0) {
        ++generation_;
        encode_labels();
      }
    }
    const bool is_late = random_() % 10 == 0;
    t_ms_ = options.start_ms + static_cast<std::int64_t>(number) * options.interval_ms +
            offset_ms_ + (is_late ? static_cast<std::int64_t>(random_() % 5) : 0);
    for (std::size_t i = 0; i < series_.size();) i += step(i);
  }

  std::size_t size() const { return series_.size(); }

  void encode(std::size_t i, std::string& out) const {
    std::string message = label_fields_[i];
    protozero::pbf_writer writer(message);
    {
      protozero::pbf_writer sample(writer, 2);
      sample.add_double(1, series_[i].value);
      sample.add_int64(2, t_ms_);
    }
    protozero::pbf_writer(out).add_message(1, message);
  }

 private:
  // Returns how many series were moved: a histogram's belong together.
  std::size_t step(std::size_t i) {
    Series& series = series_[i];
    const auto up_to = [&](double n) {
      return n < 1 ? 0 : random_() % static_cast<std::uint64_t>(n);
    };
    switch (series.kind) {
      case Kind::kCounter:
        series.value += static_cast<double>(up_to(2 * series.speed));
        break;
      case Kind::kSeconds: {
        // Hundredths of a second, as the kernel counts; not exact in binary, as in real life.
        const double hundredths =
            std::round(series.value * 100) + static_cast<double>(up_to(200 * series.speed));
        series.value = hundredths / 100;
        break;
      }
      case Kind::kGauge:
        series.value += static_cast<double>(up_to(2 * series.speed + 1)) - series.speed;
        break;
      case Kind::kPages:
        if (random_() % 3 != 0) {
          series.value =
              4096 * std::round(series.value / 4096 +
                                static_cast<double>(up_to(2 * series.speed + 1)) - series.speed);
        }
        break;
      case Kind::kConstant:
        break;
      case Kind::kBucket:
        return step_histogram(i);
      case Kind::kSum:
      case Kind::kCount:
        break;
    }
    return 1;
  }

  std::size_t step_histogram(std::size_t first) {
    std::size_t end = first;
    while (end < series_.size() && series_[end].kind == Kind::kBucket &&
           end - first < std::size(kBuckets))
      ++end;
    double requests = static_cast<double>(random_() % 20);
    double sum = 0;
    for (double n = requests; n > 0; --n) {
      const auto rank = static_cast<double>(random_() % 1000);
      sum += static_cast<double>(rank) / 4000;
      for (std::size_t i = first; i < end; ++i) {
        if (rank >= series_[i].speed) series_[i].value += 1;
      }
    }
    if (end < series_.size() && series_[end].kind == Kind::kSum) series_[end++].value += sum;
    if (end < series_.size() && series_[end].kind == Kind::kCount) series_[end++].value += requests;
    return end - first;
  }

  void encode_labels() {
    const std::string instance =
        "10." + std::to_string(index_ / 65536) + "." + std::to_string(index_ / 256 % 256) + "." +
        std::to_string(index_ % 256) + ":" + std::to_string(9100 + generation_);
    label_fields_.clear();
    for (const Series& series : series_) {
      std::string fields;
      protozero::pbf_writer writer(fields);
      bool instance_written = false;
      const auto write = [&](const std::string& name, const std::string& value) {
        protozero::pbf_writer label(writer, 1);
        label.add_string(1, name);
        label.add_string(2, value);
      };
      for (const auto& [name, value] : series.labels) {
        if (!instance_written && name > "instance") {
          write("instance", instance);
          instance_written = true;
        }
        write(name, value);
      }
      label_fields_.push_back(std::move(fields));
    }
  }

  const std::size_t index_;
  std::mt19937_64 random_;
  const std::int64_t offset_ms_;
  std::size_t generation_ = 0;
  std::int64_t t_ms_ = 0;
  std::vector<Series> series_;
  std::vector<std::string> label_fields_;
};

struct Request {
  std::string body;
  std::size_t samples;
  std::size_t message_bytes;
};

// Makes the requests of the targets of one connection, in order of time.
class RequestMaker {
 public:
  RequestMaker(std::vector<Target> targets, const Options& options)
      : targets_(std::move(targets)), options_(options) {}

  // Requests of at least `bytes` bytes together, or all that are left.
  std::vector<Request> make(std::size_t bytes) {
    std::vector<Request> requests;
    std::size_t made = 0;
    while (scrape_ < options_.skip + options_.scrapes && made < bytes) {
      for (Target& target : targets_) target.scrape(scrape_, options_);
      if (scrape_++ < options_.skip) continue;
      std::string message;
      std::size_t samples = 0;
      const auto finish = [&] {
        Request request{{}, samples, message.size()};
        snappy::Compress(message.data(), message.size(), &request.body);
        made += request.body.size();
        requests.push_back(std::move(request));
        message.clear();
        samples = 0;
      };
      for (const Target& target : targets_) {
        for (std::size_t i = 0; i < target.size(); ++i) {
          target.encode(i, message);
          if (++samples == options_.series_per_request) finish();
        }
      }
      if (samples > 0) finish();
    }
    return requests;
  }

 private:
  std::vector<Target> targets_;
  const Options& options_;
  std::size_t scrape_ = 0;
};

struct Tally {
  std::size_t samples = 0, requests = 0, failed = 0, body_bytes = 0, message_bytes = 0;
  std::string first_error;
};

class Connection {
 public:
  explicit Connection(const Options& options) : options_(options), socket_(context_) {
    asio::ip::tcp::resolver resolver(context_);
    asio::connect(socket_, resolver.resolve(options.host, options.port));
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }

  void send(Request& request, Tally& tally) {
    http::request<http::string_body> post(http::verb::post, options_.path, 11);
    post.set(http::field::host, options_.host + ":" + options_.port);
    post.set(http::field::content_encoding, "snappy");
    post.set(http::field::content_type, "application/x-protobuf");
    post.set(http::field::user_agent, "remote_write_load");
    post.set("X-Prometheus-Remote-Write-Version", "0.1.0");
    ++tally.requests;
    tally.samples += request.samples;
    tally.body_bytes += request.body.size();
    tally.message_bytes += request.message_bytes;
    post.body() = std::move(request.body);
    post.prepare_payload();
    http::write(socket_, post);
    http::response<http::string_body> response;
    http::read(socket_, buffer_, response);
    if (response.result_int() / 100 == 2) return;
    ++tally.failed;
    if (tally.first_error.empty()) {
      tally.first_error =
          std::to_string(response.result_int()) + " " + response.body().substr(0, 200);
    }
  }

 private:
  const Options& options_;
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

// Runs body(i) for all connections at once. An exception (a refused connection, say) ends the
// program with its text.
void on_all(std::size_t count, const std::function<void(std::size_t)>& body) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&body, i] {
      try {
        body(i);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "remote_write_load: %s\n", error.what());
        std::_Exit(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

int run(const Options& options) {
  std::vector<std::vector<Target>> targets(options.connections);
  std::size_t left = options.series;
  for (std::size_t i = 0; left > 0; ++i) {
    const std::size_t count = std::min(left, kSeriesPerTarget);
    targets[i % options.connections].emplace_back(options.first_target + i, count, options);
    left -= count;
  }
  std::vector<RequestMaker> makers;
  for (auto& of_connection : targets) makers.emplace_back(std::move(of_connection), options);
  std::vector<Tally> tallies(options.connections);
  std::vector<std::vector<Request>> waves(options.connections);
  const std::size_t wave_bytes = (options.wave_mib << 20) / options.connections;
  Clock::duration sending{};
  while (true) {
    on_all(options.connections, [&](std::size_t i) { waves[i] = makers[i].make(wave_bytes); });
    if (std::all_of(waves.begin(), waves.end(), [](const auto& wave) { return wave.empty(); }))
      break;
    const auto from = Clock::now();
    on_all(options.connections, [&](std::size_t i) {
      // A connection of its own for each wave: idle ones are closed by the server.
      Connection connection(options);
      for (Request& request : waves[i]) connection.send(request, tallies[i]);
    });
    sending += Clock::now() - from;
  }
  Tally all;
  for (const Tally& tally : tallies) {
    all.samples += tally.samples;
    all.requests += tally.requests;
    all.failed += tally.failed;
    all.body_bytes += tally.body_bytes;
    all.message_bytes += tally.message_bytes;
    if (all.first_error.empty()) all.first_error = tally.first_error;
  }
  std::printf(
      "{\"samples\": %zu, \"requests\": %zu, \"non_2xx\": %zu, \"first_error\": %s, "
      "\"seconds\": %.3f, \"body_bytes\": %zu, \"message_bytes\": %zu}\n",
      all.samples, all.requests, all.failed, json_string(all.first_error).c_str(),
      std::chrono::duration<double>(sending).count(), all.body_bytes, all.message_bytes);
  return all.failed == 0 ? 0 : 2;
}

// http://host:port/path
bool parse_url(std::string_view url, Options& options) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return false;
  url.remove_prefix(kScheme.size());
  const std::size_t slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return false;
  options.host = authority.substr(0, colon);
  options.port = authority.substr(colon + 1);
  if (slash < url.size()) options.path = url.substr(slash);
  return true;
}

}  // namespace
}  // namespace silverback

int main(int argc, char** argv) {
  silverback::Options options;
  std::string url = "http://127.0.0.1:9090/api/v1/write";
  double start = 0;
  CLI::App app(
      "Sends a remote-write load; prints a JSON object with samples, requests, non_2xx, seconds.");
  app.add_option("--url", url, "Where to, http://host:port/path")->capture_default_str();
  app.add_option("--series", options.series, "Active series, 500 a target")->capture_default_str();
  app.add_option("--samples", options.scrapes, "Samples per series")->capture_default_str();
  app.add_option("--skip", options.skip, "Leave out this many samples per series before them")
      ->capture_default_str();
  app.add_option("--series-per-request", options.series_per_request, "Samples in one request")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--connections", options.connections, "Connections that send at once")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--interval-ms", options.interval_ms, "Time between scrapes")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--start", start,
                 "Time of the first scrape, unix seconds (so that the last is now)");
  app.add_option("--churn", options.churn, "Share of the targets that are replaced at each scrape")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--first-target", options.first_target, "Number of the first target, for new ones")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the values")->capture_default_str();
  app.add_option("--wave-mib", options.wave_mib, "Memory for requests made ahead")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (!silverback::parse_url(url, options)) {
    std::fprintf(stderr, "remote_write_load: --url: want http://host:port/path\n");
    return 1;
  }
  if (start > 0) {
    options.start_ms = static_cast<std::int64_t>(start * 1000);
  } else {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto scrapes = static_cast<std::int64_t>(options.skip + options.scrapes);
    options.start_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count() -
                       scrapes * options.interval_ms;
  }
  return silverback::run(options);
}

// Round trips over a kept connection on loopback: what a request costs before any data is touched.
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/server.h"
#include "base/thread_pool.h"
#include "promql/engine.h"

namespace silverback::api {
namespace {

class EmptyStorage final : public Queryable {
 public:
  Result<std::unique_ptr<Selection>> select(std::span<const Matcher>,
                                            const SelectHints&) const override {
    return std::make_unique<NoSeries>();
  }
  Result<Names> label_names(std::span<const Matcher>, TimeRange, std::size_t) const override {
    return Names{};
  }
  Result<Names> label_values(std::string_view, std::span<const Matcher>, TimeRange,
                             std::size_t) const override {
    return Names{};
  }

 private:
  struct NoSeries final : Selection {
    std::size_t size() const override { return 0; }
    Labels labels(std::size_t) const override { return {}; }
    Status read(std::size_t, SampleColumns&) const override { return {}; }
  };
};

// Sends one request again and again and reads answers of known length.
class Client {
 public:
  Client(const std::string& address, std::string request) : request_(std::move(request)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(
        std::strtoul(address.c_str() + address.rfind(':') + 1, nullptr, 10)));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) std::abort();
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void round_trip() {
    if (::send(socket_, request_.data(), request_.size(), MSG_NOSIGNAL) < 0) std::abort();
    std::string answer;
    char bytes[8192];
    while (!is_whole(answer)) {
      const ssize_t read = ::recv(socket_, bytes, sizeof bytes, 0);
      if (read <= 0) std::abort();
      answer.append(bytes, static_cast<std::size_t>(read));
    }
    if (!answer.starts_with("HTTP/1.1 200")) std::abort();
  }

 private:
  static bool is_whole(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t length = answer.find(kLength);
    const auto body = std::strtoull(answer.c_str() + length + kLength.size(), nullptr, 10);
    return answer.size() >= end + 4 + body;
  }

  const std::string request_;
  int socket_ = -1;
};

// One I/O thread, as a small server has.
class RunningServer {
 public:
  RunningServer() {
    ServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    server_ = std::make_unique<Server>(options, ServerDependencies{.clock = &Clock::system(),
                                                                   .metrics = &metrics_,
                                                                   .queries = &queries_,
                                                                   .work = &work_,
                                                                   .config_status = {},
                                                                   .reload = {},
                                                                   .quit = {}});
    if (!server_->listen()) std::abort();
    server_->set_storage(
        {.samples = &storage_, .engine = &engine_, .db = nullptr, .remote_write = nullptr});
    thread_ = std::thread([this] { server_->run(); });
  }
  ~RunningServer() {
    server_->stop(0);
    thread_.join();
  }
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  std::string address() const { return server_->addresses().front(); }

 private:
  Registry metrics_;
  ThreadPool queries_{"query", 2}, work_{"work", 1};
  EmptyStorage storage_;
  promql::Engine engine_{promql::EngineOptions{}};
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

void round_trips(benchmark::State& state, std::string_view target, std::string_view headers) {
  RunningServer server;
  Client client(server.address(), "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" +
                                      std::string(headers) + "\r\n");
  for (auto _ : state) client.round_trip();
}

void answer_on_the_io_thread(benchmark::State& state) { round_trips(state, "/-/healthy", ""); }
BENCHMARK(answer_on_the_io_thread)->MeasureProcessCPUTime()->UseRealTime();

void query_a_number(benchmark::State& state) { round_trips(state, "/api/v1/query?query=1", ""); }
BENCHMARK(query_a_number)->MeasureProcessCPUTime()->UseRealTime();

void query_an_empty_store(benchmark::State& state) {
  round_trips(state, "/api/v1/query?query=sum%20by(job)(rate(up%5B5m%5D))", "");
}
BENCHMARK(query_an_empty_store)->MeasureProcessCPUTime()->UseRealTime();

void query_as_grafana_asks(benchmark::State& state) {
  round_trips(state, "/api/v1/query?query=1&time=4&timeout=60s",
              "User-Agent: Grafana/12.4.0\r\nAccept-Encoding: gzip\r\nX-Dashboard-Uid: abc\r\n"
              "X-Panel-Id: 7\r\nX-Datasource-Uid: def\r\nX-Grafana-Org-Id: 1\r\n");
}
BENCHMARK(query_as_grafana_asks)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace silverback::api

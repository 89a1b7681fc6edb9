#include "api/http_server.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <sys/socket.h>

#include "api/byte_budget.h"
#include "api/http_wire.h"
#include "base/log.h"
#include "base/mutex.h"

namespace silverback::api {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 16 * 1024;
// An unread body up to this size is read and thrown away to keep the connection; more is not worth
// it (Go's server draws the line at the same place).
constexpr std::uint64_t kDrainBytesMax = 256 * 1024;

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             SteadyClock::now().time_since_epoch())
      .count();
}

}  // namespace

struct HttpServer::Impl {
  Impl(HttpOptions http_options, HttpHandler& http_handler);

  asio::awaitable<void> accept(std::size_t listener);
  asio::awaitable<void> sweep();
  asio::awaitable<void> force_after(DurationMs grace);
  void begin_stop(DurationMs grace);
  void connection_ended();
  std::vector<std::shared_ptr<Connection>> connections() const EXCLUDES(mutex);

  const HttpOptions options;
  HttpHandler& handler;
  Registry own_metrics;  // used if the caller has none
  Registry& metrics;
  ByteBudget inflight;
  Gauge& open_connections;
  Counter& accepted;
  Counter& refused_overload;
  std::atomic<bool> stopping{false};
  mutable Mutex mutex;
  std::map<Connection*, std::weak_ptr<Connection>> open GUARDED_BY(mutex);

  // Below: used on `strand` only. After the data above, because connections that are destroyed with
  // the io_context still look at it.
  asio::io_context io;
  asio::strand<asio::io_context::executor_type> strand;
  std::vector<tcp::acceptor> acceptors;
  asio::steady_timer slot_freed;
  asio::steady_timer sweep_timer;
  asio::steady_timer grace_timer;
};

// One client. Everything but check_deadline() happens on its strand, so members need no lock.
class HttpServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Impl& server, tcp::socket socket)
      : server_(server),
        socket_(std::move(socket)),
        answered_(socket_.get_executor(), SteadyClock::time_point::max()) {}
  ~Connection();

  static asio::awaitable<void> serve(std::shared_ptr<Connection> self);

  // From any thread: enforces the deadline.
  void check_deadline(std::int64_t now_ms);
  void begin_stop();
  void force_close();
  asio::any_io_executor executor() { return socket_.get_executor(); }

 private:
  enum class Next { kRequest, kClose };

  asio::awaitable<Next> serve_one(bool first);
  asio::awaitable<bool> wait_for_bytes(bool first);
  asio::awaitable<error_code> read_some();
  std::size_t parse(error_code& error);
  asio::awaitable<error_code> read_head();
  asio::awaitable<error_code> read_sized_body(std::uint64_t bytes);
  asio::awaitable<error_code> read_chunked_body();
  asio::awaitable<Response> answer();
  asio::awaitable<Next> refuse(Response response, bool may_go_on);
  asio::awaitable<bool> write(Response response, bool keep_alive);
  asio::awaitable<void> drain(std::uint64_t bytes);
  asio::awaitable<void> watch(std::shared_ptr<Connection> self, std::shared_ptr<Request> request);
  std::optional<Response> admit_body();
  Response error_answer(error_code error) const;
  void fill_request();
  // When reading a body that begins now is given up.
  std::int64_t end_of_body_ms() const {
    const DurationMs timeout = server_.options.read_timeout;
    return timeout == 0 ? std::numeric_limits<std::int64_t>::max() : steady_ms() + timeout;
  }
  void set_deadline(DurationMs after) { deadline_ms_ = after == 0 ? 0 : steady_ms() + after; }
  void close();

  Impl& server_;
  tcp::socket socket_;
  asio::steady_timer answered_;  // never expires: canceled when response_ is there
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::shared_ptr<Request> request_;
  std::optional<Response> response_;
  ByteBudget::Lease lease_;
  std::size_t body_bytes_max_ = 0;
  bool idle_ = false;       // between requests
  bool timed_out_ = false;  // the deadline passed once: what was pending is canceled
  std::atomic<std::int64_t> deadline_ms_{0};  // of the steady clock; 0: none
};

HttpServer::Connection::~Connection() {
  {
    MutexLock lock(server_.mutex);
    server_.open.erase(this);
    server_.open_connections.set(static_cast<double>(server_.open.size()));
  }
  // Once the threads have left run(), what is destroyed with the io_context has nobody to tell.
  if (server_.io.stopped()) return;
  asio::post(server_.strand, [server = &server_] { server->connection_ended(); });
}

asio::awaitable<void> HttpServer::Connection::serve(std::shared_ptr<Connection> self) {
  bool first = true;
  for (;;) {
    const Next next = co_await self->serve_one(first);
    if (next == Next::kClose || self->server_.stopping) break;
    first = false;
  }
  self->close();
}

asio::awaitable<HttpServer::Connection::Next> HttpServer::Connection::serve_one(bool first) {
  request_.reset();
  lease_.reset();
  if (buffer_.size() == 0) {
    const bool more = co_await wait_for_bytes(first);
    if (!more) co_return Next::kClose;
  }
  const error_code head_error = co_await read_head();
  if (head_error) {
    if (head_error != asio::error::eof && head_error != asio::error::connection_reset) {
      Response refusal = error_answer(head_error);
      co_await refuse(std::move(refusal), false);
    }
    co_return Next::kClose;
  }
  fill_request();

  std::optional<Response> refusal = admit_body();
  if (refusal) {
    Response response = *std::move(refusal);
    const Next next = co_await refuse(std::move(response), true);
    co_return next;
  }
  if (!parser_->is_done()) {
    if (equals_ignoring_case(request_->header("Expect"), "100-continue")) {
      Response go_on;
      go_on.status = 100;
      const bool written = co_await write(std::move(go_on), true);
      if (!written) co_return Next::kClose;
    }
    error_code body_error;
    if (parser_->chunked()) {
      body_error = co_await read_chunked_body();
    } else {
      body_error = co_await read_sized_body(*parser_->content_length());
    }
    if (body_error) {
      if (body_error == http::error::end_of_stream) co_return Next::kClose;
      Response body_refusal = error_answer(body_error);
      co_await refuse(std::move(body_refusal), false);
      co_return Next::kClose;
    }
  }

  const bool keep_alive = parser_->keep_alive();
  parser_.reset();
  Response response = co_await answer();
  // The lease stands for these two, and who reads the answer slowly would keep them.
  std::string().swap(request_->body);  // assigning would keep the memory
  request_->form = Form();
  lease_.reset();
  const bool written = co_await write(std::move(response), keep_alive && !server_.stopping);
  if (!written || !keep_alive) co_return Next::kClose;
  co_return Next::kRequest;
}

// False if the peer has gone, stayed silent for too long, or the server stops.
asio::awaitable<bool> HttpServer::Connection::wait_for_bytes(bool first) {
  if (server_.stopping) co_return false;
  // It may be idle for long: then it should not hold what one long URL needed.
  if (buffer_.capacity() > 4 * kReadBytes) buffer_.shrink_to_fit();
  set_deadline(first ? server_.options.head_timeout : server_.options.read_timeout);
  idle_ = true;
  const error_code error = co_await read_some();
  idle_ = false;
  co_return !error;
}

asio::awaitable<error_code> HttpServer::Connection::read_some() {
  const auto [error, bytes] = co_await socket_.async_read_some(buffer_.prepare(kReadBytes), kToken);
  buffer_.commit(bytes);
  if (error && timed_out_) co_return error_code(asio::error::timed_out);
  co_return error;
}

// Feeds the parser; returns how much it used up.
std::size_t HttpServer::Connection::parse(error_code& error) {
  try {
    const std::size_t used = parser_->put(buffer_.data(), error);
    buffer_.consume(used);
    return used;
  } catch (const std::length_error&) {
    // Beast keeps the lengths of a field in 16 bits, and this is how it says so.
    error = asio::error::message_size;
    return 0;
  }
}

asio::awaitable<error_code> HttpServer::Connection::read_head() {
  set_deadline(server_.options.head_timeout);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(server_.options.head_bytes_max));
  parser_->body_limit(boost::none);
  for (;;) {
    error_code error;
    parse(error);
    if (error && error != http::error::need_more) co_return error;
    if (parser_->is_header_done()) co_return error_code();
    error = co_await read_some();
    if (error) co_return error;
  }
}

void HttpServer::Connection::fill_request() {
  const auto& head = parser_->get();
  request_ = std::make_shared<Request>();
  request_->method = std::string(head.method_string());
  split_target(head.target(), request_->path, request_->query);
  for (const auto& field : head) {
    request_->headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  error_code error;
  const tcp::endpoint peer = socket_.remote_endpoint(error);
  if (!error) request_->remote = peer.address().to_string();
}

// What is to be answered instead of reading the body; nothing if it may be read.
std::optional<Response> HttpServer::Connection::admit_body() {
  const std::string_view transfer_encoding = request_->header("Transfer-Encoding");
  if (!transfer_encoding.empty() && !parser_->chunked()) {
    return text_response(501, "unsupported transfer encoding\n");
  }
  std::variant<std::size_t, Response> verdict = server_.handler.admit(*request_);
  if (auto* refusal = std::get_if<Response>(&verdict)) return std::move(*refusal);
  body_bytes_max_ = std::get<std::size_t>(verdict);
  const std::uint64_t announced = parser_->content_length().value_or(0);
  body_bytes_max_ = std::min<std::uint64_t>(body_bytes_max_, server_.inflight.bytes_max());
  if (announced > body_bytes_max_) return error_answer(http::error::body_limit);
  // Only asked for here: who announces much and sends nothing shall not keep others out.
  if (!server_.inflight.has(announced)) return error_answer(asio::error::no_memory);
  lease_.acquire(server_.inflight, 0);
  return std::nullopt;
}

asio::awaitable<error_code> HttpServer::Connection::read_sized_body(std::uint64_t bytes) {
  const std::int64_t give_up_ms = end_of_body_ms();
  std::string& body = request_->body;
  const std::size_t total = static_cast<std::size_t>(bytes);
  const std::size_t buffered = std::min(buffer_.size(), total);
  if (!lease_.grow_to(buffered)) co_return asio::error::no_memory;
  body.assign(static_cast<const char*>(buffer_.data().data()), buffered);
  buffer_.consume(buffered);
  // Memory grows with what arrives, not with what is announced.
  std::size_t done = buffered;
  while (done < total) {
    if (steady_ms() >= give_up_ms) co_return error_code(asio::error::timed_out);
    set_deadline(server_.options.stall_timeout);
    if (body.size() == done) {
      const std::size_t room = std::min(total, done + std::max(done, kReadBytes));
      if (!lease_.grow_to(room)) co_return asio::error::no_memory;
      body.resize(room);
    }
    const auto [error, read] =
        co_await socket_.async_read_some(asio::buffer(&body[done], body.size() - done), kToken);
    if (error) {
      co_return timed_out_ ? error_code(asio::error::timed_out) : http::error::end_of_stream;
    }
    done += read;
  }
  co_return error_code();
}

asio::awaitable<error_code> HttpServer::Connection::read_chunked_body() {
  const std::int64_t give_up_ms = end_of_body_ms();
  parser_->body_limit(body_bytes_max_);
  for (;;) {
    error_code error;
    const std::size_t used = parse(error);
    if (error && error != http::error::need_more) co_return error;
    // The parser bounds neither the extensions of a chunk nor what follows the last one.
    if (buffer_.size() > server_.options.head_bytes_max) co_return http::error::header_limit;
    if (!lease_.grow_to(parser_->get().body().size())) co_return asio::error::no_memory;
    if (parser_->is_done()) break;
    if (used > 0 && buffer_.size() > 0 && !error) continue;
    if (steady_ms() >= give_up_ms) co_return error_code(asio::error::timed_out);
    set_deadline(server_.options.stall_timeout);
    error = co_await read_some();
    if (error) co_return timed_out_ ? error : error_code(http::error::end_of_stream);
  }
  request_->body = std::move(parser_->get().body());
  co_return error_code();
}

// Hands the request over and waits for its answer, watching meanwhile whether the client is there.
asio::awaitable<Response> HttpServer::Connection::answer() {
  set_deadline(0);
  response_.reset();
  server_.handler.handle(request_, [self = shared_from_this()](Response response) {
    asio::dispatch(self->executor(), [self, response = std::move(response)]() mutable {
      self->response_ = std::move(response);
      self->answered_.cancel();
    });
  });
  if (!response_) {
    asio::co_spawn(executor(), watch(shared_from_this(), request_), asio::detached);
    while (!response_) co_await answered_.async_wait(kToken);
    error_code ignored;
    socket_.cancel(ignored);  // ends the watch
  }
  co_return *std::move(response_);
}

// Parameters keep alive what the frame uses.
asio::awaitable<void> HttpServer::Connection::watch(std::shared_ptr<Connection> self,
                                                    std::shared_ptr<Request> request) {
  const auto [error] = co_await self->socket_.async_wait(tcp::socket::wait_read, kToken);
  if (error || self->response_) co_return;
  char byte = 0;
  const ssize_t peeked = ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  // Bytes of a next request: the client is there. From here on nobody watches, which costs only the
  // early end of a query whose client pipelines.
  if (peeked > 0 || (peeked < 0 && (errno == EAGAIN || errno == EINTR))) co_return;
  request->canceled = true;
}

// Answers without having read all of the request. `may_go_on`: its head is sound and none of its
// body was taken, so that the connection can serve another request.
asio::awaitable<HttpServer::Connection::Next> HttpServer::Connection::refuse(Response response,
                                                                             bool may_go_on) {
  timed_out_ = false;
  const bool nothing_left = may_go_on && parser_->is_done();
  const bool small = may_go_on && request_->header("Expect").empty() &&
                     parser_->content_length().value_or(kDrainBytesMax + 1) <= kDrainBytesMax;
  const bool keep_alive = (nothing_left || small) && parser_->keep_alive() && !server_.stopping;
  const bool written = co_await write(std::move(response), keep_alive);
  if (!written) co_return Next::kClose;
  if (keep_alive) {
    if (!nothing_left) co_await drain(*parser_->content_length());
    co_return timed_out_ ? Next::kClose : Next::kRequest;
  }
  // Closing with unread bytes would reset the connection and lose the answer on its way.
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  set_deadline(server_.options.linger_timeout);
  while (!timed_out_) {
    buffer_.clear();
    const error_code error = co_await read_some();
    if (error) break;
  }
  co_return Next::kClose;
}

asio::awaitable<void> HttpServer::Connection::drain(std::uint64_t bytes) {
  set_deadline(server_.options.head_timeout);
  for (;;) {
    const std::size_t now =
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes, buffer_.size()));
    buffer_.consume(now);
    bytes -= now;
    if (bytes == 0) co_return;
    const error_code error = co_await read_some();
    if (error) {
      timed_out_ = true;
      co_return;
    }
  }
}

asio::awaitable<bool> HttpServer::Connection::write(Response response, bool keep_alive) {
  const bool head_only = request_ && request_->method == "HEAD";
  const std::string head = response_head(response, keep_alive, std::chrono::system_clock::now());
  if (head_only || response.status == 204 || response.status < 200) response.body.clear();
  std::array<asio::const_buffer, 2> pending = {asio::buffer(head), asio::buffer(response.body)};
  while (pending[0].size() + pending[1].size() > 0) {
    set_deadline(server_.options.stall_timeout);
    const auto [error, bytes] = co_await socket_.async_write_some(pending, kToken);
    if (error) co_return false;
    const std::size_t of_head = std::min(bytes, pending[0].size());
    pending[0] += of_head;
    pending[1] += bytes - of_head;
  }
  co_return true;
}

// no_memory is how the steps above say that --web.max-inflight-bytes is reached.
Response HttpServer::Connection::error_answer(error_code error) const {
  if (error == http::error::header_limit) {
    return text_response(431, "request line and headers are larger than " +
                                  std::to_string(server_.options.head_bytes_max) + " bytes\n");
  }
  if (error == asio::error::message_size) return text_response(431, "a header is too long\n");
  if (error == http::error::body_limit) {
    const bool never_fits = body_bytes_max_ == server_.inflight.bytes_max();
    return text_response(413, "request body is larger than " + std::to_string(body_bytes_max_) +
                                  " bytes" + (never_fits ? " (--web.max-inflight-bytes)\n" : "\n"));
  }
  if (error == asio::error::no_memory) {
    server_.refused_overload.add();
    Response response =
        text_response(503, "too many bytes of requests in flight (--web.max-inflight-bytes)\n");
    response.headers.push_back({"Retry-After", "1"});
    return response;
  }
  if (error == asio::error::timed_out) return text_response(408, "408 Request Timeout\n");
  return text_response(400, "400 Bad Request\n");
}

void HttpServer::Connection::check_deadline(std::int64_t now_ms) {
  const std::int64_t deadline = deadline_ms_;
  if (deadline == 0 || now_ms < deadline) return;
  asio::post(executor(), [self = shared_from_this()] {
    const std::int64_t current = self->deadline_ms_;
    if (current == 0 || steady_ms() < current) return;
    error_code ignored;
    if (self->timed_out_) {
      self->socket_.close(ignored);
    } else {
      self->timed_out_ = true;
      self->socket_.cancel(ignored);
    }
  });
}

void HttpServer::Connection::begin_stop() {
  asio::post(executor(), [self = shared_from_this()] {
    if (self->idle_) self->close();
  });
}

void HttpServer::Connection::force_close() {
  asio::post(executor(), [self = shared_from_this()] {
    if (self->request_) self->request_->canceled = true;
    self->close();
  });
}

void HttpServer::Connection::close() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
}

HttpServer::Impl::Impl(HttpOptions http_options, HttpHandler& http_handler)
    : options(std::move(http_options)),
      handler(http_handler),
      metrics(options.metrics != nullptr ? *options.metrics : own_metrics),
      inflight(options.inflight_bytes_max, metrics.gauge("silverback_http_inflight_bytes",
                                                         "Bytes of request bodies that are held.")),
      open_connections(metrics.gauge("silverback_http_connections",
                                     "Connections that the web listener holds open.")),
      accepted(metrics.counter("silverback_http_connections_accepted_total",
                               "Connections that the web listener has accepted.")),
      refused_overload(
          metrics.counter("silverback_http_requests_refused_inflight_total",
                          "Requests answered 503 because --web.max-inflight-bytes was reached.")),
      strand(asio::make_strand(io)),
      slot_freed(strand, SteadyClock::time_point::max()),
      sweep_timer(strand),
      grace_timer(strand) {}

std::vector<std::shared_ptr<HttpServer::Connection>> HttpServer::Impl::connections() const {
  MutexLock lock(mutex);
  std::vector<std::shared_ptr<Connection>> alive;
  for (const auto& [raw, weak] : open) {
    if (auto connection = weak.lock()) alive.push_back(std::move(connection));
  }
  return alive;
}

asio::awaitable<void> HttpServer::Impl::accept(std::size_t listener) {
  tcp::acceptor& acceptor = acceptors[listener];
  while (!stopping) {
    std::size_t count = 0;
    {
      MutexLock lock(mutex);
      count = open.size();
    }
    if (count >= options.connections_max) {
      co_await slot_freed.async_wait(kToken);
      continue;
    }
    auto [error, socket] = co_await acceptor.async_accept(asio::make_strand(io), kToken);
    if (stopping) break;
    if (error) {
      // Out of file descriptors, most likely: trying again at once would spin.
      log_warn("accept: " + error.message());
      asio::steady_timer pause(strand, std::chrono::milliseconds(100));
      co_await pause.async_wait(kToken);
      continue;
    }
    accepted.add();
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    auto connection = std::make_shared<Connection>(*this, std::move(socket));
    {
      MutexLock lock(mutex);
      open.emplace(connection.get(), connection);
      open_connections.set(static_cast<double>(open.size()));
    }
    asio::co_spawn(
        connection->executor(), Connection::serve(connection),
        [this](std::exception_ptr) { asio::post(strand, [this] { connection_ended(); }); });
  }
}

// One look at all deadlines every now and then costs less than a timer for every read and write.
asio::awaitable<void> HttpServer::Impl::sweep() {
  DurationMs shortest =
      std::min({options.head_timeout, options.stall_timeout, options.linger_timeout});
  if (options.read_timeout != 0) shortest = std::min(shortest, options.read_timeout);
  const auto interval = std::chrono::milliseconds(std::clamp<DurationMs>(shortest / 4, 10, 500));
  for (;;) {
    {
      MutexLock lock(mutex);
      if (stopping && open.empty()) co_return;
    }
    sweep_timer.expires_after(interval);
    co_await sweep_timer.async_wait(kToken);
    const std::int64_t now_ms = steady_ms();
    for (const auto& connection : connections()) connection->check_deadline(now_ms);
  }
}

void HttpServer::Impl::connection_ended() {
  slot_freed.cancel();
  MutexLock lock(mutex);
  if (!stopping || !open.empty()) return;
  grace_timer.cancel();
  sweep_timer.cancel();
}

void HttpServer::Impl::begin_stop(DurationMs grace) {
  error_code ignored;
  for (tcp::acceptor& acceptor : acceptors) acceptor.close(ignored);
  slot_freed.cancel();
  for (const auto& connection : connections()) connection->begin_stop();
  asio::co_spawn(strand, force_after(grace), asio::detached);
}

asio::awaitable<void> HttpServer::Impl::force_after(DurationMs grace) {
  grace_timer.expires_after(std::chrono::milliseconds(grace));
  {
    MutexLock lock(mutex);
    if (open.empty()) {
      sweep_timer.cancel();
      co_return;
    }
  }
  co_await grace_timer.async_wait(kToken);
  for (const auto& connection : connections()) connection->force_close();
}

HttpServer::HttpServer(HttpOptions options, HttpHandler& handler)
    : impl_(std::make_unique<Impl>(std::move(options), handler)) {}

HttpServer::~HttpServer() = default;

Status HttpServer::listen() {
  for (const std::string& text : impl_->options.listen_addresses) {
    const HostPort address = TRY(parse_listen_address(text));
    error_code error;
    tcp::resolver resolver(impl_->io);
    const auto found = resolver.resolve(address.host, address.port, tcp::resolver::passive, error);
    if (error || found.empty()) {
      return fail(ErrorCode::kInvalidArgument, "listen on " + text + ": " + error.message());
    }
    tcp::endpoint endpoint = found.begin()->endpoint();
    tcp::acceptor acceptor(impl_->strand);
    if (address.host.empty()) {
      // Every address means both families; a kernel without IPv6 leaves the other.
      const tcp::endpoint both(tcp::v6(), endpoint.port());
      acceptor.open(both.protocol(), error);
      if (!error) acceptor.set_option(asio::ip::v6_only(false), error);
      if (!error) endpoint = both;
    }
    if (!acceptor.is_open()) acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return fail(ErrorCode::kIo, "listen on " + text + ": " + error.message());
    impl_->acceptors.push_back(std::move(acceptor));
  }
  for (std::size_t i = 0; i < impl_->acceptors.size(); ++i) {
    asio::co_spawn(impl_->strand, impl_->accept(i), asio::detached);
  }
  asio::co_spawn(impl_->strand, impl_->sweep(), asio::detached);
  return {};
}

std::vector<std::string> HttpServer::addresses() const {
  std::vector<std::string> bound;
  for (const tcp::acceptor& acceptor : impl_->acceptors) {
    error_code error;
    const tcp::endpoint endpoint = acceptor.local_endpoint(error);
    if (error) continue;
    const std::string host = endpoint.address().to_string();
    bound.push_back((endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
                    std::to_string(endpoint.port()));
  }
  return bound;
}

void HttpServer::run() { impl_->io.run(); }

void HttpServer::stop(DurationMs grace) {
  if (impl_->stopping.exchange(true)) return;
  asio::post(impl_->strand, [impl = impl_.get(), grace] { impl->begin_stop(grace); });
}

}  // namespace silverback::api

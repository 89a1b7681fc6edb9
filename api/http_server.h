// HTTP/1.1 over TCP: listeners, connections, limits. Knows bytes and requests, not endpoints.
//
//   accept ─ read head ─ admit() ─ read body ─ handle() ─ (answer from any thread) ─ write ─ again
//
// Guards: at most `connections_max` connections (more wait in the kernel's backlog); a head within
// 10 s and 128 KiB; a body within its route's limit and, all bodies in flight together, within
// `inflight_bytes_max`: what is announced must fit before it is read, and what arrives is counted
// as it arrives; a peer that stops moving is dropped.
// A client that disconnects while its request is handled sets Request::canceled.
// Threads: it starts none; run() lends it as many as call it. Other functions from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "api/request.h"
#include "api/response.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"

namespace silverback::api {

struct HttpOptions {
  std::vector<std::string> listen_addresses;  // `0.0.0.0:9090`, `:9090`, `[::1]:9090`; port 0: any
  std::size_t connections_max = 512;          // --web.max-connections
  std::size_t head_bytes_max = 128 * 1024;    // request line and headers
  std::uint64_t inflight_bytes_max = 256ULL << 20;  // --web.max-inflight-bytes
  DurationMs head_timeout = 10'000;   // from the first byte (or the connect) to the end of the head
  DurationMs stall_timeout = 30'000;  // longest time without a byte inside a body or an answer
  // --web.read-timeout: a whole body; also idle connections; 0: none
  DurationMs read_timeout = 5 * 60'000;
  DurationMs linger_timeout = 1'000;  // reads on after an early refusal, so that it is received
  Registry* metrics = nullptr;
};

using Respond = std::function<void(Response)>;

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // The head has arrived. Either how large the body may be, or the answer that makes reading it
  // needless; may note in `head` what handle() needs. Runs on an I/O thread and must not block.
  virtual std::variant<std::size_t, Response> admit(Request& head) = 0;
  // Runs on an I/O thread and must not block; calls `respond` once, now or later, from any thread,
  // and from then on does not look at the request: its body is thrown away.
  virtual void handle(std::shared_ptr<Request> request, Respond respond) = 0;
};

class HttpServer {
 public:
  // `handler` outlives the server.
  HttpServer(HttpOptions options, HttpHandler& handler);
  ~HttpServer();  // requires that run() returned everywhere
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Binds every address; connections wait until run(). Errors: kInvalidArgument (not an address),
  // kIo (in use, no permission).
  Status listen();
  // The bound addresses, with real ports. Requires listen().
  std::vector<std::string> addresses() const;

  // Serves until stop() and the end of every connection. Call it on as many threads as wanted.
  void run();
  // Accepts no more, closes idle connections, lets the others finish their answer; after `grace`
  // what is left is canceled and closed.
  void stop(DurationMs grace);

 private:
  struct Impl;
  class Connection;
  std::unique_ptr<Impl> impl_;
};

}  // namespace silverback::api

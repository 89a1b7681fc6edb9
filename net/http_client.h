// The one outgoing HTTP client: scrapes, discovery, alerts and tokens all go through it. One thread
// moves the bytes of thousands of transfers; nobody waits for anybody.
//
//   HttpClient client(&executor);                 // owner: starts a thread that calls client.run()
//   auto session = client.open(options);          // per scrape job, discovery, Alertmanager …
//   HttpTransfer transfer = session->send(request, [](Result<HttpResponse> response) { … });
//   transfer.cancel();                            // or let it run
//   client.stop();                                // run() returns, what was in flight is canceled
//
// A session owns its connections and reuses them: two sessions never share one, because their
// certificates and proxies may differ. Who asks many servers gives each a session of its own
// (sibling()): curl looks at every connection of a session after each transfer. Names are resolved
// on curl's own threads. Whatever the server does, the callback is called exactly once.
//
// The process must ignore SIGPIPE (cmd does): TLS connections that the peer closed would raise it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "net/http_options.h"

namespace silverback::net {

struct HttpRequest {
  static constexpr std::size_t kNoLimit = static_cast<std::size_t>(-1);

  std::string method = "GET";
  std::string url;  // http or https; `user:password@` in it becomes basic authentication
  std::vector<HttpHeader> headers;
  std::string body;
  // From send() to the last byte of the answer: tokens, names, redirects and all.
  std::chrono::milliseconds timeout{30'000};
  // More than this, as received or as unpacked, is `body size limit exceeded`.
  std::size_t body_bytes_max = kNoLimit;
  bool accept_gzip = true;  // a packed answer is unpacked either way
  std::string unix_socket;  // if not empty: its path, connected to instead of the URL's host
};

struct HttpResponse {
  int status = 0;                   // any: an answer of 404 is a success of the client
  std::string status_text;          // as the server says it: `404 Not Found`
  std::vector<HttpHeader> headers;  // in the order received, names in lower case
  std::string body;                 // unpacked
  std::string url;                  // where it came from, after redirects

  // The first header of that lower-case name, or "".
  std::string_view header(std::string_view name) const;
};

inline constexpr std::string_view kBodyTooLongText = "body size limit exceeded";

// Errors: kTimeout (`Get "http://x/": context deadline exceeded`), kCanceled (`…: context
// canceled`), kIo (`…: dial tcp 10.0.0.1:80: connect: connection refused`, `body size limit
// exceeded`, …), kInvalidArgument (a URL or header that cannot be sent).
using HttpCallback = std::function<void(Result<HttpResponse>)>;

class HttpLoop;
class HttpSecrets;
class TokenSource;
struct Transfer;
struct ConnectionPool;

// A handle on something sent. Dropping it does not stop the transfer.
class HttpTransfer {
 public:
  HttpTransfer() = default;
  HttpTransfer(std::weak_ptr<HttpLoop> loop, std::weak_ptr<Transfer> transfer);
  // Soon after, the callback is called with kCanceled, unless it was or is being called already.
  // From any thread, as often as you like.
  void cancel();

 private:
  std::weak_ptr<HttpLoop> loop_;
  std::weak_ptr<Transfer> transfer_;
};

// Threads: send() from any thread.
class HttpSession {
 public:
  HttpSession(std::shared_ptr<HttpLoop> loop, const HttpOptions& options);
  ~HttpSession();  // transfers in flight go on; idle connections are closed
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  // Files of the options are looked at here, in the caller's thread; all else happens later. At
  // most 10 redirects are followed, to http and https URLs; credentials, configured headers
  // included, are sent on only to the same scheme, host and port (or from port 80 to 443 of the
  // host).
  HttpTransfer send(HttpRequest request, HttpCallback callback);

  // The same options, files and tokens, but connections of its own. Takes some 10 KB.
  std::shared_ptr<HttpSession> sibling() const;

 private:
  HttpSession(const HttpSession& other, std::shared_ptr<ConnectionPool> pool);

  const std::shared_ptr<HttpLoop> loop_;
  const std::shared_ptr<const HttpOptions> options_;
  const std::shared_ptr<HttpSecrets> secrets_;
  const std::shared_ptr<TokenSource> tokens_;  // null without OAuth 2.0
  std::shared_ptr<ConnectionPool> pool_;
};

class HttpClient {
 public:
  // Callbacks run on `executor`, where packed bodies are unpacked too. If it is null they run on
  // the event thread and must not block. Callbacks that are due after run() returned, and no
  // executor given, run in the thread that calls stop's owner or send(). `executor` must outlive
  // the client and its sessions.
  explicit HttpClient(Executor* executor, std::string user_agent = "silverback");
  ~HttpClient();  // Requires: run() has returned, or was never called.
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Moves bytes until stop(); at most one call in the client's life. This is the event thread.
  void run();
  // From any thread, any number of times; before run() too.
  void stop();

  // Errors: kInvalidArgument, as check(options).
  Result<std::shared_ptr<HttpSession>> open(const HttpOptions& options);

 private:
  const std::shared_ptr<HttpLoop> loop_;
};

}  // namespace silverback::net

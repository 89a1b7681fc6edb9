// A real HTTP/1.1 server on loopback that does what a test says, polite or not: its handler is
// given the connection and writes bytes. One thread per connection. With a certificate it speaks
// TLS.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"

using SSL = struct ssl_st;          // OpenSSL's
using SSL_CTX = struct ssl_ctx_st;  // OpenSSL's

namespace silverback::testing {

struct ReceivedRequest {
  std::string method, target;
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;

  // The first of that lower-case name, or "".
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

class ServerConnection {
 public:
  ServerConnection(int socket, SSL* tls) : socket_(socket), tls_(tls) {}

  // False once the peer is gone.
  bool write(std::string_view bytes);
  // What the peer sends next; empty once it is gone.
  std::string read_some();
  bool read_request(ReceivedRequest& request);
  void answer(int status, std::string_view body, const std::vector<std::string>& headers = {});
  // Moves bytes between the peer and 127.0.0.1:port until one of them ends.
  void tunnel_to(std::uint16_t port);
  // The name that the TLS client asked for.
  std::string server_name() const;

 private:
  const int socket_;
  SSL* const tls_;
  std::string buffer_;
};

// PEM files. `client_ca`: clients must show a certificate of this authority.
struct ServerTls {
  std::string cert_file, key_file, client_ca_file;
};

class HttpTestServer {
 public:
  // Returns true to keep the connection for another request.
  using Handler = std::function<bool(ServerConnection&, const ReceivedRequest&)>;

  explicit HttpTestServer(Handler handler, const ServerTls& tls = {});
  ~HttpTestServer();  // closes all connections; handlers must not wait for anything else
  HttpTestServer(const HttpTestServer&) = delete;
  HttpTestServer& operator=(const HttpTestServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path) const;  // by 127.0.0.1
  int connections() const { return connections_; }
  int requests() const { return requests_; }

 private:
  void accept_all();
  void serve(int socket);

  const Handler handler_;
  SSL_CTX* tls_ = nullptr;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0}, requests_{0};
  Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::set<int> open_ GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;  // the acceptor's, until it is joined
  std::thread acceptor_;
};

}  // namespace silverback::testing

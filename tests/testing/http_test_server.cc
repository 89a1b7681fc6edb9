#include "tests/testing/http_test_server.h"

#include <array>
#include <cctype>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace silverback::testing {
namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

// ---- ServerConnection

bool ServerConnection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = tls_ != nullptr
                          ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                          : send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::string ServerConnection::read_some() {
  if (!buffer_.empty()) return std::exchange(buffer_, {});
  std::array<char, 16384> bytes{};
  const ssize_t n = tls_ != nullptr ? SSL_read(tls_, bytes.data(), static_cast<int>(bytes.size()))
                                    : recv(socket_, bytes.data(), bytes.size(), 0);
  return n <= 0 ? std::string() : std::string(bytes.data(), static_cast<std::size_t>(n));
}

bool ServerConnection::read_request(ReceivedRequest& request) {
  std::string bytes;
  std::size_t end = std::string::npos;
  while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = read_some();
    if (more.empty()) return false;
    bytes += more;
    if (bytes.starts_with('\x16')) {  // a TLS handshake: what Go's servers say
      write("HTTP/1.0 400 Bad Request\r\n\r\n");
      return false;
    }
  }
  request = {};
  std::size_t line_start = 0;
  while (line_start < end) {
    const std::size_t line_end = bytes.find("\r\n", line_start);
    const std::string line = bytes.substr(line_start, line_end - line_start);
    if (line_start == 0) {
      const std::size_t space = line.find(' ');
      request.method = line.substr(0, space);
      request.target = line.substr(space + 1, line.rfind(' ') - space - 1);
    } else {
      const std::size_t colon = line.find(':');
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      const std::size_t value = line.find_first_not_of(' ', colon + 1);
      request.headers.emplace(name, value == std::string::npos ? "" : line.substr(value));
    }
    line_start = line_end + 2;
  }
  request.body = bytes.substr(end + 4);
  const std::string length = request.header("content-length");
  const std::size_t want = length.empty() ? 0 : std::stoul(length);
  while (request.body.size() < want) {
    const std::string more = read_some();
    if (more.empty()) return false;
    request.body += more;
  }
  buffer_ = request.body.substr(want);
  request.body.resize(want);
  return true;
}

void ServerConnection::answer(int status, std::string_view body,
                              const std::vector<std::string>& headers) {
  std::string bytes = "HTTP/1.1 " + std::to_string(status) +
                      " Text\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  for (const std::string& header : headers) bytes += header + "\r\n";
  write(bytes + "\r\n" + std::string(body));
}

void ServerConnection::tunnel_to(std::uint16_t port) {
  const int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (connect(far, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    pollfd ends[2] = {{socket_, POLLIN, 0}, {far, POLLIN, 0}};
    bool open = true;
    while (open && poll(ends, 2, -1) > 0) {
      for (int i = 0; i < 2 && open; ++i) {
        if (ends[i].revents == 0) continue;
        std::array<char, 16384> bytes{};
        const ssize_t n = recv(ends[i].fd, bytes.data(), bytes.size(), 0);
        open = n > 0 &&
               send(ends[1 - i].fd, bytes.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
      }
    }
  }
  close(far);
}

std::string ServerConnection::server_name() const {
  const char* name =
      tls_ == nullptr ? nullptr : SSL_get_servername(tls_, TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

// ---- HttpTestServer

HttpTestServer::HttpTestServer(Handler handler, const ServerTls& tls)
    : handler_(std::move(handler)) {
  if (!tls.cert_file.empty()) {
    tls_ = SSL_CTX_new(TLS_server_method());
    require(SSL_CTX_use_certificate_chain_file(tls_, tls.cert_file.c_str()) == 1);
    require(SSL_CTX_use_PrivateKey_file(tls_, tls.key_file.c_str(), SSL_FILETYPE_PEM) == 1);
    if (!tls.client_ca_file.empty()) {
      require(SSL_CTX_load_verify_locations(tls_, tls.client_ca_file.c_str(), nullptr) == 1);
      SSL_CTX_set_verify(tls_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
  }
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  require(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  require(listen(listener_, 4096) == 0);
  socklen_t size = sizeof(address);
  require(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpTestServer::~HttpTestServer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    for (const int open : open_) shutdown(open, SHUT_RDWR);
  }
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
  SSL_CTX_free(tls_);
}

std::string HttpTestServer::url(std::string_view path) const {
  return std::string(tls_ == nullptr ? "http" : "https") + "://127.0.0.1:" + std::to_string(port_) +
         std::string(path);
}

void HttpTestServer::accept_all() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    MutexLock lock(mutex_);
    if (stopping_ || socket < 0) {
      if (socket >= 0) close(socket);
      return;
    }
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    open_.insert(socket);
    ++connections_;
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void HttpTestServer::serve(int socket) {
  SSL* tls = nullptr;
  bool ready = true;
  if (tls_ != nullptr) {
    tls = SSL_new(tls_);
    SSL_set_fd(tls, socket);
    ready = SSL_accept(tls) == 1;
  }
  ServerConnection connection(socket, tls);
  ReceivedRequest request;
  while (ready && connection.read_request(request)) {
    ++requests_;
    ready = handler_(connection, request);
  }
  SSL_free(tls);
  MutexLock lock(mutex_);
  open_.erase(socket);
  close(socket);
}

}  // namespace silverback::testing

#include "tests/testing/http_client.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

namespace silverback::testing {
namespace {

constexpr int kTimeoutMs = 20'000;

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

[[noreturn]] void give_up(std::string_view why) {
  std::cerr << "http client: " << why << "\n";
  std::abort();
}

}  // namespace

HttpClient::HttpClient(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(std::string(address.substr(colon + 1)))));
  inet_pton(AF_INET, std::string(address.substr(0, colon)).c_str(), &to.sin_addr);
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) give_up("connect");
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

HttpClient::~HttpClient() { disconnect(); }

void HttpClient::disconnect() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void HttpClient::reset() {
  const linger hard{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  disconnect();
}

// The server may refuse and close while we still send: that is no failure of the client.
void HttpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool HttpClient::fill() {
  pollfd waiting{socket_, POLLIN, 0};
  if (::poll(&waiting, 1, kTimeoutMs) <= 0) give_up("no answer in time");
  char bytes[65536];
  const ssize_t read = ::recv(socket_, bytes, sizeof bytes, 0);
  if (read <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(read));
  return true;
}

HttpAnswer HttpClient::receive(bool head_only) {
  std::size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  HttpAnswer answer;
  std::string_view head = std::string_view(buffer_).substr(0, head_end);
  answer.status = std::stoi(std::string(head.substr(9, 3)));
  for (std::size_t line = head.find("\r\n"); line != std::string_view::npos;) {
    const std::size_t next = head.find("\r\n", line + 2);
    const std::string_view text =
        head.substr(line + 2, next == std::string_view::npos ? next : next - line - 2);
    const std::size_t colon = text.find(": ");
    answer.headers[lower_case(std::string(text.substr(0, colon)))] = text.substr(colon + 2);
    line = next;
  }
  buffer_.erase(0, head_end + 4);
  const std::string length = answer.header("content-length");
  const std::size_t body = head_only || length.empty() ? 0 : std::stoull(length);
  while (buffer_.size() < body) {
    if (!fill()) give_up("body cut short");
  }
  answer.body = buffer_.substr(0, body);
  buffer_.erase(0, body);
  return answer;
}

std::string http_request(std::string_view method, std::string_view target,
                         const std::vector<std::string>& headers, std::string_view body) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n");
  for (const std::string& header : headers) text.append(header).append("\r\n");
  if (!body.empty()) text.append("Content-Length: " + std::to_string(body.size()) + "\r\n");
  return text.append("\r\n").append(body);
}

HttpAnswer HttpClient::request(std::string_view method, std::string_view target,
                               std::vector<std::string> headers, std::string_view body) {
  send(http_request(method, target, headers, body));
  return receive(method == "HEAD");
}

HttpAnswer HttpClient::get(std::string_view target, std::vector<std::string> headers) {
  return request("GET", target, std::move(headers));
}

HttpAnswer HttpClient::post_form(std::string_view target, std::string_view form,
                                 std::vector<std::string> headers) {
  headers.emplace_back("Content-Type: application/x-www-form-urlencoded");
  return request("POST", target, std::move(headers), form);
}

bool HttpClient::closed_within(int ms) {
  pollfd waiting{socket_, POLLIN, 0};
  if (::poll(&waiting, 1, ms) <= 0) return false;
  char byte = 0;
  return ::recv(socket_, &byte, 1, 0) <= 0;
}

std::string inflate_body(std::string_view packed) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 32) != Z_OK) give_up("inflateInit2");  // + 32: either format
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK) {
    char bytes[65536];
    stream.next_out = reinterpret_cast<Bytef*>(bytes);
    stream.avail_out = sizeof bytes;
    state = inflate(&stream, Z_NO_FLUSH);
    out.append(bytes, sizeof bytes - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) give_up("not a whole compressed body");
  return out;
}

}  // namespace silverback::testing

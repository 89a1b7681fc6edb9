// A blocking HTTP client that sends exactly the bytes it is told to and waits no longer than a few
// seconds: what a well-behaved client library would not let a test do.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::testing {

struct HttpAnswer {
  int status = 0;                              // 0: no answer, the connection was closed
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

class HttpClient {
 public:
  // `127.0.0.1:1234`. Aborts if nobody listens.
  explicit HttpClient(std::string_view address);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void send(std::string_view bytes);
  // Reads one answer; `head_only` for the answer to HEAD.
  HttpAnswer receive(bool head_only = false);

  HttpAnswer get(std::string_view target, std::vector<std::string> headers = {});
  HttpAnswer post_form(std::string_view target, std::string_view form,
                       std::vector<std::string> headers = {});
  HttpAnswer request(std::string_view method, std::string_view target,
                     std::vector<std::string> headers = {}, std::string_view body = {});

  // True if the server closes within `ms` without sending anything more.
  bool closed_within(int ms);
  void disconnect();
  // The socket sends a reset instead of a polite end.
  void reset();

 private:
  bool fill();

  int socket_ = -1;
  std::string buffer_;
};

// A request as bytes, with Host and, if there is a body, Content-Length.
std::string http_request(std::string_view method, std::string_view target,
                         const std::vector<std::string>& headers = {}, std::string_view body = {});

// The reverse of Content-Encoding gzip and deflate.
std::string inflate_body(std::string_view packed);

}  // namespace silverback::testing

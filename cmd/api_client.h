// A client of Prometheus's HTTP API, for one question after the other.
//
//   Result<ApiAnswer> answer = client.post("/api/v1/query", {{"query", "up"}});
//
// Threads: one; it has a thread of its own that moves the bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/http_client.h"

namespace boost::json {
class value;
}

namespace silverback::cmd {

struct ApiAnswer {
  std::shared_ptr<const boost::json::value> data;
  std::vector<std::string> warnings;
};

using ApiParameters = std::vector<std::pair<std::string, std::string>>;

class ApiClient {
 public:
  // `url` is the server's, with its path prefix; without a scheme, http. `headers` go with every
  // request. Errors: kInvalidArgument.
  static Result<std::unique_ptr<ApiClient>> make(std::string url, const net::HttpOptions& options,
                                                 std::vector<net::HttpHeader> headers);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  // As a form; as GET where the server takes no POST. Errors, with promtool's texts: those of the
  // server (`bad_data: …`), of the client, and kTimeout after two minutes.
  Result<ApiAnswer> post(std::string_view path, const ApiParameters& parameters);
  Result<ApiAnswer> get(std::string_view path, const ApiParameters& parameters);

 private:
  ApiClient(std::string url, std::vector<net::HttpHeader> headers);
  Result<net::HttpResponse> send(net::HttpRequest request);

  const std::string url_;
  const std::vector<net::HttpHeader> headers_;
  net::HttpClient http_;
  std::shared_ptr<net::HttpSession> session_;
  std::thread thread_;
};

}  // namespace silverback::cmd

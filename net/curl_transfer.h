// One request as curl handles it, over as many hops as its redirects take. Only for net's own .cc
// files.
// Threads: the event thread, after construction.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <curl/curl.h>

#include "base/result.h"
#include "net/http_client.h"
#include "net/http_secrets.h"

namespace silverback::net {

class CurlTransfer {
 public:
  // `owner` is what curl's CURLINFO_PRIVATE gives back.
  CurlTransfer(HttpRequest request, std::shared_ptr<const HttpOptions> options, void* owner);
  ~CurlTransfer();  // Requires: it is closed, or was never prepared.
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  void set_credentials(std::vector<HttpHeader> credentials) {
    credentials_ = std::move(credentials);
  }
  void add_credential(HttpHeader header) { credentials_.push_back(std::move(header)); }
  void set_tls(std::shared_ptr<const TlsMaterial> material) { tls_ = std::move(material); }

  // Sets the handle up for the next hop, by connections of `share`. Errors: kInvalidArgument,
  // before anything is sent.
  Status prepare(CURLSH* share);
  CURL* handle() const { return handle_; }
  // Ends the handle, and with it the use of the share. Requires: in no multi handle.
  void close();

  // After curl is done with the hop: true if there is another one to prepare().
  Result<bool> finish(CURLcode code);
  // After finish() gave false. The body is as received.
  HttpResponse take_response();

  // The error as users see it: `Get "http://x/": ` and the message.
  Error within_request(Error error) const;
  std::size_t body_bytes_max() const { return request_.body_bytes_max; }

 private:
  struct Target {
    std::string scheme, host, port;
    bool operator==(const Target&) const = default;
  };
  static Result<Target> parse_target(const std::string& url);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static CURLcode on_tls_context(CURL* handle, void* context, void* self);

  Status build_headers();
  void set_method();
  void set_tls_options();
  void set_proxy();
  Status redirect(const char* location);
  Error failure(CURLcode code) const;
  template <class Value>
  void set(CURLoption option, Value value);

  HttpRequest request_;  // url, method and body change with redirects
  const std::shared_ptr<const HttpOptions> options_;
  void* const owner_;
  std::vector<HttpHeader> credentials_;
  std::shared_ptr<const TlsMaterial> tls_;
  std::string proxy_;
  Target target_;
  int redirects_ = 0;

  CURL* handle_ = nullptr;
  CURLcode setup_code_ = CURLE_OK;  // the first that was not good, of setting options
  curl_slist* header_lines_ = nullptr;
  curl_slist* proxy_lines_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> error_buffer_{};

  HttpResponse response_;
  std::size_t header_bytes_ = 0;
  bool is_body_too_long_ = false;
  bool are_headers_too_long_ = false;
};

}  // namespace silverback::net

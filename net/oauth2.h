// Access tokens by OAuth 2.0's client_credentials grant (RFC 6749, 4.4). A token is kept until
// shortly before it expires and asked for by one request at a time: whoever comes meanwhile waits
// for that one's answer. An error is not kept. As Go's client does, the credentials are sent as
// basic authentication first and, if the server refuses that, as form fields from then on.
// Threads: everything from any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "net/http_client.h"
#include "net/http_secrets.h"

namespace silverback::net {

class TokenSource : public std::enable_shared_from_this<TokenSource> {
 public:
  // `Bearer abc`: what the Authorization header says. Errors: `oauth2: cannot fetch token from
  // https://x/token: …`.
  using Callback = std::function<void(Result<std::string>)>;

  // `session` reaches the token endpoint, by the TLS and proxy of `options`.
  TokenSource(OAuth2Options options, std::shared_ptr<HttpSession> session);

  // Calls back at once, in the caller's thread, if there is a token, or else when the server
  // answered.
  void get(Callback callback) EXCLUDES(mutex_);
  // The server refused this token before its time: the next get() asks for another.
  void forget(std::string_view authorization) EXCLUDES(mutex_);

 private:
  struct Token {
    std::string authorization;
    // The default is no token at all.
    std::chrono::steady_clock::time_point good_until = std::chrono::steady_clock::time_point::min();
  };
  Result<HttpRequest> make_request(bool secret_in_form);
  Result<Token> read_token(const HttpResponse& response) const;
  void fetch(bool secret_in_form);
  void answered(Result<HttpResponse> response, bool secret_in_form) EXCLUDES(mutex_);
  void finish(Result<Token> token) EXCLUDES(mutex_);

  const OAuth2Options options_;
  const std::shared_ptr<HttpSession> session_;
  TextOrFile secret_;
  Mutex mutex_;  // never held while calling out
  Token token_ GUARDED_BY(mutex_);
  bool is_style_known_ GUARDED_BY(mutex_) = false;
  bool secret_in_form_ GUARDED_BY(mutex_) = false;
  std::vector<Callback> waiting_ GUARDED_BY(mutex_);  // not empty: a request is under way
};

}  // namespace silverback::net

#include "net/oauth2.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

#include <boost/json.hpp>

#include "base/url_escape.h"

namespace silverback::net {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kEarly{10};  // as Go: clocks and requests take time
constexpr std::chrono::milliseconds kTimeout{30'000};
constexpr std::size_t kBodyBytesMax = 1U << 20;  // as Go
constexpr std::size_t kShownBytesMax = 200;      // of what a server says along with an error

void add_field(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form.push_back('&');
  form.append(query_escape(name)).append("=").append(query_escape(value));
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_string()) return "";
  const json::string& text = value->get_string();
  return {text.data(), text.size()};
}

// Seconds; 0: does not expire. Some servers write the number as text.
std::int64_t lifetime_of(const json::object& object) {
  const json::value* value = object.if_contains("expires_in");
  if (value == nullptr) return 0;
  std::int64_t seconds = 0;
  if (value->is_string()) {
    const std::string text = text_of(object, "expires_in");
    std::from_chars(text.data(), text.data() + text.size(), seconds);
  } else if (value->is_double()) {
    const double number = value->get_double();
    if (number > 0 && number < 1e12) seconds = static_cast<std::int64_t>(number);
  } else if (value->is_int64()) {
    seconds = value->get_int64();
  }
  // A century is for ever, and no overflow.
  constexpr std::int64_t kSecondsMax = std::int64_t{100} * 366 * 86'400;
  return std::clamp<std::int64_t>(seconds, 0, kSecondsMax);
}

}  // namespace

TokenSource::TokenSource(OAuth2Options options, std::shared_ptr<HttpSession> session)
    : options_(std::move(options)),
      session_(std::move(session)),
      secret_(options_.client_secret, options_.client_secret_file, "oauth2 client secret") {}

void TokenSource::get(Callback callback) {
  std::string authorization;
  bool secret_in_form = false;
  {
    MutexLock lock(mutex_);
    if (std::chrono::steady_clock::now() < token_.good_until) {
      authorization = token_.authorization;
    } else {
      waiting_.push_back(std::move(callback));
      if (waiting_.size() > 1) return;
      secret_in_form = secret_in_form_;
    }
  }
  if (authorization.empty()) {
    fetch(secret_in_form);
  } else {
    callback(std::move(authorization));
  }
}

void TokenSource::forget(std::string_view authorization) {
  MutexLock lock(mutex_);
  if (token_.authorization == authorization) token_ = {};
}

Result<HttpRequest> TokenSource::make_request(bool secret_in_form) {
  const std::string secret = TRY(secret_.read_trimmed());
  HttpRequest request;
  request.method = "POST";
  request.url = options_.token_url;
  request.timeout = kTimeout;
  request.body_bytes_max = kBodyBytesMax;
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  request.headers.push_back({"Accept", "application/json"});
  add_field(request.body, "grant_type", "client_credentials");
  if (!options_.scopes.empty()) {
    std::string scopes;
    for (const std::string& scope : options_.scopes) {
      if (!scopes.empty()) scopes.push_back(' ');
      scopes += scope;
    }
    add_field(request.body, "scope", scopes);
  }
  for (const auto& [name, value] : options_.endpoint_params) add_field(request.body, name, value);
  if (secret_in_form) {
    add_field(request.body, "client_id", options_.client_id);
    if (!secret.empty()) add_field(request.body, "client_secret", secret);
  } else {
    request.headers.push_back({"Authorization", basic_credentials(query_escape(options_.client_id),
                                                                  query_escape(secret))});
  }
  return request;
}

void TokenSource::fetch(bool secret_in_form) {
  auto request = make_request(secret_in_form);
  if (!request) {
    finish(fail(std::move(request).error()));
    return;
  }
  session_->send(*std::move(request),
                 [self = shared_from_this(), secret_in_form](Result<HttpResponse> response) {
                   self->answered(std::move(response), secret_in_form);
                 });
}

void TokenSource::answered(Result<HttpResponse> response, bool secret_in_form) {
  if (!response) {
    finish(fail(std::move(response).error()));
    return;
  }
  Result<Token> token = read_token(*response);
  bool try_form = false;
  {
    MutexLock lock(mutex_);
    try_form = !token && !is_style_known_ && !secret_in_form;
    if (token) {
      is_style_known_ = true;
      secret_in_form_ = secret_in_form;
    }
  }
  if (try_form) {
    fetch(true);
  } else {
    finish(std::move(token));
  }
}

Result<TokenSource::Token> TokenSource::read_token(const HttpResponse& response) const {
  if (response.status < 200 || response.status > 299) {
    return fail(ErrorCode::kIo, "server returned HTTP status " + std::to_string(response.status) +
                                    ": " + response.body.substr(0, kShownBytesMax));
  }
  boost::system::error_code error;
  const json::value document = json::parse(response.body, error);
  if (error || !document.is_object()) {
    return fail(ErrorCode::kIo, "server response is not a JSON object");
  }
  const json::object& object = document.get_object();
  const std::string access_token = text_of(object, "access_token");
  if (access_token.empty()) return fail(ErrorCode::kIo, "server response missing access_token");
  const std::string type = text_of(object, "token_type");
  Token token;
  token.authorization =
      (type.empty() || to_lower(type) == "bearer" ? "Bearer" : type) + " " + access_token;
  if (!is_header_value(token.authorization)) {
    return fail(ErrorCode::kIo, "server response has a control character in its token");
  }
  const std::int64_t seconds = lifetime_of(object);
  token.good_until =
      seconds == 0 ? std::chrono::steady_clock::time_point::max()
                   : std::chrono::steady_clock::now() + std::chrono::seconds(seconds) - kEarly;
  return token;
}

void TokenSource::finish(Result<Token> token) {
  Result<std::string> answer;
  std::vector<Callback> waiting;
  {
    MutexLock lock(mutex_);
    waiting.swap(waiting_);
    if (token) {
      token_ = *std::move(token);
      answer = token_.authorization;
    }
  }
  if (!token) {
    answer = fail(
        std::move(token).error().within("oauth2: cannot fetch token from " + options_.token_url));
  }
  for (const Callback& callback : waiting) callback(answer);
}

}  // namespace silverback::net

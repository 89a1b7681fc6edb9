#include "cmd/api_client.h"

#include <chrono>
#include <cstddef>
#include <future>

#include <boost/json.hpp>

#include "base/url_escape.h"

namespace silverback::cmd {
namespace {

namespace json = boost::json;

constexpr std::chrono::minutes kTimeout{2};
constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 30;

std::string form_of(const ApiParameters& parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    if (!form.empty()) form += '&';
    form.append(percent_encode(name)).append("=").append(percent_encode(value));
  }
  return form;
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

tl::unexpected<Error> bad_response(const std::string& what) {
  return fail(ErrorCode::kExecution, "bad_response: " + what);
}

// An answer of no API: a proxy's, a wrong path's.
tl::unexpected<Error> refused(const net::HttpResponse& response) {
  const bool client = response.status / 100 == 4;
  std::string text = (client ? "client_error: client error: " : "server_error: server error: ") +
                     std::to_string(response.status);
  const std::size_t end = response.body.find_last_not_of(" \t\r\n");
  if (end != std::string::npos) text += " (detail: " + response.body.substr(0, end + 1) + ")";
  return fail(ErrorCode::kExecution, text);
}

// 400 and 422 are the API's own, with a text for the user.
Result<ApiAnswer> answer_of(const net::HttpResponse& response) {
  const bool ok = response.status / 100 == 2;
  if (!ok && response.status != 400 && response.status != 422) return refused(response);
  json::error_code error;
  json::value document = json::parse({response.body.data(), response.body.size()}, error);
  json::object* envelope = error ? nullptr : document.if_object();
  if (envelope == nullptr && !ok) return refused(response);
  if (envelope == nullptr) return bad_response("the answer is not JSON of the API");
  if (text_of(*envelope, "status") == "error")
    return fail(ErrorCode::kExecution,
                text_of(*envelope, "errorType") + ": " + text_of(*envelope, "error"));
  json::value* data = envelope->if_contains("data");
  if (!ok || data == nullptr) return bad_response("the answer has no data");
  ApiAnswer answer;
  answer.data = std::make_shared<const json::value>(std::move(*data));
  if (const json::value* warnings = envelope->if_contains("warnings");
      warnings != nullptr && warnings->is_array()) {
    for (const json::value& warning : warnings->get_array()) {
      if (const json::string* text = warning.if_string())
        answer.warnings.emplace_back(text->data(), text->size());
    }
  }
  return answer;
}

}  // namespace

Result<std::unique_ptr<ApiClient>> ApiClient::make(std::string url, const net::HttpOptions& options,
                                                   std::vector<net::HttpHeader> headers) {
  if (url.find("://") == std::string::npos) url.insert(0, "http://");
  while (url.ends_with('/')) url.pop_back();
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private
  std::unique_ptr<ApiClient> client(new ApiClient(std::move(url), std::move(headers)));
  client->session_ = TRY(client->http_.open(options));
  return client;
}

ApiClient::ApiClient(std::string url, std::vector<net::HttpHeader> headers)
    : url_(std::move(url)),
      headers_(std::move(headers)),
      http_(nullptr),
      thread_([this] { http_.run(); }) {}

ApiClient::~ApiClient() {
  http_.stop();
  thread_.join();
}

Result<net::HttpResponse> ApiClient::send(net::HttpRequest request) {
  request.headers.insert(request.headers.end(), headers_.begin(), headers_.end());
  request.timeout = kTimeout;
  request.body_bytes_max = kAnswerBytesMax;
  auto promise = std::make_shared<std::promise<Result<net::HttpResponse>>>();
  std::future<Result<net::HttpResponse>> future = promise->get_future();
  session_->send(std::move(request), [promise](Result<net::HttpResponse> response) {
    promise->set_value(std::move(response));
  });
  return future.get();
}

Result<ApiAnswer> ApiClient::post(std::string_view path, const ApiParameters& parameters) {
  net::HttpRequest request;
  request.method = "POST";
  request.url = url_ + std::string(path);
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  request.body = form_of(parameters);
  const net::HttpResponse response = TRY(send(std::move(request)));
  const bool no_post = response.status == 405 || response.status == 501;
  return no_post ? get(path, parameters) : answer_of(response);
}

Result<ApiAnswer> ApiClient::get(std::string_view path, const ApiParameters& parameters) {
  net::HttpRequest request;
  request.url = url_ + std::string(path) + "?" + form_of(parameters);
  const net::HttpResponse response = TRY(send(std::move(request)));
  return answer_of(response);
}

}  // namespace silverback::cmd

#include "net/http_client.h"

#include <utility>

#include "net/http_loop.h"
#include "net/http_secrets.h"
#include "net/oauth2.h"

namespace silverback::net {
namespace {

constexpr int kUnauthorized = 401;

std::shared_ptr<TokenSource> token_source(const std::shared_ptr<HttpLoop>& loop,
                                          const HttpOptions& options) {
  if (!options.oauth2) return nullptr;
  HttpOptions to_endpoint;
  to_endpoint.tls = options.oauth2->tls;
  to_endpoint.proxy = options.oauth2->proxy;
  to_endpoint.enable_http2 = options.enable_http2;
  return std::make_shared<TokenSource>(*options.oauth2,
                                       std::make_shared<HttpSession>(loop, to_endpoint));
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

HttpTransfer::HttpTransfer(std::weak_ptr<HttpLoop> loop, std::weak_ptr<Transfer> transfer)
    : loop_(std::move(loop)), transfer_(std::move(transfer)) {}

void HttpTransfer::cancel() {
  const auto loop = loop_.lock();
  const auto transfer = transfer_.lock();
  if (loop == nullptr || transfer == nullptr) return;
  loop->post([loop_ptr = loop.get(), transfer] {
    loop_ptr->end_early(transfer, {ErrorCode::kCanceled, "context canceled"});
  });
}

HttpSession::HttpSession(std::shared_ptr<HttpLoop> loop, const HttpOptions& options)
    : loop_(std::move(loop)),
      options_(std::make_shared<const HttpOptions>(options)),
      secrets_(std::make_shared<HttpSecrets>(options)),
      tokens_(token_source(loop_, options)),
      pool_(std::make_shared<ConnectionPool>()) {}

HttpSession::HttpSession(const HttpSession& other, std::shared_ptr<ConnectionPool> pool)
    : loop_(other.loop_),
      options_(other.options_),
      secrets_(other.secrets_),
      tokens_(other.tokens_),
      pool_(std::move(pool)) {}

std::shared_ptr<HttpSession> HttpSession::sibling() const {
  return std::shared_ptr<HttpSession>(new HttpSession(*this, std::make_shared<ConnectionPool>()));
}

HttpSession::~HttpSession() {
  // The pool is the event thread's to close. If that has ended, nobody else touches it.
  auto pool = std::make_shared<std::shared_ptr<ConnectionPool>>(std::move(pool_));
  loop_->post([pool] { pool->reset(); });
}

HttpTransfer HttpSession::send(HttpRequest request, HttpCallback callback) {
  const auto token_sent = std::make_shared<std::string>();
  if (tokens_ != nullptr) {
    callback = [tokens = tokens_, token_sent,
                call = std::move(callback)](Result<HttpResponse> response) {
      if (response && response->status == kUnauthorized) tokens->forget(*token_sent);
      call(std::move(response));
    };
  }
  request.headers.push_back({"User-Agent", loop_->user_agent()});
  const auto timeout = request.timeout;
  const auto transfer =
      std::make_shared<Transfer>(std::move(request), options_, std::move(callback));
  transfer->deadline = std::chrono::steady_clock::now() + timeout;
  transfer->pool = pool_;
  transfer->waits_for_token = tokens_ != nullptr;
  auto headers = secrets_->headers();
  auto tls = secrets_->tls();
  if (!headers) {
    transfer->refusal = fail(std::move(headers).error());
  } else if (!tls) {
    transfer->refusal = fail(std::move(tls).error());
  } else {
    transfer->curl.set_credentials(*std::move(headers));
    transfer->curl.set_tls(*std::move(tls));
  }
  const bool needs_token = tokens_ != nullptr && transfer->refusal;
  if (!loop_->post([loop = loop_.get(), transfer] { loop->begin(transfer); })) {
    loop_->refuse(transfer, {ErrorCode::kCanceled, "context canceled"});
  } else if (needs_token) {
    tokens_->get([loop = loop_, transfer, token_sent](const Result<std::string>& token) {
      loop->post([loop_ptr = loop.get(), transfer, token, token_sent] {
        if (!token) {
          loop_ptr->end_early(transfer, token.error());
        } else if (transfer->state == Transfer::State::kWaiting) {
          *token_sent = *token;
          transfer->curl.add_credential({"Authorization", *token});
          loop_ptr->start(transfer);
        }
      });
    });
  }
  return {loop_, transfer};
}

HttpClient::HttpClient(Executor* executor, std::string user_agent)
    : loop_(std::make_shared<HttpLoop>(executor, std::move(user_agent))) {}

HttpClient::~HttpClient() { loop_->close(); }

void HttpClient::run() { loop_->run(); }

void HttpClient::stop() { loop_->stop(); }

Result<std::shared_ptr<HttpSession>> HttpClient::open(const HttpOptions& options) {
  TRY(check(options));
  return std::make_shared<HttpSession>(loop_, options);
}

}  // namespace silverback::net

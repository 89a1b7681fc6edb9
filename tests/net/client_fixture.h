// A client with its event thread and executor, and requests that wait for their answer.
#pragma once

#include <csignal>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "base/thread_pool.h"
#include "net/http_client.h"

namespace silverback::net {

class ClientFixture : public ::testing::Test {
 protected:
  ClientFixture() : client_(&pool_), thread_([this] { client_.run(); }) {
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~ClientFixture() override { stop(); }

  void stop() {
    client_.stop();
    if (thread_.joinable()) thread_.join();
  }

  std::shared_ptr<HttpSession> open(const HttpOptions& options = {}) {
    auto session = client_.open(options);
    EXPECT_TRUE(session) << session.error().message;
    return *session;
  }

  static HttpRequest get(std::string url) {
    HttpRequest request;
    request.url = std::move(url);
    return request;
  }

  static Result<HttpResponse> send(HttpSession& session, HttpRequest request) {
    auto promise = std::make_shared<std::promise<Result<HttpResponse>>>();
    auto future = promise->get_future();
    session.send(std::move(request),
                 [promise](Result<HttpResponse> r) { promise->set_value(std::move(r)); });
    return future.get();
  }

  // The body, or the error's text.
  static std::string text(const Result<HttpResponse>& response) {
    return response ? response->body : response.error().message;
  }

  ThreadPool pool_{"callbacks", 2};
  HttpClient client_;
  std::thread thread_;
};

}  // namespace silverback::net

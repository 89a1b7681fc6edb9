#include "api/http_server.h"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "base/mutex.h"
#include "tests/testing/http_client.h"

namespace silverback::api {
namespace {

using silverback::testing::http_request;
using silverback::testing::HttpAnswer;
using silverback::testing::HttpClient;

// Answers with what it was asked; `/wait` waits until told to go on.
class EchoHandler final : public HttpHandler {
 public:
  std::variant<std::size_t, Response> admit(Request& head) override {
    if (head.path == "/forbidden") return text_response(403, "no\n");
    if (head.path == "/small") return std::size_t{1000};
    return std::size_t{1} << 20;
  }

  void handle(std::shared_ptr<Request> request, Respond respond) override {
    if (request->path == "/wait") {
      MutexLock lock(mutex_);
      waiting_.emplace_back(std::move(request), std::move(respond));
      arrived_.notify_all();
      return;
    }
    Response response = text_response(
        200, request->method + " " + request->path + "?" + request->query + " " + request->body);
    response.headers.push_back({"X-Got", std::string(request->header("x-sent"))});
    respond(std::move(response));
  }

  std::shared_ptr<Request> arrived() {
    MutexLock lock(mutex_);
    while (waiting_.empty()) arrived_.wait(mutex_);
    return waiting_.front().first;
  }
  void go_on() {
    MutexLock lock(mutex_);
    for (auto& [request, respond] : waiting_) respond(text_response(200, "late"));
    waiting_.clear();
  }

 private:
  Mutex mutex_;
  CondVar arrived_;
  std::vector<std::pair<std::shared_ptr<Request>, Respond>> waiting_ GUARDED_BY(mutex_);
};

// Patient, so that a busy machine does not fail a test; those about time set their own limits.
HttpOptions test_options() {
  HttpOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  options.linger_timeout = 300;
  return options;
}

// A server with two I/O threads for the length of one test.
class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpOptions options) {
    options.metrics = &metrics_;
    server_.emplace(std::move(options), handler_);
    ASSERT_TRUE(server_->listen());
    address_ = server_->addresses().front();
    for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { server_->run(); });
  }
  void stop(DurationMs grace = 2'000) {
    if (!server_) return;
    server_->stop(grace);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    server_.reset();
  }
  double metric(std::string_view name) const {
    for (const Registry::Family& family : metrics_.snapshot()) {
      if (family.name == name) return family.points.at(0).value;
    }
    return -1;
  }
  void TearDown() override {
    handler_.go_on();
    stop();
  }

  Registry metrics_;
  EchoHandler handler_;
  std::optional<HttpServer> server_;
  std::vector<std::thread> threads_;
  std::string address_;
};

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

TEST_F(HttpServerTest, AnswersManyRequestsOnOneConnection) {
  start(test_options());
  HttpClient client(address_);
  for (int i = 0; i < 50; ++i) {
    const HttpAnswer answer = client.get("/a/" + std::to_string(i) + "?b=c", {"X-Sent: yes"});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a/" + std::to_string(i) + "?b=c ");
    EXPECT_EQ(answer.header("x-got"), "yes");
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer.header("connection"), "");
    EXPECT_FALSE(answer.header("date").empty());
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start(test_options());
  HttpClient client(address_);
  client.send(http_request("GET", "/1") + http_request("POST", "/2", {}, "body") +
              http_request("GET", "/3"));
  EXPECT_EQ(client.receive().body, "GET /1? ");
  EXPECT_EQ(client.receive().body, "POST /2? body");
  EXPECT_EQ(client.receive().body, "GET /3? ");
}

TEST_F(HttpServerTest, TakesARequestInPiecesOfOneByte) {
  start(test_options());
  HttpClient client(address_);
  for (const char c : http_request("POST", "/x", {}, "0123456789")) client.send({&c, 1});
  EXPECT_EQ(client.receive().body, "POST /x? 0123456789");
}

TEST_F(HttpServerTest, TakesChunkedBodies) {
  start(test_options());
  HttpClient client(address_);
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("4\r\nabcd\r\n3;ext=1\r\nefg\r\n");
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.receive().body, "POST /x? abcdefg");
  EXPECT_EQ(client.get("/next").body, "GET /next? ");
}

TEST_F(HttpServerTest, TakesTheEndOfAChunkedBodyInPieces) {
  start(test_options());
  for (const std::string_view chunk : {"", "4\r\nabcd\r\n"}) {
    HttpClient client(address_);
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(chunk);
    for (const std::string_view piece : {"0\r\n", "\r", "\n"}) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // so that it comes alone
      client.send(piece);
    }
    EXPECT_EQ(client.receive().status, 200);
  }
}

TEST_F(HttpServerTest, TakesALargeBody) {
  start(test_options());
  HttpClient client(address_);
  const std::string body(1 << 20, 'x');
  EXPECT_EQ(client.request("POST", "/x", {}, body).body, "POST /x? " + body);
}

TEST_F(HttpServerTest, ClosesWhenTheClientAsksForIt) {
  start(test_options());
  HttpClient client(address_);
  const HttpAnswer answer = client.get("/", {"Connection: close"});
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(client.closed_within(10'000));
  HttpClient old(address_);
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.receive().status, 200);
  EXPECT_TRUE(old.closed_within(10'000));
}

TEST_F(HttpServerTest, SendsTheHeadOnlyToHead) {
  start(test_options());
  HttpClient client(address_);
  const HttpAnswer answer = client.request("HEAD", "/x");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-length"), std::to_string(sizeof("HEAD /x? ") - 1));
  EXPECT_EQ(client.get("/y").body, "GET /y? ");
}

TEST_F(HttpServerTest, TellsTheClientToContinueOnlyIfItTakesTheBody) {
  start(test_options());
  HttpClient client(address_);
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send("abc");
  EXPECT_EQ(client.receive().body, "POST /x? abc");
  client.send(
      "POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(client.receive().status, 413);
  EXPECT_TRUE(client.closed_within(10'000));
}

TEST_F(HttpServerTest, RefusesMalformedRequests) {
  start(test_options());
  const std::string_view cases[] = {
      "\x16\x03\x01\x02\r\n\r\n",  // TLS
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET / HTTP/1.1\r\nno colon\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  };
  for (const std::string_view bytes : cases) {
    HttpClient client(address_);
    client.send(bytes);
    const HttpAnswer answer = client.receive();
    EXPECT_EQ(answer.status, 400) << bytes;
    EXPECT_TRUE(client.closed_within(10'000)) << bytes;
  }
  HttpClient client(address_);
  client.send("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n");
  EXPECT_EQ(client.receive().status, 501);
}

TEST_F(HttpServerTest, TakesLongRequestLinesAndRefusesEndlessHeads) {
  start(test_options());
  HttpClient client(address_);
  const std::string query(100 * 1024, 'q');
  const HttpAnswer answer = client.get("/x?" + query);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "GET /x?" + query + " ");
  HttpClient endless(address_);
  endless.send("GET /x HTTP/1.1\r\nX: " + std::string(200 * 1024, 'h'));
  EXPECT_EQ(endless.receive().status, 431);
  EXPECT_TRUE(endless.closed_within(10'000));
}

TEST_F(HttpServerTest, RefusesHeadersThatItsParserCannotHold) {
  start(test_options());
  for (const std::size_t bytes : {65'533U, 65'534U, 65'536U, 100'000U}) {
    for (const bool in_name : {false, true}) {
      const std::string text(bytes, 'v');
      HttpClient client(address_);
      client.send("GET /x HTTP/1.1\r\n" + (in_name ? text + ": v" : "X: " + text) + "\r\n\r\n");
      EXPECT_EQ(client.receive().status, bytes < 65'534 ? 200 : 431) << bytes << in_name;
    }
  }
  HttpClient trailer(address_);
  trailer.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " +
               std::string(70'000, 'v') + "\r\n\r\n");
  EXPECT_EQ(trailer.receive().status, 431);
}

TEST_F(HttpServerTest, RefusesEndlessChunkHeadsAndTrailers) {
  start(test_options());
  for (const std::string_view before : {"4;x=", "4\r\nabcd\r\n0\r\nX: "}) {
    HttpClient client(address_);
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send(before);
    client.send(std::string(200 * 1024, 'x'));
    const int status = client.receive().status;
    EXPECT_TRUE(status == 431 || status == 400) << status;
  }
}

TEST_F(HttpServerTest, RefusesTooLargeBodiesWithoutReadingThem) {
  start(test_options());
  HttpClient announced(address_);
  announced.send("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n");
  const HttpAnswer answer = announced.receive();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(announced.closed_within(10'000));

  HttpClient chunked(address_);
  chunked.send("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  chunked.send("400\r\n" + std::string(1024, 'x') + "\r\n");
  EXPECT_EQ(chunked.receive().status, 413);
}

TEST_F(HttpServerTest, KeepsTheConnectionWhenARefusedBodyIsSmall) {
  start(test_options());
  HttpClient client(address_);
  EXPECT_EQ(client.request("POST", "/forbidden", {}, std::string(5'000, 'x')).status, 403);
  EXPECT_EQ(client.get("/next").body, "GET /next? ");
}

TEST_F(HttpServerTest, AnswersOverloadBeforeTheBodyIsRead) {
  HttpOptions options = test_options();
  options.inflight_bytes_max = 100'000;
  start(std::move(options));
  HttpClient first(address_);
  first.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n" +
             std::string(70'000, 'x'));
  ASSERT_TRUE(eventually([&] { return metric("silverback_http_inflight_bytes") == 90'000; }));
  HttpClient second(address_);
  second.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
  const HttpAnswer answer = second.receive();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_NE(answer.body.find("--web.max-inflight-bytes"), std::string::npos);
  EXPECT_EQ(second.get("/no-body").status, 0) << "its body was still owed";

  HttpClient third(address_);
  third.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  third.send("4000\r\n" + std::string(0x4000, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(third.receive().status, 503);

  first.send(std::string(20'000, 'x'));
  EXPECT_EQ(first.receive().status, 200);
  HttpClient fourth(address_);
  EXPECT_EQ(fourth.request("POST", "/x", {}, std::string(90'000, 'y')).status, 200);
}

TEST_F(HttpServerTest, RefusesForGoodWhatCouldNeverFit) {
  HttpOptions options = test_options();
  options.inflight_bytes_max = 100'000;
  start(std::move(options));
  HttpClient announced(address_);
  announced.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n");
  const HttpAnswer answer = announced.receive();
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.body.find("--web.max-inflight-bytes"), std::string::npos);
}

TEST_F(HttpServerTest, LetsNobodyReserveMemoryByAnnouncing) {
  HttpOptions options = test_options();
  options.inflight_bytes_max = 1 << 20;
  start(std::move(options));
  std::vector<std::unique_ptr<HttpClient>> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(std::make_unique<HttpClient>(address_));
    silent.back()->send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nabc");
  }
  HttpClient client(address_);
  EXPECT_EQ(client.request("POST", "/x", {}, std::string(500'000, 'x')).status, 200);
}

TEST_F(HttpServerTest, ThrowsTheBodyAwayBeforeItWritesTheAnswer) {
  start(test_options());
  HttpClient client(address_);
  client.send(http_request("POST", "/wait", {}, std::string(100'000, 'x')));
  const std::shared_ptr<Request> request = handler_.arrived();
  EXPECT_EQ(request->body.size(), 100'000U);
  request->form.add("a", "b");
  handler_.go_on();
  EXPECT_EQ(client.receive().body, "late");
  client.disconnect();
  stop();  // so that nobody else looks at the request
  EXPECT_LT(request->body.capacity(), 100U);
  EXPECT_EQ(request->form.get("a"), "");
}

TEST_F(HttpServerTest, HoldsNoMemoryForBytesThatWereOnlyAnnounced) {
  HttpOptions options = test_options();
  options.stall_timeout = 300;
  start(std::move(options));
  HttpClient silent(address_);
  silent.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc");
  EXPECT_EQ(silent.receive().status, 408);
  EXPECT_TRUE(silent.closed_within(10'000));
}

TEST_F(HttpServerTest, DropsClientsThatSendTheirHeadTooSlowly) {
  HttpOptions options = test_options();
  options.head_timeout = 300;
  start(std::move(options));
  HttpClient mute(address_);
  EXPECT_TRUE(mute.closed_within(10'000));
  HttpClient slow(address_);
  slow.send("GET / HTTP/1.1\r\nX");
  for (int i = 0; i < 6; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    slow.send("x");
  }
  EXPECT_EQ(slow.receive().status, 408);
}

TEST_F(HttpServerTest, ClosesIdleConnectionsAfterTheReadTimeout) {
  HttpOptions options = test_options();
  options.read_timeout = 2'000;
  start(std::move(options));
  HttpClient client(address_);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_FALSE(client.closed_within(500));
  EXPECT_TRUE(client.closed_within(10'000));
}

TEST_F(HttpServerTest, HasNoReadTimeoutIfItIsZero) {
  HttpOptions options = test_options();
  options.read_timeout = 0;
  start(std::move(options));
  HttpClient client(address_);
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  client.send("ab");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  client.send("cd");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_FALSE(client.closed_within(500)) << "idle";
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  client.send("1\r\nx\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().status, 200);
}

TEST_F(HttpServerTest, DropsClientsThatDoNotReadTheirAnswer) {
  HttpOptions options = test_options();
  options.connections_max = 1;
  options.stall_timeout = 300;
  start(std::move(options));
  HttpClient stuck(address_);
  for (int i = 0; i < 40; ++i)
    stuck.send(http_request("POST", "/x", {}, std::string(1 << 20, 'x')));
  HttpClient next(address_);  // gets its turn only when the first is gone
  EXPECT_EQ(next.get("/").status, 200);
}

TEST_F(HttpServerTest, LetsConnectionsBeyondTheLimitWait) {
  HttpOptions options = test_options();
  options.connections_max = 2;
  start(std::move(options));
  auto first = std::make_unique<HttpClient>(address_);
  HttpClient second(address_);
  EXPECT_EQ(first->get("/").status, 200);
  EXPECT_EQ(second.get("/").status, 200);
  HttpClient third(address_);
  third.send(http_request("GET", "/third"));
  EXPECT_FALSE(third.closed_within(300)) << "answered beyond the limit";
  first.reset();
  EXPECT_EQ(third.receive().body, "GET /third? ");
}

TEST_F(HttpServerTest, TellsTheHandlerWhenTheClientIsGone) {
  start(test_options());
  HttpClient polite(address_);
  polite.send(http_request("GET", "/wait"));
  std::shared_ptr<Request> request = handler_.arrived();
  EXPECT_FALSE(request->canceled);
  polite.disconnect();
  EXPECT_TRUE(eventually([&] { return request->canceled.load(); }));
  handler_.go_on();

  HttpClient rude(address_);
  rude.send(http_request("GET", "/wait"));
  request = handler_.arrived();
  rude.reset();
  EXPECT_TRUE(eventually([&] { return request->canceled.load(); }));
  handler_.go_on();
}

TEST_F(HttpServerTest, DoesNotTakeAPipelinedRequestForADisconnect) {
  start(test_options());
  HttpClient client(address_);
  client.send(http_request("GET", "/wait"));
  const std::shared_ptr<Request> request = handler_.arrived();
  client.send(http_request("GET", "/next"));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(request->canceled);
  handler_.go_on();
  EXPECT_EQ(client.receive().body, "late");
  EXPECT_EQ(client.receive().body, "GET /next? ");
}

TEST_F(HttpServerTest, FinishesRunningRequestsWhenItStops) {
  start(test_options());
  HttpClient idle(address_);
  EXPECT_EQ(idle.get("/").status, 200);
  HttpClient busy(address_);
  busy.send(http_request("GET", "/wait"));
  handler_.arrived();
  std::thread stopper([this] { stop(10'000); });
  EXPECT_TRUE(idle.closed_within(10'000));
  handler_.go_on();
  const HttpAnswer answer = busy.receive();
  EXPECT_EQ(answer.body, "late");
  EXPECT_EQ(answer.header("connection"), "close");
  stopper.join();
}

TEST_F(HttpServerTest, CancelsWhatIsLeftAfterTheGraceTime) {
  start(test_options());
  HttpClient busy(address_);
  busy.send(http_request("GET", "/wait"));
  const std::shared_ptr<Request> request = handler_.arrived();
  std::thread stopper([this] { stop(100); });
  EXPECT_TRUE(eventually([&] { return request->canceled.load(); }));
  EXPECT_TRUE(busy.closed_within(10'000));
  handler_.go_on();
  stopper.join();
}

TEST_F(HttpServerTest, StopsWithoutAnyConnection) {
  start(test_options());
  const auto before = std::chrono::steady_clock::now();
  stop(60'000);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
}

TEST_F(HttpServerTest, ServesManyClientsAtOnce) {
  start(test_options());
  std::vector<std::future<int>> clients;
  for (int c = 0; c < 16; ++c) {
    clients.push_back(std::async(std::launch::async, [this, c] {
      int good = 0;
      for (int round = 0; round < 5; ++round) {
        HttpClient client(address_);
        for (int i = 0; i < 20; ++i) {
          const std::string body(static_cast<std::size_t>(i * 997 + c), 'x');
          good += client.request("POST", "/x", {}, body).body == "POST /x? " + body ? 1 : 0;
        }
      }
      return good;
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 100);
}

TEST_F(HttpServerTest, ListensOnEveryAddressIfNoneIsNamed) {
  HttpOptions options = test_options();
  options.listen_addresses = {":0"};
  start(std::move(options));
  HttpClient client("127.0.0.1" + address_.substr(address_.rfind(':')));
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(HttpServerTest, ShowsWhatItHolds) {
  start(test_options());
  {
    HttpClient client(address_);
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1234\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return metric("silverback_http_inflight_bytes") == 1234; }));
    EXPECT_EQ(metric("silverback_http_connections"), 1);
  }
  EXPECT_TRUE(eventually([&] { return metric("silverback_http_connections") == 0; }));
  EXPECT_EQ(metric("silverback_http_inflight_bytes"), 0);
}

TEST(HttpServer, SaysWhyItCannotListen) {
  EchoHandler handler;
  HttpOptions options = test_options();
  HttpServer first(options, handler);
  ASSERT_TRUE(first.listen());
  options.listen_addresses = first.addresses();
  HttpServer second(options, handler);
  const Status in_use = second.listen();
  ASSERT_FALSE(in_use);
  EXPECT_EQ(in_use.error().code, ErrorCode::kIo);
  EXPECT_NE(in_use.error().message.find("Address already in use"), std::string::npos);
  for (const char* bad : {"", "9090", "localhost", ":x", ":99999", "::1:9090", "[::1:9090"}) {
    options.listen_addresses = {bad};
    HttpServer server(options, handler);
    const Status status = server.listen();
    ASSERT_FALSE(status) << bad;
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace silverback::api

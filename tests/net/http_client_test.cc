#include "net/http_client.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <vector>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/net/client_fixture.h"
#include "tests/net/zlib_body.h"
#include "tests/testing/http_test_server.h"

namespace {

// How long the resolver takes for names that end in `.slow`.
std::atomic<int> slow_name_ms{0};

}  // namespace

// Takes the C library's place for libcurl too, so that a test decides how slow names are.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto kReal = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node != nullptr && std::string_view(node).ends_with(".slow")) {
    for (int waited = 0; waited < slow_name_ms; waited += 10) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return EAI_NONAME;
  }
  return kReal(node, service, hints, result);
}

namespace silverback::net {
namespace {

using std::chrono::milliseconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::HttpTestServer;
using testing::ReceivedRequest;
using testing::ServerConnection;
using ::testing::StartsWith;

class HttpClientTest : public ClientFixture {};

// What was received, as a body to look at.
std::string echo(const ReceivedRequest& request) {
  std::string text = request.method + " " + request.target + "\n";
  for (const auto& [name, value] : request.headers) text.append(name + ": " + value + "\n");
  return text + "\n" + request.body;
}

bool answer_echo(ServerConnection& connection, const ReceivedRequest& request) {
  connection.answer(200, echo(request), {"Content-Type: text/plain; version=0.0.4"});
  return true;
}

TEST_F(HttpClientTest, SendsAndReceives) {
  HttpTestServer server(answer_echo);
  auto session = open();
  HttpRequest request = get(server.url("/a/../b?x=1"));
  request.headers = {{"X-Test", "yes"}, {"X-Empty", ""}};
  const auto response = send(*session, request);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->header("content-type"), "text/plain; version=0.0.4");
  EXPECT_EQ(response->url, request.url);
  EXPECT_THAT(response->body, StartsWith("GET /a/../b?x=1\n"));
  EXPECT_THAT(response->body, HasSubstr("x-test: yes\n"));
  EXPECT_THAT(response->body, HasSubstr("x-empty: \n"));
  EXPECT_THAT(response->body, HasSubstr("accept-encoding: gzip\n"));
}

TEST_F(HttpClientTest, SendsBodiesByAnyMethod) {
  HttpTestServer server(answer_echo);
  auto session = open();
  for (const std::string method : {"POST", "PUT", "DELETE"}) {
    HttpRequest request = get(server.url("/"));
    request.method = method;
    request.body = std::string(3'000'000, 'x');  // longer than what curl would ask 100 Continue for
    const std::string answer = text(send(*session, request));
    EXPECT_THAT(answer, StartsWith(method + " /\n"));
    EXPECT_THAT(answer, EndsWith(request.body));
    EXPECT_EQ(answer.find("content-type"), std::string::npos);
    EXPECT_EQ(answer.find("expect"), std::string::npos);
  }
  HttpRequest empty = get(server.url("/"));
  empty.method = "POST";
  EXPECT_THAT(text(send(*session, empty)), HasSubstr("content-length: 0\n"));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, TellsAnyStatusAsASuccess) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest&) {
    connection.answer(503, "busy");
    return true;
  });
  const auto response = send(*open(), get(server.url("/")));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->body, "busy");
}

TEST_F(HttpClientTest, TellsTheStatusInTheServersWords) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest& request) {
    const std::string words = request.target == "/teapot" ? "418 I am  one " : "418";
    connection.write("HTTP/1.1 " + words + "\r\nContent-Length: 0\r\n\r\n");
    return true;
  });
  const auto session = open();
  EXPECT_EQ(send(*session, get(server.url("/teapot")))->status_text, "418 I am  one");
  EXPECT_EQ(send(*session, get(server.url("/terse")))->status_text, "418");
}

// A client with the path of the socket finds who listens there, whatever the URL's host is.
TEST_F(HttpClientTest, ConnectsToUnixSockets) {
  const std::string path = "/tmp/silverback_net_test_" + std::to_string(getpid());
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  std::thread server([listener] {
    const int connection = accept(listener, nullptr, nullptr);
    char request[1024];
    EXPECT_GT(read(connection, request, sizeof request), 0);
    constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    EXPECT_EQ(write(connection, kAnswer.data(), kAnswer.size()),
              static_cast<ssize_t>(kAnswer.size()));
    close(connection);
  });
  HttpRequest request = get("http://no.such.host.invalid/metrics");
  request.unix_socket = path;
  const auto session = open();
  const Result<HttpResponse> response = send(*session, request);
  EXPECT_EQ(text(response), "hi");
  EXPECT_EQ(response->status_text, "200 OK");
  server.join();
  close(listener);
  unlink(path.c_str());
}

TEST_F(HttpClientTest, ReusesConnectionsWithinASessionOnly) {
  HttpTestServer server(answer_echo);
  auto session = open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(send(*session, get(server.url("/"))));
  EXPECT_EQ(server.connections(), 1);
  ASSERT_TRUE(send(*open(), get(server.url("/"))));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, SiblingsHaveTheSameOptionsAndOtherConnections) {
  HttpTestServer server(answer_echo);
  HttpOptions options;
  options.basic_auth = BasicAuth{"me", "", "pw", ""};
  auto session = open(options);
  const auto sibling = session->sibling();
  const std::string answer = text(send(*session, get(server.url("/"))));
  EXPECT_THAT(answer, HasSubstr("authorization: Basic "));
  session.reset();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(text(send(*sibling, get(server.url("/")))), answer);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, ClosesTheConnectionsOfASessionThatEnds) {
  std::promise<bool> closed;
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest&) {
    connection.answer(200, "kept open");
    closed.set_value(connection.read_some().empty());
    return false;
  });
  auto session = open();
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "kept open");
  auto told = closed.get_future();
  EXPECT_EQ(told.wait_for(milliseconds(50)), std::future_status::timeout);
  session.reset();
  EXPECT_TRUE(told.get());
}

TEST_F(HttpClientTest, ConnectsAnewIfTheServerClosedMeanwhile) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest&) {
    connection.answer(200, "once");  // says nothing of closing, and closes
    return false;
  });
  auto session = open();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(text(send(*session, get(server.url("/")))), "once");
  EXPECT_EQ(server.connections(), 5);
}

TEST_F(HttpClientTest, KeepsAThousandTransfersInFlight) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  constexpr int kCount = 1'000;
  Mutex mutex;
  CondVar all_here;
  int here = 0;
  {
    // Nobody is answered before all have asked.
    HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest& request) {
      {
        MutexLock lock(mutex);
        ++here;
        all_here.notify_all();
        while (here < kCount) all_here.wait(mutex);
      }
      connection.answer(200, request.target);
      return true;
    });
    auto session = open();
    std::atomic<int> good{0};
    std::atomic<int> done{0};
    for (int i = 0; i < kCount; ++i) {
      const std::string path = "/" + std::to_string(i);
      HttpRequest request = get(server.url(path));
      request.timeout = milliseconds(120'000);
      session->send(std::move(request), [&, path](Result<HttpResponse> response) {
        if (response && response->body == path) ++good;
        ++done;
      });
    }
    while (done < kCount) std::this_thread::sleep_for(milliseconds(5));
    EXPECT_EQ(good, kCount);
    EXPECT_EQ(server.connections(), kCount);
  }
}

TEST_F(HttpClientTest, TellsErrorsInGosWords) {
  const auto session = open();
  std::string closed_url;
  {
    HttpTestServer server(answer_echo);
    closed_url = server.url("/x");
  }
  const auto refused = send(*session, get(closed_url));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_THAT(refused.error().message,
              StartsWith("Get \"" + closed_url + "\": dial tcp 127.0.0.1:"));
  EXPECT_THAT(refused.error().message, EndsWith(": connect: connection refused"));
  EXPECT_EQ(text(send(*session, get("http://u:secret@nobody.slow/"))),
            "Get \"http://u:***@nobody.slow/\": dial tcp: lookup nobody.slow: no such host");
  EXPECT_EQ(text(send(*session, get("file:///etc/passwd"))),
            "Get \"file:///etc/passwd\": unsupported protocol scheme \"file\"");
  EXPECT_EQ(text(send(*session, get("http://a b/"))), "Get \"http://a b/\": invalid URL");
  HttpRequest injected = get(closed_url);
  injected.headers = {{"X", "a\r\nY: b"}};
  EXPECT_THAT(text(send(*session, injected)), EndsWith("net/http: invalid header field \"X\""));
}

TEST_F(HttpClientTest, TellsHowAnAnswerWasCutShort) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest& request) {
    if (request.target == "/half") {
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    }
    if (request.target == "/gzip") {
      const std::string packed = pack(std::string(10'000, 'a'));
      connection.write("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" +
                       packed.substr(0, packed.size() / 2));
    }
    if (request.target == "/chunks")
      connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n");
    return false;
  });
  const auto session = open();
  EXPECT_THAT(text(send(*session, get(server.url("/nothing")))), EndsWith(": EOF"));
  EXPECT_THAT(text(send(*session, get(server.url("/half")))), EndsWith(": unexpected EOF"));
  EXPECT_THAT(text(send(*session, get(server.url("/gzip")))),
              EndsWith("gzip: corrupt or incomplete input"));
  // Where localhost is ::1 too, that is tried in vain: nothing to tell of.
  const std::string by_name = "http://localhost:" + std::to_string(server.port()) + "/chunks";
  EXPECT_THAT(text(send(*session, get(by_name))), HasSubstr("hexadecimal"));
}

TEST_F(HttpClientTest, EndsAtTheDeadlineWhateverTheServerDoes) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest& request) {
    if (request.target == "/silent") return !connection.read_some().empty();
    if (!connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")) return false;
    while (connection.write("x")) std::this_thread::sleep_for(milliseconds(20));  // drips
    return false;
  });
  const auto session = open();
  for (const std::string path : {"/silent", "/drip"}) {
    HttpRequest request = get(server.url(path));
    request.timeout = milliseconds(300);
    const auto start = std::chrono::steady_clock::now();
    const auto response = send(*session, request);
    const auto took = std::chrono::steady_clock::now() - start;
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::kTimeout);
    EXPECT_EQ(response.error().message, "Get \"" + request.url + "\": context deadline exceeded");
    EXPECT_GE(took, milliseconds(300));
    EXPECT_LT(took, milliseconds(5'000));
  }
}

TEST_F(HttpClientTest, SlowNamesDelayNobody) {
  HttpTestServer server(answer_echo);
  const auto session = open();
  slow_name_ms = 60'000;
  std::promise<Result<HttpResponse>> slow;
  HttpRequest request = get("http://name.slow/");
  request.timeout = milliseconds(200);
  const auto start = std::chrono::steady_clock::now();
  session->send(request, [&](Result<HttpResponse> r) { slow.set_value(std::move(r)); });
  EXPECT_TRUE(send(*session, get(server.url("/"))));
  EXPECT_THAT(text(slow.get_future().get()), EndsWith("context deadline exceeded"));
  EXPECT_TRUE(send(*session, get(server.url("/"))));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(20'000));
  slow_name_ms = 0;
}

TEST_F(HttpClientTest, CutsBodiesAtTheirLimit) {
  const std::string bomb = pack(std::string(50'000'000, '\0'));
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest& request) {
    if (request.target == "/endless") {
      connection.write("HTTP/1.1 200 OK\r\n\r\n");
      while (connection.write(std::string(10'000, 'x'))) {
      }
      return false;
    }
    if (request.target == "/bomb") {
      connection.answer(200, bomb, {"Content-Encoding: gzip"});
    } else {
      connection.answer(200, std::string(1'000, 'x'));
    }
    return true;
  });
  const auto session = open();
  HttpRequest request = get(server.url("/endless"));
  request.body_bytes_max = 1'000'000;
  EXPECT_EQ(text(send(*session, request)), "body size limit exceeded");
  request.url = server.url("/bomb");
  EXPECT_LT(bomb.size(), request.body_bytes_max);
  EXPECT_EQ(text(send(*session, request)), "body size limit exceeded");
  request.url = server.url("/exact");
  request.body_bytes_max = 1'000;
  EXPECT_EQ(text(send(*session, request)), std::string(1'000, 'x'));
  request.body_bytes_max = 999;
  EXPECT_EQ(text(send(*session, request)), "body size limit exceeded");
}

TEST_F(HttpClientTest, UnpacksBodies) {
  const std::string plain = "up 1\n" + std::string(300'000, 'y');
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest& request) {
    if (request.target == "/gzip") {
      connection.answer(200, pack(plain), {"Content-Encoding: gzip"});
    } else if (request.target == "/members") {
      connection.answer(200, pack("one ") + pack("two"), {"Content-Encoding: gzip"});
    } else if (request.target == "/garbage") {
      connection.answer(200, "not packed", {"Content-Encoding: gzip"});
    } else {
      connection.answer(200, "?", {"Content-Encoding: snappy"});
    }
    return true;
  });
  const auto session = open();
  EXPECT_EQ(text(send(*session, get(server.url("/gzip")))), plain);
  EXPECT_EQ(text(send(*session, get(server.url("/members")))), "one two");
  EXPECT_EQ(text(send(*session, get(server.url("/garbage")))), "gzip: invalid header");
  EXPECT_EQ(text(send(*session, get(server.url("/other")))), "?");  // as it is
}

TEST_F(HttpClientTest, FollowsRedirects) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest& request) {
    if (request.target == "/301") connection.answer(301, "moved", {"Location: /end?a"});
    if (request.target == "/307") connection.answer(307, "moved", {"Location: end"});
    if (request.target == "/loop") connection.answer(302, "", {"Location: /loop"});
    if (request.target == "/file") connection.answer(302, "", {"Location: file:///etc/passwd"});
    if (request.target == "/ftp") connection.answer(302, "", {"Location: ftp://127.0.0.1/"});
    if (request.target.starts_with("/end")) return answer_echo(connection, request);
    return true;
  });
  const auto session = open();
  HttpRequest request = get(server.url("/301"));
  request.method = "POST";
  request.body = "form";
  request.headers = {{"Content-Type", "text/x"}, {"Authorization", "mine"}};
  const auto moved = send(*session, request);
  ASSERT_TRUE(moved);
  EXPECT_THAT(moved->body, StartsWith("GET /end?a\n"));
  EXPECT_THAT(moved->body, HasSubstr("authorization: mine\n"));  // it is the same server
  EXPECT_EQ(moved->body.find("text/x"), std::string::npos);
  EXPECT_EQ(moved->url, server.url("/end?a"));
  request.url = server.url("/307");
  const std::string kept = text(send(*session, request));
  EXPECT_THAT(kept, StartsWith("POST /end\n"));
  EXPECT_THAT(kept, EndsWith("form"));
  EXPECT_THAT(text(send(*session, get(server.url("/loop")))),
              EndsWith("stopped after 10 redirects"));
  EXPECT_THAT(text(send(*session, get(server.url("/file")))),
              EndsWith("unsupported protocol scheme \"file\""));
  EXPECT_THAT(text(send(*session, get(server.url("/ftp")))),
              EndsWith("unsupported protocol scheme \"ftp\""));
  HttpOptions stay;
  stay.follow_redirects = false;
  const auto stayed = send(*open(stay), get(server.url("/301")));
  ASSERT_TRUE(stayed);
  EXPECT_EQ(stayed->status, 301);
  EXPECT_EQ(stayed->header("location"), "/end?a");
}

TEST_F(HttpClientTest, RedirectsToOthersCarryNoCredentials) {
  HttpTestServer other(answer_echo);
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest& request) {
    EXPECT_EQ(request.header("x-token"), "secret");
    EXPECT_THAT(request.header("authorization"), StartsWith("Basic "));
    connection.answer(302, "", {"Location: " + other.url("/there")});
    return true;
  });
  HttpOptions options;
  options.basic_auth = BasicAuth{"me", "", "pw", ""};
  options.headers = {{"X-Token", {}, {"secret"}, {}}};
  HttpRequest request = get(server.url("/"));
  request.headers = {{"Cookie", "c=1"}, {"X-Plain", "kept"}, {"Host", "first.test"}};
  const std::string seen = text(send(*open(options), request));
  EXPECT_THAT(seen, StartsWith("GET /there\n"));
  EXPECT_THAT(seen, HasSubstr("x-plain: kept"));
  for (const std::string word : {"authorization", "x-token", "secret", "cookie", "first.test"}) {
    EXPECT_EQ(seen.find(word), std::string::npos) << word;
  }
}

TEST_F(HttpClientTest, CancelsWhatIsInFlight) {
  std::atomic<bool> asked{false};
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest&) {
    asked = true;
    return !connection.read_some().empty();
  });
  const auto session = open();
  std::promise<Result<HttpResponse>> promise;
  HttpTransfer transfer = session->send(
      get(server.url("/")), [&](Result<HttpResponse> r) { promise.set_value(std::move(r)); });
  while (!asked) std::this_thread::sleep_for(milliseconds(1));
  transfer.cancel();
  transfer.cancel();
  const auto response = promise.get_future().get();
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kCanceled);
  EXPECT_THAT(response.error().message, EndsWith("context canceled"));
  transfer.cancel();
}

TEST_F(HttpClientTest, CancelsEverythingWhenItStops) {
  std::atomic<int> asked{0};
  HttpTestServer server([&](ServerConnection& connection, const ReceivedRequest&) {
    ++asked;
    return !connection.read_some().empty();
  });
  const auto session = open();
  std::atomic<int> canceled{0};
  std::atomic<int> done{0};
  const HttpCallback count = [&](const Result<HttpResponse>& response) {
    if (!response && response.error().code == ErrorCode::kCanceled) ++canceled;
    ++done;
  };
  for (int i = 0; i < 50; ++i) session->send(get(server.url("/")), count);
  while (asked < 10) std::this_thread::sleep_for(milliseconds(1));
  stop();
  session->send(get(server.url("/")), count);  // too late
  while (done < 51) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(canceled, 51);
}

TEST_F(HttpClientTest, CallsBackOnceForEachOfARandomCrowd) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest& request) {
    std::this_thread::sleep_for(milliseconds(request.target.size() % 7));
    return answer_echo(connection, request);
  });
  constexpr int kSenders = 4;
  constexpr int kEach = 100;
  std::vector<std::atomic<int>> calls(std::size_t{kSenders} * kEach);
  std::atomic<int> done{0};
  std::vector<std::thread> senders;
  for (int s = 0; s < kSenders; ++s) {
    senders.emplace_back([&, s] {
      auto session = open();
      for (int i = 0; i < kEach; ++i) {
        HttpRequest request = get(server.url("/" + std::string(static_cast<std::size_t>(i), 'a')));
        if (i % 5 == 0) request.timeout = milliseconds(i % 20);
        const auto id = static_cast<std::size_t>(s * kEach + i);
        HttpTransfer transfer = session->send(request, [&, id](const Result<HttpResponse>&) {
          ++calls[id];
          ++done;
        });
        if (i % 3 == 0) transfer.cancel();
        if (i % 20 == 0) session = open();  // its transfers go on without it
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  while (done < kSenders * kEach) std::this_thread::sleep_for(milliseconds(1));
  for (const auto& count : calls) EXPECT_EQ(count, 1);
}

TEST(HttpClient, CancelsWhatWasSentIfItNeverRan) {
  int canceled = 0;
  {
    HttpClient client(nullptr);
    auto session = client.open({});
    ASSERT_TRUE(session);
    HttpRequest request;
    request.url = "http://127.0.0.1:1/";
    (*session)->send(request, [&](const Result<HttpResponse>& response) {
      if (!response && response.error().code == ErrorCode::kCanceled) ++canceled;
    });
  }
  EXPECT_EQ(canceled, 1);
}

}  // namespace
}  // namespace silverback::net

// Credentials, proxies and TLS, against servers that look at what arrives.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>

#include "net/http_options.h"
#include "net/http_secrets.h"
#include "tests/net/client_fixture.h"
#include "tests/testing/http_test_server.h"

namespace silverback::net {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::HttpTestServer;
using testing::ReceivedRequest;
using testing::ServerConnection;
using testing::ServerTls;
using ::testing::StartsWith;

// A folder of this test's own.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "silverback-net-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  // Replaced at once, as those do who rotate keys.
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(file(name + ".new")) << content;
    fs::rename(file(name + ".new"), file(name));
    return file(name);
  }

 private:
  fs::path path_;
};

class HttpAuth : public ClientFixture {
 protected:
  Folder folder_;
};

bool answer_authorization(ServerConnection& connection, const ReceivedRequest& request) {
  connection.answer(200, request.header("authorization"));
  return true;
}

TEST_F(HttpAuth, Basic) {
  HttpTestServer server(answer_authorization);
  HttpOptions options;
  options.basic_auth = BasicAuth{"Aladdin", "", "open sesame", ""};
  // The example of RFC 7617.
  EXPECT_EQ(text(send(*open(options), get(server.url("/")))), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST_F(HttpAuth, FilesAreReadAgainWhenTheyChange) {
  HttpTestServer server(answer_authorization);
  HttpOptions basic;
  basic.basic_auth = BasicAuth{"", folder_.write("user", "me\n"), "", folder_.write("pw", "one\n")};
  HttpOptions bearer;
  bearer.authorization = Authorization{"Bearer", "", folder_.write("token", " abc \n")};
  auto basic_session = open(basic);
  auto bearer_session = open(bearer);
  EXPECT_EQ(text(send(*basic_session, get(server.url("/")))), basic_credentials("me", "one"));
  EXPECT_EQ(text(send(*bearer_session, get(server.url("/")))), "Bearer abc");
  folder_.write("pw", "two\n");
  folder_.write("token", "xyz\n");
  EXPECT_EQ(text(send(*basic_session, get(server.url("/")))), basic_credentials("me", "two"));
  EXPECT_EQ(text(send(*bearer_session, get(server.url("/")))), "Bearer xyz");
  fs::remove(folder_.file("token"));
  EXPECT_THAT(text(send(*bearer_session, get(server.url("/")))),
              HasSubstr("unable to read authorization credentials file " + folder_.file("token")));
  folder_.write("token", "a\nb");  // two lines are no header
  EXPECT_THAT(text(send(*bearer_session, get(server.url("/")))), HasSubstr("invalid header"));
}

TEST_F(HttpAuth, CustomHeaders) {
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest& request) {
    std::string seen;
    const auto [begin, end] = request.headers.equal_range("x-many");
    for (auto it = begin; it != end; ++it) seen += it->second + ";";
    connection.answer(200, seen);
    return true;
  });
  HttpOptions options;
  options.headers = {{"X-Many", {"one", "two"}, {"hidden"}, {folder_.write("h", "filed\n")}}};
  EXPECT_EQ(text(send(*open(options), get(server.url("/")))), "one;two;hidden;filed;");
}

TEST(HttpOptionsCheck, RefusesWhatContradictsItself) {
  const auto message = [](const auto& change) {
    HttpOptions options;
    change(options);
    const Status status = check(options);
    return status ? std::string("ok") : status.error().message;
  };
  EXPECT_EQ(message([](HttpOptions&) {}), "ok");
  EXPECT_EQ(message([](HttpOptions& o) {
              o.basic_auth.emplace();
              o.authorization.emplace();
            }),
            "at most one of basic_auth, oauth2 & authorization must be configured");
  EXPECT_THAT(message([](HttpOptions& o) {
                o.basic_auth.emplace();
                o.basic_auth->password = o.basic_auth->password_file = "x";
              }),
              HasSubstr("password and basic_auth password_file"));
  EXPECT_THAT(message([](HttpOptions& o) {
                o.authorization = Authorization{"basic", "x", ""};
              }),
              HasSubstr("use \"basic_auth\" instead"));
  EXPECT_THAT(message([](HttpOptions& o) { o.tls.cert = "x"; }), HasSubstr("key or key_file"));
  EXPECT_THAT(message([](HttpOptions& o) { o.tls.key = "x"; }), HasSubstr("cert or cert_file"));
  EXPECT_THAT(message([](HttpOptions& o) { o.proxy.no_proxy = "x"; }), HasSubstr("proxy_url"));
  EXPECT_THAT(message([](HttpOptions& o) { o.oauth2.emplace(); }), HasSubstr("client_id"));
  EXPECT_THAT(message([](HttpOptions& o) {
                o.headers = {{"authorization", {"x"}, {}, {}}};
              }),
              HasSubstr("not allowed"));
  EXPECT_THAT(message([](HttpOptions& o) {
                o.headers = {{"X", {"a\nb"}, {}, {}}};
              }),
              HasSubstr("control character"));
}

// ---- OAuth 2.0

HttpOptions oauth2_options(const HttpTestServer& tokens) {
  HttpOptions options;
  options.oauth2.emplace();
  options.oauth2->client_id = "id";
  options.oauth2->client_secret = "s&s";
  options.oauth2->token_url = tokens.url("/token");
  options.oauth2->scopes = {"read", "write"};
  options.oauth2->endpoint_params = {{"audience", "a b"}};
  return options;
}

TEST_F(HttpAuth, OAuth2KeepsATokenAndAsksOnceForMany) {
  HttpTestServer tokens([](ServerConnection& connection, const ReceivedRequest& request) {
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.header("authorization"), basic_credentials("id", "s%26s"));
    EXPECT_EQ(request.body, "grant_type=client_credentials&scope=read+write&audience=a+b");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    connection.answer(200, R"({"access_token":"tok","token_type":"bearer","expires_in":3600})");
    return true;
  });
  HttpTestServer server(answer_authorization);
  auto session = open(oauth2_options(tokens));
  std::atomic<int> good{0};
  std::atomic<int> done{0};
  for (int i = 0; i < 50; ++i) {
    session->send(get(server.url("/")), [&](const Result<HttpResponse>& response) {
      if (text(response) == "Bearer tok") ++good;
      ++done;
    });
  }
  while (done < 50) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(good, 50);
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "Bearer tok");
  EXPECT_EQ(tokens.requests(), 1);
}

TEST_F(HttpAuth, OAuth2AsksAgainShortlyBeforeExpiryAndAfter401) {
  std::atomic<int> lifetime{5};  // less than the margin: good for no second request
  std::atomic<int> count{0};
  HttpTestServer tokens([&](ServerConnection& connection, const ReceivedRequest&) {
    connection.answer(200, R"({"access_token":"t)" + std::to_string(++count) +
                               R"(","expires_in":")" + std::to_string(lifetime) + "\"}");
    return true;
  });
  HttpTestServer server([](ServerConnection& connection, const ReceivedRequest& request) {
    connection.answer(request.target == "/refuse" ? 401 : 200, request.header("authorization"));
    return true;
  });
  auto session = open(oauth2_options(tokens));
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "Bearer t1");
  lifetime = 3600;
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "Bearer t2");
  EXPECT_EQ(text(send(*session, get(server.url("/refuse")))), "Bearer t2");
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "Bearer t3");
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "Bearer t3");
}

TEST_F(HttpAuth, OAuth2SendsTheSecretAsTheServerLikesIt) {
  HttpTestServer tokens([](ServerConnection& connection, const ReceivedRequest& request) {
    if (!request.header("authorization").empty()) {
      connection.answer(401, R"({"error":"invalid_client"})");
    } else {
      EXPECT_THAT(request.body, EndsWith("&client_id=id&client_secret=s%26s"));
      connection.answer(200, R"({"access_token":"tok","expires_in":1})");
    }
    return true;
  });
  HttpTestServer server(answer_authorization);
  auto session = open(oauth2_options(tokens));
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "Bearer tok");
  EXPECT_EQ(tokens.requests(), 2);
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "Bearer tok");
  EXPECT_EQ(tokens.requests(), 3);  // the way is known now
}

TEST_F(HttpAuth, OAuth2TellsWhichServerGaveNoToken) {
  HttpTestServer tokens([](ServerConnection& connection, const ReceivedRequest&) {
    connection.answer(500, "out of tokens");
    return true;
  });
  HttpTestServer server(answer_authorization);
  const std::string said = text(send(*open(oauth2_options(tokens)), get(server.url("/x"))));
  EXPECT_THAT(said,
              StartsWith("Get \"" + server.url("/x") + "\": oauth2: cannot fetch token from " +
                         tokens.url("/token") + ": "));
  EXPECT_THAT(said, HasSubstr("500: out of tokens"));
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(HttpAuth, WaitingForATokenEndsAtTheDeadline) {
  HttpTestServer tokens([](ServerConnection& connection, const ReceivedRequest&) {
    return !connection.read_some().empty();
  });
  auto session = open(oauth2_options(tokens));
  HttpRequest request = get("http://127.0.0.1:1/");
  request.timeout = std::chrono::milliseconds(100);
  EXPECT_THAT(text(send(*session, request)), EndsWith("context deadline exceeded"));
}

// ---- Proxies

TEST_F(HttpAuth, ProxyOfPlainRequests) {
  HttpTestServer proxy([](ServerConnection& connection, const ReceivedRequest& request) {
    connection.answer(200, request.method + " " + request.target + " " +
                               request.header("proxy-authorization") + request.header("x-connect"));
    return true;
  });
  HttpOptions options;
  options.proxy.url = "http://u:p@127.0.0.1:" + std::to_string(proxy.port());
  options.proxy.connect_headers = {{"X-Connect", "only with CONNECT"}};
  EXPECT_EQ(text(send(*open(options), get("http://far.test:81/a?b"))),
            "GET http://far.test:81/a?b " + basic_credentials("u", "p"));
  HttpTestServer server(answer_authorization);
  options.proxy.no_proxy = "127.0.0.0/8";
  EXPECT_EQ(text(send(*open(options), get(server.url("/")))), "");
  EXPECT_EQ(server.requests(), 1);
}

// ---- TLS: authorities and certificates made by openssl, once for all tests

class HttpTls : public ClientFixture {
 protected:
  static void SetUpTestSuite() {
    folder_ = new Folder;
    run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ours"
        " -keyout ca.key -out ca.pem");
    run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=others"
        " -keyout other.key -out other.pem");
    sign("server", "subjectAltName=IP:127.0.0.1,DNS:localhost");
    sign("named", "subjectAltName=DNS:db.example.org");
    sign("client", "subjectAltName=DNS:client");
    sign("client2", "subjectAltName=DNS:client2");
  }
  static void TearDownTestSuite() { delete std::exchange(folder_, nullptr); }

  static void run(const std::string& arguments) {
    const std::string command =
        "cd '" + folder_->file("") + "' && openssl " + arguments + " >>log 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << read("log");
  }
  static void sign(const std::string& name, const std::string& extension) {
    folder_->write(name + ".ext", extension + "\n");
    run("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " +
        name + ".key -out " + name + ".csr");
    run("x509 -req -days 2 -CA ca.pem -CAkey ca.key -CAcreateserial -in " + name +
        ".csr -extfile " + name + ".ext -out " + name + ".pem");
  }
  static std::string file(const std::string& name) { return folder_->file(name); }
  static std::string read(const std::string& name) {
    std::ifstream in(folder_->file(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static ServerTls server_tls(const std::string& name, const std::string& client_ca = "") {
    return {file(name + ".pem"), file(name + ".key"), client_ca.empty() ? "" : file(client_ca)};
  }
  static bool answer_server_name(ServerConnection& connection, const ReceivedRequest&) {
    connection.answer(200, "hello " + connection.server_name());
    return true;
  }

  static inline Folder* folder_ = nullptr;
};

TEST_F(HttpTls, TrustsTheConfiguredAuthorityOnly) {
  HttpTestServer server(answer_server_name, server_tls("server"));
  HttpOptions options;
  options.tls.ca_file = file("ca.pem");
  EXPECT_EQ(text(send(*open(options), get(server.url("/")))), "hello ");
  options.tls = {};
  options.tls.ca = read("ca.pem");
  EXPECT_EQ(text(send(*open(options), get(server.url("/")))), "hello ");
  options.tls.ca = read("other.pem");
  const std::string unknown =
      "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  EXPECT_THAT(text(send(*open(options), get(server.url("/")))), EndsWith(unknown));
  EXPECT_THAT(text(send(*open(), get(server.url("/")))), EndsWith(unknown));
  options.tls = {};
  options.tls.insecure_skip_verify = true;
  EXPECT_EQ(text(send(*open(options), get(server.url("/")))), "hello ");
  options.tls = {};
  options.tls.ca = "no certificate";
  EXPECT_THAT(text(send(*open(options), get(server.url("/")))),
              HasSubstr("unable to use specified CA cert"));
}

TEST_F(HttpTls, AsksForAndVerifiesTheServerName) {
  HttpTestServer server(answer_server_name, server_tls("named"));
  HttpOptions options;
  options.tls.ca_file = file("ca.pem");
  EXPECT_THAT(text(send(*open(options), get(server.url("/")))),
              EndsWith("x509: certificate is not valid for 127.0.0.1"));
  options.tls.server_name = "db.example.org";
  EXPECT_EQ(text(send(*open(options), get(server.url("/")))), "hello db.example.org");
  options.tls.server_name = "named";  // the common name does not count, as in Go
  EXPECT_THAT(text(send(*open(options), get(server.url("/")))),
              EndsWith("x509: certificate is not valid for the configured server_name"));
  options.tls.insecure_skip_verify = true;
  EXPECT_EQ(text(send(*open(options), get(server.url("/")))), "hello named");
}

TEST_F(HttpTls, KeepsToTheVersionsAskedFor) {
  HttpTestServer server(answer_server_name, server_tls("server"));
  HttpOptions options;
  options.tls.ca_file = file("ca.pem");
  options.tls.min_version = TlsVersion::kTls13;
  EXPECT_EQ(text(send(*open(options), get(server.url("/")))), "hello ");
  options.tls.min_version = TlsVersion::kTls10;
  options.tls.max_version = TlsVersion::kTls11;
  EXPECT_THAT(text(send(*open(options), get(server.url("/")))), HasSubstr(": tls: "));
  HttpTestServer plain(answer_server_name);
  options.tls.min_version = options.tls.max_version = TlsVersion::kDefault;
  EXPECT_THAT(text(send(*open(options), get("https://127.0.0.1:" + std::to_string(plain.port())))),
              EndsWith("http: server gave HTTP response to HTTPS client"));
}

TEST_F(HttpTls, ShowsAClientCertificateAndReadsItAgain) {
  HttpTestServer server(answer_server_name, server_tls("server", "ca.pem"));
  HttpOptions options;
  options.tls.ca_file = file("ca.pem");
  EXPECT_THAT(text(send(*open(options), get(server.url("/")))), HasSubstr("Get \"https"));
  folder_->write("mine.pem", read("client.pem"));
  folder_->write("mine.key", read("client.key"));
  options.tls.cert_file = file("mine.pem");
  options.tls.key_file = file("mine.key");
  auto session = open(options);
  const int before = server.connections();
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "hello ");
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "hello ");
  EXPECT_EQ(server.connections(), before + 1);
  folder_->write("mine.pem", read("client2.pem"));
  folder_->write("mine.key", read("client2.key"));
  EXPECT_EQ(text(send(*session, get(server.url("/")))), "hello ");
  EXPECT_EQ(server.connections(), before + 2);  // the old connection shows the old certificate
  folder_->write("mine.key", read("client.key"));
  EXPECT_THAT(text(send(*open(options), get(server.url("/")))),
              HasSubstr("unable to use specified client cert or key"));
}

TEST_F(HttpTls, TunnelsThroughAProxy) {
  HttpTestServer server(answer_server_name, server_tls("named"));
  Mutex mutex;
  std::string asked;
  HttpTestServer proxy([&](ServerConnection& connection, const ReceivedRequest& request) {
    {
      MutexLock lock(mutex);
      asked = request.method + " " + request.target + " " + request.header("x-connect");
    }
    connection.write("HTTP/1.1 200 Connected\r\n\r\n");
    connection.tunnel_to(server.port());
    return false;
  });
  HttpOptions options;
  options.tls.ca_file = file("ca.pem");
  options.proxy.url = proxy.url("");
  options.proxy.connect_headers = {{"X-Connect", "please"}};
  EXPECT_EQ(text(send(*open(options), get("https://db.example.org/"))), "hello db.example.org");
  MutexLock lock(mutex);
  EXPECT_EQ(asked, "CONNECT db.example.org:443 please");
  stop();  // closes the tunnel, for which the proxy waits
}

}  // namespace
}  // namespace silverback::net

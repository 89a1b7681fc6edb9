#include "cmd/server.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ingest/remote_write_message.h"
#include "tests/testing/http_client.h"
#include "tests/testing/manual_clock.h"

namespace silverback::cmd {
namespace {

using silverback::testing::HttpAnswer;
using silverback::testing::HttpClient;
using silverback::testing::ManualClock;
using silverback::testing::WireSeries;
using ::testing::HasSubstr;

constexpr TimestampMs kNow = 1'700'000'000'000;

HttpAnswer get(const std::string& address, std::string_view target) {
  return HttpClient(address).get(target);
}

HttpAnswer post(const std::string& address, std::string_view target, std::string_view body) {
  return HttpClient(address).request("POST", target, {}, body);
}

class ServerProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/silverback_server_test_XXXXXX";
    folder_ = mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Flags flags(std::vector<std::string> more = {}) {
    more.push_back("--storage.tsdb.path=" + folder_ + "/data");
    more.emplace_back("--web.listen-address=127.0.0.1:0");
    more.emplace_back("--storage.min-free-bytes=0");
    return *parse_flags(more);
  }

  std::string folder_;
  ManualClock clock_{kNow};
};

TEST_F(ServerProcess, KeepsWhatItAcknowledgedOverARestart) {
  const std::string body =
      silverback::testing::snappy_block(silverback::testing::encode(std::vector<WireSeries>{
          {.labels = {{"__name__", "x"}, {"a", "1"}}, .samples = {{kNow, 42}}}}));
  for (int start = 0; start < 2; ++start) {
    Server server(flags({"--no-scrape.self"}), clock_, {});
    const Status started = server.start();
    ASSERT_TRUE(started) << started.error().message;
    const std::string address = server.addresses().front();
    EXPECT_EQ(get(address, "/-/ready").status, 200);
    if (start == 0) {
      EXPECT_EQ(post(address, "/api/v1/write", body).status, 204);
    }
    EXPECT_THAT(get(address, "/api/v1/query?query=x&time=1700000000").body,
                HasSubstr(R"("value":[1700000000,"42"])"));
    server.stop();
  }
}

TEST_F(ServerProcess, RefusesTimesThatItDoesNotKeep) {
  Server server(flags({"--no-scrape.self", "--storage.tsdb.retention.time=1d"}), clock_, {});
  ASSERT_TRUE(server.start());
  const std::string body = silverback::testing::snappy_block(silverback::testing::encode(
      std::vector<WireSeries>{{.labels = {{"__name__", "x"}},
                               .samples = {{kNow - 2 * 24 * 3600 * 1000, 1}, {kNow, 2}}}}));
  const HttpAnswer answer = post(server.addresses().front(), "/api/v1/write", body);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("out of bounds"));
}

TEST_F(ServerProcess, ScrapesItself) {
  Server server(flags(), clock_, {});
  ASSERT_TRUE(server.start());
  const std::string address = server.addresses().front();
  const std::string query =
      "/api/v1/query?time=1700000000&query=up%7Bjob%3D%22silverback%22%2Cinstance%3D%22" + address +
      "%22%7D%20%3D%3D%201";
  std::string answer;
  for (int i = 0; i < 200 && answer.find("\"1\"") == std::string::npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    answer = get(address, query).body;
  }
  EXPECT_THAT(answer, HasSubstr(R"("value":[1700000000,"1"])"));
  EXPECT_THAT(get(address, "/api/v1/query?time=1700000000&query=process_cpu_seconds_total").body,
              HasSubstr("\"__name__\":\"process_cpu_seconds_total\""));
}

TEST_F(ServerProcess, AsksToEndWhenAClientMay) {
  std::atomic<int> asked{0};
  Server server(flags({"--web.enable-lifecycle"}), clock_, [&] { ++asked; });
  ASSERT_TRUE(server.start());
  EXPECT_EQ(post(server.addresses().front(), "/-/quit", "").status, 200);
  EXPECT_EQ(asked, 1);
}

class ConfiguredServer : public ServerProcess {
 protected:
  void configure(std::string_view yaml) { std::ofstream(folder_ + "/p.yml") << yaml; }
  std::string file_flag() const { return "--config.file=" + folder_ + "/p.yml"; }
  // The number of points in a subquery over ten minutes without a step.
  static std::string points(const std::string& address) {
    const std::string body =
        get(address, "/api/v1/query?time=1700000000&query=count_over_time(vector(1)%5B10m%3A%5D)")
            .body;
    const std::size_t value = body.find("1700000000,\"");
    return value == std::string::npos
               ? body
               : body.substr(value + 12, body.find('"', value + 12) - value - 12);
  }
  static int write_of_age(const std::string& address, DurationMs age) {
    const std::string body = silverback::testing::snappy_block(silverback::testing::encode(
        std::vector<WireSeries>{{.labels = {{"__name__", "x"}}, .samples = {{kNow - age, 1}}}}));
    return post(address, "/api/v1/write", body).status;
  }
};

constexpr DurationMs kDay = 86'400'000;

TEST_F(ConfiguredServer, RunsByItsFileAndReloadsIt) {
  configure("global: {evaluation_interval: 30s}\nstorage: {tsdb: {retention: {time: 2d}}}\n");
  Server server(flags({"--no-scrape.self", "--web.enable-lifecycle", file_flag(),
                       "--storage.tsdb.retention.time=1d"}),
                clock_, {});
  const Status started = server.start();
  ASSERT_TRUE(started) << started.error().message;
  const std::string address = server.addresses().front();
  EXPECT_EQ(points(address), "20");
  EXPECT_EQ(write_of_age(address, kDay + kDay / 2), 204) << "the file wins over the flag";
  EXPECT_EQ(write_of_age(address, 2 * kDay + 1), 400);
  EXPECT_THAT(get(address, "/api/v1/status/config").body, HasSubstr("evaluation_interval: 30s\\n"));
  EXPECT_THAT(get(address, "/api/v1/status/runtimeinfo").body,
              HasSubstr(R"("storageRetention":"2d")"));

  configure("global: {evaluation_interval: 15s}\nstorage: {tsdb: {retention: {time: 3d}}}\n");
  EXPECT_EQ(points(address), "20") << "nobody asked for a reload";
  EXPECT_EQ(post(address, "/-/reload", "").status, 200);
  EXPECT_EQ(points(address), "40");
  EXPECT_EQ(write_of_age(address, 2 * kDay + 1), 204);
  EXPECT_THAT(get(address, "/api/v1/status/runtimeinfo").body,
              HasSubstr(R"("storageRetention":"3d")"));

  configure("global: {evaluation_interval: 10s}\nremote_read: [{url: 'http://h'}]\n");
  const HttpAnswer refused = post(address, "/-/reload", "");
  EXPECT_EQ(refused.status, 500);
  EXPECT_THAT(refused.body, HasSubstr("failed to reload config: "));
  EXPECT_THAT(refused.body, HasSubstr("remote_read"));
  EXPECT_FALSE(server.reload());
  EXPECT_EQ(points(address), "40") << "a refused file changes nothing";
  EXPECT_THAT(get(address, "/api/v1/status/runtimeinfo").body,
              HasSubstr(R"("reloadConfigSuccess":false)"));
  EXPECT_THAT(get(address, "/metrics").body,
              HasSubstr("prometheus_config_last_reload_successful 0\n"));
  server.stop();
}

TEST_F(ConfiguredServer, DoesNotStartWithAFileThatIsWrong) {
  constexpr std::pair<std::string_view, std::string_view> cases[] = {
      {"globl: {}\nrule_file: []\n", ":2:1: rule_file: unknown key"},
      {"remote_write: [{url: 'http://h'}]\n", "remote_write: sending samples"},
  };
  for (const auto& [yaml, message] : cases) {
    configure(yaml);
    Server server(flags({file_flag()}), clock_, {});
    const Status started = server.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(started.error().message, HasSubstr(std::string(message)));
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/data"));
  }
  Server server(flags({"--config.file=" + folder_ + "/none.yml"}), clock_, {});
  EXPECT_THAT(server.start().error().message, HasSubstr("none.yml"));
}

TEST_F(ConfiguredServer, ReloadsByItself) {
  for (const char* how : {"--config.auto-reload", "--enable-feature=auto-reload-config"}) {
    configure("global: {evaluation_interval: 30s}\n");
    Server server(
        flags({"--no-scrape.self", file_flag(), how, "--config.auto-reload-interval=1ms"}), clock_,
        {});
    ASSERT_TRUE(server.start());
    const std::string address = server.addresses().front();
    EXPECT_EQ(points(address), "20");
    configure("global: {evaluation_interval: 15s}\n");
    for (int i = 0; i < 200 && points(address) != "40"; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(points(address), "40") << how;
    server.stop();
  }
}

TEST_F(ConfiguredServer, IsReachedUnderItsExternalUrl) {
  Server server(flags({"--no-scrape.self", "--web.external-url=http://h.example/prom/"}), clock_,
                {});
  ASSERT_TRUE(server.start());
  const std::string address = server.addresses().front();
  EXPECT_EQ(get(address, "/prom/-/ready").status, 200);
  EXPECT_EQ(get(address, "/").header("location"), "/prom");
  server.stop();
  Server quoted(flags({"--web.external-url='http://h.example'"}), clock_, {});
  EXPECT_THAT(quoted.start().error().message, HasSubstr("--web.external-url"));
}

TEST_F(ServerProcess, SaysWhyItDoesNotStart) {
  std::filesystem::create_directories(folder_ + "/data/wal");
  std::ofstream(folder_ + "/data/wal/00000000") << "x";
  Server foreign(flags(), clock_, {});
  const Status refused = foreign.start();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("wal"));

  Server nowhere(*parse_flags(std::vector<std::string>{"--web.listen-address=nowhere",
                                                       "--storage.tsdb.path=" + folder_ + "/b"}),
                 clock_, {});
  EXPECT_FALSE(nowhere.start());

  for (const char* nothing : {"", ","}) {
    Server mute(*parse_flags(std::vector<std::string>{"--web.listen-address", nothing,
                                                      "--storage.tsdb.path=" + folder_ + "/b"}),
                clock_, {});
    const Status started = mute.start();
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("--web.listen-address"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/b"));
}

}  // namespace
}  // namespace silverback::cmd

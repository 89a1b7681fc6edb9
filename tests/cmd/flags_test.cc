#include "cmd/flags.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace silverback::cmd {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Result<Flags> parse(std::vector<std::string> arguments) { return parse_flags(arguments); }

TEST(Flags, HavePrometheussDefaults) {
  const Flags flags = *parse({});
  EXPECT_EQ(flags.text("storage.tsdb.path"), "data/");
  EXPECT_EQ(flags.duration("storage.tsdb.retention.time"), 15LL * 24 * 3600 * 1000);
  EXPECT_THAT(flags.list("web.listen-address"), ElementsAre("0.0.0.0:9090"));
  EXPECT_EQ(flags.count("query.max-samples"), 50'000'000U);
  EXPECT_EQ(flags.bytes("web.max-inflight-bytes"), 256ULL << 20);
  EXPECT_TRUE(flags.on("scrape.self"));
  EXPECT_TRUE(flags.on("web.enable-remote-write-receiver"));
  EXPECT_FALSE(flags.on("web.enable-lifecycle"));
  EXPECT_THAT(flags.list("enable-feature"), IsEmpty());
  EXPECT_THAT(flags.warnings(), IsEmpty());
}

TEST(Flags, TakeValuesInBothForms) {
  const auto flags =
      parse({"--storage.tsdb.path", "/srv/data", "--query.timeout=30s", "--web.enable-lifecycle",
             "--no-scrape.self", "--no-web.enable-remote-write-receiver"});
  ASSERT_TRUE(flags) << flags.error().message;
  EXPECT_EQ(flags->text("storage.tsdb.path"), "/srv/data");
  EXPECT_EQ(flags->duration("query.timeout"), 30'000);
  EXPECT_TRUE(flags->on("web.enable-lifecycle"));
  EXPECT_FALSE(flags->on("scrape.self"));
  EXPECT_FALSE(flags->on("web.enable-remote-write-receiver"));
}

TEST(Flags, TakeAnEmptyValueForWhatItIs) {
  const auto flags = parse({"--web.route-prefix=", "--storage.tsdb.path=/data",
                            "--web.external-url", "", "--query.timeout=3s"});
  ASSERT_TRUE(flags) << flags.error().message;
  EXPECT_EQ(flags->text("web.route-prefix"), "");
  EXPECT_EQ(flags->text("storage.tsdb.path"), "/data");
  EXPECT_EQ(flags->text("web.external-url"), "");
  EXPECT_EQ(flags->duration("query.timeout"), 3'000);
}

TEST(Flags, CollectListsFromRepetitionsAndCommas) {
  const auto flags = parse({"--web.listen-address=127.0.0.1:1", "--enable-feature=a,b",
                            "--web.listen-address=[::1]:2", "--enable-feature", "c"});
  ASSERT_TRUE(flags) << flags.error().message;
  EXPECT_THAT(flags->list("web.listen-address"), ElementsAre("127.0.0.1:1", "[::1]:2"));
  EXPECT_THAT(flags->list("enable-feature"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(flags->all(), Contains(Pair("enable-feature", "a,b,c")));
}

TEST(Flags, RefuseWhatTheyCannotMean) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"--no-such-flag"}, "no-such-flag"},
      {{"stray"}, "stray"},
      {{"--query.timeout"}, "query.timeout"},
      {{"--query.timeout=soon"}, "query.timeout"},
      {{"--query.timeout=1s", "--query.timeout=2s"}, "query.timeout"},
      {{"--query.max-samples=-1"}, "query.max-samples"},
      {{"--query.max-samples=1.5"}, "query.max-samples"},
      {{"--web.max-inflight-bytes=many"}, "web.max-inflight-bytes"},
      {{"--web.enable-lifecycle=perhaps"}, "web.enable-lifecycle"},
      // What users rely on and is not there.
      {{"--web.config.file=web.yml"}, "web.config.file"},
      {{"--storage.tsdb.retention.size=1GB"}, "retention.size"},
      {{"--web.enable-otlp-receiver"}, "otlp"},
      {{"--agent"}, "agent"},
      {{"--storage.agent.path=x"}, "agent"},
  };
  for (const auto& [arguments, named] : cases) {
    const auto flags = parse(arguments);
    ASSERT_FALSE(flags) << arguments.front();
    EXPECT_EQ(flags.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(flags.error().message, HasSubstr(named));
  }
}

TEST(Flags, WarnAboutPrometheussFlagsWithoutMeaningHere) {
  const auto flags = parse({"--storage.tsdb.wal-compression", "--web.console.templates=x",
                            "--storage.tsdb.min-block-duration=2h", "--no-agent"});
  ASSERT_TRUE(flags) << flags.error().message;
  EXPECT_THAT(flags->warnings(), ::testing::SizeIs(3));
  EXPECT_THAT(flags->warnings(), Contains(HasSubstr("--storage.tsdb.wal-compression")));
}

TEST(Flags, ShowTheirValuesAsPrometheusDoes) {
  const auto flags = parse({"--query.timeout=120s", "--no-scrape.self"});
  ASSERT_TRUE(flags);
  EXPECT_THAT(flags->all(), Contains(Pair("query.timeout", "2m")));
  EXPECT_THAT(flags->all(), Contains(Pair("storage.tsdb.retention.time", "15d")));
  EXPECT_THAT(flags->all(), Contains(Pair("scrape.self", "false")));
}

TEST(Flags, EachHasOneNameAndAHelpText) {
  std::set<std::string_view> names;
  for (const FlagSpec& spec : flag_specs()) {
    EXPECT_TRUE(names.insert(spec.name).second) << spec.name;
    EXPECT_FALSE(spec.help.empty()) << spec.name;
    EXPECT_THAT(flag_help(), HasSubstr(std::string(spec.name)));
  }
}

TEST(Flags, AreListedInTheDocuments) {
  const std::string path = "docs/flags.md";
  const std::string head =
      "# Flags\n\nOf `silverback [serve]`. This page is written from the table in `cmd/flags.cc` "
      "by\n"
      "`UPDATE_GOLDEN=1 build/dev/bin/cmd_test --gtest_filter=Flags.*`.\n\n";
  const std::string want = head + flag_table_markdown();
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << want;
  std::ifstream file(path);
  const std::string have{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(have, want) << "UPDATE_GOLDEN=1 rewrites " << path;
}

TEST(ParseBytes, TakesPowersOf1024) {
  struct Case {
    std::string_view text;
    std::optional<std::uint64_t> want;
  };
  constexpr Case cases[] = {
      {"0", 0},
      {"4096", 4096},
      {"4096B", 4096},
      {"1KB", 1024},
      {"1KiB", 1024},
      {"512MB", 512ULL << 20},
      {"2GiB", 2ULL << 30},
      {"15EB", 15ULL << 60},
      {"16EB", std::nullopt},
      {"", std::nullopt},
      {"MB", std::nullopt},
      {"1.5GB", std::nullopt},
      {"1mb", std::nullopt},
      {"1M", std::nullopt},
      {"-1", std::nullopt},
      {"1MBB", std::nullopt},
      {"1 MB", std::nullopt},
  };
  for (const Case& c : cases) {
    const auto bytes = parse_bytes(c.text);
    EXPECT_EQ(bytes ? std::optional(*bytes) : std::nullopt, c.want) << c.text;
  }
}

}  // namespace
}  // namespace silverback::cmd

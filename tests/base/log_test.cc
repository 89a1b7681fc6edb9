#include "base/log.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace silverback {
namespace {

// What `log` writes on stderr with these settings, each time replaced by T.
template <class Log>
std::string logged(std::string_view level, std::string_view format, Log log) {
  EXPECT_TRUE(configure_log(level, format));
  ::testing::internal::CaptureStderr();
  log();
  std::string text = ::testing::internal::GetCapturedStderr();
  const std::string_view before = format == "json" ? "{\"ts\":\"" : "ts=";
  for (std::size_t line = 0; line < text.size(); line = text.find('\n', line) + 1) {
    const std::size_t from = line + before.size();
    const std::size_t bytes = text.find('Z', line) + 1 - from;
    EXPECT_EQ(text.substr(line, before.size()), before);
    EXPECT_TRUE(parse_timestamp(text.substr(from, bytes))) << text;
    text.replace(from, bytes, "T");
  }
  return text;
}

TEST(Log, WritesLogfmt) {
  EXPECT_EQ(logged("info", "logfmt", [] { log_info("ready"); }), "ts=T level=info msg=ready\n");
  EXPECT_EQ(logged("info", "logfmt", [] { log_warn("two words"); }),
            "ts=T level=warn msg=\"two words\"\n");
  EXPECT_EQ(logged("info", "logfmt", [] { log_error("a=\"b\"\nc {}"); }),
            "ts=T level=error msg=\"a=\\\"b\\\"\\nc {}\"\n");
}

TEST(Log, WritesJson) {
  EXPECT_EQ(logged("debug", "json", [] { log_debug("say \"é\"\n\x01 {} \\"); }),
            "{\"ts\":\"T\",\"level\":\"debug\",\"msg\":\"say \\\"é\\\"\\u000a\\u0001 {} \\\\\"}\n");
  EXPECT_EQ(logged("info", "json", [] { log_info("bad \xff"); }),
            "{\"ts\":\"T\",\"level\":\"info\",\"msg\":\"\\\"bad \\\\xff\\\"\"}\n");
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  const auto log_all = [] {
    log_debug("d");
    log_info("i");
    log_warn("w");
    log_error("e");
  };
  EXPECT_EQ(logged("error", "logfmt", log_all), "ts=T level=error msg=e\n");
  EXPECT_EQ(logged("warn", "logfmt", log_all), "ts=T level=warn msg=w\nts=T level=error msg=e\n");
}

TEST(Log, RefusesUnknownNames) {
  EXPECT_FALSE(configure_log("loud", "logfmt"));
  EXPECT_FALSE(configure_log("info", "xml"));
  EXPECT_FALSE(configure_log("", ""));
}

}  // namespace
}  // namespace silverback

#include "ingest/exposition_format.h"

#include <gtest/gtest.h>

namespace silverback::ingest {
namespace {

constexpr ExpositionFormat kText = ExpositionFormat::kText;
constexpr ExpositionFormat kOpenMetrics = ExpositionFormat::kOpenMetrics;

TEST(AcceptHeader, IsPrometheuss) {
  EXPECT_EQ(accept_header({"OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0",
                           "PrometheusText0.0.4"},
                          "allow-utf-8"),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
            "text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
  EXPECT_EQ(accept_header({"PrometheusText1.0.0"}, "underscores"),
            "text/plain;version=1.0.0;escaping=underscores;q=0.6,*/*;q=0.5");
}

TEST(AcceptHeader, LeavesOutWhatIsNotRead) {
  EXPECT_EQ(accept_header({"PrometheusProto", "PrometheusText0.0.4"}, "allow-utf-8"),
            "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
  EXPECT_EQ(accept_header({"PrometheusProto"}, "allow-utf-8"), "*/*;q=0.6");
}

TEST(ExpositionContentType, NamesTheFormat) {
  struct Case {
    std::string_view content_type;
    ExpositionFormat format;
    std::optional<EscapingScheme> escaping;
  };
  const Case cases[] = {
      {"text/plain", kText, {}},
      {"text/plain; version=0.0.4; charset=utf-8", kText, {}},
      {"text/plain;version=1.0.0;escaping=allow-utf-8", kText, EscapingScheme::kAllowUtf8},
      {"text/plain; escaping=underscores", kText, EscapingScheme::kUnderscores},
      {"text/plain; escaping=\"dots\"", kText, EscapingScheme::kDots},
      {"text/plain; Escaping=values", kText, EscapingScheme::kValues},
      {"text/plain; escaping=other", kText, {}},
      {"text/plain; version=7", kText, {}},  // versions are not looked at
      {"application/openmetrics-text", kOpenMetrics, {}},
      {"application/openmetrics-text; version=1.0.0; charset=utf-8", kOpenMetrics, {}},
      {" Application/OpenMetrics-Text ;version=0.0.1;", kOpenMetrics, {}},
      {"text/plain; a=\"x\\\";y\"; a=\"x\\\";y\" ;", kText, {}},
  };
  for (const Case& c : cases) {
    for (const std::string_view fallback : {"", "PrometheusText0.0.4"}) {
      const auto known = exposition_content_type(c.content_type, fallback);
      ASSERT_TRUE(known) << c.content_type << ": " << known.error().message;
      EXPECT_EQ(known->format, c.format) << c.content_type;
      EXPECT_EQ(known->escaping, c.escaping) << c.content_type;
      EXPECT_EQ(known->complaint, "");
    }
  }
}

// Without a fallback the first text, with one the second as a complaint.
TEST(ExpositionContentType, FallsBackInPrometheussWords) {
  struct Case {
    std::string_view content_type, error, complaint;
  };
  const Case cases[] = {
      {"",
       "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol "
       "specified for target",
       "non-compliant scrape target sending blank Content-Type, using fallback_scrape_protocol "
       "\"application/openmetrics-text\""},
      {"text/html",
       "received unsupported Content-Type \"text/html\" and no fallback_scrape_protocol specified "
       "for target",
       "received unsupported Content-Type \"text/html\", using fallback_scrape_protocol "
       "\"application/openmetrics-text\""},
      {"application/vnd.google.protobuf; encoding=delimited",
       "received unsupported Content-Type \"application/vnd.google.protobuf; encoding=delimited\" "
       "and no fallback_scrape_protocol specified for target",
       "received unsupported Content-Type \"application/vnd.google.protobuf; encoding=delimited\", "
       "using fallback_scrape_protocol \"application/openmetrics-text\""},
      {"text/plain; version",
       "cannot parse Content-Type \"text/plain; version\" and no fallback_scrape_protocol for "
       "target\nmime: invalid media parameter",
       "could not parse received Content-Type \"text/plain; version\", using "
       "fallback_scrape_protocol \"application/openmetrics-text\"\nmime: invalid media parameter"},
  };
  for (const Case& c : cases) {
    const auto refused = exposition_content_type(c.content_type, "");
    ASSERT_FALSE(refused) << c.content_type;
    EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(refused.error().message, c.error);
    const auto taken = exposition_content_type(c.content_type, "OpenMetricsText1.0.0");
    ASSERT_TRUE(taken) << c.content_type;
    EXPECT_EQ(taken->format, kOpenMetrics);
    EXPECT_EQ(taken->complaint, c.complaint);
  }
}

TEST(ExpositionContentType, CannotFallBackToWhatIsNotRead) {
  const auto refused = exposition_content_type("", "PrometheusProto");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "non-compliant scrape target sending blank Content-Type, and PrometheusProto as "
            "fallback_scrape_protocol is not supported");
}

TEST(ExpositionContentType, SaysWhatIsMalformed) {
  struct Case {
    std::string_view content_type, mime_error;
  };
  const Case cases[] = {
      {" ", "mime: no media type"},
      {"/plain", "mime: no media type"},
      {"text plain", "mime: expected slash after first token"},
      {"text/", "mime: expected token after slash"},
      {"text/plain/x", "mime: unexpected content after media subtype"},
      {"text/plain x=y", "mime: unexpected content after media subtype"},
      {"text/plain; =y", "mime: invalid media parameter"},
      {"text/plain; x=", "mime: invalid media parameter"},
      {"text/plain; x=\"y", "mime: invalid media parameter"},
      {"text/plain; x=y z", "mime: invalid media parameter"},
      {"text/plain;; x=y", "mime: invalid media parameter"},
      {"text/plain; x=y; x=z", "mime: duplicate parameter name"},
  };
  for (const Case& c : cases) {
    const auto refused = exposition_content_type(c.content_type, "");
    ASSERT_FALSE(refused) << c.content_type;
    EXPECT_TRUE(refused.error().message.ends_with(std::string("\n").append(c.mime_error)))
        << c.content_type << ": " << refused.error().message;
  }
  std::string many = "text/plain";
  for (int i = 0; i < 17; ++i) many += ";p" + std::to_string(i) + "=1";
  EXPECT_FALSE(exposition_content_type(many, ""));
}

}  // namespace
}  // namespace silverback::ingest

#include "rules/template/template.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/rules/template/expansion.h"

namespace silverback::templates {
namespace {

using silverback::testing::alert_data;
using silverback::testing::alert_environment;
using silverback::testing::Expansion;

// As they stand in rule files.
TEST(Template, ExpandsAnnotations) {
  constexpr Expansion cases[] = {
      {"Instance {{ $labels.instance }} down", "Instance host-1.example.com:9100 down"},
      {"{{ $labels.instance }} of job {{ $labels.job }} has been down for more than 5 minutes.",
       "host-1.example.com:9100 of job node has been down for more than 5 minutes."},
      {"A {{ $labels.device }} has only {{ printf \"%.2f\" $value }}% available space left.",
       "A  has only 1234567.89% available space left."},
      {"{{ $value | humanize }}B, {{ $value | humanize1024 }}B, {{ $value | humanizePercentage }}, "
       "{{ $value | humanizeDuration }}",
       "1.235MB, 1.177MiB, 1.235e+08%, 14d 6h 56m 7s"},
      {"{{ $labels.job | toUpper }} in {{ $externalLabels.cluster }}", "NODE in eu-1"},
      {"{{ with query \"up\" }}{{ . | first | value }}{{ end }}", "1"},
      {"{{ range query \"up\" }}{{ .Labels.instance }}: {{ .Value }}\n{{ end }}",
       "b:1: 1\na:1: 2.5\nc:1: 1e+07\n"},
      {"{{ if gt $value 1000.0 }}critical{{ else }}warning{{ end }}", "critical"},
      {"{{ $externalURL }}{{ graphLink \"up == 0\" }}",
       "http://prom.example.com:9090/prom/graph?g0.expr=up+%3D%3D+0&g0.tab=0"},
      {"no actions", "no actions"},
      {"", ""},
      {"{{ .Labels.job }}/{{ .ExternalLabels.replica }}/{{ .ExternalURL }}/{{ .Value }}",
       "node/a/http://prom.example.com:9090/prom/1.234567891e+06"},
  };
  for (const auto& [text, want] : cases) {
    EXPECT_EQ(silverback::testing::expand(text), want) << text;
  }
}

TEST(Template, SaysWhatFailedInPrometheussWords) {
  const auto message = [](std::string_view text) {
    return expand(text, "__alert_A", alert_data(), alert_environment()).error().message;
  };
  EXPECT_EQ(message("{{ $x }}"),
            "error parsing template __alert_A: template: __alert_A:1: undefined variable \"$x\"");
  EXPECT_EQ(
      message("{{ .Labels.job.x }}"),
      "error executing template __alert_A: template: __alert_A:1:122: executing \"__alert_A\" at "
      "<.Labels.job.x>: can't evaluate field x in type string");
}

TEST(Template, IsCheckedWithoutData) {
  EXPECT_TRUE(Template::parse("{{ $labels.x }} {{ .Foo }}", "t"));
  const Result<Template> bad = Template::parse("{{ end }}", "t");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "template: t:1: unexpected {{end}}");
}

TEST(Template, KnowsNoConsoleFunction) {
  EXPECT_EQ(silverback::testing::expand("{{ tmpl \"x\" . }}"), "!1: function \"tmpl\" not defined");
}

TEST(Template, ShowsANativeHistogramAsItsText) {
  Data data = alert_data();
  data.histogram = "{count:3, sum:2}";
  const Environment environment = alert_environment();
  EXPECT_EQ(
      expand("{{ $value }} {{ printf \"%s %T\" .Value .Value }}", "t", data, environment).value(),
      "{count:3, sum:2} {count:3, sum:2} *histogram.FloatHistogram");
  EXPECT_FALSE(expand("{{ humanize $value }}", "t", data, environment));
}

TEST(Template, HasNoQueriesUnlessTheCallerGivesThem) {
  EXPECT_FALSE(expand("{{ query \"up\" }}", "t", {}, {}));
  EXPECT_EQ(expand("{{ pathPrefix }}|{{ now }}", "t", {}, {}).value(), "|0");
}

}  // namespace
}  // namespace silverback::templates

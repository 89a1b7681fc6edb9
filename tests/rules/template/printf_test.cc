#include "rules/template/printf.h"

#include <span>
#include <string>

#include <gtest/gtest.h>

#include "tests/rules/template/expansion.h"

namespace silverback::templates {
namespace {

using silverback::testing::Expansion;

TEST(Printf, WritesAsGoDoes) {
  // clang-format off
  constexpr Expansion cases[] = {
    {R"({{ printf "%d %s %v" 1 "a" }})", "1 a %!v(MISSING)"},
    {R"({{ printf "%d" "x" }} {{ printf "%s" 1 }} {{ printf "%z" 1 }} {{ printf "%!" }} {{ printf "%" }} {{ printf "a" 1 "b" }})", "%!d(string=x) %!s(int=1) %!z(int=1) %!!(MISSING) %!(NOVERB) a%!(EXTRA int=1, string=b)"},
    {R"({{ printf "%v" nil }} {{ printf "%d" nil }} {{ printf "%v" .Labels }} {{ printf "%+v" . }} {{ printf "%#v" . }} {{ printf "%T" . }} {{ printf "%d" .Labels }})", "<nil> %!d(<nil>) map[html:<a href='x'>&\"</a> instance:host-1.example.com:9100 job:node num:42.5 uni:zażółć ümlaut \u2028 😀] {Labels:map[html:<a href='x'>&\"</a> instance:host-1.example.com:9100 job:node num:42.5 uni:zażółć ümlaut \u2028 😀] ExternalLabels:map[cluster:eu-1 replica:a] ExternalURL:http://prom.example.com:9090/prom Value:1.234567891e+06} struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }{Labels:map[string]string{\"html\":\"<a href='x'>&\\\"</a>\", \"instance\":\"host-1.example.com:9100\", \"job\":\"node\", \"num\":\"42.5\", \"uni\":\"zażółć ümlaut \\u2028 😀\"}, ExternalLabels:map[string]string{\"cluster\":\"eu-1\", \"replica\":\"a\"}, ExternalURL:\"http://prom.example.com:9090/prom\", Value:1.234567891e+06} struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} } map[%!d(string=html):%!d(string=<a href='x'>&\"</a>) %!d(string=instance):%!d(string=host-1.example.com:9100) %!d(string=job):%!d(string=node) %!d(string=num):%!d(string=42.5) %!d(string=uni):%!d(string=zażółć ümlaut \u2028 😀)]"},
    {R"({{ args 1 "a" nil }} {{ (args 1 2).arg1 }} {{ (args 1).zzz }} {{ with args nil }}{{ .arg0 }}{{ printf "%v" .arg0 }}{{ end }})", "map[arg0:1 arg1:a arg2:<nil>] 2 <no value> <no value><nil>"},
    {R"({{ toTime 1700000000.123 }} {{ (toTime 1700000000.123).Year }} {{ (toTime 1700000000).Format "2006-01-02" }} {{ (toTime 1700000000).Month }} {{ (toTime 1700000000).Weekday }} {{ printf "%T" (toTime 1) }})", "2023-11-14 22:13:20.122 +0000 UTC 2023 2023-11-14 November Tuesday *time.Time"},
    {R"({{ toDuration 90.5 }} {{ (toDuration 90.5).Seconds }} {{ printf "%T %v" (toDuration 1) (toDuration 1) }} {{ (toDuration 90.5).Round 1000000000 }})", "1m30.5s 90.5 *time.Duration 1s 1m31s"},
    {R"({{ safeHtml "<b>" }} {{ printf "%T" (safeHtml "x") }})", "<b> template.HTML"},
    {R"({{ $value | printf "%.2f" }} {{ $value | humanize | printf "%s!" }})", "1234567.89 1.235M!"},
    {R"({{ printf "%[2]d %[1]d" 1 2 }} {{ printf "%*d|%-*d|" 5 1 5 2 }} {{ printf "%[3]*.[2]*[1]f" 12.0 2 6 }} {{ printf "%[9]d" 1 }} {{ printf "%[x]d" 1 }} {{ printf "%.*d" "a" 1 }} {{ printf "%[1]d %d" 1 2 }})", "2 1     1|2    |  12.00 %!d(BADINDEX) %!d(BADINDEX) %!(BADPREC)1 1 2"},
    {R"({{ slice (safeHtml "abc") 1 | printf "%T" }})", "template.HTML"},
    {R"({{ $t := toTime 1700000000.123 }}{{ $t.Hour }} {{ $t.Minute }} {{ $t.Second }} {{ $t.Nanosecond }} {{ $t.YearDay }} {{ $t.Unix }} {{ $t.UnixNano }} {{ $t.UnixMilli }} {{ $t.UnixMicro }} {{ $t.Day }} {{ $t.Compare $t }} {{ $t.Equal $t }} {{ $t.After $t }} {{ $t.IsZero }} {{ ($t.Round 3600000000000) }} {{ $t.Truncate 86400000000000 }} {{ $t.Month.String }} {{ printf "%T %T %T" $t.Month $t.Weekday $t.Unix }})", "22 13 20 122000000 318 1700000000 1700000000122000000 1700000000122 1700000000122000 14 0 true false false 2023-11-14 22:00:00 +0000 UTC 2023-11-14 00:00:00 +0000 UTC November time.Month time.Weekday int64"},
    {R"({{ printf "%s" "a" | printf "%s-%s" "b" }})", "b-a"},
    {R"({{ "a" | printf "%s" | toUpper | len }})", "1"},
    {R"({{ "x" | len | printf "%d-%d" 3 }})", "3-1"},
    {R"({{ printf "%d" 3 }}})", "3}"},
    {R"({{ range $i, $s := query "x" }}{{ if gt $i 0 }}, {{ end }}{{ $s.Labels.instance }}={{ printf "%.1f" $s.Value }}{{ end }})", "b:1=1.0, a:1=2.5, c:1=10000000.0"},
    {R"(Instance {{ $labels.instance }} of job {{ $labels.job }} has {{ $value | printf "%.2f" }}% used, {{ humanizePercentage $value }} / {{ $value | humanize1024 }}B)", "Instance host-1.example.com:9100 of job node has 1234567.89% used, 1.235e+08% / 1.177MiB"},
    {R"({{ with printf "up{instance='%s'}" $labels.instance | query }}{{ . | first | value | humanizePercentage }}{{ end }})", "100%"},
    {R"({{ $value | toTime | printf "%s" }})", "1970-01-15 06:56:07.891 +0000 UTC"},
    {R"({{ printf "%v %d %s %q" (args) (args 1 "x") (args 1 "x") (args 1 "x") }})", R"(map[] map[%!d(string=arg0):1 %!d(string=arg1):%!d(string=x)] map[arg0:%!s(int=1) arg1:x] map["arg0":'\x01' "arg1":"x"])"},
    {R"({{ printf "%s" (query "x" | first) }} {{ printf "%x" .Labels.job }} {{ printf "%5.1f|%T" .Value .Value }} {{ printf "%s" . }})", "&{map[__name__:up instance:b:1 job:x] %!s(float64=1)} 6e6f6465 1234567.9|float64 {map[html:<a href='x'>&\"</a> instance:host-1.example.com:9100 job:node num:42.5 uni:zażółć ümlaut \u2028 😀] map[cluster:eu-1 replica:a] http://prom.example.com:9090/prom %!s(float64=1.234567891e+06)}"},
    {"{{ printf \"%6.3d|%-6d|%06d|%+6d|%x|% x|%#X\" 5 5 -5 5 \"añ\" \"añ\" \"a\" }}", "   005|5     |-00005|    +5|61c3b1|61 c3 b1|0X61"},
    {R"({{ printf "%t" 1 }} {{ printf "%c %c %q %U" -1 1114112 -1 -1 }})", "%!t(int=1) � � '�' U+FFFFFFFFFFFFFFFF"},
    {R"({{ printf "%v %v" 1e-320 0x1p-1022 }} {{ printf "%.3g %.10e %.0e" 1234.5678 1234.5678 15.0 }} {{ printf "%g" 100000.0 }} {{ printf "%g" 1000000.0 }} {{ printf "%.3g" 1000.0 }} {{ printf "%.4g" 0.00001234567 }} {{ printf "%.20f" 0.1 }})", "1e-320 2.2250738585072014e-308 1.23e+03 1.2345678000e+03 2e+01 100000 1e+06 1e+03 1.235e-05 0.10000000000000000555"},
    {R"({{ printf "%5v|%-5v|%05v" true "ab" 3 }} {{ printf "%5v" .ExternalLabels }} {{ printf "%q" .ExternalLabels }} {{ printf "%x" .ExternalLabels }} {{ printf "%T %T %T %T" nil true 1.5 (query "x") }} {{ printf "%5T|" 1 }})", R"( true|ab   |00003 map[cluster: eu-1 replica:    a] map["cluster":"eu-1" "replica":"a"] map[636c7573746572:65752d31 7265706c696361:61] <nil> bool float64 template.queryResult   int|)"},
    {R"({{ printf "%d %d" (index "a" 0) (toTime 1).Weekday }} {{ printf "%s" (index "a" 0) }} {{ printf "%v" (toTime 1).Month }} {{ printf "%x %X %q" (toTime 1).Month (toTime 1).Month (toTime 1).Month }} {{ printf "%10s|%-10v|" (toTime 1).Month (toTime 1).Month }})", R"(97 4 %!s(uint8=97) January 4a616e75617279 4A616E75617279 "January"    January|January   |)"},
    {R"({{ printf "%v %+v %s" (safeHtml "<a>") (safeHtml "<a>") (safeHtml "<a>") }} {{ printf "%#v" (safeHtml "<a>") }})", R"(<a> <a> <a> "<a>")"},
    {R"({{ printf "%[2]*[1]d|%[1]d %[3]q" 1 5 "x" }} {{ printf "%[3]v %v" 1 2 3 }} {{ printf "%[0]d" 1 }} {{ printf "%[-1]d" 1 }} {{ printf "%[]d" 1 }} {{ printf "%[1]" 1 }} {{ printf "%[1]5d" 7 }} {{ printf "%[1].2f" 7.0 }} {{ printf "%.[1]*f" 2 7.0 }} {{ printf "%[5]*d" 1 }})", R"(    1|1 "x" 3 %!v(MISSING) %!d(BADINDEX) %!d(BADINDEX) %!d(BADINDEX) %!(NOVERB) %!d(BADINDEX) %!f(BADINDEX) 7.00 %!d(BADINDEX))"},
    {R"({{ printf "%-010d|% +d|%+ d|%0-5d|" 5 5 5 5 }} {{ printf "%+s|% s|%+5s" "a" "b" "c" }})", "5         |+5|+5|5    | a|b|    c"},
  };
  // clang-format on
  for (const auto& [text, want] : cases) {
    EXPECT_EQ(silverback::testing::expand(text), want) << text;
  }
}

TEST(Printf, StopsSoonAfterTheLimit) {
  const Value value(std::string(1000, 'x'));
  const Value values[] = {value, value, value};
  EXPECT_EQ(format_verbs("%s%s%s", values, 1500).size(), 2000u);
  EXPECT_LE(format_verbs("%9999999s", values, 1500).size(), 3100u);
  EXPECT_LE(format_verbs("%.9999999f", std::span<const Value>(), 1500).size(), 100u);
}

}  // namespace
}  // namespace silverback::templates

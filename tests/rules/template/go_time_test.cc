#include "rules/template/go_time.h"

#include <gtest/gtest.h>

#include "tests/rules/template/expansion.h"

namespace silverback::templates {
namespace {

using silverback::testing::Expansion;

TEST(GoTime, IsUsedByMethodsAndFunctions) {
  // clang-format off
  constexpr Expansion cases[] = {
    {"{{ (toTime 1).Date }}", R"(!1:123: executing "t" at <1>: function Date has 3 return values; should be 1 or 2)"},
    {"{{ (toTime 1).Foo }}", R"(!1:123: executing "t" at <1>: can't evaluate field Foo in type *time.Time)"},
    {"{{ (toTime 1).Year 3 }}", R"(!1:123: executing "t" at <1>: wrong number of args for Year: want 0 got 1)"},
    {"{{ (toTime 1).Format }}", R"(!1:123: executing "t" at <1>: wrong number of args for Format: want 1 got 0)"},
    {"{{ (toTime 1).Format 3 }}", R"(!1:133: executing "t" at <3>: expected string; found 3)"},
    {"{{ (toTime 1).Sub (toTime 3) }} {{ (toTime 1).Add (toDuration 3) }} {{ (toTime 1).Before (toTime 3) }} {{ (toTime 1).AddDate 1 2 3 }} {{ (toTime 1).UTC.Year }}", "-2s 1970-01-01 00:00:04 +0000 UTC true 1971-03-04 00:00:01 +0000 UTC 1970"},
    {"{{ len (toTime 1) }}", R"(!1:115: executing "t" at <len (toTime 1)>: error calling len: len of type time.Time)"},
    {R"({{ humanizeTimestamp 1435065584.128 }} {{ humanizeTimestamp 0 }} {{ humanizeTimestamp -1 }} {{ humanizeTimestamp "NaN" }} {{ humanizeTimestamp 1e9 }} {{ humanizeTimestamp -0.0005 }})", "2015-06-23 13:19:44.128 +0000 UTC 1970-01-01 00:00:00 +0000 UTC 1969-12-31 23:59:59 +0000 UTC NaN 2001-09-09 01:46:40 +0000 UTC 1970-01-01 00:00:00 +0000 UTC"},
    {"{{ humanizeTimestamp 1e10 }}", R"(!1:115: executing "t" at <humanizeTimestamp 1e10>: error calling humanizeTimestamp: 1e+10 cannot be represented as a nanoseconds timestamp since it overflows int64)"},
    {R"({{ toTime "NaN" }})", R"(!1:115: executing "t" at <toTime "NaN">: error calling toTime: value is NaN or Inf)"},
    {"{{ toTime 1e10 }}", R"(!1:115: executing "t" at <toTime 1e10>: error calling toTime: 1e+10 cannot be represented as a nanoseconds timestamp since it overflows int64)"},
    {"{{ toTime true }}", R"(!1:115: executing "t" at <toTime true>: error calling toTime: can't convert bool to float)"},
    {R"({{ toDuration "x" }})", R"(!1:115: executing "t" at <toDuration "x">: error calling toDuration: strconv.ParseFloat: parsing "x": invalid syntax)"},
    {"{{ toDuration 0 }} {{ toDuration -1.5 }} {{ toDuration 0.000001 }} {{ toDuration 1e-9 }} {{ toDuration 1e-4 }} {{ toDuration 3600 }} {{ toDuration 100000.5 }} {{ toDuration 60 }}", "0s -1.5s 1µs 1ns 100µs 1h0m0s 27h46m40.5s 1m0s"},
    {"{{ $d := toDuration 5430.25 }}{{ $d.Hours }} {{ $d.Minutes }} {{ $d.Milliseconds }} {{ $d.Microseconds }} {{ $d.Nanoseconds }} {{ $d.String }} {{ ($d.Truncate 60000000000).String }} {{ $d.Abs }} {{ humanizeDuration ($d.Abs) }}", "1.5084027777777778 90.50416666666666 5430250 5430250000 5430250000000 1h30m30.25s 1h30m0s 1h30m30.25s 1h 30m 30s"},
    {"{{ humanizeDuration (toDuration 3) }}", R"(!1:115: executing "t" at <humanizeDuration (toDuration 3)>: error calling humanizeDuration: can't convert *time.Duration to float)"},
    {R"({{ $t := toTime 1700000000.123 }}{{ $t.Format "Mon Jan _2 15:04:05 2006" }}|{{ $t.Format "02/01/06 03:04:05PM .000 -0700 MST" }}|{{ $t.Format "2006-01-02T15:04:05.999999999Z07:00" }}|{{ $t.Format "Monday, January 2 3:4:5.000000 pm __2 002 2006 -07:00 -07" }}|{{ $t.Format "January Janet _2006 20061 15.04,05" }}|{{ $t.Format "15:04:05.00 ,999 x.99 .9x" }}|{{ $t.Format "" }})", "Tue Nov 14 22:13:20 2023|14/11/23 10:13:20PM .122 +0000 UTC|2023-11-14T22:13:20.122Z|Tuesday, November 14 10:13:20.122000 pm 318 318 2023 +00:00 +00|November Janet _2023 202311 22.13,20|22:13:20.12 ,122 x.12 .1x|"},
    {R"({{ (toTime 0).Format "3PM 03 3" }} {{ (toTime -1).String }} {{ (toTime -86400).Weekday }} {{ (toTime 951782400).AddDate 0 0 1 }} {{ (toTime 951782400).AddDate 1 -14 -31 }} {{ ((toTime 1).Sub (toTime 100)).Seconds }})", "12AM 12 12 1969-12-31 23:59:59 +0000 UTC Wednesday 2000-03-01 00:00:00 +0000 UTC 1999-11-28 00:00:00 +0000 UTC -99"},
    {"{{ (toTime 1).Clock }}", R"(!1:123: executing "t" at <1>: function Clock has 3 return values; should be 1 or 2)"},
    {"{{ ((toTime 1).UTC).Foo }}", R"(!1:124: executing "t" at <1>: can't evaluate field Foo in type time.Time)"},
    {"{{ (toTime 1).Month.Foo }}", R"(!1:123: executing "t" at <1>: can't evaluate field Foo in type time.Month)"},
    {"{{ (toTime 1).Add 3 }} {{ (toTime 1).Add 1000000000 }} {{ (toTime 1).Add 1.5 }}", R"(!1:185: executing "t" at <1.5>: expected integer; found 1.5)"},
    {R"({{ (toTime 1).Add "x" }})", R"(!1:130: executing "t" at <"x">: expected integer; found "x")"},
    {"{{ (toTime 1).Add (toTime 1) }}", R"(!1:138: executing "t" at <1>: wrong type for value; expected time.Duration; got *time.Time)"},
    {"{{ (toTime 1).Sub 3 }}", R"(!1:130: executing "t" at <3>: can't handle 3 for arg of type time.Time)"},
    {"{{ (toTime 1).Sub nil }}", R"(!1:130: executing "t" at <nil>: cannot assign nil to time.Time)"},
    {R"({{ (toTime 1).AddDate 1.0 0 0 }} {{ (toTime 1).AddDate "x" 0 0 }})", R"(!1:167: executing "t" at <"x">: expected integer; found "x")"},
    {"{{ (toTime 1).AddDate .Value 0 0 }}", R"(!1:134: executing "t" at <.Value>: wrong type for value; expected int; got float64)"},
    {"{{ if (toTime 1) }}y{{ end }}{{ if (toDuration 0) }}y{{ end }}{{ if (toDuration 0).Abs }}n{{ end }}", "yy"},
    {R"({{ graphLink "up{a=\"b\"}" }} {{ tableLink "rate(x[5m]) > 1" }} {{ urlQueryEscape "a b&c" }} {{ pathPrefix }} {{ externalURL }} {{ $externalURL }} {{ .ExternalURL }} {{ $externalLabels.cluster }} {{ $externalLabels.zzz }} {{ now }} {{ toTime now }})", "/graph?g0.expr=up%7Ba%3D%22b%22%7D&g0.tab=0 /graph?g0.expr=rate%28x%5B5m%5D%29+%3E+1&g0.tab=1 a+b%26c /prom http://prom.example.com:9090/prom http://prom.example.com:9090/prom http://prom.example.com:9090/prom eu-1  1.7000000005e+09 2023-11-14 22:13:20.5 +0000 UTC"},
    {"{{ range (toTime 1).Month }}{{ . }}{{ end }}", "%!Month(0)"},
  };
  // clang-format on
  for (const auto& [text, want] : cases) {
    EXPECT_EQ(silverback::testing::expand(text), want) << text;
  }
}

}  // namespace
}  // namespace silverback::templates

#include "rules/template/functions.h"

#include <gtest/gtest.h>

#include "tests/rules/template/expansion.h"

namespace silverback::templates {
namespace {

using silverback::testing::Expansion;

TEST(Functions, GiveWhatGoAndPrometheusGive) {
  // clang-format off
  constexpr Expansion cases[] = {
    {R"({{ define "x" }}{{ . }}{{ end }}{{ template "x" 3 }})", "3"},
    {"{{ eq nil nil }}", "true"},
    {"{{ eq .Labels nil }}", "false"},
    {R"({{ index "abc" 1 }})", "98"},
    {R"({{ range query "empty" }}x{{ else }}none{{ end }})", "none"},
    {R"({{ range query "x" }}{{ . }};{{ .Labels.instance }}={{ .Value }} {{ end }})", "{map[__name__:up instance:b:1 job:x] 1};b:1=1 {map[__name__:up instance:a:1 job:y] 2.5};a:1=2.5 {map[__name__:up __value__:str instance:c:1 job:x] 1e+07};c:1=1e+07 "},
    {R"({{ query "x" | first }} {{ query "x" | first | value }} {{ (query "x" | first).Labels.job }})", "{map[__name__:up instance:b:1 job:x] 1} 1 x"},
    {R"({{ html "<a>" 1 }} {{ js "it's <b> = \n\u2028" }} {{ urlquery "a b&c" 1 }})", R"(&lt;a&gt;1 it\'s \u003Cb\u003E \u003D \u000A\u2028 a+b%26c1)"},
    {"{{ or 1 (index 1 1) }}", "1"},
    {R"({{ .Labels.instance | reReplaceAll "(.*):.*" "$1" | toUpper }})", "HOST-1.EXAMPLE.COM"},
    {R"({{ label "job" (query "x" | first) }})", "x"},
    {R"({{ define "a" }}1{{ end }}{{ define "a" }}{{ end }}{{ template "a" }})", "1"},
    {"{{ if eq 1 2 }}a{{ else if eq 1 1 }}b{{ else }}c{{ end }}", "b"},
    {R"({{ range $i, $e := query "x" }}{{ if $i }}, {{ end }}{{ if eq $i 2 }}{{ break }}{{ end }}{{ if eq $i 0 }}{{ continue }}{{ end }}{{ $e.Labels.instance }}{{ end }})", ", a:1, "},
    {"{{ eq nil 1 }}{{ eq 1 nil }}", "falsefalse"},
    {"{{ eq 1 2 3 1 }}", "true"},
    {"{{ le 1 1 }}{{ le 1 2 }}{{ gt 1 1 }}{{ gt 2 1 }}{{ ge 1 1 }}{{ ge 0 1 }}", "truetruefalsetruetruefalse"},
    {"{{ gt .Value 5.0 }}{{ if gt $value 1e6 }}big{{ end }}", "truebig"},
    {R"({{ eq (index "abc" 0) 97 }} {{ eq 97 (index "abc" 0) }} {{ lt (index "abc" 0) 98 }})", "true true true"},
    {R"({{ eq (safeHtml "a") "a" }} {{ eq "a" (safeHtml "a") }} {{ lt (safeHtml "a") "b" }})", "true true true"},
    {R"({{ $s := query "x" | first }}{{ eq $s $s }})", "true"},
    {R"({{ eq (query "x" | first) (query "x" | first) }})", "false"},
    {R"({{ index (args 1 2) "arg0" }} {{ index (args 1 2) "arg7" }})", "1 <no value>"},
    {"{{ index .Labels }}", "map[html:<a href='x'>&\"</a> instance:host-1.example.com:9100 job:node num:42.5 uni:zażółć ümlaut \u2028 😀]"},
    {R"({{ index "abc" }})", "abc"},
    {R"({{ slice (query "x") 1 2 | len }} {{ slice (query "x") 0 1 2 | len }})", "1 1"},
    {R"({{ len (safeHtml "a") }})", "1"},
    {R"({{ html nil }} {{ html .Labels.html }} {{ html . }} {{ html (query "x" | first) }} {{ html }})", "&lt;no value&gt; &lt;a href=&#39;x&#39;&gt;&amp;&#34;&lt;/a&gt; {map[html:&lt;a href=&#39;x&#39;&gt;&amp;&#34;&lt;/a&gt; instance:host-1.example.com:9100 job:node num:42.5 uni:zażółć ümlaut \u2028 😀] map[cluster:eu-1 replica:a] http://prom.example.com:9090/prom 1.234567891e+06} {map[__name__:up instance:b:1 job:x] 1} "},
    {R"({{ js nil }} {{ js "\x00\x7f\u00e9\u2028😀" }} {{ urlquery "ż/?=~-_." }} {{ urlquery (safeHtml "a b") }} {{ html (safeHtml "<") "<" }})", "\\u003Cno value\\u003E \\u0000\177é\\u2028😀 %C5%BC%2F%3F%3D~-_. a+b &lt;&lt;"},
    {"{{ .Labels.html | html }} {{ .Labels.html | js }} {{ .Labels.html | urlquery }}", R"(&lt;a href=&#39;x&#39;&gt;&amp;&#34;&lt;/a&gt; \u003Ca href\u003D\'x\'\u003E\u0026\"\u003C/a\u003E %3Ca+href%3D%27x%27%3E%26%22%3C%2Fa%3E)"},
    {R"({{ title "hello wOrld foo-bar it's a_b élan 3rd" }} {{ toUpper "straße ż" }} {{ toLower "ÄÖ İ" }} {{ title .Labels.uni }})", "Hello WOrld Foo-Bar It'S A_b Élan 3rd STRAßE Ż äö i Zażółć Ümlaut \u2028 😀"},
    {R"({{ stripPort "a:1" }} {{ stripPort "a" }} {{ stripPort "[::1]:80" }} {{ stripPort "::1" }} {{ stripPort "[::1]" }} {{ stripPort "a:b:c" }} {{ stripPort ":80" }} {{ stripPort "a:" }} {{ stripPort "[a]b:1" }} {{ stripPort "a]:1" }} {{ stripPort "" }})", "a a ::1 ::1 [::1] a:b:c  a [a]b:1 a]:1 "},
    {R"({{ stripDomain "a.b.c:1" }} {{ stripDomain "a.b" }} {{ stripDomain "1.2.3.4" }} {{ stripDomain "1.2.3.4:80" }} {{ stripDomain "[::1]:80" }} {{ stripDomain "::1" }} {{ stripDomain "[fe80::1%eth0]:80" }} {{ stripDomain "a.b:" }} {{ stripDomain "" }} {{ stripDomain "01.2.3.4" }} {{ stripDomain "256.1.1.1" }})", "a:1 a 1.2.3.4 1.2.3.4:80 [::1]:80 ::1 [fe80::1%eth0]:80 a  01 256"},
    {R"({{ humanize 0 }} {{ humanize 1 }} {{ humanize 999.9 }} {{ humanize 999.99 }} {{ humanize 1000 }} {{ humanize 1234567.0 }} {{ humanize -1234567 }} {{ humanize 1e27 }} {{ humanize 1e30 }} {{ humanize 0.12 }} {{ humanize 1e-9 }} {{ humanize 1e-30 }} {{ humanize "1e3" }} {{ humanize "NaN" }} {{ humanize "+Inf" }} {{ humanize "-inf" }} {{ humanize 123456789012 }})", "0 1 999.9 1000 1k 1.235M -1.235M 1000Y 1e+06Y 120m 1n 1e-06y 1k NaN +Inf -Inf 123.5G"},
    {R"({{ humanize1024 0 }} {{ humanize1024 1 }} {{ humanize1024 1023 }} {{ humanize1024 1024 }} {{ humanize1024 1048576 }} {{ humanize1024 -5e12 }} {{ humanize1024 1e30 }} {{ humanize1024 0.5 }} {{ humanize1024 "Inf" }})", "0 1 1023 1ki 1Mi -4.547Ti 8.272e+05Yi 0.5 +Inf"},
    {R"({{ humanizeDuration 0 }} {{ humanizeDuration 1 }} {{ humanizeDuration 60 }} {{ humanizeDuration 899.99 }} {{ humanizeDuration 3600 }} {{ humanizeDuration 86400 }} {{ humanizeDuration 3670.5 }} {{ humanizeDuration -62 }} {{ humanizeDuration 59.99999 }} {{ humanizeDuration 0.001 }} {{ humanizeDuration 1e-7 }} {{ humanizeDuration "1e9" }} {{ humanizeDuration "NaN" }} {{ humanizeDuration -0.5 }} {{ humanizeDuration 1.5 }})", "0s 1s 1m 0s 14m 59s 1h 0m 0s 1d 0h 0m 0s 1h 1m 10s -1m 2s 60s 1ms 100ns 11574d 1h 46m 40s NaN -500ms 1.5s"},
    {R"({{ humanizePercentage 0.1234567 }} {{ humanizePercentage 1 }} {{ humanizePercentage -0.00001 }} {{ humanizePercentage "NaN" }} {{ humanizePercentage 123 }})", "12.35% 100% -0.001% NaN% 1.23e+04%"},
    {R"x({{ reReplaceAll "" "-" "abc" }} {{ reReplaceAll "a*" "-" "baac" }} {{ reReplaceAll "(\\w+)@(\\w+)" "$2.$1" "x@y z@w" }} {{ reReplaceAll "(?P<n>a)" "<${n}>" "banana" }} {{ reReplaceAll "^a" "b" "aaa" }} {{ reReplaceAll "\\b" "|" "ab cd" }} {{ reReplaceAll "." "x" "a\nb" }} {{ reReplaceAll "ż" "z" "zażółć" }} {{ reReplaceAll "x" "$1x$$" "axa" }} {{ reReplaceAll "a$" "" "aa" }} {{ reReplaceAll "(.*)" "$1!" "abc" }} {{ reReplaceAll "b*" "ż" "żó" }})x", "-a-b-c- -b-c- y.x w.z b<a>n<a>n<a> baa |ab| |cd| x\nx zazółć a$a a abc! żżżóż"},
    {R"({{ match "a+" "baa" }} {{ match "^a" "ba" }} {{ match "" "" }} {{ match "." "\n" }})", "true false true false"},
    {R"({{ range sortByLabel "instance" (query "x") }}{{ .Labels.instance }} {{ end }}{{ range query "x" | sortByLabel "job" }}{{ . | label "instance" }} {{ . | strvalue }}{{ end }})", "a:1 b:1 c:1 b:1 c:1 stra:1 "},
    {R"({{ "a" | match "a" }})", "true"},
    {R"({{ range $x := query "x" }}{{ $x.Value }}{{ else }}{{ $x }}{{ end }})", "12.51e+07"},
    {R"({{ $v := 0 }}{{ range query "x" }}{{ $v = .Value }}{{ end }}{{ $v }})", "1e+07"},
    {R"({{ define "a" }}{{ .arg0 }}-{{ .arg1.Value }}{{ end }}{{ template "a" (args "x" (query "x" | first)) }})", "x-1"},
    {R"({{ define "a" }}{{ range $k, $v := . }}{{ $k }}:{{ $v }} {{ end }}{{ end }}{{ template "a" args 1 "b" nil }})", "arg0:1 arg1:b arg2:<no value> "},
    {R"({{ range $i := (index "abc" 0) }}{{ if lt $i 3 }}{{ $i }}{{ end }}{{ end }})", "012"},
    {R"({{ template "x" }}{{ define "x" }}[{{ . }}]{{ end }})", "[<no value>]"},
    {"{{ template `x` 1 }}{{ define `x` }}{{ . }}{{ end }}", "1"},
    {"{{ print $value $labels.job }}", "1.234567891e+06node"},
    {"{{ print ($value) ($labels.job) }}", "1.234567891e+06node"},
    {R"({{ define "x" -}} a {{- end }}{{ template "x" }})", "a"},
    {R"({{ if and (eq $labels.job "node") (gt $value 10.0) }}yes{{ else }}no{{ end }})", "yes"},
    {R"({{ with query "x" }}{{ . | first | value | humanize }}{{ end }})", "1"},
    {R"({{ with (query "x" | first) }}{{ .Labels.instance }} {{ .Value }}{{ end }})", "b:1 1"},
    {"{{ $labels.instance | stripPort | stripDomain | title }}", "Host-1"},
    {R"({{ if eq $labels.severity "" }}none{{ end }} {{ $labels.severity }})", "none "},
    {R"({{ print (query "empty") }} {{ query "empty" }})", "[] []"},
    {R"({{ print "a" nil "b" 1 nil }} {{ println "a" nil }} {{ print .Labels.job 1 2 (safeHtml "x") 3 4 }})", "a<nil>b1 <nil> a <nil>\n node1 2x3 4"},
  };
  // clang-format on
  for (const auto& [text, want] : cases) {
    EXPECT_EQ(silverback::testing::expand(text), want) << text;
  }
}

}  // namespace
}  // namespace silverback::templates

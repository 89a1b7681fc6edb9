#include "rules/template/execution.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/rules/template/expansion.h"

namespace silverback::templates {
namespace {

using silverback::testing::Expansion;

TEST(Execution, RunsTheLanguage) {
  // clang-format off
  constexpr Expansion cases[] = {
    {"{{ . }}", "{map[html:<a href='x'>&\"</a> instance:host-1.example.com:9100 job:node num:42.5 uni:zażółć ümlaut \u2028 😀] map[cluster:eu-1 replica:a] http://prom.example.com:9090/prom 1.234567891e+06}"},
    {"{{/* c */}}x{{- /* c */ -}} y", "xy"},
    {R"({{ block "b" . }}[{{ .Value }}]{{ end }})", "[1.234567891e+06]"},
    {"{{ $.Value }} {{ $.Labels.job }} {{ $ }}", "1.234567891e+06 node {map[html:<a href='x'>&\"</a> instance:host-1.example.com:9100 job:node num:42.5 uni:zażółć ümlaut \u2028 😀] map[cluster:eu-1 replica:a] http://prom.example.com:9090/prom 1.234567891e+06}"},
    {"{{ range $i, $v := .Labels }}{{ $i }}={{ $v }},{{ end }}", "html=<a href='x'>&\"</a>,instance=host-1.example.com:9100,job=node,num=42.5,uni=zażółć ümlaut \u2028 😀,"},
    {"{{ range $i := 3 }}{{ $i }},{{ end }}", "0,1,2,"},
    {"{{ with .Labels.nothere }}x{{ else }}y{{ end }} {{ with 0 }}a{{ else with 1 }}b{{ . }}{{ end }}", "y b1"},
    {"{{ $x := 1 }}{{ $x = 2 }}{{ $x }}{{ if true }}{{ $x := 3 }}{{ $x }}{{ end }}{{ $x }}", "232"},
    {R"({{ print 1 2 "a" "b" 3 }} {{ println 1 "a" }} {{ print }} {{ print nil }})", "1 2ab3 1 a\n  <nil>"},
    {"x  {{- 1 -}}  y {{-1}} {{- -1 }}", "x1y -1-1"},
    {"{{ 1 -}}   x", "1x"},
    {R"({{"a"}}{{"a\tb\x41\u00e9\""}}{{`raw\n`}})", "aa\tbAé\"raw\\n"},
    {"{{ 1 | }}", "1"},
    {R"(b" }})", R"(b" }})"},
    {"b` }}", "b` }}"},
    {R"(}} {{ "}}" }})", "}} }}"},
    {R"({{ "a" | args 1 }})", "map[arg0:1 arg1:a]"},
    {"{{ 3 | and 1 }} {{ 3 | or 0 }} {{ 3 | and 0 }} {{ 3 | or 2 }}", "3 3 0 2"},
    {"{{ not nil }} {{ and nil 1 }} {{ or nil nil }}", "true <no value> <no value>"},
    {"{{ if $x := 3 }}{{ $x }}{{ else }}{{ $x }}{{ end }}", "3"},
    {"{{ if $x := 0 }}{{ $x }}{{ else }}{{ $x }}{{ end }}", "0"},
    {R"({{ $i := 0 }}{{ $e := "" }}{{ range $i, $e = .Labels }}{{ end }}{{ $i }} {{ $e }})", "uni zażółć ümlaut \u2028 😀"},
    {R"({{ $e := "" }}{{ range $e = .ExternalLabels }}{{ $e }}{{ end }}{{ $e }})", "eu-1aa"},
    {R"({{ block "a" $value }}[{{ . }}]{{ end }}{{ template "a" 3 }})", "[1.234567891e+06][3]"},
    {"{{ range 3 }}{{ if . }}{{ break }}{{ end }}x{{ else }}y{{ end }}", "x"},
    {"{{ range 0 }}x{{ else }}y{{ end }} {{ range -3 }}x{{ else }}y{{ end }}", "y y"},
    {"{{ range (args nil).arg0 }}x{{ else }}y{{ end }}", "y"},
    {R"({{ range $k, $v := args 3 "x" }}{{ $k }}={{ $v }} {{ end }})", "arg0=3 arg1=x "},
    {R"({{ range $v := args 3 "x" }}{{ $v }} {{ end }})", "3 x "},
    {"{{ .1 }} {{ .1e3 }}", "0.1 100"},
    {"{{ 09.5 }} {{ 1e+3 }} {{ 1E3 }}", "9.5 1000 1000"},
    {"{{ 1_000.5 }} {{ 0x_1 }}", "1000.5 1"},
    {"{{ 0x1.8p1 }} {{ 0X1P-2 }} {{ -0x10 }} {{ +0b1 }} {{ 1. }} {{ 1.e2 }} {{ 0 }} {{ -0 }} {{ 00 }} {{ 0.0 }} {{ -0.0 }}", "3 0.25 -16 1 1 100 0 0 0 0 -0"},
    {"{{ 9223372036854775807 }} {{ -9223372036854775808 }}", "9223372036854775807 -9223372036854775808"},
    {"{{ 1e308 }} {{ 1e-400 }}", "1e+308 0"},
    {R"({{ '\x41' }} {{ '\'' }} {{ '\u00e9' }} {{ 'é' }} {{ '\\' }})", "65 39 233 233 92"},
    {R"({{ "\101\a\U0001F600" }})", "A\007😀"},
    {R"({{ "é" }} {{ `a"b` }})", R"(é a"b)"},
    {"{{ ((.Labels)).job }}", "node"},
    {"{{ (1 | ) }}", "1"},
    {"{{ print | }}", ""},
    {"{{ $x := 1 | print }}{{ $x }}", "1"},
    {"{{ if $x := 1 | print 2 }}{{ $x }}{{ end }}", "2 1"},
    {R"({{ "{{" }} {{ `}}` }})", "{{ }}"},
    {"{{/**/}}{{- /**/ -}}x{{/* a */ -}} y", "xy"},
    {R"({{- "a" -}} {{- "b" -}})", "ab"},
    {R"(a {{- "b" }} c {{ "d" -}} e)", "ab c de"},
    {"{{- 3}}", "3"},
    {"{{3 -}}  x", "3x"},
    {R"({{ "x" -}})", "x"},
  };
  // clang-format on
  for (const auto& [text, want] : cases) {
    EXPECT_EQ(silverback::testing::expand(text), want) << text;
  }
}

TEST(Execution, TellsWhereItFailed) {
  // clang-format off
  constexpr Expansion cases[] = {
    {"{{ 1 2 }}", R"(!1:115: executing "t" at <1>: can't give argument to non-function 1)"},
    {"{{ nil }}", R"(!1:115: executing "t" at <nil>: nil is not a command)"},
    {"{{ nil | print }}", R"(!1:115: executing "t" at <nil>: nil is not a command)"},
    {"{{ 18446744073709551615 }}", R"(!1:115: executing "t" at <18446744073709551615>: 18446744073709551615 overflows int)"},
    {R"({{ template "y" }})", R"(!1:124: executing "t" at <{{template "y"}}>: template "y" not defined)"},
    {R"({{ template "x" 1 2 }}{{define "x"}}{{end}})", R"(!1:128: executing "t" at <1>: can't give argument to non-function 1)"},
    {"{{ .Labels.instance.x }}", R"(!1:122: executing "t" at <.Labels.instance.x>: can't evaluate field x in type string)"},
    {"{{ .Foo }}", R"(!1:115: executing "t" at <.Foo>: can't evaluate field Foo in type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} })"},
    {"{{ $value.x }}", R"(!1:121: executing "t" at <$value.x>: can't evaluate field x in type float64)"},
    {"{{ $labels.nothere }}|{{ $labels.nothere.x }}", R"(!1:144: executing "t" at <$labels.nothere.x>: can't evaluate field x in type string)"},
    {"{{ .Labels.instance 1 }}", R"(!1:122: executing "t" at <.Labels.instance>: instance is not a method but has arguments)"},
    {"{{ .Value 1 }}", R"(!1:115: executing "t" at <.Value>: Value has arguments but cannot be invoked as function)"},
    {"{{ $value 1 }}", R"(!1:115: executing "t" at <$value>: can't give argument to non-function $value)"},
    {"{{ (.Labels).job }} {{ (.Labels.job).x }}", R"(!1:143: executing "t" at <.Labels.job>: can't evaluate field x in type string)"},
    {"{{ toUpper 3 }}", R"(!1:123: executing "t" at <3>: expected string; found 3)"},
    {"{{ toUpper .Value }}", R"(!1:123: executing "t" at <.Value>: wrong type for value; expected string; got float64)"},
    {"{{ toUpper }}", R"(!1:115: executing "t" at <toUpper>: wrong number of args for toUpper: want 1 got 0)"},
    {R"({{ toUpper "a" "b" }})", R"(!1:115: executing "t" at <toUpper>: wrong number of args for toUpper: want 1 got 2)"},
    {"{{ toUpper nil }}", R"(!1:123: executing "t" at <nil>: cannot assign nil to string)"},
    {"{{ humanize nil }}", R"(!1:115: executing "t" at <humanize nil>: error calling humanize: can't convert <nil> to float)"},
    {R"({{ humanize "x" }})", R"(!1:115: executing "t" at <humanize "x">: error calling humanize: strconv.ParseFloat: parsing "x": invalid syntax)"},
    {"{{ humanize true }}", R"(!1:115: executing "t" at <humanize true>: error calling humanize: can't convert bool to float)"},
    {R"({{ .Labels.job | toUpper "x" }})", R"(!1:129: executing "t" at <toUpper>: wrong number of args for toUpper: want 1 got 2)"},
    {"{{ eq 1 }}", R"(!1:115: executing "t" at <eq 1>: error calling eq: missing argument for comparison)"},
    {"{{ eq }}", R"(!1:115: executing "t" at <eq>: wrong number of args for eq: want at least 1 got 0)"},
    {"{{ eq 1 1.0 }}", R"(!1:115: executing "t" at <eq 1 1.0>: error calling eq: incompatible types for comparison: int and float64)"},
    {R"({{ eq 1 "a" }})", R"(!1:115: executing "t" at <eq 1 "a">: error calling eq: incompatible types for comparison: int and string)"},
    {"{{ eq .Labels .Labels }}", "!1:115: executing \"t\" at <eq .Labels .Labels>: error calling eq: non-comparable type map[html:<a href='x'>&\"</a> instance:host-1.example.com:9100 job:node num:42.5 uni:zażółć ümlaut \u2028 😀]: map[string]string"},
    {R"({{ lt "a" 1 }})", R"(!1:115: executing "t" at <lt "a" 1>: error calling lt: incompatible types for comparison: string and int)"},
    {"{{ lt true false }}", R"(!1:115: executing "t" at <lt true false>: error calling lt: invalid type for comparison)"},
    {"{{ lt .Labels 1 }}", R"(!1:115: executing "t" at <lt .Labels 1>: error calling lt: invalid type for comparison)"},
    {R"({{ index .Labels "job" }} {{ index .Labels 1 }})", R"(!1:141: executing "t" at <index .Labels 1>: error calling index: value has type int; should be string)"},
    {R"({{ index .Labels "x" "y" }})", R"(!1:115: executing "t" at <index .Labels "x" "y">: error calling index: cannot index slice/array with type string)"},
    {R"({{ index "abc" 5 }})", R"(!1:115: executing "t" at <index "abc" 5>: error calling index: index out of range: 5)"},
    {R"({{ index "abc" "a" }})", R"(!1:115: executing "t" at <index "abc" "a">: error calling index: cannot index slice/array with type string)"},
    {"{{ index nil 1 }}", R"(!1:115: executing "t" at <index nil 1>: error calling index: index of untyped nil)"},
    {"{{ index 1 1 }}", R"(!1:115: executing "t" at <index 1 1>: error calling index: can't index item of type int)"},
    {R"({{ index (query "x") 7 }})", R"(!1:115: executing "t" at <index (query "x") 7>: error calling index: index out of range: 7)"},
    {R"({{ slice "abcdef" 1 3 }} {{ slice "abc" 1 }} {{ slice "abc" }} {{ slice "abc" 1 2 3 }})", R"(!1:178: executing "t" at <slice "abc" 1 2 3>: error calling slice: cannot 3-index slice a string)"},
    {R"({{ slice "abc" 3 1 }})", R"(!1:115: executing "t" at <slice "abc" 3 1>: error calling slice: invalid slice index: 3 > 1)"},
    {R"({{ slice "abc" 3 9 }})", R"(!1:115: executing "t" at <slice "abc" 3 9>: error calling slice: index out of range: 9)"},
    {"{{ slice 1 3 9 }}", R"(!1:115: executing "t" at <slice 1 3 9>: error calling slice: can't slice item of type int)"},
    {"{{ slice .Labels 3 9 }}", R"(!1:115: executing "t" at <slice .Labels 3 9>: error calling slice: can't slice item of type map[string]string)"},
    {R"({{ slice "abc" "x" }})", R"(!1:115: executing "t" at <slice "abc" "x">: error calling slice: cannot index slice/array with type string)"},
    {"{{ len 3 }}", R"(!1:115: executing "t" at <len 3>: error calling len: len of type int)"},
    {"{{ len nil }}", R"(!1:115: executing "t" at <len nil>: error calling len: reflect: call of reflect.Value.Type on zero Value)"},
    {"{{ len }}", R"(!1:115: executing "t" at <len>: wrong number of args for len: want 1 got 0)"},
    {"{{ call 1 }}", R"(!1:115: executing "t" at <call 1>: error calling call: non-function 1 of type int)"},
    {"{{ call nil }}", R"(!1:115: executing "t" at <call nil>: error calling call: call of nil)"},
    {"{{ call print 1 }}", R"(!1:115: executing "t" at <call print 1>: error calling call: non-function print of type string)"},
    {"{{ range 3 }}{{ . }},{{ end }} {{ range $i, $x := 3 }}{{ $i }}{{ end }}", R"(!1:162: executing "t" at <3>: can't use 3 to iterate over more than one variable)"},
    {R"({{ range $i := "abc" }}{{ $i }},{{ end }})", R"(!1:127: executing "t" at <"abc">: range can't iterate over abc)"},
    {"{{ range .Value }}{{ end }}", R"(!1:121: executing "t" at <.Value>: range can't iterate over 1.234567891e+06)"},
    {"{{ range nil }}{{ end }}", R"(!1:121: executing "t" at <nil>: nil is not a command)"},
    {"{{ range . }}{{ end }}", "!1:121: executing \"t\" at <.>: range can't iterate over {map[html:<a href='x'>&\"</a> instance:host-1.example.com:9100 job:node num:42.5 uni:zażółć ümlaut \u2028 😀] map[cluster:eu-1 replica:a] http://prom.example.com:9090/prom 1.234567891e+06}"},
    {R"({{ query "empty" | first }})", R"(!1:131: executing "t" at <first>: error calling first: first() called on vector with no elements)"},
    {R"({{ query "fail" }})", R"(!1:115: executing "t" at <query "fail">: error calling query: query failed)"},
    {"{{ with .Foo }}x{{ end }}", R"(!1:120: executing "t" at <.Foo>: can't evaluate field Foo in type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} })"},
    {"{{ $x = 1 }}", R"(!1:120: executing "t" at <1>: undefined variable: $x)"},
    {"{{ printf 1 }}", R"(!1:122: executing "t" at <1>: expected string; found 1)"},
    {"{{ printf }}", R"(!1:115: executing "t" at <printf>: wrong number of args for printf: want at least 1 got 0)"},
    {"{{ and }}", R"(!1:115: executing "t" at <and>: wrong number of args for and: want at least 1 got 0)"},
    {R"({{ and 1 0 2 }} {{ or 0 "" "x" }} {{ and 1 }} {{ not 1 }} {{ or 0 (index 1 1) }})", R"(!1:179: executing "t" at <index 1 1>: error calling index: can't index item of type int)"},
    {"{{ not }}", R"(!1:115: executing "t" at <not>: wrong number of args for not: want 1 got 0)"},
    {R"({{ reReplaceAll "a(" "x" "y" }})", R"(!1:115: executing "t" at <reReplaceAll "a(" "x" "y">: error calling reReplaceAll: regexp: Compile(`a(`): error parsing regexp: missing closing ): `a(`)"},
    {R"({{ match "a(" "x" }})", R"(!1:115: executing "t" at <match "a(" "x">: error calling match: error parsing regexp: missing closing ): `a(`)"},
    {"{{ true and false }}", R"(!1:115: executing "t" at <true>: can't give argument to non-function true)"},
    {R"({{ template "z" . }}{{ define "z" }}{{ .Value.x }}{{ end }})", R"(!1:157: executing "z" at <.Value.x>: can't evaluate field x in type interface {})"},
    {R"({{ index (query "x") 1 | value }} {{ index (query "x") "a" }})", R"(!1:149: executing "t" at <index (query "x") "a">: error calling index: cannot index slice/array with type string)"},
    {"{{ first 3 }}", R"(!1:121: executing "t" at <3>: can't handle 3 for arg of type template.queryResult)"},
    {"{{ value nil }}", R"(!1:115: executing "t" at <value nil>: error calling value: runtime error: invalid memory address or nil pointer dereference)"},
    {R"({{ label "job" .Labels }})", R"(!1:127: executing "t" at <.Labels>: wrong type for value; expected *template.sample; got map[string]string)"},
    {R"({{ "x" "y" }})", R"(!1:115: executing "t" at <"x">: can't give argument to non-function "x")"},
    {"{{ .Value | .Labels }}", R"(!1:124: executing "t" at <.Labels>: Labels has arguments but cannot be invoked as function)"},
    {R"({{ (query "x").Foo }} )", R"(!1:122: executing "t" at <"x">: can't evaluate field Foo in type template.queryResult)"},
    {R"({{ query "x" | len }} {{ query 3 }})", R"(!1:143: executing "t" at <3>: expected string; found 3)"},
    {R"({{ eq "a" .Labels }})", R"(!1:115: executing "t" at <eq "a" .Labels>: error calling eq: incompatible types for comparison: string and map[string]string)"},
    {"{{ ne 1 2 3 }} {{ ne 1 1 }} {{ ne 1 }}", R"(!1:115: executing "t" at <ne>: wrong number of args for ne: want 2 got 3)"},
    {"{{ lt 1 nil }}", R"(!1:115: executing "t" at <lt 1 nil>: error calling lt: invalid type for comparison)"},
    {"{{ lt 1 2 3 }}", R"(!1:115: executing "t" at <lt>: wrong number of args for lt: want 2 got 3)"},
    {"{{ lt 1 }}", R"(!1:115: executing "t" at <lt>: wrong number of args for lt: want 2 got 1)"},
    {R"({{ lt "a" "b" }} {{ gt 1.5 1.0 }} {{ le "a" "a" }} {{ gt 2 1.0 }})", R"(!1:166: executing "t" at <gt 2 1.0>: error calling gt: incompatible types for comparison: int and float64)"},
    {R"({{ ge 1 "a" }})", R"(!1:115: executing "t" at <ge 1 "a">: error calling ge: incompatible types for comparison: int and string)"},
    {"{{ gt .Value 5 }}", R"(!1:115: executing "t" at <gt .Value 5>: error calling gt: incompatible types for comparison: float64 and int)"},
    {"{{ eq true true }} {{ eq true 1 }}", R"(!1:134: executing "t" at <eq true 1>: error calling eq: incompatible types for comparison: bool and int)"},
    {"{{ eq . . }}", "!1:115: executing \"t\" at <eq . .>: error calling eq: non-comparable type {map[html:<a href='x'>&\"</a> instance:host-1.example.com:9100 job:node num:42.5 uni:zażółć ümlaut \u2028 😀] map[cluster:eu-1 replica:a] http://prom.example.com:9090/prom %!s(float64=1.234567891e+06)}: struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }"},
    {"{{ index .Labels nil }}", R"(!1:115: executing "t" at <index .Labels nil>: error calling index: value is nil; should be of type string)"},
    {R"({{ index "abc" nil }})", R"(!1:115: executing "t" at <index "abc" nil>: error calling index: cannot index slice/array with nil)"},
    {R"({{ index "abc" -1 }})", R"(!1:115: executing "t" at <index "abc" -1>: error calling index: index out of range: -1)"},
    {R"({{ index (query "x" | first) "a" }})", R"(!1:115: executing "t" at <index (query "x" | first) "a">: error calling index: can't index item of type template.sample)"},
    {R"({{ index . "a" }})", R"(!1:115: executing "t" at <index . "a">: error calling index: can't index item of type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} })"},
    {"{{ index nil }}", R"(!1:115: executing "t" at <index nil>: error calling index: index of untyped nil)"},
    {"{{ index }}", R"(!1:115: executing "t" at <index>: wrong number of args for index: want at least 1 got 0)"},
    {"{{ index true 1 }}", R"(!1:115: executing "t" at <index true 1>: error calling index: can't index item of type bool)"},
    {R"({{ index .Labels (index "abc" 0) }})", R"(!1:115: executing "t" at <index .Labels (index "abc" 0)>: error calling index: value has type uint8; should be string)"},
    {R"({{ index .Labels (safeHtml "job") }})", R"(!1:115: executing "t" at <index .Labels (safeHtml "job")>: error calling index: value has type template.HTML; should be string)"},
    {R"({{ slice (query "x") 0 1 9 | len }})", R"(!1:115: executing "t" at <slice (query "x") 0 1 9>: error calling slice: index out of range: 9)"},
    {R"({{ slice (query "x") 2 1 }})", R"(!1:115: executing "t" at <slice (query "x") 2 1>: error calling slice: invalid slice index: 2 > 1)"},
    {"{{ slice nil }}", R"(!1:115: executing "t" at <slice nil>: error calling slice: slice of untyped nil)"},
    {R"({{ slice "abc" 1 2 3 4 }})", R"(!1:115: executing "t" at <slice "abc" 1 2 3 4>: error calling slice: too many slice indexes: 4)"},
    {R"({{ slice "abc" -1 }})", R"(!1:115: executing "t" at <slice "abc" -1>: error calling slice: index out of range: -1)"},
    {R"({{ slice "abc" nil }})", R"(!1:115: executing "t" at <slice "abc" nil>: error calling slice: cannot index slice/array with nil)"},
    {"{{ slice true }}", R"(!1:115: executing "t" at <slice true>: error calling slice: can't slice item of type bool)"},
    {"{{ slice . 1 }}", R"(!1:115: executing "t" at <slice . 1>: error calling slice: can't slice item of type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} })"},
    {R"({{ len (query "x" | first) }})", R"(!1:115: executing "t" at <len (query "x" | first)>: error calling len: len of type template.sample)"},
    {"{{ len . }}", R"(!1:115: executing "t" at <len .>: error calling len: len of type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} })"},
    {"{{ len true }}", R"(!1:115: executing "t" at <len true>: error calling len: len of type bool)"},
    {R"({{ match "(" "x" }})", R"(!1:115: executing "t" at <match "(" "x">: error calling match: error parsing regexp: missing closing ): `(`)"},
    {"{{ strvalue nil }}", R"(!1:115: executing "t" at <strvalue nil>: error calling strvalue: runtime error: invalid memory address or nil pointer dereference)"},
    {"{{ first nil }}", R"(!1:115: executing "t" at <first nil>: error calling first: first() called on vector with no elements)"},
    {"{{ label nil nil }}", R"(!1:121: executing "t" at <nil>: cannot assign nil to string)"},
    {R"({{ first "a" }})", R"(!1:121: executing "t" at <"a">: can't handle "a" for arg of type template.queryResult)"},
    {"{{ first .Labels }}", R"(!1:121: executing "t" at <.Labels>: wrong type for value; expected template.queryResult; got map[string]string)"},
    {"{{ value 3 }}", R"(!1:121: executing "t" at <3>: can't handle 3 for arg of type *template.sample)"},
    {"{{ (args 1).arg0.x }}", R"(!1:121: executing "t" at <1>: can't evaluate field x in type interface {})"},
    {"{{ (args nil).arg0.x.y }}", R"(!1:121: executing "t" at <nil>: nil pointer evaluating interface {}.x)"},
    {"{{ .Value.x.y }}", R"(!1:121: executing "t" at <.Value.x.y>: can't evaluate field x in type interface {})"},
    {"{{ $.x }}", R"(!1:116: executing "t" at <$.x>: can't evaluate field x in type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} })"},
    {R"({{ (query "x" | first).Foo }})", R"(!1:128: executing "t" at <first>: can't evaluate field Foo in type *template.sample)"},
    {R"({{ (query "x" | first).Labels.instance.z }})", R"(!1:128: executing "t" at <first>: can't evaluate field z in type string)"},
    {R"({{ (index .Labels "job").x }})", R"(!1:130: executing "t" at <"job">: can't evaluate field x in type string)"},
    {"{{ now.x }}", R"(!1:115: executing "t" at <now>: can't evaluate field x in type float64)"},
    {"{{ print.x }}", R"(!1:115: executing "t" at <print>: can't evaluate field x in type string)"},
    {"{{ externalURL.x }}", R"(!1:115: executing "t" at <externalURL>: can't evaluate field x in type string)"},
    {"{{ (1) 2 }}", R"(!1:115: executing "t" at <(1) 2>: can't give argument to non-function 1)"},
    {"{{ 1 | (2) }}", R"(!1:115: executing "t" at <1>: can't give argument to non-function 2)"},
    {"{{ 1 | $value }}", R"(!1:119: executing "t" at <$value>: can't give argument to non-function $value)"},
    {"{{ 1 | .Value }}", R"(!1:119: executing "t" at <.Value>: Value has arguments but cannot be invoked as function)"},
    {"{{ 1 | now }}", R"(!1:119: executing "t" at <now>: wrong number of args for now: want 0 got 1)"},
    {"{{ now 1 }}", R"(!1:115: executing "t" at <now>: wrong number of args for now: want 0 got 1)"},
    {"{{ 3 | toUpper }}", R"(!1:119: executing "t" at <toUpper>: wrong type for value; expected string; got int)"},
    {"{{ nil | toUpper }}", R"(!1:115: executing "t" at <nil>: nil is not a command)"},
    {"{{ (args nil).arg0 | toUpper }}", R"(!1:133: executing "t" at <toUpper>: invalid value; expected string)"},
    {"{{ range $i, $e = .Labels }}{{ end }}", R"(!1:130: executing "t" at <.Labels>: undefined variable: $i)"},
    {"{{ $x := $x }}", R"(!1:121: executing "t" at <$x>: undefined variable: $x)"},
    {R"({{ define "a" }}{{ . }}{{ end }}{{ template "a" }}{{ template "a" nil }})", R"(!1:178: executing "t" at <nil>: nil is not a command)"},
    {"{{ range true }}{{ end }}", R"(!1:121: executing "t" at <true>: range can't iterate over true)"},
    {"{{ range 1.5 }}{{ end }}", R"(!1:121: executing "t" at <1.5>: range can't iterate over 1.5)"},
    {R"({{ range (query "x" | first) }}{{ end }})", R"(!1:134: executing "t" at <first>: range can't iterate over {map[__name__:up instance:b:1 job:x] 1})"},
    {R"({{ template "main" }}{{ define "main" }}{{ template "nope" }}{{ end }})", R"(!1:164: executing "main" at <{{template "nope"}}>: template "nope" not defined)"},
    {"{{ 9223372036854775808 }}", R"(!1:115: executing "t" at <9223372036854775808>: 9223372036854775808 overflows int)"},
    {"{{ . .x }}", R"(!1:115: executing "t" at <.>: can't give argument to non-function .)"},
    {"{{ .x.y.z }}", R"(!1:117: executing "t" at <.x.y.z>: can't evaluate field x in type struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} })"},
    {"{{ (.Labels.job | toUpper).x }}", R"(!1:130: executing "t" at <toUpper>: can't evaluate field x in type string)"},
    {"{{ (.Labels).job.x }}", R"(!1:116: executing "t" at <.Labels>: can't evaluate field x in type string)"},
    {"{{ $x := 1 2 }}", R"(!1:121: executing "t" at <1>: can't give argument to non-function 1)"},
    {"{{ print .Value.x }}", R"(!1:127: executing "t" at <.Value.x>: can't evaluate field x in type interface {})"},
    {"{{ $labels.num | humanize }} {{ $labels.job | humanize }}", R"(!1:158: executing "t" at <humanize>: error calling humanize: strconv.ParseFloat: parsing "node": invalid syntax)"},
    {"{{ call .Labels }}", R"(!1:115: executing "t" at <call .Labels>: error calling call: non-function .Labels of type map[string]string)"},
    {"{{ call }}", R"(!1:115: executing "t" at <call>: wrong number of args for call: want at least 1 got 0)"},
    {R"({{ call (query "x") 1 }})", R"(!1:115: executing "t" at <call (query "x") 1>: error calling call: non-function query "x" of type template.queryResult)"},
    {"{{ call (1) }}", R"(!1:115: executing "t" at <call (1)>: error calling call: non-function 1 of type int)"},
  };
  // clang-format on
  for (const auto& [text, want] : cases) {
    EXPECT_EQ(silverback::testing::expand(text), want) << text;
  }
}

TEST(Execution, GoesOnOverSeveralLines) {
  EXPECT_EQ(silverback::testing::expand("a\n{{ if\n true }}\nb{{ end }}\n"), "a\n\nb\n");
  EXPECT_EQ(silverback::testing::expand("a\n  {{- `x\ny` }} {{ .Foo }}").substr(0, 25),
            "!3:9: executing \"t\" at <.");
}

// Of a run under small limits.
std::string limited(std::string_view text) {
  const ExecutionLimits limits{.output_bytes_max = 100, .steps_max = 1'000, .depth_max = 10};
  const auto expanded =
      silverback::templates::expand(text, "t", silverback::testing::alert_data(),
                                    silverback::testing::alert_environment(), limits);
  if (expanded) return *expanded;
  const std::string& message = expanded.error().message;
  return message.substr(message.rfind(">: ") + 3);
}

TEST(Execution, IsBounded) {
  constexpr Expansion cases[] = {
      {"{{ range 10 }}x{{ end }}", "xxxxxxxxxx"},
      {"{{ range 1000000000000 }}{{ end }}", "more than 1000 steps"},
      {"{{ range 101 }}x{{ end }}", "output of more than 100 bytes"},
      {"{{ printf `%101d` 1 }}", "text of more than 100 bytes"},
      {"{{ $x := `0123456789` }}{{ range 9 }}{{ $x = print $x $x }}{{ end }}",
       "text of more than 100 bytes"},
      {"{{ reReplaceAll `` `0123456789` `0123456789` }}", "text of more than 100 bytes"},
      {"{{ define `r` }}{{ template `r` }}{{ end }}{{ template `r` }}",
       "exceeded maximum template depth (10)"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(limited(text), want) << text;
}

}  // namespace
}  // namespace silverback::templates

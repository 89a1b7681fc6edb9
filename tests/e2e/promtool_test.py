#!/usr/bin/env python3
"""promtool and our verbs over the same files and servers: verdicts, exit codes and, where nothing is wrong, standard
output are the same. What may differ is a row of a table, with the reason.

SILVERBACK_REFERENCE_PROMTOOL: another promtool in the place of Debian's 2.42. Where a row says that 2.42 differs, a newer
one may agree.
"""

import ast
import json
import os
import pathlib
import re
import subprocess
import time

import remote_write
import servers

BINARY = pathlib.Path(os.environ.get("SILVERBACK_BIN", servers.ROOT / "build/release/bin/silverback")).resolve()
PROMTOOL = os.environ.get("SILVERBACK_REFERENCE_PROMTOOL") or servers.peer("prometheus", "promtool")
IS_2_42 = "SILVERBACK_REFERENCE_PROMTOOL" not in os.environ
TESTDATA = servers.ROOT / "tests" / "testdata" / "rules"
differences = []


def run(binary, *arguments, cwd=None, stdin=""):
    done = subprocess.run(
        [binary, *map(str, arguments)], cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def compare(what, *arguments, cwd=None, stdin="", differs="", same_output=False):
    """`differs`: why Debian's promtool ends with another code. `same_output`: to the byte, if the code is 0."""
    ours = run(BINARY, *arguments, cwd=cwd, stdin=stdin)
    theirs = run(PROMTOOL, *arguments, cwd=cwd, stdin=stdin)
    told = f"{what}: {' '.join(map(str, arguments))}\n--- ours: {ours}\n--- promtool: {theirs}"
    if differs:
        if IS_2_42 and ours[0] == theirs[0]:
            differences.append(f"promtool 2.42 says the same, and should not because of {differs!r}: {told}")
        return ours
    if ours[0] != theirs[0]:
        differences.append(f"another exit code: {told}")
    elif bool(ours[2]) != bool(theirs[2]) and not ours[2].startswith("  WARNING: "):
        differences.append(f"only one complains: {told}")
    elif same_output and ours[0] == 0 and ours[1] != theirs[1]:
        differences.append(f"another output: {told}")
    return ours


def config_verdicts():
    """The rows `{"yaml", "verdict", like_2_42}` of config's own test."""
    text = (servers.ROOT / "tests/config/prometheus_config_test.cc").read_text()
    table = text[text.index("const Case kCases[] = {") : text.index("// clang-format on")]
    literals = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
    for yaml, verdict, unlike in re.findall(rf"\{{{literals},\s*{literals}(,\s*false)?\}}", table):
        yield ast.literal_eval(f"({yaml})"), ast.literal_eval(f"({verdict})"), bool(unlike)


def checks_configurations(folder, _):
    rows = list(config_verdicts())
    if len(rows) < 80 or not any(unlike for _, _, unlike in rows):
        raise AssertionError(f"only {len(rows)} rows were read of config's table")
    for yaml, verdict, unlike in rows:
        (folder / "p.yml").write_text(yaml)
        flags = ["check", "config", "--syntax-only", "p.yml"]
        # Where 2.42 is too old it may still refuse, for another reason.
        code, _, said = run(BINARY, *flags, cwd=folder) if unlike else compare(yaml, *flags, cwd=folder)
        # A checker looks at targets after relabelling, which a server does when it has them.
        if code != (0 if verdict == "ok" else 1) and "is not a valid hostname" not in said:
            differences.append(f"{yaml}: the test says {verdict}, the verb ends with {code}")


RULES = """
groups:
- name: a
  rules:
  - {record: "job:up:sum", expr: sum by (job) (up)}
  - alert: Down
    expr: up == 0
    for: 5m
    annotations: {summary: "{{ $labels.instance }} is down"}
"""
TWICE = """
groups:
- name: a
  rules:
  - {record: x, expr: sum(up), labels: {a: b}}
  - {record: x, expr: min(up), labels: {a: b}}
"""

# yaml, why 2.42 says otherwise
RULE_FILES = [
    ("", ""),
    ("groups: []", ""),
    (RULES, ""),
    (TWICE, ""),
    ("groups: [{name: a, rules: [{record: x, expr: up}]}, {name: b, interval: 30s, limit: 3, rules: []}]", ""),
    ("groups: [{name: a, query_offset: 1m, rules: []}]", "query_offset"),
    ("groups: [{name: a, labels: {a: b}, rules: []}]", "labels of groups"),
    ("groups: [{name: a, rules: [{record: 'a b', expr: up}]}]", "UTF-8 names"),
    ("groups: [{name: a, rules: [{record: x, expr: up, labels: {'a b': c}}]}]", "UTF-8 names"),
    ("groups: [{name: a, rules: [{record: x, expr: 'up[5m:]'}]}]", ""),
    ("groups: [{name: a, rules: [{record: x, expr: 'rate(up[5m:])'}]}]", ""),
    ("groups: [{name: a, rules: [{record: x, expr: 'rate(up)'}]}]", ""),
    ("groups: [{name: a, rules: [{record: x, expr: 'up[1m+1m]'}]}]", "arithmetic of durations"),
    ("groups: [{name: a, rules: [{record: x, expr: 'rate(up[1m+1m])'}]}]", "arithmetic of durations"),
    ("groups: [{name: a, rules: [{record: x, expr: 'sum('}]}]", ""),
    ("groups: [{name: a, rules: [{record: x}]}]", ""),
    ("groups: [{name: a, rules: [{expr: up}]}]", ""),
    ("groups: [{name: a, rules: [{record: x, alert: y, expr: up}]}]", ""),
    ("groups: [{name: a, rules: [{record: x, expr: up, for: 1m}]}]", ""),
    ("groups: [{name: a, rules: [{record: x, expr: up, keep_firing_for: 1m}]}]", ""),
    ("groups: [{name: a, rules: [{record: x, expr: up, annotations: {a: b}}]}]", ""),
    ("groups: [{name: a, rules: [{record: x, expr: up, labels: {__name__: b}}]}]", ""),
    ("groups: [{name: a, rules: [{record: 'x{a=\"b\"}', expr: up}]}]", ""),
    ("groups: [{name: a, rules: [{alert: x, expr: up, for: 1}]}]", ""),
    ("groups: [{name: a, rules: [{alert: x, expr: up, for: 1m, keep_firing_for: 1h}]}]", ""),
    ("groups: [{name: a, rules: [{alert: 'x y', expr: up, labels: {a: '{{ .Value }}'}}]}]", ""),
    ("groups: [{name: a, rules: [{alert: x, expr: up, labels: {a: '{{ .Value '}}]}]", ""),
    ("groups: [{name: a, rules: [{alert: x, expr: up, annotations: {a: '{{ nofunc 1 }}'}}]}]", ""),
    ("groups: [{name: a, rules: [{alert: x, expr: up, annotations: {a: '{{ $v }}'}}]}]", ""),
    ("groups: [{name: a, rules: [{alert: x, expr: up, annotations: {a: '{{ $value | humanize }}'}}]}]", ""),
    ("groups: [{name: a, rules: [{alert: x, expr: up, annotations: {a: '{{ now | toTime }}'}}]}]", "a function of 3.x"),
    ("groups: [{name: a, rules: [{alert: x, expr: up, annotations: {'a-b': c}}]}]", "UTF-8 names"),
    ("groups: [{name: a, rules: [{alert: x, expr: up, labels: {a: }, annotations: {runbook_url: }}]}]", ""),
    ("groups: [{name: a}, {name: a}]", ""),
    ("groups: [{rules: []}]", ""),
    ("groups: [{name: a, foo: 1}]", ""),
    ("groups: {}", ""),
    ("groups: [{name: a, interval: 1}]", ""),
    ("groups: [{name: a, interval: 0s, rules: []}]", ""),
    ("foo: 1", ""),
    ("a: b: c", ""),
]


def checks_rules(folder, _):
    for yaml, differs in RULE_FILES:
        (folder / "r.yml").write_text(yaml)
        compare(yaml, "check", "rules", "--lint-fatal", "r.yml", cwd=folder, differs=differs, same_output=True)
    (folder / "r.yml").write_text(TWICE)
    for flags in ([], ["--lint=none"], ["--lint=none", "--lint-fatal"], ["--lint=all", "--lint-fatal"]):
        compare(TWICE, "check", "rules", *flags, "r.yml", cwd=folder, same_output=True)


def checks_what_a_configuration_names(folder, _):
    files = folder / "named"
    (files / "folder").mkdir(parents=True)
    for name, text in {
        "rules.yml": RULES,
        "twice.yml": TWICE,
        "wrong.yml": "groups: [{name: a, rules: [{record: x, expr: 'sum('}]}]",
        "empty.yml": "",
        "cert.pem": "x",
        "good.json": '[{"targets": ["a:1"], "labels": {"x": "y"}}]',
        "good.yml": "- targets: [a]",
        "key.json": '[{"targetz": ["a:1"]}]',
        "cut.json": '[{"targets": ',
        "url.json": '[{"targets": ["http://a"]}]',
    }.items():
        (files / name).write_text(text)
    job = "scrape_configs: [{job_name: a, %s}]"
    rows = [
        "",
        "rule_files: [rules.yml]",
        "rule_files: ['*les.yml', empty.yml]",
        "rule_files: [twice.yml]",
        "rule_files: [wrong.yml, rules.yml]",
        "rule_files: [no.yml]",
        "rule_files: ['no*.yml']",
        "rule_files: [folder]",
        "global: {scrape_interval: 1}",
        job % "file_sd_configs: [{files: [good.json, good.yml]}]",
        job % "file_sd_configs: [{files: [no.json, 'no*.yml']}]",
        job % "file_sd_configs: [{files: [key.json]}]",
        job % "file_sd_configs: [{files: [cut.json]}]",
        job % "file_sd_configs: [{files: [url.json]}]",
        job % "tls_config: {cert_file: cert.pem, key_file: no}",
        job % "tls_config: {cert_file: no, key_file: cert.pem}",
        job % "tls_config: {ca_file: no}",
        job % "basic_auth: {username: a, password_file: no}",
        job % "authorization: {credentials_file: no}",
        job % "bearer_token_file: no",
        "alerting: {alertmanagers: [{file_sd_configs: [{files: [good.json]}]}]}",
        "alerting: {alertmanagers: [{file_sd_configs: [{files: [no.json]}]}]}",
        "alerting: {alertmanagers: [{file_sd_configs: [{files: [cut.json]}]}]}",
        "alerting: {alertmanagers: [{tls_config: {ca_file: no}}]}",
    ]
    for yaml in rows:
        (files / "p.yml").write_text(yaml)
        for flags in (["--lint-fatal"], ["--syntax-only"]):
            compare(yaml, "check", "config", *flags, "p.yml", cwd=files)


PAGE = """# HELP a_seconds Text.
# TYPE a_seconds counter
a_seconds{fooBar="1"} 1
a_seconds{fooBar="2"} 1
# TYPE b_milliseconds_total gauge
b_milliseconds_total{le="1",quantile="2"} 1
x:y_ms 3
# TYPE gauge_gauge gauge
gauge_gauge 3
# TYPE h histogram
h_bucket{le="1"} 1
h_bucket{le="+Inf"} 1
h_sum 1
h_count 1
h_bucket{le="+Inf",a="b"} 1
h_sum{a="b"} 1
h_count{a="b"} 1
# TYPE s summary
s{quantile="0.5"} 1
s_sum 1
s_count 1
# HELP nothing x
# TYPE z_count gauge
z_count 1
"""

GOOD_PAGE = """# HELP h_seconds Text.
# TYPE h_seconds histogram
h_seconds_bucket{le="1"} 1
h_seconds_bucket{le="+Inf"} 1
h_seconds_sum 1
h_seconds_count 1
h_seconds_bucket{le="+Inf",a="b"} 1
h_seconds_sum{a="b"} 1
h_seconds_count{a="b"} 1
# HELP s_seconds Text.
# TYPE s_seconds summary
s_seconds{quantile="0.5"} 1
s_seconds_sum 1
s_seconds_count 1
# HELP a_long_name_total Text.
# TYPE a_long_name_total counter
a_long_name_total{a="1"} 1
a_long_name_total{a="2"} 1
"""

# page, why 2.42 says otherwise, why every promtool does
PAGES = [
    ("", "", ""),
    (PAGE, "", ""),
    (GOOD_PAGE, "", ""),
    ("a 1", "", ""),
    ("a 1\n \n", "", ""),
    ("a 1\n\n# comment\n  a{b='c'} 1\n", "", ""),
    ('a{b="c",} 1 5\n', "", ""),
    ('a{a="1",a="2"} 1\n', "", ""),
    ('a{__name__="x"} 1\n', "", ""),
    ("{} 1\n", "", ""),
    ("a\n", "", ""),
    ("a 0x1p2\n", "", ""),
    ("a 1 1.5\n", "", ""),
    ("a 1\r\n", "", ""),
    ('a 1 # {b="c"} 1\n', "", ""),
    ("# UNIT a s\na 1\n# EOF\n", "", ""),
    ("# TYPE a counter\n# TYPE a counter\na 1\n", "", ""),
    ("a 1\n# TYPE a gauge\n", "", ""),
    ("# HELP a b\n# HELP a c\na 1\n", "", ""),
    ("# HELP a\n# HELP a \na 1\n", "", ""),
    ("# TYPE a unknown\na 1\n", "", ""),
    ('# TYPE a histogram\na_bucket{le="x"} 1\n', "", ""),
    ('# TYPE a summary\na{quantile=""} 1\n', "", ""),
    ("# TYPE a histogram\n# HELP a_sum x\na_sum 1\n", "", ""),
    ("# TYPE a histogram\na_count -1\n", "negative counts", ""),
    ("# HELP a b\n# TYPE a gauge\na 1\na 2\n", "metrics that are there twice", ""),
    ('{"a.b"} 1\n', "UTF-8 names", ""),
    ("# TYPE a GAUGE\na 1\n", "", "a scrape takes types in lower case only"),
    ("# HELP a \\y\na 1\n", "", "a scrape takes any escape"),
    ('# HELP a b\na{b="\\y"} 1\n', "", "a scrape takes any escape"),
]


def checks_metrics(folder, started):
    exporter = servers.node_exporter(folder / "node_exporter")
    server = servers.silverback(folder / "page")
    pages = list(PAGES)
    for one in (exporter, server):
        started.append(one)
        one.start()
        pages.append((one.request("GET", "/metrics").text, "", ""))
    for page, since, differs in pages:
        ours, theirs = (run(b, "check", "metrics", stdin=page) for b in (BINARY, PROMTOOL))
        # Ours says a problem once, the other for every series.
        problems = [set(said.splitlines()) if code == 3 else set() for code, _, said in (ours, theirs)]
        is_same = ours[0] == theirs[0] and problems[0] == problems[1]
        if is_same == bool(differs or (IS_2_42 and since)):
            expected = f"expected to differ by {differs or since!r}" if is_same else "the same was expected"
            differences.append(f"{page[:200]!r}: {expected}\n--- ours: {ours}\n--- promtool: {theirs}")
    table = [run(b, "check", "metrics", "--extended", stdin=GOOD_PAGE) for b in (BINARY, PROMTOOL)]
    if table[0] != table[1]:
        differences.append(f"another table:\n--- ours: {table[0]}\n--- promtool: {table[1]}")


def finds_targets(folder, started):
    files = folder / "targets"
    files.mkdir()
    (files / "t.json").write_text('[{"targets": ["f:1", "f:1"], "labels": {"x": "y"}}]')
    (files / "p.yml").write_text(
        """
scrape_configs:
- job_name: none
- job_name: node
  params: {module: [a, b]}
  relabel_configs:
  - {source_labels: [__address__], regex: 'drop:1', action: drop}
  - {source_labels: [__meta_x], target_label: x}
  static_configs:
  - targets: ['h:1', 'drop:1', 'h:1']
    labels: {a: b, __meta_x: y}
  - {targets: ['h:1']}
- job_name: files  # alone: beside a list, 2.42 panics
  file_sd_configs: [{files: [t.json, 'no*.yml']}]
- job_name: wrong
  relabel_configs: [{target_label: x, replacement: y}]  # or the configuration would be refused
  static_configs: [{targets: ['a/b:1']}]
"""
    )
    since_3 = ["convert_classic_histograms_to_nhcb", "always_scrape_classic_histograms", "scrape_native_histograms"]

    def targets(told):
        """In any order, and without what 2.42 does not know, or says in its own way."""
        listed = json.loads(told)
        for target in listed:
            if "error" in target:
                target.update(error={}, discoveredLabels={})
            if IS_2_42:
                for labels in (target["discoveredLabels"], target["labels"]):
                    for name in since_3:
                        labels.pop(f"__{name}__", None)
        return sorted(listed, key=json.dumps)

    for job in ("none", "node", "files", "wrong", "unknown"):
        arguments = ["check", "service-discovery", "--timeout=1s", "p.yml", job]
        ours, theirs = (run(b, *arguments, cwd=files) for b in (BINARY, PROMTOOL))
        same = ours[0] == theirs[0] and (targets(ours[1]) == targets(theirs[1]) if ours[0] == 0 else ours == theirs)
        if not same:
            differences.append(f"{job}:\n--- ours: {ours}\n--- promtool: {theirs}")


COMMAND_LINES = [
    ["check"],
    ["check", "metrics", "--no-such-flag"],
    ["check", "metrics", "page"],
    ["check", "metrics", "--help"],
    ["check", "service-discovery"],
    ["check", "service-discovery", "p.yml"],
    ["check", "service-discovery", "no.yml", "job"],
    ["check", "service-discovery", "folder", "job"],
    ["check", "service-discovery", "rules.yml", "job", "--timeout=soon"],
    ["check", "everything"],
    ["check", "config"],
    ["check", "config", "folder"],
    ["check", "config", "no.yml"],
    ["check", "rules", "folder"],
    ["check", "rules", "rules.yml", "no.yml"],
    ["check", "rules", "--no-such-flag", "rules.yml"],
    ["check", "rules", "--lint", "none", "rules.yml"],
    ["check", "rules", "--lint-fatal", "rules.yml", "--lint=none"],
    ["check", "rules", "--enable-feature=no-such-feature", "rules.yml"],
    ["--help"],
    ["check", "--help"],
    ["check", "rules", "--help"],
    ["test", "rules"],
    ["test", "rules", "no.yml"],
    ["test", "everything"],
    ["query", "instant"],
    ["query", "instant", "http://127.0.0.1:1"],
    ["query", "instant", "http://127.0.0.1:1", "up"],
    ["query", "-o", "xml", "instant", "http://127.0.0.1:1", "up"],
    ["query", "range", "http://127.0.0.1:1", "up", "--start=2", "--end=1"],
    ["query", "range", "http://127.0.0.1:1", "up", "--start=soon"],
    ["query", "series", "http://127.0.0.1:1"],
    ["query", "labels", "http://127.0.0.1:1"],
]


def takes_the_same_command_lines(folder, _):
    for arguments in COMMAND_LINES:
        ours, theirs = (run(b, *arguments, cwd=folder / "named") for b in (BINARY, PROMTOOL))
        if ours[0] != theirs[0] or bool(ours[1]) != bool(theirs[1]):
            differences.append(f"{arguments}\n--- ours: {ours}\n--- promtool: {theirs}")


# yaml of a test file, why 2.42 says otherwise; the files of tests/testdata/rules besides.
TEST_FILES = [
    ("", ""),
    ("foo: 1", ""),
    ("rule_files: [no.yml]", ""),
    ("group_eval_order: [a, a]", ""),
    ("evaluation_interval: 0s", ""),
    ("evaluation_interval: 1", ""),
    ("tests: [{alert_rule_test: [{eval_time: 1m}]}]", ""),
    ("tests: [{external_labels: {a: }}]", ""),
    ("tests: [{promql_expr_test: [{expr: vector(1), exp_samples: [{value: 1}]}]}]", ""),
    ("tests: [{promql_expr_test: [{expr: vector(1), exp_samples: [{labels: '{}', value: 1.0}]}]}]", ""),
    ("tests: [{promql_expr_test: [{expr: '1', exp_samples: [{labels: '{}', value: 1}]}]}]", ""),
    ("tests: [{promql_expr_test: [{expr: vector(1), exp_samples: [{labels: '{}', value: x}]}]}]", ""),
    ("tests: [{promql_expr_test: [{expr: vector(1), eval_time: -1m}]}]", ""),
    ("tests: [{interval: 1m, input_series: [{series: 'a{', values: '1'}]}]", ""),
    ("tests: [{interval: 1m, input_series: [{series: a, values: '1+'}]}]", ""),
    ("tests: [{interval: 1m, input_series: [{series: a, values: '1,2'}]}]", ""),
    ("tests: [{interval: 1m, input_series: [{series: a, values: 'stalex3'}]}]", ""),
    ("tests: [{promql_expr_test: [{expr: vector(0/0), exp_samples: [{value: .nan}]}]}]", "NaN that is not NaN"),
    (
        "tests: [{input_series: [{series: a, values: '1 2'}], "
        "promql_expr_test: [{expr: a, eval_time: 1m, exp_samples: [{labels: a, value: 2}]}]}]",
        "an interval of 0 without one",
    ),
    (
        "tests: [{interval: 1m, input_series: [{series: a, values: '{{count:1}}'}]}]",
        "" if IS_2_42 else "native histograms, which we do not store",
    ),
]
TEST_FILES_DIFFER = {"since_3_test.yml": "what is new in 3.x, and ranges that are open at their left"}


def tests_rules(folder, _):
    for file in sorted(TESTDATA.glob("*_test.yml")):
        differs = TEST_FILES_DIFFER.get(file.name, "")
        compare(file, "test", "rules", file.name, cwd=TESTDATA, differs=differs, same_output=True)
    for yaml, differs in TEST_FILES:
        (folder / "t.yml").write_text(yaml)
        compare(yaml, "test", "rules", "t.yml", cwd=folder, differs=differs, same_output=True)


def asks_servers(folder, started):
    server = servers.silverback(folder / "server")
    started.append(server)
    server.start()
    now = int(time.time()) * 1000
    series = [
        ({"__name__": "up", "job": job, "instance": instance}, [(now - 1000 * i, value + i) for i in (20, 10, 0)])
        for job, instance, value in (("a", "h:1", 0.5), ("a", "h:2", 1e9), ("b", 'q"\\\n', float("inf")))
    ]
    for labels, samples in series:
        body = remote_write.body_of([(labels, samples)])
        server.request("POST", "/api/v1/write", body, remote_write.HEADERS)
    at, start, end = f"--time={now / 1000}", f"--start={now / 1000 - 30}", f"--end={now / 1000}"
    questions = [
        ["instant", "up", at],
        ["instant", "sum by (job) (up)", at],
        ["instant", "up[1m]", at],
        ["instant", "time()", at],
        ["instant", "1e20", at],
        ["instant", "nothing", at],
        ["instant", "sum(", at],
        ["instant", "up + on(job) group_left up", at],
        ["range", "up", start, end, "--step=10s"],
        ["range", "sum(up)", start, end],
        ["range", "'text'", start, end],
        ["series", "--match=up", start, end],
        ["series", "--match=up{job='a'}", "--match={instance=~'.+'}"],
        ["series", "--match={job=''}"],
        ["labels", "job", start, end],
        ["labels", "instance", "--match=up{job='a'}"],
        ["labels", "nothing"],
    ]
    for verb, *arguments in questions:
        for options in ([], ["-o", "json"]):
            ours, theirs = (run(b, "query", *options, verb, server.url, *arguments) for b in (BINARY, PROMTOOL))
            if ours != theirs:
                differences.append(f"{verb} {arguments} {options}\n--- ours: {ours}\n--- promtool: {theirs}")


def test(folder, started):
    for part in (
        checks_configurations,
        checks_rules,
        checks_what_a_configuration_names,
        checks_metrics,
        finds_targets,
        takes_the_same_command_lines,
        tests_rules,
        asks_servers,
    ):
        before = len(differences)
        part(folder, started)
        print(f"{part.__name__}: {'fine' if len(differences) == before else 'DIFFERENCES'}", flush=True)
    if differences:
        raise AssertionError("\n\n".join(["differences:", *differences]))


if __name__ == "__main__":
    servers.main(test)

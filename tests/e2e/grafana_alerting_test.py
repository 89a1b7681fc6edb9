#!/usr/bin/env python3
"""What Grafana's alerting pages need of a server with rules: its Go client refuses an answer with one member of another
type, and its frontend takes a missing list for a broken data source. Each function is one such need.
"""

import datetime
import gzip
import json
import re
import time
import urllib.parse

import remote_write
import servers

RULES = {
    "alerts.yml": r"""
groups:
- name: firing
  interval: 1s
  limit: 10
  rules:
  - alert: Fires
    expr: demo > 0
    labels: {severity: page, team: a}
    annotations: {summary: "{{ $labels.host }} has {{ $value }}"}
  - alert: Waits
    expr: demo > 0
    for: 1h
    keep_firing_for: 90s
    labels: {severity: ticket}
  - alert: Rests
    expr: demo > 100
- name: failing
  interval: 1s
  rules:
  - record: demo:double
    expr: demo * 2
  - record: demo:twice
    expr: label_replace(demo, "host", "same", "", "")
- name: never
  interval: 10h
  rules: [{alert: NotYet, expr: demo}]
""",
    "more.yml": r"""
groups:
- {name: firing, interval: 1s, rules: [{record: "demo:sum", expr: sum(demo), labels: {team: a}}]}
- {name: second, interval: 1s, rules: [{record: "demo:max", expr: max(demo)}]}
- {name: "third; with / signs", interval: 1s, rules: [{alert: Rests, expr: demo > 100}]}
- {name: empty, interval: 1s}
""",
}

NUMBER, STRING, LIST, MAP, TIME = "a number", "a string", "a list", "a map of strings", "a time of RFC 3339"

GROUP = {
    "name": STRING,
    "file": STRING,
    "rules": LIST,
    "interval": NUMBER,
    "limit": NUMBER,
    "evaluationTime": NUMBER,
    "lastEvaluation": TIME,
}
RULE = {
    "name": STRING,
    "query": STRING,
    "labels": MAP,
    "health": STRING,
    "evaluationTime": NUMBER,
    "lastEvaluation": TIME,
    "type": STRING,
}
ALERTING_RULE = RULE | {
    "state": STRING,
    "duration": NUMBER,
    "keepFiringFor": NUMBER,
    "annotations": MAP,
    "alerts": LIST,
}
ALERT = {"labels": MAP, "annotations": MAP, "state": STRING, "activeAt": TIME, "value": STRING}


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def is_time(text):
    try:
        datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return False
    return "T" in text and re.search(r"(Z|[+-]\d\d:\d\d)$", text) is not None


IS = {
    NUMBER: lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    STRING: lambda v: isinstance(v, str),
    LIST: lambda v: isinstance(v, list),
    MAP: lambda v: isinstance(v, dict) and all(isinstance(x, str) for x in v.values()),
    TIME: lambda v: isinstance(v, str) and is_time(v),
}


def expect_members(value, members, optional=()):
    for name, kind in members.items():
        expect(name in value, f"no {name} in {value}")
        expect(IS[kind](value[name]), f"{name} is no {kind[2:]}: {value[name]!r}")
    more = value.keys() - members.keys() - set(optional)
    expect(not more, f"unknown members {more}")


def rules_of(server, *parameters):
    """The groups; `parameters` are pairs, since a name may come twice."""
    response = server.request("GET", "/api/v1/rules?" + urllib.parse.urlencode(parameters))
    expect(response.status == 200, f"{parameters}: {response.status} {response.text}")
    return json.loads(response.text)["data"]["groups"]


def names(groups):
    """[(file's name, group, [rule])]"""
    return [(g["file"].rsplit("/", 1)[1], g["name"], [r["name"] for r in g["rules"]]) for g in groups]


def refused(server, *parameters):
    response = server.request("GET", "/api/v1/rules?" + urllib.parse.urlencode(parameters))
    answer = json.loads(response.text)
    expect(response.status == 400 and answer["errorType"] == "bad_data", f"{parameters}: {response.status} {answer}")
    expect("data" not in answer, f"{parameters}: an error with data")
    return answer["error"]


def every_member_has_the_type_that_go_expects(server):
    groups = rules_of(server)
    kinds = set()
    for group in groups:
        expect_members(group, GROUP)
        for rule in group["rules"]:
            is_alert = rule["type"] == "alerting"
            expect_members(rule, ALERTING_RULE if is_alert else RULE, ("lastError",))
            expect(rule["type"] in ("alerting", "recording"), rule)
            expect(rule["health"] in ("ok", "err", "unknown"), rule)
            expect(isinstance(rule.get("lastError", ""), str), rule)
            kinds.add((rule["type"], rule["health"], rule.get("state")))
            for alert in rule.get("alerts", []):
                expect_members(alert, ALERT, ("keepFiringSince",))
                expect(float(alert["value"]) > 0, alert)
    want = {("alerting", "ok", state) for state in ("firing", "pending", "inactive")}
    want |= {("recording", "ok", None), ("recording", "err", None)}
    expect(want <= kinds, f"these were not seen: {want - kinds}")
    for alert in server.api("alerts")["alerts"]:
        expect_members(alert, ALERT, ("keepFiringSince",))


def durations_are_seconds(server):
    rule = rules_of(server, ("rule_name[]", "Waits"))[0]["rules"][0]
    expect((rule["duration"], rule["keepFiringFor"]) == (3600, 90), rule)


def what_was_never_evaluated_has_all_members_too(server):
    group = rules_of(server, ("rule_group[]", "never"))[0]
    rule = group["rules"][0]
    expect(group["lastEvaluation"] == rule["lastEvaluation"] == "0001-01-01T00:00:00Z", group)
    expect(rule["health"] == "unknown" and rule["alerts"] == [], rule)


def content_type_is_json_and_gzip_is_taken(server):
    for path in ("rules", "alerts", "alertmanagers"):
        response = server.request("GET", f"/api/v1/{path}")
        expect(response.headers["Content-Type"] == "application/json", response.headers.as_string())
    plain = server.request("GET", "/api/v1/rules?exclude_alerts=true&type=record&rule_group[]=second")
    packed = server.request("GET", "/api/v1/rules", headers={"Accept-Encoding": "gzip"})
    expect(packed.headers["Content-Encoding"] == "gzip", packed.headers.as_string())
    expect(len(gzip.decompress(packed.content)) > len(plain.content), "another answer")


def names_with_brackets_filter(server):
    everything = rules_of(server)
    file = everything[0]["file"]
    expect(file.endswith("/alerts.yml"), file)
    table = (
        ([("rule_group[]", "second")], [("more.yml", "second", ["demo:max"])]),
        ([("rule_group[]", "second"), ("rule_group[]", "never")], [("alerts.yml", "never", ["NotYet"]),
                                                                   ("more.yml", "second", ["demo:max"])]),
        ([("file[]", file), ("rule_group[]", "firing")], [("alerts.yml", "firing", ["Fires", "Waits", "Rests"])]),
        ([("rule_name[]", "Rests")], [("alerts.yml", "firing", ["Rests"]),
                                      ("more.yml", "third; with / signs", ["Rests"])]),
        ([("rule_name[]", "Rests"), ("rule_name[]", "demo:max"), ("type", "record")],
         [("more.yml", "second", ["demo:max"])]),
        ([("rule_group[]", "third; with / signs")], [("more.yml", "third; with / signs", ["Rests"])]),
        ([("match[]", '{team="a"}')], [("alerts.yml", "firing", ["Fires"]), ("more.yml", "firing", ["demo:sum"])]),
        ([("match[]", '{severity="page"}'), ("match[]", '{severity="ticket"}')],
         [("alerts.yml", "firing", ["Fires", "Waits"])]),
        ([("file[]", "no such file")], []),
        ([("rule_name[]", "nothing")], []),
    )
    for parameters, want in table:
        expect(names(rules_of(server, *parameters)) == want, f"{parameters}: {names(rules_of(server, *parameters))}")


def names_without_brackets_and_empty_values_ask_for_nothing(server):
    """Grafana sends both spellings, and all of them even where the user has not chosen."""
    everything = names(rules_of(server))
    for parameters in (
        [("file", "x"), ("rule_group", "x"), ("rule_name", "x")],
        [(name, "") for name in ("file", "file[]", "rule_group", "rule_group[]", "rule_name", "rule_name[]")],
        [(name, "") for name in ("exclude_alerts", "group_limit", "group_next_token", "type")],
        [("no_such_parameter", "1")],
    ):
        expect(names(rules_of(server, *parameters)) == everything, f"{parameters} filter")


def both_spellings_together_filter_once(server):
    parameters = [("rule_group", "second"), ("rule_group[]", "second"), ("file", ""), ("file[]", "")]
    expect(names(rules_of(server, *parameters)) == [("more.yml", "second", ["demo:max"])], "not the one group")


def alerts_can_be_left_out(server):
    rule = rules_of(server, ("rule_name[]", "Fires"), ("exclude_alerts", "true"))[0]["rules"][0]
    expect(rule["alerts"] == [] and rule["state"] == "firing", rule)
    rule = rules_of(server, ("rule_name[]", "Fires"), ("exclude_alerts", "false"))[0]["rules"][0]
    expect(len(rule["alerts"]) == 2, rule)
    expect("exclude_alerts" in refused(server, ("exclude_alerts", "maybe")), "the parameter is not named")


def pages_make_up_the_whole(server):
    everything = names(rules_of(server))
    expect(len(everything) >= 6, everything)
    for limit in (1, 2, 4, len(everything), 100):
        pages, token = [], None
        while True:
            parameters = [("group_limit", limit)] + ([("group_next_token", token)] if token else [])
            data = server.api("rules", **dict(parameters))
            expect(len(data["groups"]) <= limit, f"more than {limit} groups")
            pages += names(data["groups"])
            token = data.get("groupNextToken")
            if token is None:
                break
        expect(pages == everything, f"pages of {limit}: {pages}")


def wrong_pages_are_refused(server):
    for parameters in (
        [("group_limit", "0")],
        [("group_limit", "-1")],
        [("group_limit", "many")],
        [("group_next_token", "abc")],
        [("group_limit", "1"), ("group_next_token", "abc")],
        [("type", "both")],
        [("match[]", "{")],
    ):
        refused(server, *parameters)


def another_method_is_405(server):
    for path in ("rules", "alerts", "alertmanagers"):
        response = server.request("POST", f"/api/v1/{path}", "", {"Content-Type": "application/x-www-form-urlencoded"})
        expect(response.status == 405, f"POST {path}: {response.status}")
        expect("GET" in (response.headers["Allow"] or ""), f"POST {path}: Allow is {response.headers['Allow']}")


def it_passes_for_prometheus(server):
    """`features` would make it a Mimir; so would an answer at one of Mimir's paths."""
    build = server.api("status/buildinfo")
    expect("features" not in build, build)
    version = re.match(r"(\d+)\.(\d+)\.(\d+)$", build["version"])
    expect(version and tuple(map(int, version.groups())) >= (2, 24, 0), build)
    for path in ("/config/v1/rules", "/api/v1/rules/test/test"):
        response = server.request("GET", path)
        expect(response.status == 404 and "page not found" in response.text, f"{path}: {response.text}")


def alerts_are_series_for_annotations(server):
    now = time.time()
    deadline = now + 20
    while True:
        found = server.api("query_range", query="ALERTS", start=now - 120, end=time.time(), step=60)["result"]
        states = {(s["metric"]["alertname"], s["metric"]["alertstate"]) for s in found}
        found = server.api("query", query='ALERTS{alertname="Fires"} == 1')["result"]
        if found and server.api("query", query="ALERTS_FOR_STATE")["result"]:
            break
        expect(time.time() < deadline, f"ALERTS has {states}")
        time.sleep(0.2)
    expect({s["metric"]["severity"] for s in found} == {"page"}, found)


def test(folder, started):
    folder = folder / "silverback"
    folder.mkdir()
    (folder / "prometheus.yml").write_text("global: {evaluation_interval: 1s}\nrule_files: [alerts.yml, more.yml]\n")
    for name, text in RULES.items():
        (folder / name).write_text(text)
    server = servers.silverback(folder, f"--config.file={folder / 'prometheus.yml'}")
    started.append(server)
    server.start()
    now = int(time.time() * 1000)
    body = remote_write.body_of(({"__name__": "demo", "host": h}, [(now, 3.0)]) for h in ("a", "b"))
    expect(server.request("POST", "/api/v1/write", body, remote_write.HEADERS).status == 204, "remote write")
    deadline = time.monotonic() + 20
    while {a["state"] for a in server.api("alerts")["alerts"]} != {"firing", "pending"}:
        expect(time.monotonic() < deadline, "no alert fires")
        time.sleep(0.1)
    time.sleep(1.5)  # every group that is due has been evaluated
    failures = []
    for need in (
        every_member_has_the_type_that_go_expects,
        durations_are_seconds,
        what_was_never_evaluated_has_all_members_too,
        content_type_is_json_and_gzip_is_taken,
        names_with_brackets_filter,
        names_without_brackets_and_empty_values_ask_for_nothing,
        both_spellings_together_filter_once,
        alerts_can_be_left_out,
        pages_make_up_the_whole,
        wrong_pages_are_refused,
        another_method_is_405,
        it_passes_for_prometheus,
        alerts_are_series_for_annotations,
    ):
        try:
            need(server)
            print(f"{need.__name__}: fine", flush=True)
        except (AssertionError, KeyError, IndexError) as error:
            failures.append(f"{need.__name__}: {error!r}")
    expect(not failures, "\n".join(failures))


if __name__ == "__main__":
    servers.main(test)

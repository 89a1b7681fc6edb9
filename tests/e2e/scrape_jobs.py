"""What two servers are to scrape: the jobs, and the configuration made of them.

In what is said here, `EXPORTER` is the address of the server's own exporter, `OTHER` the one of the server it is
compared with, `FOLDER` a folder of its own, and `NODE`, `ALERTMANAGER`, `PUSHGATEWAY`, `SELF` are what they say.
"""

import dataclasses
import json

import misbehaving_exporter as exporter

INTERVAL_S = 2
LINES_INTERVAL_S = 8
NOWHERE = "127.0.0.1:1"  # no one listens there


@dataclasses.dataclass
class Job:
    """One entry of `scrape_configs`.

    `compared` is how:
        scrapes  the same at each scrape, the first, the second, …
        settled  what was there from when to when; what is there at the end
        series   the names and labels of the series
        report   the series that the server makes itself
    """

    name: str
    path: str = None
    settings: dict = dataclasses.field(default_factory=dict)
    since_3: dict = dataclasses.field(default_factory=dict)  # settings that 2.42 does not know
    targets: list = None  # of static_configs; none: the exporter
    params: dict = dataclasses.field(default_factory=dict)
    compared: str = "scrapes"
    fails_always: bool = True  # if it fails: each scrape does, for the same reason
    own_clock: bool = False  # its page has timestamps of when it was asked
    versions: tuple = ({}, {})  # settings of the configuration before and after a reload; None: no such job


def static(*addresses, **labels):
    return {"targets": list(addresses), "labels": labels}


def relabel(**rule):
    return rule


def variants(name, path, cases):
    """One job; a target for each case: {case: parameters}."""
    targets = [
        static("EXPORTER", case=case, **{f"__param_{parameter}": value for parameter, value in parameters.items()})
        for case, parameters in cases.items()
    ]
    return Job(name, path, targets=targets)


def parsed(form, names):
    settings = {"scrape_interval": f"{LINES_INTERVAL_S}s"}
    targets = [static("EXPORTER", case=name, __metrics_path__=f"/lines/{form}/{name}") for name in names]
    return Job(f"{form}_lines", "/lines", settings, targets=targets)


def limited(name, path, **limits):
    return Job(name, path, limits)


TYPES = {
    "none": {},
    "json": {"type": "application/json"},
    "text_plain": {"type": "text/plain"},
    "text_1_0_0": {"type": "text/plain; version=1.0.0; escaping=values"},
    "text_other_version": {"type": "text/plain; version=9"},
    "text_capitals": {"type": "TEXT/PLAIN; Version=0.0.4"},
    "openmetrics": {"type": "application/openmetrics-text"},
    "openmetrics_0_0_1": {"type": "application/openmetrics-text; version=0.0.1"},
    "html": {"type": "text/html"},
    "malformed": {"type": "text/plain; ="},
    "no_slash": {"type": "text"},
    "blank": {"type": " "},
}

REDIRECTS = {
    **{str(code): {"status": str(code), "to": "/constant"} for code in (301, 302, 303, 307, 308)},
    "elsewhere": {"status": "302", "to": "elsewhere"},
    "relative": {"status": "302", "to": "constant?of=relative"},
    "300": {"status": "300", "to": "/constant"},
    "304": {"status": "304", "to": "/constant"},
    "scheme": {"status": "302", "to": "ftp://127.0.0.1/"},
    "refused": {"status": "302", "to": f"http://{NOWHERE}/"},
}
RELABEL_METRICS = [
    relabel(source_labels=["__name__"], regex="relabel_dropped", action="drop"),
    relabel(source_labels=["__name__"], regex="relabel_renamed", target_label="__name__", replacement="renamed_metric"),
    relabel(action="labeldrop", regex="only"),
    relabel(action="labelmap", regex="(a|b)", replacement="mapped_$1"),
    relabel(source_labels=["a", "job"], separator="/", regex="1/(.*)", target_label="joined", replacement="${1}_x"),
    relabel(source_labels=["mixed_Case"], action="lowercase", target_label="lower"),
    relabel(source_labels=["mixed_Case"], action="uppercase", target_label="upper"),
    relabel(source_labels=["__name__"], action="hashmod", modulus=7, target_label="shard"),
    relabel(source_labels=["__name__"], target_label="__tmp_stored"),
    relabel(source_labels=["nothing"], target_label="b", replacement="$1", regex="(.*)"),
]

RELABEL_TARGETS = [
    relabel(source_labels=["drop"], regex="yes", action="drop"),
    relabel(source_labels=["path"], regex="(.+)", target_label="__metrics_path__", replacement="/$1"),
    relabel(source_labels=["address"], regex="(.+)", target_label="__address__"),
    relabel(source_labels=["name"], regex="(.+)", target_label="instance", replacement="named-$1"),
    relabel(source_labels=["interval"], regex="(.+)", target_label="__scrape_interval__"),
    relabel(source_labels=["timeout"], regex="(.+)", target_label="__scrape_timeout__"),
    relabel(source_labels=["scheme"], regex="(.+)", target_label="__scheme__"),
    relabel(source_labels=["case"], target_label="__param_case"),
    relabel(source_labels=["case"], target_label="__tmp_case"),
    relabel(source_labels=["__tmp_case"], target_label="copied"),
    relabel(source_labels=["case"], action="hashmod", modulus=5, target_label="shard"),
    relabel(action="labelmap", regex="__meta_(.+)"),
    relabel(action="labeldrop", regex="address|path|name"),
    relabel(source_labels=["job", "shard"], regex="relabel_targets;(.)", target_label="job", replacement="relabelled"),
]

TARGETS_TO_RELABEL = [
    static("EXPORTER", case="plain"),
    static("EXPORTER", case="dropped", drop="yes"),
    static("EXPORTER", case="path", path="text"),
    static("nowhere.invalid:80", case="address", address="EXPORTER"),
    static("EXPORTER", case="named", name="x"),
    static("EXPORTER", case="interval", interval="1s", timeout="900ms"),
    static("EXPORTER", case="interval_wrong", interval="often"),
    static("EXPORTER", case="interval_zero", interval="0s"),
    static("EXPORTER", case="timeout_over_interval", interval="1s", timeout="2s"),
    static("EXPORTER", case="scheme", scheme="gopher"),
    static("EXPORTER", case="instance", instance="of its own"),
    static("EXPORTER", case="job", job="of its own"),
    static("EXPORTER", case="empty", empty=""),
    static("EXPORTER", case="meta", __meta_found="here"),
]

EXPORTER_JOBS = [
    Job("text", "/text"),
    Job("openmetrics", "/openmetrics"),
    Job("openmetrics_empty", "/openmetrics_empty"),
    Job("large", "/large"),
    Job("external", "/text", {"sample_limit": 100, "label_limit": 30}),
    # How it asks.
    Job("headers", "/headers", {"scrape_timeout": "1500ms"}),
    Job("uncompressed", "/headers", since_3={"enable_compression": False}),
    Job("protocols", "/headers", since_3={"scrape_protocols": ["PrometheusText0.0.4", "OpenMetricsText1.0.0"]}),
    Job(
        "basic_auth",
        "/protected",
        {"basic_auth": {"username": "user", "password": "pass:word"}},
        params={"wants": ["Basic dXNlcjpwYXNzOndvcmQ="]},
    ),
    Job(
        "authorization",
        "/protected",
        {"authorization": {"type": "Custom", "credentials_file": "FOLDER/credentials"}},
        params={"wants": ["Custom secret"]},
    ),
    Job("unauthorized", "/protected", params={"wants": ["Bearer x"]}),
    Job(
        "http_headers",
        "/headers",
        since_3={"http_headers": {"X-Scope": {"values": ["a", "b"]}, "X-Secret": {"secrets": ["s"]}}},
    ),
    Job("params", "/asked", params={"one": ["1"], "two": ["a b", "c&d"], "empty": [""], "ü": ["€"]}),
    Job("path_with_query", "/asked?x=1"),
    Job("path_escaped", "/asked/a b%2F"),
    # What it is answered.
    variants("types", "/typed", TYPES),
    Job("type_fallback", "/typed", since_3={"fallback_scrape_protocol": "PrometheusText0.0.4"}),
    Job(
        "type_fallback_openmetrics",
        "/typed",
        since_3={"fallback_scrape_protocol": "OpenMetricsText1.0.0"},
        params={"type": ["application/json"]},
    ),
    Job("html", "/html"),
    Job("html_as_text", "/html_as_text"),
    Job("truncated", "/truncated"),
    Job("truncated_chunks", "/truncated_chunks"),
    Job("bad_chunks", "/bad_chunks"),
    Job("chunks", "/chunks"),
    Job("without_length", "/without_length"),
    Job("reset_at_once", "/reset_at_once"),
    Job("reset_within", "/reset_within"),
    Job("hang_up", "/hang_up"),
    Job("not_http", "/not_http"),
    Job("refused", "/metrics", targets=[static(NOWHERE)]),
    Job("wrong_scheme", "/text", {"scheme": "https"}),
    Job("slow_but_in_time", "/slow", params={"seconds": ["0.7"]}),
    Job("slow", "/slow", {"scrape_timeout": "500ms"}, params={"seconds": ["1.2"]}),
    Job("slow_body", "/slow_body", {"scrape_timeout": "500ms"}, params={"seconds": ["1.2"]}),
    Job("slower_than_interval", "/slow", {"scrape_timeout": f"{INTERVAL_S}s"}, params={"seconds": ["3.2"]}),
    Job("trickle", "/trickle", {"scrape_timeout": f"{INTERVAL_S}s"}),
    Job("endless", "/endless", {"body_size_limit": "1MB"}),
    Job("endless_line", "/endless_line", {"body_size_limit": "1MB"}, params={"bytes": [str(1 << 22)]}),
    Job("gzip_good", "/gzip_good"),
    Job("gzip_two_members", "/gzip_two_members"),
    Job("gzip_cut", "/gzip_cut"),
    Job("gzip_wrong_sum", "/gzip_wrong_sum"),
    Job("gzip_not", "/gzip_not"),
    Job("gzip_nothing", "/gzip_nothing"),
    Job("gzip_and_rest", "/gzip_and_rest"),
    Job("gzip_bomb", "/gzip_bomb", {"body_size_limit": "1MB"}),
    Job("unknown_encoding", "/unknown_encoding"),
    variants("redirect", "/redirect", REDIRECTS),
    Job("redirect_not_followed", "/redirect", {"follow_redirects": False}, params=REDIRECTS["301"]),
    Job("redirect_loop", "/loop"),
    Job("redirect_nowhere", "/redirect_nowhere"),
    *[Job(f"status_{code}", f"/status/{code}") for code in (201, 204, 206, 400, 404, 418, 429, 500, 503, 599, 799)],
    Job("failing", "/failing", fails_always=False),
    Job("empty", "/empty"),
    Job("empty_sometimes", "/empty_sometimes"),
    # Series.
    parsed("text", [*exporter.TEXT_LINES, *exporter.TEXT_PAGES]),
    parsed("openmetrics", [*exporter.OPENMETRICS_LINES, *exporter.OPENMETRICS_PAGES]),
    Job("vanishing", "/vanishing"),
    Job("spelling", "/spelling"),
    Job("duplicates", "/duplicates"),
    Job("dated_duplicates", "/dated_duplicates"),
    Job("buckets", "/buckets"),
    Job("buckets_twice", "/buckets_twice"),
    Job("long_lines", "/long_lines"),
    Job("many_labels", "/many_labels"),
    Job("braces", "/braces", params={"count": ["100000"]}),
    Job("utf8", "/utf8"),
    Job("utf8_legacy", "/utf8", since_3={"metric_name_validation_scheme": "legacy"}),
    Job("own_report", "/own_report"),
    Job("own_report_honored", "/own_report", {"honor_labels": True}),
    Job("own_labels", "/own_labels", targets=[static("EXPORTER", region="here")]),
    Job("own_labels_honored", "/own_labels", {"honor_labels": True}, targets=[static("EXPORTER", region="here")]),
    Job("timestamps", "/timestamps"),
    Job("timestamps_ignored", "/timestamps", {"honor_timestamps": False}),
    Job("timestamps_tracked", "/dated_vanishing", since_3={"track_timestamps_staleness": True}, own_clock=True),
    Job("timestamps_untracked", "/dated_vanishing", own_clock=True),
    # Limits.
    limited("sample_limit_kept", "/many/5", sample_limit=5),
    limited("sample_limit_passed", "/many/6", sample_limit=5),
    Job(
        "sample_limit_relabelled",
        "/many/10",
        {"sample_limit": 5, "metric_relabel_configs": [relabel(source_labels=["half"], regex="1", action="drop")]},
    ),
    Job("sample_limit_sometimes", "/growing", {"sample_limit": 5}, fails_always=False),
    limited("label_limit_kept", "/limited", label_limit=5),
    limited("label_limit_passed", "/limited", label_limit=4),
    limited("label_name_limit_kept", "/limited", label_name_length_limit=10),
    limited("label_name_limit_passed", "/limited", label_name_length_limit=9),
    limited("label_value_limit_kept", "/limited", label_value_length_limit=30),
    limited("label_value_limit_passed", "/limited", label_value_length_limit=29),
    limited("body_limit_kept", "/sized/1000", body_size_limit="1001B"),
    limited("body_limit_reached", "/sized/1000", body_size_limit="1000B"),
    limited("body_limit_passed", "/sized/1000", body_size_limit="999B"),
    Job("body_limit_gzip_kept", "/sized/1000", {"body_size_limit": "1001B"}, params={"gzip": [""]}),
    Job("body_limit_gzip_reached", "/sized/1000", {"body_size_limit": "1000B"}, params={"gzip": [""]}),
    Job("target_limit_kept", "/text", {"target_limit": 1}),
    Job(
        "target_limit_passed",
        "/text",
        {"target_limit": 1},
        targets=[static("EXPORTER", case="a"), static("EXPORTER", case="b")],
    ),
    # Relabelling.
    Job("relabel_metrics", "/labelled", {"metric_relabel_configs": RELABEL_METRICS}),
    Job(
        "relabel_keep",
        "/labelled",
        {"metric_relabel_configs": [relabel(source_labels=["__name__", "n"], regex="relabel_odd;0", action="keep")]},
    ),
    Job(
        "relabel_labelkeep",
        "/labelled",
        {"metric_relabel_configs": [relabel(action="labelkeep", regex="__name__|n|job|instance")]},
    ),
    Job("relabel_drops_labels", "/labelled", {"metric_relabel_configs": [relabel(action="labeldrop", regex=".*")]}),
    Job("relabel_drops_name", "/labelled", {"metric_relabel_configs": [relabel(action="labeldrop", regex="__name__")]}),
    Job(
        "relabel_drops_target_labels",
        "/labelled",
        {"metric_relabel_configs": [relabel(action="labeldrop", regex="instance")]},
    ),
    Job(
        "relabel_dotted_name",
        "/constant",
        {"metric_relabel_configs": [relabel(target_label="__name__", source_labels=["__name__"], replacement="$1.x")]},
    ),
    Job(
        "relabel_targets",
        "/constant",
        {"relabel_configs": RELABEL_TARGETS},
        targets=TARGETS_TO_RELABEL,
    ),
    Job(
        "relabel_drops_all",
        "/text",
        {"relabel_configs": [relabel(action="drop", source_labels=["job"], regex=".*")]},
        targets=[static("EXPORTER", case=str(i)) for i in range(3)],
        since_3={"keep_dropped_targets": 2},
    ),
    Job("address_without_port", "/metrics", targets=[static("127.0.0.1")]),
    Job("addresses_twice", "/text", targets=[static("EXPORTER"), static("EXPORTER")]),
    # Discovery; the test changes what it finds.
    Job(
        "file_sd",
        "/constant",
        {"file_sd_configs": [{"files": ["FOLDER/sd/*.json", "FOLDER/sd/other.yml"], "refresh_interval": "3s"}]},
        targets=[],
        compared="settled",
    ),
    *[
        Job(
            f"http_sd_{name}",
            "/constant",
            {"http_sd_configs": [{"url": f"http://EXPORTER/sd/{name}", "refresh_interval": "2s"}]},
            targets=[],
            compared="settled",
        )
        for name in ("changing", "failing", "broken")
    ],
    # Reloads.
    Job("reload_unchanged", "/text"),
    Job("reload_removed", "/constant", compared="settled", versions=({}, None)),
    Job("reload_added", "/constant", compared="settled", versions=(None, {})),
    Job("reload_path", compared="settled", versions=({"metrics_path": "/constant"}, {"metrics_path": "/constant/2"})),
    Job(
        "reload_label",
        "/constant",
        compared="settled",
        versions=tuple({"static_configs": [static("EXPORTER", version=v)]} for v in "ab"),
    ),
    Job(
        "reload_metric_relabel",
        "/constant",
        compared="settled",
        versions=tuple(
            {"metric_relabel_configs": [relabel(source_labels=["__name__"], regex=regex, action="drop")]}
            for regex in ("constant_metric", "constant_other")
        ),
    ),
    Job("reload_interval", "/constant", compared="settled", versions=({}, {"scrape_interval": "1s"})),
    Job("reload_limit", "/constant", compared="settled", versions=({}, {"sample_limit": 1})),
    Job(
        "reload_honor",
        "/constant",
        targets=[static("EXPORTER", region="here")],
        compared="settled",
        versions=({}, {"honor_labels": True}),
    ),
]

SERVER_JOBS = [
    Job("node", "/metrics", targets=[static("NODE")], compared="series"),
    Job("alertmanager", "/metrics", targets=[static("ALERTMANAGER")], compared="series"),
    Job("pushgateway", "/metrics", {"honor_labels": True}, targets=[static("PUSHGATEWAY")], compared="series"),
    Job("self", "/metrics", targets=[static("SELF")], compared="report"),
    # What the other has scraped, under other names.
    Job(
        "federate",
        "/federate",
        {
            "honor_labels": True,
            "metric_relabel_configs": [
                relabel(source_labels=["__name__"], target_label="__name__", replacement="federated_$1")
            ],
        },
        targets=[static("OTHER")],
        params={
            "match[]": [
                '{job=~"text|openmetrics|vanishing",__name__!~"federated_.*|vanishing_own"}',
                'up{job="failing"}',
            ]
        },
        compared="series",
    ),
]

JOBS = EXPORTER_JOBS + SERVER_JOBS
BY_NAME = {job.name: job for job in JOBS}

# What is pushed has its own job.
PUSHED = "pushed"

# {job label on a page: the job that lets it stand}
HONORED = {"exposed_job": "own_labels_honored", "": "own_labels_honored"}


def configuration(version, is_2, places):
    """The text of prometheus.yml, in the subset of YAML that JSON is. `places`: {name of a place: address}."""
    entries = []
    for job in JOBS:
        settings = job.versions[version % 2]
        if settings is None:
            continue
        targets = [static("EXPORTER")] if job.targets is None else job.targets
        if any(place not in places for target in targets for place in target["targets"] if place.isupper()):
            continue  # this machine has no such server
        entry = {"job_name": job.name, "params": {"of": [job.name], **{n: as_list(v) for n, v in job.params.items()}}}
        if job.path:
            entry["metrics_path"] = job.path
        if targets:
            entry["static_configs"] = targets
        entries.append(entry | job.settings | ({} if is_2 else job.since_3) | settings)
    document = {
        "global": {
            "scrape_interval": f"{INTERVAL_S}s",
            "scrape_timeout": f"{INTERVAL_S}s",
            "external_labels": {"cluster": "e2e"},
            **({} if is_2 else {"extra_scrape_metrics": True}),
        },
        "scrape_configs": entries,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    for place, address in places.items():
        text = text.replace(place, address)
    return text


def as_list(value):
    return value if isinstance(value, list) else [value]

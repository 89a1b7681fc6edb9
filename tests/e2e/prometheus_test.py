#!/usr/bin/env python3
"""A real Prometheus scrapes a real node_exporter every second, remote-writes to Silverback, and answers the same
questions itself: the answers must be equal to 1e-9 of the largest magnitude that went into them.

SILVERBACK_E2E_SECONDS: how long it collects (40). SILVERBACK_REFERENCE_PROMETHEUS: another server as the reference.

Prometheus 2.42 takes range selectors as closed intervals, 3.x as left-open ones; so that this shows nowhere, every
query time and range start has a millisecond phase that no scrape and no subquery step has. What else may differ is
in EXCUSES, one named rule each, and the test prints what each rule excused.
"""

import json
import math
import os
import re
import subprocess
import time
import urllib.parse

import servers

SECONDS = int(os.environ.get("SILVERBACK_E2E_SECONDS", "40"))
TOLERANCE = 1e-9

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1m
scrape_configs:
  - job_name: node
    static_configs: [{targets: ["127.0.0.1:%d"]}]
  - job_name: prometheus
    static_configs: [{targets: ["127.0.0.1:%d"]}]
remote_write:
  - url: %s/api/v1/write
    queue_config: {batch_send_deadline: 200ms, max_shards: 4}
    metadata_config: {send_interval: 2s}
"""

# What the dashboard leaves out; the functions, aggregations and operators of real rules among it.
MORE_QUERIES = """
up
{job="node"}[20s]
{job="node",__name__=~"node_load.*"}
count by (job) ({__name__=~".+"})
count(count by (__name__) ({__name__!=""}))
sum by (mode) (rate(node_cpu_seconds_total[10s]))
sum without (cpu, mode) (irate(node_cpu_seconds_total[10s]))
topk(3, rate(node_cpu_seconds_total[20s]))
bottomk(2, node_memory_MemTotal_bytes or node_memory_MemAvailable_bytes)
histogram_quantile(0.9, sum by (le) (rate(prometheus_http_request_duration_seconds_bucket[20s])))
histogram_quantile(0.5, prometheus_tsdb_compaction_chunk_range_seconds_bucket)
histogram_quantile(0.99, sum by (le, handler) (increase(prometheus_http_response_size_bytes_bucket[30s])))
increase(prometheus_http_requests_total[15s])
delta(node_memory_MemFree_bytes[12s])
idelta(node_memory_MemFree_bytes[12s])
deriv(node_memory_MemAvailable_bytes[20s])
predict_linear(node_filesystem_avail_bytes[20s], 3600)
avg_over_time(node_memory_MemFree_bytes[15s])
min_over_time(node_memory_MemFree_bytes[15s])
max_over_time(node_memory_MemFree_bytes[15s])
sum_over_time(node_load1[15s])
count_over_time(up[10s])
quantile_over_time(0.7, node_memory_MemFree_bytes[15s])
stddev_over_time(node_memory_MemFree_bytes[15s])
stdvar_over_time(node_load1[15s])
last_over_time(node_load1[15s])
present_over_time(node_load1[15s])
absent(nonexistent{job="x"})
absent_over_time(nonexistent{job="x"}[5s])
changes(node_context_switches_total[10s])
resets(node_context_switches_total[10s])
max_over_time(rate(node_context_switches_total[5s])[15s:2s])
avg_over_time((sum(rate(node_cpu_seconds_total[5s])))[12s:3s])
quantile by (job) (0.3, scrape_samples_scraped)
stddev by (mode) (rate(node_cpu_seconds_total[10s]))
stdvar(node_filesystem_size_bytes)
count_values("version", node_exporter_build_info)
group by (instance) (up)
min by (job) (scrape_duration_seconds)
node_filesystem_avail_bytes / node_filesystem_size_bytes
node_filesystem_avail_bytes / on (device, mountpoint) group_left () node_filesystem_size_bytes
rate(node_cpu_seconds_total[10s]) * on (instance) group_left (nodename) node_uname_info
node_load1 > bool node_load5
node_load1 > 0 and node_load5 > 0
up unless on (job) node_load1
node_load1 or node_load5
node_memory_MemTotal_bytes % 1000
2 ^ node_load1
-node_load1
node_load1 atan2 node_load5
label_replace(up, "host", "$1", "instance", "(.*):.*")
label_join(up, "both", "-", "job", "instance")
round(node_load1, 0.01)
floor(node_load1 * 100)
ceil(node_load1 * 100)
clamp(node_load1, 0.1, 0.2)
clamp_max(node_load1, 0.1)
abs(node_load1 - 1)
ln(node_memory_MemTotal_bytes)
log2(node_memory_MemTotal_bytes)
log10(node_memory_MemTotal_bytes)
exp(node_load1)
sqrt(node_memory_MemTotal_bytes)
sgn(node_load1 - 1)
sort(node_filesystem_size_bytes)
sort_desc(node_filesystem_size_bytes)
scalar(node_load1)
vector(1)
time()
timestamp(up)
minute()
hour(vector(1136239445))
day_of_week(node_boot_time_seconds)
day_of_month(node_boot_time_seconds)
days_in_month(node_boot_time_seconds)
month(node_boot_time_seconds)
year(node_boot_time_seconds)
sin(node_load1) + cos(node_load1) + tan(node_load1)
deg(node_load1) + rad(node_load1) + pi()
node_load1 offset 5s
rate(node_cpu_seconds_total{mode="idle"}[10s] offset 3s)
sum(rate(node_cpu_seconds_total{mode!~"idle|iowait"}[10s])) / sum(rate(node_cpu_seconds_total[10s]))
1 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[15s]))
node_network_receive_bytes_total{device=~"lo|eth.*"}
rate(node_network_receive_bytes_total{device!~"veth.*"}[10s]) * 8
""".strip().splitlines()


class Asked:
    """One question with both answers, and whom to ask more."""

    def __init__(self, reference, query, left, right, magnitude):
        self.reference, self.query, self.left, self.right = reference, query, left, right
        self.magnitude = magnitude
        self.version = reference.api("status/buildinfo")["version"]

    def differing_times(self):
        a, b = points(self.left), points(self.right)
        times = set()
        for series in a.keys() | b.keys():
            x, y = a.get(series, {}), b.get(series, {})
            times |= {t for t in x.keys() | y.keys() if t not in x or t not in y or not equal(x[t], y[t], self.magnitude)}
        return times


def ties(asked):
    return re.match(r"(topk|bottomk)\(", asked.query) is not None


def atan2_name(asked):
    """Equal as soon as the reference's answer has no metric names either."""
    if not asked.version.startswith("2.") or " atan2 " not in asked.query:
        return False
    without = json.loads(json.dumps(asked.left))
    for series in without["result"]:
        series["metric"].pop("__name__", None)
    return difference(without, asked.right, asked.magnitude) is None


def extrapolated(samples, t, window, first_to_zero):
    """increase() of the samples in the window that ends at t, as 2.x (first_to_zero) or as 3.x has it."""
    (t0, v0), (t1, v1) = samples[0], samples[-1]
    since_t = lambda when: round((when - t) * 1000) / 1000  # seconds of today are too large to subtract exactly
    t0, t1 = since_t(t0), since_t(t1)
    increase = v1 - v0 + sum(a for (_, a), (_, b) in zip(samples, samples[1:]) if b < a)
    sampled = t1 - t0
    mean = sampled / (len(samples) - 1)
    to_start, to_end = t0 + window, -t1
    to_zero = sampled * v0 / increase if increase > 0 and v0 >= 0 else math.inf
    if first_to_zero:
        to_start = min(to_start, to_zero)
        to_start = to_start if to_start < mean * 1.1 else mean / 2
    else:
        to_start = min(to_start if to_start < mean * 1.1 else mean / 2, to_zero)
    to_end = to_end if to_end < mean * 1.1 else mean / 2
    return increase * (sampled + to_start + to_end) / sampled


def births_of_counters(asked):
    """At every time that differs, the rates inside the query do so for this one reason.

    Where the query is nothing but a rate, ours must also be what the formula of 3.x gives.
    """
    pattern = r"\b(rate|increase)\(([^()\[\]]*)\[(\d+)s\]\)"
    inner = re.findall(pattern, asked.query)
    alone = re.fullmatch(pattern, asked.query) is not None
    ours = points(asked.right)
    if not asked.version.startswith("2.") or not inner:
        return False
    for t in asked.differing_times():
        explained = False
        for function, selector, window in inner:
            raw = asked.reference.api("query", query=f"{selector}[{window}s]", time=f"{t:.3f}")["result"]
            for series in raw:
                samples = [(when, float(value)) for when, value in series["values"]]
                if len(samples) < 2:
                    continue
                old, new = (extrapolated(samples, t, int(window), form) for form in (True, False))
                explained |= abs(old - new) > TOLERANCE * max(abs(old), abs(new))
                if alone:
                    metric = {k: v for k, v in series["metric"].items() if k != "__name__"}
                    value = float(ours[json.dumps(metric, sort_keys=True)][t])
                    if not equal(value, new if function == "increase" else new / int(window), asked.magnitude):
                        return False
        if not explained:
            return False
    return True


# (name, why, applies(asked)): a difference that one of these explains is no failure.
EXCUSES = (
    ("ties", "topk and bottomk may pick either of two equal values", ties),
    ("atan2 name", "Prometheus 2.x forgets to drop the metric name at atan2", atan2_name),
    (
        "births of counters",
        "where a counter began near 0, Prometheus 2.x extrapolates to the zero up to 1.1 intervals, 3.x half a one",
        births_of_counters,
    ),
)


def queries(node):
    text = (servers.ROOT / "tests/testdata/dashboards/node-exporter-full.txt").read_text()
    fill = {"$node": node, "$job": "node", "$__rate_interval": "10s"}
    dashboard = [re.sub(r"\$\w+", lambda m: fill[m.group(0)], line) for line in text.splitlines()]
    return dashboard + MORE_QUERIES


def phase_apart(reference, start_s, end_s):
    """A millisecond phase at least 20 ms away from every scrape's, and from whole seconds (subquery steps)."""
    window = f"{math.ceil(end_s - start_s) + 60}s"
    taken = {0}
    for series in reference.api("query", query=f"up[{window}]", time=end_s)["result"]:
        taken |= {round(t * 1000) % 1000 for t, _ in series["values"]}
    distance = lambda phase: min(min(abs(phase - t), 1000 - abs(phase - t)) for t in taken)
    best = max(range(1000), key=distance)
    if distance(best) < 5:
        raise AssertionError(f"scrapes came at too many phases to find one between: {sorted(taken)}")
    return best / 1000


class Magnitudes:
    """The largest magnitude among the samples that a query can have seen: floats cancel down from there."""

    def __init__(self, reference, end_s, seconds):
        self.by_metric = {}
        for query in ('max by (__name__) ({__name__!=""})', 'min by (__name__) ({__name__!=""})'):
            found = reference.api("query_range", query=query, start=end_s - seconds, end=end_s, step=1)
            for series in found["result"]:
                values = [abs(float(v)) for _, v in series["values"]]
                finite = [v for v in values if math.isfinite(v)]
                name = series["metric"]["__name__"]
                self.by_metric[name] = max([self.by_metric.get(name, 0.0), *finite])

    def of(self, query):
        return max((v for name, v in self.by_metric.items() if name in query), default=1.0)


def points(answer):
    """{series: {t: value}} of any result type."""
    kind, result = answer["resultType"], answer["result"]
    if kind in ("scalar", "string"):
        return {kind: {result[0]: result[1]}}
    return {
        json.dumps(s["metric"], sort_keys=True): dict([s["value"]] if "value" in s else s["values"]) for s in result
    }


def equal(a, b, magnitude):
    x, y = float(a), float(b)
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) == math.isnan(y)
    if math.isinf(x) or math.isinf(y):
        return x == y
    return abs(x - y) <= TOLERANCE * max(abs(x), abs(y), magnitude)


def difference(left, right, magnitude):
    """None, or the first thing that is not equal, in words."""
    if left["resultType"] != right["resultType"]:
        return f"type {left['resultType']} against {right['resultType']}"
    a, b = points(left), points(right)
    if a.keys() != b.keys():
        only = sorted(a.keys() ^ b.keys())[0]
        return f"only {'Prometheus' if only in a else 'Silverback'} has {only} ({len(a)} against {len(b)} series)"
    for series in a:
        if a[series].keys() != b[series].keys():
            t = sorted(a[series].keys() ^ b[series].keys())[0]
            return f"only {'Prometheus' if t in a[series] else 'Silverback'} has {series} at {t}"
        for t in a[series]:
            if not equal(a[series][t], b[series][t], magnitude):
                return f"{series} at {t}: {a[series][t]} against {b[series][t]}"
    return None


def answered(server, path, **parameters):
    body = urllib.parse.urlencode(parameters)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = server.request("POST", f"/api/v1/{path}", body, headers)
    answer = json.loads(response.text)
    if answer["status"] != "success":
        raise AssertionError(f"{server.name} answers {path} {parameters} with {response.status} {response.text[:300]}")
    return answer["data"]


def compare_all(reference, ours, asked, end_s, range_s):
    magnitudes = Magnitudes(reference, end_s, range_s + 60)
    failures, excused, non_empty = [], {}, 0
    for query in asked:
        magnitude = magnitudes.of(query)
        forms = [
            ("query", {"query": query, "time": f"{end_s:.3f}"}),
            ("query_range", {"query": query, "start": f"{end_s - range_s:.3f}", "end": f"{end_s:.3f}", "step": "2"}),
        ]
        if query.endswith("]"):
            del forms[1]  # raw samples: an instant query only
        for path, parameters in forms:
            left, right = (answered(server, path, **parameters) for server in (reference, ours))
            found = difference(left, right, magnitude)
            non_empty += bool(points(left))
            if found is None:
                continue
            question = Asked(reference, query, left, right, magnitude)
            excuse = next((name for name, _, applies in EXCUSES if applies(question)), None)
            if excuse:
                excused.setdefault(excuse, []).append(f"{path} {query}: {found}")
            else:
                failures.append(f"{path} {query}: {found}")
    for name, why, _ in EXCUSES:
        for line in excused.get(name, []):
            print(f"excused by '{name}' ({why}): {line}")
    print(f"{len(asked)} queries, instant and range: {non_empty} non-empty answers, {len(failures)} differences")
    if failures:
        raise AssertionError("\n".join(failures))
    if non_empty < len(asked):
        raise AssertionError("most answers were empty: nothing was compared")


def compare_promtool(reference, ours, asked, end_s, range_s):
    """What promtool prints of both servers is the same text, floats apart."""
    promtool = servers.peer("prometheus", "promtool")
    number = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?|NaN|[+-]Inf")

    def printed(server, verb, arguments):
        done = subprocess.run([promtool, "query", verb, *arguments(server)], capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"promtool query {verb} against {server.name}: {done.stderr}")
        return sorted(done.stdout.splitlines())

    start_s = end_s - range_s
    forms = [("instant", lambda s, q=q: ["--time", f"{end_s:.3f}", "--", s.url, q]) for q in asked]
    forms += [
        ("range", lambda s, q=q: ["--start", f"{start_s:.3f}", "--end", f"{end_s:.3f}", "--step", "2s", "--", s.url, q])
        for q in asked
    ]
    forms += [
        ("series", lambda s: ["--match", '{job="node"}', "--start", f"{start_s:.3f}", "--end", f"{end_s:.3f}", s.url]),
        ("labels", lambda s: ["--start", f"{start_s:.3f}", "--end", f"{end_s:.3f}", s.url, "mode"]),
    ]
    for verb, arguments in forms:
        left, right = printed(reference, verb, arguments), printed(ours, verb, arguments)
        if [number.sub("#", line) for line in left] != [number.sub("#", line) for line in right]:
            raise AssertionError(f"promtool query {verb} {arguments(ours)}:\n{left[:5]}\n{right[:5]}")
    print(f"promtool: {len(forms)} answers of the same form")


def compare_metadata(reference, ours):
    left = reference.api("metadata", metric="node_load1")
    right = ours.api("metadata", metric="node_load1")
    if left != right or not left:
        raise AssertionError(f"metadata of node_load1: {left} against {right}")


def wait_until_sent(reference, seconds=30):
    deadline = time.monotonic() + seconds
    while reference.metric("prometheus_remote_storage_samples_pending") != 0:
        if time.monotonic() > deadline:
            raise AssertionError("the reference still has samples pending")
        time.sleep(0.05)


def test(folder, started):
    ours = servers.silverback(folder / "silverback")
    started.append(ours)
    ours.start()
    exporter = servers.node_exporter(folder / "node_exporter")
    started.append(exporter)
    exporter.start()
    reference = servers.reference_prometheus(folder / "prometheus", "")
    config = CONFIG % (exporter.port, reference.port, ours.url)
    (folder / "prometheus" / "prometheus.yml").write_text(config)
    started.append(reference)
    reference.start()

    time.sleep(SECONDS)
    end_s = math.floor(time.time()) - 4
    range_s = min(SECONDS - 10, 60)
    end_s += phase_apart(reference, end_s - range_s, end_s)
    time.sleep(2)
    wait_until_sent(reference)

    for name in ("samples_failed_total", "samples_dropped_total", "samples_retried_total", "metadata_failed_total"):
        value = reference.metric(f"prometheus_remote_storage_{name}")
        if value:
            raise AssertionError(f"prometheus_remote_storage_{name} is {value}")
    sent = reference.metric("prometheus_remote_storage_samples_total")
    print(f"{sent:.0f} samples in {SECONDS} s, none failed, dropped or sent again")

    node = f"127.0.0.1:{exporter.port}"
    asked = queries(node)
    compare_all(reference, ours, asked, end_s, range_s)
    compare_promtool(reference, ours, asked[::12], end_s, range_s)
    compare_metadata(reference, ours)


if __name__ == "__main__":
    servers.main(test)

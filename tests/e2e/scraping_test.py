#!/usr/bin/env python3
"""Prometheus and Silverback scrape by one configuration, and what they make of it is the same: series, labels, values,
staleness, the series they make themselves, what they ask for, and what they say about their targets.

Each has an exporter of its own, which does wrong whatever an exporter can do wrong (misbehaving_exporter.py); the jobs
are in scrape_jobs.py. Besides, both scrape node_exporter, an Alertmanager, a Pushgateway, themselves, and what the
other federates. One round:

    begin      the first scrapes
    found      what discovery by file and by HTTP finds changes
    broken     a configuration that cannot be read: the old one stays
    reload     jobs are changed, removed and added
    compared

What 2.42 does in another way than 3.14 is in DIFFERENCES, and nowhere else.

SILVERBACK_E2E_SECONDS: how long (48, one round). SILVERBACK_REFERENCE_PROMETHEUS: another server in the place of
Debian's Prometheus; if it is of version 3, what is said of 2.42 does not apply.
"""

import json
import math
import os
import re
import signal
import time
import urllib.parse

import misbehaving_exporter
import scrape_comparison
import scrape_differences
import scrape_jobs
import servers

ROUND_S = 48
ROUNDS = max(1, round(int(os.environ.get("SILVERBACK_E2E_SECONDS", str(ROUND_S))) / ROUND_S))
TRIES = 3  # on a machine that is too busy for scrapes to be in time
FOUND_S, BROKEN_S, RELOAD_S = 12, 16, 20  # of a round

ALERTMANAGER_CONFIG = "{route: {receiver: none}, receivers: [{name: none}]}\n"


class Side:
    """A server, the exporter it scrapes, and its folder."""

    def __init__(self, server, exporter):
        self.server, self.exporter = server, exporter
        self.folder = server.folder
        self.version = 0
        self.places = self.neutral_places = {}  # {name: address} and {address: name}
        self.neutral_ports = {}
        self.is_2 = self.is_prometheus = False

    @property
    def config(self):
        return self.folder / "prometheus.yml"

    def replace(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(path.name + "~")
        new.write_text(text)
        new.replace(path)

    def configure(self):
        self.replace(self.config, scrape_jobs.configuration(self.version, self.is_2, self.places))

    def discover(self, version):
        """What discovery finds in version 0 and 1."""
        exporter = f"127.0.0.1:{self.exporter.port}"
        found = lambda *cases, **labels: [
            {"targets": [exporter], "labels": {"case": case, "__param_case": case, **labels}} for case in cases
        ]
        as_json = "application/json"
        broken = (200, as_json, "[{")
        if version == 0:
            self.replace(self.folder / "sd/a.json", json.dumps(found("stays", "goes", changes="a")))
            self.replace(self.folder / "sd/deleted.json", json.dumps(found("deleted")))
            self.replace(self.folder / "sd/broken.json", json.dumps(found("broken")))
            self.replace(self.folder / "sd/emptied.json", json.dumps(found("emptied")))
            self.replace(self.folder / "sd/other.yml", f"- targets: ['{exporter}']\n  labels: {{case: yaml}}\n")
            self.exporter.documents = {
                "/sd/changing": (200, as_json, json.dumps(found("stays", "goes"))),
                "/sd/failing": (200, as_json, json.dumps(found("failing"))),
                "/sd/broken": (200, as_json, json.dumps(found("broken"))),
            }
        else:
            self.replace(
                self.folder / "sd/a.json", json.dumps(found("stays", changes="a") + found("comes", changes="b"))
            )
            (self.folder / "sd/deleted.json").unlink()
            self.replace(self.folder / "sd/broken.json", "[{")
            self.replace(self.folder / "sd/emptied.json", "[]")
            self.exporter.documents = {
                "/sd/changing": (200, as_json, json.dumps(found("stays", "comes"))),
                "/sd/failing": (500, as_json, "[]"),
                "/sd/broken": broken,
            }

    def reload(self):
        self.server.process.send_signal(signal.SIGHUP)

    def neutral(self, text):
        """Without what differs between the two because they are two."""
        text = text.replace(str(self.folder), "FOLDER")
        for address, place in self.neutral_places.items():
            text = text.replace(address, place)
        for port, place in self.neutral_ports.items():
            text = re.sub(rf"(?<=\w):{port}\b", f":{place}", text)
        return text

    def api(self, path, **parameters):
        """As Server.api(), in neutral words; what is asked, too."""
        response = self.server.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters, doseq=True)}")
        answer = json.loads(self.neutral(response.text))
        if answer["status"] != "success":
            raise AssertionError(f"{self.server.name}: {path} {parameters}: {response.status} {response.text[:500]}")
        return answer["data"]


class Run:
    def __init__(self, folder, started):
        self.started = started
        self.folder = folder
        self.differences = scrape_comparison.Differences()
        base_s = math.floor(time.time())
        make_exporter = lambda: misbehaving_exporter.MisbehavingExporter(base_s).open()
        # Its storage may be marked by timestamps of the future and the past.
        self.ours = Side(
            servers.silverback(folder / "silverback", f"--config.file={folder / 'silverback' / 'prometheus.yml'}"),
            make_exporter(),
        )
        self.reference = Side(
            servers.reference_prometheus(folder / "prometheus", "", "--enable-feature=extra-scrape-metrics"),
            make_exporter(),
        )
        self.sides = [self.reference, self.ours]

    def start(self):
        peers = {
            "NODE": servers.node_exporter(self.folder / "node_exporter"),
            "PUSHGATEWAY": servers.pushgateway(self.folder / "pushgateway"),
            "ALERTMANAGER": servers.alertmanager(self.folder / "alertmanager", ALERTMANAGER_CONFIG),
        }
        self.peers = {place: server for place, server in peers.items() if server}
        for server in self.peers.values():
            self.started.append(server)
            server.start()
        pushed = "# TYPE pushed_metric gauge\npushed_metric 1\n"
        self.peers["PUSHGATEWAY"].request("PUT", "/metrics/job/pushed/instance/other", body=pushed)
        for side, other in zip(self.sides, self.sides[::-1]):
            side.places = {
                "EXPORTER": f"127.0.0.1:{side.exporter.port}",
                "OTHER": f"127.0.0.1:{other.server.port}",
                "SELF": f"127.0.0.1:{side.server.port}",
                "FOLDER": str(side.folder),
                **{place: f"127.0.0.1:{server.port}" for place, server in self.peers.items()},
            }
            side.neutral_places = {side.places[place]: place for place in ("EXPORTER", "OTHER", "SELF")}
            side.neutral_places[f"127.0.0.1:{other.exporter.port}"] = "EXPORTER"
            side.neutral_ports = {side.exporter.port: "EXPORTER", side.server.port: "SELF", other.server.port: "OTHER"}
            side.replace(side.folder / "credentials", "secret\n")
            side.discover(0)
            side.replace(side.config, "{}\n")
            self.started.append(side.server)
            side.server.start()
            built = side.server.api("status/buildinfo")
            side.is_2 = built["version"].startswith("2.")
            side.is_prometheus = "applicationVersion" not in built
            print(f"{side.server.name} is of version {built['version']}", flush=True)
        self.began = time.time()
        for side in self.sides:
            side.configure()
            side.reload()

    def each(self, do):
        for side in self.sides:
            do(side)

    def round(self, number):
        began = self.began + number * ROUND_S
        at = lambda s: time.sleep(max(0.0, began + s - time.time()))
        at(FOUND_S)
        self.each(lambda side: side.discover((number + 1) % 2))
        at(BROKEN_S)
        self.each(lambda side: side.replace(side.config, "scrape_configs: [{job_name: x, no_such_key: 1}]\n"))
        self.each(Side.reload)
        time.sleep(2)
        for side in self.sides:
            if side.server.metric("prometheus_config_last_reload_successful") != 0:
                self.differences.add(side.server.name, "takes a configuration with an unknown key")
            side.version += 1
        at(RELOAD_S)
        self.each(Side.configure)
        self.each(Side.reload)
        at(ROUND_S)

    def compare(self):
        until = math.floor(time.time() * 2) / 2 - 1
        told = [side.api("targets") for side in self.sides]
        since = math.floor(self.began)
        left, right = (
            scrape_comparison.observe(side, since, until, self.arrivals(side, told)) for side in self.sides
        )
        self.rows = scrape_differences.applying(self.reference, self.ours)
        expected = scrape_differences.as_expected(
            self.rows, left, told[0], self.metadata(self.reference), self.requests(self.reference)
        )
        scrape_comparison.compare_jobs(expected.jobs, right, self.differences)
        is_same_error = lambda left, right: scrape_differences.is_same_error(self.rows, left, right)
        scrape_comparison.compare_targets(expected.targets, told[1], is_same_error, self.differences)
        self.compare_metadata(expected.metadata, self.metadata(self.ours))
        self.compare_requests(expected.requests, self.requests(self.ours))
        self.compare_pools()
        self.compare_series_of_servers(until)
        self.compare_federation()

    def arrivals(self, side, told):
        """{labels of a target: when the side's exporter was asked}"""
        by_url = {f"http://EXPORTER{side.neutral(path)}": times for path, times in side.exporter.arrivals.items()}
        targets = [target for data in told for target in data["activeTargets"]]
        return {
            scrape_comparison.Key(target["labels"].items()): by_url[target["scrapeUrl"]]
            for target in targets
            if target["scrapeUrl"] in by_url
        }

    def compare_pools(self):
        pools = [side.api("scrape_pools")["scrapePools"] for side in self.sides]
        if pools[0] != pools[1]:
            self.differences.add("/api/v1/scrape_pools", f"{pools[0]} against {pools[1]}")
        for state, members in (("active", ("activeTargets",)), ("dropped", ("droppedTargets",))):
            answers = [side.api("targets", state=state) for side in self.sides]
            for side, answer in zip(self.sides, answers):
                for member in ("activeTargets", "droppedTargets"):
                    if bool(answer[member]) != (member in members):
                        self.differences.add("/api/v1/targets", f"{side.server.name}: {member} for state={state}")
        of_pool = [side.api("targets", scrapePool="text")["activeTargets"] for side in self.sides]
        answers = [[target["scrapePool"] for target in targets] for targets in of_pool]
        if answers[1] != ["text"] or (answers[0] != answers[1] and not self.reference.is_2):
            self.differences.add("/api/v1/targets", f"for scrapePool=text: {answers}")

    def compare_series_of_servers(self, until):
        """Of targets that say something else each time, the names and labels."""
        selectors = {  # {selector: how many series there are at least}
            '{job="node"}': 200,
            '{job="alertmanager"}': 5,
            '{job="pushgateway"}': 20,
            '{job="pushed"}': 1,
            '{__name__=~"up|scrape_.+",job="self"}': 8,
            '{job="federate"}': 5,
            '{__name__=~"federated_.+"}': 20,
            "federated_up": 1,
        }
        for selector, least in selectors.items():
            keys = []
            for side in self.sides:
                answer = side.api("query", query=selector, time=f"{until:.3f}")["result"]
                keys.append({scrape_comparison.Key(series["metric"].items()) for series in answer})
            if scrape_differences.has_bounds_as_text(self.rows):
                keys[0] = {scrape_differences.with_float_bounds(key) for key in keys[0]}
            if "ALERTMANAGER" in self.peers or "alertmanager" not in selector:
                if len(keys[1]) < least:
                    self.differences.add(selector, f"{len(keys[1])} series only")
            self.differences.count(f"series of {selector}", len(keys[0] & keys[1]))
            for key in sorted(keys[0] ^ keys[1], key=sorted):
                line = f"{scrape_comparison.shown(key)}: only the {'left' if key in keys[0] else 'right'} has it"
                self.differences.add(selector, line)

    def metadata(self, side):
        jobs = [job.name for job in scrape_jobs.EXPORTER_JOBS] + ["node"]
        return {job: side.api("targets/metadata", match_target=f'{{job="{job}"}}') for job in jobs}

    def compare_metadata(self, left, right):
        for job in left:
            self.differences.count("rows of targets/metadata", len(left[job]))
            for whose, here, there in (("left", left[job], right[job]), ("right", right[job], left[job])):
                for row in here:
                    if row not in there:
                        self.differences.add("/api/v1/targets/metadata", f"only the {whose} has {str(row)[:300]}")
        # Over all targets, but for those of which each server has its own.
        own = {
            row["metric"]
            for side in self.sides
            for job in ("self", "federate")
            for row in side.api("targets/metadata", match_target=f'{{job="{job}"}}')
        }
        told = [side.api("metadata") for side in self.sides]
        # What targets say of a family is there once, however many say it.
        expected = {}
        for rows in left.values():
            for row in rows:
                said = {member: row[member] for member in ("type", "help", "unit")}
                if said not in expected.setdefault(row["metric"], []):
                    expected[row["metric"]].append(said)
        for name in sorted((told[0].keys() | told[1].keys() | expected.keys()) - own):
            a = scrape_comparison.unordered(expected.get(name) or told[0].get(name, []))
            b = scrape_comparison.unordered(told[1].get(name, []))
            self.differences.count("families of metadata")
            if a != b:
                self.differences.add("/api/v1/metadata", f"{name}: {str(a)[:300]} against {str(b)[:300]}")
        of_text = {"metric": "demo_requests_total", "match_target": '{job="text"}'}
        for parameters in (of_text, {"metric": "om_requests"}):
            a, b = (scrape_comparison.unordered(side.api("targets/metadata", **parameters)) for side in self.sides)
            if a != b or not a:
                self.differences.add("/api/v1/targets/metadata", f"{parameters}: {a} against {b}")

    def compare_federation(self):
        questions = [
            {"match[]": '{job="text",__name__!~"federated_.*"}'},
            {"match[]": ['{__name__=~"demo_.*",job="text"}', 'up{job=~"text|slow|refused"}']},
            {"match[]": '{job="vanishing",__name__!~"vanishing_(odd|half|own)|federated_.*"}'},
            {"match[]": '{__name__="nothing"}'},
            {"match[]": "}"},
            {},
        ]
        for question in questions:
            path = "/federate?" + urllib.parse.urlencode(question, doseq=True)
            left, right = (side.server.request("GET", path) for side in self.sides)
            if left.status != right.status:
                self.differences.add(path, f"status {left.status} against {right.status}: {right.text[:300]}")
            types = [response.headers["Content-Type"].replace(" ", "") for response in (left, right)]
            # 3.x says how names are escaped.
            if self.reference.is_2 and not self.ours.is_2 and left.status == 200:
                types[0] += ";escaping=underscores"
            if types[0] != types[1]:
                self.differences.add(path, f"Content-Type {types[0]} against {types[1]}")
            pages = [
                scrape_comparison.federated(side.neutral(response.text))
                for side, response in zip(self.sides, (left, right))
            ]
            self.differences.count("lines of /federate", len(pages[0]))
            if left.status == 200 and pages[0] != pages[1]:
                for a, b in zip(pages[0] + ["the end"], pages[1] + ["the end"]):
                    if a != b:
                        self.differences.add(path, f"{a} against {b}")
                        break

    def requests(self, side):
        """{path: {headers of a request}}"""
        requests = {}
        for path, asked in side.exporter.seen.items():
            if not path.startswith("/sd/"):
                requests[side.neutral(path)] = {
                    scrape_differences.headers_as_expected(self.rows, [(n, side.neutral(v)) for n, v in one])
                    for one in asked
                }
        return requests

    def compare_requests(self, left, right):
        """How the exporters were asked."""
        for path in sorted(left.keys() | right.keys()):
            a, b = (requests.get(path, set()) for requests in (left, right))
            self.differences.count("paths asked for")
            for one in a ^ b:
                whose = "left" if one in a else "right"
                self.differences.add("requests", f"{path}: only the {whose} sends {dict(one)}")


def one_try(folder, started):
    """(what differs, whether the machine was too busy for that to prove anything)"""
    run = Run(folder, started)
    try:
        run.start()
        for number in range(ROUNDS):
            run.round(number)
        compared = time.monotonic()
        run.compare()
    finally:
        for side in run.sides:
            side.exporter.close()
    counts, lines = run.differences.counts, run.differences.lines
    for what, number in counts.items():
        print(f"{number} {what}")
    for row in run.rows:
        print(f"but for '{row.name}': {row.why}")
    print(f"{len(lines)} differences; compared in {time.monotonic() - compared:.1f} s", flush=True)
    return lines, counts["scrapes left out"] > 0.02 * counts["scrapes"]


def test(folder, started):
    print(f"{ROUNDS} rounds of {ROUND_S} s", flush=True)
    for number in range(TRIES):
        lines, is_busy = one_try(folder / str(number), started)
        if not lines:
            return
        if not is_busy:
            break
        print("scrapes did not come in time: the machine is too busy", flush=True)
        while started:
            started.pop().kill()
    raise AssertionError("\n".join(line[:1000] for line in lines[:50]))


if __name__ == "__main__":
    servers.main(test)

#!/usr/bin/env python3
"""Prometheus and Silverback evaluate the same rules on the same samples, and what they tell their Alertmanagers is the
same: labels, annotations, links, and times to an evaluation interval.

Prometheus scrapes exporters that do what a script says, and remote-writes to Silverback. Each server has a real
Alertmanager 0.25 and, beside it, a receiver that keeps every request. One round:

    steady     alerts come, go, flap, fail by their limit or their labels, keep firing; templates with queries and with
               errors; more alerts than fit in one request
    reload     by SIGHUP, with rules changed, removed and added
    away       the Alertmanagers are killed, and come back empty
    killed     both servers, by kill -9, while alerts are pending and firing; what was pending is restored
    compared   notices, webhooks and state of the Alertmanagers, stored series, answers of /api/v1/rules and alerts
    alone      only Silverback is killed: what was firing fires again

and at the end Silverback is stopped while a notice waits.

SILVERBACK_E2E_SECONDS: how long (95, one round). SILVERBACK_SEED: repeats a run's choices.
SILVERBACK_REFERENCE_PROMETHEUS: another server in Debian's Prometheus's place.
"""

import json
import os
import random
import signal
import time

import alert_comparison
import local_http
import servers

from alert_comparison import key_of, shown

ROUND_S = 95
ROUNDS = max(1, round(int(os.environ.get("SILVERBACK_E2E_SECONDS", "95")) / ROUND_S))
SEED = int(os.environ.get("SILVERBACK_SEED", "20261121"))

RESEND_S = 4
GRACE_S = 5
FLAGS = (
    f"--rules.alert.for-grace-period={GRACE_S}s",
    f"--rules.alert.resend-delay={RESEND_S}s",
    "--web.external-url=http://monitoring.example/prom",
    "--web.route-prefix=/",
)

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
  external_labels: {cluster: e2e, replica: a}
rule_files: ["%(rules)s"]
alerting:
  alert_relabel_configs:
    - {action: labeldrop, regex: replica}
  alertmanagers:
    - static_configs: [{targets: ["127.0.0.1:%(receiver)d"]}]
      path_prefix: /receiver
      timeout: 5s
%(alertmanager)s
"""

ALERTMANAGER_SECTION = """
    - static_configs: [{targets: ["127.0.0.1:%d"]}]
"""

# What the exporters expose is sent on, without the external labels; no result of a rule is.
SCRAPING = """
scrape_configs:
  - job_name: demo
    static_configs: [{targets: ["127.0.0.1:%(exporter)d"]}]
  - job_name: flaky
    metrics_path: /flaky
    static_configs: [{targets: ["127.0.0.1:%(exporter)d"]}]
remote_write:
  - url: %(url)s/api/v1/write
    queue_config: {batch_send_deadline: 100ms, max_shards: 1, min_backoff: 30ms, max_backoff: 200ms}
    write_relabel_configs:
      - {action: keep, source_labels: [__name__], regex: "demo_.*|up"}
      - {action: labeldrop, regex: cluster|replica}
"""

ALERTMANAGER_CONFIG = """
route:
  receiver: hook
  group_by: ["..."]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes: [{receiver: none, matchers: [alertname = Wide]}]
receivers:
  - name: none
  - name: hook
    webhook_configs: [{url: "http://127.0.0.1:%d/hook", send_resolved: true}]
"""

RULES = r"""
groups:
- name: load
  interval: 2s
  rules:
  - record: zone:demo_load:avg
    expr: avg by (zone) (demo_load)
  - record: zone:demo_load:ratio
    expr: zone:demo_load:avg / 100
    labels: {unit: ratio, zone_origin: rules}
  - alert: HighLoad
    expr: zone:demo_load:avg > 10
    for: 2s
    labels:
      severity: '{{ if gt $value 50.0 }}critical{{ else }}warning{{ end }}'
      upper: '{{ $labels.zone | toUpper }}'
      empty: '{{ $labels.nothing }}'
    annotations:
      summary: 'Zone {{ $labels.zone }} of {{ $externalLabels.cluster }}: {{ humanize $value }}'
      hosts: '{{ range query (printf "sort(demo_load{zone=%q})" $labels.zone) }}{{ .Labels.host }}={{ .Value | printf "%.1f" }};{{ end }}'
      ratio: '{{ with printf "zone:demo_load:ratio{zone=%q}" $labels.zone | query }}{{ . | first | value | humanizePercentage }}{{ end }}'
      links: '{{ externalURL }}{{ pathPrefix }} {{ graphLink "demo_load > 1" }} {{ tableLink "up" }}'
      text: "<b> & \"quoted\" 'single' \\ ünïcode {{ $value }}\n{{ title $labels.zone }} {{ reReplaceAll \"(.)\" \"[$1]\" $labels.zone }}"
      failing: '{{ $labels.zone | parseDuration }}'
  - alert: HostGone
    expr: absent(demo_load{host="b1"})
    annotations: {summary: '{{ $labels.host }} {{ $value }}'}
- name: flags
  interval: 1s
  rules:
  - alert: Instant
    expr: demo_flag{name="instant"} == 1
    annotations: {summary: '{{ .Labels.name }} {{ .Value }} {{ .ExternalLabels.cluster }}'}
  - alert: ShortFor
    expr: demo_flag{name="short"} == 1
    for: 2s
  - alert: NeverLongEnough
    expr: demo_flag{name="flap"} == 1
    for: 6s
  - alert: KeepsFiring
    expr: demo_flag{name="keep"} == 1
    keep_firing_for: 6s
  - alert: Drained
    expr: demo_flag{name=~"drain.+"} == 1
  - alert: TargetDown
    expr: up == 0
    for: 2s
    annotations: {summary: '{{ $labels.instance | stripPort }} of {{ $labels.job }}'}
- name: limited
  interval: 1s
  limit: 2
  rules:
  - alert: TooMany
    expr: demo_flag{name=~"many.+"} == 1
- name: edges
  interval: 1s
  rules:
  - record: demo:scalar
    expr: scalar(demo_flag{name="short"})
  - record: demo:collides
    expr: label_replace(demo_flag{name=~"twin.+"} == 1, "name", "same", "", "")
  - alert: Collides
    expr: demo_flag{name=~"twin.+"} == 1
    labels: {name: same}
  - alert: OwnCluster
    expr: demo_flag{name="short"} == 1
    labels: {cluster: own, replica: b}
  - alert: Infinite
    expr: demo_flag{name="short"} / 0 > 0
    annotations: {summary: '{{ $value }} {{ humanize $value }} {{ humanizeDuration $value }}'}
  - alert: NotANumber
    expr: (demo_flag{name="short"} == 1) * NaN
    annotations: {summary: '{{ $value }} {{ humanize1024 $value }} {{ printf "%.3g" $value }}'}
  - alert: Wide
    expr: demo_wide
    annotations: {summary: '{{ $labels.n }}'}
- name: waiting
  interval: 1s
  rules:
  - alert: LongFiring
    expr: demo_flag{name="long"} == 1
    for: 8s
  - alert: NearlyDone
    expr: demo_flag{name="nearly"} == 1
    for: 12s
  - alert: FarOff
    expr: demo_flag{name="far"} == 1
    for: 12s
"""

# The file is one of these, then the other.
CHANGING_RULES = (
    r"""
- name: changing
  rules:
  - alert: Kept
    expr: demo_flag{name="kept"} == 1
    for: 1s
  - alert: Removed
    expr: demo_flag{name="removed"} == 1
  - alert: Changed
    expr: demo_flag{name="changed"} == 1
    for: 1s
    annotations: {summary: before}
- name: removed
  rules:
  - record: demo:flags:sum
    expr: sum(demo_flag{name!="flap"})
  - alert: GroupRemoved
    expr: demo_flag{name="removed"} == 1
""",
    r"""
- name: changing
  rules:
  - alert: Added
    expr: demo_flag{name="removed"} == 1
    for: 1s
  - alert: Kept
    expr: demo_flag{name="kept"} == 1
    for: 1s
  - alert: Changed
    expr: demo_flag{name="changed"} > 0
    for: 3s
    annotations: {summary: after}
""",
)

INTERVALS = {
    **dict.fromkeys(("HighLoad", "HostGone", "zone:demo_load:avg", "zone:demo_load:ratio"), 2),
    **dict.fromkeys(("Instant", "ShortFor", "NeverLongEnough", "KeepsFiring", "Drained", "TargetDown"), 1),
    **dict.fromkeys(("TooMany", "LongFiring", "NearlyDone", "FarOff"), 1),
    **dict.fromkeys(("demo:scalar", "demo:collides", "Collides", "OwnCluster", "Infinite", "NotANumber", "Wide"), 1),
    **dict.fromkeys(("Kept", "Removed", "Changed", "Added", "GroupRemoved", "demo:flags:sum"), 1),
}

# Seconds of a round.
RELOAD_S, AWAY_S, BACK_S, KILL_S = 16, 30, 40, 50
# From a start on until all has settled: it was evaluated again, and waits of 12 s are over.
SETTLE_S = 21
# Prometheus 2.42 forgets its Alertmanagers at a reload, and finds them again when discovery ticks, every 5 s.
BLIND_S = 6
FOREVER = 10_000

# {flag: when it is 1}, in seconds of a round. Nothing comes or goes so near to a time that makes a difference, an
# outage or the end of a `for`, that phases of a few seconds could lead to another outcome.
SCRIPT = {
    "instant": [(3, 9), (12, 23), (32, 37), (44, FOREVER)],
    "short": [(5, FOREVER)],
    "flap": [(t, t + 2) for t in range(2, 43, 5)],
    "keep": [(4, 8), (11, 14), (34, 48)],
    "many1": [(4, 20), (43, FOREVER)],
    "many2": [(4, 20)],
    "many3": [(10, 14)],
    "twin1": [(5, FOREVER)],
    "twin2": [(11, 12.5)],
    "removed": [(6, FOREVER)],
    "kept": [(6, 36)],
    "changed": [(5, FOREVER)],
    "long": [(24, FOREVER)],
    "nearly": [(KILL_S - 11, FOREVER)],
    "far": [(KILL_S - 3.5, FOREVER)],
    "drain1": [],
    "drain2": [],
}
LOAD = {  # {(host, zone): [(from, value)]}; None: the series is gone
    ("a1", "a"): [(0, 4), (8, 30), (22.5, 120)],
    ("a2", "a"): [(0, 6)],
    ("b1", "b"): [(0, 3), (7, None), (23, 3)],
}
# A series for each of so many alerts: more than both servers send at once.
WIDE, WIDE_SPAN = 300, (4, 11)
FLAKY_AWAY = [(9, 14), (41.5, 46.5)]


def as_3_14(rule):
    """What 2.42 answers, as 3.14 does: a recording rule without labels has an empty object of them."""
    return {"labels": {}} | rule if rule["type"] == "recording" else rule


class Script:
    """What the exporters expose, by the time since begin()."""

    def __init__(self):
        self.began = None
        self.raised = set()

    def begin(self):
        self.began = time.time()

    def end(self):
        self.began = None

    def page(self, path):
        t = -1 if self.began is None else time.time() - self.began
        if path == "/flaky":
            return None if any(a <= t < b for a, b in FLAKY_AWAY) else "demo_flaky 1\n"
        lines = []
        for name, spans in SCRIPT.items():
            up = name in self.raised or any(a <= t < b for a, b in spans)
            lines.append(f'demo_flag{{name="{name}"}} {int(up)}')
        for (host, zone), steps in LOAD.items():
            value = [v for since, v in steps if since <= max(t, 0)][-1]
            if value is not None:
                lines.append(f'demo_load{{host="{host}",zone="{zone}"}} {value}')
        if WIDE_SPAN[0] <= t < WIDE_SPAN[1]:
            lines += [f'demo_wide{{n="{n}"}} 1' for n in range(WIDE)]
        return "\n".join(lines) + "\n"


class Sender:
    """A server that evaluates rules, with the Alertmanager and the receiver it tells."""

    def __init__(self, server, receiver, alertmanager):
        self.server, self.receiver, self.alertmanager = server, receiver, alertmanager
        self.ready = None

    def start(self):
        self.server.start()
        self.ready = time.time()

    def reload(self):
        self.server.process.send_signal(signal.SIGHUP)

    def notices(self):
        return [alert_comparison.Notice(when, alert) for when, alert in self.receiver.received()]

    def alerts_by_state(self, state):
        return [a for a in self.server.api("alerts")["alerts"] if a["state"] == state]


class Differences:
    """What was found, and how much was compared."""

    def __init__(self):
        self.lines = []
        self.counts = {}

    def add(self, what, lines):
        self.lines += [f"{what}: {line}" for line in lines]
        for line in lines:
            print(f"DIFFERENCE {what}: {line}", flush=True)

    def count(self, what, number):
        self.counts[what] = self.counts.get(what, 0) + number


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def inside(labels):
    """An alert's labels without those that differ between a server's own answers and what it tells others."""
    return key_of({n: v for n, v in labels.items() if n not in ("cluster", "replica")})


def until(holds, seconds, what):
    deadline = time.monotonic() + seconds
    while not holds():
        expect(time.monotonic() < deadline, what)
        time.sleep(0.05)


def sleep_until(when):
    time.sleep(max(0.0, when - time.time()))


class Run:
    def __init__(self, folder, started):
        self.folder, self.started = folder, started
        self.rules = folder / "rules.yml"
        self.version = 0
        self.script = Script()
        self.exporter = local_http.Exporter(self.script.page).open()
        self.differences = Differences()
        self.random = random.Random(SEED)
        self.away = []  # [(from, until)] in which receivers did not listen or senders did not run
        self.blind = []  # the same, of Prometheus alone
        self.write_rules()
        self.ours = self.sender("silverback")
        self.reference = self.sender("prometheus")
        self.senders = [self.reference, self.ours]
        self.times = alert_comparison.Times(INTERVALS)

    def write_rules(self):
        new = self.folder / "new.yml"
        new.write_text(RULES + CHANGING_RULES[self.version % 2])
        new.replace(self.rules)

    def sender(self, name):
        folder = self.folder / name
        receiver = local_http.Receiver("/receiver/api/v2/alerts").open()
        alertmanager = servers.alertmanager(self.folder / f"alertmanager-{name}", ALERTMANAGER_CONFIG % receiver.port)
        fill = {
            "rules": self.rules,
            "receiver": receiver.port,
            "alertmanager": ALERTMANAGER_SECTION % alertmanager.port if alertmanager else "",
        }
        if name == "silverback":
            server = servers.silverback(folder, f"--config.file={folder / 'prometheus.yml'}", *FLAGS)
            (folder / "prometheus.yml").write_text(CONFIG % fill)
        else:
            fill |= {"exporter": self.exporter.port, "url": self.ours.server.url}
            server = servers.reference_prometheus(folder, (CONFIG + SCRAPING) % fill, *FLAGS)
        if alertmanager:
            alertmanager.name += f" of {name}"
            self.started.append(alertmanager)
            alertmanager.start()
        self.started.append(server)
        return Sender(server, receiver, alertmanager)

    def start(self):
        self.ours.start()
        self.reference.start()
        has_samples = lambda: self.ours.server.api("query", query="demo_flag")["result"]
        until(has_samples, 20, "no sample came by remote write")
        time.sleep(3)

    def round(self):
        self.began = time.time()
        self.script.begin()
        at = lambda s: sleep_until(self.began + s)
        at(RELOAD_S)
        self.version += 1
        self.write_rules()
        for sender in self.senders:
            sender.reload()
        self.blind.append((time.time(), time.time() + BLIND_S))
        at(AWAY_S)
        self.leave()
        at(BACK_S)
        self.come_back()
        at(KILL_S - 2)
        self.check_heard_again()
        at(KILL_S + self.random.random())
        self.kill_both()
        sleep_until(self.killed + SETTLE_S + (self.restarted - self.killed))
        self.compare()
        self.kill_ours()
        self.script.end()
        time.sleep(10)

    def leave(self):
        self.left = time.time()
        for sender in self.senders:
            sender.receiver.close()
            if sender.alertmanager:
                sender.alertmanager.kill()

    def come_back(self):
        for sender in self.senders:
            sender.receiver.open()
            if sender.alertmanager:
                sender.alertmanager.start()
        self.away.append((self.left, time.time()))

    def check_heard_again(self):
        """An Alertmanager that came back empty knows by now what fires: everything was told again."""
        firing = lambda sender: {inside(a["labels"]) for a in sender.alerts_by_state("firing")}
        before = [firing(sender) for sender in self.senders]
        time.sleep(1)  # what has begun just now is on its way
        for sender, known in zip(self.senders, before):
            if not sender.alertmanager:
                continue
            alerts = json.loads(sender.alertmanager.request("GET", "/api/v2/alerts").text)
            heard = {inside(a["labels"]) for a in alerts}
            missing = (known & firing(sender)) - heard
            self.differences.add(f"{sender.server.name} told again", [shown(key) for key in sorted(missing)])
            self.differences.count("alerts that Alertmanagers hear again", len(known) - len(missing))

    def kill_both(self):
        self.killed = time.time()
        for sender in self.senders:
            sender.server.kill()
        time.sleep(1 + self.random.random())
        # Prometheus is slower to start, and ours has no samples without it.
        self.reference.start()
        self.ours.start()
        self.restarted = time.time()
        self.away.append((self.killed, self.restarted + 4))
        self.blind.append((self.killed, self.restarted + BLIND_S))
        skew = abs(self.ours.ready - self.reference.ready) + 1
        self.times.skews.append((self.killed, self.restarted + SETTLE_S, skew))

    def kill_ours(self):
        """What was firing fires again, at latest `for` and two evaluations after the start."""
        server = self.ours.server
        waits = {
            rule["name"]: rule["duration"] + 2 * group["interval"]
            for group in server.api("rules", type="alert")["groups"]
            for rule in group["rules"]
        }
        firing = {inside(a["labels"]) for a in self.ours.alerts_by_state("firing")}
        firing = {key for key in firing if dict(key)["alertname"] != "KeepsFiring"}
        server.kill()
        killed = time.time()
        time.sleep(self.random.uniform(0.2, 1.5))
        self.ours.start()
        ready = self.ours.ready
        again = {}  # {labels: seconds before the latest time}
        deadline = ready + max(waits.values()) + 2
        while firing - again.keys() and time.time() < deadline:
            for notice in self.ours.notices():
                key = inside(dict(notice.labels))
                if notice.when > killed and not notice.is_resolved and key in firing:
                    again.setdefault(key, ready + waits[notice.name] - notice.when)
            time.sleep(0.1)
        late = [f"{shown(key)}: {-again[key]:.3f} s too late" for key in firing & again.keys() if again[key] < -0.2]
        late += [f"{shown(key)}: never again" for key in sorted(firing - again.keys())]
        self.differences.add("fires again", late)
        self.differences.count("alerts that fire again", len(again))
        print(f"fires again at least {min(again.values(), default=0):.3f} s before `for` and two evaluations are over")
        self.away.append((killed, ready + 4))
        # A server that starts again ends only series that it wrote itself, from the third evaluation on; what ended
        # before would be seen for minutes.
        sleep_until(ready + 4 * max(INTERVALS.values()))

    # What is compared.

    def compare(self):
        now = time.time()
        sides = [sender.notices() for sender in self.senders]
        for sender, notices in zip(self.senders, sides):
            self.differences.add(f"{sender.server.name} told", sender.receiver.wrong)
            mine = [n for n in notices if n.starts >= self.began]
            away = self.away + (self.blind if sender is self.reference else [])
            found = alert_comparison.breaches(mine, INTERVALS, RESEND_S, away)
            self.differences.add(f"{sender.server.name} told", found)
            self.differences.count(f"notices of {sender.server.name}", len(mine))
        told = [alert_comparison.episodes(notices, self.began, now - 3) for notices in sides]
        self.differences.add("told", alert_comparison.differing_episodes(*told, self.times))
        for name, side in zip(("reference", "ours"), told):
            self.differences.count(f"episodes of {name}", sum(map(len, side.values())))
        self.check_script(told[0])
        self.compare_alertmanagers()
        self.compare_stored(now)
        self.check_restored(now)
        self.compare_answers()

    def check_script(self, reference):
        """That the script did what it is for: without this, equal nothings would pass."""
        seen = {e.name for side in reference.values() for e in side}
        want = set(INTERVALS) - {"NeverLongEnough", "Drained"}
        want = {name for name in want if ":" not in name}
        expect(seen == want, f"the reference told of {sorted(seen ^ want)} or did not")

    def compare_alertmanagers(self):
        if not all(sender.alertmanager for sender in self.senders):
            return
        sides = []
        for sender in self.senders:
            found = json.loads(sender.alertmanager.request("GET", "/api/v2/alerts").text)
            sides.append({key_of(a["labels"]): a for a in found})
        left, right = sides
        found = [f"{shown(key)}: only one Alertmanager has it" for key in sorted(left.keys() ^ right.keys())]
        for key in left.keys() & right.keys():
            a, b = left[key], right[key]
            name = dict(key)["alertname"]
            for member in ("annotations", "status", "receivers"):
                if a[member] != b[member]:
                    found.append(f"{shown(key)}: {member} {a[member]} against {b[member]}")
            starts = [alert_comparison.seconds_of(x["startsAt"]) for x in (a, b)]
            if self.times.differ(name, *starts):
                found.append(f"{shown(key)}: startsAt {a['startsAt']} against {b['startsAt']}")
            # It may have been told again between the two.
            ends = [alert_comparison.seconds_of(x["endsAt"]) for x in (a, b)]
            if abs(ends[0] - ends[1]) > RESEND_S + 2 * INTERVALS[name] + alert_comparison.DELIVERY_S:
                found.append(f"{shown(key)}: endsAt {a['endsAt']} against {b['endsAt']}")
        self.differences.add("Alertmanager", found)
        self.differences.count("alerts in the Alertmanagers", len(left))
        self.compare_hooks()

    def compare_hooks(self):
        """What the Alertmanagers made of it: per alert the same sequence of firing and resolved."""
        sides = []
        for sender in self.senders:
            sequences = {}
            for when, hook in list(sender.receiver.hooks):
                for alert in hook["alerts"] if when >= self.began else []:
                    if alert_comparison.seconds_of(alert["startsAt"]) < self.began:
                        continue
                    key = key_of(alert["labels"])
                    annotations = key_of(alert["annotations"])
                    sequences.setdefault(key, []).append((alert["status"], annotations))
            sides.append(sequences)
        left, right = sides
        found = []
        for key in sorted(left.keys() | right.keys()):
            if left.get(key) != right.get(key):
                statuses = [[status for status, _ in side.get(key, [])] for side in sides]
                what = "with other annotations" if statuses[0] == statuses[1] else "against"
                found.append(f"{shown(key)}: {statuses[0]} {what} {statuses[1]}")
        self.differences.add("webhook", found)
        self.differences.count("webhooks", sum(map(len, left.values())))

    def compare_stored(self, now):
        begin = self.began + 1
        names = {
            # What flaps lives about as long as remote write may take.
            'ALERTS{alertname!~"Drained|NeverLongEnough"}': lambda labels: labels["alertname"],
            'ALERTS_FOR_STATE{alertname!="NeverLongEnough"}': lambda labels: labels["alertname"],
            '{__name__=~".+:.+"}': lambda labels: labels["__name__"],
        }
        for selector, name_of in names.items():
            for read in (alert_comparison.samples_of, alert_comparison.looked_up):
                sides = [read(sender.server, selector, begin, now - 1) for sender in self.senders]
                found = alert_comparison.differing_series(*sides, self.times, name_of, self.killed, now - 1)
                self.differences.add(f"{read.__name__} {selector}", found)
            self.differences.count("stored series", len(sides[0]))

    def check_restored(self, now):
        """Each server alone: what was pending goes on as ALERTS_FOR_STATE and the grace period say."""
        waits = {"LongFiring": 8, "NearlyDone": 12, "FarOff": 12, "ShortFor": 2}
        kinds = {}
        for sender in self.senders:
            for name, wait in waits.items():
                found = alert_comparison.samples_of(
                    sender.server, f'ALERTS_FOR_STATE{{alertname="{name}"}}', self.began + 1, now
                )
                samples = [(t, float(v)) for series in found.values() for t, v in series]
                before = [s for s in samples if s[0] <= self.killed]
                after = [s for s in samples if s[0] > self.killed]
                what = f"{sender.server.name} restores {name}"
                if not before or not after:
                    self.differences.add(what, [f"{len(before)} samples before the kill, {len(after)} after"])
                    continue
                (down, active), (third, restored) = before[-1], after[0]
                # It restores right after the second evaluation; the third is the first that is stored.
                second = third - INTERVALS[name]
                remaining = wait - (down - active)
                if wait < GRACE_S:
                    kind, low, high = "begins anew", self.killed, second
                elif remaining <= 0:
                    kind, low, high = "was firing", active, active
                elif remaining < GRACE_S:
                    kind, low, high = "waits the grace period", second + GRACE_S - wait, third + GRACE_S - wait
                else:
                    kind, low, high = "waits on", active + second - down, active + third - down
                # Both values are whole seconds, and Prometheus cuts `down` to one too.
                if not low - 1 <= restored <= high + 1:
                    self.differences.add(what, [f"{kind}: {restored:.3f} is not in [{low:.3f}, {high:.3f}]"])
                kinds.setdefault(kind, []).append(sender.server.name)
        for kind, who in kinds.items():
            self.differences.count(f"restored, {kind}", len(who))
        if len(kinds) < 4:
            print(f"only these ways of restoring were reached: {sorted(kinds)}")

    def compare_answers(self):
        left, right = (sender.server.api("rules")["groups"] for sender in self.senders)
        names = [[(g["file"], g["name"]) for g in side] for side in (left, right)]
        found = [] if names[0] == names[1] else [f"groups {names[0]} against {names[1]}"]
        for a, b in zip(left, right):
            found += self.differing_shapes(a | {"rules": []}, b | {"rules": []})
            for member in ("interval", "limit"):
                if a.get(member) != b.get(member):
                    found.append(f"{a['name']}: {member} {a.get(member)} against {b.get(member)}")
            for x, y in zip(a["rules"], b["rules"]):
                found += self.differing_rules(as_3_14(x), y)
        self.differences.add("/api/v1/rules", found)
        left, right = (sender.server.api("alerts") for sender in self.senders)
        self.differences.add("/api/v1/alerts", self.differing_shapes(left, right))
        self.differences.add("/api/v1/alerts", self.differing_alerts(left["alerts"], right["alerts"]))
        left, right = (sender.server.api("alertmanagers") for sender in self.senders)
        self.differences.add("/api/v1/alertmanagers", self.differing_shapes(left, right))

    def differing_shapes(self, left, right):
        a, b = alert_comparison.shape_of(left), alert_comparison.shape_of(right)
        paths = [path for path in sorted(a.keys() | b.keys()) if a.get(path) != b.get(path)]
        return [f"{path} is {a.get(path)} against {b.get(path)}" for path in paths]

    def differing_rules(self, left, right):
        found = self.differing_shapes(left | {"alerts": []}, right | {"alerts": []})
        for member in ("name", "query", "duration", "keepFiringFor", "labels", "annotations", "health", "type", "state"):
            if left.get(member) != right.get(member):
                found.append(f"{left['name']}: {member} {left.get(member)!r} against {right.get(member)!r}")
        if left["type"] == "alerting":
            found += self.differing_alerts(left["alerts"], right["alerts"])
        return found

    def differing_alerts(self, left, right):
        left, right = ({key_of(a["labels"]): a for a in side} for side in (left, right))
        found = [f"{shown(key)}: only one has it" for key in sorted(left.keys() ^ right.keys())]
        for key in left.keys() & right.keys():
            a, b = left[key], right[key]
            for member in ("annotations", "state", "value"):
                if a[member] != b[member]:
                    found.append(f"{shown(key)}: {member} {a[member]} against {b[member]}")
            active = [alert_comparison.seconds_of(x["activeAt"]) for x in (a, b)]
            if self.times.differ(dict(key)["alertname"], *active):
                found.append(f"{shown(key)}: activeAt {a['activeAt']} against {b['activeAt']}")
            self.differences.count("alerts answered", 1)
        return found

    # The end.

    def drain(self):
        """A notice that waits behind a slow request is sent before the end."""
        receiver = self.ours.receiver
        receiver.delay_s = 3.5  # two of these are less than the time that a stop may take
        told = lambda: {dict(n.labels)["name"] for n in self.ours.notices() if n.name == "Drained"}
        begun = receiver.begun
        self.script.raised.add("drain1")
        until(lambda: receiver.begun > begun, 10, "nothing was told")
        self.script.raised.add("drain2")
        is_firing = lambda: any(a["labels"].get("name") == "drain2" for a in self.ours.alerts_by_state("firing"))
        until(is_firing, 10, "drain2 does not fire")
        expect("drain2" not in told(), "drain2 was told at once: nothing waits")
        code = self.ours.server.stop()
        expect(code == 0, f"SIGTERM ends it with {code}")
        if told() != {"drain1", "drain2"}:
            self.differences.add("drained", [f"of drain1 and drain2 only {sorted(told())}"])


def test(folder, started):
    print(f"{ROUNDS} rounds of {ROUND_S} s, SILVERBACK_SEED={SEED}", flush=True)
    run = Run(folder, started)
    run.start()
    for number in range(ROUNDS):
        run.round()
        print(f"round {number + 1}: {len(run.differences.lines)} differences so far", flush=True)
    run.drain()
    for what, number in run.differences.counts.items():
        print(f"{number} {what}")
    print(f"times at most {run.times.largest:.3f} s apart, but after restarts")
    print(f"{len(run.differences.lines)} differences")
    expect(not run.differences.lines, "\n".join(run.differences.lines))


if __name__ == "__main__":
    servers.main(test)

#!/usr/bin/env python3
"""Targets that mean harm are cut at their limits, while the others keep their slots and memory stays bounded.

Bodies, lines, heads and headers without end, a bomb in gzip, a byte a second, braces by the million, redirects in a
ring, connections that are accepted and hang by the hundred, and a port that does not even accept them.

SILVERBACK_E2E_SECONDS: how long (20).
"""

import json
import os
import re
import socket
import threading
import time

import misbehaving_exporter
import servers

SECONDS = int(os.environ.get("SILVERBACK_E2E_SECONDS", "20"))
GOOD, HANGING = 20, 200
# Each of the bodies that are read at the same time may take as much as the limit.
MEMORY_BYTES_MAX = 320 << 20

TOO_LARGE = "body size limit exceeded"
TOO_LATE = "context deadline exceeded|i/o timeout"
# {job: (path, settings, what its error says)}
HOSTILE = {
    "endless": ("/endless?fast=1", {}, TOO_LARGE),
    "endless_limited": ("/endless?fast=1", {"body_size_limit": "100KB"}, TOO_LARGE),
    "endless_line": ("/endless_line?bytes=1000000000", {}, TOO_LARGE),
    "endless_line_limited": ("/endless_line?bytes=1000000000", {"body_size_limit": "100KB"}, TOO_LARGE),
    "bomb": ("/gzip_bomb", {}, TOO_LARGE),
    "bomb_limited": ("/gzip_bomb", {"body_size_limit": "100KB"}, TOO_LARGE),
    "endless_head": ("/endless_head", {}, "."),
    "endless_header": ("/endless_header", {}, "."),
    "trickle": ("/trickle", {}, TOO_LATE),
    "braces": ("/braces?count=3000000", {}, "."),
    "loop": ("/loop", {}, "stopped after 10 redirects"),
    "hanging": ("/hang", {}, TOO_LATE),
}


def configuration(exporter, mute):
    address = f"127.0.0.1:{exporter}"

    def job(name, path, settings, targets):
        path, _, query = path.partition("?")
        params = {n: [v] for n, v in (p.split("=") for p in query.split("&") if p)}
        return {"job_name": name, "metrics_path": path, "params": params, "static_configs": targets, **settings}

    one = lambda n: {"targets": [address], "labels": {"n": str(n), "__param_n": str(n)}}
    numbered = lambda count: [one(n) for n in range(count)]
    jobs = [job("good", "/constant", {"scrape_interval": "1s", "scrape_timeout": "1s"}, numbered(GOOD))]
    for name, (path, settings, _) in HOSTILE.items():
        jobs.append(job(name, path, settings, numbered(HANGING if name == "hanging" else 2)))
    jobs.append(job("mute", "/", {}, [{"targets": [f"127.0.0.1:{mute}"]}]))
    times = {"scrape_interval": "3s", "scrape_timeout": "3s"}
    return json.dumps({"global": times, "scrape_configs": jobs}, indent=1)


def mute_port():
    """Listens, and its queue is full."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(0)
    waiting = []
    for _ in range(2):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(listening.getsockname())
        waiting.append(one)
    return listening, waiting


class Heartbeat:
    """How long the machine let us wait at most."""

    def __init__(self):
        self.stall_s = 0.0
        self.ends = threading.Event()
        threading.Thread(target=self.beat, daemon=True).start()

    def beat(self):
        before = time.monotonic()
        while not self.ends.wait(0.05):
            now = time.monotonic()
            self.stall_s = max(self.stall_s, now - before - 0.05)
            before = now


def memory_peak_bytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) << 10


def test(folder, started):
    exporter = misbehaving_exporter.MisbehavingExporter(0).open()
    listening, waiting = mute_port()
    server = servers.silverback(
        folder / "silverback",
        f"--config.file={folder / 'silverback' / 'prometheus.yml'}",
        "--scrape.body-bytes-max=4MiB",
    )
    (server.folder / "prometheus.yml").write_text(configuration(exporter.port, listening.getsockname()[1]))
    started.append(server)
    server.start()
    time.sleep(7)
    heart = Heartbeat()
    since = time.time()
    time.sleep(SECONDS)
    heart.ends.set()
    until = time.time() - 1

    found = []
    selector = f'up{{job="good"}}[{round((until - since) * 1000)}ms]'
    good = server.api("query", query=selector, time=f"{until:.3f}")["result"]
    if len(good) != GOOD:
        found.append(f"{len(good)} good targets, not {GOOD}")
    late = 0
    for series in good:
        times = [t for t, v in series["values"] if v == "1"]
        gaps = [b - a for a, b in zip(times, times[1:])]
        late = max([late, *gaps])
        if len(times) < until - since - 2 - 2 * heart.stall_s or max(gaps) > 1.5 + 2 * heart.stall_s:
            found.append(f"{series['metric']}: scraped at {times}")
    targets = server.api("targets")["activeTargets"]
    for name, (_, _, says) in {**HOSTILE, "mute": (None, None, TOO_LATE)}.items():
        of_job = [t for t in targets if t["scrapePool"] == name]
        if not of_job:
            found.append(f"{name}: no target")
        for target in of_job:
            if heart.stall_s > 0.5:
                says = f"{says}|{TOO_LATE}"
            if target["health"] != "down" or not re.search(says, target["lastError"]):
                found.append(f"{name}: {target['health']}: {target['lastError'][:300]}, not {says!r}")
            if target["lastScrapeDuration"] > float(target["scrapeTimeout"].rstrip("s")) + 0.5:
                found.append(f"{name}: a scrape took {target['lastScrapeDuration']} s")
    stored = server.api("query", query='count by (job) ({__name__!~"|up|scrape_.*",job!="good"})')["result"]
    if stored:
        found.append(f"hostile targets have series: {stored}")
    memory = memory_peak_bytes(server.process)
    if memory > MEMORY_BYTES_MAX:
        found.append(f"{memory >> 20} MiB of memory")
    if exporter.open_now > 2 * (HANGING + 2 * len(HOSTILE)):
        found.append(f"{exporter.open_now} requests are still open: those given up are not closed")
    stopping = time.monotonic()
    code = server.stop()
    if code != 0 or time.monotonic() - stopping > 10:
        found.append(f"SIGTERM: {code} after {time.monotonic() - stopping:.1f} s")
    print(
        f"{GOOD} good targets among {len(targets)}: at most {late:.3f} s between scrapes; "
        f"{memory >> 20} MiB at most; the machine let us wait up to {heart.stall_s:.2f} s"
    )
    for one in waiting + [listening]:
        one.close()
    exporter.close()
    if found:
        raise AssertionError("\n".join(found))


if __name__ == "__main__":
    servers.main(test)

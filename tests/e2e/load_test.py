#!/usr/bin/env python3
"""Writers, readers, sealing and compaction all at once: nothing fails, and the store counts exactly what was sent.

Every writer owns its series, so that what was acknowledged can be added up; readers ask range queries and label
values meanwhile, and the sums they see may only grow. The end compares counts and sums per writer, before and after
compaction and a restart.

SILVERBACK_LOAD_SECONDS: for how long (6).
"""

import http.client
import os
import threading
import time

import remote_write
import servers

SECONDS = int(os.environ.get("SILVERBACK_LOAD_SECONDS", "6"))
WRITERS = 3
READERS = 2
SERIES = 200  # a writer
STEP_MS = 15_000


class Worker(threading.Thread):
    """Repeats work() on one kept connection until told to stop; the first failure ends it."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.stopping = threading.Event()
        self.error = None
        self.rounds = 0

    def run(self):
        try:
            while not self.stopping.is_set():
                self.work()
                self.rounds += 1
        except (OSError, http.client.HTTPException, AssertionError) as error:
            self.error = f"{type(self).__name__}: {error!r}"
        finally:
            self.connection.close()

    def call(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, headers or {})
        response = self.connection.getresponse()
        text = response.read()
        if response.status not in (200, 204):
            raise AssertionError(f"{method} {path}: {response.status} {text[:300]!r}")
        return text


class Writer(Worker):
    """Counters that grow by their series' number at each step."""

    def __init__(self, server, index, base_ms):
        super().__init__(server)
        self.index, self.base_ms, self.sent = index, base_ms, 0

    def work(self):
        t = self.base_ms + self.sent * STEP_MS
        body = remote_write.body_of(
            (
                {"__name__": "load_total", "writer": str(self.index), "series": str(i), "half": str(i % 2)},
                [(t, float(i * self.sent)), (t + STEP_MS, float(i * (self.sent + 1)))],
            )
            for i in range(SERIES)
        )
        self.call("POST", "/api/v1/write", body, remote_write.HEADERS)
        self.sent += 2


class Reader(Worker):
    def __init__(self, server, base_ms):
        super().__init__(server)
        self.window = f"start={base_ms / 1000}&end={base_ms / 1000 + 40 * 3600}&step=600"

    def work(self):
        self.call("GET", f"/api/v1/query_range?query=sum+by+(half)+(rate(load_total[5m]))&{self.window}")
        self.call("GET", f"/api/v1/query_range?query=max_over_time(load_total{{series=\"7\"}}[1h])&{self.window}")
        self.call("GET", "/api/v1/label/series/values?match[]=load_total")


class Sealer(Worker):
    def work(self):
        time.sleep(0.7)
        self.call("POST", f"/api/v1/admin/tsdb/{'compact' if self.rounds % 3 == 2 else 'flush'}")


def totals(server):
    """{writer: (samples, sum of their values)}"""
    at = {"time": f"{time.time() + 3600:.3f}"}
    counts = server.api("query", query="sum by (writer) (count_over_time(load_total[1000d]))", **at)["result"]
    sums = server.api("query", query="sum by (writer) (sum_over_time(load_total[1000d]))", **at)["result"]
    sums = {s["metric"]["writer"]: float(s["value"][1]) for s in sums}
    return {s["metric"]["writer"]: (int(s["value"][1]), sums[s["metric"]["writer"]]) for s in counts}


def expected(writer):
    steps = writer.sent
    return steps * SERIES, float(sum(range(SERIES)) * sum(range(steps)))


def test(folder, started):
    server = servers.silverback(folder / "silverback", "--web.enable-admin-api")
    started.append(server)
    server.start()
    base_ms = (int(time.time()) - 14 * 24 * 3600) * 1000
    writers = [Writer(server, i, base_ms) for i in range(WRITERS)]
    workers = writers + [Reader(server, base_ms) for _ in range(READERS)] + [Sealer(server)]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + SECONDS
    # A writer's time must stay in the past: 14 days are this many steps.
    steps_max = 14 * 24 * 3600 * 1000 // STEP_MS - 100
    while time.monotonic() < deadline and all(w.sent < steps_max for w in writers):
        time.sleep(0.1)
        failed = [w.error for w in workers if w.error]
        if failed:
            raise AssertionError("; ".join(failed))
    for worker in workers:
        worker.stopping.set()
    for worker in workers:
        worker.join()
        if worker.error:
            raise AssertionError(worker.error)
        if worker.rounds == 0:
            raise AssertionError(f"a {type(worker).__name__} did nothing")
    want = {str(w.index): expected(w) for w in writers}
    for state in ("under load", "compacted", "restarted"):
        if state == "compacted":
            response = server.request("POST", "/api/v1/admin/tsdb/compact", timeout=300)
            if response.status != 204:
                raise AssertionError(f"compact: {response.status} {response.text}")
        if state == "restarted":
            server.kill()
            server.start()
        have = totals(server)
        if have != want:
            raise AssertionError(f"{state}: {have} instead of {want}")
    samples = sum(count for count, _ in want.values())
    print(f"{samples} samples, {sum(w.rounds for w in workers)} requests of {len(workers)} clients: all there")


if __name__ == "__main__":
    servers.main(test)

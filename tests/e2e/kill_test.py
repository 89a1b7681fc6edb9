#!/usr/bin/env python3
"""kill -9 under remote-write load, again and again: every acknowledged sample must be there after the restart.

Several senders write at once, each to series of its own: samples in order, late ones, and new series in every round. A
request that was cut off is sent again after the restart, as a real sender would do. Each round checks what was
acknowledged since the round before; the end checks everything. In some rounds the head is sealed under load too.

SILVERBACK_KILL_ROUNDS: how many rounds (8). SILVERBACK_SEED: repeats a run's choices.
"""

import http.client
import os
import random
import struct
import threading
import time

import remote_write
import servers

ROUNDS = int(os.environ.get("SILVERBACK_KILL_ROUNDS", "8"))
SEED = int(os.environ.get("SILVERBACK_SEED", "20261121"))
SENDERS = 3
SERIES = 40  # a sender


class Sender(threading.Thread):
    """Writes until stopped or the server is gone; remembers what was acknowledged."""

    def __init__(self, index, port, base_ms, rng):
        super().__init__()
        self.index, self.port, self.rng = index, port, rng
        self.next_ms = base_ms
        self.acknowledged = {}  # series name → {t_ms: value bits}
        self.unacknowledged = None
        self.stopping = threading.Event()
        self.error = None
        self.requests = 0

    def again(self, port):
        """A thread can be started once: the next round's sender takes over what this one knows."""
        sender = Sender(self.index, port, self.next_ms, self.rng)
        sender.acknowledged, sender.unacknowledged = self.acknowledged, self.unacknowledged
        sender.requests = self.requests
        return sender

    def batch(self):
        self.next_ms += self.rng.choice((1, 7, 1000))
        series = {}
        for i in range(SERIES):
            name = f"s{self.index}_{i if i else f'new_{self.requests // 20}'}"
            t = self.next_ms
            if is_late(name):  # late: hours behind the others
                t -= 3 * 3600 * 1000
            series[name] = [(t, self.rng.choice((float(self.requests), self.rng.random(), float("nan"), -0.0)))]
        return series

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            while not self.stopping.is_set():
                batch = self.unacknowledged or self.batch()
                self.unacknowledged = batch
                body = remote_write.body_of(
                    ({"__name__": "load", "series": name}, samples) for name, samples in batch.items()
                )
                connection.request("POST", "/api/v1/write", body, remote_write.HEADERS)
                response = connection.getresponse()
                text = response.read()
                if response.status != 204:
                    self.error = f"sender {self.index}: {response.status} {text!r}"
                    return
                for name, samples in batch.items():
                    self.acknowledged.setdefault(name, {}).update(samples)
                self.unacknowledged = None
                self.requests += 1
        except (OSError, http.client.HTTPException):
            pass  # killed
        finally:
            connection.close()


def bits(value):
    return "NaN" if value != value else struct.pack("<d", value)


def is_late(name):
    return name.endswith("9") and "new" not in name


def stored(server, names, start_ms, end_ms):
    """{series: {t_ms: value}} of the named series in [start_ms, end_ms]."""
    window_s = (end_ms - start_ms) // 1000 + 2  # ranges are left-open, and a little more is no harm
    selector = f'load{{series=~"{"|".join(names)}"}}[{window_s}s]'
    result = server.api("query", query=selector, time=f"{end_ms / 1000:.3f}")["result"]
    return {
        series["metric"]["series"]: {round(t * 1000): float(v) for t, v in series["values"]} for series in result
    }


def check(server, senders, since):
    """Every acknowledged sample newer than the mark in `since` (series → count already checked) is stored."""
    checked = 0
    for sender in senders:
        pending = {
            name: list(samples.items())[since.get(name, 0) :] for name, samples in sender.acknowledged.items()
        }
        for late in (False, True):  # hours apart: asked for apart, or each round would read everything again
            wanted = {name: samples for name, samples in pending.items() if samples and is_late(name) == late}
            if not wanted:
                continue
            times = [t for samples in wanted.values() for t, _ in samples]
            found = stored(server, sorted(wanted), min(times), max(times))
            for name, samples in wanted.items():
                have = found.get(name, {})
                for t, value in samples:
                    if t not in have:
                        raise AssertionError(f"lost: {name} at {t} = {value}")
                    if bits(have[t]) != bits(value):
                        raise AssertionError(f"changed: {name} at {t}: {value} became {have[t]}")
                    checked += 1
        for name, samples in sender.acknowledged.items():
            since[name] = len(samples)
    return checked


def test(folder, started):
    print(f"{ROUNDS} rounds, SILVERBACK_SEED={SEED}", flush=True)
    rng = random.Random(SEED)
    server = servers.silverback(folder / "silverback", "--web.enable-admin-api")
    started.append(server)
    server.start()
    base_ms = int(time.time() * 1000) - 6 * 3600 * 1000
    senders = [Sender(i, server.port, base_ms, random.Random(rng.random())) for i in range(SENDERS)]
    marks, checked, restarts = {}, 0, []
    for number in range(ROUNDS):
        for sender in senders:
            sender.start()
        time.sleep(rng.uniform(0.02, 0.5))
        if rng.random() < 0.25:  # die while the head is being sealed
            threading.Thread(target=flush, args=(server,), daemon=True).start()
            time.sleep(rng.uniform(0, 0.05))
        server.kill()
        for sender in senders:
            sender.stopping.set()
            sender.join()
            if sender.error:
                raise AssertionError(f"round {number}: {sender.error}")
        begin = time.monotonic()
        server.start()
        restarts.append(time.monotonic() - begin)
        checked += check(server, senders, marks)
        if number % 20 == 19:
            print(f"{number + 1} kills, {checked} samples checked, last restart {restarts[-1]:.2f} s", flush=True)
        senders = [sender.again(server.port) for sender in senders]
    total = check(server, senders, {})
    if server.stop() != 0:
        raise AssertionError("a clean stop ends with exit code 0")
    server.start()
    if check(server, senders, {}) != total:
        raise AssertionError("a clean restart keeps everything")
    requests = sum(sender.requests for sender in senders)
    if requests < ROUNDS:
        raise AssertionError(f"only {requests} requests were acknowledged: the load was no load")
    print(
        f"{ROUNDS} kills, {requests} acknowledged requests, {total} samples, none lost; "
        f"slowest restart {max(restarts):.2f} s"
    )


def flush(server):
    try:
        server.request("POST", "/api/v1/admin/tsdb/flush")
    except (OSError, http.client.HTTPException):
        pass  # killed


if __name__ == "__main__":
    servers.main(test)

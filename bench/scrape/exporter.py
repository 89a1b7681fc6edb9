#!/usr/bin/env python3
"""Answers as many targets that are scraped: one socket, where every address of 127.1.0.0/16 is a target of its own.

  bench/scrape/exporter.py --targets 1000 &
  curl --compressed http://127.1.0.1:9200/metrics

A page is what `remote_write_load` sends for one target: a machine with containers and one HTTP service, of 500 series; more
than half are integer counters and histogram buckets, a part of which stands still. Every target has containers of its own;
the values are one of --kinds sequences, and move on with every scrape. Pages are made before the port is open, so that an
answer costs next to nothing: answers are gzip where the client takes it, unless --no-gzip; with --pages=openmetrics also
OpenMetrics, with exemplars, to those who ask for it.

127.0.0.1 is no target. It answers
  /begin    forgets what was asked and starts the pages over
  /report   tells as JSON when which target was asked (by CLOCK_MONOTONIC), and how many pages were sent
  /end      sends what is under way, answers 503 to the targets from then on, and tells the same
"""

import argparse
import gc
import json
import random
import resource
import select
import socket
import sys
import time
import zlib

# The bounds of a latency histogram, and how many of 1000 requests are slower than each.
BUCKETS = [("0.005", 900), ("0.01", 700), ("0.025", 450), ("0.05", 250), ("0.1", 120), ("0.25", 50), ("0.5", 20), ("1", 8),
           ("2.5", 3), ("5", 1), ("10", 0), ("+Inf", 0)]
CONTAINER_COUNTERS = [
    ("container_cpu_usage_seconds_total", "Cumulative cpu time consumed in seconds."),
    ("container_network_receive_bytes_total", "Cumulative count of bytes received"),
    ("container_network_transmit_bytes_total", "Cumulative count of bytes transmitted"),
    ("container_fs_reads_total", "Cumulative count of reads completed"),
    ("container_fs_writes_total", "Cumulative count of writes completed"),
    ("container_memory_failures_total", "Cumulative count of memory allocation failures."),
]
OWN = "@@@@@@"  # stands for six hexadecimal digits of the target's own
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def target_address(index):
    return f"127.1.{index // 250}.{1 + index % 250}"


def go_number(value):
    """As Go's client library prints it: the shortest digits, with an exponent from a million on."""
    if abs(value) < 1e6:
        return str(int(value)) if value == int(value) else repr(value)
    whole, _, fraction = repr(float(value)).partition(".")
    if "e" in fraction:
        raise ValueError(f"{value} is outside of what this prints")
    digits = (whole + fraction).rstrip("0")
    return f"{digits[0]}{'.' if len(digits) > 1 else ''}{digits[1:]}e+{len(whole) - 1:02}"


class Series:
    """One line of a page. `kind` says how its value moves, `speed` how much per scrape."""

    def __init__(self, name, labels, kind, value, speed):
        self.name, self.labels, self.kind, self.value, self.speed = name, labels, kind, value, speed

    def step(self, chance):
        if self.kind == "counter":
            self.value += int(chance.random() * 2 * self.speed)
        elif self.kind == "seconds":  # hundredths of a second, as the kernel counts
            self.value = round(self.value * 100 + chance.random() * 200 * self.speed) / 100
        elif self.kind == "gauge":
            self.value = max(0, self.value + chance.randint(-self.speed, self.speed))
        elif self.kind == "pages" and chance.random() < 0.67:
            self.value = max(0, self.value + 4096 * chance.randint(-self.speed, self.speed))


class Histogram:
    """One of the lines with the same labels but for `le`."""

    def __init__(self, labels, busy):
        self.busy = busy
        self.buckets = [Series("http_request_duration_seconds_bucket", labels + [("le", bound)], "bucket", 0, slower)
                        for bound, slower in BUCKETS]
        self.sum = Series("http_request_duration_seconds_sum", labels, "sum", 0.0, 0)
        self.count = Series("http_request_duration_seconds_count", labels, "count", 0, 0)
        self.series = [*self.buckets, self.sum, self.count]

    def step(self, chance):
        requests = chance.randint(0, 60) if self.busy else 0
        for bucket in self.buckets:
            bucket.value += sum(chance.randint(0, 999) >= bucket.speed for _ in range(requests)) if bucket.speed else requests
        for lower, upper in zip(self.buckets, self.buckets[1:]):  # cumulative
            upper.value = max(upper.value, lower.value)
        self.count.value = self.buckets[-1].value
        self.sum.value += sum(chance.expovariate(20) for _ in range(requests))


class Exposition:
    """What one kind of target says at each of its scrapes."""

    def __init__(self, kind, series_count):
        self.chance = random.Random(kind)
        self.families = []  # name, type, help, series
        self.moving = []
        self.add_machine()
        self.add_service()
        self.add_containers(series_count)
        self.cut(series_count)

    def add(self, name, kind, text, series):
        self.families.append((name, kind, text, series))
        self.moving += series

    def start(self, most=1_000_000_000):
        return self.chance.randrange(most)

    def add_machine(self):
        modes = ["idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"]
        self.add("node_cpu_seconds_total", "counter", "Seconds the CPUs spent in each mode.",
                 [Series("node_cpu_seconds_total", [("cpu", str(cpu)), ("mode", mode)], "seconds", self.start() / 100, 9)
                  for cpu in range(8) for mode in modes])
        for what in ("receive_bytes", "transmit_bytes", "receive_packets", "transmit_packets",
                     "receive_errs", "transmit_errs", "receive_drop", "transmit_drop"):
            moves = what.endswith(("bytes", "packets"))
            name = f"node_network_{what}_total"
            self.add(name, "counter", f"Network device statistic {what}.",
                     [Series(name, [("device", f"eth{i}")], "counter", self.start() if moves else 0,
                             100_000 if moves and i < 2 else 0) for i in range(8)])
        for what, kind, speed in (("size_bytes", "constant", 0), ("free_bytes", "pages", 30), ("avail_bytes", "pages", 30),
                                  ("files_free", "gauge", 2)):
            name = f"node_filesystem_{what}"
            self.add(name, "gauge", f"Filesystem {what.replace('_', ' ')}.",
                     [Series(name, [("device", f"/dev/mapper/vg-{i}"), ("fstype", "ext4"), ("mountpoint", f"/srv/data{i}")],
                             kind, self.start(100_000_000) * (4096 if what.endswith("bytes") else 1), speed)
                      for i in range(10)])
        for i in range(50):
            name = f"node_memory_region{i}_bytes"
            self.add(name, "gauge", f"Memory information field region{i}.",
                     [Series(name, [], "constant" if i % 3 == 0 else "pages", self.start(1_000_000) * 4096, 100)])

    def add_service(self):
        histograms = [
            Histogram([("code", "500" if i % 4 == 3 else "200"), ("handler", f"/api/v1/resource{i // 2}"),
                       ("method", "POST" if i % 2 else "GET")], busy=i % 4 != 3) for i in range(12)]
        self.families.append(("http_request_duration_seconds", "histogram", "Time until a request was answered.",
                              [series for histogram in histograms for series in histogram.series]))
        self.moving += histograms

    def add_containers(self, series_count):
        missing = series_count - sum(len(series) for *_, series in self.families)
        owns = [f"{OWN}{pod:04x}{self.start(1 << 24):06x}" for pod in range(missing // 6 + 1)]
        for number, (name, text) in enumerate(CONTAINER_COUNTERS):
            seconds = name.endswith("seconds_total")
            series = []
            for pod, own in enumerate(owns[:(missing - number + 5) // 6]):
                labels = [("container", "app"), ("id", f"/kubepods/burstable/pod{own}/{own[:10]}"),
                          ("image", f"registry.example.com/shop/checkout:v1.{pod}"), ("name", f"k8s_app_checkout-{own[:10]}"),
                          ("namespace", f"shop-{pod % 5}"), ("pod", f"checkout-{own}"), ("service", "kubelet")]
                series.append(Series(name, labels, "seconds" if seconds else "counter",
                                     self.start() / 100 if seconds else self.start(),
                                     3 if seconds else 0 if pod % 3 == 0 else 500))
            if series:
                self.add(name, "counter", text, series)

    def cut(self, series_count):
        for *_, series in reversed(self.families):
            surplus = sum(len(series) for *_, series in self.families) - series_count
            if surplus > 0:
                del series[-surplus:]
        self.families = [family for family in self.families if family[3]]

    def series(self):
        return [series for *_, all_series in self.families for series in all_series]

    def template(self, openmetrics):
        """The page, with %s in the place of every value."""
        lines = []
        for name, kind, text, all_series in self.families:
            if openmetrics and kind == "counter":
                name = name.removesuffix("_total")
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
            for series in all_series:
                labels = ",".join(f'{label}="{self.bound(value) if openmetrics and label == "le" else value}"'
                                  for label, value in series.labels)
                exemplar = ""
                if openmetrics and series.kind == "bucket" and len(lines) % 3 == 0:
                    trace = f"{self.start(1 << 64):016x}"
                    exemplar = f' # {{trace_id="{trace}"}} {series.labels[-1][1].replace("+Inf", "11")} 1.7e+09'
                lines.append(f"{series.name}{{{labels}}} %s{exemplar}" if labels else f"{series.name} %s{exemplar}")
        return "\n".join(lines + (["# EOF\n"] if openmetrics else [""]))

    @staticmethod
    def bound(text):
        return text if "." in text or text == "+Inf" else text + ".0"

    def pages(self, count, openmetrics):
        """The same values as text, and as OpenMetrics if asked for."""
        for _ in range(count):
            numbers = tuple(go_number(series.value) for series in self.series())
            pages = {TEXT: (self.text_template % numbers).encode()}
            if openmetrics:
                pages[OPENMETRICS] = (self.openmetrics_template % tuple(
                    n if "." in n or "e" in n else n + ".0" for n in numbers)).encode()
            yield pages
            for moving in self.moving:
                moving.step(self.chance)

    def prepare(self, openmetrics):
        self.text_template = self.template(False)
        self.openmetrics_template = self.template(True) if openmetrics else ""


class Pages:
    """Whole answers, by target and number of the scrape."""

    def __init__(self, options):
        self.options = options
        types = [TEXT] + ([OPENMETRICS] if options.pages == "openmetrics" else [])
        self.plain = []  # kind -> number -> content type -> page
        for kind in range(min(options.kinds, options.targets)):
            exposition = Exposition(kind, options.series)
            exposition.prepare(len(types) > 1)
            self.plain.append(list(exposition.pages(options.scrapes, len(types) > 1)))
        self.packed = {kind: self.pack(kind) for kind in types} if options.gzip else {}

    def pack(self, kind):
        """target -> number -> page. The part before the target's own is packed once for all of them."""
        packed = [[] for _ in range(self.options.targets)]
        for number in range(self.options.scrapes):
            begun = []
            for pages in self.plain:
                packer = zlib.compressobj(wbits=31)
                shared = pages[number][kind].partition(OWN.encode())[0]
                begun.append((len(shared), packer.compress(shared), packer))
            for target in range(self.options.targets):
                length, begin, packer = begun[target % len(begun)]
                packer = packer.copy()
                packed[target].append(begin + packer.compress(self.page(target, number, kind)[length:]) + packer.flush())
        return packed

    def page(self, target, number, kind):
        return self.plain[target % len(self.plain)][number][kind].replace(OWN.encode(), b"%06x" % (target * 7919))

    def answer(self, target, scrape, head):
        number = scrape % self.options.scrapes
        head = head.lower()
        kind = OPENMETRICS if self.options.pages == "openmetrics" and b"application/openmetrics-text" in head else TEXT
        encoding = b""
        if self.options.gzip and b"gzip" in head:
            body = self.packed[kind][target][number]
            encoding = b"Content-Encoding: gzip\r\n"
        else:
            body = self.page(target, number, kind)
        return answer(b"200 OK", kind.encode(), body, encoding)


def answer(status, kind, body, more=b""):
    return b"HTTP/1.1 %s\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, kind, more, len(body), body)


class Connection:
    def __init__(self, sock, target):
        self.socket, self.target = sock, target  # target -1: not one of them
        self.received, self.unsent, self.is_page = b"", b"", False


class Exporter:
    def __init__(self, options):
        self.options = options
        self.pages = Pages(options)
        self.targets = {target_address(i): i for i in range(options.targets)}
        self.connections = {}
        self.waiting_for_end = None
        self.begin()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("0.0.0.0", options.port))
        self.listener.listen(options.targets + 10)
        self.listener.setblocking(False)
        self.poll = select.epoll()
        self.poll.register(self.listener, select.EPOLLIN)

    def begin(self):
        self.arrivals = [[] for _ in range(self.options.targets)]
        self.accepted = self.pages_sent = self.page_bytes = 0
        self.ended = False

    def report(self):
        return json.dumps({"arrivals": self.arrivals, "connections": self.accepted, "pages": self.pages_sent,
                           "bytes": self.page_bytes}).encode()

    def serve(self):
        while True:
            for fd, events in self.poll.poll():
                if fd == self.listener.fileno():
                    self.accept()
                elif fd in self.connections:
                    connection = self.connections[fd]
                    try:
                        self.send(connection) if events & select.EPOLLOUT else self.receive(connection)
                    except OSError:
                        self.close(connection)

    def accept(self):
        sock, peer = self.listener.accept()
        target = self.targets.get(sock.getsockname()[0], -1)
        if not peer[0].startswith("127."):  # it listens on every address, but is for this machine alone
            sock.close()
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.accepted += target >= 0
        self.connections[sock.fileno()] = Connection(sock, target)
        self.poll.register(sock, select.EPOLLIN)

    def close(self, connection):
        del self.connections[connection.socket.fileno()]
        self.poll.unregister(connection.socket)
        connection.socket.close()
        self.answer_end()

    def receive(self, connection):
        arrived = time.monotonic()
        data = connection.socket.recv(65536)
        if not data:
            self.close(connection)
            return
        connection.received += data
        if connection.unsent or b"\r\n\r\n" not in connection.received:
            return
        head, _, connection.received = connection.received.partition(b"\r\n\r\n")
        if connection.target < 0:
            self.control(connection, head.split(b" ", 2)[1])
        elif self.ended:
            self.reply(connection, answer(b"503 Service Unavailable", b"text/plain", b"ended\n"))
        else:
            arrivals = self.arrivals[connection.target]
            connection.is_page = True
            self.reply(connection, self.pages.answer(connection.target, len(arrivals), head))
            arrivals.append(round(arrived, 6))

    def control(self, connection, path):
        if path == b"/begin":
            self.begin()
        elif path == b"/end":
            self.ended = True
            self.waiting_for_end = connection
            self.answer_end()
            return
        self.reply(connection, answer(b"200 OK", b"application/json", self.report()))

    def answer_end(self):
        if self.waiting_for_end and not any(c.is_page for c in self.connections.values()):
            connection, self.waiting_for_end = self.waiting_for_end, None
            self.reply(connection, answer(b"200 OK", b"application/json", self.report()))

    def reply(self, connection, data):
        connection.unsent = memoryview(data)
        self.send(connection)

    def send(self, connection):
        try:
            sent = connection.socket.send(connection.unsent)
        except BlockingIOError:
            sent = 0
        connection.unsent = connection.unsent[sent:]
        if connection.is_page:
            self.page_bytes += sent
        self.poll.modify(connection.socket, select.EPOLLOUT if connection.unsent else select.EPOLLIN)
        if connection.is_page and not connection.unsent:
            connection.is_page = False
            self.pages_sent += 1
            self.answer_end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9200, help="0 chooses one (%(default)s)")
    parser.add_argument("--targets", type=int, default=1000, help="(%(default)s)")
    parser.add_argument("--series", type=int, default=500, help="of each target (%(default)s)")
    parser.add_argument("--scrapes", type=int, default=20, help="pages of each target, then it starts over (%(default)s)")
    parser.add_argument("--kinds", type=int, default=32, help="sequences of values (%(default)s)")
    parser.add_argument("--pages", choices=["text", "openmetrics"], default="text")
    parser.add_argument("--gzip", action=argparse.BooleanOptionalAction, default=True, help="for clients that take it")
    # Two connections of each target at the same time, if a server is about to replace one.
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 2 * options.targets + 100), most))
    exporter = Exporter(options)
    gc.freeze()  # the pages stay
    print(exporter.listener.getsockname()[1], flush=True)
    try:
        exporter.serve()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()

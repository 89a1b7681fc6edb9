"""An exporter that does wrong whatever an exporter can do wrong: a path for each way, the good ones among them.

    exporter = MisbehavingExporter(base_s).open()
    GET /vanishing      answered by vanishing(), below

What a path answers depends only on how often it was asked, so that two servers, with an exporter each, are told the
same at the same scrape. Timestamps on the pages count from `base_s`.
"""

import gzip
import os
import socket
import struct
import threading
import time
import urllib.parse

import local_http

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

PATHS = {}


def path(function):
    PATHS[function.__name__] = function
    return function


class Scrape:
    """One request, and the means to answer it: well, or byte by byte."""

    def __init__(self, exporter, handler, number):
        self.exporter, self.handler = exporter, handler
        self.n = number  # the first is 1
        self.headers = handler.headers
        parts = urllib.parse.urlsplit(handler.path)
        self.path = parts.path
        self.query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)

    def page(self, text, content_type=TEXT, status=200, headers=()):
        """A whole answer; `text` may be bytes."""
        content = text if isinstance(text, bytes) else text.encode()
        self.handler.send_response(status)
        if content_type is not None:
            self.handler.send_header("Content-Type", content_type)
        for name, value in headers:
            self.handler.send_header(name, value)
        if status in (204, 304):
            # No one expects a body with these: it would be taken for the answer to the next request.
            self.handler.send_header("Connection", "close")
            self.handler.close_connection = True
        self.handler.send_header("Content-Length", str(len(content)))
        self.handler.end_headers()
        self.handler.wfile.write(content)

    def openmetrics(self, text):
        self.page(text + "# EOF\n", OPENMETRICS)

    def begin(self, *headers, content_type=TEXT):
        """The head of an answer whose body raw() sends, and the connection's end ends."""
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", content_type)
        for name, value in headers:
            self.handler.send_header(name, value)
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()
        self.handler.close_connection = True

    def raw(self, content):
        self.handler.close_connection = True
        self.handler.wfile.write(content)
        self.handler.wfile.flush()

    def reset(self):
        """The connection ends as if the machine had lost it."""
        self.handler.close_connection = True
        connection = self.handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())

    def wait(self, seconds):
        """Raises OSError at the end of the exporter."""
        if self.exporter.closing.wait(seconds):
            raise OSError("the exporter ends")


class MisbehavingExporter(local_http.LocalServer):
    def __init__(self, base_s):
        super().__init__()
        self.base_s = base_s
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.arrivals = {}  # {path: [when each scrape came]}
        self.seen = {}  # {path: {(header, value), …} of each scrape that differed from others}
        self.documents = {}  # {path: (status, content type, text)}: for discovery by HTTP; the test changes them
        self.open_now = 0

    def reply(self, handler):
        with self.lock:
            arrivals = self.arrivals.setdefault(handler.path, [])
            arrivals.append(time.time())
            number = len(arrivals)
            headers = frozenset((name.lower(), value) for name, value in handler.headers.items())
            self.seen.setdefault(handler.path, set()).add(headers)
            self.open_now += 1
        try:
            scrape = Scrape(self, handler, number)
            if scrape.path in self.documents:
                status, content_type, text = self.documents[scrape.path]
                return scrape.page(text, content_type, status)
            PATHS.get(scrape.path.split("/")[1], not_found)(scrape)
        finally:
            with self.lock:
                self.open_now -= 1

    def close(self):
        self.closing.set()
        super().close()


def not_found(scrape):
    scrape.page("no such page\n", status=404)


# Good pages.


@path
def text(scrape):
    n = scrape.n
    scrape.page(
        f"""\
# A comment, and a family of each type.
# HELP demo_requests_total Requests, with a \\\\ and a\\nsecond line.
# TYPE demo_requests_total counter
demo_requests_total{{code="200",method="get"}} {n * 3}
demo_requests_total{{code="500",method="get",}} {n // 5}
# TYPE demo_temperature_celsius gauge
demo_temperature_celsius -1.5e-07
demo_temperature_celsius{{room=""}} {n % 7}.25
demo_tabs\t{{ a = "1" ,\tb="2" }}\t {n} \t
# TYPE demo_seconds histogram
demo_seconds_bucket{{le="0.5"}} {n}
demo_seconds_bucket{{le="2.5"}} {2 * n}
demo_seconds_bucket{{le="+Inf"}} {3 * n}
demo_seconds_sum {n * 1.7}
demo_seconds_count {3 * n}
# TYPE demo_sizes summary
# HELP demo_sizes
demo_sizes{{quantile="0.5"}} NaN
demo_sizes{{quantile="0.99"}} +Inf
demo_sizes_sum -Inf
demo_sizes_count {n}
# TYPE demo_unknown untyped
demo_unknown{{text="quote \\" backslash \\\\ line \\n tab \t ünïcode €"}} 1e100
demo_without_type 0.1
"""
    )


@path
def openmetrics(scrape):
    n, base = scrape.n, scrape.exporter.base_s
    scrape.openmetrics(
        f"""\
# TYPE om_requests counter
# HELP om_requests Requests.
om_requests_total{{code="200"}} {n} # {{trace_id="abc"}} 1 {base + n}.5
om_requests_created{{code="200"}} {base}.25
om_requests_total{{code="500"}} {n}.0 # {{}} 0.5
# TYPE om_wait_seconds histogram
# UNIT om_wait_seconds seconds
# HELP om_wait_seconds A \\"wait\\"\\nof two lines.
om_wait_seconds_bucket{{le="0.5"}} {n} # {{span="s",trace="t"}} 0.4
om_wait_seconds_bucket{{le="+Inf"}} {n + 1}
om_wait_seconds_count {n + 1}
om_wait_seconds_sum {n}.125
om_wait_seconds_created {base}
# TYPE om_build info
om_build_info{{version="1.0"}} 1
# TYPE om_state stateset
om_state{{om_state="on"}} 1
om_state{{om_state="off"}} 0
# TYPE om_queue gaugehistogram
om_queue_bucket{{le="2.5"}} {n % 3}
om_queue_bucket{{le="+Inf"}} {n % 5}
om_queue_gcount {n % 5}
om_queue_gsum {n % 5}
# TYPE om_plain unknown
om_plain {n}
# TYPE om_dated gauge
om_dated{{form="float"}} {n} {base + n}.5
om_dated{{form="exponent"}} {n} {base + n}e0
"""
    )


@path
def openmetrics_empty(scrape):
    scrape.openmetrics("")


@path
def large(scrape):
    """More than fits in a packet, a buffer or a block of compression."""
    lines = [f'large_metric{{n="{i}",filler="{"x" * 90}"}} {i * scrape.n}\n' for i in range(200)]
    scrape.page("# TYPE large_metric gauge\n" + "".join(lines))


@path
def headers(scrape):
    scrape.page(f"headers_seen {scrape.n}\n")


@path
def protected(scrape):
    """Wants what `wants` says of the header Authorization."""
    is_right = scrape.headers.get("Authorization") == scrape.query["wants"][0]
    scrape.page(f"protected_metric {scrape.n}\n", status=200 if is_right else 401)


@path
def asked(scrape):
    """Shows how it was asked."""
    lines = [
        f'asked_for{{parameter="{name}",value="{value}",i="{i}"}} {scrape.n}\n'
        for name, values in sorted(scrape.query.items())
        for i, value in enumerate(values)
    ]
    scrape.page(f'asked_at{{path="{scrape.path}"}} {scrape.n}\n' + "".join(lines))


# The type of the page.


@path
def typed(scrape):
    """The Content-Type is the parameter `type`, or there is none."""
    content_type = scrape.query.get("type", [None])[0]
    scrape.page(f'typed_metric{{le="1"}} {scrape.n}\n# EOF\n', content_type)


@path
def html(scrape):
    scrape.page("<html><body>It works!</body></html>\n", "text/html")


@path
def html_as_text(scrape):
    scrape.page("<html><body>It works!</body></html>\n")


# Bodies that do not end as announced, or never.


@path
def truncated(scrape):
    scrape.begin(("Content-Length", "1000"))
    scrape.raw(b"truncated_metric 1\n")


@path
def truncated_chunks(scrape):
    scrape.begin(("Transfer-Encoding", "chunked"))
    scrape.raw(b"12\r\ntruncated_metric 1\n\r\n")


@path
def bad_chunks(scrape):
    scrape.begin(("Transfer-Encoding", "chunked"))
    scrape.raw(b"xyz\r\ntruncated_metric 1\n\r\n0\r\n\r\n")


@path
def chunks(scrape):
    """Good, in chunks of one byte."""
    scrape.begin(("Transfer-Encoding", "chunked"))
    body = f'chunked_metric{{a="1"}} {scrape.n}\n'.encode()
    scrape.raw(b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n")


@path
def without_length(scrape):
    """Good: the end of the connection is the end of the body."""
    scrape.begin()
    scrape.raw(b"unmeasured_metric %d\n" % scrape.n)


@path
def reset_at_once(scrape):
    scrape.reset()


@path
def reset_within(scrape):
    scrape.begin(("Content-Length", "1000"))
    scrape.raw(b"reset_metric 1\n")
    scrape.wait(0.05)  # else the reset overtakes what was sent
    scrape.reset()


@path
def hang_up(scrape):
    scrape.handler.close_connection = True


@path
def not_http(scrape):
    scrape.raw(b"220 mail.example ESMTP\r\n")


@path
def slow(scrape):
    scrape.wait(float(scrape.query["seconds"][0]))
    scrape.page(f"slow_metric {scrape.n}\n")


@path
def slow_body(scrape):
    scrape.begin()
    scrape.raw(b"slow_metric 1\n")
    scrape.wait(float(scrape.query["seconds"][0]))
    scrape.raw(b"slow_metric{after=\"pause\"} 1\n")


@path
def trickle(scrape):
    """A byte a second; the head is there at once."""
    scrape.begin()
    for byte in b"trickling_metric 1\n" * 100:
        scrape.raw(bytes([byte]))
        scrape.wait(1)


MANY_LINES = b"".join(b'endless_metric{n="%05d"} 1\n' % i for i in range(40_000))


@path
def endless(scrape):
    """Goes on for as long as the other side reads; after a while slowly, but for `fast`."""
    scrape.begin()
    for i in range(1 << 40):
        scrape.raw(MANY_LINES)
        if i > 1 and "fast" not in scrape.query:
            scrape.wait(0.05)


@path
def endless_line(scrape):
    """One line of as many bytes as `bytes` says."""
    scrape.begin()
    scrape.raw(b'long_metric{a="')
    block = b"x" * (1 << 20)
    for _ in range(int(scrape.query["bytes"][0]) >> 20):
        scrape.raw(block)
    scrape.raw(b'"} 1\n')


@path
def endless_head(scrape):
    """Headers without end."""
    scrape.raw(b"HTTP/1.1 200 OK\r\n")
    for _ in range(1 << 40):
        scrape.raw(b"X-Filler: " + b"x" * 4000 + b"\r\n")


@path
def endless_header(scrape):
    """One header without end."""
    scrape.raw(b"HTTP/1.1 200 OK\r\nX-Filler: ")
    for _ in range(1 << 40):
        scrape.raw(b"x" * 4096)


@path
def hang(scrape):
    """Until the other side has enough."""
    scrape.handler.connection.recv(1)
    scrape.handler.close_connection = True


# Compression.


def compressed(scrape, content):
    scrape.page(content, headers=[("Content-Encoding", "gzip")])


@path
def gzip_good(scrape):
    compressed(scrape, gzip.compress(f"gzip_metric {scrape.n}\n".encode()))


@path
def gzip_two_members(scrape):
    compressed(scrape, gzip.compress(b"gzip_metric 1\n") + gzip.compress(b"gzip_second_metric 2\n"))


@path
def gzip_cut(scrape):
    compressed(scrape, gzip.compress(b"gzip_metric 1\n")[:-10])


@path
def gzip_wrong_sum(scrape):
    content = bytearray(gzip.compress(b"gzip_metric 1\n"))
    content[-8] ^= 1
    compressed(scrape, bytes(content))


@path
def gzip_not(scrape):
    compressed(scrape, b"gzip_metric 1\n")


@path
def gzip_nothing(scrape):
    compressed(scrape, b"")


@path
def gzip_and_rest(scrape):
    compressed(scrape, gzip.compress(b"gzip_metric 1\n") + b"rest")


BOMB_BYTES = 64 << 20
BOMB = gzip.compress(b"# " + b"x" * BOMB_BYTES + b"\nbomb_metric 1\n", 9)


@path
def gzip_bomb(scrape):
    compressed(scrape, BOMB)


@path
def unknown_encoding(scrape):
    scrape.page("encoded_metric 1\n", headers=[("Content-Encoding", "br")])


# Redirects and failures.


@path
def redirect(scrape):
    """To `to`, or to /constant at another name of this machine."""
    to = scrape.query["to"][0]
    if to == "elsewhere":
        to = f"http://localhost:{scrape.exporter.port}/constant?of=elsewhere"
    scrape.page("moved\n", status=int(scrape.query["status"][0]), headers=[("Location", to)])


@path
def loop(scrape):
    scrape.page("moved\n", status=302, headers=[("Location", "/loop")])


@path
def redirect_nowhere(scrape):
    scrape.page("moved\n", status=302)


@path
def status(scrape):
    scrape.page("status_metric 1\n", status=int(scrape.path.split("/")[2]))


@path
def failing(scrape):
    """Two scrapes of six: with a status, with a page that cannot be read any more after the first line."""
    good = f"failing_metric {scrape.n}\nfailing_second 1\n"
    if scrape.n % 6 == 5:
        return scrape.page(good, status=503)
    scrape.page(good.replace("second 1", "second one") if scrape.n % 6 == 2 else good)


@path
def empty(scrape):
    scrape.page("")


@path
def empty_sometimes(scrape):
    scrape.page("" if scrape.n % 4 == 3 else f"sometimes_metric {scrape.n}\n")


# Series.


@path
def vanishing(scrape):
    """Comes and goes; each scrape has one of its own, too, and one changes its place on the page."""
    n = scrape.n
    lines = [f"vanishing_stays {n}"]
    if n % 6 < 3:
        lines.append(f'vanishing_half{{of="six"}} {n}')
    if n % 2:
        lines.append(f"vanishing_odd {n}")
    lines.insert(n % len(lines), f"vanishing_place {n}")
    lines.append(f'vanishing_own{{n="{n % 10}"}} {n}')
    scrape.page("\n".join(lines) + "\n")


@path
def spelling(scrape):
    """The same series, spelled in another way each time."""
    forms = ['{a="1",b="2"}', '{b="2",a="1"}', '{ a="1" , b="2", }', '{a="1",b="2",c=""}']
    scrape.page(f"spelling_metric{forms[scrape.n % len(forms)]} {scrape.n}\n")


@path
def duplicates(scrape):
    n = scrape.n
    scrape.page(
        f"""\
same_value 1
same_value 1
other_value {n}
other_value {n + 1}
other_order{{a="1",b="2"}} {n}
other_order{{b="2",a="1"}} {n + 1}
other_spelling{{a="1"}} {n}
other_spelling{{a="1",empty=""}} {n + 1}
other_spelling{{ a="1" }} {n + 2}
"""
    )


@path
def dated_duplicates(scrape):
    """The same series several times, with timestamps of their own that go as fast as the clock."""
    n, base = scrape.n, (scrape.exporter.base_s + 2 * scrape.n) * 1000
    twice = f"dated_twice {n} {base}\ndated_twice {n} {base + 1000}\n"
    scrape.page(twice + f"dated_same {n} {base}\ndated_same {n} {base}\n")


@path
def buckets(scrape):
    """Bounds of buckets as text that is the same number; one that is none."""
    n = scrape.n
    scrape.page(
        f"""\
# TYPE bounds histogram
bounds_bucket{{le="1"}} {n}
bounds_bucket{{le="5e0"}} {n}
bounds_bucket{{le="10.0"}} {n}
bounds_bucket{{le="1e7"}} {n}
bounds_bucket{{le="inf"}} {n}
bounds_bucket{{le="many"}} {n}
bounds_count {n}
bounds_sum {n}
# TYPE shares summary
shares{{quantile="1"}} {n}
shares{{quantile=".5"}} {n}
# TYPE plain gauge
plain{{le="1",quantile="1"}} {n}
"""
    )


@path
def buckets_twice(scrape):
    scrape.page(
        f"""\
# TYPE bounds histogram
bounds_bucket{{le="1"}} {scrape.n}
bounds_bucket{{le="1.0"}} {scrape.n + 1}
"""
    )


@path
def long_lines(scrape):
    value = "v" * 30_000
    scrape.page(f'# HELP long_metric {"h" * 300_000}\nlong_metric{{a="{value}"}} {scrape.n}\n# {"c" * 300_000}\n')


@path
def many_labels(scrape):
    labels = ",".join(f'l{i}="{i}"' for i in range(300))
    scrape.page(f"wide_metric{{{labels}}} {scrape.n}\n")


@path
def braces(scrape):
    scrape.page("nested_metric" + "{" * int(scrape.query["count"][0]) + "\n")


@path
def utf8(scrape):
    scrape.page(
        f"""\
# TYPE "demo.dotted" gauge
# HELP "demo.dotted" A name in quotes.
{{"demo.dotted"}} {scrape.n}
{{"demo.dotted","label.dotted"="a","plain"="b"}} {scrape.n}
{{"тест",l="ü"}} {scrape.n}
demo_quoted_label{{"a b"="c"}} {scrape.n}
""",
        "text/plain; version=1.0.0; escaping=allow-utf-8",
    )


@path
def own_report(scrape):
    """Series that the server makes itself."""
    scrape.page(
        f"""\
up 17
up{{of="other"}} 0
scrape_samples_scraped {scrape.n + 1000}
scrape_duration_seconds 3
"""
    )


@path
def own_labels(scrape):
    """Labels that targets have."""
    n = scrape.n
    scrape.page(
        f"""\
own_labels{{job="exposed_job",instance="exposed"}} {n}
own_job{{job="exposed_job"}} {n}
own_instance{{instance="exposed"}} {n}
own_exported{{job="exposed_job",exported_job="twice"}} {n}
own_empty{{job="",instance=""}} {n}
own_region{{region="exposed"}} {n}
own_nothing {n}
"""
    )


@path
def limited(scrape):
    scrape.page(f'limited{{abcdefghij="1",b="{"ü" * 15}"}} {scrape.n}\n')


@path
def constant(scrape):
    """What reloads and discovery are tried on: nothing changes by itself."""
    scrape.page('constant_metric{a="1"} 1\nconstant_other{a="1"} 2\nconstant_region{region="exposed"} 3\n')


@path
def many(scrape):
    """As many series as the path says, of which relabelling may drop half."""
    count = int(scrape.path.split("/")[2])
    scrape.page("".join(f'many_metric{{n="{i}",half="{i % 2}"}} {scrape.n}\n' for i in range(count)))


@path
def growing(scrape):
    """Over four series in every third scrape."""
    count = 6 if scrape.n % 3 == 0 else 4
    scrape.page("".join(f'growing_metric{{n="{i}"}} {scrape.n}\n' for i in range(count)))


@path
def sized(scrape):
    """A page of so many bytes; `gzip`: before compression."""
    size = int(scrape.path.split("/")[2])
    head = b"sized_metric 1\n# "
    body = head + b"x" * (size - len(head) - 1) + b"\n"
    if "gzip" in scrape.query:
        return compressed(scrape, gzip.compress(body))
    scrape.page(body)


@path
def labelled(scrape):
    """What relabelling of metrics is tried on."""
    n = scrape.n
    scrape.page(
        f"""\
# TYPE relabel_kept gauge
relabel_kept{{a="1",b="2",__own="3",mixed_Case="MiXed"}} {n}
relabel_dropped{{a="1"}} {n}
relabel_renamed{{a="1"}} {n}
relabel_merged{{a="1",only="x"}} {n}
relabel_merged{{a="1",only="y"}} {n}
relabel_odd{{n="{n % 2}"}} {n}
"""
    )


# Timestamps, in milliseconds; the second parameter of dated() says where they are.


def dated(scrape, lines):
    scrape.page("".join(lines))


@path
def timestamps(scrape):
    n, base = scrape.n, scrape.exporter.base_s * 1000
    dated(
        scrape,
        [
            f"dated_past {n} {base + 1000 * n}\n",
            f"dated_soon {n} {base + 400_000 + 1000 * n}\n",
            f"dated_far {n} {base + 7_200_000 + 1000 * n}\n",
            f"dated_backwards {n} {base + 50_000 - 1000 * n}\n",
            f"dated_constant 1 {base}\n",
            f"dated_contradicting {n} {base}\n",
            f"dated_long_ago {n} 1000\n",
            f"undated {n}\n",
            f"sometimes_dated {n} {base + 1000 * n}\n" if n % 2 else f"other_dated {n}\n",
        ],
    )


@path
def dated_vanishing(scrape):
    """A series with a timestamp that comes and goes, which only some jobs are to notice."""
    now_ms = int(time.time() * 1000) - 100
    lines = [f"dated_stays {scrape.n} {now_ms}\n"]
    if scrape.n % 6 < 3:
        lines.append(f"dated_half {scrape.n} {now_ms}\n")
    dated(scrape, lines)


# Lines and pages of one idea each.

TEXT_LINES = {
    "blank_first": " x 1",
    "tab_first": "\tx 1",
    "two_blanks": "x  1",
    "tab": "x\t1",
    "no_blank_after_braces": "x{}1",
    "blank_before_braces": "x {} 1",
    "trailing_blank": "x 1 ",
    "trailing_blank_after_time": "x 1 1000 ",
    "carriage_return": "x 1\r",
    "carriage_return_in_help": "# HELP x y\r",
    "carriage_return_in_type": "# TYPE x gauge\r",
    "type_trailing_blank": "# TYPE x gauge ",
    "type_two_blanks": "# TYPE x  gauge",
    "type_unknown_word": "# TYPE x thing",
    "type_capital": "# TYPE x Gauge",
    "type_missing": "# TYPE x",
    "type_twice": "# TYPE x gauge\n# TYPE x counter\nx 1",
    "type_after_sample": "x 1\n# TYPE x gauge",
    "type_without_blank": "#TYPE x gauge\nx 1",
    "help_missing": "# HELP x",
    "help_nothing": "# HELP",
    "help_escapes": '# HELP x a\\nb\\\\c\\"d\\e\nx 1',
    "help_twice": "# HELP x a\n# HELP x b\nx 1",
    "comment_unit": "# UNIT x seconds\nx 1",
    "comment_blank": "#",
    "comment_indented": "  # TYPE x gauge\nx 1",
    "blank_line": "\n",
    "line_of_blanks": "   \t",
    "eof_comment": "# EOF",
    "value_missing": "x",
    "value_missing_blank": "x ",
    "value_word": "x one",
    "value_hex": "x 0x1p-2",
    "value_underscore": "x 1_000",
    "value_comma": "x 1,5",
    "value_too_large": "x 1e999",
    "value_tiny": "x 1e-999",
    "value_minus_nan": "x -NaN",
    "value_plus_nan": "x +NaN",
    "value_nan_case": "x nAn",
    "value_inf_case": "x INF",
    "value_infinity": "x Infinity",
    "value_minus_inf": "x -inf",
    "value_point_first": "x .5",
    "value_point_last": "x 5.",
    "value_plus": "x +1",
    "value_minus_zero": "x -0",
    "value_two": "x 1 2 3",
    "value_digits": "x 0.1000000000000000055511151231257827021181583404541015625",
    "value_subnormal": "x 5e-324",
    "value_largest": "x 1.7976931348623157e308",
    "value_in_quotes": 'x "1"',
    "time_float": "x 1 1000.5",
    "time_word": "x 1 now",
    "time_too_large": "x 1 99999999999999999999",
    "time_plus": "x 1 +1000",
    "time_negative": "x 1 -1000",
    "name_digit": "1x 1",
    "name_colon": "a:b:c 1",
    "name_colon_first": ":a 1",
    "name_dash": "a-b 1",
    "name_dot": "a.b 1",
    "name_unicode": "ä 1",
    "name_underscores": "__x 1",
    "name_missing": '{a="1"} 1',
    "name_as_label": '{__name__="x"} 1',
    "name_as_second_label": 'x{__name__="y"} 1',
    "name_quoted": '{"x.y"} 1',
    "name_quoted_and_labels": '{"x.y",a="1"} 1',
    "name_quoted_last": '{a="1","x.y"} 1',
    "name_quoted_twice": '{"x","y"} 1',
    "name_quoted_empty": '{""} 1',
    "name_both": 'x{"y"} 1',
    "labels_empty": "x{} 1",
    "labels_comma_only": "x{,} 1",
    "labels_comma_last": 'x{a="1",} 1',
    "labels_comma_first": 'x{,a="1"} 1',
    "labels_two_commas": 'x{a="1",,b="2"} 1',
    "labels_no_comma": 'x{a="1"b="2"} 1',
    "labels_blank_for_comma": 'x{a="1" b="2"} 1',
    "labels_twice": 'x{a="1",a="2"} 1',
    "labels_twice_same": 'x{a="1",a="1"} 1',
    "labels_unclosed": 'x{a="1" 1',
    "labels_two_braces": 'x{a="1"}} 1',
    "labels_quote_missing": "x{a=1} 1",
    "labels_single_quotes": "x{a='1'} 1",
    "labels_unclosed_quote": 'x{a="1} 1',
    "labels_newline": 'x{a="1\n2"} 1',
    "labels_escapes": 'x{a="\\\\\\"\\n"} 1',
    "labels_unknown_escape": 'x{a="\\t\\x"} 1',
    "labels_escaped_end": 'x{a="\\"} 1',
    "labels_no_equals": 'x{a"1"} 1',
    "labels_not_equals": 'x{a!="1"} 1',
    "labels_name_digit": 'x{1a="1"} 1',
    "labels_name_colon": 'x{a:b="1"} 1',
    "labels_name_dash": 'x{a-b="1"} 1',
    "labels_name_quoted": 'x{"a.b"="1"} 1',
    "labels_name_empty": 'x{="1"} 1',
    "labels_empty_value": 'x{a=""} 1',
    "labels_reserved": 'x{__address__="1",__meta_a="2",__tmp="3"} 1',
    "labels_job": 'x{job="j",exported_job="k",instance="i"} 1',
    "labels_le": 'x{le="1"} 1',
    "exemplar": 'x{le="1"} 1 # {a="b"} 1',
    "brace_only": "{",
    "braces_only": "{} 1",
    "start_timestamp": "x 1 st@1",
}
# Whole pages, of bytes that make no line.
TEXT_PAGES = {
    "no_last_newline": b"before 1\nx 1",
    "cut_in_name": b"before 1\nx",
    "cut_in_labels": b'before 1\nx{a="1',
    "cut_in_comment": b"before 1\n# HELP x something",
    "only_newline": b"\n",
    "only_comment": b"# nothing\n",
    "only_type": b"# TYPE x counter\n",
    "nul_first": b"before 1\n\0x 1\nafter 1\n",
    "nul_in_name": b"before 1\nx\0y 1\n",
    "nul_in_value": b'before 1\nx{a="\0"} 1\n',
    "nul_in_help": b"before 1\n# HELP x a\0b\nx 1\n",
    "byte_order_mark": b"\xef\xbb\xbfx 1\n",
    "not_utf8_value": b'before 1\nx{a="\xff"} 1\n',
    "not_utf8_help": b"before 1\n# HELP x \xff\nx 1\n",
    "not_utf8_comment": b"before 1\n# \xff\nx 1\n",
    "not_utf8_name": b"before 1\nx\xff 1\n",
    "utf8_surrogate": b'before 1\nx{a="\xed\xa0\x80"} 1\n',
    "carriage_returns": b"x 1\r\ny 1\r\n",
    "binary": bytes(range(256)) * 4,
}
OPENMETRICS_LINES = {
    "good": "# TYPE x counter\nx_total 1",
    "counter_without_total": "# TYPE x counter\nx 1",
    "type_trailing_blank": "# TYPE x gauge \nx 1",
    "type_untyped": "# TYPE x untyped\nx 1",
    "type_missing": "# TYPE x\nx 1",
    "unit": "# TYPE x_seconds gauge\n# UNIT x_seconds seconds\nx_seconds 1",
    "unit_not_suffix": "# TYPE x gauge\n# UNIT x seconds\nx 1",
    "unit_empty": "# TYPE x gauge\n# UNIT x \nx 1",
    "help_missing": "# HELP x\nx 1",
    "help_escapes": '# HELP x a\\nb\\\\c\\"d\nx 1',
    "help_other_escape": "# HELP x a\\b\nx 1",
    "comment": "# comment\nx 1",
    "comment_without_blank": "#comment\nx 1",
    "blank_line": "\nx 1",
    "blank_first": " x 1",
    "two_blanks": "x  1",
    "tab": "x\t1",
    "trailing_blank": "x 1 ",
    "carriage_return": "x 1\r",
    "labels_no_comma": 'x{a="1"b="2"} 1',
    "labels_comma_last": 'x{a="1",} 1',
    "labels_blank": 'x{ a="1" } 1',
    "labels_twice": 'x{a="1",a="2"} 1',
    "labels_quoted": '{"x.y","a.b"="c"} 1',
    "le": "# TYPE x histogram\nx_bucket{le=\"1\"} 1\nx_bucket{le=\"+Inf\"} 1",
    "value_nan": "x NaN",
    "value_nan_case": "x nan",
    "value_inf": "x +Inf",
    "value_hex": "x 0x1p-2",
    "value_underscore": "x 1_000",
    "time_int": "x 1 1000",
    "time_float": "x 1 1000.25",
    "time_nan": "x 1 NaN",
    "time_inf": "x 1 Inf",
    "time_negative": "x 1 -1.5",
    "time_hex": "x 1 0x1p-2",
    "exemplar": '# TYPE x counter\nx_total 1 # {a="b"} 0.5 1000.5',
    "exemplar_no_labels": "# TYPE x counter\nx_total 1 # {} 0.5",
    "exemplar_no_value": '# TYPE x counter\nx_total 1 # {a="b"}',
    "exemplar_of_gauge": '# TYPE x gauge\nx 1 # {a="b"} 0.5',
    "exemplar_of_sum": '# TYPE x histogram\nx_sum 1 # {a="b"} 0.5',
    "exemplar_long": f'# TYPE x counter\nx_total 1 # {{a="{"b" * 128}"}} 0.5',
    "exemplar_at_length": f'# TYPE x counter\nx_total 1 # {{a="{"b" * 127}"}} 0.5',
    "exemplar_two_blanks": '# TYPE x counter\nx_total 1  # {a="b"} 0.5',
    "exemplar_time_nan": '# TYPE x counter\nx_total 1 # {a="b"} 0.5 NaN',
    "exemplar_twice": '# TYPE x counter\nx_total 1 # {a="b",a="c"} 0.5',
    "exemplar_rest": '# TYPE x counter\nx_total 1 # {a="b"} 0.5 1 2',
    "created": "# TYPE x counter\nx_total 1\nx_created 1000.5",
    "stateset": '# TYPE x stateset\nx{x="a"} 1',
    "stateset_other_value": '# TYPE x stateset\nx{x="a"} 2',
    "info_value": "# TYPE x info\nx_info 2",
    "negative_counter": "# TYPE x counter\nx_total -1",
    "interleaved": 'x{a="1"} 1\ny 1\nx{a="2"} 1',
    "type_twice": "# TYPE x gauge\n# TYPE x counter\nx 1",
    "eof_twice": "x 1\n# EOF",
    "help_nul": "# HELP x a\0b\nx 1",
}
OPENMETRICS_PAGES = {
    "no_eof": b"x 1\n",
    "no_last_newline": b"x 1\n# EOF",
    "after_eof": b"x 1\n# EOF\ny 1\n",
    "newline_after_eof": b"x 1\n# EOF\n\n",
    "eof_in_text": b"# HELP x # EOF\nx 1\n",
    "eof_blanks": b"x 1\n#  EOF\n",
    "only_newline": b"\n",
    "cut": b'x{a="1',
    "carriage_returns": b"x 1\r\n# EOF\r\n",
    "not_utf8": b'x{a="\xff"} 1\n# EOF\n',
}


@path
def lines(scrape):
    """/lines/text/NAME, /lines/openmetrics/NAME"""
    form, name = scrape.path.split("/")[2:]
    if form == "text":
        whole = TEXT_PAGES.get(name)
        scrape.page(whole if whole is not None else f"before 1\n{TEXT_LINES[name]}\nafter 1\n")
    else:
        whole = OPENMETRICS_PAGES.get(name)
        scrape.page(whole if whole is not None else f"{OPENMETRICS_LINES[name]}\n# EOF\n", OPENMETRICS)

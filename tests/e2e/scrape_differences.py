"""What Prometheus 2.42 does in another way than 3.14, and what Silverback does in another way than both: all of it is
in the table DIFFERENCES, a row each, with the reason.

A row turns what Prometheus stored and said into what is to be expected, so that the comparison after it is exact. What
3.14 does was measured with a 3.14.0.
"""

import copy
import dataclasses
import decimal
import math
import re
import typing

import scrape_comparison
import scrape_jobs

from scrape_comparison import GONE, Key


@dataclasses.dataclass
class Row:
    name: str
    why: str
    change: typing.Any  # a function of a Reference, or pairs of patterns of errors that mean the same, theirs and ours
    is_ours: bool = False  # not of 2.42: Silverback does it in another way than any Prometheus


@dataclasses.dataclass
class Reference:
    """What Prometheus stored, said and asked; the rows change it."""

    jobs: dict  # as of scrape_comparison.observe()
    targets: dict  # `data` of /api/v1/targets
    metadata: dict  # {job: rows of /api/v1/targets/metadata}
    requests: dict  # {path: {headers of a request}}

    def active(self, pool, case=None):
        for target in self.targets["activeTargets"]:
            if target["scrapePool"] == pool and case in (None, target["labels"].get("case")):
                yield target

    def target(self, pool, case=None):
        """The labels of one target, if it was found."""
        return next((Key(target["labels"].items()) for target in self.active(pool, case)), None)

    def reports(self, pool, case, **values):
        """Each scrape of a target reports so much."""
        target = self.target(pool, case)
        job = self.jobs.get(pool)
        if job is None or target is None:
            return
        for name, value in values.items():
            series = job.series.get(target | {("__name__", name)})
            if series:
                series.states.update({n: value for n in series.states})

    def fails(self, pool, case=None):
        """The page is not read, and nothing stored."""
        target = self.target(pool, case)
        job = self.jobs.get(pool, scrape_comparison.Job())
        for key in [key for key in job.series if target and target <= key]:
            if not is_report(key):
                del job.series[key]
        self.reports(pool, case, up="0", **dict.fromkeys(SAMPLES, "0"), scrape_series_added="0")
        for told in self.active(pool, case):
            told["health"] = "down"

    def reads(self, pool, case, *series):
        """The page is read: {labels with __name__: value}; a value `n` is the number of the scrape."""
        target = self.target(pool, case)
        job = self.jobs.get(pool)
        if job is None or target is None:
            return
        for key in [key for key in job.series if target <= key and not is_report(key)]:
            del job.series[key]
        numbers = job.targets[target].numbers
        for labels in series:
            labels = dict(labels)
            value = labels.pop("value")
            states = {n: str(n) if value == "n" else value for n in numbers if n}
            key = target | Key(labels.items())
            job.series[key] = scrape_comparison.Series(states, [], [], [])
        added = str(len(series))
        self.reports(pool, case, up="1", **dict.fromkeys(SAMPLES, added))
        reported = job.series[target | {("__name__", "scrape_series_added")}]
        for n in reported.states:
            reported.states[n] = added if n == 1 else "0"
        for told in self.active(pool, case):
            told["health"], told["lastError"] = "up", ""

    def rename_labels(self, pool, old, new):
        """A label of a target is another one: `old` and `new` are (name, value)."""
        renamed = lambda key: key - {old} | {new} if old in key else key
        job = self.jobs.get(pool, scrape_comparison.Job())
        job.targets = {renamed(target): scrapes for target, scrapes in job.targets.items()}
        job.series = {renamed(key): series for key, series in job.series.items()}


def is_report(key):
    return dict(key)["__name__"].startswith(("up", "scrape_"))


SAMPLES = ("scrape_samples_scraped", "scrape_samples_post_metric_relabeling")


def sample(name, value="1", **labels):
    return {"__name__": name, "value": value, **labels}


def as_float(text):
    """A bound as a number is written: `1.0`, `1e+06`."""
    try:
        number = float(text)
    except ValueError:
        return text
    if math.isinf(number) or math.isnan(number):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(number, "NaN")
    sign, digits, exponent = decimal.Decimal(repr(number)).normalize().as_tuple()
    magnitude = len(digits) + exponent - 1
    if number and not -4 <= magnitude < 6:
        digits = "".join(map(str, digits))
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{'-' * sign}{mantissa}e{magnitude:+03d}"
    plain = format(decimal.Decimal(repr(number)), "f").rstrip("0").rstrip(".") if "." in repr(number) else repr(number)
    return plain if "." in plain else plain + ".0"


def with_float_bounds(key):
    """`le` and `quantile` as floats, where they are of a histogram or a summary: a page's gauge has both."""
    labels = dict(key)
    if ("le" in labels) == ("quantile" in labels):
        return key
    name = "le" if "le" in labels else "quantile"
    if name == "le" and not labels["__name__"].endswith("_bucket"):
        return key
    return Key((labels | {name: as_float(labels[name])}).items())


def float_bounds(reference):
    for job in reference.jobs.values():
        for key, series in list(job.series.items()):
            new = with_float_bounds(key)
            if new != key:
                # Of two that become one, the first of the page stays; on the pages here, that is the one to rename.
                job.series[new] = job.series.pop(key)


def types_of_pages(reference):
    for case in ("none", "json", "html", "malformed", "no_slash", "blank"):
        reference.fails("types", case)


def names_in_quotes(reference):
    around = sample("before"), sample("after")
    reference.reads("text_lines", "labels_name_quoted", *around, sample("x", **{"a.b": "1"}))
    reference.reads("text_lines", "name_quoted", *around, sample("x.y"))
    reference.reads("text_lines", "name_quoted_and_labels", *around, sample("x.y", a="1"))
    reference.reads("text_lines", "name_quoted_last", *around, sample("x.y", a="1"))
    reference.reports("text_lines", "name_quoted_empty", scrape_samples_scraped="2")
    reference.reads("openmetrics_lines", "labels_quoted", sample("x.y", **{"a.b": "c"}))
    reference.reads(
        "utf8",
        None,
        sample("demo.dotted", "n"),
        sample("demo.dotted", "n", **{"label.dotted": "a", "plain": "b"}),
        sample("тест", "n", l="ü"),
        sample("demo_quoted_label", "n", **{"a b": "c"}),
    )
    reference.reports("utf8_legacy", None, scrape_samples_scraped="1")
    for job in ("utf8", "utf8_legacy"):
        for target in reference.active(job):
            told = {"target": target["labels"], "metric": "demo.dotted", "type": "gauge", "unit": ""}
            reference.metadata.setdefault(job, []).append(told | {"help": "A name in quotes."})
    reference.reads(
        "relabel_dotted_name",
        None,
        sample("constant_metric.x", "1", a="1"),
        sample("constant_other.x", "2", a="1"),
        sample("constant_region.x", "3", region="exposed"),
    )


def openmetrics_leniency(reference):
    reference.reads("openmetrics_lines", "labels_comma_last", sample("x", a="1"))
    reference.reads("openmetrics_lines", "exemplar_of_gauge", sample("x"))
    reference.reads("openmetrics_lines", "exemplar_of_sum", sample("x_sum"))
    for case in ("trailing_blank", "exemplar_two_blanks"):
        reference.reports("openmetrics_lines", case, **dict.fromkeys(SAMPLES, "1"))
        job, target = reference.jobs.get("openmetrics_lines"), reference.target("openmetrics_lines", case)
        if job and target:
            added = job.series[target | {("__name__", "scrape_series_added")}]
            added.states.update({1: "1"})


def dropped_targets(reference):
    counts = dict.fromkeys((job.name for job in scrape_jobs.JOBS), 0)
    for target in reference.targets["droppedTargets"]:
        target["scrapePool"] = target["discoveredLabels"]["job"]
        counts[target["scrapePool"]] += 1
    pools = {target["scrapePool"] for target in reference.targets["activeTargets"]}
    reference.targets["droppedTargetCounts"] = {pool: n for pool, n in counts.items() if n or pool in pools}


def limited_dropped_targets(reference):
    kept, out = {}, []
    for target in reference.targets["droppedTargets"]:
        pool = target["discoveredLabels"]["job"]
        kept[pool] = kept.get(pool, 0) + 1
        if kept[pool] <= scrape_jobs.BY_NAME[pool].since_3.get("keep_dropped_targets", kept[pool]):
            out.append(target)
    reference.targets["droppedTargets"] = out


def labels_before_relabelling(reference):
    for target in reference.active("relabel_targets"):
        labels = target["discoveredLabels"]
        labels |= {"__metrics_path__": "/constant", "__scheme__": "http"}
        labels |= {f"__scrape_{what}__": f"{scrape_jobs.INTERVAL_S}s" for what in ("interval", "timeout")}
        if labels["case"] == "address":
            labels["__address__"] = "nowhere.invalid:80"


def broken_file(reference):
    """As what the file that stays has."""
    job = reference.jobs.get("file_sd", scrape_comparison.Job())
    stays = Key({"case": "stays", "changes": "a"}.items())
    broken = Key({"case": "broken"}.items())
    for key, series in list(job.series.items()):
        if stays <= key:
            job.series[key - stays | broken] = series
    if any(reference.active("file_sd", "broken")):
        return
    for target in list(reference.active("file_sd", "stays")):
        new = copy.deepcopy(target)
        for labels in (new["labels"], new["discoveredLabels"]):
            del labels["changes"]
            labels["case"] = "broken"
        new["discoveredLabels"] |= {"__meta_filepath": "FOLDER/sd/broken.json", "__param_case": "broken"}
        for member in ("scrapeUrl", "globalUrl"):
            new[member] = new[member].replace("case=stays", "case=broken")
        reference.targets["activeTargets"].append(new)
        reference.targets["activeTargets"].sort(key=lambda t: t["scrapePool"])


def labels_of_histograms(reference):
    more = ("scrape_native_histograms", "always_scrape_classic_histograms", "convert_classic_histograms_to_nhcb")
    for target in reference.targets["activeTargets"] + reference.targets["droppedTargets"]:
        target["discoveredLabels"] |= {f"__{name}__": "false" for name in more}


def no_default_port(reference):
    reference.rename_labels("address_without_port", ("instance", "127.0.0.1:80"), ("instance", "127.0.0.1"))
    for target in reference.active("address_without_port"):
        target["labels"]["instance"] = "127.0.0.1"
        for member in ("scrapeUrl", "globalUrl", "lastError"):
            target[member] = target[member].replace("//127.0.0.1:80/", "//127.0.0.1/").replace("//vm:80/", "//vm/")


def tracked_timestamps(reference):
    job = reference.jobs.get("timestamps_tracked", scrape_comparison.Job())
    for key, series in job.series.items():
        if dict(key)["__name__"] == "dated_half":
            series.states.update({n: GONE for n in series.states if n % 6 >= 3})


def error_texts(reference):
    for (pool, case), text in ERRORS.items():
        for target in reference.active(pool, case):
            if target["health"] == "down":
                target["lastError"] = text


ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
ACCEPT_OF_JOB = {
    "protocols": "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "*/*;q=0.4",
    "utf8_legacy": ACCEPT.replace("allow-utf-8", "underscores"),
}


def negotiation(reference):
    def asked(path, headers):
        more = set()
        headers = dict(headers)
        job = path.rpartition("of=")[2].partition("&")[0]
        headers["accept"] = ACCEPT_OF_JOB.get(job, ACCEPT)
        if job == "uncompressed":
            headers["accept-encoding"] = "identity"
        if job == "http_headers":
            more = {("x-scope", "a"), ("x-scope", "b"), ("x-secret", "s")}
        return tuple(sorted(more | headers.items()))

    for path, requests in reference.requests.items():
        reference.requests[path] = {asked(path, one) for one in requests}


OWN_HEADERS = {"user-agent", "referer"}


def own_headers(reference):
    """Done where requests are read: headers_as_expected()."""


def partial_counts(reference):
    for case in ("trailing_blank", "exemplar_two_blanks"):
        reference.reports("openmetrics_lines", case, **dict.fromkeys(SAMPLES, "0"), scrape_series_added="0")
    reference.reports("text_lines", "name_quoted_empty", scrape_samples_scraped="1")


def blanks_before_names(reference):
    around = sample("before"), sample("after")
    for case in ("blank_first", "tab_first"):
        reference.reads("text_lines", case, *around, sample("x"))


def late_samples(reference):
    job = reference.jobs.get("timestamps", scrape_comparison.Job())
    for key, series in job.series.items():
        if dict(key)["__name__"] == "dated_backwards" and series.dated:
            t, first = series.dated[0]
            series.dated.extend((t - more, str(int(first) + more)) for more in range(1, 1000))


TEXT_MAX = 4096


def long_texts(reference):
    for rows in reference.metadata.values():
        for row in rows:
            if len(row["help"]) > TEXT_MAX:
                row["help"] = ""


def mark_after_last(series):
    """It is no longer looked up where the next sample would have been."""
    near = lambda t: any(0 <= t - at <= scrape_jobs.INTERVAL_S for at, _ in series.samples)
    series.seen = [t for t in series.seen if near(t)]


def removed_jobs(reference):
    # The second is removed by the reload that begins another round.
    for pool in ("reload_removed", "reload_added"):
        for series in reference.jobs.get(pool, scrape_comparison.Job()).series.values():
            mark_after_last(series)


def failed_scrapes(reference):
    """What was there before a scrape that failed after some lines is marked."""
    for pool, failing in (("sample_limit_sometimes", lambda n: n % 3 == 0), ("failing", lambda n: n % 6 == 2)):
        for key, series in reference.jobs.get(pool, scrape_comparison.Job()).series.items():
            if not is_report(key):
                series.states.update({n: GONE for n in series.states if failing(n)})


def limits_after_reload(reference):
    for key, series in reference.jobs.get("reload_limit", scrape_comparison.Job()).series.items():
        if not is_report(key):
            mark_after_last(series)


# What a parser says that could not go on; below, more of what it read.
PARSERS = (
    r'expected .*|.* is not a valid start token|strconv\.Parse.*|unsupported character in float.*|invalid (UTF-8|timestamp|'
    r"exemplar|metric type).*|metric name (not|already) set.*|missing metric name.*|unit .*not a suffix.*|help text.*|"
    r"data does not end with # EOF|unexpected data after # EOF|label name .* is not unique.*"
)
PARSING = [(PARSERS, PARSERS)]
OUR_PARSING = [
    (PARSERS, r"line \d+: .{1,1100}"),
    (r"label name .* is not unique: invalid sample", r"invalid labels for series, labels .*, duplicated label .*"),
    (r"missing metric name.*", r"missing metric name.*"),
    (r'invalid metric name or label names: \{__name__=".*', r'invalid metric name or label names: \{".*'),
]
LIBRARIES = [
    (r"gzip: invalid checksum|unexpected EOF", r"gzip: corrupt or incomplete input"),
    (r"invalid byte in chunk length|malformed chunked encoding", r".*Illegal or missing hexadecimal sequence.*"),
    (r".*malformed HTTP status code.*", r".*Received HTTP/0.9 when not allowed"),
    (r".*connection reset by peer", r".*connection reset by peer"),
    (r".*tls: first record does not look like a TLS handshake", r".*server gave HTTP response to HTTPS client"),
]

DIFFERENCES = [
    Row("types of pages", "3.x reads pages of no known type only by fallback_scrape_protocol", types_of_pages),
    Row("bounds as floats", "3.x stores le and quantile as floats: 1 as 1.0", float_bounds),
    Row("names in quotes", "3.x reads names of UTF-8, and lets relabelling make them", names_in_quotes),
    Row(
        "lenient OpenMetrics",
        "3.x allows exemplars anywhere and a comma after the last label, and reads a line before what follows it",
        openmetrics_leniency,
    ),
    Row("dropped targets", "3.x tells their number and pool", dropped_targets),
    Row("limited dropped targets", "keep_dropped_targets is of 2.47", limited_dropped_targets),
    Row("discovered labels", "2.42 tells them as relabelling left them", labels_before_relabelling),
    Row("broken files", "2.42 forgets at a reload what a file named that cannot be read now", broken_file),
    Row("labels of histograms", "3.x discovers what a target is to do with native histograms", labels_of_histograms),
    Row("no default port", "3.x adds none to an address", no_default_port),
    Row("tracked timestamps", "track_timestamps_staleness is of 2.48", tracked_timestamps),
    Row("negotiation", "3.x names escapings in Accept; some settings of how to ask are newer than 2.42", negotiation),
    Row("errors of types", "3.x has more of them to tell", error_texts),
    Row("texts of parsing", "3.x says what it read when it could not go on", PARSING),
    Row("texts of libraries", "what went wrong below HTTP is told by another library", LIBRARIES, is_ours=True),
    Row("texts of parsing, ours", "they name the line and show the rest of it", OUR_PARSING, is_ours=True),
    Row("own headers", "Prometheus sends Referer after a redirect", own_headers, is_ours=True),
    Row("partial counts", "Prometheus counts a sample before it looks at what follows", partial_counts, is_ours=True),
    Row("blanks before names", "Prometheus makes them part of the name: ` x`", blanks_before_names, is_ours=True),
    Row("late samples", "Prometheus drops samples older than the newest; here they are always taken", late_samples, is_ours=True),
    Row("long texts", "Prometheus keeps helps of any length; here they are bounded", long_texts, is_ours=True),
    Row("removed jobs", "Prometheus marks nothing stale when a job is removed", removed_jobs, is_ours=True),
    Row(
        "failed scrapes",
        "what Prometheus read of a page before it failed, it takes as seen, and marks nothing stale of it",
        lambda reference: (failed_scrapes(reference), limits_after_reload(reference)),
        is_ours=True,
    ),
]

# {(job, case): what 3.14 says}; of numbers, see scrape_comparison.comparable().
ERRORS = {
    ("html", None): 'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
    ("types", "blank"): 'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
    ("types", "html"): 'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
    ("types", "json"): 'received unsupported Content-Type "application/json" and no fallback_scrape_protocol specified for target',
    ("types", "malformed"): 'cannot parse Content-Type "text/plain; =" and no fallback_scrape_protocol for target\nmime: invalid media parameter',
    ("types", "no_slash"): 'received unsupported Content-Type "text" and no fallback_scrape_protocol specified for target',
    ("types", "none"): 'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
    ("utf8_legacy", None): 'invalid metric name or label names: {__name__="demo.dotted", instance="EXPORTER", job="utf8_legacy"}',
}


def applying(reference, ours):
    return [row for row in DIFFERENCES if (not ours.is_prometheus if row.is_ours else reference.is_2 and not ours.is_2)]


def has_bounds_as_text(rows):
    return any(row.change is float_bounds for row in rows)


def headers_as_expected(rows, headers):
    left_out = OWN_HEADERS if any(row.change is own_headers for row in rows) else {"user-agent"}
    return tuple(sorted((name, value) for name, value in headers if name not in left_out))


def as_expected(rows, jobs, targets, metadata, requests):
    reference = Reference(jobs, copy.deepcopy(targets), metadata, requests)
    for row in rows:
        if callable(row.change):
            row.change(reference)
    return reference


def is_same_error(rows, theirs, ours):
    for row in rows:
        if not callable(row.change):
            if any(re.fullmatch(a, theirs, re.S) and re.fullmatch(b, ours, re.S) for a, b in row.change):
                return True
    return without_url(theirs) == without_url(ours) and any(row.change is LIBRARIES for row in rows)


def without_url(text):
    """What went wrong, whether it is told with the URL or not."""
    return re.sub(r'^Get "[^"]*": ', "", text).strip()

"""What a server made of its scrapes, told scrape by scrape, and compared with what another did.

Two servers scrape at times of their own, and an exporter answers the nth scrape of each the same. So a series is told
as what it was after each scrape of its target: the value stored at the scrape's time, KEPT (a value of before is still
looked up), or GONE (there was none, or a staleness marker ended it).
"""

import bisect
import dataclasses
import re

import scrape_jobs

KEPT, GONE = "kept", "gone"
STEP_S = 0.5
WINDOW_S = 60  # of one question
FUTURE_S = 700  # nothing further ahead is stored
SERVERS = "|".join([job.name for job in scrape_jobs.SERVER_JOBS] + [scrape_jobs.PUSHED])
# Every scrape of every target has it, and no page.
EVERY_SCRAPE = "scrape_series_added"
# It may be that long until a new configuration or discovery is followed, and a target's end noticed.
SETTLING_S = 13

Key = frozenset  # of the items of a label set


@dataclasses.dataclass
class Scrapes:
    """Of one target."""

    times: list
    numbers: list  # of each: the exporter answered it as its first, second, …; None: it never heard of it


@dataclasses.dataclass
class Series:
    states: dict  # {number of a scrape of its target: state after it}
    dated: list  # [(t, value)] of timestamps that no scrape had
    samples: list  # [(t, value)], all
    seen: list  # times at which it was looked up and there



@dataclasses.dataclass
class Job:
    """The series with one value of the label `job`."""

    targets: dict = dataclasses.field(default_factory=dict)  # {labels: Scrapes}
    series: dict = dataclasses.field(default_factory=dict)  # {labels: Series}


def shown(key):
    labels = dict(key)
    name = labels.pop("__name__", "")
    text = ",".join(f'{n}="{v if len(v) < 80 else v[:60] + "…"}"' for n, v in sorted(labels.items()))
    return f"{name}{{{text}}}"


def matrix(server, path, query, **times):
    result = server.api(path, query=query, **times)["result"]
    return {Key(series["metric"].items()): series["values"] for series in result}


def numbers_of(times, arrivals):
    """Which request each scrape was; on a busy machine some never come."""
    if not arrivals:
        return list(range(1, len(times) + 1))
    numbers = []
    for i, t in enumerate(times):
        # A scrape's time is that of its slot, which a request never comes before.
        until = times[i + 1] - 0.01 if i + 1 < len(times) else t + 10
        number = bisect.bisect_left(arrivals, until)
        numbers.append(number if number and arrivals[number - 1] >= t - 0.01 else None)
    return numbers


def observe(server, since, until, arrivals):
    """{value of the label `job`: Job} of what was scraped from [since, until].

    `arrivals`: {labels of a target: when it was asked}.
    """
    selector = f'{{__name__!~"|federated_.+",job!~"{SERVERS}"}}'
    end = until + FUTURE_S
    # By seconds from the beginning of the epoch on: timestamps on pages may be of any time.
    samples = matrix(server, "query", f"{selector}[{round(end - since) + 900}s]", time=f"{end:.3f}")
    seen = {}
    start = since
    while start < until:
        stop = min(start + WINDOW_S, until)
        answer = matrix(server, "query_range", selector, start=f"{start:.3f}", end=f"{stop:.3f}", step=STEP_S)
        for key, values in answer.items():
            seen.setdefault(key, []).extend(float(t) for t, _ in values)
        start = stop + STEP_S
    grid = [since + i * STEP_S for i in range(int((until - since) / STEP_S) + 1)]
    jobs = {}
    for key, values in samples.items():
        labels = dict(key)
        if labels["__name__"] == EVERY_SCRAPE:
            target = Key((n, v) for n, v in key if n != "__name__")
            times = [t for t, _ in values]
            scrapes = Scrapes(times, numbers_of(times, arrivals.get(target)))
            jobs.setdefault(labels["job"], Job()).targets[target] = scrapes
    for key in samples.keys() | seen.keys():
        add_series(jobs, key, samples.get(key, []), seen.get(key, []), grid)
    return jobs


def target_of(jobs, key):
    """The labels of the target that has the series."""
    job = dict(key).get("job", "")
    if job in scrape_jobs.HONORED:
        return next(iter(jobs[scrape_jobs.HONORED[job]].targets))
    targets = jobs.get(job, Job()).targets
    # Relabelling and honored labels can take from a series what its target has.
    candidates = [target for target in targets if target <= key or len(targets) == 1]
    return max(candidates, key=len, default=None)


def add_series(jobs, key, samples, seen, grid):
    target = target_of(jobs, key)
    job = jobs.setdefault(dict(key).get("job", ""), Job())
    scrapes = Scrapes([], []) if target is None else jobs[job_of(target)].targets[target]
    times = scrapes.times
    values = dict(samples)
    seen_at = set(round(t, 3) for t in seen)
    states = {}
    for i, (t, number) in enumerate(zip(times, scrapes.numbers)):
        until = times[i + 1] if i + 1 < len(times) else grid[-1]
        # A while before the next scrape, whose page may have timestamps of some time before it.
        asked = bisect.bisect_right(grid, until - 0.3) - 1
        if number is None:
            continue
        if t in values:
            states[number] = values[t]
        elif grid[asked] > t:
            states[number] = KEPT if round(grid[asked], 3) in seen_at else GONE
    dated = [(t, v) for t, v in samples if t not in set(times)]
    job.series[key] = Series(states, dated, samples, seen)


def job_of(key):
    return dict(key).get("job", "")


class Differences:
    """What was found, and how much was compared."""

    def __init__(self):
        self.lines = []
        self.counts = {}

    def add(self, what, line):
        self.lines.append(f"{what}: {line}")
        print(f"DIFFERENCE {what}: {line[:600]}".encode("unicode_escape").decode(), flush=True)

    def count(self, what, number=1):
        self.counts[what] = self.counts.get(what, 0) + number


def compare_jobs(left, right, differences):
    """Of two results of observe()."""
    for name in sorted(left.keys() | right.keys()):
        a, b = left.get(name, Job()), right.get(name, Job())
        spec = scrape_jobs.BY_NAME.get(name) or scrape_jobs.Job(name)
        if spec.compared == "settled":
            compare_settled(spec, a, b, differences)
        else:
            compare_scrapes(spec, a, b, differences)


def compare_scrapes(spec, a, b, differences):
    common = {}
    for target in sorted(a.targets.keys() | b.targets.keys(), key=sorted):
        sides = [side.targets.get(target, Scrapes([], [])) for side in (a, b)]
        counts = [len(side.times) for side in sides]
        differences.count("targets")
        if min(counts) < 2:
            differences.add(spec.name, f"{shown(target)}: {counts[0]} against {counts[1]} scrapes")
            common[target] = []
            continue
        # Each begins in its own time, but then they keep pace.
        until = min(side.times[-1] for side in sides)  # they are asked one after the other
        paces = [pace_of([t for t in side.times if t <= until + scrape_jobs.INTERVAL_S]) for side in sides]
        if abs(paces[0] - paces[1]) > 0.2 * max(paces) or abs(sides[0].times[0] - sides[1].times[0]) > SETTLING_S:
            told = [f"{n} scrapes, one each {pace:.2f} s" for n, pace in zip(counts, paces)]
            differences.add(spec.name, f"{shown(target)}: {told[0]} against {told[1]}")
        common[target] = comparable_scrapes(target, sides, (a, b), differences)
        differences.count("scrapes", len(common[target]))
    for key in sorted(a.series.keys() | b.series.keys(), key=sorted):
        candidates = [target for target in common if target <= key or len(common) == 1]
        target = max(candidates, key=len, default=None)
        # Honored labels take a series to another job, where no target is.
        numbers = common[target] if target else None
        compare_series(spec, key, a.series.get(key), b.series.get(key), numbers, differences)


TIMES = ("scrape_duration_seconds", "scrape_timeout_seconds")


def pace_of(times):
    return (times[-1] - times[0]) / max(len(times) - 1, 1)


def comparable_scrapes(target, sides, jobs, differences):
    """Numbers of the scrapes that both made, without those that a busy machine spoiled for one of them.

    Such a scrape came too late for its timeout, or was never heard of. What a page has as it had before is different
    after it, so the next one is left out, too. Whether a page is slower than its timeout is decided by far more than
    what a machine is busy, so no other difference is hidden by that.
    """
    numbers = [set(side.numbers) - {None} for side in sides]
    last = min(max(side, default=0) for side in numbers)  # may be under way
    spoiled = {n for n in range(1, last) if n not in numbers[0] or n not in numbers[1]}
    late = []
    for job in jobs:
        reported = [job.series.get(target | {("__name__", name)}) for name in TIMES]
        pairs = {n: [series.states.get(n) for series in reported] for n in reported[0].states} if all(reported) else {}
        numbers_only = {n: map(float, pair) for n, pair in pairs.items() if all(map(is_number, pair))}
        late.append({n for n, (took, timeout) in numbers_only.items() if took > 0.98 * timeout})
    # Prometheus reads what follows a body that is too large until the timeout: nothing is spoiled by that.
    sizes = [job.series[target | {("__name__", "scrape_body_size_bytes")}].states for job in jobs]
    spoiled |= {n for n in late[0] ^ late[1] if any(size.get(n) != "-1" for size in sizes)}
    first = min((min(side, default=1) for side in numbers), default=1)
    differences.count("scrapes left out", len([n for n in spoiled if n >= first]))
    compared = [n for n in range(1, last) if not {n, n - 1} & spoiled]
    if 2 * len(compared) < last - first:
        differences.add(shown(target), f"of {last - first} scrapes, only {len(compared)} came in time on both sides")
    return compared


def compare_series(spec, key, a, b, numbers, differences):
    absent = Series({}, [], [], [])
    a, b = a or absent, b or absent
    if numbers is None:
        numbers = sorted(a.states.keys() & b.states.keys())[:-1] or sorted(a.states.keys() | b.states.keys())[:-1]
    differences.count("series")
    differences.count("states of series", len(numbers))
    if is_dated_only(a) and is_dated_only(b) and not spec.own_clock:
        pass  # when it is looked up depends on the page's timestamps and the time of the question
    else:
        # Of a series that one side never had, there are no states.
        sides = [s.states if s.states else dict.fromkeys(numbers, GONE) for s in (a, b)]
        for n in numbers:
            x, y = (side.get(n) for side in sides)
            if dict(key)["__name__"] == "scrape_duration_seconds":
                x, y = is_number(x), is_number(y)
            if x != y and None not in (x, y):
                told = [" ".join(str(side.get(m)) for m in range(n - 2, n + 4)) for side in sides]
                around = f"(around: {told[0]} | {told[1]})"
                differences.add(spec.name, f"{shown(key)} at scrape {n}: {x} against {y} {around}")
                return
    if spec.own_clock:
        return
    # From the first page that both had on: what is told there is what the number of the page makes it.
    known = [set(s.dated) for s in (a, b)]
    for i, (t, v) in enumerate(a.dated + b.dated):
        whose, other = (known[0], known[1]) if i < len(a.dated) else (known[1], known[0])
        if (t, v) not in other and (numbers and is_of_pages(v, numbers)):
            side = "left" if whose is known[0] else "right"
            differences.add(spec.name, f"{shown(key)}: only the {side} has {v} at {t}, a timestamp of the page's")
            return


def is_of_pages(value, numbers):
    """Values with timestamps of their own are the number of their page."""
    return value.isdigit() and int(value) in numbers


def is_number(state):
    return state not in (KEPT, GONE, None)


def is_dated_only(series):
    return not any(is_number(state) for state in series.states.values())


@dataclasses.dataclass
class Presence:
    """Samples that followed each other, and when the series was no longer looked up after them."""

    first: float
    last: float
    gone_after: float  # seconds; None: it was there until the next samples, or the end


def presences(series, until):
    """Of what was stored before `until`."""
    gap_s = 3 * scrape_jobs.INTERVAL_S
    spans = []
    for t in (t for t, _ in series.samples if t < until):
        if spans and t - spans[-1][1] <= gap_s:
            spans[-1][1] = t
        else:
            spans.append([t, t])
    out = []
    for first, last in spans:
        checked = min([until] + [s[0] for s in spans if s[0] > last])
        seen = [t for t in series.seen if last <= t < checked]
        is_gone = checked - (seen[-1] if seen else last) > 3 * STEP_S
        out.append(Presence(first, last, (seen[-1] - last if seen else 0.0) if is_gone else None))
    return out


def compare_settled(spec, a, b, differences):
    until = max((s.seen[-1] for side in (a, b) for s in side.series.values() if s.seen), default=0)
    for key in sorted(a.series.keys() | b.series.keys(), key=sorted):
        differences.count("series that settle")
        if key not in a.series or key not in b.series:
            differences.add(spec.name, f"{shown(key)}: only the {'left' if key in a.series else 'right'} has it")
            continue
        x, y = (presences(side.series[key], until) for side in (a, b))
        told = f"there in {x} against {y}"
        if len(x) != len(y):
            differences.add(spec.name, f"{shown(key)}: {told}")
            continue
        for p, q in zip(x, y):
            if abs(p.first - q.first) > SETTLING_S or abs(p.last - q.last) > SETTLING_S:
                differences.add(spec.name, f"{shown(key)}: {told}")
            elif (p.gone_after is None) != (q.gone_after is None):
                differences.add(spec.name, f"{shown(key)}: marked stale by one only: {told}")
            elif p.gone_after is not None and abs(p.gone_after - q.gone_after) > 3 * scrape_jobs.INTERVAL_S:
                differences.add(spec.name, f"{shown(key)}: gone at another time: {told}")
        if dict(key)["__name__"].startswith("constant_"):
            values = [{v for _, v in side.series[key].samples} for side in (a, b)]
            if values[0] != values[1]:
                differences.add(spec.name, f"{shown(key)}: values {values[0]} against {values[1]}")


# What the servers say about their targets.


def comparable(value):
    """An error without what is another one each time.

    Prometheus quotes the number it could not read from memory that other pages have overwritten since.
    """
    if not isinstance(value, str):
        return value
    return re.sub(r'parsing ".*":', 'parsing "…":', re.sub(r"127\.0\.0\.1:\d+->", "HERE->", value))


def target_key(target):
    return target["scrapePool"], target["scrapeUrl"], Key(target["labels"].items())


def compare_targets(left, right, is_same_error, differences):
    """Of two `data` of /api/v1/targets."""
    if left.keys() != right.keys():
        differences.add("/api/v1/targets", f"members {sorted(left)} against {sorted(right)}")
    counts = (side.get("droppedTargetCounts") for side in (left, right))
    compare_values("/api/v1/targets.droppedTargetCounts", *counts, differences)
    for side, name in ((left, "left"), (right, "right")):
        for target in side["droppedTargets"]:
            members = left["droppedTargets"][0].keys()
            if target.keys() != members or target.get("scrapePool", "text") not in scrape_jobs.BY_NAME:
                differences.add("/api/v1/targets", f"a dropped target of the {name}: {target}")
    pools = [[t["scrapePool"] for t in side["activeTargets"]] for side in (left, right)]
    for side, name in zip(pools, ("left", "right")):
        if side != sorted(side):
            differences.add("/api/v1/targets", f"pools of the {name} are not in order: {side}")
    sides = [{target_key(t): t for t in side["activeTargets"]} for side in (left, right)]
    for key in sorted(sides[0].keys() | sides[1].keys(), key=lambda k: (k[0], k[1], sorted(k[2]))):
        where = f"{key[0]} {key[1]} {shown(key[2])}"
        differences.count("targets told")
        if key not in sides[0] or key not in sides[1]:
            differences.add("/api/v1/targets", f"{where}: only the {'left' if key in sides[0] else 'right'} has it")
            continue
        a, b = (side[key] for side in sides)
        spec = scrape_jobs.BY_NAME[key[0]]
        if a.keys() != b.keys():
            differences.add("/api/v1/targets", f"{where}: members {sorted(a)} against {sorted(b)}")
        members = ["discoveredLabels", "globalUrl", "scrapeInterval", "scrapeTimeout"]
        too_late = ["deadline exceeded" in target["lastError"] for target in (a, b)]
        if spec.fails_always and too_late[0] == too_late[1]:
            members += ["health", "lastError"]
        elif spec.fails_always:
            differences.count("targets left out")  # see comparable_scrapes()
        for member in members:
            told = [comparable(target.get(member)) for target in (a, b)]
            if told[0] != told[1] and not (member == "lastError" and is_same_error(*told)):
                differences.add("/api/v1/targets", f"{where}: {member} {a.get(member)!r} against {b.get(member)!r}")
        for target, name in ((a, "left"), (b, "right")):
            is_time = re.match(r"\d{4}-\d\d-\d\dT", target["lastScrape"])
            if target["health"] not in ("up", "down", "unknown") or not is_time:
                differences.add("/api/v1/targets", f"{where}: {name}: {target}")
    dropped = [sorted(map(dropped_labels, side["droppedTargets"])) for side in (left, right)]
    if len(dropped[0]) != len(dropped[1]):
        differences.add("/api/v1/targets", f"{len(dropped[0])} against {len(dropped[1])} dropped targets")
    for labels in dropped[0] + dropped[1]:
        if labels not in dropped[0] or labels not in dropped[1]:
            whose = "left" if labels in dropped[0] else "right"
            differences.add("/api/v1/targets", f"dropped {dict(labels)}: only the {whose} has it")


def dropped_labels(target):
    labels = target["discoveredLabels"]
    if "keep_dropped_targets" in scrape_jobs.BY_NAME[labels["job"]].since_3:
        labels = {name: value for name, value in labels.items() if name != "case"}  # any of them may be kept
    return sorted(labels.items())


def compare_values(what, left, right, differences):
    """JSON that is to be the same, told by the paths that differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            if name not in left or name not in right:
                differences.add(what, f"{name}: only the {'left' if name in left else 'right'} has it")
            else:
                compare_values(f"{what}.{name}", left[name], right[name], differences)
    elif left != right:
        differences.add(what, f"{left!r} against {right!r}")


def unordered(rows):
    return sorted(rows, key=lambda row: sorted((n, str(v)) for n, v in row.items()))


FEDERATED = re.compile(r"^(.*[}\w]) (\S+) (\d+)$")


def federated(text):
    """The lines of a page of /federate without what differs from moment to moment: values and timestamps."""
    return [FEDERATED.sub(r"\1", line) for line in text.splitlines()]

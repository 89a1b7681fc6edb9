"""What two senders of alerts told, stored and answered, compared: what differs is a sentence.

Each evaluates at slots of its own, a phase of less than an interval apart, and one has its samples from the other: so a
time may differ by an interval and DELIVERY_S, after a restart also by how long each took to start.
"""

import collections
import datetime
import re
import urllib.parse

DELIVERY_S = 1.0


def seconds_of(text):
    """Of RFC 3339; Python reads no more than microseconds."""
    return datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()


def key_of(labels):
    return tuple(sorted(labels.items()))


def shown(key):
    return "{" + ", ".join(f"{n}={v!r}" for n, v in key) + "}"


class Notice:
    """One alert in one request. Resolved ones end before they are told, firing ones after."""

    def __init__(self, when, alert):
        self.when = when
        self.labels = key_of(alert["labels"])
        self.name = alert["labels"]["alertname"]
        self.annotations = key_of(alert.get("annotations", {}))
        self.starts, self.ends = seconds_of(alert["startsAt"]), seconds_of(alert["endsAt"])
        self.generator_url = alert.get("generatorURL")
        # Prometheus leaves out annotations if there are none.
        self.members = tuple(sorted(alert.keys()))
        self.is_resolved = self.ends <= when


class Episode:
    """What was told of one alert between its start and its end."""

    def __init__(self, notices):
        self.notices = notices
        self.name, self.labels, self.starts = notices[0].name, notices[0].labels, notices[0].starts
        resolved = {n.ends for n in notices if n.is_resolved}
        self.ends = min(resolved) if resolved else None
        self.has_two_ends = len(resolved) > 1
        self.annotations = {n.annotations for n in notices}


def episodes(notices, since, until):
    """{labels: [Episode, by start]} of those that began in [since, until)."""
    grouped = collections.defaultdict(list)
    for notice in notices:
        if since <= notice.starts < until:
            grouped[notice.labels, notice.starts].append(notice)
    by_labels = collections.defaultdict(list)
    for key in sorted(grouped):
        by_labels[key[0]].append(Episode(grouped[key]))
    return by_labels


class Times:
    """How far apart the same thing may be with both senders, and the largest difference that was seen."""

    def __init__(self, intervals):
        self.intervals = intervals  # {alert or record: its group's, in seconds}
        self.skews = []  # (from, until, seconds)
        self.largest = 0.0

    def skew(self, when):
        return max((s for begin, end, s in self.skews if begin <= when <= end), default=0.0)

    def allowed(self, name, when):
        return self.intervals[name] + DELIVERY_S + self.skew(when)

    def differ(self, name, a, b):
        if a is None or b is None:
            return a is not b
        if not self.skew(a):
            self.largest = max(self.largest, abs(a - b))
        return abs(a - b) > self.allowed(name, a)


def differing_episodes(left, right, times):
    """Of two results of episodes()."""
    found = []
    for labels in sorted(left.keys() | right.keys()):
        a, b = left.get(labels, []), right.get(labels, [])
        if len(a) != len(b):
            starts = [[round(e.starts, 2) for e in side] for side in (a, b)]
            found.append(f"{shown(labels)}: {len(a)} against {len(b)} episodes, from {starts[0]} and {starts[1]}")
            continue
        for x, y in zip(a, b):
            if times.differ(x.name, x.starts, y.starts):
                found.append(f"{shown(labels)}: starts at {x.starts:.3f} against {y.starts:.3f}")
            if times.differ(x.name, x.ends, y.ends):
                found.append(f"{shown(labels)} from {x.starts:.3f}: ends at {x.ends} against {y.ends}")
            for annotations in x.annotations ^ y.annotations:
                whose = "the left" if annotations in x.annotations else "the right"
                found.append(f"{shown(labels)} from {x.starts:.3f}: only {whose} says {shown(annotations)}")
            links = [{expression_of(n.generator_url) for n in e.notices} for e in (x, y)]
            if links[0] != links[1]:
                found.append(f"{shown(labels)}: generatorURL {links[0]} against {links[1]}")
            members = [{n.members for n in e.notices} for e in (x, y)]
            if members[0] != members[1]:
                found.append(f"{shown(labels)}: members {members[0]} against {members[1]}")
    return found


def expression_of(url):
    """The URL; its parameters, since only what they mean counts, not how they are escaped or ordered."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc, parts.path, tuple(sorted(urllib.parse.parse_qsl(parts.query)))


def breaches(notices, intervals, resend_s, away):
    """Where one sender alone broke the protocol. `away`: [(from, until)] in which it could not be heard."""
    found = []
    phases = {}
    last = {}
    for notice in notices:
        interval = intervals[notice.name]
        valid_s = 4 * max(interval, resend_s)
        where = f"{shown(notice.labels)} from {notice.starts:.3f}"
        key = (notice.labels, notice.starts, notice.is_resolved)
        slots = [notice.starts, notice.ends if notice.is_resolved else notice.ends - valid_s]
        for slot in slots:
            phase = slot % interval
            known = phases.setdefault(notice.name, phase)
            if min(abs(phase - known), interval - abs(phase - known)) > 0.0015:
                found.append(f"{where}: {slot:.3f} is no slot: {phase:.3f} s after one, others {known:.3f} s")
        slot = slots[1]
        if not notice.is_resolved and not slot - 0.005 <= notice.when <= slot + interval + 1.5:
            found.append(f"{where}: endsAt {notice.ends:.3f} is of {slot:.3f}, told at {notice.when:.3f}")
        before = last.get(key)
        last[key] = notice
        if before is None:
            continue
        if notice.is_resolved:
            # When it was told is not in the notice, only when it came.
            if notice.when - before.when < resend_s - 1.0:
                found.append(f"{where}: resolved told again after {notice.when - before.when:.3f} s")
        elif notice.ends - before.ends <= resend_s + 0.0015:
            found.append(f"{where}: told again after {notice.ends - before.ends:.3f} s")
        was_away = any(before.when < end and notice.when > begin for begin, end in away)
        if notice.when - before.when > resend_s + 3 * interval + 1.0 and not was_away:
            found.append(f"{where}: told again only after {notice.when - before.when:.3f} s")
        if notice.is_resolved and notice.ends != before.ends:
            found.append(f"{where}: resolved twice, at {before.ends:.3f} and {notice.ends:.3f}")
    for key, notice in last.items():
        told_resolved = [n for n in last.values() if n.labels == notice.labels and n.starts == notice.starts]
        if any(n.is_resolved for n in told_resolved) and not notice.is_resolved:
            resolved = next(n for n in told_resolved if n.is_resolved)
            if notice.when > resolved.when:
                found.append(f"{shown(notice.labels)}: told as firing after it was resolved")
    return found


def segments(points, gap_s, cut):
    """[(first, last)] of times that follow each other within `gap_s` on the same side of `cut`."""
    out = []
    for t in points:
        if out and t - out[-1][1] <= gap_s and not out[-1][1] <= cut < t:
            out[-1][1] = t
        else:
            out.append([t, t])
    return [tuple(s) for s in out]


def samples_of(server, selector, since, until):
    """{labels: [(t, value)]}, as stored in (since, until]."""
    return by_labels(server.api("query", query=f"{selector}[{round((until - since) * 1000)}ms]", time=f"{until:.3f}"))


def looked_up(server, selector, since, until):
    """{labels: [(t, value)]}, as a graph has it: what is not marked stale is there for minutes more."""
    return by_labels(server.api("query_range", query=selector, start=f"{since:.3f}", end=f"{until:.3f}", step=0.5))


def by_labels(matrix):
    """Where a rule's label expands to nothing, Prometheus gives ALERTS the text of its template; ours leaves it out."""
    expanded = lambda labels: {n: v for n, v in labels.items() if not v.startswith("{{")}
    return {key_of(expanded(series["metric"])): series["values"] for series in matrix["result"]}


def differing_series(left, right, times, name_of, killed, until):
    """Of two results of samples_of() or looked_up(): the same series, at the same times, with the same values near by."""
    found = []
    for labels in sorted(left.keys() | right.keys()):
        name = name_of(dict(labels))
        interval = times.intervals[name]
        sides = [segments([t for t, _ in side.get(labels, [])], 2.6 * interval, killed) for side in (left, right)]
        # What has begun just now may not have come to the other.
        sides = [[s for s in side if s[0] < until - times.allowed(name, s[0])] for side in sides]
        if len(sides[0]) != len(sides[1]):
            found.append(f"{shown(labels)}: there in {sides[0]} against {sides[1]}")
            continue
        for a, b in zip(*sides):
            if times.differ(name, a[0], b[0]) or times.differ(name, min(a[1], until), min(b[1], until)):
                found.append(f"{shown(labels)}: there in {a} against {b}")
        if labels in left and labels in right:
            found += differing_values(labels, left[labels], right[labels], times, name)
    return found


def differing_values(labels, left, right, times, name):
    """Each value has an equal one on the other side near it; that of ALERTS_FOR_STATE is a time itself.

    A value of one scrape alone may come and go between two evaluations of the other.
    """
    is_time = ("__name__", "ALERTS_FOR_STATE") in labels
    found = []
    for side, here, there in (("left", left, right), ("right", right, left)):
        for i, (t, v) in enumerate(here):
            near = [w for u, w in there if abs(u - t) <= times.allowed(name, t)]
            if is_time:
                agrees = any(abs(float(v) - float(w)) <= times.allowed(name, t) + 1 for w in near)
            else:
                has_lasted = v in (w for _, w in here[max(i - 1, 0) : i] + here[i + 1 : i + 2])
                agrees = not has_lasted or v in near
            if near and not agrees:
                found.append(f"{shown(labels)} at {t}: {v} on the {side}, near it {sorted(set(near))}")
                break
    return found


def shape_of(value, path=""):
    """{path: JSON type}; the names of labels and annotations are values, not members."""
    kind = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}
    out = {path: kind.get(type(value), "null")}
    if isinstance(value, dict) and not path.endswith((".labels", ".annotations")):
        for name, member in value.items():
            out |= shape_of(member, f"{path}.{name}")
    if isinstance(value, list):
        for member in value:
            out |= shape_of(member, f"{path}[]")
    return out

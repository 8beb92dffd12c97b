"""The choice of words: how counts, times, changes and degrees of certainty are said, in one place for all formats."""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import Struct

from classifiers.findings import SURE_FROM, Change, Cluster, RevisionCount, Storm
from classifiers.service_names import plain_name
from collector.window import NS_PER_S, Window
from logtriage.escape import plain

__all__ = [
    "Near",
    "change_mark",
    "clock",
    "count",
    "day_clock",
    "failures_of",
    "join_words",
    "origin_words",
    "plural",
    "revision_clock",
    "short_revision",
    "span_words",
    "storm_words",
    "sure_word",
    "unit_word",
]

# In falling order. No figure is printed beside a verdict: what became of those told so far is (record_view.py).
_SURE = tuple(zip(SURE_FROM, ("very likely", "likely", "suspected"), strict=True))
_DAY_S = 86_400
_MANY_LINES = 5  # of one statement in one request: fewer are not worth a word
_PERIODS = ((3600, "h"), (60, "min"), (1, "s"))
_LEAST_OF_UNIT = 2  # of the longer interval: what is shorter is told in the next unit
_WHOLE = 3  # from so many on a fraction says nothing
NOT_SHOWN = "not shown to be guilty"
_MARKS = {"env_removed": "-", "env_added": "+"}
_UNITS = {
    "requests": ("request", "requests"),
    "traces": ("trace", "traces"),
    "minutes": ("instance minute", "instance minutes"),
    "entries": ("entry", "entries"),
}
_ORIGINS = {
    "users": "users",
    "tests": "tests only",
    "both": "users and tests",
    "health_checks": "health checks only",
    "scanners": "scanners only",
    "unknown": "who was hit is not known",
}
_SENDERS = {"users": "users", "tests": "tests", "health_checks": "health checks", "scanners": "scanners"}


def sure_word(confidence: float) -> str:
    """What a probability is called; below 0.5 no revision is blamed."""
    return next((word for floor, word in _SURE if confidence >= floor), NOT_SHOWN)


def count(number: int) -> str:
    """With commas between thousands."""
    return f"{number:,}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 incident`, `2 incidents`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def unit_word(unit: str, number: int) -> str:
    """The unit of a rate, in the singular for one."""
    one, many = _UNITS[unit]
    return one if number == 1 else many


def join_words(words: Iterable[str], limit: int) -> str:
    """`a, b and c`; beyond the limit `a, b and 3 more`."""
    every = list(words)
    if len(every) > limit:
        every = [*every[: limit - 1], f"{len(every) - limit + 1} more"]
    if len(every) <= 1:
        return "".join(every)
    return f"{', '.join(every[:-1])} and {every[-1]}"


def day_clock(at_ns: int) -> str:
    """`2026-09-14 20:33`, UTC, cut and not rounded."""
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M")


class Near(Struct, frozen=True):
    """The UTC day on which a time needs no date, empty where every time needs one; the year that is not told either."""

    day: str
    year: str

    @classmethod
    def of(cls, window: Window) -> "Near":
        """The last day of a window; none where the window is longer than a day, and one time of day could be two."""
        last = day_clock(window.end_ns - 1)
        return cls(last[:10] if window.seconds <= _DAY_S else "", last[:4])

    @classmethod
    def day_of(cls, at_ns: int) -> "Near":
        """The day of an instant that stands beside the time."""
        return cls(day_clock(at_ns)[:10], day_clock(at_ns)[:4])


def clock(at_ns: int, near: Near) -> str:
    """`20:33` on the near day, else `09-14 20:33`, with the year where that differs."""
    text = day_clock(at_ns)
    if text[:10] == near.day:
        return text[11:]
    return text[5:] if text[:4] == near.year else text


def span_words(span_ns: int) -> str:
    """A duration in its two largest units: `45 s`, `20 min`, `3 h 20 min`, `2 d 4 h`."""
    seconds = max(span_ns, 0) // NS_PER_S
    for size, name, next_size, next_name in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 60, "")):
        if seconds >= size:
            rest = seconds % size // next_size
            return f"{seconds // size} {name}" + (f" {rest} {next_name}" if rest and next_name else "")
    return f"{seconds} s"


def short_revision(revision: str, service: str) -> str:
    """The revision without the name of its service: `00622-abc`."""
    name, owner = plain(revision, 80), plain_name(service)
    return name[len(owner) + 1 :] if owner and name.startswith(f"{owner}-") else name


def revision_clock(revision: str, service: str, at_ns: int | None, near: Near) -> str:
    """`00622-abc 20:31`, without the time where it is not known."""
    return short_revision(revision, service) + (f" {clock(at_ns, near)}" if at_ns is not None else "")


def change_mark(change: Change) -> str:
    """`- KEY` removed, `+ KEY` added, `~ KEY` changed."""
    return f"{_MARKS.get(change.type, '~')} {plain(change.name, 60) or change.type}"


def failures_of(counted: RevisionCount) -> str:
    """`94/96`, `94 (exposure not known)`, or `94, only 90 known` where fewer requests than failures are known."""
    if counted.exposed is None:
        return f"{counted.failures:,} (exposure not known)"
    if counted.failures > counted.exposed:
        return f"{counted.failures:,}, only {counted.exposed:,} known"
    return f"{counted.failures:,}/{counted.exposed:,}"


def storm_words(storm: Storm, unit: str) -> str:
    """`7 bursts, at most 41 a minute (96% of requests), every 15-30 s, 12 lines each`; only what is out of order."""
    told = []
    if storm.bursts:
        share = f" ({storm.failed_share:.0%} of {unit_word(unit, 2)})" if storm.failed_share is not None else ""
        told.append(f"{plural(storm.bursts, 'burst')}, at most {storm.peak_per_minute:,} a minute{share}")
    if storm.period_s:
        told.append(f"every {_period(*storm.period_s)}{' in each instance' if storm.is_per_instance else ''}")
    if storm.lines_per_unit >= _MANY_LINES:
        told.append(f"{storm.lines_per_unit:,.0f} lines a {unit_word(unit, 1)}")
    return ", ".join(told)


def _period(low_s: float, high_s: float) -> str:
    """`15-30 s`, `60 s`, `3-8 min`, in the unit of the longer one."""
    size, unit = next((one for one in _PERIODS if high_s >= _LEAST_OF_UNIT * one[0]), _PERIODS[-1])
    low, high = (f"{one / size:.{0 if one >= _WHOLE * size else 1}f}" for one in (low_s, high_s))
    return f"{high} {unit}" if low == high else f"{low}-{high} {unit}"


def origin_words(cluster: Cluster) -> str:
    """Who was hit, as counted, in the cluster's unit; nothing is scaled up to units whose sender is not known."""
    whole = f"{cluster.units:,} {unit_word(cluster.onset.unit, cluster.units)}"
    counts = {name: many for name, many in cluster.origin_counts if many}
    unknown = counts.pop("unknown", 0)
    if not counts or (len(counts) == 1 and not unknown):
        return f"{_ORIGINS[cluster.origin]}, {whole}"
    told = [f"{word} {counts[name]:,}" for name, word in _SENDERS.items() if name in counts]
    told += [f"{unknown:,} not known"] if unknown else []
    return f"{whole}: {', '.join(told)}{_share_of_tests(cluster)}"


def _share_of_tests(cluster: Cluster) -> str:
    """`; tests 28%, 21% to 36% with 95% confidence`, where others were hit too; the share is of the senders known."""
    if not cluster.test_share or cluster.test_share == 1 or cluster.test_interval is None:
        return ""
    low, high = cluster.test_interval
    return f"; tests {cluster.test_share:.0%}, {low:.0%} to {high:.0%} with 95% confidence"

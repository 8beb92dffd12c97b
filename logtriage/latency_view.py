"""What became slower as rows of a report: how slow, since when, by whom, what in it, and who waits for it."""

from collections.abc import Sequence

from classifiers.findings import Latency, SlowPart
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.verdict_rows import revision_words, see_rows, verdict_rows
from logtriage.wording import Near, clock, join_words, plural

__all__ = ["how_many_words", "latency_rows", "part_words", "since_words", "slowed_words", "took_words"]

_MOSTLY = 0.65  # how likely a request must be slower than one of before, for that to be what is said
_NEARLY_ALL = 0.95
_ALSO_SHOWN = 3
_ONCE = 1.5  # as many spans a request, from which it is asked more often
_MS, _S, _MIN = 10**6, 10**9, 60 * 10**9


def latency_rows(latencies: Sequence[Latency], lookup: Lookup) -> list[tuple[str, str]]:
    """Title and detail of each row, several a finding; rows that go with the one above begin with `in it` or so."""
    rows: list[tuple[str, str]] = []
    for one in latencies:
        what = plain(one.operation, 100) if one.operation else "all operations"
        rows.append((f"{plain(one.service, 80)}: {what}{slowed_words(one)}", since_words(one, lookup.near)))
        rows += verdict_rows(one, lookup)
        if one.part is not None:
            rows.append((f"in it {part_words(one.part, one.service)}", f"{one.part.share:.0%} of what it takes longer"))
        if one.also:
            are = "is" if len(one.also) == 1 else "are"
            rows.append(
                (f"so {are} {join_words((plain(name, 80) for name in one.also), _ALSO_SHOWN)}", "since then too")
            )
        rows += [
            (
                f"waits for it: {plain(caller.service, 80)}: {plain(caller.operation, 100)}",
                f"p50 {took_words(caller.median_before_ns)} -> {took_words(caller.median_since_ns)}",
            )
            for caller in one.callers
        ]
        rows += see_rows(one)
    return rows


def slowed_words(latency: Latency) -> str:
    """` p50 24 ms -> 110 ms, p95 40 ms -> 180 ms`; nothing where no figures are known."""
    if not latency.since:
        return ""
    median = f"p50 {took_words(latency.median_before_ns)} -> {took_words(latency.median_since_ns)}"
    return f" {median}, p95 {took_words(latency.tail_before_ns)} -> {took_words(latency.tail_since_ns)}"


def took_words(duration_ns: int) -> str:
    """A duration in one unit, with two digits at least: `4.2 ms`, `240 ms`, `1.9 s`, `2.5 min`."""
    for unit, word, least in ((_MIN, "min", 1.5 * _MIN), (_S, "s", _S), (_MS, "ms", 0)):
        if duration_ns >= least:
            value = duration_ns / unit
            return f"{value:.1f} {word}" if value < 10 else f"{value:.0f} {word}"  # noqa: PLR2004 - two digits
    return "0 ms"


def since_words(latency: Latency, near: Near) -> str:
    """`412 requests since 14:02, 9 of 10 slower than before; since 00042-abc: very likely`."""
    verdict = revision_words(latency.attribution, latency.service)
    if latency.onset is None:
        return verdict
    when = f"since {clock(latency.onset.at_ns, near)}"
    if latency.ended_ns is not None:
        when = f"{clock(latency.onset.at_ns, near)} to {clock(latency.ended_ns, near)}"
    unit = "request" if latency.known_by == "requests" else "trace"
    return f"{plural(latency.since, unit)} {when}, {how_many_words(latency)}; {verdict}"


def how_many_words(latency: Latency) -> str:
    """How many of those since are slower than before."""
    if latency.slower >= _NEARLY_ALL:
        return "nearly all slower than before"
    if latency.slower >= _MOSTLY:
        return f"{round(latency.slower * 10)} of 10 slower than before"
    return f"{latency.slow} of them over {took_words(latency.slow_ns)}"


def part_words(part: SlowPart, service: str) -> str:
    """`SELECT orders 4.2 ms -> 200 ms on average, 1 -> 40 times a request`, after its service where another."""
    name = plain(part.operation, 100)
    where = name if part.service == service else f"{plain(part.service, 80)}: {name}"
    itself = "" if part.is_call else " itself"
    told = f"{where}{itself} {took_words(part.before_ns)} -> {took_words(part.since_ns)} on average"
    if part.spans_since >= _ONCE * max(part.spans_before, 1.0):
        told += f", {part.spans_before:.0f} -> {part.spans_since:.0f} times a request"
    return told

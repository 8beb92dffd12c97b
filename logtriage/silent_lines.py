"""The labelled lines of an incident that no entry tells: a slower operation, an event that stays away. No I/O.

They answer in the order in which the lines of a failure do: what changed, before and since, who waits, who was hit,
how sure, what to do.
"""

from classifiers.explained import BLAMED
from classifiers.findings import Absence, Incident, Latency, Pace, RevisionCount, State
from logtriage.absence_view import missing_words
from logtriage.blast_words import blast_words
from logtriage.claim_words import sighted_words
from logtriage.commands import first_step
from logtriage.escape import plain
from logtriage.latency_view import how_many_words, part_words, slowed_words, took_words
from logtriage.lines import Line, Verdict, cause_lines, done_lines, pulled_words, sure_lines
from logtriage.lookup import Lookup
from logtriage.verdict_rows import hit_words, slow_words
from logtriage.wording import clock, join_words, plural, short_revision

__all__ = ["silent_lines", "silent_state", "silent_title", "silent_when"]

_ALSO_SHOWN = 3
_Silent = Latency | Absence


def silent_lines(incident: Incident, root: _Silent, lookup: Lookup) -> tuple[Line, ...]:
    """What a reader of the first screen needs."""
    verdict = Verdict.of(root, lookup.findings.window.end_ns)
    lines = [*cause_lines(verdict, lookup), *_rates(root, lookup), *_inside(root)]
    lines += [
        Line("" if at else "ALSO", f"{missing_words(one)}: {_came(one)} {one.since.seen:,}/{one.since.trials:,} since")
        for at, one in enumerate(_alike(incident, lookup)[:_ALSO_SHOWN])
    ]
    pulls = "; ".join(filter(None, (_callers(root), pulled_words(incident, root, lookup))))
    lines += [Line("PULLS", pulls)] if pulls else []
    lines += [Line("HIT", _hit(incident, root)), *sure_lines(verdict, lookup)]
    step = first_step(root, str(incident.number), lookup)
    return (*lines, Line("DO", f"{step.why}: {step.line}", step.line), *done_lines(root.id, lookup))


def silent_title(incident: Incident, root: _Silent, lookup: Lookup) -> str:
    """`GET /pay slower p50 24 ms -> 110 ms, p95 40 ms -> 180 ms`, `order.confirmed no longer arrives`, and its like."""
    if isinstance(root, Absence):
        more = len(_alike(incident, lookup))
        return missing_words(root) + (f", nor {plural(more, 'other event')}" if more else "")
    return f"{plain(root.operation, 200) if root.operation else 'all operations'} slower{slowed_words(root)}"


def silent_when(root: _Silent, lookup: Lookup) -> str:
    """`since 20:33`, `20:33 to 21:10, over`."""
    if root.onset is None:
        return "since when is not known"
    began = clock(root.onset.at_ns, lookup.near)
    if root.is_ongoing:
        return f"since {began}"
    ended = root.ended_ns if isinstance(root, Latency) else root.onset.ended_earliest_ns
    return f"{began} to {clock(ended, lookup.near)}, over" if ended is not None else f"since {began}, over"


def silent_state(incident: Incident, root: _Silent, lookup: Lookup) -> State:
    """new, ongoing or resolved; an incident whose root is over goes on while another member does."""
    if not root.is_ongoing:
        return "ongoing" if incident.is_ongoing else "resolved"
    is_old = root.onset is not None and root.onset.at_ns < lookup.findings.window.start_ns
    return "ongoing" if is_old else "new"


def _rates(root: _Silent, lookup: Lookup) -> list[Line]:
    """The good and the bad revision beside each other, where both are known; else before and since the onset."""
    blamed = root.attribution
    if blamed is not None and blamed.confidence >= BLAMED:
        rows = {(row.service, row.revision): row for row in root.per_revision}
        names = (blamed.good_revision or "", blamed.revision)
        good, bad = (rows.get((blamed.service, name)) for name in names)
        if good is not None and bad is not None:
            told = [Line("GOOD", _row(good, root)), Line("BAD", _row(bad, root))]
            return [*told, *(Line(label, text) for label, text in sighted_words(blamed, lookup.near))]
    return [Line("BEFORE", _before(root)), Line("SINCE", _since(root))]


def _alike(incident: Incident, lookup: Lookup) -> list[Absence]:
    """Missing events that are told with this one, and not explained by it."""
    return [one for one in lookup.members(incident) if isinstance(one, Absence) and not one.caused_by]


def _row(row: Pace | RevisionCount, root: _Silent) -> str:
    name = short_revision(row.revision, row.service)
    if isinstance(row, Pace):
        slow = root.slow_ns if isinstance(root, Latency) else 0
        return f"{name}: {_times(row.median_ns, row.tail_ns)}; {row.slow:,}/{row.requests:,} over {took_words(slow)}"
    seen = "not known how often" if row.exposed is None else f"{row.exposed - row.failures:,}/{row.exposed:,}"
    return f"{name}: {_came(root)} {seen}{_trials(root)}"


def _before(root: _Silent) -> str:
    if isinstance(root, Latency):
        return f"{_times(root.median_before_ns, root.tail_before_ns)} over {_requests(root.before, root)}"
    return f"{_came(root)} {root.before.seen:,}/{root.before.trials:,}{_trials(root)}"


def _since(root: _Silent) -> str:
    if isinstance(root, Latency):
        times = _times(root.median_since_ns, root.tail_since_ns)
        return f"{times} over {_requests(root.since, root)}, {how_many_words(root)}"
    return f"{_came(root)} {root.since.seen:,}/{root.since.trials:,}{_trials(root)}"


def _times(median_ns: int, tail_ns: int) -> str:
    return f"p50 {took_words(median_ns)}, p95 {took_words(tail_ns)}"


def _requests(many: int, root: Latency) -> str:
    return plural(many, "request" if root.known_by == "requests" else "trace")


def _came(root: _Silent) -> str:
    """`came after`, `had total in`."""
    return f"had {plain(root.field, 60)} in" if isinstance(root, Absence) and root.field else "came after"


def _trials(root: _Silent) -> str:
    return f" {plain(root.trigger, 80)}" if isinstance(root, Absence) and root.trigger else ""


def _inside(root: _Silent) -> list[Line]:
    """Where the time goes, and what else of the service became slower with it."""
    if isinstance(root, Absence):
        return []
    lines = []
    if root.part is not None:
        share = f"{root.part.share:.0%}".replace("%", " %")
        lines.append(Line("IN IT", f"{part_words(root.part, root.service)}: {share} of what it takes longer"))
    if root.also:
        lines.append(
            Line("ALSO", f"slower since then: {join_words((plain(one, 80) for one in root.also), _ALSO_SHOWN)}")
        )
    return lines


def _callers(root: _Silent) -> str:
    """Who is slower because it waits."""
    if isinstance(root, Absence):
        return ""
    return join_words(
        (
            f"{plain(one.service, 60)}: {plain(one.operation, 60)} p50 {took_words(one.median_before_ns)} -> "
            f"{took_words(one.median_since_ns)}"
            for one in root.callers
        ),
        _ALSO_SHOWN,
    )


def _hit(incident: Incident, root: _Silent) -> str:
    """Who asked, how much of all was hit, and where the fault sits."""
    services = incident.blast.services if incident.blast else ()
    if isinstance(root, Absence):
        missed = f"{root.since.trials - root.since.seen:,} of {root.since.trials:,}{_trials(root)}"
        health = next((fact.statement for fact in root.evidence if fact.query == "count_health_checks"), "")
        reached = f"{len(services)} services" if len(services) > 1 else ""
        told: tuple[str, ...] = (hit_words(root), missed, reached, plain(health.rstrip("."), 200))
    else:
        fault = "" if root.fault == "unknown" else f"fault: {root.fault.replace('_', ' ')}"
        told = (slow_words(root), *blast_words(root.blast, services), fault)
    return "; ".join(filter(None, told)) or "not known who"

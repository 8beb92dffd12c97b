"""What stands below a finding that no entry tells: what changed, who was hit, what explains it, what to do. No I/O.

Slow operations and missing events have no headline of their own, so these rows answer what an incident's lines answer.
"""

from collections.abc import Sequence

from classifiers.explained import BLAMED
from classifiers.findings import Absence, Attribution, Hypothesis, Latency
from logtriage.commands import compare_line
from logtriage.escape import plain
from logtriage.lines import changed_words
from logtriage.lookup import Lookup
from logtriage.wording import join_words, plural, short_revision, sure_word

__all__ = ["CAUSES", "hit_words", "revision_words", "see_rows", "slow_words", "verdict_rows"]

CAUSES = frozenset({"change", "cause", "see"})  # titles of rows that messages tell otherwise

_HIT = {"users": "users", "tests": "tests", "health_checks": "health checks", "scanners": "scanners"}
_IDS_SHOWN = 3
_RIVAL_FROM = 0.1  # explanations below this are not worth a row


def revision_words(blamed: Attribution | None, service: str) -> str:
    """`since 00042-abc: very likely`; a revision that is only a candidate is not said to be the one."""
    if blamed is None:
        return "no revision blamed"
    name = short_revision(blamed.revision, service)
    if blamed.confidence < BLAMED:
        return f"no revision blamed, {name} is not ruled out"
    return f"since {name}: {sure_word(blamed.confidence)}"


def verdict_rows(one: Latency | Absence, lookup: Lookup) -> list[tuple[str, str]]:
    """Title and note of each: the change and how to see it, or the cause; then who was hit, where that is known."""
    rows = []
    blamed = one.attribution
    if blamed is not None and blamed.confidence >= BLAMED:
        rows.append(("change", _changed(one, blamed, lookup)))
    elif best := max(one.hypotheses, key=_strength, default=None):
        rows += [("cause", _cause(best))] if best.confidence >= _RIVAL_FROM else []
    hit = hit_words(one)
    return [*rows, ("hit", hit)] if hit else rows


def see_rows(one: Latency | Absence, also: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The command that tells all of it; `also` are the ids of what is told in the same row."""
    others = f", also of {join_words(also, _IDS_SHOWN)}" if also else ""
    return [("see", f"logtriage show {plain(one.id, 100)}{others}")] if one.id else []


def _strength(rival: Hypothesis) -> float:
    return rival.confidence


def _changed(one: Latency | Absence, blamed: Attribution, lookup: Lookup) -> str:
    """`00042-abc 14:01, ~ image; logtriage diff ...`, after the name of the service that was deployed, if another."""
    onset_ns = one.onset.latest_ns if one.onset else lookup.findings.window.end_ns
    told = changed_words(one.service, onset_ns, blamed, lookup).replace("   ", ", ")
    compare = compare_line(blamed, lookup)
    return f"{told}; {compare}" if compare else told


def _cause(best: Hypothesis) -> str:
    """The explanation that is the most probable, by how sure it is; one that is not shown says so."""
    sure = sure_word(best.confidence) if best.confidence >= BLAMED else "not shown"
    name = "not known" if best.cause == "unknown" else f"{best.cause.replace('_', ' ')}, {sure}"
    return f"{name}: {plain(best.statement.rstrip('.'), 300)}"


def hit_words(one: Latency | Absence) -> str:
    """Who asked for what was slow or stayed away, counted where that is known."""
    if isinstance(one, Latency):
        fault = "" if one.fault == "unknown" else f"fault: {one.fault.replace('_', ' ')}"
        return "; ".join(filter(None, (slow_words(one), fault)))
    return "" if one.origin == "unknown" else _hit_words(one.origin)


def _hit_words(origin: str) -> str:
    return "users and tests" if origin == "both" else _HIT[origin]


def slow_words(one: Latency) -> str:
    """`406 slow requests: users 360, tests 6, 40 not known`, since the onset."""
    counts = {name: many for name, many in one.origin_counts if many}
    if not counts:
        return "" if one.origin == "unknown" else _hit_words(one.origin)
    slow = plural(sum(counts.values()), "slow request" if one.known_by == "requests" else "slow trace")
    if set(counts) == {"unknown"}:
        return f"{slow}, whose is not known"
    told = [f"{word} {counts[name]:,}" for name, word in _HIT.items() if name in counts]
    told += [f"{counts['unknown']:,} not known"] if "unknown" in counts else []
    return f"{slow}: {', '.join(told)}"

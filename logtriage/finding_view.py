"""What `logtriage show` tells of a finding without entries: a slower operation, an event that stays away. No I/O."""

from classifiers.explained import BLAMED
from classifiers.findings import Absence, Evidence, Latency
from logtriage.absence_view import missing_words, seen_words
from logtriage.blast_words import rank_words
from logtriage.blind_view import blind_lines
from logtriage.claim_words import check_words, refuted_words, sighted_words
from logtriage.cluster_view import began_words, evidence_rows, rival_row
from logtriage.commands import commands_for
from logtriage.console_links import silent_links
from logtriage.diagrams.drawings import drawings_of
from logtriage.escape import plain
from logtriage.followed_view import followed_lines
from logtriage.latency_view import part_words, since_words, slowed_words, took_words
from logtriage.lines import Line, done_lines
from logtriage.lookup import Lookup
from logtriage.report_config import CONSOLE
from logtriage.report_view import FindingView
from logtriage.verdict_rows import revision_words, verdict_rows
from logtriage.whys_view import why_rows
from logtriage.wording import Near, clock, failures_of, short_revision

__all__ = ["FindingView", "view_finding"]

_TRACES_SHOWN = 20
_LABELS = {"change": "CHANGE", "cause": "CAUSE", "hit": "HIT"}


def view_finding(one: Latency | Absence, lookup: Lookup, console: str = CONSOLE) -> FindingView:
    """One finding with all that is known of it."""
    near = lookup.near
    began = f"; {began_words(one.onset, near)} UTC" if one.onset else ""
    state = f"{plain(one.id, 100)}: {'goes on' if one.is_ongoing else 'over'}{began}"
    facts = _facts(one)
    head, rows = _paces(one, near) if isinstance(one, Latency) else _misses(one, near)
    return FindingView(
        heading=f"{plain(one.service, 80)}: {_what(one)}",
        counts="; ".join(filter(None, (state, rank_words(one.priority, one.blast)))),
        lines=(
            *_seen(one, lookup),
            *(_inside(one) if isinstance(one, Latency) else ()),
            *_sure(one, near),
            *done_lines(one.id, lookup),
            *followed_lines(one.id, lookup),
            *blind_lines(lookup.findings, one.onset, near),
        ),
        commands=commands_for(one, lookup),
        links=silent_links(one, lookup.findings.window, console),
        whys=why_rows(one.id, lookup),
        evidence=evidence_rows(facts),
        head=head if rows else (),
        revisions=rows,
        rivals=tuple(rival_row(rival) for rival in sorted(one.hypotheses, key=lambda rival: -rival.confidence)),
        traces=", ".join(plain(trace, 80) for trace in _traces(one, facts)[:_TRACES_SHOWN]),
        drawings=drawings_of(one.id, lookup.findings),
    )


def _what(one: Latency | Absence) -> str:
    if isinstance(one, Absence):
        return missing_words(one)
    return (plain(one.operation, 300) if one.operation else "all operations") + slowed_words(one)


def _seen(one: Latency | Absence, lookup: Lookup) -> list[Line]:
    """How many, what changed or explains it, and who was hit."""
    seen = since_words(one, lookup.near) if isinstance(one, Latency) else seen_words(one, lookup.near)
    rows = [(_LABELS[title], note) for title, note in verdict_rows(one, lookup) if title in _LABELS]
    return [Line("SEEN", seen), *(Line(label, note) for label, note in rows)]


def _inside(one: Latency) -> list[Line]:
    """Where the time goes, what else became slower, and who waits for it."""
    lines = []
    if one.part is not None:
        lines.append(
            Line("IN IT", f"{part_words(one.part, one.service)}: {one.part.share:.0%} of what it takes longer")
        )
    lines += [Line("" if at else "ALSO", plain(name, 200)) for at, name in enumerate(one.also)]
    for at, caller in enumerate(one.callers):
        median = f"p50 {took_words(caller.median_before_ns)} -> {took_words(caller.median_since_ns)}"
        name = f"{plain(caller.service, 80)}: {plain(caller.operation, 200)}"
        told = f"{name} {median}; {caller.share:.0%} of its slow requests met a slow one"
        lines.append(Line("" if at else "WAITS", told))
    return lines


def _sure(one: Latency | Absence, near: Near) -> list[Line]:
    """How sure the claim is, what it rests on, where it was seen good and bad, and what would refute it."""
    blamed = one.attribution
    if blamed is None or blamed.confidence < BLAMED:
        return [Line("SURE", revision_words(blamed, one.service))]
    unit = one.onset.unit if one.onset else "requests"
    told = [revision_words(blamed, one.service), *check_words(blamed, unit)]
    told += [refuted_words(blamed)] if blamed.refuted_by else []
    sighted = [Line(label, text) for label, text in sighted_words(blamed, near)]
    return [*(Line("" if at else "SURE", text) for at, text in enumerate(told)), *sighted]


def _facts(one: Latency | Absence) -> tuple[Evidence, ...]:
    """What speaks for the revision, then for the finding itself, each once."""
    own = one.evidence if isinstance(one, Absence) else ()
    return tuple(dict.fromkeys((*(one.attribution.evidence if one.attribution else ()), *own)))


def _traces(one: Latency | Absence, facts: tuple[Evidence, ...]) -> tuple[str, ...]:
    """Of an event those that its own facts name."""
    return (
        one.trace_ids if isinstance(one, Latency) else tuple(dict.fromkeys(t for fact in facts for t in fact.trace_ids))
    )


def _paces(one: Latency, near: Near) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    rows = tuple(
        (
            _revision(pace.revision, pace.service, one.service), f"{pace.requests:,}", f"{pace.slow:,}",
            took_words(pace.median_ns), took_words(pace.tail_ns), clock(pace.first_ns, near), clock(pace.last_ns, near),
        )
        for pace in one.per_revision
    )  # fmt: skip
    unit = "requests" if one.known_by == "requests" else "traces"
    return ("revision", unit, f"over {took_words(one.slow_ns)}", "p50", "p95", "first", "last"), rows


def _misses(one: Absence, near: Near) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    rows = tuple(
        (
            _revision(row.revision, row.service, one.service), failures_of(row),
            "" if row.first_ns is None else clock(row.first_ns, near),
            "" if row.last_ns is None else clock(row.last_ns, near),
        )
        for row in one.per_revision
    )  # fmt: skip
    return ("revision", "without it/all", "first", "last"), rows


def _revision(name: str, owner: str, service: str) -> str:
    return short_revision(name, owner if owner == service else "") or "not known"

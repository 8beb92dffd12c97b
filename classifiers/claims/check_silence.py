"""That nothing of a kind was there: a zero with its denominator, or the rows that were there."""

from collections.abc import Sequence

from classifiers.claims.matching import Ground, errors_target, places_of, targets_of, windows_of
from classifiers.claims.measures import Measure, answer_of, is_known, merged, unknown_names
from classifiers.claims.records import Answer, Claim, Mark, Subject
from classifiers.claims.rows import Rows, Scope
from collector.replacing import replace
from collector.window import NS_PER_S, Window, format_ns

__all__ = ["answer_silence"]

_MINUTE_NS = 60 * NS_PER_S
_ABOUT_NS = 600 * NS_PER_S
_DUE = 5  # so many would have been there: by chance they all stay away less than once in a hundred times


def answer_silence(claim: Claim, ground: Ground) -> Answer:
    """That nothing of a kind was there: a zero with its denominator."""
    unknown = unknown_names(claim, ground)
    if unknown:
        return unknown
    return merged([_silence(claim, ground, window) for window in windows_of(claim.span, ground)], is_any=False)


def _silence(claim: Claim, ground: Ground, window: Window) -> Answer:
    services, revisions, _ = places_of(claim.subject, ground)
    whole = Scope(window, services, revisions)
    scope = replace(whole, window=_shrunk(claim, window))
    every = ground.exposure(whole)
    of = f"of {every.sum('entries'):,} entries and {every.sum('requests'):,} requests there"
    if claim.is_all and not claim.subject.routes:
        return _nothing(every, ground, window, services, revisions)
    if not every.sum("entries"):
        return Answer(
            "cannot tell", "nothing at all is stored of that place and time, so a zero says nothing", query=every.query
        )
    if claim.subject.words:
        return _no_errors(claim, ground, scope, of)
    for target in targets_of(claim.subject, ground):
        rows = target.rows(ground, scope)
        measure = Measure(target.told, rows.sum("entries"), every.sum("entries"), rows, target.is_sure)
        if rows.sum("entries") and claim.is_partial:
            return answer_of(
                "cannot tell",
                f"{target.told}: {rows.sum('entries'):,} {of}; what part is meant cannot be read",
                measure,
            )
        if rows.sum("entries"):
            told = f"{target.told}: {rows.sum('entries'):,} {of}"
            return _ended(ground, scope, measure, every) if claim.is_ended else answer_of("contradicted", told, measure)
    return _zero(claim, ground, window, of, every)


def _ended(ground: Ground, scope: Scope, measure: Measure, every: Rows) -> Answer:
    """That something stopped: none after its last one, where as many requests as before would have shown some."""
    last_ns = measure.rows.last_ns or scope.window.end_ns
    since = ground.exposure(
        replace(scope, window=Window(min(last_ns + 1, scope.window.end_ns - 1), scope.window.end_ns))
    )
    asked = since.sum("requests")
    due = measure.value * asked / max(every.sum("requests") - asked, 1)
    told = f"{measure.told}: {measure.value:,.0f}, last {format_ns(last_ns)}; 0 of {asked:,} requests there since"
    mark: Mark = "confirmed" if due >= _DUE else "cannot tell" if due >= 1 else "contradicted"
    return answer_of(mark, told, measure)


def _zero(claim: Claim, ground: Ground, window: Window, of: str, every: Rows) -> Answer:
    """None of what a claim names is in its time; that says something where it is known by that name elsewhere."""
    targets = targets_of(claim.subject, ground)
    told = f"{'; '.join(one.told for one in targets)}: 0 {of}"
    if not ground.covers(window):
        return Answer("cannot tell", f"{told}, but the store does not hold all of that time", query=every.query)
    if not is_known(claim, ground):
        return Answer(
            "cannot tell", f"{told}, and none in all of the window: it may be named otherwise", query=every.query
        )
    return Answer("confirmed", told, "; ".join(one.told for one in targets), every.query, revisions=every.revisions[:5])


def _nothing(every: Rows, ground: Ground, window: Window, services: Sequence[str], revisions: Sequence[str]) -> Answer:
    """Nothing was logged or asked at all."""
    place = ", ".join((*revisions, *services)) or "all services"
    if every.sum("entries"):
        told = f"{every.sum('entries'):,} entries, {every.sum('requests'):,} of them requests, of {place}"
        return Answer("contradicted", told, place, every.query, revisions=every.revisions[:5])
    other = ground.asker.scope(window).sum("entries")
    if other and ground.covers(window):
        return Answer(
            "confirmed", f"0 entries of {place}, of {other:,} of all services in that time", place, every.query
        )
    return Answer("cannot tell", "nothing at all is stored of that time", query=every.query)


def _no_errors(claim: Claim, ground: Ground, scope: Scope, of: str) -> Answer:
    """No errors, or no events, of any name."""
    if claim.subject.words == ("events",):
        rows = ground.asker.events(scope.window, None).of(scope.services, scope.revisions)
        measure = Measure("business events", rows.sum("entries"), 0, rows, is_sure=True)
        if rows.sum("entries"):
            return answer_of("contradicted", f"business events: {rows.sum('entries'):,} {of}", measure)
        if ground.asker.events(ground.window, None).sum("entries"):
            return answer_of("confirmed", f"business events: 0 {of}", measure)
        return answer_of("cannot tell", f"business events: 0 {of}, and none in all of the window", measure)
    routes = claim.subject.routes[:1]
    path = targets_of(Subject(routes=routes), ground)[0].asked if routes else {}
    failed = ground.asker.entries(scope.window, low=500, high=599, **path).of(scope.services, scope.revisions)
    errors = failed if routes else errors_target().rows(ground, scope)
    told = (
        f"entries at ERROR or above: {errors.sum('entries'):,}, requests answered 5xx: {failed.sum('entries'):,}, {of}"
    )
    counts = (errors.sum("entries"), failed.sum("entries"))
    measure = Measure("errors", sum(counts), 0, errors if counts[0] else failed, is_sure=True)
    if claim.is_partial or not ground.covers(scope.window):
        return answer_of("cannot tell", f"{told}; what part is meant cannot be read", measure)
    if not any(counts):
        return answer_of("confirmed", told, measure)
    return answer_of("contradicted" if all(counts) else "cannot tell", told, measure)


def _shrunk(claim: Claim, window: Window) -> Window:
    """The window without its edges, which a time of day leaves open by its minute."""
    if claim.span is None:
        return window
    is_about = any(one is not None and one.is_about for one in (claim.span.start, claim.span.end))
    edge = _ABOUT_NS if is_about else _MINUTE_NS
    start = window.start_ns + (edge if claim.span.start else 0)
    end = window.end_ns - (edge if claim.span.end and claim.span.relation == "between" else 0)
    return Window(start, end) if start < end else window

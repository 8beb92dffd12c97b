"""Counts, shares and silence, held against rows in every unit that people mean by them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from classifiers.claims.matching import Ground, Target, errors_target, of_clusters, places_of, targets_of, windows_of
from classifiers.claims.records import Amount, Answer, Claim, Mark
from classifiers.claims.rows import Rows, Scope
from classifiers.findings import Cluster
from collector.window import NS_PER_S, Window

__all__ = ["answer_count", "answer_share", "answer_silence", "merged", "unknown_names"]

_EXACT_FROM = 10  # from so many on a number that fits to the one cannot be chance
_LEAST = 20  # units below which no share is refuted
_POINTS = 100
_MINUTE_NS = 60 * NS_PER_S
_ABOUT_NS = 600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class _Measure:
    """One way to count a claim: in what unit, how many, of how many, with its rows."""

    told: str
    value: float
    of: int
    rows: Rows
    is_sure: bool


def answer_count(claim: Claim, ground: Ground) -> Answer:
    """A number of something: it is confirmed in the unit in which it fits, refuted where it fits in none."""
    unknown = unknown_names(claim, ground)
    if unknown:
        return unknown
    if claim.unit == "users":
        return _users(claim, ground)
    return merged([_count(claim, ground, window) for window in windows_of(claim.span, ground)], is_any=True)


def _count(claim: Claim, ground: Ground, window: Window) -> Answer:
    amount = claim.amount
    services, revisions, _ = places_of(claim.subject, ground)
    scope = Scope(window, services, revisions)
    measures = list(_all_measures(claim, ground, scope)) if claim.is_all else list(_measures(claim, ground, scope))
    if amount is None or not measures:
        return Answer("cannot tell", "what was counted cannot be found in the store by these words")
    fitting = [one for one in measures if amount.fits(one.value)]
    sure = [one for one in measures if one.is_sure]
    shown = fitting[0] if fitting else measures[0]
    told = _told(measures, shown)
    if fitting:
        is_chance = amount.low == amount.high < _EXACT_FROM if claim.is_partial else not shown.is_sure and amount.low < _EXACT_FROM
        is_loose = amount.low != amount.high and (claim.is_partial or not shown.is_sure)
        if not is_chance and not is_loose:
            return _answer("confirmed", told, shown)
        return _answer("cannot tell", f"{told}; what part of it is meant cannot be read", shown)
    most = max(one.value for one in measures)
    if claim.is_partial:
        if sure and amount.least > most and ground.covers(window):
            return _answer("contradicted", told, shown)
        return _answer("cannot tell", f"{told}; what part of it is meant cannot be read", shown)
    return _refuted(claim, ground, scope, measures, told)


def _refuted(claim: Claim, ground: Ground, scope: Scope, measures: list[_Measure], told: str) -> Answer:
    """A number that fits nowhere: wrong only where all rows are there and nothing else can be meant."""
    amount, shown = claim.amount, measures[0]
    assert amount is not None  # noqa: S101 - asked by its caller
    most = max(one.value for one in measures)
    if not any(one.is_sure for one in measures):
        if amount.least > most and ground.covers(scope.window):
            return _answer("contradicted", f"{told}; no way to count failures gives as many", shown)
        return _answer("cannot tell", f"{told}; which failures are meant is not said", shown)
    if any(not amount.refuted_by(one.value) for one in measures):
        return _answer("cannot tell", f"{told}; near, but not it", shown)
    if not ground.covers(scope.window) and not all(one.value > amount.most for one in measures):
        return _answer("cannot tell", f"{told}; the store does not hold all of that time", shown)
    if most == 0 and not claim.is_all:
        return _answer("cannot tell", f"{told}: nothing stored is named so there", shown)
    if scope.services and not claim.is_all and not scope.revisions:
        every = list(_measures(claim, ground, Scope(scope.window)))
        if any(not amount.refuted_by(one.value) for one in every):
            near = next(one for one in every if not amount.refuted_by(one.value))
            return _answer("cannot tell", f"{told}; over all services {near.value:,.0f}", shown)
    return _answer("contradicted", told, shown)


def _all_measures(claim: Claim, ground: Ground, scope: Scope) -> Iterable[_Measure]:
    """Everything that was asked or logged."""
    routes = claim.subject.routes
    if routes:
        rows = targets_of(claim.subject, ground)[0].rows(ground, scope)
        yield _Measure(f"requests to {routes[0]}", rows.sum("entries"), ground.exposure(scope).sum("requests"), rows, is_sure=True)
        return
    rows = ground.exposure(scope)
    names = (claim.unit,) if claim.unit == "entries" else ("requests", "entries")
    for name in names:
        yield _Measure(f"{name} in all", rows.sum(name), rows.sum("entries"), rows, is_sure=bool(scope.services or scope.revisions))


def _measures(claim: Claim, ground: Ground, scope: Scope) -> Iterable[_Measure]:
    """Each way to count what a claim names, the plainest first."""
    found = targets_of(claim.subject, ground)
    if not found or (claim.subject.routes and not claim.subject.is_named):
        found = _weak(claim, ground, scope)
    every = ground.exposure(scope)
    for target in found:
        rows = target.rows(ground, scope)
        told = target.told
        if target.is_request:
            yield _Measure(told, rows.sum("entries"), every.sum("requests"), rows, target.is_sure)
        else:
            requests = _Measure(f"requests with {told}", rows.sum("requests"), every.sum("requests"), rows, target.is_sure)
            entries = _Measure(told, rows.sum("entries"), every.sum("entries"), rows, target.is_sure)
            yield from (requests, entries) if claim.unit == "requests" else (entries, requests)
    for cluster in _clusters(found):
        target = of_clusters([cluster])
        rows = target.rows(ground, scope)
        entries = _Measure(f"entries of {target.told}", rows.sum("entries"), every.sum("entries"), rows, is_sure=True)
        requests = _Measure(f"requests of {target.told}", rows.sum("requests"), every.sum("requests"), rows, is_sure=True)
        yield from (entries, requests)
        if scope == Scope(ground.window):
            yield _Measure(f"failures of {target.told}", cluster.occurrences, every.sum("entries"), rows, is_sure=True)
            yield _Measure(f"{cluster.onset.unit} of {target.told}", cluster.units, every.sum("requests"), rows, is_sure=True)


def _weak(claim: Claim, ground: Ground, scope: Scope) -> list[Target]:
    """Ways to count failures that a sentence does not name: by status, by level, and each problem by itself."""
    path = {"path": None}
    if claim.subject.routes:
        path = {"path": targets_of(replace(claim.subject, texts=(), statuses=()), ground)[0].asked["path"]}  # type: ignore[dict-item] # a pattern
    where = f" to {claim.subject.routes[0]}" if claim.subject.routes else ""
    found = [
        Target(f"requests{where} answered 5xx", {"low": 500, "high": 599, **path}, is_sure=False, is_request=True),
        Target(f"requests{where} answered 4xx or 5xx", {"low": 400, "high": 599, **path}, is_sure=False, is_request=True),
    ]
    if not claim.subject.routes:
        found.append(errors_target())
    own = [one for one in ground.problems if not scope.services or one.service in scope.services]
    return found + [replace(of_clusters([one])) for one in own]


def _clusters(found: Sequence[Target]) -> list[Cluster]:
    known = {one.id: one for target in found if target.is_sure for one in target.clusters}
    return list(known.values())


def _users(claim: Claim, ground: Ground) -> Answer:
    """A number of users, where entries name them."""
    clusters = _clusters(targets_of(claim.subject, ground)) or (list(ground.main.clusters) if ground.main else [])
    known = [one for one in clusters if one.blast is not None and one.blast.users is not None]
    if claim.amount is None or not known:
        return Answer("cannot tell", "how many users were hit is not known: no entry of it names an account")
    told = "; ".join(f"{one.blast.users:,} accounts named in entries of cluster {one.id}" for one in known if one.blast)
    counts = [one.blast.users or 0 for one in known if one.blast]
    rows = of_clusters(known).rows(ground, Scope(ground.window))
    measure = _Measure(told, max(counts), 0, rows, is_sure=True)
    if any(claim.amount.fits(count) for count in counts):
        return _answer("confirmed", told, measure)
    return _answer("cannot tell", f"{told}; users that no entry names are not counted", measure)


def answer_share(claim: Claim, ground: Ground) -> Answer:
    """A share of what failed, by every way to count it."""
    unknown = unknown_names(claim, ground)
    if unknown:
        return unknown
    return merged([_share(claim, ground, window) for window in windows_of(claim.span, ground)], is_any=True)


def _share(claim: Claim, ground: Ground, window: Window) -> Answer:
    services, revisions, _ = places_of(claim.subject, ground)
    scope = Scope(window, services, revisions)
    amount, of = claim.amount, claim.of
    ways = [one for one in _share_measures(claim, ground, scope) if one.of >= one.value and one.of]
    if amount is None or not ways:
        return Answer("cannot tell", "of how many is not known: no requests are stored for it")
    flipped = [replace(one, value=one.of - one.value) for one in ways] if claim.is_good else ways
    fitting = [one for one in flipped if _share_fits(amount, of, one)]
    shown = fitting[0] if fitting else flipped[0]
    told = "; ".join(dict.fromkeys(_share_told(one, is_good=claim.is_good) for one in (shown, *flipped[:2])))
    if fitting and not claim.is_partial:
        return _answer("confirmed", told, shown)
    if claim.is_partial or not ground.covers(window):
        return _answer("cannot tell", f"{told}; what part of it is meant cannot be read", shown)
    is_off = all(one.of >= _LEAST and _share_refuted(amount, of, one) for one in flipped)
    is_bound = bool(revisions) or any(one.is_sure for one in flipped)
    if is_off and is_bound:
        return _answer("contradicted", told, shown)
    return _answer("cannot tell", f"{told}; which failures are meant is not said" if not is_bound else f"{told}; near, but not it", shown)


def _share_measures(claim: Claim, ground: Ground, scope: Scope) -> Iterable[_Measure]:
    """Failed beside asked: by status, by what is named, and by the problems of the place."""
    every = ground.exposure(scope)
    asked = every.sum("requests")
    if not claim.subject.is_named:
        yield _Measure("requests answered 5xx", every.sum("failed"), asked, every, is_sure=False)
        yield _Measure("requests answered 4xx or 5xx", every.sum("refused"), asked, every, is_sure=False)
    for one in _measures(claim, ground, scope):
        if one.told.startswith("requests") and one.of:
            yield replace(one, of=asked)
    for cluster in ground.problems:
        for row in cluster.per_revision:
            if row.revision in scope.revisions and row.exposed and scope.window == ground.window:
                rows = of_clusters([cluster]).rows(ground, scope)
                yield _Measure(f"{cluster.onset.unit} of cluster {cluster.id} on {row.revision}", row.failures, row.exposed, rows, is_sure=False)


def _share_fits(amount: Amount, of: Amount | None, one: _Measure) -> bool:
    if of is not None:
        return amount.fits(one.value) and of.fits(one.of)
    return amount.fits(_POINTS * one.value / one.of)


def _share_refuted(amount: Amount, of: Amount | None, one: _Measure) -> bool:
    share = _POINTS * one.value / one.of
    if of is None:
        return amount.refuted_by(share)
    return abs(_POINTS * amount.low / max(of.low, 1) - share) > 15  # noqa: PLR2004 - points: exposure is counted in several ways


def _share_told(one: _Measure, *, is_good: bool) -> str:
    what = f"not among {one.told}" if is_good else one.told
    return f"{what}: {one.value:,.0f} of {one.of:,} ({_POINTS * one.value / one.of:.3g} %)"


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
        return Answer("cannot tell", "nothing at all is stored of that place and time, so a zero says nothing", query=every.query)
    if claim.subject.words and not claim.subject.routes:
        return _no_errors(claim, ground, scope, of)
    for target in targets_of(claim.subject, ground):
        rows = target.rows(ground, scope)
        measure = _Measure(target.told, rows.sum("entries"), every.sum("entries"), rows, target.is_sure)
        if rows.sum("entries") and claim.is_partial:
            return _answer("cannot tell", f"{target.told}: {rows.sum('entries'):,} {of}; what part is meant cannot be read", measure)
        if rows.sum("entries"):
            return _answer("contradicted", f"{target.told}: {rows.sum('entries'):,} {of}", measure)
    return _zero(claim, ground, window, of, every)


def _zero(claim: Claim, ground: Ground, window: Window, of: str, every: Rows) -> Answer:
    """None of what a claim names is in its time; that says something where it is known by that name elsewhere."""
    targets = targets_of(claim.subject, ground)
    told = f"{'; '.join(one.told for one in targets)}: 0 {of}"
    if not ground.covers(window):
        return Answer("cannot tell", f"{told}, but the store does not hold all of that time", query=every.query)
    is_known = any(one.is_request or one.rows(ground, Scope(ground.window)).sum("entries") for one in targets)
    if not is_known:
        return Answer("cannot tell", f"{told}, and none in all of the window: it may be named otherwise", query=every.query)
    return Answer("confirmed", told, "; ".join(one.told for one in targets), every.query, revisions=every.revisions[:5])


def _nothing(every: Rows, ground: Ground, window: Window, services: Sequence[str], revisions: Sequence[str]) -> Answer:
    """Nothing was logged or asked at all."""
    place = ", ".join((*revisions, *services)) or "all services"
    if every.sum("entries"):
        told = f"{every.sum('entries'):,} entries, {every.sum('requests'):,} of them requests, of {place}"
        return Answer("contradicted", told, place, every.query, revisions=every.revisions[:5])
    other = ground.asker.scope(window).sum("entries")
    if other and ground.covers(window):
        return Answer("confirmed", f"0 entries of {place}, of {other:,} of all services in that time", place, every.query)
    return Answer("cannot tell", "nothing at all is stored of that time", query=every.query)


def _no_errors(claim: Claim, ground: Ground, scope: Scope, of: str) -> Answer:
    """No errors, or no events, of any name."""
    if claim.subject.words == ("events",):
        rows = ground.asker.events(scope.window, None).of(scope.services, scope.revisions)
        measure = _Measure("business events", rows.sum("entries"), 0, rows, is_sure=True)
        if rows.sum("entries"):
            return _answer("contradicted", f"business events: {rows.sum('entries'):,} {of}", measure)
        if ground.asker.events(ground.window, None).sum("entries"):
            return _answer("confirmed", f"business events: 0 {of}", measure)
        return _answer("cannot tell", f"business events: 0 {of}, and none in all of the window", measure)
    errors = errors_target().rows(ground, scope)
    failed = ground.asker.entries(scope.window, low=500, high=599).of(scope.services, scope.revisions)
    told = f"entries at ERROR or above: {errors.sum('entries'):,}, requests answered 5xx: {failed.sum('entries'):,}, {of}"
    counts = (errors.sum("entries"), failed.sum("entries"))
    measure = _Measure("errors", sum(counts), 0, errors if counts[0] else failed, is_sure=True)
    if claim.is_partial or not ground.covers(scope.window):
        return _answer("cannot tell", f"{told}; what part is meant cannot be read", measure)
    if not any(counts):
        return _answer("confirmed", told, measure)
    return _answer("contradicted" if all(counts) else "cannot tell", told, measure)


def _shrunk(claim: Claim, window: Window) -> Window:
    """The window without its edges, which a time of day leaves open by its minute."""
    if claim.span is None:
        return window
    is_about = any(one is not None and one.is_about for one in (claim.span.start, claim.span.end))
    edge = _ABOUT_NS if is_about else _MINUTE_NS
    start = window.start_ns + (edge if claim.span.start else 0)
    end = window.end_ns - (edge if claim.span.end and claim.span.relation == "between" else 0)
    return Window(start, end) if start < end else window


def merged(answers: Sequence[Answer], *, is_any: bool) -> Answer:
    """One answer of those for each time that a claim may mean: what they agree on, or for counts any that fits."""
    if not answers:
        return Answer("cannot tell", "the time that is written lies outside of what is stored, or ends before it begins")
    marks = {one.mark for one in answers}
    if len(marks) == 1:
        return answers[0]
    if is_any and "confirmed" in marks:
        return next(one for one in answers if one.mark == "confirmed")
    return replace(answers[0], mark="cannot tell", measured=f"{answers[0].measured}; which day is meant is not said")


def unknown_names(claim: Claim, ground: Ground) -> Answer | None:
    """The answer for a claim about a revision that the store does not know."""
    _, _, unknown = places_of(claim.subject, ground)
    if not unknown:
        return None
    return Answer("cannot tell", f"there is no revision {' or '.join(unknown)} in this store")


def _told(measures: Sequence[_Measure], shown: _Measure) -> str:
    """The measured number first, then how else it may be counted, where that gives another one."""
    parts = [f"{shown.value:,.0f} {shown.told}" + (f" (of {shown.of:,})" if shown.of else "")]
    for one in measures:
        if one.value != shown.value and len(parts) < 3:  # noqa: PLR2004 - ways to count that are told
            parts.append(f"{one.value:,.0f} {one.told}")
    return "; ".join(parts)


def _answer(mark: Mark, told: str, shown: _Measure) -> Answer:
    rows = shown.rows
    value = shown.told if not math.isnan(shown.value) else ""
    return Answer(mark, told, value, rows.query, rows.ids(), rows.ids("traces"), rows.revisions[:5])

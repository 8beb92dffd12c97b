"""Written numbers, held against rows in every unit that people mean by them."""

import math
from collections.abc import Sequence

from classifiers.claims.matching import Ground, of_clusters, places_of, targets_of, windows_of
from classifiers.claims.measures import (
    Measure,
    answer_of,
    is_known,
    measures_of,
    measures_of_all,
    merged,
    sure_clusters,
    unknown_names,
)
from classifiers.claims.records import Amount, Answer, Claim
from classifiers.claims.rows import Scope
from collector.window import Window

__all__ = ["answer_count"]

_EXACT_FROM = 10  # from so many on a number that fits to the one cannot be chance


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
    measures = list(measures_of_all(claim, ground, scope)) if claim.is_all else list(measures_of(claim, ground, scope))
    if amount is None or not measures:
        return Answer("cannot tell", "what was counted cannot be found in the store by these words")
    fitting = [one for one in measures if amount.fits(one.value)]
    if amount.low == 0 and len(fitting) < len(measures):
        fitting = []  # at most so many: that must hold in every unit
    if math.isinf(amount.high) and any(one.is_plain and one.is_sure for one in measures):
        fitting = [one for one in fitting if one.is_plain]  # more than so many: of what the text names, as it names it
    sure = [one for one in measures if one.is_sure]
    shown = fitting[0] if fitting else measures[0]
    told = _told(measures, shown)
    if fitting:
        is_chance = (
            amount.low == amount.high < _EXACT_FROM
            if claim.is_partial
            else not shown.is_sure and amount.low < _EXACT_FROM
        )
        is_loose = amount.low != amount.high and (claim.is_partial or not shown.is_sure)
        if not is_chance and not is_loose:
            return answer_of("confirmed", told, shown)
        return answer_of("cannot tell", f"{told}; what part of it is meant cannot be read", shown)
    most = max(one.value for one in measures)
    if claim.is_partial:
        if sure and amount.least > most and ground.covers(window):
            return answer_of("contradicted", told, shown)
        return answer_of("cannot tell", f"{told}; what part of it is meant cannot be read", shown)
    return _refuted(claim, ground, scope, measures, told)


def _refuted(claim: Claim, ground: Ground, scope: Scope, measures: list[Measure], told: str) -> Answer:
    """A number that fits nowhere: wrong only where all rows are there and nothing else can be meant."""
    amount, shown = claim.amount, measures[0]
    assert amount is not None  # noqa: S101 - asked by its caller
    most = max(one.value for one in measures)
    if not any(one.is_sure for one in measures):
        if amount.least > most and ground.covers(scope.window):
            return answer_of("contradicted", f"{told}; no way to count failures gives as many", shown)
        return answer_of("cannot tell", f"{told}; which failures are meant is not said", shown)
    why = _open(claim, amount, ground, scope, measures)
    return answer_of("cannot tell" if why else "contradicted", f"{told}; {why}" if why else told, shown)


def _open(claim: Claim, amount: Amount, ground: Ground, scope: Scope, measures: list[Measure]) -> str:
    """Why a number that fits nowhere may be right all the same; "" where it cannot."""
    if any(not amount.refuted_by(one.value) for one in measures):
        return "near, but not it"
    if not ground.covers(scope.window) and not all(one.value > amount.most for one in measures):
        return "the store does not hold all of that time"
    if not any(one.value for one in measures) and not claim.is_all and not is_known(claim, ground):
        return "nothing stored is named so there"
    if not scope.services or claim.is_all or scope.revisions:
        return ""
    every = measures_of(claim, ground, Scope(scope.window))
    near = [one for one in every if not amount.refuted_by(one.value)]
    return f"over all services {near[0].value:,.0f}" if near else ""


def _users(claim: Claim, ground: Ground) -> Answer:
    """A number of users, where entries name them."""
    clusters = sure_clusters(targets_of(claim.subject, ground)) or (list(ground.main.clusters) if ground.main else [])
    known = [one for one in clusters if one.blast is not None and one.blast.users is not None]
    if claim.amount is None or not known:
        return Answer("cannot tell", "how many users were hit is not known: no entry of it names an account")
    told = "; ".join(f"{one.blast.users:,} accounts named in entries of cluster {one.id}" for one in known if one.blast)
    counts = [one.blast.users or 0 for one in known if one.blast]
    rows = of_clusters(known).rows(ground, Scope(ground.window))
    measure = Measure(told, max(counts), 0, rows, is_sure=True)
    if any(claim.amount.fits(count) for count in counts):
        return answer_of("confirmed", told, measure)
    return answer_of("cannot tell", f"{told}; users that no entry names are not counted", measure)


def _told(measures: Sequence[Measure], shown: Measure) -> str:
    """The measured number first, then how else it may be counted, where that gives another one."""
    unit = "requests" if shown.told.startswith("requests") else "entries"
    parts = [f"{shown.value:,.0f} {shown.told}" + (f", of {shown.of:,} {unit}" if shown.of else "")]
    for one in measures:
        if one.value not in {0, shown.value} and len(parts) < 2:  # noqa: PLR2004 - ways to count that are told
            parts.append(f"{one.value:,.0f} {one.told}")
    return "; ".join(parts)

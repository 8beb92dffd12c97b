"""Written shares of what failed, held against every way to count failures and what was asked."""

from collections.abc import Iterable

from classifiers.claims.matching import Ground, of_clusters, places_of, windows_of
from classifiers.claims.measures import Measure, answer_of, measures_of, merged, unknown_names
from classifiers.claims.records import Amount, Answer, Claim
from classifiers.claims.rows import Scope
from collector.replacing import replace
from collector.window import Window

__all__ = ["answer_share"]

_LEAST = 20  # units below which no share is refuted
_POINTS = 100


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
    if of is not None:
        of = replace(of, least=of.low * 0.9, most=of.high * 1.1)
    ways = [one for one in _share_measures(claim, ground, scope) if one.of >= one.value and one.of]
    if amount is None or not ways:
        return Answer("cannot tell", "of how many is not known: no requests are stored for it")
    flipped = [replace(one, value=one.of - one.value) for one in ways] if claim.is_good else ways
    fitting = [one for one in flipped if _share_fits(amount, of, one)]
    shown = fitting[0] if fitting else flipped[0]
    told = "; ".join(dict.fromkeys(_share_told(one, is_good=claim.is_good) for one in (shown, *flipped[:2])))
    if fitting and not claim.is_partial:
        return answer_of("confirmed", told, shown)
    if claim.is_partial or not ground.covers(window):
        return answer_of("cannot tell", f"{told}; what part of it is meant cannot be read", shown)
    is_off = all(one.of >= _LEAST and _share_refuted(amount, of, one) for one in flipped)
    is_bound = bool(revisions) or any(one.is_sure for one in flipped)
    is_zero = of is not None and amount.high == 0 and not of.refuted_by(shown.of)
    is_low = (
        not claim.subject.is_named
        and of is None
        and not claim.is_good
        and amount.most < _POINTS * flipped[0].value / flipped[0].of
        and flipped[0].of >= _LEAST
    )
    if is_bound and (is_off or is_low or (is_zero and flipped[0].value > 2)):  # noqa: PLR2004 - one or two may be counted otherwise
        return answer_of("contradicted", told, shown)
    return answer_of(
        "cannot tell",
        f"{told}; which failures are meant is not said" if not is_bound else f"{told}; near, but not it",
        shown,
    )


def _share_measures(claim: Claim, ground: Ground, scope: Scope) -> Iterable[Measure]:
    """Failed beside asked: by status, by what is named, and by the problems of the place."""
    every = ground.exposure(scope)
    asked = every.sum("requests")
    if not claim.subject.is_named:
        yield Measure("requests answered 5xx", every.sum("failed"), asked, every, is_sure=False)
        yield Measure("requests answered 4xx or 5xx", every.sum("refused"), asked, every, is_sure=False)
    for one in measures_of(claim, ground, scope):
        if one.told.startswith("requests") and one.of:
            yield replace(one, of=asked)
    for cluster in ground.problems:
        for row in cluster.per_revision:
            if row.revision in scope.revisions and row.exposed and scope.window == ground.window:
                rows = of_clusters([cluster]).rows(ground, scope)
                yield Measure(
                    f"{cluster.onset.unit} of cluster {cluster.id} on {row.revision}",
                    row.failures,
                    row.exposed,
                    rows,
                    is_sure=False,
                )


def _share_fits(amount: Amount, of: Amount | None, one: Measure) -> bool:
    if of is not None:
        return amount.fits(one.value) and of.fits(one.of)
    return amount.fits(_POINTS * one.value / one.of)


def _share_refuted(amount: Amount, of: Amount | None, one: Measure) -> bool:
    share = _POINTS * one.value / one.of
    if of is None:
        return amount.refuted_by(share)
    return abs(_POINTS * amount.low / max(of.low, 1) - share) > 15  # noqa: PLR2004 - points: exposure is counted in several ways


def _share_told(one: Measure, *, is_good: bool) -> str:
    what = f"not among {one.told}" if is_good else one.told
    return f"{what}: {one.value:,.0f} of {one.of:,} ({_POINTS * one.value / one.of:.3g} %)"

"""What is missing: trials on both sides of an onset, and whether so much is gone that it is told.

For events that stop and for fields that events lack: both compare how often something came before, or on other
revisions, with how often it has come since on those that miss it.
"""

import math
from collections.abc import Sequence

import polars as pl
from msgspec import Struct

from classifiers.cases import Case
from classifiers.findings import Absence, Attribution, EventCount, Onset

__all__ = ["LEAST", "Missed", "Sides", "explained_by", "is_lost", "no_samples", "onset_of", "sides_of"]

LEAST = 8  # that should have come, and that came before
_SURE_GAIN = 10.0  # log-likelihood by which the lower rate must explain what came better
_LOST = 0.5  # of the rate of before must be gone
_LOST_OF_ALL = 0.2  # ... where nearly every trigger had its event
_ALL = 0.97
_HIGH = 0.8  # rate from which it comes nearly always; below, only a revision tells an end from other traffic
_STOPPED = 0.9
_ENDED = 0.98
_SURER = 2.0  # times the gain that is asked of what is joined by trace
_ERROR = 17
_AS_MANY = 0.3  # of the missing events that a failure must be worth to explain them


class Missed(Struct, frozen=True):
    """An absence with its case; `cause` is the id of the failure that explains it, "" where none does."""

    absence: Absence
    case: Case
    cause: str = ""


class Sides(Struct, frozen=True):
    """Trials and events on both sides of what is told: before, or on other revisions; and since."""

    before: pl.DataFrame
    since: pl.DataFrame

    @property
    def counts(self) -> tuple[EventCount, EventCount]:
        """Of each side: trials, and those with the event."""
        before, since = (
            EventCount(side.height, side.height - int(side["is_bad"].sum())) for side in (self.before, self.since)
        )
        return before, since


def no_samples() -> pl.DataFrame:
    """Samples of what has no entries, as weigh_cases takes them."""
    names = ("project", "service", "signature_id", "message", "payload")
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String))


def sides_of(case: Case, trials: pl.DataFrame, blamed: Attribution | None) -> Sides:
    """Trials since the event is missing, of the revisions that miss it, and those of before and of the others."""
    fit = case.fit
    is_since = pl.col("at_ns") >= fit.at_ns
    if fit.ended_earliest_ns is not None:
        is_since &= pl.col("at_ns") <= fit.ended_earliest_ns
    if blamed and blamed.service == case.service:
        missing = trials.filter(is_since & (pl.col("revision").is_in(_missing(trials.filter(is_since)))))
        is_since &= pl.col("revision").is_in(missing["revision"].unique().implode())
        is_before = ~pl.col("revision").is_in(missing["revision"].unique().implode()) | (pl.col("at_ns") < fit.at_ns)
        return Sides(trials.filter(is_before), trials.filter(is_since))
    return Sides(trials.filter(pl.col("at_ns") < fit.at_ns), trials.filter(is_since))


def _missing(since: pl.DataFrame) -> list[str]:
    """Revisions that miss the event more often than the middle between the worst and the best of them."""
    rates = since.group_by("revision").agg(bad=pl.col("is_bad").mean()).sort("revision")
    if not rates.height:
        return []
    low, high = float(rates["bad"].min()), float(rates["bad"].max())  # type: ignore[arg-type]  # Float64
    return rates.filter(pl.col("bad") >= (low + high) / 2)["revision"].to_list()


def is_lost(
    before: EventCount, since: EventCount, *, is_blamed: bool, is_from_above: bool = False, is_near: bool = False
) -> bool:
    """Whether so much is gone that neither chance nor other traffic explains it.

    `is_from_above`: the trials are requests to a caller. Who else hands them on is not known, so that without a
    revision to blame hardly any may be left; and if numbers alone join them (`is_near`), none.
    """
    if before.seen < LEAST or since.trials * before.rate < LEAST:
        return False
    lost = 1 - since.rate / before.rate
    if lost < (_LOST_OF_ALL if before.rate >= _ALL else _LOST):
        return False
    gain = _gain(before, since)
    if is_from_above and not is_blamed and lost < _STOPPED:
        return False
    if is_from_above and is_near and lost >= _ENDED:
        return gain >= _SURER * _SURE_GAIN
    if before.rate < _HIGH and (lost < _STOPPED or not is_blamed):
        return False
    return gain >= _SURE_GAIN


def _gain(before: EventCount, since: EventCount) -> float:
    """How much better a rate of its own explains what came since, as a logarithm."""
    whole = EventCount(before.trials + since.trials, before.seen + since.seen)
    return _fit(before) + _fit(since) - _fit(whole)


def _fit(count: EventCount) -> float:
    missing = count.trials - count.seen
    return sum(many * math.log(many / count.trials) for many in (count.seen, missing) if many)


def explained_by(case: Case, since: EventCount, problems: Sequence[Case], *, is_anywhere: bool = False) -> Case | None:
    """A failure of the same service, or in the same traces, that began with it and is as frequent: it is told there.

    `is_anywhere`: of whatever service. Of several the one with most of its traces.
    """
    missing = since.trials - since.seen
    found = []
    for one in problems:
        shared = len(one.met_ns.keys() & case.met_ns.keys())
        is_near = is_anywhere or (one.project, one.service) == (case.project, case.service) or shared
        if (
            is_near
            and one.severity >= _ERROR
            and one.fit.began_with(case.fit)
            and one.fit.failures_after >= _AS_MANY * missing
        ):
            found.append((-shared, one.fit.at_ns, one.cluster_id, one))
    return min(found, key=lambda told: told[:3])[3] if found else None


def onset_of(case: Case) -> Onset:
    """When it began to be missing."""
    fit = case.fit
    return Onset(
        at_ns=fit.at_ns,
        earliest_ns=fit.earliest_ns,
        latest_ns=fit.latest_ns,
        rate_before=fit.rate_before,
        rate_after=fit.rate_after,
        unit="traces",
        ended_earliest_ns=fit.ended_earliest_ns,
        ended_latest_ns=fit.ended_latest_ns,
    )

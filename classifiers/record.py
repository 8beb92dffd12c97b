"""The calibration ledger as it stood at an instant: claims, what became of them, and the record they make.

Of several words on one claim the last one of a person counts, else the last one of a rule; `open` takes a person's word
back. Rival claims on one episode exclude each other: where one was right, the others were wrong. Rows are only added,
so that the ledger of any earlier instant can be told again to the byte.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

import polars as pl
from msgspec import Struct

from classifiers.findings import SURE_FROM, Record, RecordBand
from classifiers.forecasts import Forecast, is_same_failure, read_rows
from collector.replacing import replace
from collector.store import Reader

__all__ = [
    "MIN_SCORED",
    "SETTLEMENT_SCHEMA",
    "Claim",
    "Settlement",
    "claims_of",
    "claims_on",
    "read_claims",
    "record_of",
]

MIN_SCORED = 30  # settled verdicts below which no share is told
_NORMAL_95 = 1.959964  # of the standard normal distribution, two-sided

SETTLEMENT_SCHEMA: dict[str, pl.DataType] = {
    "forecast_id": pl.String(),
    "outcome": pl.String(),  # right | wrong | void | open
    "change_outcome": pl.String(),  # right where the named change alone was shown to do it, else ""
    "how": pl.String(),  # rollback | redeploy | fix | refutation | ended | contradiction | person
    "settled_by": pl.String(),  # rule | person: never who
    "statement": pl.String(),
    "note": pl.String(),  # a person's, redacted
    "entry_ids": pl.List(pl.String()),
    "trace_ids": pl.List(pl.String()),
    "revisions": pl.List(pl.String()),
    "rules": pl.Int32(),
    "settled_at_ns": pl.Int64(),
}

Outcome = Literal["right", "wrong", "void", "open"]


class Settlement(Struct, frozen=True):
    """What became of a claim, as a rule or a person said it: one row of SETTLEMENT_SCHEMA."""

    forecast_id: str
    outcome: Outcome
    how: str
    settled_by: Literal["rule", "person"]
    statement: str
    settled_at_ns: int
    change_outcome: str = ""
    note: str = ""
    entry_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    rules: int = 0


class Claim(Struct, frozen=True):
    """One verdict: as it was told first and last, and the last word of rules and of a person on it."""

    first: Forecast
    last: Forecast
    by_rule: Settlement | None = None
    by_person: Settlement | None = None
    is_excluded: bool = False  # another claim on the same episode was right

    @property
    def id(self) -> str:
        """The id that its rows share."""
        return self.first.forecast_id

    @property
    def outcome(self) -> Outcome:
        """What became of it; a person's word wins."""
        said = self.by_person or self.by_rule
        if said is not None:
            return said.outcome
        return "wrong" if self.is_excluded else "open"

    @property
    def is_scored(self) -> bool:
        """It was right or wrong."""
        return self.outcome in {"right", "wrong"}


def read_claims(reader: Reader, *, end_ns: int) -> tuple[Claim, ...]:
    """Every claim made before an instant, with what was known of it then; of a store that is older than them none."""
    forecasts = read_rows(reader.frame("find_forecasts", end_ns=end_ns), Forecast)
    return claims_of(forecasts, read_rows(reader.frame("find_settlements", end_ns=end_ns), Settlement))


def claims_on(claims: Iterable[Claim], told: Forecast) -> tuple[Claim, ...]:
    """Those on the failure that a verdict is about, in the order in which they were first told."""
    return tuple(claim for claim in claims if is_same_failure(claim.first, told))


def claims_of(forecasts: Sequence[Forecast], settlements: Sequence[Settlement]) -> tuple[Claim, ...]:
    """Claims in the order in which they were first told; both arguments in order of time."""
    rows: dict[str, list[Forecast]] = defaultdict(list)
    for forecast in forecasts:
        rows[forecast.forecast_id].append(forecast)
    last = {(one.forecast_id, one.settled_by): one for one in settlements}
    claims = []
    for name, told in rows.items():
        person = last.get((name, "person"))
        said = person if person is not None and person.outcome != "open" else None
        claims.append(Claim(told[0], told[-1], last.get((name, "rule")), said))
    right = {claim.first.episode_id: claim.id for claim in claims if claim.outcome == "right"}
    return tuple(
        replace(claim, is_excluded=right.get(claim.first.episode_id, claim.id) != claim.id) for claim in claims
    )


def record_of(claims: Iterable[Claim]) -> Record:
    """The record of claims: counts, and from MIN_SCORED settled ones on the score of each word."""
    every = tuple(claims)
    scored = [claim for claim in every if claim.is_scored]
    record = Record(
        verdicts=len(every),
        settled=len(scored),
        right=sum(claim.outcome == "right" for claim in scored),
        void=sum(claim.outcome == "void" for claim in every),
        by_person=sum(claim.by_person is not None for claim in scored),
    )
    if len(scored) < MIN_SCORED:
        return record
    errors = [(claim.first.confidence - (claim.outcome == "right")) ** 2 for claim in scored]
    return replace(record, brier=round(math.fsum(errors) / len(errors), 4), bands=tuple(_bands(scored)))


def _bands(scored: Sequence[Claim]) -> Iterable[RecordBand]:
    above = math.inf
    for least in SURE_FROM:
        own = [claim for claim in scored if least <= claim.first.confidence < above]
        above = least
        if own:
            right = sum(claim.outcome == "right" for claim in own)
            said = math.fsum(claim.first.confidence for claim in own) / len(own)
            low, high = _wilson(right, len(own))
            yield RecordBand(least, len(own), right, round(said, 4), round(low, 4), round(high, 4))


def _wilson(right: int, many: int) -> tuple[float, float]:
    """Wilson's score interval of a share, 95 %."""
    z2 = _NORMAL_95**2
    share = right / many
    middle = (share + z2 / (2 * many)) / (1 + z2 / many)
    half = _NORMAL_95 * math.sqrt(share * (1 - share) / many + z2 / (4 * many**2)) / (1 + z2 / many)
    return max(0.0, middle - half), min(1.0, middle + half)

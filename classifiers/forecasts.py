"""Forecasts: each verdict on an incident as a dated claim with a probability, and when a look at it is worth a new row.

A claim is one verdict on one episode of one failure: this revision did it, or this other cause. Hourly looks that say
the same add nothing. A row is added when another verdict stands (a claim of its own), when the probability moved by
`forecasts.moved` or crossed into another word of certainty, or when another change is named: smaller moves come from a
few more requests, and nobody was told anything else. The first row is scored, since it was told when least was known;
the last one is kept beside it. Where no explanation stands out nothing is claimed, and nothing stored.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

import orjson
import polars as pl
from msgspec import Struct
from msgspec.structs import asdict

from classifiers.config import ForecastConfig
from classifiers.explained import BLAMED
from classifiers.findings import SURE_FROM, Absence, Cluster, Evidence, Findings, Latency
from classifiers.signatures import RULES
from collector.replacing import replace

__all__ = [
    "FORECAST_SCHEMA",
    "MODEL",
    "Forecast",
    "forecast_of",
    "forecasts_of",
    "frame_of",
    "is_same_episode",
    "is_same_failure",
    "is_same_verdict",
    "new_forecasts",
    "placed_among",
    "read_rows",
]

Row = TypeVar("Row")
MODEL = 1  # rises when attribution weighs differently, so that records of before can be told apart
_SLACK_NS = 600_000_000_000  # by which the ends of an onset move as late rows arrive
_SAME_SIGNATURES = 0.5  # share of the smaller set from which two clusters are one failure, whichever leads

FORECAST_SCHEMA: dict[str, pl.DataType] = {
    "forecast_id": pl.String(),  # of the claim; several rows may bear it
    "episode_id": pl.String(),  # of the failure since one onset; rival claims on it share it
    "project": pl.String(),
    "cluster_id": pl.String(),
    "service": pl.String(),  # that fails
    "signature_ids": pl.List(pl.String()),
    "cause": pl.String(),  # revision, else what was told instead of one
    "blamed_service": pl.String(),  # "" where no revision is blamed, as in the next five
    "revision": pl.String(),
    "good_revision": pl.String(),
    "change_type": pl.String(),
    "change_name": pl.String(),
    "also_changed": pl.List(pl.String()),  # `type name`, not separable from the change
    "confidence": pl.Float64(),
    "basis": pl.String(),  # the check that decided, in words; else its query or named rule
    "rivals": pl.String(),  # JSON: [[cause, confidence], ...] of every explanation that was weighed
    "onset_ns": pl.Int64(),
    "earliest_ns": pl.Int64(),
    "latest_ns": pl.Int64(),
    "unit": pl.String(),
    "units": pl.Int64(),
    "state": pl.String(),
    "rules": pl.Int32(),
    "model": pl.Int32(),
    "made_at_ns": pl.Int64(),
    "made_by": pl.String(),  # daemon, or settle: told when a person asked
}


class Forecast(Struct, frozen=True):
    """One row of FORECAST_SCHEMA. Both ids are empty until it is compared with what is stored."""

    project: str
    cluster_id: str
    service: str
    signature_ids: tuple[str, ...]
    cause: str
    blamed_service: str
    revision: str
    good_revision: str
    change_type: str
    change_name: str
    also_changed: tuple[str, ...]
    confidence: float
    basis: str
    rivals: str
    onset_ns: int
    earliest_ns: int
    latest_ns: int
    unit: str
    units: int
    state: str
    rules: int
    model: int
    made_at_ns: int
    made_by: str
    forecast_id: str = ""
    episode_id: str = ""

    @property
    def is_claim(self) -> bool:
        """Something was told that can be right or wrong."""
        return self.confidence >= BLAMED


def forecasts_of(findings: Findings, *, made_by: str) -> tuple[Forecast, ...]:
    """What these findings claim of the root of each incident; none of an incident whose cause they cannot tell."""
    every: tuple[Cluster | Latency | Absence, ...] = (*findings.clusters, *findings.latency, *findings.absent_events)
    known = {one.id: one for one in every}
    told = [
        forecast_of(known[incident.root], made_at_ns=findings.now_ns, made_by=made_by)
        for incident in findings.incidents
        if incident.root in known
    ]
    return tuple(one for one in told if one.is_claim)


def forecast_of(found: Cluster | Latency | Absence, *, made_at_ns: int, made_by: str) -> Forecast:
    """The verdict on one finding: a blamed revision, else a named cause that evidence stands for.

    Its confidence is 0 where nothing was claimed.
    """
    attribution = found.attribution
    blamed = attribution if attribution and attribution.confidence >= BLAMED else None
    likely = _cause_of(found)
    cause = "revision" if blamed else likely if likely != "revision" else "unknown"
    rival = None
    if blamed is None and cause != "unknown":
        named = (one for one in found.hypotheses if one.cause == cause and one.evidence)
        rival = next((one for one in named if one.confidence >= BLAMED), None)
    change = blamed.change if blamed else None
    told = blamed or rival
    onset, units, state = found.onset, *_counted(found)
    return Forecast(
        project=found.project,
        cluster_id=found.id,
        service=found.service,
        signature_ids=found.signature_ids if isinstance(found, Cluster) else (found.id,),
        cause=cause,
        blamed_service=blamed.service if blamed else "",
        revision=blamed.revision if blamed else "",
        good_revision=(blamed.good_revision or "") if blamed else "",
        change_type=change.type if change else "",
        change_name=change.name if change else "",
        also_changed=tuple(f"{one.type} {one.name}" for one in blamed.also_changed) if blamed else (),
        confidence=told.confidence if told else 0.0,
        basis=(blamed.decided_by if blamed else "") or _basis(told.evidence if told else ()),
        rivals=orjson.dumps([[one.cause, one.confidence] for one in found.hypotheses]).decode(),
        onset_ns=onset.at_ns if onset else 0,
        earliest_ns=onset.earliest_ns if onset else 0,
        latest_ns=onset.latest_ns if onset else 0,
        unit=onset.unit if onset else "requests",
        units=units,
        state=state,
        rules=RULES,
        model=MODEL,
        made_at_ns=made_at_ns,
        made_by=made_by,
    )


def _cause_of(found: Cluster | Latency | Absence) -> str:
    """The cause; of a missing event that of the likeliest explanation."""
    if not isinstance(found, Absence):
        return found.cause
    return max(found.hypotheses, key=lambda one: one.confidence).cause if found.hypotheses else "unknown"


def _counted(found: Cluster | Latency | Absence) -> tuple[int, str]:
    """How often it was seen, and its state."""
    if isinstance(found, Cluster):
        return found.units, found.state
    many = found.slow if isinstance(found, Latency) else found.since.trials - found.since.seen
    return many, "ongoing" if found.is_ongoing else "resolved"


def new_forecasts(
    told: Iterable[Forecast], stored: Sequence[Forecast], settled: Collection[str], config: ForecastConfig
) -> tuple[Forecast, ...]:
    """Those of `told` that must be stored, with their ids. stored: in order of time; settled: ids of claims."""
    rows = list(stored)
    for forecast in told:
        placed = placed_among(forecast, rows, settled)
        before = next((one for one in reversed(rows) if one.forecast_id == placed.forecast_id), None)
        if before is None and _is_echo(placed, rows):
            continue
        if before is None or _has_moved(before, placed, config):
            rows.append(placed)
    return tuple(rows[len(stored) :])


def placed_among(forecast: Forecast, rows: Sequence[Forecast], settled: Collection[str]) -> Forecast:
    """The forecast with the ids of the claim and the episode it belongs to, or with new ones.

    An onset that moved far makes no second claim that one revision did one thing, while the first is open.
    """
    near = next((one for one in reversed(rows) if is_same_episode(one, forecast)), None)
    if near is None and forecast.revision:
        repeated = (one for one in reversed(rows) if is_same_failure(one, forecast) and is_same_verdict(one, forecast))
        near = next((one for one in repeated if one.forecast_id not in settled), None)
    episode = near.episode_id if near else _id("episode", forecast.project, forecast.cluster_id, forecast.onset_ns)
    claim = _id("claim", episode, forecast.cause, forecast.blamed_service, forecast.revision)
    return replace(forecast, episode_id=episode, forecast_id=claim)


def is_same_episode(one: Forecast, other: Forecast) -> bool:
    """Both tell of the same failure since the same onset, give or take ten minutes."""
    return _touches(one, other) and is_same_failure(one, other)


def is_same_failure(one: Forecast, other: Forecast) -> bool:
    """Both tell of one cluster, or of two of one service that share most of their signatures."""
    if (one.project, one.service) != (other.project, other.service):
        return False
    mine, theirs = set(one.signature_ids), set(other.signature_ids)
    shared = len(mine & theirs) > _SAME_SIGNATURES * min(len(mine), len(theirs))
    return one.cluster_id == other.cluster_id or shared


def is_same_verdict(one: Forecast, other: Forecast) -> bool:
    """Both blame the same revision, or the same other cause."""
    verdicts = [(each.project, each.cause, each.blamed_service, each.revision) for each in (one, other)]
    return verdicts[0] == verdicts[1]


def frame_of(records: Iterable[Any], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Records as rows of a schema that has all their fields."""
    rows = [asdict(one) for one in records]
    return pl.DataFrame([[_plain(row[name]) for name in schema] for row in rows], schema=schema, orient="row")


def read_rows(rows: pl.DataFrame, kind: type[Row]) -> tuple[Row, ...]:
    """Rows as records whose fields are the columns; lists become tuples."""
    return tuple(
        kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items()})
        for row in rows.iter_rows(named=True)
    )


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _basis(evidence: Sequence[Evidence]) -> str:
    """The check that stands for a verdict: the rule of an inference, else the first query of a measurement."""
    ranked = sorted((one for one in evidence if one.query), key=lambda one: one.kind != "inferred")
    return ranked[0].query or "" if ranked else ""


def _id(*parts: object) -> str:
    return hashlib.blake2b(orjson.dumps(parts), digest_size=8).hexdigest()


def _is_echo(forecast: Forecast, rows: Sequence[Forecast]) -> bool:
    """What is over, and began with a failure for which that very revision was blamed before: its symptom until now.

    A symptom becomes a root of its own once its cause begins another episode; nothing new was claimed with that.
    """
    if forecast.state != "resolved" or not forecast.revision:
        return False
    return any(is_same_verdict(one, forecast) and _touches(one, forecast) for one in rows)


def _touches(one: Forecast, other: Forecast) -> bool:
    latest_start = max(one.earliest_ns, other.earliest_ns)
    return latest_start <= min(one.latest_ns, other.latest_ns) + _SLACK_NS


def _has_moved(before: Forecast, now: Forecast, config: ForecastConfig) -> bool:
    """Somebody was told something else: another word of certainty, another number, another change."""
    is_other_word = _word(before.confidence) != _word(now.confidence)
    is_other_change = (before.change_type, before.change_name) != (now.change_type, now.change_name)
    return is_other_word or is_other_change or abs(now.confidence - before.confidence) >= config.moved


def _word(confidence: float) -> int:
    """The place of the word that a probability is told with."""
    return sum(confidence >= floor for floor in SURE_FROM)

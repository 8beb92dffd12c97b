"""Hollow events: fields that an event had with a value and lacks since then. Judged as failures are.

Every event is a trial; one without the field is a bad one. A field that comes under another name is told as renamed;
where several events lose all their fields at once, the log is written otherwise and nothing is hollow.
"""

from collections.abc import Sequence

import polars as pl
from msgspec import Struct

from classifiers.accusation import attribution_of
from classifiers.cases import Case
from classifiers.causes import hypotheses_of
from classifiers.config import AttributionConfig, OnsetConfig
from classifiers.event_rows import EVENT_KEYS, EventRows
from classifiers.explained import BLAMED
from classifiers.findings import Absence, EventCount, Evidence
from classifiers.history import History
from classifiers.missing import LEAST, Missed, Sides, is_lost, no_samples, onset_of, sides_of
from classifiers.series import series_of
from classifiers.suspects import Suspects
from classifiers.telling import revision_counts
from classifiers.trials import TRIAL_SCHEMA, Subject, trial_case
from classifiers.weighing import Judged, weigh_cases
from collector.window import Window

__all__ = ["find_hollow"]

_SAME = 0.7  # of the rate of the old field that a new one must have
_NEW = 0.1  # ... and had at most before
_WRITTEN_OTHERWISE = 2  # events without any field from which the log is
_SHOWN = 5


class _Field(Struct, frozen=True):
    """A field of an event; `trials` are columns of TRIAL_SCHEMA, `fields` and `insert_id`."""

    project: str
    service: str
    event: str
    name: str
    trials: pl.DataFrame


def find_hollow(
    rows: EventRows, history: History, suspects: Suspects, *, onset: OnsetConfig, config: AttributionConfig
) -> tuple[Missed, ...]:
    """Events that lack a field, by service, event and field."""
    fields, cases = {}, []
    for field in _fields(rows):
        case = _case(field, history, onset)
        if case and case.fit.is_change and case.in_window:
            fields[case.cluster_id] = field
            cases.append(case)
    judged = weigh_cases(cases, {}, suspects, history, no_samples(), config, looks=max(len(cases), 1))
    told = [
        (fields[one.case.cluster_id], one.case, _absence(one, fields[one.case.cluster_id], history.window))
        for one in judged
    ]
    kept = [(field, Missed(one, case)) for field, case, one in told if one]
    return tuple(
        sorted(_believed(kept), key=lambda one: (one.absence.service, one.absence.event, one.absence.field or ""))
    )


def _fields(rows: EventRows) -> list[_Field]:
    """Every field that was missing in some of the events that were read, and present in others."""
    found = []
    for key, told in rows.hollow.group_by(EVENT_KEYS, maintain_order=True):
        project, service, event = (str(part) for part in key)
        counts = told["fields"].explode().drop_nulls().value_counts().sort("fields")
        for name, many in counts.iter_rows():
            if LEAST <= many <= told.height - LEAST:
                trials = told.with_columns(
                    origin=pl.lit("unknown"), is_bad=~pl.col("fields").list.contains(name),
                )  # fmt: skip
                found.append(_Field(project, service, event, name, trials))
    return found


def _case(field: _Field, history: History, onset: OnsetConfig) -> Case | None:
    title = f"{field.event} lacks {field.name}"
    return trial_case(
        Subject("hollow", field.project, field.service, field.event, title, part=field.name),
        field.trials.select(list(TRIAL_SCHEMA)),
        timeline=history.exposure.timeline,
        start_ns=history.window.start_ns,
        config=onset,
    )


def _absence(judged: Judged, field: _Field, window: Window) -> Absence | None:
    case = judged.case
    attribution = attribution_of(judged)
    blamed = attribution if attribution and attribution.confidence >= BLAMED else None
    sides = sides_of(case, field.trials, blamed)
    before, since = sides.counts
    if not is_lost(before, since, is_blamed=blamed is not None):
        return None
    renamed = _new_name(field, sides, before)
    return Absence(
        event=field.event,
        service=field.service,
        field=field.name,
        attribution=attribution,
        project=field.project,
        kind="renamed" if renamed else "hollow",
        trigger=field.event,
        before=before,
        since=since,
        onset=onset_of(case),
        hypotheses=hypotheses_of(judged, "unknown"),
        evidence=(_evidence(field, sides),),
        renamed_to=renamed,
        is_ongoing=case.fit.ended_latest_ns is None,
        per_revision=revision_counts(case),
        series=series_of(case, window, attribution),
    )


def _new_name(field: _Field, sides: Sides, before: EventCount) -> str | None:
    """Another field that came in its place, as often, since the same moment."""
    missing, earlier = _rates(sides.since.filter("is_bad")), _rates(sides.before)
    fresh = [
        (rate, name)
        for name, rate in missing.items()
        if rate >= _SAME * before.rate and earlier.get(name, 0.0) <= _NEW * before.rate and name != field.name
    ]
    return max(fresh)[1] if fresh else None


def _rates(side: pl.DataFrame) -> dict[str, float]:
    counted = side["fields"].explode().drop_nulls().value_counts()
    return {name: many / side.height for name, many in counted.iter_rows()}


def _evidence(field: _Field, sides: Sides) -> Evidence:
    before, since = sides.counts
    missing = sides.since.filter("is_bad")
    return Evidence(
        "measured",
        f"{field.name} came with {before.seen:,} of {before.trials:,} {field.event} before, and with {since.seen:,} of "
        f"{since.trials:,} since.",
        "find_event_rows",
        tuple(missing["insert_id"].head(_SHOWN)),
        tuple(missing["trace"].drop_nulls().unique(maintain_order=True).head(_SHOWN)),
        tuple(missing["revision"].unique().sort()),
    )


def _believed(told: Sequence[tuple[_Field, Missed]]) -> list[Missed]:
    """All but those of services in which several events lost every field at once."""
    bare: dict[tuple[str, str], set[str]] = {}
    for field, _ in told:
        kept = field.trials.filter("is_bad")["fields"]
        if kept.len() and kept.list.len().median() == 0:
            bare.setdefault((field.project, field.service), set()).add(field.event)
    otherwise = {place for place, events in bare.items() if len(events) >= _WRITTEN_OTHERWISE}
    return [one for field, one in told if (field.project, field.service) not in otherwise]

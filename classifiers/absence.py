"""Absence: events that stopped although what triggers them went on, judged as failures are.

Every request after which an event was to come is a trial; one without it is a bad one. What a revision, an outage or
chance has to do with it is weighed by the court that weighs failures. A finding must lose most of what came before, on
enough trials, and must not be told by anything else: a failure at the same moment, a new name, a log that fell silent.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from classifiers.accusation import attribution_of
from classifiers.blocks import in_blocks
from classifiers.cases import Case
from classifiers.causes import hypotheses_of
from classifiers.event_rows import EventRows
from classifiers.findings import Absence, EventCount, Evidence
from classifiers.history import History
from classifiers.missing import BLAMED, LEAST, Sides, is_explained, is_lost, no_samples, onset_of, sides_of
from classifiers.onset import OnsetConfig
from classifiers.origin import origin_of_share
from classifiers.priors import AttributionConfig
from classifiers.suspects import Suspects
from classifiers.trials import TRIAL_SCHEMA, Subject, trial_case
from classifiers.triggers import Trigger, find_triggers
from classifiers.weighing import Judged, weigh_cases

__all__ = ["failed_keys", "find_absences"]

_QUIET = 0.25  # of the lines of before: a service that says so little has turned its log down
_SAME = 0.7  # of the rate of the old name that a new one must have
_NEW = 0.1  # ... and had at most before
_ERROR = 17
_SHOWN = 5


def find_absences(
    rows: EventRows, history: History, suspects: Suspects, problems: Sequence[Case], *, onset: OnsetConfig,
    config: AttributionConfig,
) -> tuple[Absence, ...]:  # fmt: skip
    """Events that stopped, by service and name."""
    triggers = {}
    cases = []
    for trigger in find_triggers(rows, failed_keys(history)):
        case = _case(trigger, history, onset)
        if case and case.fit.is_change and case.in_window:
            triggers[case.cluster_id] = trigger
            cases.append(case)
    judged = weigh_cases(cases, {}, suspects, history, no_samples(), config, looks=max(len(cases), 1))
    told = [_absence(one, triggers[one.case.cluster_id], rows, problems) for one in judged]
    return tuple(sorted((one for one in told if one), key=lambda one: (one.service, one.event)))


def _case(trigger: Trigger, history: History, onset: OnsetConfig) -> Case | None:
    subject = Subject("absent", trigger.project, trigger.service, trigger.event, f"{trigger.event} no longer comes")
    return trial_case(
        subject,
        in_blocks(trigger.trials.select(list(TRIAL_SCHEMA))),
        timeline=history.exposure.timeline,
        start_ns=history.window.start_ns,
        config=onset,
    )


def failed_keys(history: History) -> set[str]:
    """Traces and requests in which a service told of an error."""
    failed = history.failures.filter(pl.col("severity") >= _ERROR)
    return set(failed.select(pl.coalesce("trace", "borrowed")).to_series().drop_nulls())


def _absence(judged: Judged, trigger: Trigger, rows: EventRows, problems: Sequence[Case]) -> Absence | None:
    """What is told of one event; None for what something else explains, or too little speaks for."""
    case = judged.case
    attribution = attribution_of(judged)
    blamed = attribution if attribution and attribution.confidence >= BLAMED else None
    sides = sides_of(case, trigger.trials, blamed)
    before, since = sides.counts
    if not is_lost(before, since, is_blamed=blamed is not None) or is_explained(case, since, problems):
        return None
    if _is_silenced(trigger, sides, rows):
        return None
    renamed = _new_name(trigger, sides, before) or _moved(trigger, case, rows)
    origin, _ = origin_of_share(case.origins)
    return Absence(
        event=trigger.event,
        service=trigger.service,
        field=None,
        attribution=attribution,
        project=trigger.project,
        kind="renamed" if renamed else "stopped",
        trigger=trigger.name,
        before=before,
        since=since,
        onset=onset_of(case),
        hypotheses=hypotheses_of(judged, origin),
        evidence=(*_evidence(trigger, sides, rows), *_health(trigger, sides, rows)),
        origin=origin,
        renamed_to=renamed,
        is_ongoing=case.fit.ended_latest_ns is None,
    )


def _is_silenced(trigger: Trigger, sides: Sides, rows: EventRows) -> bool:
    """Whether the service turned its log down: what else it writes became as rare, or all it wrote is gone."""
    keys = (pl.col("project") == trigger.project) & (pl.col("service") == trigger.service)
    events = rows.counts.filter(keys & (pl.col("source") == "log"))
    others = (
        rows.lines.filter(keys)
        .join(events.group_by("revision", "step").agg(pl.col("events").sum()), on=["revision", "step"], how="left")
        .with_columns(others=pl.col("lines") - pl.col("events").fill_null(0))
    )
    before, since = (_others(others, side, rows) for side in (sides.before, sides.since))
    if before is None:
        return sides.since["events"].list.len().sum() == 0  # it writes nothing but events: a log that ends looks so
    return since is None or since < _QUIET * before


def _others(others: pl.DataFrame, side: pl.DataFrame, rows: EventRows) -> float | None:
    """Lines that are no events for each trial, in the steps and revisions of these trials."""
    start = rows.start_ns
    steps = side.group_by("revision", step=(pl.col("at_ns") - start) // rows.step_ns).agg(trials=pl.len())
    told = int(steps.join(others, on=["revision", "step"], how="left")["others"].fill_null(0).sum())
    return told / side.height if told and side.height else None


def _new_name(trigger: Trigger, sides: Sides, before: EventCount) -> str | None:
    """Another event that came instead of it, as often, since the same moment."""
    missing = sides.since.filter("is_bad")
    rates = _rates(missing)
    earlier = _rates(sides.before)
    fresh = [
        (rate, name)
        for name, rate in rates.items()
        if rate >= _SAME * before.rate and earlier.get(name, 0.0) <= _NEW * before.rate and name != trigger.event
    ]
    return max(fresh)[1] if fresh else None


def _rates(side: pl.DataFrame) -> Mapping[str, float]:
    """Share of the trials with each event."""
    counted = side["events"].explode().drop_nulls().value_counts()
    return {name: many / side.height for name, many in counted.iter_rows()}


def _moved(trigger: Trigger, case: Case, rows: EventRows) -> str | None:
    """The event, in another service that tells it since then."""
    elsewhere = (
        rows.counts.filter(
            (pl.col("project") == trigger.project)
            & (pl.col("event") == trigger.event)
            & (pl.col("service") != trigger.service)
        )
        .group_by("service")
        .agg(pl.col("first_ns").min(), pl.col("events").sum())
        .filter((pl.col("first_ns") >= case.fit.last_good_ns) & (pl.col("events") >= LEAST))
        .sort("service")
    )
    return f"{trigger.event} of {elsewhere['service'][0]}" if elsewhere.height else None


def _evidence(trigger: Trigger, sides: Sides, rows: EventRows) -> tuple[Evidence, ...]:
    """What was counted, with traces that miss the event."""
    before, since = sides.counts
    missing = sides.since.filter("is_bad")
    revisions = missing["revision"].unique().sort().to_list()
    one_in = rows.sampled.get(trigger.service, 1)
    sampled = f", one request in {one_in} looked at" if one_in > 1 else ""
    joined = "; lines were joined to requests by instance and time" if trigger.is_near else ""
    statement = (
        f"{trigger.event} came after {before.seen:,} of {before.trials:,} requests {trigger.name} before, "
        f"and after {since.seen:,} of {since.trials:,} since{sampled}{joined}."
    )
    traces = [key for key in missing["trace"].to_list() if not key.startswith("request:")]
    ids = [key.removeprefix("request:") for key in missing["trace"].to_list() if key.startswith("request:")]
    return (
        Evidence(
            "measured", statement, "find_event_requests", tuple(ids[:_SHOWN]), tuple(traces[:_SHOWN]), tuple(revisions)
        ),
    )


def _health(trigger: Trigger, sides: Sides, rows: EventRows) -> tuple[Evidence, ...]:
    """Health checks that the same revisions passed meanwhile, where there were any."""
    step = (pl.col("at_ns") - rows.start_ns) // rows.step_ns
    missing = sides.since.filter("is_bad").select("revision", step=step).unique()
    own = rows.health.filter((pl.col("project") == trigger.project) & (pl.col("service") == trigger.service))
    passed = own.join(missing, on=["revision", "step"], how="semi")
    many = int(passed["checks"].sum())
    if not many:
        return ()
    path = passed.group_by("path").agg(pl.col("checks").sum()).sort("checks", "path")["path"][-1]
    told = f"{path} was answered with success {many:,} times meanwhile."
    return (Evidence("measured", told, "count_health_checks", revisions=tuple(sorted(set(passed["revision"])))),)

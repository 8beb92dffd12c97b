"""Absence: events that stopped although what triggers them went on, judged as failures are.

Every request after which an event was to come is a trial; one without it is a bad one. What a revision, an outage or
chance has to do with it is weighed by the court that weighs failures. A finding must lose most of what came before, on
enough trials, and must not be told by anything else: a failure at the same moment, a new name, a log that fell silent.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl
from msgspec import Struct

from classifiers.accusation import attribution_of
from classifiers.blocks import in_blocks
from classifiers.cases import Case
from classifiers.causes import hypotheses_of
from classifiers.config import AttributionConfig, OnsetConfig
from classifiers.event_rows import EventRows
from classifiers.explained import BLAMED
from classifiers.findings import Absence, EventCount, Evidence
from classifiers.history import History
from classifiers.missing import LEAST, Missed, Sides, explained_by, is_lost, no_samples, onset_of, sides_of
from classifiers.origin import origin_of_share
from classifiers.series import series_of
from classifiers.silence import find_silence, silence_evidence
from classifiers.suspects import Suspects
from classifiers.telling import revision_counts
from classifiers.trials import TRIAL_SCHEMA, Subject, trial_case
from classifiers.triggers import Trigger, find_triggers, find_unheard
from classifiers.upstream import Upstream, find_upstream
from classifiers.weighing import Judged, weigh_cases

__all__ = ["failed_keys", "find_absences"]

_SAME = 0.7  # of the rate of the old name that a new one must have
_NEW = 0.1  # ... and had at most before
_ERROR = 17
_SHOWN = 5


class _Court(Struct, frozen=True):
    """Weighs triggers that miss their event."""

    history: History
    suspects: Suspects
    onset: OnsetConfig
    config: AttributionConfig

    def open(self, triggers: Iterable[Trigger]) -> list[tuple[Case, Trigger]]:
        """Those whose event is missing since a moment, in the window."""
        cases = ((self._case(trigger), trigger) for trigger in triggers)
        return [(case, trigger) for case, trigger in cases if case and case.fit.is_change and case.in_window]

    def judge(self, opened: Sequence[tuple[Case, Trigger]]) -> list[tuple[Judged, Trigger]]:
        """A verdict on each."""
        cases = [case for case, _ in opened]
        looks = max(len(cases), 1)
        judged = weigh_cases(cases, {}, self.suspects, self.history, no_samples(), self.config, looks=looks)
        return list(zip(judged, (trigger for _, trigger in opened), strict=True))

    def _case(self, trigger: Trigger) -> Case | None:
        title = f"{trigger.event} no longer comes"
        owner, teller = (trigger.caller, trigger.service) if trigger.caller else (trigger.service, "")
        return trial_case(
            Subject("absent", trigger.project, owner, trigger.event, title, part=teller),
            in_blocks(trigger.trials.select(list(TRIAL_SCHEMA))),
            timeline=self.history.exposure.timeline,
            start_ns=self.history.window.start_ns,
            config=self.onset,
        )


def find_absences(
    rows: EventRows, history: History, suspects: Suspects, problems: Sequence[Case], *, onset: OnsetConfig,
    config: AttributionConfig,
) -> tuple[Missed, ...]:  # fmt: skip
    """Events that stopped, by service and name; those that a failure explains name it."""
    court = _Court(history, suspects, onset, config)
    failed = failed_keys(history)
    own = court.open(find_triggers(rows, failed))
    known = {trigger.key for _, trigger in own}
    above = [found for callers in find_upstream(rows, failed, known) for found in _nearest(callers, court)]
    by_teller = {trigger.key: (one, trigger) for one, trigger in court.judge([found for _, found in above if found])}
    by_caller = court.judge([found for found, _ in above])
    chosen = [max((found, by_teller.get(found[1].key, found)), key=_confidence) for found in by_caller]
    told = [_absence(one, trigger, rows, problems, history) for one, trigger in [*court.judge(own), *chosen]]
    missed = [one.absence for one in told if one and not one.cause]
    seen = {*known, *((one.project, one.service, one.event) for one in missed)}
    unheard = court.open(find_unheard(rows, failed, _wrote_ns(history), seen))
    told += [_absence(one, trigger, rows, problems, history) for one, trigger in court.judge(unheard)]
    found = {one.absence.id: one for one in sorted(filter(None, told), key=lambda one: not one.cause)}
    return tuple(sorted(found.values(), key=lambda one: (one.absence.service, one.absence.event, one.absence.id)))


def _nearest(
    callers: Iterable[Upstream], court: _Court
) -> list[tuple[tuple[Case, Trigger], tuple[Case, Trigger] | None]]:
    """The nearest caller whose requests miss the event, by its own revisions and by those of who tells it."""
    for one in callers:
        found = court.open([one.by_caller])
        if found:
            return [(found[0], next(iter(court.open([one.by_teller])), None))]
    return []


def _confidence(found: tuple[Judged, Trigger]) -> float:
    attribution = attribution_of(found[0])
    return attribution.confidence if attribution else 0.0


def _wrote_ns(history: History) -> dict[tuple[str, str], int]:
    """The begin of the last stretch of time in which an entry of each service came, by project and service."""
    line = history.exposure.timeline
    found = {}
    for place in history.exposure.services():
        bins = history.exposure.instance_minutes(*place).total.nonzero()[0]
        if bins.size:
            found[place] = line.start_ns + int(bins[-1]) * line.bin_ns
    return found


def failed_keys(history: History) -> set[str]:
    """Traces and requests in which a service told of an error."""
    failed = history.failures.filter(pl.col("severity") >= _ERROR)
    return set(failed.select(pl.coalesce("trace", "borrowed")).to_series().drop_nulls())


def _absence(
    judged: Judged, trigger: Trigger, rows: EventRows, problems: Sequence[Case], history: History
) -> Missed | None:
    """What is told of one event; None for what too little speaks for, or what something else explains from afar."""
    case = judged.case
    attribution = attribution_of(judged)
    blamed = attribution if attribution and attribution.confidence >= BLAMED else None
    sides = sides_of(case, trigger.trials, blamed)
    before, since = sides.counts
    if not is_lost(
        before, since, is_blamed=blamed is not None, is_from_above=trigger.is_above, is_near=trigger.is_near
    ):
        return None
    cause = explained_by(case, since, problems, is_anywhere=trigger.is_above)
    silence = "" if trigger.caller else find_silence(trigger, sides, rows)
    if silence == "turned down":
        return None
    is_unheard = bool(trigger.caller) and blamed is None and not _writes(trigger, case, history)
    renamed = _new_name(trigger, sides, before) or _moved(trigger, case, rows)
    origin, _ = origin_of_share(case.origins)
    unknown = _unheard(trigger) if is_unheard else () if not silence else silence_evidence(trigger, sides, case.fit)
    if cause and (unknown or renamed or not _is_near(cause, case)):
        return None
    absence = Absence(
        event=trigger.event,
        service=trigger.service,
        field=None,
        attribution=attribution,
        project=trigger.project,
        kind="renamed" if renamed else "unknown" if unknown else "stopped",
        trigger=trigger.name,
        before=before,
        since=since,
        onset=onset_of(case),
        hypotheses=hypotheses_of(judged, origin),
        evidence=(*_evidence(trigger, sides, rows), *_health(trigger, sides, rows), *unknown),
        origin=origin,
        renamed_to=renamed,
        is_ongoing=case.fit.ended_latest_ns is None,
        per_revision=revision_counts(case),
        series=series_of(case, history.window, attribution),
    )
    return Missed(absence, case, cause.cluster_id if cause else "")


def _is_near(cause: Case, case: Case) -> bool:
    return (cause.project, cause.service) == (case.project, case.service) or bool(cause.met_ns.keys() & case.met_ns)


def _writes(trigger: Trigger, case: Case, history: History) -> bool:
    """Whether the service that tells the event wrote anything since: else its log may have ended."""
    grid = history.exposure.instance_minutes(trigger.project, trigger.service)
    first = int(grid.timeline.bin_of(np.array([case.fit.latest_ns]))[0])
    return bool(grid.by_revision) and float(grid.total[first + 1 :].sum()) > 0


def _unheard(trigger: Trigger) -> tuple[Evidence, ...]:
    """Why nothing can be said of an event of a service that nothing is heard of."""
    told = f"{trigger.service} wrote nothing at all since: whether it was not asked, or its log ended, is not known."
    return (Evidence("unknown", told),)


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
    way = "number" if trigger.caller else "instance"
    joined = f"; lines were joined to requests by {way} and time" if trigger.is_near else ""
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
    passed = own.join(missing, on=["step"] if trigger.caller else ["revision", "step"], how="semi")
    many = int(passed["checks"].sum())
    if not many:
        return ()
    path = passed.group_by("path").agg(pl.col("checks").sum()).sort("checks", "path")["path"][-1]
    told = f"{path} was answered with success {many:,} times meanwhile."
    return (Evidence("measured", told, "count_health_checks", revisions=tuple(sorted(set(passed["revision"])))),)

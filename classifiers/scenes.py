"""A scene: one claim beside the failures and the exposure of its cluster, parted by who served when.

Stretches of whole bins, with what failed in them and what was exposed. Of a failure in the blamed service itself both
are told by revision; of one in another service, by the bins in which revisions of the blamed one served.
"""

from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.cases import Case
from classifiers.changes import difference
from classifiers.forecasts import Forecast
from classifiers.history import History
from classifiers.order import deploy_order
from classifiers.telling import failed_of
from classifiers.traces import is_trace
from collector.records import Revision

__all__ = ["Scene", "Stretch"]

_EXISTS_NS = 60_000_000_000  # clocks differ, and instances fail while they start
_AT_ONCE_NS = 120_000_000_000  # another deploy this near could have ended the failure too
_ENV = frozenset({"env_removed", "env_added", "env_changed", "secret_ref_changed"})
_MOVES = frozenset({"change", "created", "deploy", "traffic"})  # kinds of facts that could end a failure
_SAMPLE = 2  # references of each kind that one stretch lends to its evidence
_NAMED = 2


class Stretch(Struct, frozen=True):
    """Bins [start, stop) with what failed and what was exposed there, of some revisions."""

    start: int
    stop: int
    failures: int
    exposed: float
    revisions: tuple[str, ...]
    words: str
    entry_ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Failures per exposed unit, at most 1; a failed one was exposed."""
        return self.failures / max(self.exposed, float(self.failures)) if self.failures else 0.0

    @property
    def named(self) -> str:
        """Its revisions: two by name, the rest counted."""
        left = len(self.revisions) - _NAMED
        return " and ".join((*self.revisions[:_NAMED], *([f"{left} more"] if left > 0 else [])))


class Scene(Struct, frozen=True, dict=True):
    """One claim on one case. `revisions`: of the blamed service, in the order of deploying."""

    forecast: Forecast
    case: Case
    history: History
    revisions: tuple[Revision, ...]

    @classmethod
    def of(cls, forecast: Forecast, case: Case, history: History) -> "Scene":
        """The scene of a claim as it was told first."""
        service = forecast.blamed_service or forecast.service
        return cls(forecast, case, history, deploy_order(history.revisions, service, project=forecast.project))

    @property
    def is_known(self) -> bool:
        """The ledger knows the blamed revision."""
        return self._place is not None

    @property
    def dispersion(self) -> float:
        """By how much the failures come in bursts: so much less does a silence prove."""
        return self.case.fit.dispersion

    @property
    def end(self) -> int:
        """The bin after the last one."""
        return self.case.grid.timeline.bins

    def before(self) -> Stretch:
        """From the onset, as it is known now, to when the blamed revision first existed; empty where it began later."""
        blamed = self._blamed
        known = [
            at for at in (blamed.created_ns, blamed.ready_ns, blamed.traffic_ns, blamed.first_seen_ns) if at is not None
        ]
        times, fit = self.case.times_ns, self.case.fit
        since = fit.at_ns if fit.is_change else int(times[0])
        until = min(known, default=since) - _EXISTS_NS
        is_in = (times >= since) & (times < until)
        ends = self.case.held.clock(np.array([since, max(since, until)]))
        return self._stretch(self._bin(since), self._bin(until), is_in, float(ends[1] - ends[0]), self._older)

    def bad(self, *, until: int) -> Stretch:
        """From the onset to a bin: the blamed revision and later ones that keep what changed in it."""
        return self._counted(self._carriers, self._onset, until)

    def clean_stretches(self, *, limit: float) -> Iterator[Stretch]:
        """Stretches that began after the claim was told, in which no revision with the blamed change served.

        Each follows one in which such a revision did, and ends after so many exposed units: the first attempts decide.
        """
        clean = [*self._older, *self._restored]
        carried, served = self._present([*self._carriers, ""]), self._present(clean)
        start = None
        was_bad = False
        for place in [*range(self._onset, self.end), self.end]:
            if place == self.end or carried[place]:
                if start is not None and start > self._told and was_bad:
                    yield self._shortened(clean, start, place, limit)
                start, was_bad = None, True
            elif served[place] and start is None:
                start = place

    def is_restored(self, stretch: Stretch) -> bool:
        """A later revision without the blamed change served in it."""
        return any(name in self._restored for name in stretch.revisions)

    def went_on_until(self, stretch: Stretch, bad: Stretch, expected: float) -> bool:
        """It had not stopped before: too little was exposed between the last failure and the stretch to say so."""
        last = self._last_before(stretch)
        if last is None:
            return False
        quiet = self._counted(self._carriers, int(self.case.bins[last]) + 1, stretch.start)
        return bad.rate * quiet.exposed / self.dispersion < expected

    def is_only_change(self, stretch: Stretch) -> bool:
        """Nothing else was deployed or changed between the last failure before the stretch and its beginning."""
        last = self._last_before(stretch)
        if last is None:
            return False
        line = self.case.grid.timeline
        since = int(self.case.times_ns[last]) - _AT_ONCE_NS
        until = line.start_ns + (stretch.start + 1) * line.bin_ns
        own, project = self._service, self.forecast.project
        others = [one for one in self.history.revisions if one.service != own and one.project == project]
        instants = [
            at for one in others for at in (one.created_ns, one.traffic_ns, one.first_seen_ns) if at is not None
        ]
        facts = self.history.facts.filter(pl.col("project").is_in([project, ""]), pl.col("service") != own)
        instants += facts.filter(pl.col("kind").is_in(list(_MOVES)))["at_ns"].to_list()
        return not any(since <= at <= until for at in instants)

    def fixes(self, *, limit: float) -> Iterator[Stretch]:
        """Later revisions that began to serve after the claim was told, and in which the named change changed again."""
        for before, now in zip(self.revisions, self.revisions[1:], strict=False):
            served = np.flatnonzero(self._present([now.revision]))
            if now.revision in self._later and served.size and served[0] > self._told and self._differs(before, now):
                yield self._shortened([now.revision], int(served[0]), self.end, limit)

    def failing_beside(self, fix: Stretch) -> int:
        """Failures, after a fix began to serve, on revisions from the blamed one up to it."""
        if not self._is_own:
            return 0  # which revision served a failure in another service is known by time alone
        names = [one.revision for one in self.revisions]
        old = names[names.index(self.forecast.revision) : names.index(fix.revisions[0])] if fix.revisions else []
        return self._counted(old, fix.start + 1, self.end).failures

    def failed(self) -> Stretch:
        """From the onset to the last failure, on the revisions that failed."""
        return self._counted(self._failing, self._onset, int(self.case.bins[-1]) + 1)

    def silent(self) -> Stretch:
        """The same revisions since the last failure and since the claim was told."""
        return self._counted(self._failing, max(int(self.case.bins[-1]), self._told) + 1, self.end)

    @property
    def _service(self) -> str:
        return self.forecast.blamed_service or self.forecast.service

    @property
    def _is_own(self) -> bool:
        return self._service == self.case.service

    @cached_property
    def _place(self) -> int | None:
        names = [one.revision for one in self.revisions]
        return names.index(self.forecast.revision) if self.forecast.revision in names else None

    @property
    def _blamed(self) -> Revision:
        return self.revisions[self._place or 0]

    @cached_property
    def _older(self) -> tuple[str, ...]:
        return tuple(one.revision for one in self.revisions[: self._place or 0])

    @cached_property
    def _later(self) -> tuple[str, ...]:
        return tuple(one.revision for one in self.revisions[(self._place or 0) + 1 :])

    @cached_property
    def _restored(self) -> frozenset[str]:
        """Later revisions in which the named change is as in the good one, and not as in the blamed one."""
        good = next((one for one in self.revisions if one.revision == self.forecast.good_revision), None)
        if good is None:
            return frozenset()
        later = [one for one in self.revisions if one.revision in self._later]
        return frozenset(
            one.revision for one in later if self._differs(self._blamed, one) and self._differs(good, one) is False
        )

    @cached_property
    def _carriers(self) -> tuple[str, ...]:
        return (self.forecast.revision, *(name for name in self._later if name not in self._restored))

    @cached_property
    def _failing(self) -> tuple[str, ...]:
        since = int(np.searchsorted(self.case.times_ns, self.forecast.earliest_ns))
        return tuple(sorted({name for name in self.case.revisions[since:] if name}))

    @property
    def _onset(self) -> int:
        return self._bin(self.forecast.onset_ns)

    @property
    def _told(self) -> int:
        return self._bin(self.forecast.made_at_ns)

    def _bin(self, at_ns: int) -> int:
        return int(self.case.grid.timeline.bin_of(np.array([at_ns]))[0])

    def _differs(self, before: Revision, after: Revision) -> bool | None:
        """Whether what the claim names differs between two revisions; None where that is not known."""
        kind, name = self.forecast.change_type, self.forecast.change_name
        if not kind:
            return None
        found = difference(before, after)
        kinds = _ENV if kind in _ENV else {kind}
        if any(one.type in kinds and one.name == name for one in found.changes):
            return True
        section = "env" if kind in _ENV else name
        unknown = {"configuration", section, f"{section} {name}"}
        return None if unknown & set(found.unknown) else False

    def _present(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """In which bins any of these revisions of the blamed service served."""
        grid = self.history.exposure.service(self.forecast.project, self._service)
        found = np.zeros(self.end, dtype=bool)
        for name in names:
            if name in grid.by_revision:
                found |= grid.by_revision[name] > 0
        return found

    def _exposed(self, names: Collection[str]) -> NDArray[np.float64]:
        """What was exposed of the case in each bin through these revisions."""
        held = self.case.held
        if not self._is_own:
            return np.where(self._present(names), held.total, 0.0)
        return sum((held.by_revision[name] for name in names if name in held.by_revision), np.zeros(self.end))

    def _counted(self, names: Collection[str], start: int, stop: int) -> Stretch:
        bins = self.case.bins
        is_in = (bins >= start) & (bins < stop)
        is_theirs = (
            np.isin(np.array(self.case.revisions, dtype=object), list(names))
            if self._is_own
            else self._present(names)[bins]
        )
        exposed = self._exposed(names)
        seen = [name for name in names if self._present([name])[start:stop].any()]
        return self._stretch(start, stop, is_in & is_theirs, float(exposed[start:stop].sum()), seen)

    def _shortened(self, names: Collection[str], start: int, stop: int, limit: float) -> Stretch:
        """The stretch up to the bin in which so much was exposed."""
        passed = np.cumsum(self._exposed(names)[start:stop])
        return self._counted(names, start, min(stop, start + int(np.searchsorted(passed, limit)) + 1))

    def _last_before(self, stretch: Stretch) -> int | None:
        """The index of the last failure before a stretch."""
        failed = np.flatnonzero(self.case.bins < stretch.start)
        return int(failed[-1]) if failed.size else None

    def _stretch(
        self, start: int, stop: int, is_in: NDArray[np.bool_], exposed: float, names: Iterable[str]
    ) -> Stretch:
        served = tuple(names)
        failures = int(is_in.sum())
        traces = [name for place in np.flatnonzero(is_in)[:_SAMPLE] for name in self.case.traces[place : place + 1]]
        told = [one.insert_ids[:_SAMPLE] for one in self.revisions if one.revision in served]
        return Stretch(
            start=start,
            stop=stop,
            failures=failures,
            exposed=exposed,
            revisions=served,
            words=failed_of(failures, exposed, self.case),
            entry_ids=tuple(name for ids in told for name in ids),
            trace_ids=tuple(name for name in traces if name and is_trace(name)),
        )

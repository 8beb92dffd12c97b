"""Suspects: for each case the revisions that could have caused it, with the revision that served each failure.

Own revisions come from the rows themselves. Revisions of a service that is called, or that calls, come from the failed
traces; where a trace does not tell, from the revision that took most of that service's requests at that moment.
"""

from collections.abc import Iterable, Sequence

import polars as pl

from classifiers.cases import Case
from classifiers.exposure import Exposure, Grid
from classifiers.ledger import deploy_order
from classifiers.lineage import never_worked
from classifiers.rivals import Candidate, Relation
from collector.records import Revision

__all__ = ["CallGraph", "Suspects"]

_IDLE = 100  # deploys before one, at most, that may have brought what it shows
_LINKED = 0.3  # share of a case's traces in which a service must take part to be a suspect


class CallGraph:
    """Which service reaches which, from calls seen in failed traces."""

    def __init__(self, calls: pl.DataFrame) -> None:
        """Frame of Traces.calls."""
        self._below: dict[str, set[str]] = {}
        self._reached: dict[str, set[str]] = {}
        for caller, service, _ in calls.rows():
            self._below.setdefault(caller, set()).add(service)

    def reaches(self, caller: str, service: str) -> bool:
        """Whether requests of `caller` come to `service`, over any number of calls."""
        if caller not in self._reached:
            seen: set[str] = set()
            open_ends = [caller]
            while open_ends:
                new = self._below.get(open_ends.pop(), set()) - seen
                seen |= new
                open_ends += new
            self._reached[caller] = seen
        return service in self._reached[caller]

    def around(self, service: str) -> list[tuple[str, Relation]]:
        """Services that it calls or is called by, directly or not, by name; who does both counts as called."""
        names = sorted({*self._below, *(name for below in self._below.values() for name in below)} - {service})
        found: list[tuple[str, Relation]] = []
        for name in names:
            if self.reaches(service, name):
                found.append((name, "callee"))
            elif self.reaches(name, service):
                found.append((name, "caller"))
        return found


class Suspects:
    """Candidates of cases, over one ledger, one exposure and one set of failed traces.

    A service below that takes no part in the failed traces themselves is a "linked" one: what broke it may reach here
    by ways that no trace shows, such as a queue or an open socket. So is one above, if it began to fail with this one.
    """

    def __init__(
        self, revisions: Sequence[Revision], exposure: Exposure, services: pl.DataFrame, calls: CallGraph,
        problems: Sequence[Case],
    ) -> None:  # fmt: skip
        """`services` is the frame of Traces.services."""
        self._problems = problems
        self._revisions = revisions
        self._exposure = exposure
        self.calls = calls
        self._orders: dict[tuple[str, str], tuple[tuple[str, int | None, bool], ...]] = {}
        self._traces = {
            str(key[0]): dict(frame.select("trace", "revision").iter_rows())
            for key, frame in services.partition_by("service", as_dict=True).items()
        }

    def of(self, case: Case) -> list[Candidate]:
        """Own revisions first, then those of linked services."""
        found = list(self._candidates(case, case.service, "own", case.revisions, 1.0, case.grid))
        known = case.traces_known()
        for service, direction in self.calls.around(case.service):
            relation: Relation = direction
            seen = self._traces.get(service, {})
            named = [seen.get(trace) if trace else None for trace in case.traces]
            if sum(trace in seen for trace in known) < _LINKED * max(len(known), 1):
                if known and relation == "caller" and not self._failed_too(case, service):
                    continue
                relation = "linked"
                named = [None] * case.units
            grid = self._exposure.service(case.project, service)
            labels = _filled(named, case, grid)
            linked = sum(bool(name) for name in named) / case.units
            found += self._candidates(case, service, relation, labels, linked, grid)
        return found

    def _failed_too(self, case: Case, service: str) -> bool:
        """The other service began to fail at the same moment."""
        others = (one for one in self._problems if (one.project, one.service) == (case.project, service))
        return case.fit.is_change and any(one.fit.is_change and one.fit.began_with(case.fit) for one in others)

    def _candidates(
        self, case: Case, service: str, relation: Relation, labels: Sequence[str], linked: float, grid: Grid
    ) -> Iterable[Candidate]:
        key = (case.project, service)
        if key not in self._orders:
            self._orders[key] = tuple(
                (one.revision, _served_ns(one), never_worked(one))
                for one in deploy_order(self._revisions, service, project=case.project)
            )
        ordered = self._orders[key]
        failing = set(labels)
        since = 0  # the place after the last one that failed
        for place, (name, served_ns, _) in enumerate(ordered):
            if name in failing and served_ns is not None:
                before = ordered[max(since, place - _IDLE) : place]
                since = place + 1
                yield Candidate(
                    project=case.project, service=service, revision=name, relation=relation, served_ns=served_ns,
                    later=tuple(later for later, _, _ in ordered[place + 1 :]), labels=labels, grid=grid,
                    linked=linked, idle=tuple(idle for idle, _, is_dead in before if not is_dead),
                )  # fmt: skip


def _served_ns(revision: Revision) -> int | None:
    """When it first took requests, or was first seen."""
    return min((at_ns for at_ns in (revision.traffic_ns, revision.first_seen_ns) if at_ns is not None), default=None)


def _filled(named: Sequence[str | None], case: Case, grid: Grid) -> list[str]:
    """The revision of another service at each failure; unknown ones by the leader of that moment."""
    names, leaders = grid.leaders()
    if not names:
        return [told or "" for told in named]
    places = leaders[case.bins].tolist()
    return [told or (names[place] if place >= 0 else "") for told, place in zip(named, places, strict=True)]

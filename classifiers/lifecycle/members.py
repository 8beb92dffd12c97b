"""Members: what fails in an incident, as it is seen now, and the cases behind them. No I/O."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from classifiers.cases import Case
from classifiers.findings import Absence, Attribution, Cluster, Findings, Incident, Latency
from classifiers.followed import Fix, IncidentState
from classifiers.history import History
from classifiers.incidents import title_of
from classifiers.lifecycle.fixes import failures_since, find_fix, find_idle, stragglers
from classifiers.states import Priority, State
from collector.replacing import replace

__all__ = ["Ground", "Seen", "is_same", "seen_in", "seen_of"]

_SAME = 0.5  # share of the smaller set of signatures from which two clusters are one failure, whichever leads
_EXPLAINED = 0.9  # share of a symptom that its cause explains from which on it is over when that is


class Ground(Struct, frozen=True):
    """What states are judged on: the history and the case of each finding, by its id."""

    history: History
    cases: Mapping[str, Case]


class Seen(Struct, frozen=True):
    """One failing thing as it is seen now. `last_ns` is its last failure that is no straggler.

    is_over: by what was asked since, as one look alone can tell. is_told: it is in an incident of these findings.
    """

    id: str
    project: str
    service: str
    title: str
    signature_ids: tuple[str, ...]
    onset_ns: int
    last_ns: int
    state: State
    priority: Priority
    is_told: bool = True
    is_explained: bool = False
    attribution: Attribution | None = None
    case: Case | None = None
    fix: Fix | None = None
    stragglers: int = 0
    idle: str = ""  # a later revision that is ready and that nobody asks

    @property
    def is_over(self) -> bool:
        """By what was asked since its last failure, as one look alone can tell."""
        return self.state == "resolved"


def seen_of(findings: Findings, incident: Incident, ground: Ground) -> tuple[Seen, ...]:
    """The members of an incident, its root first."""
    every: tuple[Cluster | Latency | Absence, ...] = (
        *findings.clusters, *findings.latency, *findings.absent_events, *findings.other_events
    )  # fmt: skip
    known = {one.id: one for one in every}
    return tuple(_seen(known[name], ground) for name in (incident.root, *incident.symptoms) if name in known)


def seen_in(row: IncidentState, ground: Ground) -> Seen | None:
    """A member that no incident of now tells, by its case in the history; None where that holds nothing of it."""
    case = ground.cases.get(row.finding_id)
    if case is None:
        near = (one for one in ground.cases.values() if is_same(row, one.project, one.service, "", one.signature_ids))
        case = max(
            near, key=lambda one: (len({*one.signature_ids} & {*row.signature_ids}), one.cluster_id), default=None
        )
    if case is None:
        return None
    state: State = "resolved" if case.fit.course == "resolved" else "ongoing"
    found = Seen(
        row.finding_id, row.project, row.service, row.title, case.signature_ids, case.fit.at_ns,
        int(case.times_ns[-1]), state, row.priority, is_told=False, case=case,
    )  # fmt: skip
    return _fixed(found, ground)


def is_same(row: IncidentState, project: str, service: str, name: str, signature_ids: Iterable[str]) -> bool:
    """A stored member and one of now are one failure: of one service, with one id or most of their signatures."""
    if (row.project, row.service) != (project, service):
        return False
    mine, theirs = set(row.signature_ids), set(signature_ids)
    return row.finding_id == name or len(mine & theirs) > _SAME * min(len(mine), len(theirs))


def _seen(one: Cluster | Latency | Absence, ground: Ground) -> Seen:
    onset_ns = one.onset.at_ns if one.onset else 0
    case = ground.cases.get(one.id)
    if isinstance(one, Cluster):
        last_ns, state, signature_ids = one.last_ns, one.state, one.signature_ids
    else:
        failed = [pace.last_ns for pace in one.per_revision if pace.last_ns is not None]
        last_ns = int(case.times_ns[-1]) if case else max(failed, default=onset_ns)
        state, signature_ids = "ongoing" if one.is_ongoing else "resolved", (one.id,)
    found = Seen(
        one.id, one.project, one.service, title_of(one), signature_ids, onset_ns, last_ns, state, one.priority,
        is_explained=one.role == "symptom" and (one.explained_share or 0.0) >= _EXPLAINED,
        attribution=one.attribution,
        case=case,
    )  # fmt: skip
    return _fixed(found, ground)


def _fixed(seen: Seen, ground: Ground) -> Seen:
    """With the change since which it may be over; failures on what that leaves behind are no last ones."""
    if seen.case is None:
        return seen
    fix = find_fix(seen.case, seen.attribution, ground.history)
    if fix is None:
        rows = failures_since(seen.case, ground.history, seen.last_ns)
        idle = None if seen.is_over else find_idle(seen.case, seen.attribution, ground.history)
        last_ns = max([seen.last_ns, *rows["at_ns"].tail(1).to_list()])
        return replace(seen, last_ns=last_ns, idle=idle.revision if idle else "")
    many, _ = stragglers(seen.case, fix, ground.history)
    before = failures_since(seen.case, ground.history, 0)
    real = before.filter((before["at_ns"] <= fix.at_ns) | ~before["revision"].is_in(list(fix.older)))
    last_ns = int(real["at_ns"].max()) if real.height else seen.last_ns  # type: ignore[arg-type] # of integers
    return replace(seen, fix=fix, stragglers=many, last_ns=last_ns)

"""What no entry tells, in its cascade: slower operations and missing events beside the failures that explain them.

A link is measured where both are bad in the same traces. Without, one deploy that is blamed for both and broke them at
once joins them, and is told as inferred. A failure of a caller is explained by the slowness of what it called where it
failed in slow traces and its own deploy is not blamed. What nothing explains stays a root.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from classifiers.cases import Case
from classifiers.config import CascadeConfig
from classifiers.explained import BLAMED
from classifiers.findings import Absence, Attribution, Cluster, Evidence, Explains, Latency
from classifiers.incidents import Member, began_ns
from classifiers.instance_order import ONSET_SLACK_NS
from classifiers.latency import Slowdowns
from classifiers.links import Link
from classifiers.missing import Missed
from classifiers.suspects import CallGraph
from classifiers.traces import is_trace
from classifiers.untraced import around
from collector.replacing import replace

__all__ = ["Silent", "join_silent"]

_TRACES = 5
_Told = TypeVar("_Told", Cluster, Latency, Absence)


class Silent(Struct, frozen=True):
    """Clusters, slower operations and missing events with their places in the cascades, and the links that say why.

    `explained` are events that a failure keeps away: no fault of their own.
    """

    clusters: tuple[Cluster, ...]
    slower: tuple[Latency, ...]
    missing: tuple[Absence, ...]
    explained: tuple[Absence, ...]
    edges: tuple[Explains, ...]


def join_silent(
    clusters: Sequence[Cluster], problems: Sequence[Case], slowdowns: Slowdowns, missed: Sequence[Missed],
    calls: CallGraph, config: CascadeConfig,
) -> Silent:  # fmt: skip
    """The place of each. `problems` are the cases of the clusters; `missed` only those that are a fault."""
    silent: list[Latency | Absence] = [*slowdowns.found, *(one.absence for one in missed)]
    cases = {one.id: slowdowns.cases[one.id] for one in slowdowns.found}
    cases |= {one.absence.id: one.case for one in missed}
    cases |= {one.cluster_id: one for one in problems}
    told = {**slowdowns.failed, **{one.absence.id: one.cause for one in missed if one.cause}}
    every: list[Member] = [*clusters, *silent]
    links = _Links({one.id: one for one in every}, cases, calls, config)
    for one in silent:
        links.follow_failure(one, told.get(one.id, ""))
    for one in silent:
        links.follow_deploy(one)
    explained = {one.absence.id for one in missed if one.cause}
    absences = [links.placed(one.absence) for one in missed]
    return Silent(
        tuple(map(links.placed, clusters)),
        tuple(map(links.placed, slowdowns.found)),
        tuple(one for one in absences if one.id not in explained),
        tuple(one for one in absences if one.id in explained),
        tuple(link.edge() for link in links.found.values()),
    )


class _Links:
    """Finds the cause of each; `found` are the links by symptom. All ids are those of the findings."""

    def __init__(
        self, by_id: Mapping[str, Member], cases: Mapping[str, Case], calls: CallGraph, config: CascadeConfig
    ) -> None:
        self.found: dict[str, Link] = {}
        self._by_id = by_id
        self._cases = cases
        self._calls = calls
        self._config = config

    def follow_failure(self, one: Latency | Absence, told: str) -> None:
        """By traces that it shares with a failure; `told` is one that is known to explain it, "" where none is."""
        if told in self._by_id:
            case, cause = self._cases[one.id], self._cases[told]
            if isinstance(one, Latency) and self._waits(cause, case):
                self.found[told] = self._by_traces(case, cause, (one.id, told))
                return
            link = self._by_traces(cause, case, (told, one.id))
            timed = around(cause, case, "onset", self._config)
            is_timed = link.share < self._config.share and timed is not None
            self.found[one.id] = replace(timed, symptom=one.id) if is_timed and timed else link
            return
        links = [
            self._by_traces(self._cases[other.id], self._cases[one.id], (other.id, one.id))
            for other in self._by_id.values()
            if isinstance(other, Cluster) and self._is_possible(other.id, one.id)
        ]
        best = max(links, key=lambda link: (link.share, link.cause), default=None)
        if best and best.share >= self._config.share:
            self.found[one.id] = best

    def follow_deploy(self, one: Latency | Absence) -> None:
        """By the deploy that is blamed for it and for something that it broke at once: a failure before all else."""
        if one.id in self.found or not _is_blamed(one.attribution):
            return
        case = self._cases[one.id]
        twins = [
            (not isinstance(other, Cluster), began_ns(other), other.id)
            for other in self._by_id.values()
            if other.id != one.id
            and self.root_of(other) is other
            and other.project == one.project
            and _is_same(one.attribution, other.attribution)
            and self._cases[other.id].fit.may_have_begun_with(case.fit)
        ]
        first = min(twins, default=None)
        if first and (not first[0] or first[1:] < (began_ns(one), one.id)):
            bad = sum(at_ns >= case.fit.at_ns for at_ns in case.times_ns.tolist())
            self.found[one.id] = Link(one.id, first[2], 1.0, bad, 0, "deploy")

    def root_of(self, one: Member) -> Member:
        """The end of its chain of causes."""
        seen = {one.id}
        while (name := self.found[one.id].cause if one.id in self.found else one.caused_by) in self._by_id:
            if name is None or name in seen:
                return one
            one = self._by_id[name]
            seen.add(name)
        return one

    def placed(self, one: _Told) -> _Told:
        """It with its cause, and with the attribution of its root."""
        link = self.found.get(one.id)
        root = self.root_of(one)
        if root is one or (link is None and isinstance(root, Cluster)):
            return one
        carried = _carried(root)
        share = one.explained_share if link is None else round(link.share, 4)
        by = one.caused_by if link is None else link.cause
        one = replace(one, role="symptom", caused_by=by, explained_share=share)
        if link is None or link.kind != "deploy":
            one = replace(one, attribution=carried, hypotheses=root.hypotheses)
        if not isinstance(one, Absence) and not isinstance(root, Absence):
            one = replace(one, cause=root.cause, fault=root.fault)
        if isinstance(one, Latency) or link is None:
            return one
        return replace(one, evidence=(*one.evidence, _evidence(link)))

    def _waits(self, problem: Case, slow: Case) -> bool:
        """The failure is one of a caller that fails in the slow traces of what it calls."""
        known = self._by_id[problem.cluster_id]
        own = known.attribution if _is_blamed(known.attribution) else None
        if known.caused_by or known.id in self.found or (own and own.service == problem.service):
            return False
        is_called = self._calls.reaches(problem.service, slow.service)
        if not is_called or self._calls.reaches(slow.service, problem.service):
            return False
        is_later = slow.fit.at_ns > problem.fit.at_ns + ONSET_SLACK_NS
        return not is_later and self._by_traces(slow, problem, ("", "")).share >= self._config.share

    def _is_possible(self, cause: str, symptom: str) -> bool:
        first, second = self._cases[cause], self._cases[symptom]
        return first.project == second.project and first.fit.may_have_begun_with(second.fit)

    def _by_traces(self, cause: Case, symptom: Case, names: tuple[str, str]) -> Link:
        """How many of the symptom's traces since its onset the cause was bad in; `names` of cause and symptom."""
        mine = symptom.keys_since(symptom.fit.at_ns)
        shared = [key for key in mine if key in cause.met_ns]
        share = len(shared) / len(mine) if mine else 0.0
        return Link(names[1], names[0], share, len(shared), 0, "traces", tuple(filter(is_trace, shared))[:_TRACES])


def _is_blamed(claim: Attribution | None) -> bool:
    return claim is not None and claim.confidence >= BLAMED


def _is_same(one: Attribution | None, other: Attribution | None) -> bool:
    """One and the same deploy is blamed for both."""
    if one is None or other is None or not _is_blamed(one) or not _is_blamed(other):
        return False
    return (one.service, one.revision) == (other.service, other.revision)


def _carried(root: Member) -> Attribution | None:
    if root.attribution is None:
        return None
    told = Evidence("inferred", f"carried over from its root {root.id}", "rule:symptom-follows-root")
    return replace(root.attribution, evidence=(told, *root.attribution.evidence))


def _evidence(link: Link) -> Evidence:
    share = f"{link.shared:,} of {link.units:,}"
    if link.kind == "traces":
        return Evidence(
            "measured", f"in {share} of its traces {link.cause} was bad too", "find_failures", (), link.traces
        )
    if link.kind == "deploy":
        told = f"the deploy that broke {link.cause} is blamed for {share}, and both began at once; no trace links them"
        return Evidence("inferred", told, "rule:same-deploy-same-onset")
    told = f"{link.cause} began with it and is within minutes of {share}; no trace links them"
    return Evidence("inferred", told, "rule:same-onset-same-service")

"""Verdicts: judged cases become the clusters of the findings, every claim with its evidence."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from classifiers.accusation import attribution_of
from classifiers.blast import rank_cluster, reach_of
from classifiers.cases import Case
from classifiers.causes import cause_of, fault_of, hypotheses_of
from classifiers.config import PriorityConfig
from classifiers.faults import find_sitting, with_cause
from classifiers.findings import (
    Attribution,
    Cluster,
    Evidence,
    Onset,
    State,
)
from classifiers.history import History
from classifiers.links import Link
from classifiers.origin import origin_of_share, tests_interval
from classifiers.priority import LOWEST, harmless_words
from classifiers.storms import STORM_COLUMNS, find_storm
from classifiers.telling import failed_of, revision_counts, unit_of
from classifiers.weighing import Judged
from collector.replacing import replace
from collector.window import format_ns

__all__ = ["Teller", "tell_clusters"]

_TRACES = 20
_IDS_OF_NOISE = 100  # entries listed of a cluster that is no problem; all are counted
_SAMPLE_IDS = 5
_WORTH_TELLING_NS = 60_000_000_000


class Teller:
    """Knows the rows that clusters refer to."""

    def __init__(
        self,
        history: History,
        entries: pl.DataFrame,
        samples: pl.DataFrame,
        problems: Sequence[Case],
        config: PriorityConfig,
    ) -> None:
        """`entries` as part_entries gives them, `samples` as read_samples does."""
        self.history = history
        self.config = config
        self._entries: dict[str, list[str]] = {
            str(key[0]): frame["insert_id"].to_list()
            for key, frame in entries.select("cluster_id", "insert_id")
            .partition_by("cluster_id", as_dict=True, maintain_order=True)
            .items()
        }
        self._samples = {
            (row["project"], row["service"], row["signature_id"]): row for row in samples.iter_rows(named=True)
        }
        self._lines = _lines(history.failures, problems)
        self._leads: dict[str, str] = dict(history.leads.select("cluster_id", "lead").iter_rows())

    def plain(self, case: Case) -> Cluster:
        """A case that is no problem: counted, without a verdict."""
        return self._cluster(case, self._ids(case)[:_IDS_OF_NOISE])

    def problem(self, judged: Judged) -> Cluster:
        """A problem with its place in the cascade, its attribution, rivals, state and rank by itself."""
        case = judged.case
        origin, _ = origin_of_share(case.origins)
        attribution = attribution_of(judged)
        hypotheses = hypotheses_of(judged, origin)
        cause = cause_of(attribution, hypotheses)
        sitting = find_sitting(judged, origin, cause)
        if sitting and sitting.cause and cause != "revision":
            hypotheses = with_cause(hypotheses, sitting.cause)
            cause = cause_of(attribution, hypotheses)
        fault = sitting.fault if sitting else fault_of(cause, attribution, judged.weighed.rivals)
        ids = self._ids(case)
        reach = reach_of(case, self.history.exposure)
        found = replace(
            self._cluster(case, ids),
            role="symptom" if judged.link else "root",
            caused_by=judged.link.cause if judged.link else None,
            explained_share=round(judged.link.share, 4) if judged.link else None,
            attribution=attribution,
            hypotheses=hypotheses,
            cause=cause,
            fault=fault,
            state=self._state(case),
            evidence=(*self._evidence(judged, reach.service.share, ids), *([sitting.evidence] if sitting else [])),
            storm=find_storm(case, self._lines[case.cluster_id]),
        )
        return rank_cluster(found, case, reach, end_ns=self.history.end_ns, config=self.config)

    def _cluster(self, case: Case, insert_ids: Sequence[str]) -> Cluster:
        origin, tests = origin_of_share(case.origins)
        fit = case.fit
        return Cluster(
            id=case.cluster_id,
            title=case.title,
            project=case.project,
            service=case.service,
            signature_ids=case.signature_ids,
            insert_ids=tuple(insert_ids),
            trace_ids=case.traces_known()[:_TRACES],
            occurrences=case.in_window,
            units=case.units,
            first_ns=int(case.times_ns[0]),
            last_ns=int(case.times_ns[-1]),
            onset=Onset(
                fit.at_ns,
                fit.earliest_ns,
                fit.latest_ns,
                _rounded(fit.rate_before),
                _rounded(fit.rate_after),
                case.grid.unit,
                fit.ended_earliest_ns,
                fit.ended_latest_ns,
                round(fit.exposed_before) if fit.rate_before is not None else None,
            ),
            severity=case.severity,
            role="root",
            caused_by=None,
            explained_share=None,
            attribution=None,
            hypotheses=(),
            cause="unknown",
            state="standing",
            priority="P3",
            origin=origin,
            fault="unknown",
            test_share=_rounded(tests),
            per_revision=revision_counts(case),
            sample=self._sample(case),
            origin_counts=tuple(sorted(case.origins.items())),
            test_interval=None if tests is None else tests_interval(case.origins),
            entries=len(self._entries.get(case.cluster_id, ())),
            kind=case.kind,
        )

    def _state(self, case: Case) -> State:
        if case.fit.course != "ongoing":
            return case.fit.course
        return "new" if case.fit.at_ns >= self.history.window.start_ns else "ongoing"

    def _ids(self, case: Case) -> list[str]:
        """Every entry of the case in the window, each once, by time."""
        return list(dict.fromkeys(self._entries.get(case.cluster_id, ())))

    def _sample(self, case: Case) -> str:
        """The message of the leading signature's first entry in the window; of a request its line."""
        names = [self._leads.get(case.cluster_id, ""), *case.signature_ids]
        row: dict[str, Any] = next(
            (self._samples[key] for name in names if (key := (case.project, case.service, name)) in self._samples), {}
        )
        if row.get("message"):
            return str(row["message"])
        if row.get("http_status"):
            return f"{row['http_method'] or ''} {row['http_path'] or ''} {row['http_status']}".strip()
        return str(row.get("payload") or case.title)

    def _evidence(self, judged: Judged, share: float | None, ids: Sequence[str]) -> list[Evidence]:
        case, fit = judged.case, judged.case.fit
        sample = case.traces_known(fit.index)[:_SAMPLE_IDS]
        found = [
            Evidence(
                "measured",
                f"from {format_ns(fit.at_ns)} to {format_ns(int(case.times_ns[-1]))} "
                f"{failed_of(fit.failures_after, fit.exposed_after, case)}; "
                f"before: {failed_of(fit.failures_before, fit.exposed_before, case)}",
                "find_failures",
                tuple(ids[:_SAMPLE_IDS]),
                sample,
            )
        ]
        if fit.course == "resolved":
            last = format_ns(int(case.times_ns[-1]))
            told = f"none in the {fit.exposed_silent:.0f} {unit_of(case)} exposed since the last one at {last}"
            if fit.ended_latest_ns is not None and fit.ended_latest_ns - int(case.times_ns[-1]) >= _WORTH_TELLING_NS:
                told += f"; it was over by {format_ns(fit.ended_latest_ns)} at the latest"
            found.append(Evidence("measured", told, "count_exposure"))
        if share is not None and share < 1 and fit.failures_after <= fit.exposed_after:
            found.append(
                Evidence(
                    "measured",
                    f"{share:.1%} of all {unit_of(case)} of {case.service} failed in that time",
                    "count_exposure",
                )
            )
        if case.origins:
            told = ", ".join(f"{many} {name.replace('_', ' ')}" for name, many in sorted(case.origins.items()))
            found.append(Evidence("measured", f"who was hit: {told}", "find_trace_requests", (), sample))
        if judged.link:
            found.append(_link_evidence(judged.link))
        return found


def _lines(failures: pl.DataFrame, problems: Sequence[Case]) -> dict[str, pl.DataFrame]:
    """Of each problem, by its id, what find_storm reads of its rows of find_failures, whatever was folded into it."""
    keys = [(case.project, case.service, name, case.cluster_id) for case in problems for name in case.signature_ids]
    owners = pl.DataFrame(
        keys, dict.fromkeys(("project", "service", "signature_id", "cluster_id"), pl.String), orient="row"
    )
    told = failures.select("project", "service", *STORM_COLUMNS).join(
        owners, on=["project", "service", "signature_id"], maintain_order="left"
    )
    parts = told.partition_by("cluster_id", as_dict=True, maintain_order=True)
    return dict.fromkeys((case.cluster_id for case in problems), told.clear()) | {
        str(key[0]): part for key, part in parts.items()
    }


def tell_clusters(cases: Sequence[Case], judged: Sequence[Judged], teller: Teller) -> tuple[Cluster, ...]:
    """The problems of the window, roots before their symptoms, the worst incident first; symptoms repeat their root."""
    told = {one.case.cluster_id: teller.problem(one) for one in judged}
    roots = {one.case.cluster_id: one.root for one in judged}
    for name in sorted(told):
        if roots[name] != name:
            told[name] = _after_root(told[name], told[roots[name]])
    order = sorted(
        (case.cluster_id for case in cases),
        key=lambda name: (
            told[roots[name]].priority, told[roots[name]].onset.at_ns, roots[name], told[name].role == "symptom",
            told[name].onset.at_ns, name,
        ),
    )  # fmt: skip
    return tuple(told[name] for name in order)


def _after_root(symptom: Cluster, root: Cluster) -> Cluster:
    """The symptom with the attribution of its root."""
    attribution: Attribution | None = None
    if root.attribution:
        carried = Evidence("inferred", f"carried over from its root {root.id}", "rule:symptom-follows-root")
        attribution = replace(root.attribution, evidence=(carried, *root.attribution.evidence))
    harmless = harmless_words("unknown", root.cause, root.fault)
    blast = replace(symptom.blast, reason=harmless) if symptom.blast and harmless else symptom.blast
    return replace(
        symptom,
        attribution=attribution,
        hypotheses=root.hypotheses,
        cause=root.cause,
        fault=root.fault,
        priority=LOWEST if harmless else symptom.priority,
        blast=blast,
    )


# How a link is known that no trace tells: the rule and its words, by kind.
_INFERRED = {
    "instances": ("same-instance-order", "{share} follow {cause} within seconds in the same instance"),
    "revisions": ("same-revision-minutes", "{share} fall into the minutes of {cause} on the same revisions"),
    "onset": (
        "same-onset-in-called-service", "{cause}, in the service that it calls, began with it and is near {share}",
    ),
    "named": ("names-called-service", "it names the service of {cause}, which failed in the moments of {share}"),
    "called": (
        "same-suspect-in-called-service",
        "what explains {share} is a deploy of a service that it calls, which fails with {cause} since the same moment",
    ),
    "asked": ("asked-by-broken-caller", "{share} were asked by the service of {cause}, whose deploy explains both"),
    "mutual": (
        "same-traces-no-order", "{share} lie in traces of {cause}, each first in some: which began it is not shown",
    ),
    "deploy": ("same-deploy-same-onset", "the deploy that broke {cause} explains {share}, and both began at once"),
}  # fmt: skip


def _link_evidence(link: Link) -> Evidence:
    share = f"{link.share:.0%} of its failures"
    if link.kind == "traces":
        told = f"in {link.shared} traces, {share}, {link.cause} failed too, and first"
        return Evidence("measured", told, "find_failures", (), link.traces)
    if link.kind not in _INFERRED:
        told = f"the revision that broke {link.cause} explains {share}; no trace links them"
        return Evidence("inferred", told, "rule:same-guilty-revision")
    rule, words = _INFERRED[link.kind]
    told = words.format(share=share, cause=link.cause) + ("" if link.traces else "; no trace links them")
    return Evidence("inferred", told, f"rule:{rule}", (), link.traces)


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 6)

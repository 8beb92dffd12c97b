"""Occasions: changes of the platform that a case may be due to, each weighed at its own time.

IAM, databases, caches, networks and certificates. A change counts only where something relates it to the case: it is
about the same service, or one that it calls; it names what the failure names; or the failure is of its kind.
"""

import math
import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from classifiers.cases import Case
from classifiers.config import AttributionConfig
from classifiers.findings import Cause, Evidence, Fault
from classifiers.natures import CERTIFICATE, is_about_dependency, is_refusal
from classifiers.platform_changes import PlatformChange
from classifiers.rivals import START_SLACK_NS, Rival, moment_gain
from classifiers.telling import as_rate, delays
from collector.records import Revision
from collector.window import format_ns

__all__ = ["occasion_rivals"]

_DATABASE = re.compile(
    r"(?i)database|\bsql|cloudsql|postgres|psycopg|mysql|mongo|spanner|alloydb|bigtable|\bjdbc\b|\bdb\b|sqlalchemy|"
    r"server closed the connection|terminating connection|the database system is"
)
_CACHE = re.compile(r"(?i)redis|memcache|valkey|\bcache\b")
_KINDS = {"database": _DATABASE, "cache": _CACHE, "certificate": CERTIFICATE}
_CAUSES: dict[str, Cause] = {"certificate": "certificate"}
_MEAN_DELAY_MIN = {"iam": 10.0, "database": 5.0, "cache": 5.0, "network": 10.0, "certificate": 60.0, "other": 10.0}
_LONG_NS = 6 * 3_600_000_000_000  # a change longer ago shows no more
_AFTER_NS = 600_000_000_000
_LEAST_NAME = 4  # letters of a resource's name, for its being named to say anything
_NAMED = 3.0  # how much likelier a change is whose resource is named
_OWN = 0.5  # ... that is about the same service
_GRANT = 0.1  # ... that only gave rights


class _Relation(Struct, frozen=True):
    """Why a change may have met a case, and how much of the prior that is worth."""

    factor: float
    told: str
    evidence: str


def occasion_rivals(
    case: Case, text: str, changes: Sequence[PlatformChange], revisions: Sequence[Revision],
    reaches: Callable[[str, str], bool], config: AttributionConfig,
) -> list[Rival]:  # fmt: skip
    """One explanation for each change that came shortly before the case and relates to it.

    `reaches` tells whether requests of one service come to another.
    """
    found = []
    for change in changes:
        is_near = case.fit.last_good_ns - _LONG_NS <= change.at_ns <= case.fit.latest_ns + START_SLACK_NS
        if change.kind == "secret_version" or change.outcome == "failed" or not is_near:
            continue
        relation = _relation(case, text, change, revisions, reaches)
        if change.project in {"", case.project} and relation:
            rival = _rival(case, change, relation, config)
            if math.isfinite(rival.log_weight):
                found.append(rival)
    return found


def _rival(case: Case, change: PlatformChange, relation: _Relation, config: AttributionConfig) -> Rival:
    timeline = case.held.timeline
    last = int(case.times_ns[-1]) if case.fit.course == "resolved" else timeline.end_ns
    gain, split = moment_gain(case, delays(timeline, change.at_ns, last, _MEAN_DELAY_MIN[change.kind]))
    at = format_ns(change.at_ns)
    evidence = [
        Evidence("measured", f"{change.what} at {at}", "find_facts", change.insert_ids[:5]),
        Evidence("inferred" if relation.evidence.startswith("rule:") else "measured", relation.told, relation.evidence),
        as_rate(case, split, "from then on", "before"),
    ]
    hit = len({name for name in case.revisions[case.fit.index :] if name})
    if hit > 1:
        told = f"{hit} revisions of {case.service} failed since: it is not one of them alone"
        evidence.append(Evidence("measured", told, "count_exposure"))
    if change.ended_ns is not None and int(case.times_ns[-1]) > change.ended_ns + _AFTER_NS:
        told = f"it ended at {format_ns(change.ended_ns)}, and failures went on"
        evidence.append(Evidence("measured", told, "find_facts", change.insert_ids[:5]))
    prior = min(config.bad_changes * relation.factor, 0.9)
    cause = _CAUSES.get(change.kind, "dependency")
    fault: Fault | None = "configuration" if change.kind in {"iam", "network"} else None
    return Rival(cause, f"{change.what} at {at}", math.log(prior) + gain, split, tuple(evidence), fault)


def _relation(
    case: Case, text: str, change: PlatformChange, revisions: Sequence[Revision], reaches: Callable[[str, str], bool]
) -> _Relation | None:
    if change.kind == "iam":
        return _of_iam(case, text, change, revisions)
    name = change.resource.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    is_unreachable = is_about_dependency(text)
    is_called = bool(change.service) and is_unreachable and reaches(case.service, change.service)
    pattern = _KINDS.get(change.kind)
    found = (
        (_is_connected(name, case, revisions), _NAMED, f"{case.service} is connected with {name}", "find_facts"),
        (len(name) >= _LEAST_NAME and name in text, _NAMED, f"the failure names {name}", "rule:named-resource"),
        (change.service == case.service, _OWN, f"the change is of {case.service} itself", "find_facts"),
        (is_called, _OWN, f"{case.service} calls {change.service}", "count_calls"),
        (
            pattern is not None and pattern.search(text) is not None, 1.0,
            f"the failure speaks of a {change.kind}", "rule:same-kind",
        ),
        (
            change.kind in {"network", "database", "cache"} and is_unreachable, _OWN,
            "the failure says that something cannot be reached", "rule:same-kind",
        ),
    )  # fmt: skip
    return next((_Relation(factor, told, query) for holds, factor, told, query in found if holds), None)


def _of_iam(case: Case, text: str, change: PlatformChange, revisions: Sequence[Revision]) -> _Relation | None:
    """Who lost a right: the account that the failing service runs as, or somebody who may call it."""
    is_refused = is_refusal(text)
    accounts = {
        str(one.config["service_account"])
        for one in revisions
        if one.service == case.service and one.config and one.config.get("service_account")
    }
    met = sorted({name for member in change.members for name in accounts if member.endswith(name)})
    factor = _GRANT if "given to" in change.what and "taken from" not in change.what else 1.0
    found = (
        (met and is_refused, _NAMED, f"{case.service} runs as {''.join(met[:1])}, and is refused", "find_facts"),
        (
            change.service == case.service and is_refused, _NAMED,
            f"it is about who may call {case.service}", "find_facts",
        ),
        (is_refused, _OWN, "the failure says that somebody is refused", "rule:refused-after-iam"),
        (met, _OWN, f"{case.service} runs as {''.join(met[:1])}", "find_facts"),
    )  # fmt: skip
    return next((_Relation(worth * factor, told, query) for holds, worth, told, query in found if holds), None)


def _is_connected(name: str, case: Case, revisions: Sequence[Revision]) -> bool:
    """The configuration of a failing revision names the instance among its Cloud SQL connections."""
    failing = set(case.revisions[case.fit.index :])
    return any(
        connection.rpartition(":")[2] == name
        for one in revisions
        if one.service == case.service and one.revision in failing and one.config
        for connection in one.config.get("cloud_sql") or ()
    )

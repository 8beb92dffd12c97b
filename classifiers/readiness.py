"""Which word on a revision's readiness counts, where a Service tells another than the revision itself.

A Service names its latest ready revision, and a request carries the state that it found; of a revision that said of
itself that it failed, and never served, neither proves that it got ready after all.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from classifiers.facts import Fact

__all__ = ["without_overruled"]

_Key = tuple[str, str, str]


def without_overruled(facts: Sequence[Fact], rows: Mapping[_Key, dict[str, Any]]) -> list[Fact]:
    """Facts without the `ready` that only a Service tells of a revision that failed and never served.

    `rows` are those of SEEN_SCHEMA by project, service and revision.
    """
    failed = {_key(fact) for fact in facts if fact.kind == "failed" and fact.revision}
    proven = {_key(fact) for fact in facts if fact.kind == "ready" and not _is_hearsay(fact)}
    proven |= {key for key in failed if rows.get(key, {}).get("requests")}
    for fact in facts if failed - proven else ():
        if fact.kind == "traffic":
            listed = fact.detail.get("targets", ())
            proven |= {(fact.project, fact.service, one["revision"]) for one in listed if one["percent"]}
    doubted = failed - proven
    return [fact for fact in facts if fact.kind != "ready" or _key(fact) not in doubted]


def _is_hearsay(fact: Fact) -> bool:
    """Whether a Service tells of it rather than the revision itself; calls carry Services alone."""
    return fact.detail.get("of") == "service" or fact.origin == "audit_activity"


def _key(fact: Fact) -> _Key:
    return fact.project, fact.service, fact.revision

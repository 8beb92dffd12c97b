"""Facts and the five whys as JSON: each answer with what it rests on and what would refute it (see export.py)."""

from typing import Any

from classifiers.findings import Evidence, Incident, Why

__all__ = ["evidence_fields", "whys_fields"]


def evidence_fields(fact: Evidence) -> dict[str, Any]:
    """A fact with its references."""
    return {
        "kind": fact.kind,
        "statement": fact.statement,
        "query": fact.query,
        "insert_ids": list(fact.entry_ids),
        "trace_ids": list(fact.trace_ids),
        "revisions": list(fact.revisions),
    }


def whys_fields(incident: Incident | None) -> list[dict[str, Any]]:
    """The chain of an incident, from what is seen on; none of no incident."""
    return [_why(one) for one in incident.whys] if incident else []


def _why(one: Why) -> dict[str, Any]:
    return {
        "step": one.step,
        "kind": one.kind,
        "statement": one.statement,
        "evidence": [evidence_fields(fact) for fact in one.evidence],
        "refuted_by": list(one.refuted_by),
    }

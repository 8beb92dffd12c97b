"""Incidents as JSON: their members, and the links between these (see export.py)."""

from typing import Any

from classifiers.findings import Absence, Explains, Incident, Latency
from collector.window import NS_PER_S
from logtriage.blast_json import blast_json
from logtriage.drawn_json import drawn_fields
from logtriage.whys_json import whys_fields

__all__ = ["incident_fields", "place_fields"]

_DIGITS = 4


def incident_fields(incident: Incident) -> dict[str, Any]:
    """Number, members and links; ids are those of clusters, slower operations and missing events."""
    return {
        "number": incident.number,
        "root": incident.root,
        "symptoms": list(incident.symptoms),
        "severity": incident.priority,
        "title": incident.title,
        "blast": blast_json(incident.blast),
        "is_ongoing": incident.is_ongoing,
        "location": incident.location or None,
        "edges": [_edge(edge) for edge in incident.edges],
        **drawn_fields(incident),
        "whys": whys_fields(incident),
    }


def place_fields(one: Latency | Absence) -> dict[str, Any]:
    """The place of what no entry tells in its cascade, its rank and how far it reaches."""
    return {
        "role": one.role,
        "caused_by": one.caused_by,
        "explained_share": one.explained_share,
        "severity": one.priority,
        "blast": blast_json(one.blast),
    }


def _edge(edge: Explains) -> dict[str, Any]:
    return {
        "cause": edge.cause,
        "symptom": edge.symptom,
        "shared": edge.shared,
        "units": edge.units,
        "share": round(edge.share, _DIGITS),
        "lag_s": round(edge.lag_ns / NS_PER_S, _DIGITS),
        "how": edge.how,
        "trace_ids": list(edge.trace_ids),
    }

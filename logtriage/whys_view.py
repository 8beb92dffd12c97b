"""The five whys of an incident as they are told: an answer, how it is known, its rows, what would refute it. No I/O."""

import re
from collections.abc import Sequence

from classifiers.findings import Evidence, Incident, Why
from classifiers.service_names import plain_name
from collector.window import parse_instant_ns
from logtriage.escape import plain
from logtriage.lines import evidence_refs
from logtriage.lookup import Lookup
from logtriage.report_view import WhyRow
from logtriage.wording import Near, clock

__all__ = ["why_rows"]

_INSTANT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z\b")
_REFS = 3  # names of queries and rules
_TEXT = 700


def why_rows(member_id: str, lookup: Lookup) -> tuple[WhyRow, ...]:
    """The chain of the incident of which this is the root; none of anything else."""
    incident = lookup.incident_of(member_id)
    if incident is None or incident.root != member_id:
        return ()
    services = _services(incident, lookup)
    return tuple(_row(one, services, lookup.near) for one in incident.whys)


def _services(incident: Incident, lookup: Lookup) -> list[str]:
    """Names of services that revisions of the chain begin with, the longest first."""
    named = {name for why in incident.whys for fact in why.evidence for name in fact.revisions}
    known = {plain_name(one.service) for one in lookup.findings.revisions if one.revision in named}
    return sorted(known, key=lambda name: (-len(name), name))


def _row(why: Why, services: Sequence[str], near: Near) -> WhyRow:
    return WhyRow(
        kind=why.kind,
        statement=_told(why.statement, services, near),
        refs=evidence_refs(_refs(why.evidence)),
        refuted="; or by ".join(_told(text, services, near) for text in why.refuted_by),
    )


def _told(text: str, services: Sequence[str], near: Near) -> str:
    """Revisions without the names of their services, and times as a clock shows them."""
    for name in services:
        text = re.sub(rf"(?<![\w-]){re.escape(name)}-(?=\d)", "", text)
    return plain(_INSTANT.sub(lambda found: _clock(found[0], near), text), _TEXT)


def _clock(instant: str, near: Near) -> str:
    return clock(parse_instant_ns(instant, name="time", now_ns=0), near)


def _refs(evidence: Sequence[Evidence]) -> Evidence:
    """Where all facts of an answer can be looked up, each reference once."""
    names = dict.fromkeys(fact.query for fact in evidence if fact.query)
    return Evidence(
        "measured",
        "",
        ", ".join(list(names)[:_REFS]) or None,
        tuple(dict.fromkeys(name for fact in evidence for name in fact.entry_ids)),
        tuple(dict.fromkeys(name for fact in evidence for name in fact.trace_ids)),
        tuple(dict.fromkeys(name for fact in evidence for name in fact.revisions)),
    )

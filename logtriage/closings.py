"""A ticket that a person closed is a claim that it is mended: where a later revision fails all the same, it is told so.

Nothing is said while only revisions fail that were deployed before the closing: the mended one may be on its way.
No I/O.
"""

from collections.abc import Iterable, Mapping, Sequence

from classifiers.findings import Cluster, Findings, RevisionCount
from collector.replacing import replace
from logtriage.lookup import Lookup
from logtriage.message import CLOSING, Claimed, Message
from logtriage.outbox import facts_of
from logtriage.wording import Near, clock, day_clock, failures_of, short_revision, unit_word

__all__ = ["with_closings"]


def with_closings(
    messages: Sequence[Message], findings: Findings, heard: Iterable[Mapping[str, object]]
) -> tuple[Message, ...]:
    """The messages; of incidents that were closed and fail on a revision deployed since, with the claim that says so.

    `heard` are rows of find_heard, in the order in which they were said.
    """
    closed: dict[str, tuple[int, str]] = {}
    for row in heard:
        incident_id = str(row["incident_id"])
        if row["said"] == "closed":
            closed[incident_id] = int(str(row["at_ns"])), f"{row['channel']}:{row['remote_event_id']}"
        elif row["said"] == "reopened":
            closed.pop(incident_id, None)
    lookup = Lookup(findings, near=Near("", day_clock(findings.window.end_ns)[:4]))
    return tuple(_told(one, lookup, *closed[one.incident_id]) if one.incident_id in closed else one for one in messages)


def _told(message: Message, lookup: Lookup, closed_ns: int, event_id: str) -> Message:
    failing = None if message.is_over else _failing_since(message.incident_id, lookup, closed_ns)
    if failing is None:
        return message
    cluster, counted = failing
    revision = short_revision(counted.revision, counted.service)
    rate = f"{failures_of(counted)} {unit_word(cluster.onset.unit, 2)} failed"
    news = f"Closed {clock(closed_ns, lookup.near)} UTC, and it fails on {revision}, deployed since: {rate}."
    claims = (*message.claims, Claimed(CLOSING, f"refuted {event_id}", news))
    return replace(message, claims=claims, facts=facts_of(claims))


def _failing_since(incident_id: str, lookup: Lookup, closed_ns: int) -> tuple[Cluster, RevisionCount] | None:
    """The root's newest revision that was deployed after the closing and fails."""
    tracked = next((one for one in lookup.findings.tracked if one.id == incident_id), None)
    root = lookup.member(tracked.root) if tracked else None
    if not isinstance(root, Cluster):
        return None
    later = [
        (began_ns, row)
        for row in root.per_revision
        if row.failures
        and (row.last_ns or 0) > closed_ns
        and (began_ns := lookup.revision_began_ns(row.service, row.revision)) is not None
        and began_ns > closed_ns
    ]
    return (root, max(later, key=lambda pair: pair[0])[1]) if later else None

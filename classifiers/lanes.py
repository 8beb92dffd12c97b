"""The revisions of an incident's services over time: what each was asked, and what happened to them."""

from collections.abc import Sequence

import polars as pl

from classifiers.drawn import Lane, LaneMark, LaneRevision, Lanes
from classifiers.explained import BLAMED
from classifiers.findings import Absence, Attribution, Cluster, Findings, Latency
from collector.records import Revision
from collector.store import Reader
from collector.window import NS_PER_S

__all__ = ["read_lanes"]

_COLUMNS = 48
_SERVICES = 4
_REVISIONS, _OTHERS = 6, 3  # of the service that is blamed, of the others
_MARKS = 40  # of a service
_MINUTE_NS = 60 * NS_PER_S
_UNITS = ("requests", "traces", "minutes")

_Finding = Cluster | Latency | Absence


def read_lanes(reader: Reader, members: Sequence[_Finding], findings: Findings, earliest_ns: int) -> Lanes | None:
    """Lanes of the services of an incident, the blamed one first; None where nothing was asked.

    From the begin of the window on, or from the deploy that is blamed where that was before, not before earliest_ns.
    To be called after lay_spans_by_revision.
    """
    if not members:
        return None
    services = _services(members)
    start_ns, end_ns = _begin_ns(members, findings, earliest_ns), findings.window.end_ns
    column_ns = max(_MINUTE_NS, -(-(end_ns - start_ns) // _COLUMNS // _MINUTE_NS) * _MINUTE_NS)
    columns = -(-(end_ns - start_ns) // column_ns)
    asked = reader.frame(
        "count_lane_requests", start_ns=start_ns, end_ns=end_ns, column_ns=column_ns, services=services
    )
    blamed = next((one.attribution for one in members if one.attribution), None)
    lanes = tuple(
        _lane(service, asked.filter(service=service), findings, blamed, (start_ns, end_ns, columns))
        for service in services
    )
    root = members[0]
    onset = root.onset
    return Lanes(
        start_ns=start_ns,
        column_ns=column_ns,
        columns=columns,
        onset_ns=onset.at_ns if onset else None,
        earliest_ns=onset.earliest_ns if onset else None,
        latest_ns=onset.latest_ns if onset else None,
        ended_ns=_ended_ns(root),
        lanes=tuple(one for one in lanes if one.revisions),
    )


def _services(members: Sequence[_Finding]) -> list[str]:
    blamed = [one.attribution.service for one in members if one.attribution]
    named = dict.fromkeys([*blamed, *(one.service for one in members)])
    return [name for name in named if name][:_SERVICES]


def _begin_ns(members: Sequence[_Finding], findings: Findings, earliest_ns: int) -> int:
    window = findings.window
    blamed = next((one.attribution for one in members if one.attribution), None)
    if blamed is None:
        return window.start_ns
    known = {(one.service, one.revision): one for one in findings.revisions}
    found = known.get((blamed.service, blamed.revision))
    began_ns = _deployed_ns(found) if found else None
    if began_ns is None or began_ns >= window.start_ns:
        return window.start_ns
    return max(earliest_ns, began_ns - (window.end_ns - began_ns) // 10)


def _deployed_ns(one: Revision) -> int | None:
    return next((at for at in (one.created_ns, one.traffic_ns, one.first_seen_ns) if at is not None), None)


def _ended_ns(root: _Finding) -> int | None:
    if isinstance(root, Latency):
        return root.ended_ns
    return root.onset.ended_latest_ns if root.onset else None


def _lane(
    service: str, asked: pl.DataFrame, findings: Findings, blamed: Attribution | None, drawn: tuple[int, int, int]
) -> Lane:
    start_ns, end_ns, columns = drawn
    unit = next((name for name in _UNITS if asked[name].sum()), "minutes")
    own = [one for one in findings.revisions if one.service == service]
    order = {one.revision: at for at, one in enumerate(own)}
    counts = {
        str(key[0]): _columns(rows, unit, columns)
        for key, rows in asked.filter(pl.col(unit) > 0).partition_by("revision", as_dict=True).items()
    }
    verdicts = _verdicts(blamed) if blamed and blamed.service == service else {}
    telling = sorted(counts, key=lambda name: (name not in verdicts, -sum(counts[name]), name))[
        : _REVISIONS if verdicts else _OTHERS
    ]
    shown = sorted(telling, key=lambda name: (order.get(name, len(order)), name))
    marks = sorted(
        (mark for one in own for mark in _marks(one) if start_ns <= mark.at_ns < end_ns),
        key=lambda mark: (mark.at_ns, mark.revision, mark.kind),
    )
    return Lane(
        service=service,
        unit=unit,  # type: ignore[arg-type] # one of the three of _UNITS
        revisions=tuple(LaneRevision(name, counts[name], verdicts.get(name, "")) for name in shown),  # type: ignore[arg-type] # as below
        marks=tuple(marks[:_MARKS]),
        left_out=len(counts) - len(shown),
    )


def _columns(rows: pl.DataFrame, unit: str, columns: int) -> tuple[int, ...]:
    found = dict(rows.select("place", unit).rows())
    return tuple(int(found.get(at, 0)) for at in range(columns))


def _verdicts(blamed: Attribution) -> dict[str, str]:
    told = dict.fromkeys(blamed.first_bad, "may be it")
    if blamed.good_revision:
        told[blamed.good_revision] = "good"
    told[blamed.revision] = "blamed" if blamed.confidence >= BLAMED else "may be it"
    return told


def _marks(one: Revision) -> list[LaneMark]:
    if one.failed_ns is not None and one.ready_ns is None:
        return [LaneMark(one.failed_ns, "failed deploy", one.revision)]
    marks = [LaneMark(at_ns, "rolled back", one.revision) for at_ns in one.rolled_back_ns]
    at_ns = _deployed_ns(one)
    return [*marks, LaneMark(at_ns, "deployed", one.revision)] if at_ns is not None else marks

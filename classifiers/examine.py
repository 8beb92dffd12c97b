"""One cluster examined: its signatures and why they are one, its trend beside what was asked, entries, neighbours."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import orjson
import polars as pl
from msgspec import Struct

from classifiers.cases import Case, build_cases
from classifiers.classify import Reading
from classifiers.config import OnsetConfig
from classifiers.crowds import is_crowd
from classifiers.findings import Cluster
from classifiers.neighbours import Neighbour, find_neighbours
from classifiers.shapes import VALUE
from classifiers.statements import Templates
from collector.replacing import replace
from collector.store import Reader

__all__ = [
    "EntryLine",
    "Examination",
    "Part",
    "SignatureLine",
    "Trend",
    "examine",
    "read_entry_lines",
    "without_templates",
]

_COLUMNS = 60  # of a trend at most
_MINUTE_NS = 60_000_000_000
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080)  # minutes of a column
_CLOSER = 0.6  # share of a time from which a part of it is not worth a trend of its own
_CLOSE = 15  # minutes around failures at least
_NOT_PARTS = {"contributes", "access"}
_TEXT_CHARS = 400


class Part(Struct, frozen=True):
    """A part of a signature; `counts`: it goes into the id."""

    name: str
    value: str
    counts: bool


class SignatureLine(Struct, frozen=True):
    """One signature of the cluster. `rule` says why it is in (CLUSTER_SCHEMA), `share` how often it came with it.

    template and its id: only where other signatures share it.
    """

    signature_id: str
    kind: str
    title: str
    failures: int
    entries: int
    rule: str
    share: float | None
    parts: tuple[Part, ...]
    template_id: str | None
    template: str
    shared_by: int


class Trend(Struct, frozen=True):
    """Failures and what was exposed, in columns of equal length from start_ns on, in the unit of the cluster."""

    start_ns: int
    column_ns: int
    unit: str
    failed: tuple[int, ...]
    exposed: tuple[int, ...]


class EntryLine(Struct, frozen=True):
    """One entry as it is shown."""

    insert_id: str
    at_ns: int
    revision: str
    log: str
    severity: int
    trace: str | None
    text: str


class Examination(Struct, frozen=True):
    """Everything `logtriage show` tells of a cluster beside its verdict. `insert_ids`: every entry, by time."""

    signatures: tuple[SignatureLine, ...]
    trends: tuple[Trend, ...]
    neighbours: tuple[Neighbour, ...]
    insert_ids: tuple[str, ...]
    rules: tuple[tuple[int, str], ...]  # number and reason of each rule of config.yaml that had a hand in it


def examine(cluster: Cluster, reading: Reading, templates: Templates, config: OnsetConfig) -> Examination:
    """The cluster's signatures, trend, neighbours and entries, from what an analysis has read."""
    history = reading.history
    is_own = _is_own(cluster)
    members = history.members.filter(is_own)
    own = {(cluster.project, cluster.service, name) for name in cluster.signature_ids}
    return Examination(
        signatures=_signatures(cluster, members, history.failures.filter(is_own), templates),
        trends=_trends(cluster, reading, config),
        neighbours=find_neighbours(
            (cluster.project, cluster.service, cluster.signature_ids),
            history.members.filter(~is_crowd(history.members)),
            history.failures,
            templates,
        ),
        insert_ids=_entries(cluster, reading),
        rules=tuple(
            (one.number, one.rule.why)
            for one in history.outcomes
            if any(own & set(group) for group in (*one.before, *one.after))
        ),
    )


def read_entry_lines(reader: Reader, cluster: Cluster, insert_ids: tuple[str, ...]) -> tuple[EntryLine, ...]:
    """These entries of the cluster, by time."""
    found = reader.frame(
        "find_entries",
        project=cluster.project,
        insert_ids=list(insert_ids),
        start_ns=cluster.first_ns - 24 * 60 * _MINUTE_NS,  # a request began before what failed in it
        end_ns=cluster.last_ns + 24 * 60 * _MINUTE_NS,
        most=_TEXT_CHARS,
    )
    return tuple(EntryLine(**row) for row in found.iter_rows(named=True))


def without_templates(examination: Examination, names: Collection[str]) -> Examination:
    """The examination without the ids of these templates."""
    signatures = (replace(one, template_id=None) if one.template_id in names else one for one in examination.signatures)
    return replace(examination, signatures=tuple(signatures))


def _is_own(cluster: Cluster) -> pl.Expr:
    is_there = (pl.col("project") == cluster.project) & (pl.col("service") == cluster.service)
    return is_there & pl.col("signature_id").is_in(list(cluster.signature_ids))


def _signatures(
    cluster: Cluster, members: pl.DataFrame, failures: pl.DataFrame, templates: Templates
) -> tuple[SignatureLine, ...]:
    """The leading one first, then by entries."""
    counts = {
        name: (int(many), int(entries))
        for name, many, entries in failures.group_by("signature_id")
        .agg(pl.col("occurrences").sum(), pl.col("entries").sum())
        .iter_rows()
    }
    rows = {row["signature_id"]: row for row in members.iter_rows(named=True)}
    told = templates.signatures.filter(pl.col("signature_id").is_in(list(rows)))
    shared = pl.DataFrame({"id": [key for _, key in templates.by_signature.values()]}, schema={"id": pl.String()})
    sharing: dict[str, int] = dict(shared["id"].value_counts().iter_rows())
    lines = []
    for row in told.iter_rows(named=True):
        member = rows[row["signature_id"]]
        is_folded = member["cluster_id"] != cluster.id
        template, key = templates.by_signature.get(row["signature_id"], ("", ""))
        many, entries = counts.get(row["signature_id"], (0, 0))
        lines.append(
            SignatureLine(
                signature_id=row["signature_id"],
                kind=row["kind"],
                title=row["title"],
                failures=many,
                entries=entries,
                rule=("folded" if row["kind"] == "request" else "called") if is_folded else member["rule"],
                share=member["share"],
                parts=_parts(orjson.loads(row["parts"])),
                template_id=key if sharing.get(key, 0) > 1 and VALUE in template else None,
                template=template,
                shared_by=sharing.get(key, 0),
            )
        )
    return tuple(sorted(lines, key=lambda one: (one.rule != "lead", -one.entries, one.signature_id)))


def _parts(parts: Mapping[str, Any]) -> tuple[Part, ...]:
    """What counted first, then what is only told."""
    counted = list(parts.get("contributes", ()))
    names = [*counted, *sorted(set(parts) - set(counted) - _NOT_PARTS)]
    return tuple(Part(name, text, name in counted) for name in names if (text := _said(parts.get(name))))


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _trends(cluster: Cluster, reading: Reading, config: OnsetConfig) -> tuple[Trend, ...]:
    """Window and baseline; then, where that shows more, the window alone or the time around its failures."""
    history = reading.history
    failures = history.failures.filter(_is_own(cluster)).with_columns(cluster_id=pl.lit(cluster.id))
    start_ns = history.window.start_ns
    (case,) = build_cases(failures, history.leads, history.traces, history.exposure, start_ns=start_ns, config=config)
    line = case.grid.timeline
    whole = (0, line.bins)
    begin = int(line.bin_of(np.array([start_ns]))[0])
    inside = case.bins[case.bins >= begin]
    closer = (begin, line.bins)
    if len(inside):
        first, last = int(inside[0]), int(inside[-1]) + 1
        margin = max(last - first, _CLOSE // line.bin_minutes)
        around = (max(begin, first - margin), min(line.bins, last + margin))
        closer = around if around[1] - around[0] < _CLOSER * (closer[1] - closer[0]) else closer
    is_closer = closer[1] - closer[0] < _CLOSER * line.bins
    return tuple(_trend(case, *span) for span in ((whole, closer) if is_closer else (whole,)))


def _trend(case: Case, begin: int, end: int) -> Trend:
    """Columns over the bins [begin, end) of a case's timeline."""
    line = case.grid.timeline
    minutes = (end - begin) * line.bin_minutes
    step = next((one for one in _STEPS if one >= line.bin_minutes and minutes <= one * _COLUMNS), _STEPS[-1])
    each = max(1, -(-step // line.bin_minutes))
    columns = -(-(end - begin) // each)
    bins = case.bins[(case.bins >= begin) & (case.bins < end)] - begin
    failed = np.bincount(bins // each, minlength=columns)
    exposed = np.bincount(np.arange(end - begin) // each, weights=case.held.total[begin:end], minlength=columns)
    return Trend(
        start_ns=line.start_ns + begin * line.bin_ns,
        column_ns=each * line.bin_ns,
        unit=case.grid.unit,
        failed=tuple(int(many) for many in failed),
        exposed=tuple(round(many) for many in exposed.tolist()),
    )


def _entries(cluster: Cluster, reading: Reading) -> tuple[str, ...]:
    """Every entry of the cluster; its own list is bounded where it is no problem."""
    if len(cluster.insert_ids) >= cluster.entries:
        return cluster.insert_ids
    rows = reading.entries.filter(_is_own(cluster)).select("at_ns", "insert_id").unique().sort("at_ns", "insert_id")
    return tuple(rows["insert_id"].unique(maintain_order=True).to_list())

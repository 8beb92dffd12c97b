"""Clusters: signatures, their occurrences and how often they come together in; one failure of one service each, out.

Signatures become one cluster only when they render one failure (renderings.py); never because they look alike. A line
that names another failed operation stays apart, however often it comes with the first: what links them is cause, not
identity. The request lines of a failing request go with the failure that they nearly always come with in the rows
given: one route may fail of this today and of that tomorrow. So does a line that in the rows given is always written at
once before the trace of one exception, in one stream: one call of a logger wrote both.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
import polars as pl

from classifiers.renderings import Join, Met, Rendering, candidates, find_joins, rendering

__all__ = ["CLUSTER_SCHEMA", "cluster", "cluster_id", "find_candidates"]

CLUSTER_SCHEMA: dict[str, pl.DataType] = {
    "cluster_id": pl.String(),  # 16 hex digits, from project, service and leading signature
    "project": pl.String(),
    "service": pl.String(),
    "signature_id": pl.String(),
    "is_lead": pl.Boolean(),  # one a cluster: the most informative of its signatures
    "rule": pl.String(),  # lead | same_place | same_exception | names_it | heads | request: why the signature is in; by
    # a person's rule merged, see classifiers/regroup.py; limit, see classifiers/hung_folding.py
    "share": pl.Float64(),  # of its occurrences that came with the one it was joined to; null where none is needed
}

_BUCKET_NS = 100_000_000  # occurrences of one instance this near are together where no trace says more
_AT_ONCE_NS = 500_000  # between the line and the trace that one call writes
_HEADS = 0.9  # share of a line's occurrences that stand before a trace
_HEADED = 0.5  # share of a trace's occurrences that stand behind a line
_FEWEST = 2  # occurrences that tell it
_OF_REQUEST = 0.8  # share of a failing request's lines that come with a failure
_SERVER_ERROR = 500
_FAILURE = 17  # ERROR


def find_candidates(known: pl.DataFrame, signatures: pl.DataFrame) -> list[str]:
    """Signatures that may render one failure, sorted: count_together has to count these alone.

    known: project, service, signature_id. signatures: rows of SIGNATURE_SCHEMA of all of them.
    """
    told = {row["signature_id"]: rendering(row) for row in signatures.iter_rows(named=True)}
    found: set[str] = set()
    for names in _by_service(known).values():
        found |= candidates([told[name] for name in names])
    return sorted(found)


def cluster(
    known: pl.DataFrame, signatures: pl.DataFrame, together: pl.DataFrame, occurrences: pl.DataFrame
) -> pl.DataFrame:
    """Every (project, service, signature) known in exactly one cluster (CLUSTER_SCHEMA), sorted.

    known and signatures as find_candidates takes them; together: TOGETHER_SCHEMA. occurrences: project, service,
    signature_id, trace, instance, at_ns, log and severity of what is looked at. The order of rows does not matter.
    """
    told = {row["signature_id"]: rendering(row) for row in signatures.iter_rows(named=True)}
    counts = together.partition_by("project", "service", as_dict=True)
    seen = occurrences.partition_by("project", "service", as_dict=True)
    rows = [
        row
        for key, names in _by_service(known).items()
        for row in _service(
            *key, [told[name] for name in names], Met(counts.get(key, together.clear())),
            seen.get(key, occurrences.clear()),
        )
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=CLUSTER_SCHEMA, orient="row").sort(
        "project", "service", "cluster_id", "signature_id"
    )


def cluster_id(project: str, service: str, lead: str) -> str:
    """The id of the cluster of a service that is led by this signature."""
    return hashlib.blake2b(orjson.dumps([project, service, lead]), digest_size=8).hexdigest()


def _by_service(known: pl.DataFrame) -> dict[tuple[str, str], list[str]]:
    """Signatures of each project and service, all sorted."""
    keys = known.select("project", "service", "signature_id").unique().sort(pl.all())
    found: dict[tuple[str, str], list[str]] = {}
    for project, service, name in keys.iter_rows():
        found.setdefault((project, service), []).append(name)
    return found


def _service(
    project: str, service: str, known: Sequence[Rendering], met: Met, seen: pl.DataFrame
) -> list[tuple[Any, ...]]:
    """The rows of one service."""
    joins = find_joins(known, met)
    present = set(seen["signature_id"].unique().to_list())
    joins += _heads([one for one in known if one.id in present], seen, {one.joined for one in joins})
    joins += _requests([one for one in known if one.id in present], _Together(seen), seen)
    why = {one.joined: one for one in reversed(joins)}
    precedence = {one.id: one.precedence for one in known}
    rows: list[tuple[Any, ...]] = []
    for members in _groups([one.id for one in known], joins):
        lead = min(members, key=precedence.__getitem__)
        digest = cluster_id(project, service, lead)
        for name in members:
            join = why.get(name) or next((one for one in joins if one.to == name), None)
            rule = "lead" if name == lead or not join else join.rule
            rows.append(
                (digest, project, service, name, name == lead, rule, join.share if join and name != lead else None)
            )
    return rows


class _Together:
    """How often occurrences of one signature come with another of the same service."""

    def __init__(self, seen: pl.DataFrame) -> None:
        lines = seen.select("signature_id", "trace", "instance", "at_ns", "log").with_row_index("row")
        # the time of a request is its start, long before what it failed of
        timed = lines.filter((pl.col("log") != "requests") & (pl.col("instance") != ""))
        near = [
            timed.select(
                "row", "signature_id",
                key=pl.format("{}/{}/{}", pl.lit(shift), pl.col("instance"), (pl.col("at_ns") + shift) // _BUCKET_NS),
            )
            for shift in (0, _BUCKET_NS // 2)
        ]  # fmt: skip
        traced = lines.filter(pl.col("trace").is_not_null()).select("row", "signature_id", key="trace")
        self._keys = pl.concat([traced, *near])
        self._counts = dict(lines["signature_id"].value_counts().iter_rows())

    def shares(self, left: list[str], right: list[str]) -> dict[tuple[str, str], float]:
        """Of each left signature: the share of its occurrences that came with each right one, where there is any."""
        mine = self._keys.filter(pl.col("signature_id").is_in(left))
        theirs = self._keys.filter(pl.col("signature_id").is_in(right)).select("key", other="signature_id").unique()
        met = mine.join(theirs, on="key").filter(pl.col("signature_id") != pl.col("other"))
        counts = met.group_by("signature_id", "other").agg(pl.col("row").n_unique())
        return {(one, other): count / self._counts[one] for one, other, count in counts.iter_rows()}


def _heads(present: Sequence[Rendering], seen: pl.DataFrame, joined: set[str]) -> list[Join]:
    """Lines that name no exception and always stand straight before the trace of one, in its instance and stream."""
    thrown = {one.id for one in present if one.frames}
    lines = {one.id for one in present if one.kind == "message" and not one.exception} - joined
    if not thrown or not lines:
        return []
    place = ["instance", "log"]
    written = (
        seen.filter((pl.col("log") != "requests") & (pl.col("instance") != ""))
        .select("signature_id", "at_ns", *place)
        .sort(*place, "at_ns", "signature_id")
        .with_columns(
            behind=pl.col("signature_id").shift(-1).over(place),
            wait=(pl.col("at_ns").shift(-1) - pl.col("at_ns")).over(place),
        )
    )
    counts = dict(written["signature_id"].value_counts().iter_rows())
    is_headed = pl.col("behind").is_in(thrown) & (pl.col("wait") <= _AT_ONCE_NS)
    met = (
        written.filter(pl.col("signature_id").is_in(lines) & is_headed)
        .group_by("signature_id", "behind").len().sort("len", "signature_id", "behind", descending=[True, False, False])
    )  # fmt: skip
    told: set[str] = set()
    joins = []
    for line, trace, count in met.iter_rows():
        is_always = count >= max(_FEWEST, _HEADS * counts[line]) and count >= _HEADED * counts[trace]
        if is_always and trace not in told:
            told.add(trace)
            joins.append(Join(line, trace, "heads", count / counts[line]))
    return joins


def _requests(present: Sequence[Rendering], together: _Together, seen: pl.DataFrame) -> list[Join]:
    """Requests answered 5xx by the application, with the failure that nearly all of them come with."""
    failing = [one for one in present if one.kind == "request" and one.has_route and (one.status or 0) >= _SERVER_ERROR]
    severe = set(
        seen.group_by("signature_id").agg(pl.col("severity").max()).filter(
            (pl.col("severity") >= _FAILURE) | (pl.col("severity") == 0)
        )["signature_id"].to_list()
    )  # fmt: skip
    failures = [one.id for one in present if one.kind in {"exception", "message"} and one.id in severe]
    if not failing or not failures:
        return []
    names = [one.id for one in failing]
    shares = together.shares(names, failures)
    back = together.shares(failures, names)
    joins = []
    for name in names:
        met = [(share, back.get((other, name), 0.0), other) for (one, other), share in shares.items() if one == name]
        if met:
            share, _, other = max(met, key=lambda item: (item[0], item[1], item[2]))
            if share >= _OF_REQUEST:
                joins.append(Join(name, other, "request", share))
    return joins


def _groups(names: list[str], joins: list[Join]) -> list[list[str]]:
    """The names in groups that the joins connect, each sorted."""
    leader = {name: name for name in names}

    def find(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for join in joins:
        first, second = sorted((find(join.joined), find(join.to)))
        leader[second] = first
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(find(name), []).append(name)
    return list(groups.values())

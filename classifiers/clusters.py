"""Clusters: signatures and occurrences of a window in; which signatures render one failure of one service out.

Two signatures become one cluster only when their texts name one exception and they happen together again and again, or
when one exception comes from one place in the code; never because they look alike. A line that names another failed
operation stays apart, however often it comes with the first: what links them is cause, not identity. The request lines
of a failing request go with the failure that they nearly always come with.
"""

import hashlib
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import orjson
import polars as pl

__all__ = ["CLUSTER_SCHEMA", "cluster", "cluster_id", "rank"]

CLUSTER_SCHEMA: dict[str, pl.DataType] = {
    "cluster_id": pl.String(),  # 16 hex digits, from project, service and leading signature
    "project": pl.String(),
    "service": pl.String(),
    "signature_id": pl.String(),
    "is_lead": pl.Boolean(),  # one a cluster: the most informative of its signatures
    "rule": pl.String(),  # lead | same_place | same_exception | names_it | request: why the signature is in; by a
    # person's rule merged, see classifiers/regroup.py
    "share": pl.Float64(),  # of its occurrences that came with the one it was joined to; null where none is needed
}

_BUCKET_NS = 100_000_000  # occurrences of one instance this near are together where no trace says more
_TOGETHER = 0.5  # share of the occurrences, both ways, for two renderings of one exception
_OF_REQUEST = 0.8  # share of a failing request's lines that come with a failure
_WORDS = 2  # words that an exception's text needs before another line can be said to hold it
_SERVER_ERROR = 500
_FAILURE = 17  # ERROR
_RANKS = {"exception": 1, "message": 2, "platform": 3, "request": 4}


@dataclass(frozen=True, slots=True)
class _Signature:
    """What of a signature counts for clusters. `rank`: 0 tells most."""

    id: str
    kind: str
    rank: int
    type: str
    value: str
    message: str
    frames: tuple[str, ...]
    status: int | None
    has_route: bool

    @property
    def exception(self) -> tuple[str, str] | None:
        """Type and text, when both are known."""
        return (self.type, self.value) if self.type and self.value else None


@dataclass(frozen=True, slots=True)
class _Join:
    """`joined` is in the cluster of `to`, and why."""

    joined: str
    to: str
    rule: str
    share: float | None


def cluster(occurrences: pl.DataFrame, signatures: pl.DataFrame) -> pl.DataFrame:
    """Every (project, service, signature) of the occurrences in exactly one cluster (CLUSTER_SCHEMA), sorted.

    occurrences and signatures as classifiers/signatures.py gives them; the order of rows does not matter.
    """
    known = {row["signature_id"]: _signature(row) for row in signatures.iter_rows(named=True)}
    services = occurrences.partition_by("project", "service", as_dict=True)
    rows = [
        row
        for (project, service), seen in sorted(services.items(), key=lambda item: str(item[0]))
        for row in _service(str(project), str(service), seen, known)
    ]
    return pl.DataFrame(rows, schema=CLUSTER_SCHEMA, orient="row").sort(
        "project", "service", "cluster_id", "signature_id"
    )


def cluster_id(project: str, service: str, lead: str) -> str:
    """The id of the cluster of a service that is led by this signature."""
    return hashlib.blake2b(orjson.dumps([project, service, lead]), digest_size=8).hexdigest()


def rank(kind: str, parts: dict[str, Any]) -> int:
    """How much a signature tells of its cluster; that of the lowest rank, then of the first id, leads it."""
    return 0 if parts.get("frames") else _RANKS[kind]


def _signature(row: dict[str, Any]) -> _Signature:
    parts = orjson.loads(row["parts"])
    frames = tuple(parts.get("frames", ()))
    return _Signature(
        id=row["signature_id"],
        kind=row["kind"],
        rank=rank(row["kind"], parts),
        type=parts.get("type") or "",
        value=parts.get("value") or "",
        message=parts.get("message") or "",
        frames=frames,
        status=parts.get("status"),
        has_route="route" in parts,
    )


def _service(project: str, service: str, seen: pl.DataFrame, known: dict[str, _Signature]) -> list[tuple[Any, ...]]:
    """The rows of one service."""
    present = [known[name] for name in sorted(seen["signature_id"].unique().to_list())]
    together = _Together(seen)
    joins = [*_same_exception(present, together)]
    joins += _names_it(present, together, joined={name for one in joins for name in (one.joined, one.to)})
    groups = _groups([one.id for one in present], joins)
    joins += _requests(present, together, seen)
    groups = _groups([one.id for one in present], joins)
    why = {one.joined: one for one in reversed(joins)}
    rows: list[tuple[Any, ...]] = []
    for members in groups:
        lead = min(members, key=lambda name: (known[name].rank, name))
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


def _same_exception(present: list[_Signature], together: _Together) -> list[_Join]:
    """Signatures that name one exception: at one place of the code, or together again and again."""
    groups: dict[tuple[str, str], list[_Signature]] = {}
    for one in present:
        if one.exception and one.kind in {"exception", "message"}:
            groups.setdefault(one.exception, []).append(one)
    several = [sorted(group, key=lambda one: (one.rank, one.id)) for group in groups.values() if len(group) > 1]
    names = [one.id for group in several for one in group]
    shares = together.shares(names, names) if names else {}
    joins = []
    for group in several:
        for first, second in combinations(group, 2):
            share = min(shares.get((first.id, second.id), 0.0), shares.get((second.id, first.id), 0.0))
            if first.frames and second.frames and first.frames[-1] == second.frames[-1]:
                joins.append(_Join(second.id, first.id, "same_place", None))
            elif share >= _TOGETHER:
                joins.append(_Join(second.id, first.id, "same_exception", share))
    return joins


def _names_it(present: list[_Signature], together: _Together, *, joined: set[str]) -> list[_Join]:
    """The one line that holds an exception's text, for exceptions that no line has told by name.

    Of several lines that hold it only the one most often together is its rendering: the others name operations that
    failed of it.
    """
    thrown = [
        one for one in present
        if one.kind == "exception" and one.id not in joined and len(one.value.split()) >= _WORDS
    ]  # fmt: skip
    lines = [one for one in present if one.kind == "message" and one.message and not one.exception]
    pairs = [(error, line) for error in thrown for line in lines if error.value in line.message]
    if not pairs:
        return []
    shares = together.shares([one.id for pair in pairs for one in pair], [one.id for pair in pairs for one in pair])
    best: dict[str, _Join] = {}
    for error, line in sorted(pairs, key=lambda pair: (pair[0].id, len(pair[1].message), pair[1].id)):
        share = min(shares.get((error.id, line.id), 0.0), shares.get((line.id, error.id), 0.0))
        before = best.get(error.id)
        if share >= _TOGETHER and (before is None or share > (before.share or 0.0)):
            best[error.id] = _Join(line.id, error.id, "names_it", share)
    return list(best.values())


def _requests(present: list[_Signature], together: _Together, seen: pl.DataFrame) -> list[_Join]:
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
                joins.append(_Join(name, other, "request", share))
    return joins


def _groups(names: list[str], joins: list[_Join]) -> list[list[str]]:
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

"""Renderings: signatures in; which of them tell of one and the same failure in different words, out.

Two are joined when they name one exception and come from one place in the code, or come together again and again; and
with a thrown exception goes the one line that says of what it failed. A second line that names it tells of another
operation, which failed of the first. How often they come together is counted over all that is stored, revision by
revision: what was seen once to be one failure stays one, in every window.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import combinations
from typing import Any

import orjson
import polars as pl
from msgspec import Struct

__all__ = ["TOGETHER_SCHEMA", "Join", "Met", "Rendering", "candidates", "find_joins", "rank", "rendering"]

# What queries/count_together.sql gives.
TOGETHER_SCHEMA: dict[str, pl.DataType] = {
    "project": pl.String(),
    "service": pl.String(),
    "revision": pl.String(),
    "signature_id": pl.String(),
    "other": pl.String(),  # null: the row counts all of the signature
    "occurrences": pl.Int64(),
}

_TOGETHER = 0.5  # share of the occurrences, both ways, on some revision
_WORDS = 2  # words that an exception's text needs before another line can be said to hold it
_RANKS = {"exception": 1, "message": 2, "platform": 3, "request": 4}
_NAMES = re.compile(r"[^\W\d_]{2,}")


class Rendering(Struct, frozen=True, dict=True):
    """What of a signature counts for clusters. `rank`: 0 tells most; is_thrown: a trace, not a line about it.

    told_ns: when it first occurred, so that of equals the oldest leads, in every window and whatever comes later.
    """

    id: str
    kind: str
    rank: int
    told_ns: int
    type: str
    value: str
    message: str
    frames: tuple[str, ...]
    is_thrown: bool
    status: int | None
    has_route: bool

    @property
    def precedence(self) -> tuple[int, int, str]:
        """By which the first of several leads their cluster."""
        return (self.rank, self.told_ns, self.id)

    @property
    def exception(self) -> tuple[str, str] | None:
        """Type and text, when both are known."""
        return (self.type, self.value) if self.type and self.value else None

    @property
    def text(self) -> str:
        """What a thrown exception says. That of a language whose errors have no type is the line before its trace."""
        return self.value or (self.message if self.is_thrown and not self.type else "")

    @cached_property
    def operation(self) -> str:
        """The words of a line beside the exception that it names: what failed of it; of a trace none."""
        if self.is_thrown:
            return ""
        rest = self.message.replace(self.value, " ").replace(self.type, " ") if self.exception else self.message
        return " ".join(_NAMES.findall(re.sub("<[a-z_]+>", " ", rest))).lower()


class Join(Struct, frozen=True):
    """`joined` is in the cluster of `to`, and why."""

    joined: str
    to: str
    rule: str
    share: float | None


class Met:
    """How often signatures of one service come together: of both at least this share, on the revision where most."""

    def __init__(self, counts: pl.DataFrame) -> None:
        """counts: rows of one service (TOGETHER_SCHEMA)."""
        key = ["revision", "signature_id"]
        whole = counts.filter(pl.col("other").is_null()).select(*key, whole="occurrences")
        shares = counts.drop_nulls("other").join(whole, on=key).select(
            "revision", "signature_id", "other", share=pl.col("occurrences") / pl.col("whole")
        )  # fmt: skip
        both = shares.join(
            shares.select("revision", signature_id="other", other="signature_id", back="share"),
            on=["revision", "signature_id", "other"],
        )
        best = both.group_by("signature_id", "other").agg(pl.min_horizontal("share", "back").max().alias("share"))
        self._shares: dict[tuple[str, str], float] = {(one, other): share for one, other, share in best.iter_rows()}

    def share(self, one: Rendering, other: Rendering) -> float:
        """0 where they never met."""
        return self._shares.get((one.id, other.id), 0.0)


def rank(kind: str, parts: dict[str, Any]) -> int:
    """How much a signature tells of its cluster; that of the lowest rank, then of the first id, leads it."""
    return 0 if parts.get("frames") else _RANKS[kind]


def rendering(row: dict[str, Any]) -> Rendering:
    """The rendering of a row of SIGNATURE_SCHEMA, with told_at_ns where that is known."""
    parts = orjson.loads(row["parts"])
    frames = tuple(parts.get("frames", ()))
    return Rendering(
        id=row["signature_id"],
        kind=row["kind"],
        rank=rank(row["kind"], parts),
        told_ns=row.get("told_at_ns") or 0,
        type=parts.get("type") or "",
        value=parts.get("value") or "",
        message=parts.get("message") or "",
        frames=frames,
        is_thrown=bool(frames or parts.get("chain")),
        status=parts.get("status"),
        has_route="route" in parts,
    )


def candidates(known: Sequence[Rendering]) -> set[str]:
    """Signatures that may render what another one does: what is worth counting together."""
    several = {one.id for group in _by_exception(known).values() for one in group}
    return several | {one.id for pair in _holding(known) for one in pair}


def find_joins(known: Sequence[Rendering], met: Met) -> list[Join]:
    """Why signatures of one service are one cluster. Their order does not matter."""
    joins = [join for group in _by_exception(known).values() for join in _same_exception(group, met)]
    return joins + _names_it(known, met, joined={name for one in joins for name in (one.joined, one.to)})


def _by_exception(known: Sequence[Rendering]) -> dict[tuple[str, str], list[Rendering]]:
    """Signatures that name the same exception, where several do, those that tell most first."""
    groups: dict[tuple[str, str], list[Rendering]] = {}
    for one in sorted(known, key=lambda one: (one.rank, one.id)):
        if one.exception and one.kind in {"exception", "message"}:
            groups.setdefault(one.exception, []).append(one)
    return {named: group for named, group in groups.items() if len(group) > 1}


def _same_exception(group: Sequence[Rendering], met: Met) -> Iterator[Join]:
    """Joins among signatures that name one exception."""
    bare = [one for one in group if not one.operation]
    lines = [one for one in group if one.operation]
    for first, second in combinations(bare, 2):
        if first.frames and second.frames and first.frames[-1] == second.frames[-1]:
            yield Join(second.id, first.id, "same_place", None)
        elif (share := met.share(first, second)) >= _TOGETHER:
            yield Join(second.id, first.id, "same_exception", share)
    for first, second in combinations(lines, 2):
        share = met.share(first, second)
        if first.operation == second.operation and share >= _TOGETHER:
            yield Join(second.id, first.id, "same_exception", share)
    yield from _matched(((thrown, line) for thrown in bare for line in lines), met, "same_exception")


def _holding(known: Sequence[Rendering]) -> list[tuple[Rendering, Rendering]]:
    """Thrown exceptions with the lines that hold their text and name no exception of another type."""
    thrown = {one.id: one for one in known if one.kind == "exception" and len(one.text.split()) >= _WORDS}
    lines = [one for one in known if one.kind == "message" and one.message]
    if not thrown or not lines:
        return []
    by_value: dict[str, list[Rendering]] = {}
    for one in thrown.values():
        by_value.setdefault(one.text, []).append(one)
    values = sorted(by_value)
    held = pl.Series([line.message for line in lines]).str.extract_many(values, overlapping=True)
    return [
        (one, line)
        for line, found in zip(lines, held.to_list(), strict=True)
        for value in sorted(set(found))
        for one in by_value[value]
        if not line.exception or line.type == one.type
    ]


def _names_it(known: Sequence[Rendering], met: Met, *, joined: set[str]) -> list[Join]:
    """The one line that holds an exception's text, for exceptions and lines that are not joined by name."""
    pairs = (pair for pair in _holding(known) if not joined & {one.id for one in pair})
    return list(_matched(pairs, met, "names_it"))


def _matched(pairs: Iterable[tuple[Rendering, Rendering]], met: Met, rule: str) -> Iterator[Join]:
    """Each exception with the one line most often together with it, each line with one exception.

    Of lines about as often together the one with fewest words of its own is the rendering: the others name operations
    that failed of it.
    """
    found = [(met.share(thrown, line), thrown, line) for thrown, line in pairs]
    found = [one for one in found if one[0] >= _TOGETHER]
    found.sort(key=lambda one: (-round(one[0], 1), len(one[2].operation), one[1].rank, one[1].id, one[2].id))
    told: set[str] = set()
    for share, thrown, line in found:
        if thrown.id not in told and line.id not in told:
            told |= {thrown.id, line.id}
            yield Join(line.id, thrown.id, rule, share)

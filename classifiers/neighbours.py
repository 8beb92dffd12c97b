"""Neighbours: what stands near a cluster and is not in it, and why not: another code, exception, operation, service."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
import polars as pl
from msgspec import Struct

from classifiers.alike import differences
from classifiers.statements import Templates
from classifiers.together import Moments

__all__ = ["Neighbour", "find_neighbours"]

_MOST = 8
_MOST_ALIKE = 3  # of those that are near in the same way
_OFTEN = 0.5  # share of the moments of the rarer one that both need to be near by time alone
_WORDS = 6


class Neighbour(Struct, frozen=True):
    """A cluster that is near another one. `near` says why it comes to mind, `apart` why it is not the same failure.

    together: in how many moments of the rarer one both failed, and how many it has; None in another service.
    """

    cluster_id: str
    signature_id: str
    project: str
    service: str
    title: str
    entries: int
    near: str
    apart: str
    together: tuple[int, int] | None


_MOST_OWN = 500  # signatures of a cluster that is no crowd (see crowds.py)


class _Signature(Struct, frozen=True):
    """What of a signature can be near that of another."""

    id: str
    title: str
    type: str
    frames: tuple[str, ...]
    status: int | None
    route: str
    statement: str
    template: str


def find_neighbours(
    cluster: tuple[str, str, Collection[str]], members: pl.DataFrame, failures: pl.DataFrame, templates: Templates
) -> tuple[Neighbour, ...]:
    """At most eight, and three of a kind: those that read alike first, then by entries.

    Of a crowd, which holds whatever is rare, nothing is near.
    cluster: project, service and signature ids. members: CLUSTER_SCHEMA. failures: rows of find_failures.
    """
    project, service, ids = cluster
    if len(ids) > _MOST_OWN:
        return ()
    known = {row["signature_id"]: _signature(row, templates) for row in templates.signatures.iter_rows(named=True)}
    own = [known[name] for name in sorted(ids) if name in known]
    moments = Moments(failures)
    counted = dict(_counts(failures))
    found: dict[str, tuple[int, Neighbour]] = {}
    others = members.filter(~_within(project, service, ids)).sort("cluster_id", "signature_id")
    for row in others.iter_rows(named=True):
        entries = counted.get((row["project"], row["service"], row["signature_id"]), 0)
        one = known.get(row["signature_id"]) if entries else None
        is_same = (row["project"], row["service"]) == (project, service)
        together = moments.met(project, service, ids, [row["signature_id"]]) if is_same else None
        told = one and _compared(own, one, together, service=str(row["service"]), is_same=is_same)
        if not one or not told:
            continue
        degree, near, apart = told
        neighbour = Neighbour(
            row["cluster_id"], one.id, row["project"], row["service"], one.title, entries, near, apart, together
        )
        before = found.get(row["cluster_id"])
        if before is None or (degree, -entries) < (before[0], -before[1].entries):
            found[row["cluster_id"]] = (degree, neighbour)
    ordered = sorted(found.values(), key=lambda item: (item[0], -item[1].entries, item[1].cluster_id))
    seen: Counter[int] = Counter()
    shown = []
    for degree, neighbour in ordered:
        seen[degree] += 1
        if seen[degree] <= _MOST_ALIKE:
            shown.append(neighbour)
    return tuple(shown[:_MOST])


def _within(project: str, service: str, ids: Collection[str]) -> pl.Expr:
    is_there = (pl.col("project") == project) & (pl.col("service") == service)
    return is_there & pl.col("signature_id").is_in(list(ids))


def _counts(failures: pl.DataFrame) -> list[tuple[tuple[str, str, str], int]]:
    rows = failures.group_by("project", "service", "signature_id").agg(pl.col("entries").sum()).iter_rows()
    return [((project, service, name), int(many)) for project, service, name, many in rows]


def _signature(row: Mapping[str, Any], templates: Templates) -> _Signature:
    parts: dict[str, Any] = orjson.loads(row["parts"])
    name = row["signature_id"]
    return _Signature(
        id=name,
        title=row["title"],
        type=parts.get("type") or "",
        frames=tuple(parts.get("frames", ())),
        status=parts.get("status"),
        route=f"{parts.get('method', '')} {parts['route']}" if "route" in parts else "",
        statement=templates.statement_of.get(name, ""),
        template=templates.by_signature.get(name, ("", ""))[1],
    )


def _compared(
    own: Sequence[_Signature], one: _Signature, together: tuple[int, int] | None, *, service: str, is_same: bool
) -> tuple[int, str, str] | None:
    """How near, why near, and why not in it; None when nothing is near."""
    told = [found for mine in own if (found := _likeness(mine, one))]
    if told:
        degree, near, apart = min(told)
        if not is_same:
            return degree + 2, near, f"of another service, {service}: a cluster is of one service"
        return degree, near, apart
    if together and together[0] >= _OFTEN * together[1] > 1:
        return 3, "it comes with it", "names another failed operation: what links them is cause, not identity"
    return None


def _likeness(mine: _Signature, one: _Signature) -> tuple[int, str, str] | None:
    if mine.template and mine.template == one.template:
        return 0, "it reads alike", _difference(mine, one)
    if mine.type and mine.type == one.type and set(mine.frames) & set(one.frames):
        return 1, f"{one.type} through the same code", _difference(mine, one)
    if mine.route and mine.route == one.route:
        return 1, "the same route", f"another code: {one.status}, here {mine.status}"
    if mine.route and one.route and mine.status == one.status:
        return 4, f"answered {one.status} too", f"another operation: {one.route}"
    return None


def _difference(mine: _Signature, one: _Signature) -> str:
    """Why two signatures that read alike are two."""
    if mine.type != one.type and mine.type and one.type:
        return f"another exception: {one.type}, here {mine.type}"
    here, there = differences([mine.statement, one.statement])
    if not here and not there:
        if mine.frames != one.frames:
            return f"thrown elsewhere: {_words(set(one.frames) - set(mine.frames))}"
        return "another kind of entry tells it, and they do not come together"
    codes = [word for word in there if any(c.isdigit() for c in word)]
    if codes:
        return f"another code: {_words(codes)}, here {_words(word for word in here if any(c.isdigit() for c in word))}"
    return f"other words: {_words(there)}, here {_words(here)}"


def _words(words: Any) -> str:
    every = list(words)
    shown = " ".join(every[:_WORDS])
    return f"{shown} ..." if len(every) > _WORDS else shown or "none"

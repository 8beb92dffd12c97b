"""Facts as the ledger reads them: each once, by time, their details parsed, projects by id.

`describe` files know a project by its number alone; audit entries know both, and so the two are brought together.
"""

from collections.abc import Iterable
from typing import Any

import orjson
import polars as pl
from msgspec import Struct

__all__ = ["SEEN_SCHEMA", "Fact", "projects_of", "read_facts"]

# What the rows themselves tell of a revision; one row for each.
SEEN_SCHEMA: dict[str, pl.DataType] = {
    "project": pl.String(),
    "service": pl.String(),
    "revision": pl.String(),
    "first_ns": pl.Int64(),
    "last_ns": pl.Int64(),
    "requests": pl.Int64(),
    "first_request_ns": pl.Int64(),  # null where no request was seen
    "last_request_ns": pl.Int64(),
    "location": pl.String(),  # "" not known
}


class Fact(Struct, frozen=True):
    """One row of FACT_SCHEMA, its detail read, its project by id rather than by number where that is known."""

    project: str
    service: str
    revision: str
    at_ns: int
    kind: str
    origin: str
    insert_id: str
    actor: str
    tool: str
    detail: dict[str, Any]
    location: str


def read_facts(facts: pl.DataFrame, seen: pl.DataFrame | None = None) -> list[Fact]:
    """Facts by time, each once, with one name for each project."""
    columns = [
        "project", "service", "revision", "at_ns", "kind", "origin", "insert_id", "actor", "tool", "location", "detail"
    ]  # fmt: skip
    rows = facts.select(columns).unique().sort(columns)
    details = [_detail(text) for text in rows["detail"]]
    known = {(row[0], row[1]) for row in rows.select("project", "service").iter_rows()}
    if seen is not None:
        known |= set(seen.select("project", "service").iter_rows())
    ids = _project_ids(zip(rows["project"], details, strict=True))
    read = []
    for row, detail in zip(rows.drop("detail").iter_rows(), details, strict=True):
        project = ids.get(row[0]) or _same_service(row[0], row[1], known)
        read.append(Fact(project, row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], detail, row[9]))
    return sorted(read, key=lambda fact: (fact.at_ns, fact.kind, fact.insert_id))


def projects_of(facts: pl.DataFrame, seen: pl.DataFrame) -> pl.Series:
    """The project of each fact, in order, by id rather than by number where that is known."""
    told = facts.filter(pl.col("detail").str.contains("project_number", literal=True))
    ids = _project_ids(zip(told["project"], (_detail(text) for text in told["detail"]), strict=True))
    pairs = [frame.select("project", "service").unique() for frame in (facts, seen)]
    known = set(pl.concat(pairs).iter_rows())
    named = {key: ids.get(key[0]) or _same_service(key[0], key[1], known) for key in pairs[0].iter_rows()}
    return pl.Series("project", [named[key] for key in facts.select("project", "service").iter_rows()], pl.String())


def _detail(text: str) -> dict[str, Any]:
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def _project_ids(rows: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, str]:
    """Project ids by number, from facts that tell both: `describe` files know the number alone."""
    ids = {}
    for project, detail in rows:
        number = detail.get("project_number")
        if number and not project.isdigit():
            ids[number] = project
    return ids


def _same_service(project: str, service: str, known: set[tuple[str, str]]) -> str:
    """The one project id that has a service of this name, where this project is a number; else the project itself."""
    if not project.isdigit():
        return project
    named = {one for one, other in known if other == service and not one.isdigit()}
    return named.pop() if len(named) == 1 else project

"""Reads queries/NAME.sql and its header; every SQL text of the house lies there."""

from functools import cache

from msgspec import Struct

from collector.datafiles import data_folder
from collector.errors import QueryError

__all__ = ["Query", "load_query", "query_names"]

_QUERIES = data_folder(__file__, "queries")


class Query(Struct, frozen=True):
    """One SQL file. `params` and `columns` map names to SQL types, as its header states them."""

    name: str
    about: str
    params: dict[str, str]
    columns: dict[str, str]
    sql: str


def query_names() -> list[str]:
    """Names of all queries, sorted."""
    return sorted(path.stem for path in _QUERIES.glob("*.sql"))


@cache
def load_query(name: str) -> Query:
    """The query of that name; QueryError when the file or a line of its header is missing."""
    path = _QUERIES / f"{name}.sql"
    if not path.is_file():
        raise QueryError(f"There is no query `{name}` in {_QUERIES}. Reinstall logtriage.")
    text = path.read_text(encoding="utf-8")
    header = _header(name, text)
    if header.get("name") != name:
        raise QueryError(f"queries/{name}.sql says `-- name: {header.get('name')}`. Make it the file's name.")
    return Query(
        name=name,
        about=header.get("about", ""),
        params=_typed(header.get("params", "")),
        columns=_typed(header.get("columns", "")),
        sql=text,
    )


def _header(name: str, text: str) -> dict[str, str]:
    """Header fields; a line that starts with `--` and no known field goes on with the one before."""
    fields: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        head, colon, rest = line[2:].partition(":")
        if colon and head.strip() in {"name", "about", "params", "columns"}:
            last = head.strip()
            fields[last] = rest.strip()
        elif last:
            fields[last] += " " + line[2:].strip()
    missing = {"name", "about", "params", "columns"} - set(fields)
    if missing:
        raise QueryError(f"queries/{name}.sql lacks `{min(missing)}:` in its header.")
    return fields


def _typed(text: str) -> dict[str, str]:
    """`$a BIGINT, b VARCHAR` as a dict; empty for empty text."""
    parts = [part.split(None, 1) for part in text.split(",") if part.strip()]
    return {name.lstrip("$"): sql_type for name, sql_type in parts}

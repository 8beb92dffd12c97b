"""Reads queries/NAME.sql and its header; every SQL text of the house lies there."""

import re
from functools import cache, cached_property

import polars as pl
from msgspec import Struct

from collector.datafiles import data_folder
from collector.errors import QueryError

__all__ = ["Query", "is_schema", "load_query", "query_names", "schema_names"]

_QUERIES = data_folder(__file__, "queries")
_SCHEMA = re.compile(r"create_\d{4}_")
_FIELDS = {"name", "about", "params", "columns"}  # of a header; `needs` may be left out
_POLARS: dict[str, pl.DataType] = {
    "VARCHAR": pl.String(),
    "BOOLEAN": pl.Boolean(),
    "SMALLINT": pl.Int16(),
    "INTEGER": pl.Int32(),
    "BIGINT": pl.Int64(),
    "UBIGINT": pl.UInt64(),
    "DOUBLE": pl.Float64(),
}


class Query(Struct, frozen=True, dict=True):
    """One SQL file. `params` and `columns` map names to SQL types, as its header states them.

    `needs` are tables without rows of which it has none either: it is then not run.
    """

    name: str
    about: str
    params: dict[str, str]
    columns: dict[str, str]
    needs: frozenset[str]
    sql: str

    @cached_property
    def nothing(self) -> pl.DataFrame:
        """No rows of it."""
        return pl.DataFrame(schema={name: _polars(sql_type) for name, sql_type in self.columns.items()})


def query_names() -> list[str]:
    """Names of all queries, sorted."""
    return sorted(path.stem for path in _QUERIES.glob("*.sql"))


def is_schema(name: str) -> bool:
    """Whether a query of that name makes or changes tables of the store; so those of later versions are called, too."""
    return _SCHEMA.match(name) is not None


def schema_names() -> list[str]:
    """Names of the queries that make and change the tables of the store, in order."""
    return [name for name in query_names() if is_schema(name)]


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
        needs=frozenset(header.get("needs", "").split()),
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
        if colon and head.strip() in _FIELDS | {"needs"}:
            last = head.strip()
            fields[last] = rest.strip()
        elif last:
            fields[last] += " " + line[2:].strip()
    missing = _FIELDS - set(fields)
    if missing:
        raise QueryError(f"queries/{name}.sql lacks `{min(missing)}:` in its header.")
    return fields


def _polars(sql_type: str) -> pl.DataType:
    return pl.List(_polars(sql_type[:-2])) if sql_type.endswith("[]") else _POLARS[sql_type]


def _typed(text: str) -> dict[str, str]:
    """`$a BIGINT, b VARCHAR` as a dict; empty for empty text."""
    parts = [part.split(None, 1) for part in text.split(",") if part.strip()]
    return {name.lstrip("$"): sql_type for name, sql_type in parts}

"""An in-memory DuckDB that takes JSON apart in columns. It holds no data and knows no file: the store does."""

import contextlib
from collections.abc import Iterator
from typing import Any

import duckdb
import polars as pl

from collector.sql import load_query

__all__ = ["Engine", "idle_engine"]

_MOST_IDLE = 2  # kept for the next batch: making an engine and planning its query take a tenth of a second
_idle: "list[Engine]" = []


class Engine:
    """One connection with one thread, so that two engines fill two cores; not shared between threads."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "enable_external_access": False,
            },
        )
        self._connection.execute("set enable_progress_bar = false").fetchall()  # stdout is ours
        self._prepared: dict[str, dict[str, _Relation]] = {}

    def frame(self, query: str, **relations: pl.DataFrame) -> pl.DataFrame:
        """Result of queries/QUERY.sql over the given frames, each under its name. Rows keep their order.

        The query is planned once: planning takes as long as parsing 3,000 records.
        """
        if query not in self._prepared:
            self._prepared[query] = self._prepare(query, relations)
        for name, relation in relations.items():
            self._prepared[query][name].frame = relation
        try:
            result: Any = self._connection.sql(f"execute {query}")
            return pl.DataFrame(result)
        finally:
            for name in relations:
                self._prepared[query][name].frame = None

    def _prepare(self, query: str, relations: dict[str, pl.DataFrame]) -> dict[str, "_Relation"]:
        """Plans the query over relations of that shape; its frames can then be exchanged."""
        bound = {name: _Relation(frame) for name, frame in relations.items()}
        for name, relation in bound.items():
            self._connection.register(name, relation)
        self._connection.execute(f"prepare {query} as {load_query(query).sql}").fetchall()
        return bound


@contextlib.contextmanager
def idle_engine() -> Iterator[Engine]:
    """An engine that nobody else works with while the body runs."""
    try:
        engine = _idle.pop()
    except IndexError:
        engine = Engine()
    yield engine
    if len(_idle) < _MOST_IDLE:
        _idle.append(engine)


class _Relation:
    """A table whose rows can be exchanged: DuckDB asks for its stream each time the planned query runs."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame: pl.DataFrame | None = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        table: Any = self.frame.to_arrow(compat_level=pl.CompatLevel.newest()) if self.frame is not None else None
        return table.__arrow_c_stream__(requested_schema)

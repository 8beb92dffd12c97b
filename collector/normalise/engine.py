"""An in-memory DuckDB that takes JSON apart in columns. It holds no data and knows no file: the store does."""

from typing import Any

import duckdb
import polars as pl

from collector.sql import load_query

__all__ = ["Engine"]


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

    def frame(self, query: str, **relations: pl.DataFrame) -> pl.DataFrame:
        """Result of queries/QUERY.sql over the given frames, each under its name. Rows keep their order."""
        cursor: Any = self._connection
        for name, relation in relations.items():
            cursor.register(name, relation.to_arrow(compat_level=pl.CompatLevel.newest()))
        try:
            return pl.DataFrame(cursor.sql(load_query(query).sql).pl())
        finally:
            for name in relations:
                cursor.unregister(name)

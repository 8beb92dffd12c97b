"""Connections to database files, and the rows of a query over one.

Making an engine takes longer (26 ms) than most of our transactions, attaching a file to one that lives a fourth of it.
So an engine is kept when its file has been let go, for the next file. It holds no file, no rows and no temporary table:
these belong to a connection, and each file gets a connection of its own.
"""

import atexit
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from duckdb import _seam
from msgspec import Struct

from collector.sql import load_query

__all__ = ["attached", "close_idle", "rows_of"]

_MOST_IDLE = 2  # a reader's and a writer's
_MOST_FILES = 500  # of one engine: each that it had leaves some hundred bytes in it
_MOST_BYTES = 8 << 20  # that it holds when its file is let go: it gives memory back to the system as it is closed


class _Engine(Struct, eq=False):
    settings: dict[str, Any]  # it was made with
    connection: duckdb.DuckDBPyConnection
    files: int = 0  # that it has had


_idle: list[_Engine] = []  # the one used last at the end


@contextlib.contextmanager
def attached(file: str, *, read_only: bool, settings: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the file, which is let go as the block ends: what is committed goes into it.

    Raises duckdb.Error where it cannot be opened.
    """
    own = dict(settings)
    beside = str(own.pop("temp_directory"))
    engine = _taken(own, beside) or _Engine(own, duckdb.connect(config=settings))
    engine.files += 1
    with contextlib.ExitStack() as broken:
        broken.callback(_close, engine.connection)
        connection = engine.connection.cursor()
        broken.callback(_close, connection)  # rolls back what is not committed
        connection.execute("set enable_progress_bar = false").fetchall()  # stdout is ours
        how = " (read_only)" if read_only else ""
        connection.execute(f"attach $file as store{how}", {"file": file}).fetchall()
        connection.execute("use store").fetchall()
        yield connection
        if _is_let_go(connection) and engine.files < _MOST_FILES and not Path(beside).exists():
            broken.pop_all()
            connection.close()
            _keep(engine)


def close_idle() -> None:
    """Closes the engines that nobody works with."""
    while _idle:
        _close(_idle.pop().connection)


# a child has none of an engine's threads, and would wait for them
os.register_at_fork(before=close_idle)
atexit.register(close_idle)


def _taken(settings: dict[str, Any], beside: str) -> _Engine | None:
    """An engine of these settings that nobody works with, to write what does not fit into memory into `beside`."""
    quoted = beside.replace("'", "''")
    for one in reversed(tuple(_idle)):
        if one.settings == settings:
            with contextlib.suppress(ValueError):  # somebody else has taken it
                _idle.remove(one)
                with contextlib.suppress(duckdb.Error):  # it has a folder, that somebody else has removed
                    one.connection.execute(f"set temp_directory = '{quoted}'").fetchall()
                    return one
                _close(one.connection)
    return None


def _keep(engine: _Engine) -> None:
    _idle.append(engine)
    if len(_idle) > _MOST_IDLE:
        with contextlib.suppress(IndexError):  # somebody else has taken it
            _close(_idle.pop(0).connection)


def _is_let_go(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the engine is good for another file and has let this one go."""
    with contextlib.suppress(duckdb.Error):
        (is_as_made, held) = connection.execute(load_query("find_engine_state").sql).fetchall()[0]
        if not is_as_made or held > _MOST_BYTES:
            return False
        connection.execute("use memory").fetchall()
        connection.execute("detach store").fetchall()
        return True
    return False


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    with contextlib.suppress(duckdb.Error):
        connection.close()


class _Rows(Struct, frozen=True):
    """Rows of one query as an Arrow stream, as a relation of DuckDB gives them, which would bind the query twice.

    That takes a third of what small queries take; `_seam` is the door that relations themselves go through.
    """

    connection: duckdb.DuckDBPyConnection
    sql: str
    params: dict[str, Any]

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return _seam.submit(self.connection, self.sql, self.params or None, "stream").arrow_capsule()


def rows_of(connection: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any]) -> pl.DataFrame:
    """Rows of a query of ours, by DuckDB's own stream: without pyarrow a command starts a tenth of a second sooner."""
    return pl.DataFrame(_Rows(connection, sql, params))

"""Whole database files: copied row by row into a fresh one, compared and settled. Knows the engine, not the gate.

Whoever calls holds the gate of what is read. Complaints of the engine become StoreErrors about the file.
"""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
from msgspec import Struct

from collector.complaints import complaint, first_line
from collector.connecting import attached
from collector.errors import StoreError
from collector.place import sync_file, wal_of
from collector.sql import load_query
from collector.stopping import Stop, Stopped

__all__ = ["Saved", "copy_rows", "count_rows", "find_unreadable", "save_rows", "settle_file"]

_LEAST_ROWS = 2048  # that DuckDB reads at once: a damaged block costs those that it has some of
_PART_ROWS = 64 * _LEAST_ROWS  # to begin with; halves of it fall on what is read at once
_LOOK_S = 0.1  # between two looks at the wish to stop


class Saved(Struct, frozen=True):
    """What of one table could be read: rows that were copied, and rows that are lost."""

    kept: int
    lost: int


def find_unreadable(path: Path, *, engine: dict[str, Any], copy_of: Path | None = None) -> dict[str, str]:
    """Tables of a database file of which a block cannot be read, with the engine's words; every block is read.

    StoreError when the file cannot be opened at all; it names what the file is a copy of.
    """
    try:
        with _attached(path, engine) as connection:
            names = _names(connection, "store")
    except duckdb.Error as error:
        raise complaint(error, copy_of or path) from error
    found = {}
    while names:
        try:
            with _attached(path, engine) as connection:  # one that met damage is of no more use
                while names:
                    table = connection.table(f'store.main."{names[0]}"')
                    table.aggregate(_every_value(table.columns)).fetchall()
                    names.pop(0)
        except duckdb.Error as error:
            found[names.pop(0)] = first_line(error)
    return found


def save_rows(old: Path, new: Path, *, engine: dict[str, Any]) -> dict[str, Saved]:
    """Copies what can be read of a damaged database into `new`, which has all tables and no rows.

    What cannot be read is left out, by as few rows as the engine reads at once.
    StoreError when nothing can be: the file does not open; and when `new` takes no more, as on a full disk.
    """
    try:
        with _attached(old, engine) as connection:
            names = _names(connection, "store")
        with _attached(new, engine) as connection:
            mine = _names(connection, "store")
    except duckdb.Error as error:
        raise complaint(error, old) from error
    return {name: _save_table(old, new, name, engine) for name in names if name in mine and name != "migrations"}


def _save_table(old: Path, new: Path, name: str, engine: dict[str, Any]) -> Saved:
    try:
        with _attached(old, engine) as connection:
            found = connection.table(f'store.main."{name}"').aggregate("count(*), coalesce(max(rowid), -1)").fetchall()
    except duckdb.Error:
        return Saved(0, 0)
    rows, last = found[0]  # numbers of rows have gaps where some were deleted
    try:
        _save_part(old, new, name, engine, range(last + 1))
    except duckdb.Error:
        for start in range(0, last + 1, _PART_ROWS):
            _save_halves(old, new, name, engine, range(start, start + _PART_ROWS))
    with _attached(new, engine) as connection:
        kept = connection.table(f'store.main."{name}"').aggregate("count(*)").fetchall()[0][0]
    return Saved(kept, rows - kept)


def _save_halves(old: Path, new: Path, name: str, engine: dict[str, Any], part: range) -> None:
    """Saves what can be read of these rows, half by half: a damaged block has some rows of one column alone.

    A row without that column is not saved: it would keep the whole one from being read again.
    """
    try:
        _save_part(old, new, name, engine, part)
    except duckdb.Error as error:
        if len(part) > _LEAST_ROWS:
            for half in (part[: len(part) // 2], part[len(part) // 2 :]):
                _save_halves(old, new, name, engine, half)
        elif _can_be_read(old, name, engine, part):
            raise complaint(error, new) from error


def _can_be_read(old: Path, name: str, engine: dict[str, Any], part: range) -> bool:
    """Whether it was not the reading of these rows that failed."""
    try:
        with _attached(old, engine) as connection:
            rows = connection.table(f'store.main."{name}"').filter(_within(part))
            rows.aggregate(_every_value(rows.columns)).fetchall()
    except duckdb.Error:
        return False
    return True


def _within(part: range) -> str:
    return f"rowid >= {part.start} and rowid < {part.stop}"


def _every_value(columns: list[str]) -> str:
    """What reads each block of these columns."""
    return ", ".join(f'bit_xor(hash("{column}"))' for column in columns)


def _save_part(old: Path, new: Path, name: str, engine: dict[str, Any], part: range) -> None:
    with _attached(old, engine) as connection:
        connection.execute("attach $path as new", {"path": str(new)}).fetchall()
        source, goal = (connection.table(f'{database}.main."{name}"') for database in ("store", "new"))
        known = set(source.columns)  # those of an older database lack what a later version added
        columns = ", ".join(f'"{column}"' if column in known else f'null as "{column}"' for column in goal.columns)
        connection.execute("begin").fetchall()
        source.filter(_within(part)).project(columns).insert_into(f"new.main.{name}")
        connection.execute("commit").fetchall()
        with contextlib.suppress(
            duckdb.Error
        ):  # what is not in the file stays in its log, and is told as that is settled
            connection.execute("detach new").fetchall()


def copy_rows(old: Path, new: Path, *, engine: dict[str, Any], stop: Stop) -> dict[str, int]:
    """Copies all tables and views of `old` into the fresh file `new`, compares their rows, and waits for the disk.

    Gives the rows of each table. Stopped, or StoreError when a file cannot be read or written, or the rows differ.
    """
    try:
        with _attached(old, engine) as connection, _interrupted(connection, stop):
            connection.execute("attach $path as new", {"path": str(new)}).fetchall()
            connection.execute("copy from database store to new").fetchall()
            before, after = (_rows_of(connection, name) for name in ("store", "new"))
            connection.execute("checkpoint new").fetchall()
    except duckdb.InterruptException as error:
        raise Stopped("Asked to stop while the database was copied. It is as it was.") from error
    except duckdb.Error as error:
        raise complaint(error, old) from error
    if before != after:
        wrong = next(name for name in before if before[name] != after.get(name))
        raise StoreError(
            f"The copy of `{old}` lacks rows of `{wrong}`: {before[wrong]:,} there, {after.get(wrong, 0):,} copied. "
            "The database stays as it was; run `logtriage doctor --store`."
        )
    if wal_of(new).exists():
        raise StoreError(f"The copy of `{old}` was not closed well. The database stays as it was; try again.")
    sync_file(new)
    return after


def count_rows(path: Path, *, engine: dict[str, Any]) -> dict[str, int]:
    """Rows of each table of a database file, which is opened for reading. StoreError when it cannot be read."""
    try:
        with _attached(path, engine) as connection:
            return _rows_of(connection, "store")
    except duckdb.Error as error:
        raise complaint(error, path) from error


def settle_file(path: Path, *, engine: dict[str, Any]) -> None:
    """Brings every committed change into the database file itself, so that it has no log of changes beside it.

    StoreError when it cannot be opened or written.
    """
    try:
        with attached(str(path), read_only=False, settings=engine) as connection:
            connection.execute("checkpoint").fetchall()
    except duckdb.Error as error:
        raise complaint(error, path) from error
    if wal_of(path).exists():
        raise StoreError(f"The database `{path}` could not be closed well: `{wal_of(path)}` stays. Try again.")


def _attached(path: Path, engine: dict[str, Any]) -> contextlib.AbstractContextManager[duckdb.DuckDBPyConnection]:
    return attached(str(path), read_only=True, settings=engine)


def _rows_of(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    return {
        name: connection.table(f'{database}.main."{name}"').aggregate("count(*)").fetchall()[0][0]
        for name in _names(connection, database)
    }


def _names(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    found = connection.execute(load_query("find_table_names").sql, {"database": database}).fetchall()
    return [name for (name,) in found]


@contextlib.contextmanager
def _interrupted(connection: duckdb.DuckDBPyConnection, stop: Stop) -> Iterator[None]:
    """Interrupts what the connection does once the wish to stop is made."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_LOOK_S):
            if stop.is_set:
                connection.interrupt()

    watcher = threading.Thread(target=watch, name="stop-watch")
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()

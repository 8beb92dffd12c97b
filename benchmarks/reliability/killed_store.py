"""Killed while it changes the store itself: migrations of older schemas, retention."""

import contextlib
import os
import random
import shutil
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

import duckdb

import collector.store
from benchmarks.reliability.checks import difference, rows_of
from benchmarks.reliability.children import Child, run
from benchmarks.reliability.killed import Activity
from collector.config import StoreConfig
from collector.sql import schema_names
from collector.store import Store

__all__ = ["Migrating", "migrating", "store_at"]

_ROWS = 40_000
_FILL = """
insert into entries by name
select
    'demo-stage' as project, format('id-{}', i) as insert_id, 1767000000000000000 + i * 1000000 as at_ns,
    1767000001000000000 + i * 1000000 as received_at_ns, 'cloud_run_revision' as resource_type, 'billing' as service,
    'billing-00001-abc' as revision, 'europe-west4' as location, 'a1' as instance, 'run.googleapis.com/stderr' as log,
    9::utinyint as severity, 9::utinyint as severity_given, format('took {} ms', i) as message, 0 as batch_id
from range($rows) as r(i)
"""
_BOOKS = """
insert into runs values (0, 'import', 'files', 1767000000000000000, 1767000000000000001, 'complete');
insert into batches by name
select
    0 as batch_id, 0 as run_id, 'files' as source, 'made' as location, $rows as read, $rows as stored,
    0 as duplicates, 0 as dead, 1767000002000000000 as stored_at_ns
"""
_SCHEMA = "select table_name, column_name, data_type from information_schema.columns order by all"
_KEPT = {
    "schema": _SCHEMA,
    "migrations": "select name from migrations order by name",
    "entries": "select project, insert_id, at_ns, message from entries order by insert_id",
    "batches": "select read, stored, duplicates, dead from batches where batch_id = 0",
}


def store_at(db: Path, last: str, *, rows: int = _ROWS) -> None:
    """A store as the version whose newest migration is `last` left it, with so many entries."""
    older = [name for name in schema_names() if name <= last]
    with (
        patch.object(collector.store, "schema_names", lambda: older),  # what that version knew
        Store(StoreConfig(path=db)).write(),
    ):
        pass
    with duckdb.connect(str(db)) as connection:
        if rows:
            for text in (_FILL, *_BOOKS.strip().split(";\n")):
                connection.execute(text, {"rows": rows} if "$rows" in text else None).fetchall()


class Migrating:
    """A store of an older version, opened by this one: the version is another in each round."""

    name = "migrate"
    is_pruning = False

    def __init__(self, home: Path) -> None:
        self.home = home
        self.usual_s = 0.2
        self.versions = schema_names()[1:-1]
        self.number = 0

    def prepare(self) -> None:
        """A store of each older version, and the undisturbed result."""
        for name in self.versions:
            store_at(self.home / f"{name}.duckdb", name)
        done = self.home / "migrated.duckdb"
        shutil.copy2(self.home / f"{self.versions[0]}.duckdb", done)
        begun = time.monotonic()
        _migrate(done).ended()
        self.usual_s = time.monotonic() - begun

    def begin(self, place: Path) -> None:
        """The next version's store."""
        place.mkdir()
        shutil.copy2(self.home / f"{self.versions[self.number % len(self.versions)]}.duckdb", place / "store.duckdb")
        self.number += 1

    def strike(self, place: Path, moment_s: float, dice: random.Random) -> bool:
        """A migration that is killed."""
        del dice
        return _migrate(place / "store.duckdb").kill_after(moment_s)

    def lost(self, place: Path) -> list[str]:
        """Entries that were there before."""
        have = rows_of(place / "store.duckdb", "select insert_id from entries").height
        return [] if have == _ROWS else [f"{have} entries of {_ROWS}"]

    def complete(self, place: Path) -> list[str]:
        """The next command migrates the rest; schema and rows are those of the undisturbed one."""
        code = _migrate(place / "store.duckdb").ended()
        said = f"exit code {code}"
        if not code:
            code, said = run(["query", "select count(*) from job_runs", "--db", "store.duckdb"], folder=place)
        found = [f"exit code {code}: {said}"] if code else []
        return found + difference(place / "store.duckdb", self.home / "migrated.duckdb", _KEPT)


def _migrate(db: Path) -> Child:
    process = get_context("forkserver").Process(target=_open, args=(str(db),))
    process.start()
    return Child(process, db, db)


def _open(db: str) -> None:
    """In the process: what every command that writes does first."""
    with Store(StoreConfig(path=Path(db))).write():
        pass
    os._exit(0)  # as logtriage ends


@contextlib.contextmanager
def migrating(home: Path) -> Iterator[Activity]:
    """Migrating, prepared."""
    one = Migrating(home)
    one.prepare()
    yield one

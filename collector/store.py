"""The store: one DuckDB file behind two narrow doors. The only module that opens the database (connecting.py is how).

`Store.write()` holds the file for one short transaction; `Store.read()` opens it read-only between two of them and
holds writers up; `Store.read_aside()` reads a copy (collector/copying.py) for as long as it likes. Who waits for a turn
waits a bounded time (collector/gate.py). SQL comes from queries/ by name, so that a second engine can
bring its own texts; data goes in and out as polars frames.
"""

import contextlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import orjson
import polars as pl
from msgspec import Struct
from msgspec.structs import asdict

from collector.acknowledged import Acknowledged, forget, is_unclean, read_acknowledged, write_acknowledged
from collector.aged import lay_aside
from collector.batches import dead_rows, joined, ledger_of, times_of
from collector.complaints import complaint, first_line
from collector.config import StoreConfig
from collector.connecting import attached, rows_of
from collector.copying import copy_aside, written_here
from collector.errors import QueryError, StoreBusy, StoreError
from collector.gate import pass_gate
from collector.normalise.routes import routes_of
from collector.place import check_readable, check_writable, is_there, sync_folder
from collector.records import Batch, Ledger
from collector.run_lock import RunLock, is_gone
from collector.sql import is_schema, load_query, schema_names

__all__ = ["Reader", "Store", "Writer"]

LOG = logging.getLogger(__name__)
# The query that stores each kind of rows of a batch.
_INSERTS = {
    "entries": "insert_entries",
    "spans": "insert_spans",
    "tests": "insert_test_cases",
    "facts": "insert_facts",
    "dead": "insert_dead_letters",
}
_LOST_SCHEMA = pl.Schema(
    {
        "batch_id": pl.Int64(),
        "run_id": pl.Int64(),
        "source": pl.String(),
        "location": pl.String(),
        "records": pl.Int64(),
        "first_at_ns": pl.Int64(),
        "last_at_ns": pl.Int64(),
    }
)
# Types of columns that polars takes from the engine itself, lists of them too; all else goes by way of pyarrow.
_STREAMED = re.compile(
    r"(?:BOOLEAN|U?(?:TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\([\d,]+\)|VARCHAR|JSON|UUID|DATE|TIMESTAMP"
    r"(?:_\w+| WITH TIME ZONE)?)(?:\[\])*"
)
_READING = {"SELECT", "EXPLAIN", "MULTI"}  # what DuckDB calls statements that only read; MULTI is a PIVOT


class Reader(Struct, frozen=True, dict=True):
    """Answers queries; sees what was committed when it was opened."""

    _connection: duckdb.DuckDBPyConnection

    @cached_property
    def _filled(self) -> frozenset[str]:
        return frozenset(rows_of(self._connection, load_query("find_filled_tables").sql, {})["name"])

    def is_empty(self, table: str) -> bool:
        """Whether the table is known to have no row: what needs one need not be asked."""
        return table not in self._filled

    def frame(self, query: str, **params: Any) -> pl.DataFrame:
        """Rows of queries/QUERY.sql with its `$` parameters bound."""
        found = load_query(query)
        if any(self.is_empty(table) for table in found.needs):
            return found.nothing
        return rows_of(self._connection, found.sql, {name: params[name] for name in found.params})

    def sql(self, text: str) -> pl.DataFrame:
        """Rows of a user's SQL, read-only and with no way out of the database; QueryError when it is wrong."""
        try:
            self._connection.execute("set enable_external_access = false").fetchall()
            _check_select(self._connection, text)
            relation: Any = self._connection.sql(text)
            is_named = len(set(relation.columns)) == len(relation.columns)
            if is_named and all(_STREAMED.fullmatch(str(one)) for one in relation.types):
                return pl.DataFrame(relation.materialize())  # first, or what fails in the stream is told by polars
            return pl.DataFrame(relation.pl())  # what polars cannot hold is an error there and no fault of ours
        except duckdb.IOException:
            raise  # the file's fault and not the query's: told by the store
        except pl.exceptions.PolarsError as error:
            said = str(error).partition("\n")[0].rstrip(".")
            raise QueryError(f"A column has a type that cannot be shown: {said}. Cast it to varchar.") from error
        except duckdb.Error as error:
            raise QueryError(f"The query failed: {first_line(error)}. See `logtriage query --help`.") from error

    def lay(self, query: str, *, relation: pl.DataFrame | None = None, **params: Any) -> None:
        """Runs the statements of queries/QUERY.sql with `relation` as `fresh`: tables and views for this reader alone.

        A relation is handed over by pyarrow, which takes a tenth of a second to load; parameters are not.
        """
        with self._visible(relation):
            for statement in self._connection.extract_statements(load_query(query).sql):
                bound = {name: params[name] for name in statement.named_parameters}
                self._connection.execute(statement, bound or None).fetchall()

    @contextlib.contextmanager
    def _visible(self, relation: pl.DataFrame | None) -> Iterator[None]:
        if relation is None:
            yield
            return
        self._connection.register("fresh", relation.to_arrow(compat_level=pl.CompatLevel.newest()))
        try:
            yield
        finally:
            with contextlib.suppress(duckdb.TransactionException):  # what broke the transaction is told, and not this
                self._connection.unregister("fresh")


class Writer(Reader, frozen=True, dict=True):
    """One open transaction. It is committed when the block of `Store.write()` ends, else rolled back."""

    def is_empty(self, table: str) -> bool:  # noqa: ARG002 - of what is being changed nothing is known
        """False."""
        return False

    def execute(self, query: str, *, relation: pl.DataFrame | None = None, **params: Any) -> int:
        """Runs queries/QUERY.sql, with `relation` visible as `fresh`; returns the number of rows changed."""
        found = load_query(query)
        bound = {name: params[name] for name in found.params}
        with self._visible(relation):
            rows = self._connection.execute(found.sql, bound).fetchall()
        return int(rows[0][0]) if rows and isinstance(rows[0][0], int) else 0

    def stored(self, query: str, *, relation: pl.DataFrame, **params: Any) -> pl.DataFrame:
        """Rows of queries/QUERY.sql that are stored already of those that are visible to it as `fresh`."""
        with self._visible(relation):
            return self.frame(query, **params)


class Store:
    """A database file. Nothing is open between calls."""

    def __init__(self, config: StoreConfig, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._config = config
        self._clock_ns = clock_ns
        self._is_migrated = False
        self._is_checked = False  # whether what was acknowledged was looked for
        self._was_unclean = False  # whether the file was left so that the connection of now had to mend it
        self._locks: dict[int, RunLock] = {}  # of runs begun here that have not ended

    @property
    def path(self) -> Path:
        """Where the database file is, or will be."""
        return self._config.path

    @property
    def engine(self) -> dict[str, Any]:
        """Settings of the engine, for whoever works on the file itself."""
        return self._config.engine

    @contextlib.contextmanager
    def read(self) -> Iterator[Reader]:
        """A Reader that holds writers up. StoreError when there is no database, StoreBusy when no turn came in time."""
        self._check_there()
        with contextlib.ExitStack() as stack:

            def opened() -> duckdb.DuckDBPyConnection:
                return stack.enter_context(self._connection(read_only=True, wait_s=self._config.read_wait_s))

            yield Reader(self._brought_up(stack, opened))

    @contextlib.contextmanager
    def read_aside(self) -> Iterator[Reader]:
        """As `read`, of a copy of the file, so that a long reading holds nobody up; of the file where there is none."""
        self._check_there()
        with contextlib.ExitStack() as stack:
            connection = self._opened_aside(stack, is_at_once=True) or self._opened_aside(stack, is_at_once=False)
            # in its place it is brought up first, once after an upgrade or a loss
            yield Reader(connection) if connection else stack.enter_context(self.read())

    @contextlib.contextmanager
    def file_aside(self) -> Iterator[Path]:
        """A copy of the file for work on it that may take long; where there is none the file, and nobody writes."""
        with contextlib.ExitStack() as stack:
            copy, _ = self._copied(stack, is_at_once=False)
            if copy is None:
                stack.enter_context(self.held(is_exclusive=False))
            yield copy or self.path

    def _opened_aside(self, stack: contextlib.ExitStack, *, is_at_once: bool) -> duckdb.DuckDBPyConnection | None:
        """A connection to a copy, until the stack ends; None where there is none that is of this version and whole.

        One that is made at once, and not at one's turn, may be of a database that somebody is just making.
        """
        with contextlib.ExitStack() as undo:
            copy, acknowledged = self._copied(undo, is_at_once=is_at_once)
            if copy is None:
                return None
            try:
                connection = undo.enter_context(self._connected(str(copy), read_only=True))
                applied = self._applied(connection)
                is_whole = not _is_behind(applied) and not _gone(connection, acknowledged)
            except (StoreError, duckdb.Error):
                if is_at_once:
                    return None
                raise
            if not is_whole or (is_at_once and not applied):
                return None
            stack.push(undo.pop_all())
            return connection

    def _copied(self, stack: contextlib.ExitStack, *, is_at_once: bool) -> tuple[Path | None, tuple[Acknowledged, ...]]:
        """Where a copy of the file lies until the stack ends, and what was acknowledged before it was made."""
        if is_at_once:
            acknowledged = read_acknowledged(self.path)
            copy = copy_aside(self.path, most_mib=self._config.read_copy_mib)
        else:
            with self._passing(is_exclusive=False, wait_s=self._config.read_wait_s):
                check_readable(self.path)
                acknowledged = read_acknowledged(self.path)
                copy = copy_aside(self.path, most_mib=self._config.read_copy_mib)
        if copy is None:
            return None, acknowledged
        stack.callback(os.close, copy)
        return Path(f"/proc/self/fd/{copy}"), acknowledged

    def _brought_up(
        self, stack: contextlib.ExitStack, opened: Callable[[], duckdb.DuckDBPyConnection]
    ) -> duckdb.DuckDBPyConnection:
        """A connection to a database of this version in which a loss is told, as far as it can be written.

        Queries are made for this version, and whoever reads where rows are gone must not take them for never there.
        """
        connection = opened()
        is_behind = _is_behind(self._applied(connection))
        gone = () if is_behind else _gone(connection, read_acknowledged(self.path))
        if not is_behind and not gone:
            return connection
        stack.close()  # the turn of a reader, so that a writer gets one
        self._is_checked = self._is_checked and not gone
        try:
            with self.write():
                pass
            if is_behind:
                LOG.info("the database `%s` is of this version now", self.path)
        except StoreError as error:
            is_so = _gone_words(gone) if gone else "it is older than this logtriage"
            LOG.warning("the database `%s` stays as it is, though %s: %s", self.path, is_so, error)
        return opened()

    def _check_there(self) -> None:
        if not is_there(self.path):
            raise StoreError(
                f"There is no database at `{self.path}`. Run `logtriage import FILE --db {self.path}`, "
                "`logtriage collect` or `logtriage demo` first."
            )

    def check_place(self) -> None:
        """StoreError when no database can be made or changed at this place; makes nothing."""
        check_writable(self.path)

    @contextlib.contextmanager
    def held(self, *, is_exclusive: bool, wait_s: float | None = None) -> Iterator[None]:
        """The gate, and no connection: for work on the file itself. Nobody writes meanwhile; exclusive: nobody reads.

        Raises StoreBusy when no turn came within wait_s (without it, that of a writer).
        """
        waited_s = self._config.write_wait_s if wait_s is None else wait_s
        with self._passing(is_exclusive=is_exclusive, wait_s=waited_s):
            yield

    @contextlib.contextmanager
    def write(self) -> Iterator[Writer]:
        """A Writer inside one transaction; makes and migrates the database first where that is due.

        What was acknowledged before and is not there any more is told, once, in the log and in stored rows. A reader
        that finds such a loss writes first.
        """
        with self._writing(list) as writer:
            yield writer

    @contextlib.contextmanager
    def _writing(self, committed: Callable[[], list[Acknowledged]]) -> Iterator[Writer]:
        """As above; `committed` tells, after the commit, which batches are to be acknowledged."""
        is_new = not is_there(self.path)
        with self._connection(read_only=False, wait_s=self._config.write_wait_s) as connection:
            was_unclean = self._was_unclean
            if not self._is_migrated:
                self._migrate(connection)
                self._is_migrated = True
            if was_unclean or not self._is_checked:
                self._find_lost(connection, is_unclean=was_unclean)
                self._is_checked = True
            connection.execute("begin").fetchall()
            yield Writer(connection)
            connection.execute("commit").fetchall()
            batches = committed()
            if batches:
                write_acknowledged(self.path, batches, is_first=not was_unclean)
        if is_new:
            sync_folder(self.path.parent)

    def _find_lost(self, connection: duckdb.DuckDBPyConnection, *, is_unclean: bool) -> None:
        """Looks for what was acknowledged; what is missing is stored as lost and told, then forgotten."""
        acknowledged = read_acknowledged(self.path)
        if not acknowledged:
            return
        first = min(one.batch_id for one in acknowledged)
        short = (
            rows_of(connection, load_query("find_short_batches").sql, {"first_batch": first}) if is_unclean else None
        )
        found = []
        if lost := _gone(connection, acknowledged):
            found.append(_gone_words(lost))
        if short is not None and short.height:
            found.append(f"rows of {short.height:,} batches are missing in the database")
        if found:
            detail = f"{' and '.join(found)}; see `logtriage doctor --store`"
            rows = pl.DataFrame([asdict(one) for one in lost], schema=_LOST_SCHEMA)
            now_ns = self._clock_ns()
            connection.execute("begin").fetchall()
            writer = Writer(connection)
            writer.execute("insert_lost_batches", relation=rows, now_ns=now_ns)
            writer.execute(
                "insert_trouble", kind="store", subject="database", seen_at_ns=now_ns, is_over=False, detail=detail
            )
            connection.execute("commit").fetchall()
            LOG.error("%s", detail)
        forget(self.path)

    def begin_run(self, kind: str, source: str) -> int:
        """Number of a new run. Runs whose process was killed are closed first, as interrupted."""
        with contextlib.ExitStack() as undo:
            with self.write() as writer:
                run_id = int(writer.frame("find_next_ids")["run_id"][0])
                for open_id in writer.frame("find_open_runs")["run_id"]:
                    if is_gone(self.path, open_id):
                        writer.execute("update_lost_run", run_id=open_id)
                lock = RunLock(self.path, run_id)
                undo.callback(lock.release)
                writer.execute("insert_run", run_id=run_id, kind=kind, source=source, now_ns=self._clock_ns())
            undo.pop_all()
        self._locks[run_id] = lock
        return run_id

    def end_run(self, run_id: int, *, outcome: str) -> None:
        """Closes a run and checks law 1 over it; StoreError when the sums do not hold."""
        try:
            with self.write() as writer:
                writer.execute("update_run", run_id=run_id, now_ns=self._clock_ns(), outcome=outcome)
                wrong = writer.frame("find_imbalance", run_id=run_id)
        finally:
            if run_id in self._locks:
                self._locks.pop(run_id).release()
        if wrong.height:
            told = "; ".join(f"{what}: ledger {told}, rows {held}" for what, told, held in wrong.rows())
            raise StoreError(f"The sums of run {run_id} in `{self.path}` do not hold: {told}. Report this as a bug.")

    def append(self, batches: list[Batch], *, run_id: int) -> list[Ledger]:
        """Stores batches, at least one, in one transaction, with the last cursor of each source; a ledger for each."""
        done: list[Acknowledged] = []
        with self._writing(lambda: done) as writer:
            first_id = int(writer.frame("find_next_ids")["batch_id"][0])
            now_ns = self._clock_ns()
            before_ns = writer.frame("find_retention_mark", now_ns=now_ns)["before_ns"][0]
            numbered = [(number, lay_aside(one, before_ns)) for number, one in enumerate(batches, start=first_id)]
            ledgers = _append(writer, numbered, run_id=run_id, now_ns=now_ns)
            cursors = [(batch.source, batch.cursor) for batch in batches if batch.cursor is not None]
            for source, cursor in dict(cursors).items():
                writer.execute("delete_cursor", source=source)
                writer.execute(
                    "insert_cursor", source=source, cursor=orjson.dumps(cursor).decode(), now_ns=self._clock_ns()
                )
            done += [
                Acknowledged(number, run_id, one.source, one.location, ledger.stored, *times_of(one))
                for (number, one), ledger in zip(numbered, ledgers, strict=True)
            ]
        return ledgers

    def cursor(self, source: str) -> dict[str, Any] | None:
        """How far a source has been read; None when never, or when there is no database yet."""
        if not is_there(self.path):
            return None
        with self.read() as reader:
            found = reader.frame("find_cursor", source=source)
        return orjson.loads(found["cursor"][0]) if found.height else None

    @contextlib.contextmanager
    def _connection(self, *, read_only: bool, wait_s: float) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._passing(is_exclusive=not read_only, wait_s=wait_s):
            (check_readable if read_only else check_writable)(self.path)
            self._was_unclean = not read_only and is_unclean(self.path)
            with self._connected(str(self.path), read_only=read_only, wait_s=wait_s) as connection:
                yield connection

    @contextlib.contextmanager
    def _passing(self, *, is_exclusive: bool, wait_s: float) -> Iterator[None]:
        """Holds the gate; StoreBusy when no turn came in time."""
        with pass_gate(self.path, is_exclusive=is_exclusive, wait_s=wait_s) as passed:
            if not passed:
                raise StoreBusy(
                    f"The database `{self.path}` was in use for {wait_s:.0f} s. Try again, or end the other logtriage."
                )
            with written_here(self.path) if is_exclusive else contextlib.nullcontext():
                yield

    @contextlib.contextmanager
    def _connected(self, file: str, *, read_only: bool, wait_s: float = 0.0) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the file, or to a copy of it; a process outside logtriage that holds it is waited for."""
        until = time.monotonic() + wait_s
        with contextlib.ExitStack() as stack:
            while True:
                try:
                    connection = stack.enter_context(attached(file, read_only=read_only, settings=self._config.engine))
                    break
                except duckdb.Error as error:
                    told = complaint(error, self.path)
                    if not isinstance(told, StoreBusy) or time.monotonic() >= until:
                        raise told from error
                    time.sleep(0.01)
            try:
                yield connection
            except duckdb.Error as error:
                raise complaint(error, self.path) from error

    def _applied(self, connection: duckdb.DuckDBPyConnection) -> set[str]:
        """Names of the schema files that are applied, none in a new one; StoreError where it is not ours, or newer."""
        try:
            applied = set(rows_of(connection, load_query("find_migrations").sql, {})["name"])
        except (duckdb.CatalogException, duckdb.BinderException):
            applied = set()
        ours = {str(name) for name in applied if is_schema(str(name))}
        if not ours:
            tables = rows_of(connection, load_query("count_tables").sql, {})["tables"][0]
            if not tables:
                return set()
            raise StoreError(
                f"The database `{self.path}` belongs to another program: it has {tables} tables and none of ours. "
                "Give another place with --db or store.path."
            )
        newer = sorted(ours - set(schema_names()))
        if newer:
            raise StoreError(
                f"The database `{self.path}` was written by a newer logtriage (`{newer[0]}`). Upgrade logtriage."
            )
        return ours

    def _migrate(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Applies the schema files that are not applied yet: to a new database all at once, else one by one."""
        applied = self._applied(connection)
        missing = _missing(applied)
        for names in [[name] for name in missing] if applied else [missing]:
            connection.execute("begin").fetchall()
            for name in names:
                connection.execute(load_query(name).sql).fetchall()
                told = {"name": name, "now_ns": self._clock_ns()}
                connection.execute(load_query("insert_migration").sql, told).fetchall()
            connection.execute("commit").fetchall()


def _missing(applied: set[str]) -> list[str]:
    """Names of the schema files that are not among those applied, in order."""
    return [name for name in schema_names() if name not in applied]


def _is_behind(applied: set[str]) -> bool:
    return bool(applied) and bool(_missing(applied))


def _gone(connection: duckdb.DuckDBPyConnection, acknowledged: Iterable[Acknowledged]) -> tuple[Acknowledged, ...]:
    """What of it is not in the database any more."""
    known = tuple(acknowledged)
    last = rows_of(connection, load_query("find_next_ids").sql, {})["batch_id"][0] - 1 if known else 0
    return tuple(one for one in known if one.batch_id > last)


def _gone_words(gone: Iterable[Acknowledged]) -> str:
    return f"{sum(one.records for one in gone):,} records that were stored are not in the database any more"


def _append(writer: Writer, numbered: list[tuple[int, Batch]], *, run_id: int, now_ns: int) -> list[Ledger]:
    """Rows of the batches and their ledgers; duplicates among them and against the store are counted, not stored.

    All batches go in at once: DuckDB writes whole row groups straight to the file, small ones twice.
    """
    entries = joined((number, batch.entries) for number, batch in numbered)
    entries = _new(writer, entries, ["project", "insert_id", "at_ns"], known="find_stored_entries", at="at_ns")
    spans = joined((number, batch.spans) for number, batch in numbered)
    spans = _finish(writer, spans)
    spans = _new(writer, spans, ["trace", "span"], known="find_stored_spans", at="start_ns")
    kinds = {
        "entries": entries.with_columns(routes_of(entries["http_path"])),
        "spans": spans,
        "tests": _new_tests(writer, joined((number, batch.tests) for number, batch in numbered)),
        "facts": joined((number, batch.facts) for number, batch in numbered),
        "dead": joined((number, dead_rows(batch)) for number, batch in numbered),
    }
    for kind, rows in kinds.items():
        if rows.height:
            writer.execute(_INSERTS[kind], relation=rows)
    brought = {kind: dict(rows["batch_id"].value_counts().iter_rows()) for kind, rows in kinds.items()}
    counted = writer.frame("count_stored", first_batch=numbered[0][0], last_batch=numbered[-1][0])
    stored = dict(counted.iter_rows())
    ledgers = []
    for number, batch in numbered:
        ledger = ledger_of(batch, stored.get(number, 0) + batch.fact_records)
        _write_ledger(writer, batch, ledger, batch_id=number, run_id=run_id, now_ns=now_ns)
        rows_of = {kind: counts.get(number, 0) for kind, counts in brought.items()}
        writer.execute("insert_batch_rows", batch_id=number, **rows_of)
        ledgers.append(ledger)
    return ledgers


def _new(writer: Writer, rows: pl.DataFrame, keys: list[str], *, known: str, at: str) -> pl.DataFrame:
    """The first row of each identity that is not stored yet.

    One key alone rules out nearly every double, among the rows and in the store; whole keys are compared only where it
    does not: five times cheaper than comparing them everywhere. The search in the store is bounded by the rows' own
    span of time, which needs no index.
    """
    if not rows.height:
        return rows
    first = keys[-1]
    suspects = rows[first].is_duplicated().arg_true()
    later = suspects.filter(~rows.select(keys)[suspects].to_struct("key").is_first_distinct())
    if later.len():
        rows = rows.filter(~pl.int_range(rows.height, eager=True).is_in(later.implode()))
    span = {"first_ns": rows[at].min(), "last_ns": rows[at].max()}
    stored = writer.stored(known, relation=rows.select(first), **span)
    return rows.join(stored, on=keys, how="anti", maintain_order="left") if stored.height else rows


def _finish(writer: Writer, spans: pl.DataFrame) -> pl.DataFrame:
    """The spans, the finished before those without an end, which then count as their doubles.

    A stored span without an end becomes what a finished one of the same name says; that one is a double from here on.
    """
    if spans["duration_ns"].has_nulls():
        spans = spans.sort(pl.col("duration_ns").is_null(), maintain_order=True)
    finished = spans.filter(pl.col("duration_ns").is_not_null())
    if not finished.height:
        return spans
    keys = ["trace", "span"]
    times = {"first_ns": finished["start_ns"].min(), "last_ns": finished["start_ns"].max()}
    stored = writer.stored("find_unfinished_spans", relation=finished.select(keys), **times)
    if stored.height:
        rows = finished.join(stored, on=keys, how="semi").unique(keys, keep="first")
        writer.execute("update_finished_spans", relation=rows, **times)
        writer.execute("delete_signed", batch_ids=stored["batch_id"].unique().sort().to_list())
    return spans


def _new_tests(writer: Writer, tests: pl.DataFrame) -> pl.DataFrame:
    """The first of each case of a test run that is not stored yet."""
    if not tests.height:
        return tests
    tests = tests.unique(["run", "case_id"], keep="first", maintain_order=True)
    stored = writer.stored("find_stored_tests", relation=tests.select("case_id"))
    return tests.join(stored, on=["run", "case_id"], how="anti", maintain_order="left")


def _write_ledger(writer: Writer, batch: Batch, ledger: Ledger, *, batch_id: int, run_id: int, now_ns: int) -> None:
    first_ns, last_ns = times_of(batch)
    writer.execute(
        "insert_batch",
        batch_id=batch_id,
        run_id=run_id,
        source=batch.source,
        location=batch.location,
        read=ledger.read,
        stored=ledger.stored,
        duplicates=ledger.duplicates,
        dead=ledger.dead,
        first_ns=first_ns,
        last_ns=last_ns,
        received_ns=pl.concat([batch.entries["received_at_ns"], batch.spans["received_at_ns"]]).max(),
        now_ns=now_ns,
    )


def _check_select(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    """QueryError for anything but one statement that only reads."""
    statements = connection.extract_statements(text)
    if len(statements) == 1 and statements[0].type.name in _READING:
        return
    what = f"`{statements[0].type.name}`" if len(statements) == 1 else f"`{len(statements)}` statements"
    raise QueryError(f"The query failed: it is {what}, but only one SELECT is run. See `logtriage query --help`.")

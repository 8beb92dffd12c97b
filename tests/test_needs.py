"""A query that needs rows of a table, as its header says, has none where that table has none."""

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classifiers.classify import read
from classifiers.config import ClassifyConfig
from collector.config import StoreConfig
from collector.connecting import rows_of
from collector.sql import load_query, query_names
from collector.store import Reader, Store
from collector.window import Window
from tests.support.system import HOUR, NS_PER_S, START_NS, System

NEEDING = [name for name in query_names() if load_query(name).needs]
_WHOLE = {"start_ns": START_NS, "end_ns": START_NS + HOUR * NS_PER_S}


def _is_joined(name: str) -> bool:
    """Whether the query reads anything beside the tables it needs, or steps of its own: else its rows are theirs."""
    read_from = set(re.findall(r"\b(?:from|join) ([a-z_]+)", load_query(name).sql))
    return bool(read_from - load_query(name).needs)


JOINED = sorted(set().union(*(load_query(name).needs for name in NEEDING if _is_joined(name))))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A system with a deploy, failures in traces that spans cross, calls of which some never end, and health checks."""
    system = System()
    system.deploy(60, "shop", "shop-00002-def", image="b")
    for step in range(40):
        trace = f"{step + 1:032x}"
        system.failure(step * 60, "shop", "shop-00002-def", "Connection refused", trace=trace, latency_s=2.0)
        system.span(step * 60, "shop", trace, f"{step + 1:016x}", took_s=2.0, faas_version="shop-00002-def")
        system.span(step * 60, "bank", trace, f"{step + 101:016x}", f"{step + 1:016x}", took_s=1.0)
        system.span(step * 60, "till", f"{step + 501:032x}", f"{step + 201:016x}", f"{step + 301:016x}", kind=3)
    return system.stored(tmp_path_factory.mktemp("needs"))


def _read(reader: Reader) -> None:
    read(reader, window=Window(START_NS, START_NS + HOUR * NS_PER_S), config=ClassifyConfig())


@pytest.mark.parametrize("name", NEEDING)
def test_no_rows_of_an_empty_database_have_the_columns_of_the_query(name: str, tmp_path: Path) -> None:
    query = load_query(name)
    store = Store(StoreConfig(path=tmp_path / "s.duckdb"))
    with store.write():
        pass

    with store.read() as reader:
        reader.lay("create_spans_by_revision", start_ns=0, end_ns=1)
        asked = rows_of(reader._connection, query.sql, dict.fromkeys(query.params))

        assert asked.equals(query.nothing)
        assert asked.schema == query.nothing.schema


@pytest.mark.parametrize("table", JOINED)
def test_a_query_that_needs_a_table_has_nothing_where_only_that_is_empty(
    table: str, filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(StoreConfig(path=tmp_path / "s.duckdb"))
    store.path.write_bytes(filled.path.read_bytes())
    with store.write() as writer:
        writer._connection.execute(f"delete from {table}").fetchall()
    found: dict[str, int] = {}
    frame = Reader.frame

    def asked(self: Reader, query: str, **params: Any) -> pl.DataFrame:
        rows = frame(self, query, **params)
        found[query] = found.get(query, 0) + rows.height
        return rows

    monkeypatch.setattr(Reader, "frame", asked)
    monkeypatch.setattr(Reader, "is_empty", lambda *_asked: False)
    with store.read() as reader:
        _read(reader)

    needing = {name for name in found if table in load_query(name).needs}
    assert needing
    assert sum(found[name] for name in needing) == 0
    assert found["find_failures"]


def test_what_a_filled_table_has_is_read(filled: Store) -> None:
    with filled.read() as reader:
        full = {table for table in ("entries", "spans", "facts", "mutes") if not reader.is_empty(table)}
        _read(reader)

        assert full == {"entries", "spans", "facts"}
        assert reader.frame("find_trace_spans", **{**_WHOLE, "traces": [f"{1:032x}"]}).height
        assert reader.frame("count_calls", **_WHOLE).rows() == [("shop", "bank", 40)]


def test_of_what_is_being_written_nothing_is_taken_for_empty(tmp_path: Path) -> None:
    store = Store(StoreConfig(path=tmp_path / "s.duckdb"))

    with store.write() as writer:
        writer.execute("insert_trouble", kind="store", subject="one", seen_at_ns=1, is_over=False, detail="told")

        assert not writer.is_empty("mutes")
        assert not writer.is_empty("troubles")

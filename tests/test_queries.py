"""Every file of queries/ keeps its header: name, parameters and columns are what the SQL really has."""

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from collector.folding import FOLDED_SCHEMA
from collector.records import DEAD_LETTER_SCHEMA, ENTRY_SCHEMA, FACT_SCHEMA, SPAN_SCHEMA, TEST_SCHEMA
from collector.sql import load_query, query_names, schema_names

ROOT = Path(__file__).parent.parent
VERBS = {"create", "count", "delete", "find", "insert", "parse", "top", "update"}
STORED_ENTRY_SCHEMA = pl.Schema({**ENTRY_SCHEMA, "route": pl.String()})  # made of the path as it is stored
# What a query may read besides tables: frames that its caller lays beside it, by the name of the query's verb and noun.
RELATIONS = {
    "insert_entries": STORED_ENTRY_SCHEMA,
    "insert_spans": SPAN_SCHEMA,
    "insert_test_cases": TEST_SCHEMA,
    "find_stored_tests": TEST_SCHEMA,
    "insert_facts": FACT_SCHEMA,
    "insert_dead_letters": DEAD_LETTER_SCHEMA,
    "find_stored_entries": ENTRY_SCHEMA,
    "find_stored_spans": SPAN_SCHEMA,
    "find_unfinished_spans": SPAN_SCHEMA,
    "update_finished_spans": SPAN_SCHEMA,
    "find_signed_before": ENTRY_SCHEMA,
    "update_folded_batches": FOLDED_SCHEMA,
    "update_folded_rows": FOLDED_SCHEMA,
    "update_folded_facts": FOLDED_SCHEMA,
    "delete_folded_batches": FOLDED_SCHEMA,
    "delete_folded_rows": FOLDED_SCHEMA,
    "delete_folded_signed": FOLDED_SCHEMA,
    "delete_folded_events": FOLDED_SCHEMA,
}

# What a reader is laid before it is asked: in this order (classifiers/origin.py).
LAID = (
    "create_origin_sender", "create_logged_requests", "create_request_lines", "create_origin_agents",
    "create_origin_paths", "create_origin_routes", "create_origin_traces", "create_origin_clients",
    "create_asked_requests",
    "create_request_places", "create_request_rows", "create_origin_known", "create_origin_firsts",
    "create_latency_sources", "create_latency_spans", "create_latency_failed", "create_latency_answered",
    "create_latency_rows", "create_latency_counts", "create_latency_operations",
)  # fmt: skip


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with the whole schema and no rows; tests only ask what a query would give."""
    connection = duckdb.connect()
    for name in schema_names():
        connection.execute(load_query(name).sql).fetchall()
    for name in LAID:
        connection.execute(load_query(name).sql, dict.fromkeys(load_query(name).params) or None).fetchall()
    yield connection
    connection.close()


@pytest.mark.parametrize("name", query_names())
def test_header_tells_the_parameters(name: str, empty: duckdb.DuckDBPyConnection) -> None:
    query = load_query(name)

    statements = empty.extract_statements(query.sql)

    found = set[str]().union(*(statement.named_parameters for statement in statements))
    assert found == set(query.params)


@pytest.mark.parametrize("name", query_names())
def test_header_tells_the_columns(name: str, empty: duckdb.DuckDBPyConnection) -> None:
    query = load_query(name)
    if not query.columns:
        assert name.split("_", maxsplit=1)[0] in {"create", "insert", "update", "delete"}
        return

    with _laid_relation(name, empty):
        described: Any = empty.execute(f"describe {query.sql}", dict.fromkeys(query.params) or None).fetchall()

    assert {row[0]: row[1] for row in described} == query.columns


@pytest.mark.parametrize("name", query_names())
def test_name_starts_with_what_it_does(name: str) -> None:
    assert name.split("_", maxsplit=1)[0] in VERBS
    assert load_query(name).about


@pytest.mark.parametrize(
    ("table", "schema"),
    [("entries", STORED_ENTRY_SCHEMA), ("spans", SPAN_SCHEMA), ("facts", FACT_SCHEMA), ("test_cases", TEST_SCHEMA)],
)
def test_tables_have_the_columns_of_the_records(
    table: str, schema: pl.Schema, empty: duckdb.DuckDBPyConnection
) -> None:
    stored: Any = empty.sql(f"select * exclude (batch_id) from {table}")

    assert dict(stored.pl().schema) == dict(schema)  # in any order: migrations add at the end


def test_no_sql_in_python() -> None:
    begins = re.compile(
        r"\s*(select|insert|update|delete|create|with)\s.*\b(from|into|set|table|as)\b", re.IGNORECASE | re.DOTALL
    )
    modules = [path for floor in ("collector", "classifiers", "logtriage") for path in (ROOT / floor).rglob("*.py")]

    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value.strip()
        and begins.match(node.value) and node.value.strip()[0].islower()
    ]  # fmt: skip

    assert found == []


@contextmanager
def _laid_relation(name: str, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    schema = RELATIONS.get(name, pl.Schema({"place": pl.Int64(), "raw": pl.String()}))
    relation = "fresh" if name in RELATIONS else "records"
    connection.register(relation, pl.DataFrame(schema=schema).to_arrow())
    yield
    connection.unregister(relation)

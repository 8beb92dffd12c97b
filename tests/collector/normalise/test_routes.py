"""A stored route tells of its path all that built-in patterns look for, or it is not there."""

import re

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.origin import origin_params
from collector.normalise.routes import ODD_PATHS, VARIABLE_PARTS, routes_of
from collector.sql import load_query

PATTERNS = origin_params()
WORDS = (
    "health", "Healthz", "_ah", "warmup", "orders", "v1", "5abc", "17", "x1y2", "wp-2019-10", "solr8.11", ".env",
    ".git", "backup2024.sql", "etc", "passwd", "owa", "a" * 25, "fd70ed1c-27c0-4a21-a874-2eb979966238", "%2e%2e",
    "..", "é7", "",
)  # fmt: skip
PATHS = st.lists(st.one_of(st.sampled_from(WORDS), st.text("aZ09.-_*/%", max_size=6)), max_size=5).map(
    lambda parts: "".join(f"/{part}" for part in parts)
)


def verdicts(text: str) -> list[bool]:
    """What the built-in patterns say of a path or a route, by the engine that reads both."""
    names = ("health_paths", "odd_paths", "test_paths")
    asked = [(text, PATTERNS.get(name, "[^\\s\\S]")) for name in names]
    return [duckdb.execute("select regexp_matches($1, $2)", one).fetchall()[0][0] for one in asked]


@pytest.mark.parametrize(
    ("path", "route"),
    [
        (None, ""),
        ("/v1/users/17", "/v1/users/*"),
        ("/healthz/", "/healthz/"),
        ("/5abc/x", "/*abc/x"),
        ("/files/backup2024.sql", None),
        ("/wp-login.php", None),
    ],
)
def test_a_path_has_a_route_unless_it_is_odd(path: str | None, route: str | None) -> None:
    assert routes_of(pl.Series([path], dtype=pl.String)).to_list() == [route]


@given(PATHS)
def test_a_route_is_the_masked_path_and_says_the_same_of_who_asks(path: str) -> None:
    route = routes_of(pl.Series([path], dtype=pl.String)).item()

    mask = [path, VARIABLE_PARTS]
    masked = duckdb.execute("select regexp_replace($1, $2, '/*', 'g')", mask).fetchall()[0][0]
    if route is None:
        assert verdicts(path)[1]
    else:
        assert route == masked
        assert verdicts(route) == verdicts(path)
        again = [route, VARIABLE_PARTS]
        assert duckdb.execute("select regexp_replace($1, $2, '/*', 'g')", again).fetchall()[0][0] == route


def test_older_rows_were_given_their_routes_by_the_patterns_of_now() -> None:
    """Whoever changes a pattern adds a migration that makes the routes anew, and names it here."""
    told = re.sub(r"'\s+\|\| '", "", load_query("create_0012_routes").sql)

    assert f"'(?i)(?:{'|'.join(ODD_PATHS)})'" in told
    assert f"'{VARIABLE_PARTS}'" in told


@settings(max_examples=5)
@given(st.lists(st.one_of(st.none(), PATHS), min_size=20, max_size=60))
def test_the_migration_makes_the_routes_that_the_store_writes(paths: list[str | None]) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table entries (http_path varchar)")
        connection.executemany("insert into entries values ($1)", [[path] for path in paths])
        connection.execute(load_query("create_0012_routes").sql)
        rows = connection.sql("select http_path, route from entries").fetchall()

    assert [route for _, route in rows] == routes_of(pl.Series([path for path, _ in rows], dtype=pl.String)).to_list()

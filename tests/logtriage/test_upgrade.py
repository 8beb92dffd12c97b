"""A store of an earlier version of the schema is told of, and is one of now from the first reading on."""

from pathlib import Path

import duckdb
import pytest

from collector.config import StoreConfig
from collector.sql import load_query, schema_names
from collector.stopping import Stop
from collector.store import Store
from collector.window import Window
from logtriage import pipeline
from logtriage.config import Config
from logtriage.keeping import keep

MIGRATIONS = schema_names()
NOW_NS = 1_767_600_000_000_000_000
HOUR_NS = 3_600_000_000_000


def _old_store(path: Path, migrations: list[str]) -> Config:
    """A run with two batches of one source, the second one empty and of now, as that version stored them."""
    with duckdb.connect(path) as connection:
        for name in migrations:
            connection.execute(load_query(name).sql)
            connection.execute(load_query("insert_migration").sql, {"name": name, "now_ns": NOW_NS})
        at = NOW_NS - 60 * 24 * HOUR_NS
        connection.execute("insert into runs values (1, 'collect', 'logs', $at, $at + 5, 'complete')", {"at": at})
        for batch_id, read, at_ns in ((1, 4, at), (2, 0, NOW_NS)):
            values = [batch_id, read, read, at_ns]
            connection.execute(
                "insert into batches values ($1, 1, 'logs', 'logs', $2, 0, 0, $3, null, null, null, $4)", values
            )
        for line in range(4):
            connection.execute("insert into dead_letters values (1, 'logs', 'logs', $1, 'not JSON', null)", [line])
        if "create_0011_kept" in migrations:
            connection.execute("insert into batch_rows values (1, 0, 0, 0, 0, 4, 0, 0, 0, 0)")
            connection.execute("insert into batch_rows values (2, 0, 0, 0, 0, 0, 0, 0, 0, 0)")
    return Config(store=StoreConfig(path=path))


@pytest.mark.parametrize("last", MIGRATIONS[1::3])
def test_each_earlier_store_is_told_of_and_kept_by_this_version(last: str, tmp_path: Path) -> None:
    config = _old_store(tmp_path / "s.duckdb", MIGRATIONS[: MIGRATIONS.index(last) + 1])

    told = pipeline.analyse(config, window=Window(NOW_NS - 24 * HOUR_NS, NOW_NS), now_ns=NOW_NS)
    kept = keep(config, before_ns=None, now_ns=NOW_NS, stop=Stop())

    assert told.coverage.ledger_read == 4
    assert kept.taken.records == 4
    with Store(config.store).read() as reader:
        assert set(reader.frame("find_migrations")["name"]) == set(MIGRATIONS)
        assert reader.frame("count_ledger").select("read", "dead").rows() == [(4, 4)]
        assert reader.frame("find_short_batches", first_batch=0).height == 0

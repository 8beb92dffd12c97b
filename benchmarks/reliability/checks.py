"""What must hold of a store at any time, whoever was killed: it opens, the sums hold, nothing is there twice."""

import time
from pathlib import Path

import polars as pl

from collector.config import StoreConfig
from collector.errors import StoreError
from collector.store import Reader, Store

__all__ = ["broken", "difference", "rows_of"]

_IDENTITIES = {
    "entries": "project, insert_id, at_ns",
    "spans": "trace, span",
    "test_cases": "run, case_id",
    "occurrences": "signature_id, project, service, revision, instance, log, at_ns, trace, insert_ids",
    "span_occurrences": "signature_id, trace, span",
    "signed": "batch_id",
    "runs": "run_id",
    "batches": "batch_id",
    "cursors": "source",
    "outbox": "delivery_id",
}
_HELD = """
with held as (
    select batch_id, count(*) as n
    from (
        select batch_id from entries union all select batch_id from spans union all select batch_id from test_cases
    )
    group by batch_id
)
select batches.batch_id, batches.stored, coalesce(held.n, 0) as held
from batches left join held using (batch_id)
where batches.stored <> coalesce(held.n, 0)
"""
_ORPHANS = """
select 'entries' as what, count(*) as n from entries anti join batches using (batch_id)
union all
select 'spans', count(*) from spans anti join batches using (batch_id)
union all
select 'occurrences', count(*) from occurrences anti join batches using (batch_id)
"""


def rows_of(db: Path, sql: str) -> pl.DataFrame:
    """Rows of a query over a store; StoreError when it does not open."""
    with Store(StoreConfig(path=db, read_wait_s=60)).read() as reader:
        return reader.sql(sql)


def broken(db: Path, *, is_pruned: bool = False) -> list[str]:
    """What does not hold, in words; nothing where all does. A store that was never made holds."""
    if not db.exists():
        return []
    begun = time.monotonic()
    try:
        with Store(StoreConfig(path=db, read_wait_s=60)).read() as reader:
            opened_s = time.monotonic() - begun
            tables = set(reader.sql("select table_name from information_schema.tables")["table_name"])
            found = _twice(reader, tables)
            if "job_runs" in tables:  # else it waits for migrations of this version, whose tables the sums are over
                found += _sums(reader, is_pruned=is_pruned)
    except StoreError as error:
        return [f"does not open: {error}"]
    return found + ([f"took {opened_s:.0f} s to open"] if opened_s > 10 else [])


def difference(mine: Path, undisturbed: Path, queries: dict[str, str]) -> list[str]:
    """Queries whose rows differ between two stores, with how many rows only one of them has."""
    found = []
    for name, sql in queries.items():
        one, other = rows_of(mine, sql), rows_of(undisturbed, sql)
        if not one.equals(other):
            keys = one.columns
            more = one.join(other, on=keys, how="anti", nulls_equal=True).height
            fewer = other.join(one, on=keys, how="anti", nulls_equal=True).height
            found.append(f"{name}: {one.height} rows for {other.height}; {more} are others, {fewer} are missing")
    return found


def _twice(reader: Reader, tables: set[str]) -> list[str]:
    found = []
    for table, keys in _IDENTITIES.items():
        if table not in tables:
            continue  # of a later version than the store
        doubles = reader.sql(f"select count(*) as n from (select 1 from {table} group by {keys} having count(*) > 1)")
        if doubles["n"][0]:
            found.append(f"{table}: {doubles['n'][0]} there twice")
    return found


def _sums(reader: Reader, *, is_pruned: bool) -> list[str]:
    found = []
    runs = reader.sql("select run_id from runs")["run_id"].to_list()
    if not is_pruned:
        for run_id in runs:
            for what, told, held in reader.frame("find_imbalance", run_id=run_id).rows():
                found.append(f"run {run_id}: {what} {told}, held {held}")
        facts = reader.sql("select distinct batch_id from facts")["batch_id"].to_list()
        found += [
            f"batch {batch}: {told} stored by its ledger, {held} rows"
            for batch, told, held in reader.sql(_HELD).rows()
            if batch not in facts
        ]
    uneven = reader.sql("select count(*) as n from batches where read <> stored + duplicates + dead")["n"][0]
    found += [f"{uneven} batches do not add up"] if uneven else []
    found += [f"{n} {what} of no batch" for what, n in reader.sql(_ORPHANS).rows() if n]
    return found

"""What the store writes of batches: rows under the number of their batch, its ledger and its times."""

from collections.abc import Iterable

import polars as pl

from collector.records import Batch, Ledger

__all__ = ["dead_rows", "joined", "ledger_of", "times_of"]


def joined(frames: Iterable[tuple[int, pl.DataFrame]]) -> pl.DataFrame:
    """Rows of several batches, each under the number of its batch."""
    return pl.concat([frame.with_columns(batch_id=pl.lit(number, dtype=pl.Int64)) for number, frame in frames])


def dead_rows(batch: Batch) -> pl.DataFrame:
    """Its dead letters with their source."""
    return batch.dead.with_columns(source=pl.lit(batch.source))


def ledger_of(batch: Batch, stored: int) -> Ledger:
    """The counts of law 1 of a batch of which so many records were stored."""
    tried = batch.entries.height + batch.spans.height + batch.tests.height + batch.fact_records
    return Ledger(read=batch.read, stored=stored, duplicates=tried - stored, dead=batch.dead.height)


def times_of(batch: Batch) -> tuple[int | None, int | None]:
    """First and last event time of what a batch has."""
    times = pl.concat([batch.entries["at_ns"], batch.spans["start_ns"].alias("at_ns"), batch.tests["at_ns"]])
    first, last = times.min(), times.max()
    return (None, None) if first is None else (int(str(first)), int(str(last)))

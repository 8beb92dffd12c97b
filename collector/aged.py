"""Records older than what retention keeps: they are read and counted, and laid aside as dead letters with that reason.

What was taken away once must not come back as new, neither by a late pull that overlaps nor by a dump that is imported
again: nobody knows any more which of it had been stored before. Facts, such as deploys, are kept for ever and stored.
"""

import polars as pl

from collector.records import DEAD_LETTER_SCHEMA, Batch
from collector.replacing import replace

__all__ = ["OLDER_THAN_KEPT", "lay_aside"]

OLDER_THAN_KEPT = "older than what retention keeps"


def lay_aside(batch: Batch, before_ns: int | None) -> Batch:
    """The batch without entries, spans and test cases from before that time, which become dead letters of it."""
    if before_ns is None:
        return batch
    young = replace(
        batch,
        entries=batch.entries.filter(pl.col("at_ns") >= before_ns),
        spans=batch.spans.filter(pl.col("start_ns") >= before_ns),
        tests=batch.tests.filter(pl.col("at_ns").is_null() | (pl.col("at_ns") >= before_ns)),
    )
    old = sum(
        all_of.height - kept.height
        for all_of, kept in (
            (batch.entries, young.entries), (batch.spans, young.spans), (batch.tests, young.tests),
        )
    )  # fmt: skip
    if not old:
        return batch
    letter = {"location": batch.location, "line": None, "reason": OLDER_THAN_KEPT, "excerpt": None}
    letters = pl.concat([pl.DataFrame([letter], schema=DEAD_LETTER_SCHEMA)] * old)
    return replace(young, dead=pl.concat([batch.dead, letters]))

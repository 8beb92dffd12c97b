"""What retention makes of the sums of old work: one batch of each source instead of thousands, and only the last runs.

A daemon that pulls three sources each minute stores four thousand runs and batches a day, and every report adds them
up. Of a batch whose rows were all taken away only its sums are told any more; they go into the last such batch of its
source, so that law 1 holds over everything ever read, as before. Numbers of batches and runs are never used again.
"""

import polars as pl

from collector.store import Store, Writer
from collector.window import NS_PER_S

__all__ = ["FOLDED_SCHEMA", "fold_sums"]

_LEAST_NS = 30 * 86_400 * NS_PER_S  # that they stay apart: the rhythm of three weeks before a window is made of them
# The relation of what is done with folded batches.
FOLDED_SCHEMA = pl.Schema({"batch_id": pl.Int64(), "into_id": pl.Int64()})
# The sums first, while the batches are still there that they are made of.
_STEPS = (
    "update_folded_batches", "update_folded_rows", "update_folded_facts", "delete_folded_batches",
    "delete_folded_rows", "delete_folded_signed", "delete_folded_events",
)  # fmt: skip


def fold_sums(store: Store, before_ns: int, *, now_ns: int) -> int:
    """Folds batches that were stored before a time, and at least 30 days ago; how many went into others."""
    limit_ns = min(before_ns, now_ns - _LEAST_NS)
    with store.write() as writer:
        return _fold(writer, limit_ns)


def _fold(writer: Writer, before_ns: int) -> int:
    folded = writer.frame("find_pruned_batches", before_ns=before_ns)
    if folded.height:
        for query in _STEPS:
            writer.execute(query, relation=folded)
    writer.execute("delete_old_runs", before_ns=before_ns)
    return folded.filter(pl.col("batch_id") != pl.col("into_id")).height

"""Spans that tell of a failure, signed as entries are: what an exception says in a span and in a log has one signature.

Whether a failing span is told by an entry too is asked when it is looked at (see queries/find_span_failures.sql), so
that the order in which logs and spans come in does not matter.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from classifiers.reassemble import EVENT_SCHEMA
from classifiers.signatures import sign_events
from collector.store import Store, Writer

__all__ = ["sign_spans", "tell_again_by_spans"]

_ROWS_AT_ONCE = 250_000  # spans of the batches that are read together, failing or not: bounds memory
_TOLD = "span:"  # before the ids of a span that words of a signature are taken from


def sign_spans(store: Store, batches: pl.DataFrame) -> int:
    """Signs the failing spans of batches (rows of find_unsigned_batches); returns how many there are.

    Each transaction takes the place of what was said of its batches before.
    """
    many = 0
    for batch_ids in _parts(batches):
        with store.read() as reader:
            spans = reader.frame("find_spans_to_sign", batch_ids=batch_ids)
        if spans.height:
            signed, words = _signed(spans)
            with store.write() as writer:
                writer.execute("delete_span_occurrences", batch_ids=batch_ids)
                writer.execute("insert_span_occurrences", relation=signed)
                writer.execute("update_signatures", relation=words)
                writer.execute("insert_signatures", relation=words)
            many += signed.height
    return many


def tell_again_by_spans(writer: Writer, signature_ids: Sequence[str]) -> None:
    """Words of these signatures from the earliest span that has them, where no entry told them earlier."""
    firsts = writer.frame("find_first_spans", signature_ids=list(signature_ids))
    if not firsts.height:
        return
    spans = writer.frame("find_spans_to_sign", batch_ids=firsts["batch_id"].unique().sort().to_list())
    _, words = _signed(spans.join(firsts, on=["trace", "span"], how="semi", maintain_order="left"))
    words = words.filter(pl.col("signature_id").is_in(list(signature_ids)))
    writer.execute("update_signatures", relation=words)
    writer.execute("insert_signatures", relation=words)


def _parts(batches: pl.DataFrame) -> Iterator[list[int]]:
    """Ids of batches that are read together."""
    begun = batches.with_columns(part=(pl.col("stored").cum_sum() - 1).clip(0) // _ROWS_AT_ONCE)
    for _, rows in begun.group_by("part", maintain_order=True):
        yield rows["batch_id"].to_list()


def _signed(spans: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The spans with their signatures; and these with the span whose words they have."""
    signed = sign_events(_events(spans))
    found = spans.with_columns(signed.occurrences["signature_id"])
    first = found.unique("signature_id", keep="first", maintain_order=True).select(
        "signature_id",
        told_at_ns="at_ns",
        told_project="project",
        told_insert_id=pl.format("{}{}:{}", pl.lit(_TOLD), pl.col("trace"), pl.col("span")),
    )
    return found, signed.signatures.join(first, on="signature_id")


def _events(spans: pl.DataFrame) -> pl.DataFrame:
    """Spans (find_spans_to_sign) as events (EVENT_SCHEMA): with a text a line, without one a request."""
    is_request = pl.col("text").is_null()
    told = spans.with_columns(
        *(pl.when(is_request).then(name) for name in ("http_method", "http_path", "http_status")),
        log=pl.lit("spans"),
        logger=pl.lit(None, dtype=pl.String),
        payload=pl.lit(None, dtype=pl.String),
        insert_ids=pl.concat_list("span"),
    )
    return told.select(pl.col(name).cast(kind) for name, kind in EVENT_SCHEMA.items())

"""Signs what was stored and is not signed yet: batches in, signatures and occurrences out, in bounded memory.

What one event wrote may be stored in pieces: by other imports, in any order, hours apart. So the neighbourhood of new
entries is read with them (see queries/find_entries_to_sign.sql), put together anew, and takes the place of what was
made of it before: the outcome is that of one import of everything.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import polars as pl
from msgspec import Struct, field

from classifiers.events import find_new_events
from classifiers.reassemble import fold
from classifiers.signatures import RULES, Signed, sign, sign_events
from classifiers.span_signing import sign_spans, tell_again_by_spans
from collector.store import Reader, Store, Writer
from collector.window import NS_PER_S

__all__ = ["sign_new"]

_WORKERS = 2  # one reads and signs while the other writes
_ROWS_AT_ONCE = 250_000  # entries read together: bounds memory
_BYTES_AT_ONCE = 48 * 1024 * 1024  # of their texts: each worker holds them some four times over
_ROWS_A_MARK = 2_000_000  # entries of the batches that are marked together: a kill loses the work on as many at most
# Text lines that one stream may write in a second and still be put together; of more, each stands alone: a stream of
# millions of near lines takes no more memory or time than as many single ones.
_CROWD = 50_000


class _Group(Struct, frozen=True):
    """Batches that are marked together, and the nanoseconds from the first to the last of their entries."""

    batch_ids: list[int] = field(default_factory=list)
    first_ns: int = 0
    last_ns: int = -1


class _Slice(Struct, frozen=True):
    """The entries of a group in [from_ns, until_ns), whole seconds: what is read at once."""

    from_ns: int
    until_ns: int
    params: dict[str, Any]


def sign_new(store: Store) -> int:
    """Signs every batch that the current rules have not seen; returns the number of occurrences written.

    Each slice is one transaction that takes the place of what was there, and a group is marked after its last, so that
    a kill in between, or another process at the same work, loses and doubles nothing.
    """
    if not store.path.exists():
        return 0
    with store.read() as reader:  # opening the store costs more than reading a little: the first group is read with it
        waiting = reader.frame("find_unsigned_batches", rules=RULES)
        groups = list(_groups(waiting))
        slices = list(_slices(reader, groups[0])) if groups else []
    written = 0
    with ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="sign") as pool:
        for number, group in enumerate(groups):
            if number:
                with store.read() as reader:
                    slices = list(_slices(reader, group))
            written += sum(pool.map(partial(_sign_slice, store), slices))
            written += sign_spans(store, waiting.filter(pl.col("batch_id").is_in(group.batch_ids), "has_spans"))
            with store.write() as writer:
                writer.execute("insert_signed", batch_ids=group.batch_ids, rules=RULES)
    find_new_events(store)
    return written


def _groups(waiting: pl.DataFrame) -> Iterator[_Group]:
    """Batches that are marked together; of frame find_unsigned_batches."""
    begun = waiting.with_columns(group=(pl.col("stored").cum_sum() - 1).clip(0) // _ROWS_A_MARK)
    for (_,), rows in begun.group_by("group", maintain_order=True):
        first, last = rows["first_at_ns"].min(), rows["last_at_ns"].max()
        if isinstance(first, int) and isinstance(last, int):
            yield _Group(rows["batch_id"].to_list(), first, last)
        else:
            yield _Group(rows["batch_id"].to_list())


def _slices(reader: Reader, group: _Group) -> Iterator[_Slice]:
    """The seconds of a group in runs of bounded size."""
    span: dict[str, Any] = {"batch_ids": group.batch_ids, "first_ns": group.first_ns, "last_ns": group.last_ns}
    seconds = reader.frame("find_seconds_to_sign", **span, most=_CROWD)
    crowds = _no_crowds()
    if (seconds["entries"] > _CROWD).any():
        crowds = _crowds(reader.frame("find_crowds", **span, rules=RULES, most=_CROWD))
    params = {"batch_ids": group.batch_ids, "rules": RULES, **crowds}
    size = pl.max_horizontal(pl.col("entries") / _ROWS_AT_ONCE, pl.col("bytes") / _BYTES_AT_ONCE)
    sized = seconds.filter(pl.col("fresh") > 0).select("second", number=size.cum_sum().floor())
    for _, part in sized.group_by("number", maintain_order=True):
        first, last = part["second"][0], part["second"][-1]
        yield _Slice(first * NS_PER_S, (last + 1) * NS_PER_S, params)


def _no_crowds() -> dict[str, list[int]]:
    return {"crowded_streams": [], "crowded_seconds": [], "crossed_streams": [], "crossed_seconds": []}


def _crowds(found: pl.DataFrame) -> dict[str, list[int]]:
    """The crowds (find_crowds) as parameters of find_entries_to_sign."""
    crossed = found.filter("is_crossed")
    return {
        "crowded_streams": found["stream"].to_list(),
        "crowded_seconds": found["second"].to_list(),
        "crossed_streams": crossed["stream"].to_list(),
        "crossed_seconds": crossed["second"].to_list(),
    }


def _sign_slice(store: Store, part: _Slice) -> int:
    """Signs one slice. What another process stored of it meanwhile is read again, with the store held."""
    span = {"from_ns": part.from_ns, "until_ns": part.until_ns}
    with store.read() as reader:
        last_batch = reader.frame("count_batches_since", batch_id=0, **span)["last_batch"][0]
        entries = reader.frame("find_entries_to_sign", **span, **part.params)
    signed = sign(entries)
    with store.write() as writer:
        if writer.frame("count_batches_since", batch_id=last_batch, **span)["batches"][0]:
            entries = writer.frame("find_entries_to_sign", **span, **part.params)
            signed = sign(entries)
        _replace(writer, entries, signed)
    return signed.occurrences.height


def _replace(writer: Writer, entries: pl.DataFrame, signed: Signed) -> None:
    """The occurrences of these entries take the place of those that were made of any of them before."""
    if not entries.height:
        return
    keys = entries.select("project", "at_ns", "insert_id")
    span = {"first_ns": entries["at_ns"].min(), "last_ns": entries["at_ns"].max()}
    before = writer.stored("find_signed_before", relation=keys, rules=RULES, **span)["signature_id"].to_list()
    if before:
        writer.execute("delete_occurrences", relation=keys, signature_ids=before, **span)
    if signed.occurrences.height:
        writer.execute("insert_occurrences", relation=signed.occurrences)
        words = _with_origin(signed)
        writer.execute("update_signatures", relation=words)
        writer.execute("insert_signatures", relation=words)
    orphaned = writer.frame("find_orphaned_words", signature_ids=before, **span)["signature_id"] if before else before
    if len(orphaned):
        _tell_again(writer, list(orphaned))


def _with_origin(signed: Signed) -> pl.DataFrame:
    """The signatures with the first entry of their earliest occurrence, whose words they have."""
    first = signed.occurrences.unique("signature_id", keep="first", maintain_order=True).select(
        "signature_id", told_at_ns="at_ns", told_project="project", told_insert_id=pl.col("insert_ids").list.first()
    )
    return signed.signatures.join(first, on="signature_id")


def _tell_again(writer: Writer, signature_ids: list[str]) -> None:
    """Words of signatures from the earliest occurrence that they still have; without one they are gone."""
    entries = writer.frame("find_first_entries", signature_ids=signature_ids)
    told = _with_origin(sign_events(fold(entries)))
    writer.execute("delete_signatures", signature_ids=signature_ids)
    if told.height:
        writer.execute("insert_signatures", relation=told)
    tell_again_by_spans(writer, signature_ids)

"""Signs what was stored and is not signed yet: batches in, signatures and occurrences out, in bounded memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from classifiers.signatures import RULES, sign
from collector.store import Store

__all__ = ["sign_new"]

_WORKERS = 2  # one reads and signs while the other writes
_ROWS_AT_ONCE = 250_000  # entries of the batches read together: bounds memory, and keeps most split events whole


def sign_new(store: Store) -> int:
    """Signs every batch that the current rules have not seen; returns the number of occurrences written.

    Each group of batches is one transaction with its mark, so that a kill in between loses and doubles nothing; a
    group that another process signed in the meantime is left as it is. Pieces of one event are put together within a
    group; those that came in groups apart stay apart.
    """
    if not store.path.exists():
        return 0
    with store.read() as reader:
        waiting = [
            (int(number), int(rows)) for number, rows in reader.frame("find_unsigned_batches", rules=RULES).rows()
        ]
    with ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="sign") as pool:
        return sum(pool.map(partial(_sign_group, store), _groups(waiting)))


def _groups(waiting: list[tuple[int, int]]) -> Iterator[list[int]]:
    """Numbers of batches that are read together."""
    group: list[int] = []
    rows = 0
    for number, stored in waiting:
        if group and rows + stored > _ROWS_AT_ONCE:
            yield group
            group, rows = [], 0
        group.append(number)
        rows += stored
    if group:
        yield group


def _sign_group(store: Store, batch_ids: list[int]) -> int:
    with store.read() as reader:
        signed = sign(reader.frame("find_entries_to_sign", batch_ids=batch_ids))
    with store.write() as writer:
        unsigned = set(writer.frame("find_unsigned_batches", rules=RULES)["batch_id"])
        if not unsigned.issuperset(batch_ids):
            return 0
        if signed.signatures.height:
            writer.execute("insert_signatures", relation=signed.signatures)
        if signed.occurrences.height:
            writer.execute("insert_occurrences", relation=signed.occurrences)
        writer.execute("insert_signed", batch_ids=batch_ids, rules=RULES)
    return signed.occurrences.height

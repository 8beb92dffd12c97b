"""Troubles: what keeps logtriage from seeing, each time it was looked at. Rows of the table `troubles`.

Whoever looks writes them. A spell is every row of one kind and subject up to the first that is over; classifiers/ makes
sentences of spells, so that a report tells them from stored rows alone.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from collector.place import is_there
from collector.store import Reader, Store

__all__ = ["AGAIN_NS", "Trouble", "TroubleKind", "note_troubles", "write_troubles"]

_MIGRATION = "create_0010_watch"
AGAIN_NS = 600_000_000_000  # a trouble that lasts is written again after so long

# permission, quota, source: of a source, by its name; receiver: it turns clients away; clock: of this machine;
# disk: of the store's; store: it cannot be written or its sums do not hold; channel: nobody can be told there;
# settings: a running daemon keeps its old ones, because the new ones are wrong.
TroubleKind = Literal["permission", "quota", "source", "receiver", "clock", "disk", "store", "channel", "settings"]


class Trouble(Struct, frozen=True):
    """One look: `detail` is a clause for people without secrets and without text of a log; "" when it is over."""

    kind: TroubleKind
    subject: str
    seen_at_ns: int
    is_over: bool
    detail: str


def write_troubles(store: Store, troubles: Iterable[Trouble]) -> None:
    """Stores looks in one transaction; none opens no database. StoreError when it cannot be written."""
    rows = tuple(troubles)
    if not rows:
        return
    with store.write() as writer:
        for one in rows:
            writer.execute(
                "insert_trouble",
                kind=one.kind, subject=one.subject, seen_at_ns=one.seen_at_ns, is_over=one.is_over, detail=one.detail,
            )  # fmt: skip


def note_troubles(store: Store, looks: Iterable[Trouble]) -> int:
    """Stores what is news of these looks, and tells how many that were. StoreError when it cannot be written.

    News is what begins, what is over, what tells of another thing than before, and from time to time what lasts. The
    database is only read where nothing is news.
    """
    seen = tuple(looks)
    if not seen:
        return 0
    if is_there(store.path):
        with store.read() as reader:
            last = _last(reader)
        seen = tuple(one for one in seen if _is_news(one, last.get((one.kind, one.subject))))
    else:
        seen = tuple(one for one in seen if not one.is_over)
    write_troubles(store, seen)
    return len(seen)


def _last(reader: Reader) -> dict[tuple[str, str], Trouble]:
    """The last look of each kind and subject; none of a store that is older than looks."""
    if _MIGRATION not in set(reader.frame("find_migrations")["name"]):
        return {}
    rows = (Trouble(**row) for row in reader.frame("find_last_troubles").iter_rows(named=True))
    return {(one.kind, one.subject): one for one in rows}


def _is_news(look: Trouble, last: Trouble | None) -> bool:
    if last is None or last.is_over:
        return not look.is_over
    return look.is_over or look.detail != last.detail or look.seen_at_ns - last.seen_at_ns >= AGAIN_NS

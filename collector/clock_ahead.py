"""Cursors that were stored by a clock that went ahead: where reading goes on once the clock is right again.

Such a cursor tells that all was read up to a time that is yet to come. While the clock was wrong a pull asked for what
arrives later, and got nothing; what the store has tells how far reading had come until then. A walk that is handed such
a cursor as it is reads its whole stretch again (collector/sources/slices.py), which loses nothing and costs more.
"""

from typing import Any

from collector.sources.walk import ahead_ns, set_back_each
from collector.store import Store
from collector.troubles import Trouble
from collector.window import NS_PER_S

__all__ = ["righted_cursor"]

_AGAIN_ARRIVED_NS = 3600 * NS_PER_S  # before the newest arrival that is stored, as the server told it
_AGAIN_SENT_NS = 86_400 * NS_PER_S  # the same where only the clocks of senders tell


def righted_cursor(store: Store, source: str, *, now_ns: int) -> tuple[dict[str, Any] | None, tuple[Trouble, ...]]:
    """The cursor from which a pull at now_ns loses nothing, and the look at the clock that comes of it."""
    cursor = store.cursor(source)
    by_ns = ahead_ns(cursor, now_ns)
    if cursor is None or by_ns <= 0:
        return cursor, (Trouble("clock", source, now_ns, True, ""),)
    cursor = set_back_each(cursor, _to_ns(store, source, now_ns))
    told = (
        f"`{source}` was read by a clock that is at least {_lasted(by_ns)} ahead of the one of now; what came in "
        f"meanwhile is read again. Keep the clock of this machine by NTP."
    )
    return cursor, (Trouble("clock", source, now_ns, False, told),)


def _to_ns(store: Store, source: str, now_ns: int) -> dict[str, int]:
    """For each location with stored records: before the newest of them."""
    with store.read() as reader:
        rows = reader.frame("find_newest_arrivals", source=source, end_ns=now_ns).rows()
    return {place: newest_ns - (_AGAIN_ARRIVED_NS if is_told else _AGAIN_SENT_NS) for place, newest_ns, is_told in rows}


def _lasted(span_ns: int) -> str:
    minutes = -(-span_ns // (60 * NS_PER_S))
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            many = minutes // size
            return f"{many} {name}{'s' if many > 1 else ''}"
    return "a minute"

"""What only the store tells of how it stands: how far each source was read, and what waits to be told."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from collector.sources.walk import stored_reaches
from collector.store import Store
from logtriage.telemetry.instruments import Standing

__all__ = ["read_standing"]

_OUTBOX = "create_0009_lifecycle"


def read_standing(store: Store, *, sources: Mapping[str, Collection[str]], channels: Collection[str]) -> Standing:
    """How sources and channels of config.yaml stand; StoreError when the store cannot be read now.

    `sources`: what each of them reads, by name; none where it does not say. What is read no more has a cursor for ever.
    A source that was never read to its end, and has no cursor, is not among them.
    """
    if not store.path.exists():
        return Standing({}, {})
    with store.read() as reader:
        reads = reader.frame("find_source_reads")
        is_known = _OUTBOX in set(reader.frame("find_migrations")["name"])
        counted = dict(reader.frame("count_waiting").iter_rows()) if is_known else {}
    read_until = {
        source: until_ns
        for source, cursor, complete_ns in reads.iter_rows()
        if source in sources and (until_ns := _until_ns(cursor, complete_ns, sources[source])) is not None
    }
    return Standing(read_until, {channel: counted.get(channel, 0) for channel in channels})


def _until_ns(cursor: str | None, complete_ns: int | None, wanted: Collection[str]) -> int | None:
    """Before when all is read for good: of several resources the one that is furthest behind."""
    stored: dict[str, Any] | None = orjson.loads(cursor) if cursor else None
    reaches = stored_reaches(stored)
    settled = [reach.settled_ns for name, reach in reaches.items() if not wanted or name in wanted]
    return min(settled) if settled else complete_ns

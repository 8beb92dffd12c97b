"""What people answer where an incident is told: stored once each, and a word on a verdict settles it.

Who said it is not kept. That a ticket was closed is a claim, which the lifecycle holds against what fails next.
"""

from collections.abc import Sequence

import orjson
import polars as pl
from msgspec import Struct

from classifiers.calibration import say_later
from classifiers.record import Outcome
from collector.place import is_there
from collector.store import Reader, Store, Writer
from collector.window import NS_PER_S
from logtriage.notifiers.channel import Heard, Notifier, Place
from logtriage.outbox import MIGRATION
from logtriage.wording import plural

__all__ = ["HEARD_SCHEMA", "Listened", "heard_words", "listen"]

HEARD_SCHEMA: dict[str, pl.DataType] = {
    "channel": pl.String(),
    "incident_id": pl.String(),
    "remote_id": pl.String(),
    "remote_event_id": pl.String(),
    "said": pl.String(),
    "at_ns": pl.Int64(),
    "heard_at_ns": pl.Int64(),
}
_OUTCOMES: dict[str, Outcome] = {"right": "right", "wrong": "wrong"}
_EVER_NS = 2**63 - 1
_OVERLAP_NS = 900 * NS_PER_S  # a word may show up late, and clocks differ
_QUIET_NS = 14 * 86_400 * NS_PER_S  # after its end nobody is listened to any more


class Listened(Struct, frozen=True):
    """How many words were new, and how many of them settled a verdict."""

    words: int
    settled: int


def listen(store: Store, channel: Notifier, *, now_ns: int) -> Listened:
    """Asks a channel what was said at the places where incidents are told, and stores what is new."""
    if not is_there(store.path):
        return Listened(0, 0)
    cursor = store.cursor(_cursor(channel.name))
    with store.read() as reader:
        if MIGRATION not in set(reader.frame("find_migrations")["name"]):
            return Listened(0, 0)
        places, first_ns = _places(reader, channel.name, now_ns)
    if not places:
        return Listened(0, 0)
    since_ns = min(int(cursor["at_ns"]) if cursor else first_ns, now_ns) - _OVERLAP_NS  # a clock may be set back
    words = channel.hear(places, since_ns=since_ns)
    with store.write() as writer:
        known = set(_known(writer, channel.name)["remote_event_id"])
        fresh = list({one.event_id: one for one in words if one.event_id not in known}.values())
        settled = _store(writer, channel.name, fresh, now_ns)
        writer.execute("delete_cursor", source=_cursor(channel.name))
        told = orjson.dumps({"at_ns": now_ns}).decode()
        writer.execute("insert_cursor", source=_cursor(channel.name), cursor=told, now_ns=now_ns)
    return Listened(len(fresh), settled)


def heard_words(heard: Listened) -> str:
    """`heard 2 words, 1 settled a verdict`."""
    return f"heard {plural(heard.words, 'word')}, {heard.settled} settled a verdict"


def _places(reader: Reader, channel: str, now_ns: int) -> tuple[dict[str, Place], int]:
    """Where incidents are told that go on or ended a while ago, and when the first was."""
    last = reader.frame("find_last_told").filter(pl.col("channel") == channel)
    heeded = last.filter(~pl.col("is_over") | (pl.col("made_at_ns") > now_ns - _QUIET_NS))
    rows = reader.frame("find_places", channel=channel)
    rows = rows.filter(pl.col("incident_id").is_in(heeded["incident_id"].implode()))
    last_rows = {row["incident_id"]: row for row in rows.iter_rows(named=True)}
    places = {name: Place(row["remote_id"], row["remote_url"]) for name, row in last_rows.items() if not row["is_gone"]}
    first = rows["at_ns"].min()
    return places, int(first) if isinstance(first, int) else 0


def _known(reader: Reader, channel: str) -> pl.DataFrame:
    return reader.frame("find_heard", end_ns=_EVER_NS).filter(pl.col("channel") == channel)


def _store(writer: Writer, channel: str, fresh: Sequence[Heard], now_ns: int) -> int:
    """Rows of new words; gives how many settled the verdict that was told last before."""
    if not fresh:
        return 0
    rows = [
        (channel, one.incident_id, one.place_id, one.event_id, one.said, one.at_ns, now_ns)
        for one in sorted(fresh, key=lambda one: (one.at_ns, one.event_id))
    ]
    writer.execute("insert_heard", relation=pl.DataFrame(rows, schema=HEARD_SCHEMA, orient="row"))
    last = writer.frame("find_last_told").filter(pl.col("channel") == channel)
    findings = dict(last.select("incident_id", "finding_id").iter_rows())
    settled = 0
    for one in sorted(fresh, key=lambda one: (one.at_ns, one.event_id)):
        outcome = _OUTCOMES.get(one.said)
        finding_id = findings.get(one.incident_id)
        if outcome and finding_id:
            settled += say_later(writer, finding_id, outcome, said_ns=one.at_ns, now_ns=now_ns)
    return settled


def _cursor(channel: str) -> str:
    """The name of its place among the cursors; no source of `sources` is called so."""
    return f"heard in {channel}"

"""The outbox: what a look has to say, beside what each channel was told last. Written with the analysis, or not at all.

What is told is decided for each channel by the last message on an incident that stands in its outbox, delivered or
not: nothing was told -> open; a claim is another -> change, with the sentences of what is another as its news; only
figures are others -> edit; all is the same -> nothing. So two runs of one look add nothing, and a channel that is
added later gets what is going on now. An incident that was over before the channel was first looked for is not told
there: nobody could act on it. One that came and went between two looks is told once.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
import polars as pl
from msgspec import Struct, to_builtins

from classifiers.states import Priority
from collector.replacing import replace
from collector.store import Reader, Writer
from logtriage.lines import Line
from logtriage.message import CLOSING, Claimed, Link, Message

__all__ = ["OUTBOX_SCHEMA", "Tells", "Told", "enqueue", "facts_of", "read_message", "read_tells", "to_tell", "told_to"]

MIGRATION = "create_0009_lifecycle"

OUTBOX_SCHEMA: dict[str, pl.DataType] = {
    "delivery_id": pl.String(),
    "channel": pl.String(),
    "incident_id": pl.String(),
    "key": pl.String(),
    "seq": pl.Int64(),
    "act": pl.String(),
    "facts": pl.String(),
    "claims": pl.String(),
    "shown": pl.String(),
    "is_over": pl.Boolean(),
    "finding_id": pl.String(),
    "message": pl.String(),
    "made_at_ns": pl.Int64(),
}


class Told(Struct, frozen=True):
    """The last message on an incident in a channel."""

    seq: int
    facts: str
    claims: Mapping[str, str]
    shown: str
    is_over: bool
    finding_id: str
    made_at_ns: int
    words: int = 1  # messages so far that were no mere edit


class Tells(Struct, frozen=True):
    """What one channel was told so far. `first_look_ns` is None where it was never looked for."""

    channel: str
    incidents: Mapping[str, Told]
    notices: Mapping[str, tuple[str, int]]  # by key: facts of the last one, and when it was made
    notice_ids: frozenset[str] = frozenset()
    first_look_ns: int | None = None
    last_look_ns: int | None = None


def facts_of(claims: Iterable[Claimed]) -> str:
    """A hash of names and values: what is the same has nothing new to say."""
    return _hash([[one.name, one.value] for one in claims])


def to_tell(message: Message, tells: Tells, *, lowest: Priority = "P3") -> Message | None:
    """The message as this channel is to get it, with its act and its news; None where there is nothing to say.

    A look that is older than what was told says nothing. `lowest`: of what is not told yet.
    """
    if not message.incident_id:
        return _notice(message, tells)
    before = tells.incidents.get(message.incident_id)
    if before is None:
        is_told = message.priority <= lowest and _is_first_word(message, tells)
        return replace(message, act="open", news="") if is_told else None
    if message.made_at_ns <= before.made_at_ns:
        return None
    others = {one.name for one in message.claims if before.claims.get(one.name, "") != one.value}
    if others:
        is_back = not message.is_over and (before.is_over or CLOSING in others)
        return replace(message, act="change", news=_news(message, before.claims), is_back=is_back)
    is_edit = message.act != "change" and not message.is_over and _shown(message) != before.shown
    return replace(message, act="edit", news="") if is_edit else None


def enqueue(
    writer: Writer, messages: Sequence[Message], channels: Sequence[str], *, now_ns: int, lowest: Priority = "P3",
    beat: Callable[[Tells], Message | None] = lambda _: None,
) -> int:  # fmt: skip
    """Stores what a look has to say for each channel, in the transaction of `writer`; gives how many were added.

    `beat` gives a sign of life for a channel that this look has nothing else to say to, or None.
    """
    added = 0
    for name in channels:
        tells = read_tells(writer, name)
        chosen = told_to(tells, messages, lowest=lowest, beat=beat)
        if chosen:
            rows = [_row(message, tells) for message in chosen]
            added += writer.execute("insert_outbox", relation=pl.DataFrame(rows, schema=OUTBOX_SCHEMA))
        writer.execute("insert_digest_look", channel=name, look_ns=now_ns)
    return added


def told_to(
    tells: Tells, messages: Sequence[Message], *, lowest: Priority = "P3",
    beat: Callable[[Tells], Message | None] = lambda _: None,
) -> tuple[Message, ...]:  # fmt: skip
    """What a channel is to get of a look, each message with its act and its news."""
    chosen = [one for message in messages if (one := to_tell(message, tells, lowest=lowest)) is not None]
    sign = None if chosen else beat(tells)
    chosen += [sign] if sign is not None and to_tell(sign, tells) is not None else []
    return tuple(chosen)


def read_tells(reader: Reader, channel: str) -> Tells:
    """What a channel was told so far; nothing where the store is older than the outbox."""
    if MIGRATION not in set(reader.frame("find_migrations")["name"]):
        return Tells(channel, {}, {})
    is_own = pl.col("channel") == channel
    last = reader.frame("find_last_told").filter(is_own)
    notices = reader.frame("find_told_notices").filter(is_own)
    looks = reader.frame("find_digest_looks").filter(is_own)
    return Tells(
        channel,
        {
            row["incident_id"]: Told(
                row["seq"], row["facts"], orjson.loads(row["claims"]), row["shown"], row["is_over"],
                row["finding_id"], row["made_at_ns"], row["words"],
            )
            for row in last.iter_rows(named=True)
        },
        {row["key"]: (row["facts"], row["made_at_ns"]) for row in notices.iter_rows(named=True)},
        frozenset(notices["delivery_id"]),
        looks["first_ns"][0] if looks.height else None,
        looks["last_ns"][0] if looks.height else None,
    )  # fmt: skip


def read_message(text: str) -> Message:
    """A message as it was stored; fields that an older version did not know have their defaults."""
    raw = orjson.loads(text)
    raw["lines"] = tuple(Line(**one) for one in raw["lines"])
    raw["links"] = tuple(Link(**one) for one in raw.get("links", ()))
    raw["claims"] = tuple(Claimed(**one) for one in raw.get("claims", ()))
    raw |= {name: tuple(raw.get(name, ())) for name in ("related", "labels")}
    return Message(**raw)


def _notice(message: Message, tells: Tells) -> Message | None:
    """Once; what became of something, where that was told and nothing later of it was."""
    if notice_id(message, tells.channel) in tells.notice_ids:
        return None
    if message.act == "change" and message.key not in tells.notices:
        return None
    return replace(message, act="notice")


def _is_first_word(message: Message, tells: Tells) -> bool:
    """It goes on; or it came and went since this channel is looked for."""
    if message.act == "change" or message.state in {"standing", "muted"}:
        return False
    if not message.is_over:
        return True
    return tells.first_look_ns is not None and (message.onset_ns or 0) >= tells.first_look_ns


def _news(message: Message, before: Mapping[str, str]) -> str:
    """The sentences of the claims that are others than before."""
    others = [one for one in message.claims if before.get(one.name, "") != one.value and one.news]
    return " ".join(_since(one.news, before.get(one.name, "")) for one in others)


def _since(news: str, before: str) -> str:
    """`The verdict is now 00008 (- KEY); was 00007.`, without the second half where nothing was claimed before."""
    known = news if before else news.replace("; was {before}", "")
    return known.replace("{before}", before or "none")


def _row(message: Message, tells: Tells) -> dict[str, Any]:
    before = tells.incidents.get(message.incident_id)
    seq = 0 if before is None else before.seq + 1
    claims = dict(before.claims) if before else {}
    delivery_id = notice_id(message, tells.channel)
    if message.incident_id:
        # Another copy of this database, which saw more edits or fewer, calls the same word the same.
        number = seq if message.act == "edit" or before is None else before.words
        delivery_id = _hash([tells.channel, message.incident_id, message.act, message.facts, number])
    return {
        "delivery_id": delivery_id,
        "channel": tells.channel,
        "incident_id": message.incident_id,
        "key": message.key,
        "seq": seq,
        "act": message.act,
        "facts": message.facts,
        "claims": orjson.dumps(claims | {one.name: one.value for one in message.claims}).decode(),
        "shown": _shown(message),
        "is_over": message.is_over,
        "finding_id": message.finding_id,
        "message": orjson.dumps(to_builtins(message)).decode(),
        "made_at_ns": message.made_at_ns,
    }


def notice_id(message: Message, channel: str) -> str:
    """The delivery id of a notice: each is told once."""
    return _hash([channel, "notice", message.key, message.facts])


def _shown(message: Message) -> str:
    """A hash of what a reader sees of it; the footer tells the time of the look alone."""
    lines = [[line.label, line.text] for line in message.lines]
    return _hash([message.headline, message.title, message.command, lines, message.body])


def _hash(content: Any) -> str:
    return hashlib.blake2b(orjson.dumps(content), digest_size=12).hexdigest()

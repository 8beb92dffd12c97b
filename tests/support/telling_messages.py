"""Messages on incidents, built by hand, and their way into an outbox."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from collector.config import StoreConfig
from collector.store import Store
from logtriage.lines import Line
from logtriage.message import Claimed, Message
from logtriage.outbox import enqueue, facts_of

__all__ = ["MINUTE_NS", "NOW_NS", "make_message", "make_store", "put"]

MINUTE_NS = 60 * 10**9
NOW_NS = 1_789_000_000 * 10**9


def make_message(incident_id: str = "i-pay", **fields: Any) -> Message:
    """A message on an incident; claims are those of its state, rank and verdict."""
    state = fields.get("state", "new")
    priority = fields.get("priority", "P1")
    verdict = fields.pop("verdict", "shop-00008-bad")
    claims = (
        Claimed("state", "open" if state in {"new", "ongoing"} else state, f"It is {state}."),
        Claimed("rank", priority, f"{priority}, was {{before}}."),
        Claimed("verdict", verdict, f"{verdict} did it, not {{before}}."),
    )
    told: dict[str, Any] = {
        "key": f"{incident_id}:{state}",
        "sign": "🟠",
        "headline": f"{priority} {state} · shop · payment refused",
        "lines": (Line("BAD", fields.pop("figures", "94/96")),),
        "command": "",
        "footer": "acme-test",
        "act": "open",
        "incident_id": incident_id,
        "facts": facts_of(claims),
        "state": state,
        "priority": priority,
        "service": "shop",
        "is_over": state in {"resolved", "muted"},
        "finding_id": "c-pay",
        "made_at_ns": NOW_NS,
        "onset_ns": NOW_NS,
        "claims": claims,
    }
    return Message(**(told | fields))


def make_store(folder: Path, *, is_made: bool = False, **settings: Any) -> Store:
    """The store in a folder, with the whole schema where it is to be made."""
    store = Store(StoreConfig(path=folder / "told.duckdb", **settings))
    if is_made:
        with store.write():
            pass
    return store


def put(store: Store, *messages: Message, channels: Sequence[str] = ("board",)) -> int:
    """One look that has these messages to say; gives how many rows it added."""
    look_ns = max((message.made_at_ns for message in messages), default=NOW_NS)
    with store.write() as writer:
        return enqueue(writer, messages, channels, now_ns=look_ns)

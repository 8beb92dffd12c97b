"""What one message of a digest says; a notifier lays it out."""

from typing import Literal

from msgspec import Struct

from classifiers.states import Priority, State
from logtriage.lines import Line

__all__ = ["CLOSING", "OVER_SIGN", "SIGNS", "Act", "Claimed", "Link", "Message"]

SIGNS = {"P0": "🔴", "P1": "🟠", "P2": "🟡", "P3": "⚪"}
OVER_SIGN = "🟢"

CLOSING = "closing"  # name of the claim that what a person closed fails on

Act = Literal["open", "change", "edit", "notice"]


class Link(Struct, frozen=True):
    """A place to look, as every channel can show it."""

    label: str
    url: str


class Claimed(Struct, frozen=True):
    """One thing that a message claims: its name, its value in a word, and the sentence to say where that is another.

    `{before}` in `news` stands for the value that was told before; an empty sentence makes no news, its value still
    counts.
    """

    name: str
    value: str
    news: str = ""


class Message(Struct, frozen=True):
    """What one message says, plain text but for `body`.

    `key` names what it tells of and its state: as long as it stays the same there is nothing new to say. `command` is a
    line to copy, empty where there is none.

    act: open, the first word on an incident; change, its state, rank or verdict is another, which `news` tells in one
    sentence for a reply or a comment; edit, figures of what was told changed and nobody need be woken; notice, said
    once and not followed up (a vanished key, a heartbeat), of no incident. As it is made for all channels, before the
    outbox decides for each: change says that it is for those alone that were told of it before.
    """

    key: str
    sign: str
    headline: str
    lines: tuple[Line, ...]
    command: str
    footer: str
    act: Act = "notice"
    incident_id: str = ""  # of the tracked incident; "" of a notice
    facts: str = ""  # hash of what this message claims: equal ones need not be told again
    state: State = "new"
    priority: Priority = "P2"
    project: str = ""
    service: str = ""
    title: str = ""  # of a ticket: `GCP-new | P1 | shop: 403 on service calls`
    news: str = ""
    body: str = ""  # of a ticket, Markdown, log text escaped: evidence and diagrams
    labels: tuple[str, ...] = ()  # of a ticket, beside those of the channel: `P1`, `fault: configuration`
    comment: str = ""  # below the news in a ticket's comment, Markdown, log text escaped; it may be empty
    finding_id: str = ""  # that a verdict of right or wrong is about; "" where nothing was claimed
    links: tuple[Link, ...] = ()
    related: tuple[str, ...] = ()  # ids of tracked incidents: earlier ones of the same failure, others told beside it
    is_over: bool = False  # resolved, muted or folded into another: a ticket may be closed
    is_back: bool = False  # it fails though it was over, or though a person closed it: a closed ticket opens again
    made_at_ns: int = 0
    claims: tuple[Claimed, ...] = ()  # what `facts` hashes, by names and values
    onset_ns: int | None = None  # of its incident

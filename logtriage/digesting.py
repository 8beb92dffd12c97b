"""What a look has to say on its way to the channels: into the outbox, out of it, and what people answer."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from classifiers.findings import Findings
from collector.place import is_there
from collector.replacing import replace
from collector.store import Reader, Store, Writer
from collector.troubles import Trouble, note_troubles
from logtriage.closings import with_closings
from logtriage.config import Config
from logtriage.delivery import Delivered, deliver
from logtriage.delivery_rows import is_worth_anew
from logtriage.digest import build_digest, footer_of
from logtriage.digest_notices import heartbeat
from logtriage.errors import ConfigError, LogtriageError
from logtriage.escape import plain
from logtriage.hearing import Listened, listen
from logtriage.message import Message
from logtriage.notifiers.channel import (
    CHANNELS,
    ChannelConfig,
    Notifier,
    Place,
    Step,
    open_channel,
    parse_channel_config,
)
from logtriage.outbox import MIGRATION, Tells, enqueue, read_tells, told_to

__all__ = ["Plan", "Planned", "chosen_channels", "deliver_to", "hear_from", "opened", "outbox_of", "plan"]

_FAULT = 600  # characters of why a channel cannot be opened


class Planned(Struct, frozen=True):
    """A message as a channel would get it. `steps` is None where the channel cannot be asked now."""

    message: Message
    steps: tuple[Step, ...] | None
    place: Place | None


class Plan(Struct, frozen=True):
    """What a channel would be sent; `waiting` messages are left from before, `note` says why steps are not known."""

    channel: str
    kind: str
    messages: tuple[Planned, ...]
    waiting: int = 0
    note: str = ""


def chosen_channels(config: Config, names: Sequence[str]) -> tuple[ChannelConfig, ...]:
    """The channels of these names, all where none is given. A kind that needs no settings is one without being listed.

    ConfigError for a name that is neither.
    """
    listed = {one.name: one for one in config.digest.channels}
    chosen = []
    for name in names:
        if name not in listed and name not in CHANNELS:
            known = ", ".join([*listed, *(kind for kind in sorted(CHANNELS) if kind not in listed)])
            raise ConfigError(f"--to is `{plain(name, 40)}`; known channels: {known}. Correct the spelling.")
        chosen.append(listed.get(name) or parse_channel_config({"kind": name}, where="--to"))
    return tuple(dict.fromkeys(chosen)) if names else config.digest.channels


def outbox_of(config: Config, findings: Findings, channels: Sequence[str]) -> Callable[[Writer], int]:
    """What stores what this look has to say, inside of a transaction; it gives how many messages were added."""
    if not channels:
        return lambda _: 0
    messages, beat = _messages(config, findings), _beat(config, findings)

    def store(writer: Writer) -> int:
        heard = writer.frame("find_heard", end_ns=findings.now_ns).iter_rows(named=True)
        told = with_closings(messages, findings, heard)
        lowest = config.digest.lowest_priority
        return enqueue(writer, told, channels, now_ns=findings.now_ns, lowest=lowest, beat=beat)

    return store


def plan(config: Config, findings: Findings, channels: Sequence[ChannelConfig]) -> tuple[Plan, ...]:
    """What would be sent to each channel now; stores and sends nothing. Without a channel, what a new one would get."""
    messages = _messages(config, findings)
    lowest, beat = config.digest.lowest_priority, _beat(config, findings)
    if not channels:
        told = told_to(Tells("", {}, {}), messages, lowest=lowest)
        return (Plan("", "", tuple(Planned(one, None, None) for one in told)),)
    messages = with_closings(messages, findings, _heard(config, findings.now_ns))
    plans = []
    for channel in channels:
        tells, places, gone, waiting = _stored(config, channel.name)
        told = told_to(tells, messages, lowest=lowest, beat=beat)
        notifier, note = _tried(channel)
        planned = tuple(_planned(one, notifier, places.get(one.incident_id), one.incident_id in gone) for one in told)
        plans.append(Plan(channel.name, channel.kind, planned, waiting, note))
    return tuple(plans)


def opened(config: Config, channel: ChannelConfig, *, now_ns: int) -> Notifier:
    """The channel, ready to send; of one that cannot be opened the store keeps since when, and the error goes up.

    One that is not in the settings was asked for once, by its name: nobody looks at it again.
    """
    fault = ""
    try:
        return open_channel(channel)
    except LogtriageError as error:
        fault = plain(error, _FAULT)
        raise
    finally:
        if is_there(config.store.path) and channel in config.digest.channels:
            look = Trouble("channel", channel.name, now_ns, not fault, fault)
            note_troubles(Store(config.store), [look])


def deliver_to(config: Config, channel: ChannelConfig, *, now_ns: int, tries_refused: bool) -> Delivered:
    """Delivers what waits for a channel, which is opened anew: its token may be another by now."""
    return deliver(Store(config.store), [opened(config, channel, now_ns=now_ns)], tries_refused=tries_refused)[0]


def hear_from(config: Config, channel: ChannelConfig, *, now_ns: int) -> Listened:
    """What people said in a channel since it was listened to last."""
    return listen(Store(config.store), opened(config, channel, now_ns=now_ns), now_ns=now_ns)


def _messages(config: Config, findings: Findings) -> tuple[Message, ...]:
    return build_digest(findings, console=config.report.console_url, templates=config.report.templates).messages


def _planned(message: Message, notifier: Notifier | None, place: Place | None, is_gone: bool) -> Planned:  # noqa: FBT001 - of the place
    """Its steps. Where somebody deleted its place, it is told anew or not at all."""
    if notifier is None:
        return Planned(message, None, place)
    if not is_gone:
        return Planned(message, notifier.steps(message, place), place)
    steps = notifier.steps(replace(message, act="open"), None) if is_worth_anew(message) else ()
    return Planned(message, steps, None)


def _tried(channel: ChannelConfig) -> tuple[Notifier | None, str]:
    """The channel, or why it cannot be opened now: what would be said is shown all the same."""
    try:
        return open_channel(channel), ""
    except LogtriageError as error:
        return None, str(error)


def _beat(config: Config, findings: Findings) -> Callable[[Tells], Message | None]:
    hours, footer = config.digest.heartbeat_hours, footer_of(findings)
    return lambda tells: heartbeat(findings, tells, hours, footer)


def _stored(config: Config, channel: str) -> tuple[Tells, dict[str, Place], frozenset[str], int]:
    """What a channel was told, where, whose place is gone, how many messages wait; nothing without a store."""
    if not is_there(config.store.path):
        return Tells(channel, {}, {}), {}, frozenset(), 0
    with Store(config.store).read() as reader:
        tells = read_tells(reader, channel)
        return tells, *_places(reader, channel)


def _heard(config: Config, end_ns: int) -> list[dict[str, Any]]:
    """What people answered before an instant; nothing where there is no store yet, or one of an older version."""
    if not is_there(config.store.path):
        return []
    with Store(config.store).read() as reader:
        is_new = MIGRATION in set(reader.frame("find_migrations")["name"])
        return reader.frame("find_heard", end_ns=end_ns).to_dicts() if is_new else []


def _places(reader: Reader, channel: str) -> tuple[dict[str, Place], frozenset[str], int]:
    if MIGRATION not in set(reader.frame("find_migrations")["name"]):
        return {}, frozenset(), 0
    rows = {row["incident_id"]: row for row in reader.frame("find_places", channel=channel).iter_rows(named=True)}
    places = {name: Place(row["remote_id"], row["remote_url"]) for name, row in rows.items()}
    gone = frozenset(name for name, row in rows.items() if row["is_gone"])
    return places, gone, reader.frame("find_pending", channel=channel).filter(into_id="").height

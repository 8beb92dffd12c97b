"""Findings into the messages a person gets: one an incident, root first, symptoms folded in. No I/O.

Nothing to say, nothing sent: without incidents, silent failures and warnings the digest is empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from classifiers.findings import Absence, Cluster, Findings, Incident, Latency, Priority, VanishedKey
from collector.window import Window
from logtriage.commands import BLAMED, commands_for
from logtriage.escape import plain
from logtriage.incident_view import Told, tell_incident
from logtriage.lines import Line
from logtriage.lookup import Lookup
from logtriage.message import OVER_SIGN, SIGNS, Message
from logtriage.silent_messages import silent_messages
from logtriage.vanished_view import by_deploy, drop_words, error_words, key_note, present_words, restore_line
from logtriage.wording import Near, clock, day_clock, plural, short_revision

__all__ = ["Digest", "DigestConfig", "Message", "build_digest", "digest_text", "unsent"]

_WARNING = "🟡"
_KEYS_TOLD = 6  # of a deploy that dropped more, each with what it was
_KEYS_IN_HEADLINE = 3  # a headline has 150 characters in some channels


class DigestConfig(BaseModel):
    """Section `digest` of config.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: tuple[Literal["slack"], ...] = ()  # channels the daemon posts to; their secrets come from the environment
    window_hours: float = Field(default=24.0, gt=0, le=24 * 366)  # how far back the daemon looks in each cycle
    lowest_priority: Priority = "P2"  # incidents below it are left to the report


@dataclass(frozen=True, slots=True)
class Digest:
    """The messages of one window, most urgent first."""

    window: Window
    messages: tuple[Message, ...]


def build_digest(findings: Findings, config: DigestConfig) -> Digest:
    """One message an incident down to the lowest priority, then what is in none, then deploys that dropped keys.

    Of these those that have no error yet.
    """
    lookup = Lookup(findings)
    footer = _footer(findings)
    told = []
    for incident in sorted(findings.incidents, key=lambda one: one.number):
        words = tell_incident(incident, lookup)
        if words is not None and incident.priority <= config.lowest_priority:
            told.append(_incident_message(incident, words, lookup, footer))
    silent = silent_messages(lookup, footer, config.lowest_priority)
    return Digest(findings.window, (*told, *silent, *_warnings(lookup, footer)))


def unsent(digest: Digest, sent: frozenset[str]) -> Digest:
    """The digest without messages whose key was sent before."""
    return Digest(digest.window, tuple(message for message in digest.messages if message.key not in sent))


def digest_text(digest: Digest) -> str:
    """The digest as plain text, as `--dry-run` prints it; says so when nothing would be sent."""
    if not digest.messages:
        return "Nothing to say, nothing sent.\n"
    return "\n".join(_message_text(message) for message in digest.messages)


def _message_text(message: Message) -> str:
    rows = [f"{message.sign} {message.headline}"]
    rows += [f"  {line.label:<6} {line.text}" for line in message.lines]
    rows += [f"  $ {message.command}"] if message.command else []
    return "\n".join([*rows, f"  {message.footer}", ""])


def _incident_message(incident: Incident, words: Told, lookup: Lookup, footer: str) -> Message:
    root, state = words.root, words.state
    is_over = state == "resolved"
    going = f"{words.when.removesuffix(', over')} UTC" if is_over else f"since {_began(root, lookup)} UTC"
    is_blamed = root.attribution is not None and root.attribution.confidence >= BLAMED
    commands = commands_for(root, lookup) if is_blamed else ()
    apart = [other for other in lookup.findings.incidents if other.number != incident.number]
    lines = words.lines
    if apart:
        told = [f"#{other.number} {plain(other.title, 60)}" for other in apart[:3]]
        more = f", {len(apart) - 3} more" if len(apart) > len(told) else ""
        lines = (*lines, Line("APART", f"not explained by it: {', '.join(told)}{more}"))
    if is_blamed or (not isinstance(root, Absence) and root.cause != "unknown"):
        lines = (*lines, Line("RIGHT?", f"logtriage settle {plain(root.id, 100)} right|wrong"))
    return Message(
        key=f"{root.id}:{'ongoing' if state == 'new' else state}",
        sign=OVER_SIGN if is_over else SIGNS[incident.priority],
        headline=f"{incident.priority} {state} · {plain(root.service, 80)} · {plain(words.title, 200)} {going}",
        lines=lines,
        command=commands[0].line if commands else "",
        footer=footer,
    )


def _began(root: Cluster | Latency | Absence, lookup: Lookup) -> str:
    return clock(root.onset.at_ns, lookup.near) if root.onset else "not known when"


def _warnings(lookup: Lookup, footer: str) -> tuple[Message, ...]:
    """One message a deploy that dropped keys, before the first failure; with failures their incident tells it."""
    deploys = [
        (every[0], open_keys)
        for every in by_deploy(lookup.findings.vanished_keys)
        if (open_keys := [key for key in every if not key.errors_since and not key.restored_in])
    ]
    return tuple(_warning(first, keys, lookup, footer) for first, keys in deploys)


def _warning(first: VanishedKey, keys: Sequence[VanishedKey], lookup: Lookup, footer: str) -> Message:
    """`first` of all keys of the deploy names the message, so that it is sent once whatever becomes of the others."""
    revision, before = (short_revision(one, first.service) for one in (first.revision, first.previous_revision))
    is_one = len({present_words(key) for key in keys}) == 1
    told = f" ({present_words(keys[0])})" if is_one else ""
    errors = error_words(keys[0], lookup)
    drops = f"drops {drop_words(keys, _KEYS_IN_HEADLINE)}{told}. {errors.capitalize()}."
    lines = [Line("SINCE", f"{clock(first.at_ns, lookup.near)} UTC, compared with {before}")]
    for key in keys[:_KEYS_TOLD]:
        parts = (f"was {plain(key.was, 80)}" if key.was else "", key_note(key), "" if told else present_words(key))
        if any(parts):
            text = f"{plain(key.key, 80)}: {'; '.join(filter(None, parts))}"
            lines.append(Line("WAS" if len(lines) == 1 else "", text))
    return Message(
        key=f"vanished:{first.service}:{first.revision}:{first.key}",
        sign=_WARNING,
        headline=f"{plain(first.service, 80)} {revision} {drops}",
        lines=tuple(lines),
        command=restore_line([key for key in keys if not key.renamed_to]),
        footer=footer,
    )


def _footer(findings: Findings) -> str:
    window = findings.window
    project = ", ".join(plain(name, 60) for name in findings.projects)
    seen = plural(findings.coverage.entries, "entry", "entries")
    return (
        f"{project} · {day_clock(window.start_ns)} to {clock(window.end_ns, Near.day_of(window.start_ns))} UTC · {seen}"
    )

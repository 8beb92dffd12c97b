"""Findings into the messages a person gets: one a tracked incident, root first, symptoms folded in. No I/O.

What is told where, and whether at all, is decided for each channel by its outbox: here is what there is to say now.
"""

from pathlib import Path

from msgspec import Struct

from classifiers.explained import BLAMED
from classifiers.findings import Absence, Cluster, Findings, Incident, Latency
from classifiers.followed import Tracked
from collector.replacing import replace
from collector.window import Window
from logtriage.blind_notices import blind_notices
from logtriage.commands import commands_for
from logtriage.console_links import cluster_links, silent_links
from logtriage.digest_claims import claims_of, incident_name
from logtriage.digest_notices import key_notices
from logtriage.escape import plain
from logtriage.incident_view import Told, tell_incident
from logtriage.lines import Line
from logtriage.lookup import Lookup
from logtriage.message import OVER_SIGN, SIGNS, Link, Message
from logtriage.outbox import facts_of
from logtriage.report_config import CONSOLE
from logtriage.vanished_view import by_deploy, drop_words, present_words
from logtriage.wording import Near, clock, day_clock, plural, short_revision

__all__ = ["Digest", "Message", "build_digest", "footer_of"]

_APART_SHOWN = 3
_DONE_SHOWN = 2
_WORDS = {"new": "new", "ongoing": "ongoing", "regressed": "back", "resolved": "resolved", "muted": "muted"}


class Digest(Struct, frozen=True):
    """What one look has to say, most urgent first."""

    window: Window
    messages: tuple[Message, ...]


def build_digest(findings: Findings, *, console: str = CONSOLE, templates: Path | None = None) -> Digest:
    """One message a tracked incident, then deploys that dropped keys and have no error yet, then what is not seen.

    `console` is where links lead, `templates` a folder whose templates of tickets win.
    """
    lookup, footer = Lookup(findings), footer_of(findings)
    by_number = {one.number: one for one in findings.incidents}
    told = [
        _incident_message(one, by_number.get(one.number or 0), lookup, footer, console)
        for one in sorted(findings.tracked, key=_urgency)
    ]
    tracked = {one.id: one for one in findings.tracked}
    told = [_ticketed(one, findings, tracked[one.incident_id], console, templates) for one in told]
    return Digest(findings.window, (*told, *key_notices(lookup, footer), *blind_notices(lookup, footer)))


def footer_of(findings: Findings) -> str:
    """`acme-stage · 2026-09-14 00:50 to 09-15 00:50 UTC · 41,207 entries`."""
    window = findings.window
    project = ", ".join(plain(name, 60) for name in findings.projects)
    seen = plural(findings.coverage.entries - findings.coverage.own_entries, "entry", "entries")
    return (
        f"{project} · {day_clock(window.start_ns)} to {clock(window.end_ns, Near.day_of(window.start_ns))} UTC · {seen}"
    )


def _urgency(tracked: Tracked) -> tuple[bool, str, int, str]:
    return not tracked.is_open, tracked.priority, tracked.number or 0, tracked.id


def _incident_message(
    tracked: Tracked, incident: Incident | None, lookup: Lookup, footer: str, console: str
) -> Message:
    """What there is to say of an incident; of one that the window does not show any more its state alone."""
    words = tell_incident(incident, lookup) if incident else None
    root = words.root if words else lookup.member(tracked.root)
    is_over = bool(tracked.merged_into) or tracked.state in {"resolved", "muted"}
    is_blamed = root is not None and root.attribution is not None and root.attribution.confidence >= BLAMED
    is_claim = is_blamed or (root is not None and not isinstance(root, Absence) and root.cause != "unknown")
    commands = commands_for(root, lookup) if root is not None and is_blamed else ()
    claims = claims_of(tracked, root, lookup)
    lines = _lines(tracked, incident, words, lookup, is_claim=is_claim)
    command = commands[0].line if commands and not is_over else ""
    title = words.title if words else plain(tracked.title, 300)
    return Message(
        key=f"{tracked.id}:{tracked.state}",
        sign=OVER_SIGN if is_over else SIGNS[tracked.priority],
        headline=f"{tracked.priority} {_state_word(tracked)} · {plain(tracked.service, 80)} · {title}"
        f" {_when(tracked, lookup)}",
        lines=lines,
        command="" if any(line.command == command for line in lines) else command,  # told once
        footer=footer,
        act="open" if words else "change",
        incident_id=tracked.id,
        facts=facts_of(claims),
        state=tracked.state,
        priority=tracked.priority,
        project=tracked.project,
        service=tracked.service,
        finding_id=root.id if root is not None and is_claim else "",
        links=_links(root, lookup, console),
        related=tuple(filter(None, (*tracked.related, tracked.merged_into))),
        is_over=is_over,
        made_at_ns=lookup.findings.now_ns,
        claims=claims,
        onset_ns=tracked.onset_ns,
    )


def _state_word(tracked: Tracked) -> str:
    return "folded" if tracked.merged_into else _WORDS.get(tracked.state, tracked.state)


def _when(tracked: Tracked, lookup: Lookup) -> str:
    """`since 20:33 UTC`, `20:33 to 21:10 UTC`, `since 21:40 UTC, first 20:33`."""
    began = clock(tracked.onset_ns, lookup.near) if tracked.onset_ns else "not known when"
    if tracked.state == "resolved":
        # what failed after its end were stragglers
        return f"{began} to {clock(min(tracked.since_ns, tracked.last_failure_ns), lookup.near)} UTC"
    if tracked.state == "regressed":
        first_ns = min((one.onset_ns for one in tracked.history if one.onset_ns), default=tracked.onset_ns)
        first = f", first {clock(first_ns, lookup.near)}" if first_ns < tracked.since_ns else ""
        return f"since {clock(tracked.since_ns, lookup.near)} UTC{first}"
    return f"since {began} UTC"


def _lines(
    tracked: Tracked, incident: Incident | None, words: Told | None, lookup: Lookup, *, is_claim: bool
) -> tuple[Line, ...]:
    """What it is now, then what the report tells of it, what is apart from it, and how its verdict is settled."""
    now = plain(tracked.statement, 500)
    told = [_lasting(line, incident, tracked) for line in words.lines] if words and incident else []
    lines: list[Line] = []
    if now and (tracked.state not in {"new", "ongoing"} or words is None):
        same = next((line for line in told if line.label == "STATE" and now in line.text), None)
        lines = [Line("NOW", same.text[same.text.index(now) :] if same else now)]
        told = [line for line in told if line is not same]
    lines += told
    lines += [Line("WARN", text) for text in _dropped(incident, lookup)]
    if tracked.is_open and all(line.label != "DONE" for line in lines):
        lines += [Line("DONE", text) for text in _done(tracked)[:_DONE_SHOWN]]
    apart = [one for one in lookup.findings.tracked if one.is_open and one.id != tracked.id]
    if apart and words is not None:
        names = [incident_name(lookup.findings, one.id) for one in sorted(apart, key=_urgency)[:_APART_SHOWN]]
        more = f", {len(apart) - _APART_SHOWN} more" if len(apart) > len(names) else ""
        lines.append(Line("APART", f"not explained by it: {', '.join(names)}{more}"))
    if is_claim and words is not None:
        lines.append(Line("RIGHT?", f"logtriage settle {plain(words.root.id, 100)} right|wrong"))
    return tuple(lines)


def _lasting(line: Line, incident: Incident, tracked: Tracked) -> Line:
    """The number of an incident is that of one report: a message names what the next one knows too."""
    numbered, named = (f"logtriage show {name}" for name in (incident.number, plain(tracked.root, 100)))
    if line.command != numbered:
        return line
    return replace(line, text=f"{line.text.removesuffix(numbered)}{named}", command=named)


def _dropped(incident: Incident | None, lookup: Lookup) -> list[str]:
    """Keys that a deploy dropped and that its failures are tied to: what was warned of before the first of them."""
    if incident is None:
        return []
    members = {incident.root, *incident.symptoms}
    root = lookup.member(incident.root)
    blamed = root.attribution if root else None
    told = {change.name for change in (blamed.change, *blamed.also_changed) if change} if blamed else set()
    tied = [
        key
        for key in lookup.findings.vanished_keys
        if key.errors_since and key.key not in told and members.intersection(key.cluster_ids)
    ]
    return [
        f"{plain(keys[0].service, 80)} {short_revision(keys[0].revision, keys[0].service)} drops {drop_words(keys)} "
        f"({present_words(keys[0])})"
        for keys in by_deploy(tied)
    ]


def _done(tracked: Tracked) -> list[str]:
    """When it counts as mended, and how far that is."""
    return [
        f"when {plain(one.criterion.statement, 200)}"
        + (f"; now {one.attempts:,}/{one.needed:,}" if one.needed is not None and one.verdict == "NOT YET" else "")
        for one in tracked.verifications
        if one.verdict in {"NOT YET", "FAILING"}
    ]


def _links(root: Cluster | Latency | Absence | None, lookup: Lookup, console: str) -> tuple[Link, ...]:
    if root is None:
        return ()
    found = (
        cluster_links(root, console)
        if isinstance(root, Cluster)
        else silent_links(root, lookup.findings.window, console)
    )
    return tuple(Link(one.label, one.url) for one in found)


def _ticketed(message: Message, findings: Findings, tracked: Tracked, console: str, templates: Path | None) -> Message:
    """The message with what an issue tracker shows of it."""
    from logtriage.ticket_view import comment, ticket  # noqa: PLC0415 - config.yaml is read without it

    made = ticket(findings, tracked, console=console, templates=templates)
    below = comment(findings, tracked, templates=templates)
    return replace(message, title=made.title, body=made.body, labels=made.labels, comment=below)

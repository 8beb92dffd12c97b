"""An incident as a ticket: title, body and labels for every tracker, and the comment for each change. No I/O.

The body is Markdown that hosts of code draw (Mermaid between fences, boxes that are ticked), made by issue.md.j2 and
comment.md.j2. What does not fit is left out by whole sections, the least useful first, and the body says which.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from classifiers.findings import Cluster, Findings, Latency
from classifiers.followed import IncidentState, Tracked, Verification
from classifiers.states import State
from collector.replacing import replace
from logtriage.console_links import Link
from logtriage.diagrams.drawings import NO_DRAWINGS, MermaidBlock
from logtriage.escape import heading, md, plain, shorten
from logtriage.incident_view import tell_incident, view_incident
from logtriage.lines import Line
from logtriage.lookup import Lookup
from logtriage.message import Message
from logtriage.report_config import CONSOLE
from logtriage.report_view import ClusterView, EvidenceRow, FindingView, IncidentView, RivalRow, WhyRow
from logtriage.shell import Command, quoted
from logtriage.templating import fill
from logtriage.wording import Near, clock, day_clock, join_words, plural

__all__ = [
    "BODY",
    "TITLE",
    "CommentView",
    "CriterionRow",
    "StateRow",
    "Ticket",
    "TicketView",
    "comment",
    "message_body",
    "reply_text",
    "ticket",
    "ticket_title",
]

TITLE = 256  # characters; GitHub and GitLab take as many
BODY = 64_000  # GitHub takes 65,536: the hidden mark, related issues and what a person wrote below it find room
_NEWS = 2000  # characters, as many again when they are escaped
_STATES_SHOWN = 25
_STATES = {"regressed": "back"}  # what the first line calls them
_MEMBERS_SHOWN = 20
_WORDS: dict[State, str] = {
    "new": "new", "ongoing": "ongoing", "regressed": "regression", "resolved": "resolved", "standing": "standing",
    "muted": "muted",
}  # fmt: skip
_FIGURES = frozenset({"CHANGE", "BAD", "RATE", "SEEN", "HIT"})  # lines that a comment repeats
_SECTIONS = frozenset({"STATE", "PAST", "DO", "DONE"})  # lines that have sections of their own, or stand above them
# Sections in the order in which they go, each with what it is called where it is left out.
_SPARED = (
    ("rivals", "rival explanations"),
    ("pictures", "diagrams of requests and traffic"),
    ("evidence", "evidence"),
    ("sample", "an entry"),
    ("revisions", "counts by revision"),
    ("members", "states of what belongs to it"),
    ("history", "earlier states"),
    ("cascade", "the diagram of what pulls down what"),
    ("whys", "the chain of whys"),
    ("links", "links"),
)


class Ticket(NamedTuple):
    """Plain title, Markdown body and labels, without those of the channel."""

    title: str
    body: str
    labels: tuple[str, ...]


class CriterionRow(Struct, frozen=True):
    """When it counts as mended, and how far that is: a box to tick. `proof` is one of the four words."""

    is_met: bool
    proof: str
    statement: str
    counted: str
    why: str


class StateRow(Struct, frozen=True):
    """A state that an incident or one of its members came into; `what` is empty for the incident itself."""

    at: str
    state: str
    what: str
    statement: str


class TicketView(Struct, frozen=True):
    """The context of issue.md.j2. Texts are plain, times UTC; all but the first four may be empty."""

    priority: str
    state: str
    when: str
    service: str
    project: str
    statement: str
    lines: tuple[Line, ...]
    commands: tuple[Command, ...]
    criteria: tuple[CriterionRow, ...]
    cascade: tuple[MermaidBlock, ...]
    whys: tuple[WhyRow, ...]
    members: tuple[StateRow, ...]
    history: tuple[StateRow, ...]
    evidence: tuple[EvidenceRow, ...]
    head: tuple[str, ...]  # of the table of revisions
    revisions: tuple[tuple[str, ...], ...]
    rivals: tuple[RivalRow, ...]
    pictures: tuple[MermaidBlock, ...]
    sample: tuple[str, ...]
    links: tuple[Link, ...]
    left_out: str
    more: str  # the command that tells all of it


class CommentView(Struct, frozen=True):
    """The context of comment.md.j2, below the news: the figures of now, and how far the end is."""

    lines: tuple[Line, ...]
    criteria: tuple[CriterionRow, ...]
    more: str


def ticket(
    findings: Findings, tracked: Tracked, *, console: str = CONSOLE, templates: Path | None = None, limit: int = BODY
) -> Ticket:
    """The incident as it stands; `console` is where links lead, `templates` a folder whose templates win.

    Raises RenderError when a template is wrong.
    """
    lookup = _dated(findings)
    body = _fitting(_view(tracked, lookup, console), templates, limit)
    root = lookup.member(tracked.root)
    fault = root.fault.replace("_", " ") if isinstance(root, Cluster | Latency) and root.fault != "unknown" else ""
    return Ticket(ticket_title(tracked), body, (tracked.priority, *((f"fault: {fault}",) if fault else ())))


def ticket_title(tracked: Tracked) -> str:
    """`GCP-regression | P1 | shop: 403 on service calls`, at most TITLE characters."""
    owner = plain(tracked.service, 80)
    what = f"{owner}: {plain(tracked.title, TITLE)}" if owner else plain(tracked.title, TITLE)
    return heading(f"GCP-{_WORDS[tracked.state]} | {tracked.priority} | {what}", TITLE)


def comment(findings: Findings, tracked: Tracked, *, templates: Path | None = None) -> str:
    """What a comment tells below the news: what is counted now, and how far the criteria are. It may be empty."""
    lookup = _dated(findings)
    incident = next((one for one in findings.incidents if one.number == tracked.number), None)
    told = tell_incident(incident, lookup) if incident else None
    view = CommentView(
        lines=tuple(line for line in told.lines if line.label in _FIGURES) if told else (),
        criteria=_criteria(tracked),
        more=_more(tracked),
    )
    return shorten(fill("comment.md.j2", view, templates).strip(), BODY - 2 * _NEWS)


def reply_text(message: Message) -> str:
    """A comment: the news, then what stands below it."""
    news = f"**{md(plain(message.news, _NEWS) or message.headline)}**"
    return f"{news}\n\n{message.comment}\n" if message.comment else f"{news}\n"


def message_body(message: Message) -> str:
    """A message that has no body of its own, as one: a warning of a deploy."""
    rows = [f"- {line.label} {md(line.inline)}" if line.label else f"- {md(line.inline)}" for line in message.lines]
    command = ["", "```sh", plain(message.command, 5000).replace("```", "'''"), "```"] if message.command else []
    links = [f"[{md(link.label)}]({link.url})" for link in message.links]
    opened = ["", f"Open: {', '.join(links)}."] if links else []
    return "\n".join(
        [f"**{md(message.headline)}**", "", *rows, *command, *opened, "", f"<sub>{md(message.footer)}</sub>"]
    )


def _dated(findings: Findings) -> Lookup:
    """A ticket is read on other days than that on which it was written: every time bears its date."""
    return Lookup(findings, near=Near("", day_clock(findings.window.end_ns)[:4]))


def _view(tracked: Tracked, lookup: Lookup, console: str) -> TicketView:
    """All sections, before any is left out."""
    near = lookup.near
    shown = _shown(tracked, lookup, console)
    lead = shown.lead if shown else None
    drawn = shown.drawings if shown else NO_DRAWINGS
    head, revisions = _revisions(lead)
    return TicketView(
        priority=tracked.priority,
        state=_STATES.get(tracked.state, tracked.state),
        when=_when(tracked, near),
        service=plain(tracked.service, 80) or "no service",
        project=plain(tracked.project, 80),
        statement=plain(tracked.statement, 600),
        lines=_without_sections(shown.lines) if shown else (),
        commands=lead.commands if lead else (),
        criteria=_criteria(tracked),
        cascade=replace(drawn, sequence=None, lanes=None).blocks,
        whys=lead.whys if lead else (),
        members=_members(tracked, near),
        history=_history(tracked.history, near),
        evidence=lead.evidence if lead else (),
        head=head,
        revisions=revisions,
        rivals=lead.rivals if lead else (),
        pictures=replace(drawn, cascade=None).blocks,
        sample=lead.sample if isinstance(lead, ClusterView) else (),
        links=lead.links if lead else (),
        left_out="",
        more=_more(tracked),
    )


def _shown(tracked: Tracked, lookup: Lookup, console: str) -> IncidentView | None:
    """The incident in these findings; None where the window shows nothing of it any more."""
    found = next((one for one in lookup.findings.incidents if one.number == tracked.number), None)
    return view_incident(found, lookup, is_brief=False, console=console) if found else None


def _without_sections(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines but for those that have a section of their own below; a line without a label belongs to that before."""
    told, is_told = [], True
    for line in lines:
        is_told = line.label not in _SECTIONS if line.label else is_told
        if is_told:
            told.append(line)
    return tuple(told)


def _fitting(view: TicketView, templates: Path | None, limit: int) -> str:
    """The body with as many sections as fit; of a folder's template that is too long without any, the beginning."""
    text = fill("issue.md.j2", view, templates)
    names: list[str] = []
    for field, name in _SPARED:
        if len(text) <= limit:
            return text
        if getattr(view, field):
            names.append(name)
            spared: dict[str, Any] = {field: ()}
            view = replace(view, **spared, left_out=join_words(names, len(_SPARED)))
            text = fill("issue.md.j2", view, templates)
    return shorten(text, limit)


def _when(tracked: Tracked, near: Near) -> str:
    """`since 20:33`, `back since 21:40, first seen 20:33`, `20:33 to 21:10`."""
    began = clock(tracked.onset_ns, near)
    if tracked.state == "resolved":
        return f"{began} to {clock(tracked.last_failure_ns, near)} UTC"
    if tracked.state == "regressed":
        first_ns = min([tracked.onset_ns, *(one.onset_ns for one in tracked.history)])
        first = f", first seen {clock(first_ns, near)}" if first_ns < tracked.since_ns else ""
        return f"since {clock(tracked.since_ns, near)} UTC{first}"
    return f"since {began} UTC"


def _criteria(tracked: Tracked) -> tuple[CriterionRow, ...]:
    return tuple(
        CriterionRow(
            is_met=one.verdict == "VERIFIED",
            proof=one.verdict,
            statement=plain(one.criterion.statement, 300),
            counted=_counted(one),
            why=plain(one.why, 400),
        )
        for one in tracked.verifications
    )


def _counted(one: Verification) -> str:
    """`12 of 30 attempts since 00643-abc took traffic, 0 failed`; where nobody tried, the why says all."""
    if not one.attempts:
        return ""
    is_short = one.needed is not None and one.attempts < one.needed and one.verdict != "FAILING"
    many = f"{one.attempts:,} of {one.needed:,} attempts" if is_short else plural(one.attempts, "attempt")
    since = f" since {plain(one.since, 120)}" if one.since else ""
    late = f"; {plural(one.stragglers, 'straggler')} on older revisions" if one.stragglers else ""
    return f"{many}{since}, {one.failures:,} failed{late}"


def _members(tracked: Tracked, near: Near) -> tuple[StateRow, ...]:
    """What belongs to it, where that is more than its root; why, where its state is another."""
    members = tracked.members
    if len(members) < 2:  # noqa: PLR2004 - one member is the incident itself
        return ()
    rows = [
        StateRow(
            clock(one.since_ns, near),
            one.state,
            f"{plain(one.service, 80)}: {plain(one.title, 160)}",
            plain(one.statement, 300) if one.state != tracked.state else "",
        )
        for one in members[:_MEMBERS_SHOWN]
    ]
    left = len(members) - len(rows)
    return (*rows, StateRow("", "", f"{left} more", "")) if left else tuple(rows)


def _history(history: Sequence[IncidentState], near: Near) -> tuple[StateRow, ...]:
    """The states that it came into, oldest first, each with its last word; of very many the last ones.

    Of one alone none: it stands above.
    """
    runs = [list(run)[-1] for _, run in groupby(history, key=lambda one: (one.priority, one.state))]
    if len(runs) < 2:  # noqa: PLR2004 - as above
        return ()
    rows = [
        StateRow(clock(one.at_ns, near), f"{one.priority} {one.state}", "", plain(one.statement, 300))
        for one in runs[-_STATES_SHOWN:]
    ]
    left = len(runs) - len(rows)
    return (StateRow("", "", "", f"{plural(left, 'earlier state')}"), *rows) if left else tuple(rows)


def _revisions(lead: ClusterView | FindingView | None) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Head and rows of the table of revisions."""
    if isinstance(lead, ClusterView) and lead.revisions:
        rows = tuple((one.revision, one.failures, one.first, one.last) for one in lead.revisions)
        return ("revision", "failed/exposed", "first", "last"), rows
    return (lead.head, lead.revisions) if isinstance(lead, FindingView) else ((), ())


def _more(tracked: Tracked) -> str:
    """By the id of its root: numbers are those of one window."""
    return f"logtriage show {quoted(tracked.root, 100)}" if tracked.number is not None else ""

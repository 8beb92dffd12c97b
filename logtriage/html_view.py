"""The report as one page of HTML: the view that all formats share, with what only a page can show beside it. No I/O.

The page carries its style and its script inside, names both by their hashes in its policy, and loads nothing.
"""

import base64
import hashlib

from msgspec import Struct

from classifiers.findings import Findings, Incident
from logtriage.blind_view import blind_now
from logtriage.console_links import Link
from logtriage.diagrams.drawings import Picture
from logtriage.html_answers import Answer, answers_of
from logtriage.html_figures import figures_of
from logtriage.lookup import Lookup
from logtriage.plot_rates import Figure
from logtriage.report import build_report
from logtriage.report_config import ReportConfig
from logtriage.report_view import IncidentView, OtherRow, ReportView, WhyRow
from logtriage.shell import Command

__all__ = ["HtmlIncident", "HtmlSection", "HtmlView", "build_html", "policy_of"]

_ALL = 100  # incidents told in full: a page has room, and what is brief is folded
_STANDING = 200
_SHOW = "logtriage show "
_FIRST = 2  # steps that are seen before the others are unfolded
_ROWS = 12  # of a list that are seen before the others are unfolded
_FIGURES = 20  # incidents with drawings: a page of hundreds would be too heavy to open


class HtmlIncident(Struct, frozen=True):
    """One incident of the page: its view, the answers of the first screen, the others, and its drawings."""

    view: IncidentView
    is_brief: bool
    is_over: bool
    answers: tuple[Answer, ...]
    more: tuple[Answer, ...]
    step: str  # what to do first, where no command does it
    commands: tuple[Command, ...]
    further: tuple[Command, ...]  # steps after those
    links: tuple[Link, ...]
    whys: tuple[WhyRow, ...]
    figures: tuple[Figure, ...]
    sequences: tuple[Picture, ...]  # requests as they were and as they are, beside each other
    pictures: tuple[Picture, ...]


class HtmlSection(Struct, frozen=True):
    """Rows about something beside the incidents, under a heading."""

    ident: str
    title: str
    rows: tuple[OtherRow, ...]
    folded: tuple[OtherRow, ...] = ()


class HtmlView(Struct, frozen=True):
    """The context of report.html.j2: `report` is what every format tells, the rest is of the page.

    tone: bad, good or unknown; lead and rest: the verdict in two parts; policy: of the page, with the hashes of `style`
    and `script`; also: what else is told beside the incidents; calm: what is old, muted or better.
    """

    report: ReportView
    tone: str
    lead: str
    rest: str
    incidents: tuple[HtmlIncident, ...]
    also: tuple[HtmlSection, ...]
    calm: tuple[HtmlSection, ...]
    policy: str
    style: str
    script: str


def build_html(findings: Findings, config: ReportConfig, *, style: str, script: str, recall: str = "") -> HtmlView:
    """The view of a page; style and script are the texts that it holds, `recall` as build_report takes it."""
    whole = config.model_copy(update={"full_incidents": _ALL, "standing_shown": max(config.standing_shown, _STANDING)})
    report = build_report(findings, whole, recall=recall)
    lookup = Lookup(findings)
    by_number = {incident.number: incident for incident in findings.incidents}
    lead, _, rest = report.verdict.partition(": ")
    return HtmlView(
        report=report,
        tone=_tone(report, findings),
        lead=lead,
        rest=rest,
        incidents=tuple(
            _incident(view, by_number[view.number], lookup, at, is_brief=at >= config.full_incidents)
            for at, view in enumerate(report.incidents)
        ),
        also=_sections(
            ("blind", "When logtriage did not see", report.blindness),
            ("absent", "Events that stay away", report.absent),
            ("slower", "What became slower", report.slower),
            ("keys", "Keys that vanished", report.warnings),
            ("drift", "Keys on which services disagree", report.drifts),
            ("tests", "Test runs", report.tests),
        ),
        calm=_sections(
            ("standing", "Old failures, on all revisions", report.standing),
            ("better", "What got better", report.better),
            ("waiting", "Not seen any more, and not proven over", report.waiting),
            ("muted", "Muted", report.muted),
        ),
        policy=policy_of(style, script),
        style=style,
        script=script,
    )


def policy_of(style: str, script: str) -> str:
    """A Content-Security-Policy under which nothing is loaded, and nothing runs but this style and this script."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    style_hash, script_hash = (f"'sha256-{one}'" for one in hashes)
    return (
        f"default-src 'none'; style-src {style_hash}; script-src {script_hash}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


def _tone(report: ReportView, findings: Findings) -> str:
    if report.is_wrong:
        return "bad"
    seen = findings.coverage
    is_seen = (seen.entries or seen.spans) and not seen.unsigned and not blind_now(findings)
    is_seen = is_seen and not (seen.is_cut and findings.standing)
    return "good" if is_seen else "unknown"


def _incident(view: IncidentView, incident: Incident, lookup: Lookup, at: int, *, is_brief: bool) -> HtmlIncident:
    pictures = view.drawings.pictures if at < _FIGURES else ()
    answers = answers_of([line for line in view.lines if line.label != "DO"])
    step, commands = _steps(view)
    return HtmlIncident(
        view=view,
        is_brief=is_brief,
        is_over=not incident.is_ongoing,
        answers=tuple(one for one in answers if one.is_first),
        more=tuple(one for one in answers if not one.is_first),
        step=step,
        commands=commands[:_FIRST],
        further=commands[_FIRST:],
        links=view.lead.links if view.lead else (),
        whys=view.lead.whys if view.lead else (),
        figures=figures_of(incident, lookup) if at < _FIGURES else (),
        sequences=tuple(one for one in pictures if one.kind == "sequence"),
        pictures=tuple(one for one in pictures if one.kind != "sequence"),
    )


def _steps(view: IncidentView) -> tuple[str, tuple[Command, ...]]:
    """What to do first in words, where no command does it; then the commands, that of the first screen among them."""
    first = next((line for line in view.lines if line.label == "DO"), None)
    commands = view.lead.commands if view.lead else ()
    if first is None or not first.command:
        return first.text if first else "", commands
    if any(one.line == first.command for one in commands) or (commands and first.command.startswith(_SHOW)):
        return "", commands  # the page shows what that command would
    return "", (Command(first.lead.rstrip(":"), first.command), *commands)


def _sections(*told: tuple[str, str, tuple[OtherRow, ...]]) -> tuple[HtmlSection, ...]:
    """Those that have rows; of a long list the first ones are seen, the others unfold."""
    return tuple(HtmlSection(ident, title, rows[:_ROWS], rows[_ROWS:]) for ident, title, rows in told if rows)

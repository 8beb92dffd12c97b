"""The views drawn for a terminal: eighty columns, colour only where it carries meaning. No I/O but through rich."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.style import Style
from rich.text import Text

from logtriage.console_links import Link
from logtriage.diagrams.drawings import change_lines
from logtriage.diagrams.sequence_view import ChangeRow
from logtriage.escape import shorten
from logtriage.lines import Line
from logtriage.report_view import ClusterView, EvidenceRow, IncidentView, OtherRow, ReportView, RivalRow, WhyRow
from logtriage.shell import Command
from logtriage.show_view import NOT_EXAMINED, ExaminedView

__all__ = ["WIDTH", "Page", "draw_cluster", "draw_report", "draw_table", "text_of"]

WIDTH = 80
_INDENT = 9  # where texts begin: a space, a label of six letters, two spaces
_STYLES = {"P0": "bold red", "P1": "red", "P2": "yellow", "P3": "default"}
_HEADLINE = 100  # characters of a title: two lines
_OTHERS_SHOWN = 10
_SILENT_SHOWN = 16  # a finding has several rows


def draw_report(view: ReportView, width: int = WIDTH) -> Text:
    """The first screen and what follows it."""
    page = Page(width)
    page.row(f"{view.project}  {view.window}   {view.complete}")
    page.pair(view.verdict, view.ledger, "bold red" if view.is_wrong else "bold")
    for incident in view.incidents:
        page.gap()
        _draw_incident(page, incident)
    page.gap()
    page.others("ABSENT", view.absent, most=_SILENT_SHOWN)
    page.others("SLOWER", view.slower, most=_SILENT_SHOWN)
    page.others("WARN", view.warnings, "yellow")
    page.others("DRIFT", view.drifts)
    page.others("TESTS", view.tests)
    page.others("OLD", view.standing, "dim")
    page.others("BETTER", view.better, "green")
    page.others("WAITS", view.waiting)
    page.others("MUTED", view.muted, "dim")
    page.gap()
    page.line(Line("SEEN", view.counts))
    page.others("DEAD", view.dead)
    page.others("BLIND", view.blindness, "bold yellow", most=_SILENT_SHOWN)
    if view.blind or not view.blindness:
        page.line(Line("" if view.blindness else "BLIND", "; ".join(view.blind) or "nothing known"))
    for number, text in enumerate(view.record):
        page.line(Line("" if number else "RECORD", text))
    if view.settle:
        page.line(Line("", view.settle, view.settle))
    for number, text in enumerate(view.rules):
        page.line(Line("" if number else "RULES", text), "yellow")
    if view.more:
        page.line(Line("MORE", view.more, view.more))
    return page.text


def draw_cluster(
    view: ClusterView, examined: ExaminedView = NOT_EXAMINED, changes: Sequence[ChangeRow] = (), width: int = WIDTH
) -> Text:
    """One cluster with all its evidence, what it is made of and what is near; first what somebody in a hurry needs."""
    page = Page(width)
    page.row(view.heading, _STYLES[view.heading[:2]])
    page.row(f"{view.id}: {view.role}")
    page.row(view.counts)
    page.gap()
    page.lines(view.lines)
    page.commands(view.commands)
    page.whys(view.whys)
    page.links(view.links)
    _draw_trend(page, examined)
    page.heading("ONE OF ITS ENTRIES")
    for line in view.sample:
        page.row(line, indent=2)
    _draw_entries(page, view, examined)
    page.evidence("EVIDENCE", view.evidence)
    page.changes(changes)
    if view.revisions:
        page.heading("FAILURES BY REVISION")
        rows = [(row.revision, row.failures, row.first, row.last) for row in view.revisions]
        page.append(draw_table(("revision", "failed/exposed", "first", "last"), rows))
    page.rivals(view.rivals)
    if examined.spans:
        page.heading("SPANS THAT FAILED WITH IT")
    for head, text in examined.spans:
        page.row(head, "dim", indent=2, hang=4)
        page.row(text, indent=4)
    _draw_signatures(page, examined)
    if examined.neighbours:
        page.heading("NEAR, AND NOT IN IT")
    for head, text in examined.neighbours:
        page.row(head, indent=2, hang=4)
        page.row(text, "dim", indent=4)
    return page.text


def draw_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Text:
    """Columns as wide as their widest cell, two spaces apart; cells must be plain."""
    every = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(Text(row[at]).cell_len for row in every) for at in range(len(head))]
    table = Text()
    for number, row in enumerate(every):
        cells = [cell + " " * (widths[at] - Text(cell).cell_len) for at, cell in enumerate(row)]
        table.append("  ".join(cells).rstrip() + "\n", style="bold" if number == 0 else "")
    return table


def text_of(drawn: Text) -> str:
    """The text without colour, as files and pipes get it; no spaces at line ends, one newline at the end."""
    return "\n".join(line.rstrip() for line in drawn.plain.rstrip("\n").split("\n")) + "\n"


class Page:
    """A growing text that breaks its lines by itself."""

    def __init__(self, width: int) -> None:
        self.text = Text()
        self._width = width
        self._console = Console(width=width, color_system=None)

    def append(self, text: Text) -> None:
        """The text as it is."""
        self.text.append_text(text)

    def gap(self) -> None:
        """One empty line, never two."""
        if self.text.plain and not self.text.plain.endswith("\n\n"):
            self.text.append("\n")

    def row(self, text: str, style: str = "", *, indent: int = 0, hang: int | None = None) -> None:
        """A text from `indent` on; what does not fit goes on below, from `hang` on."""
        below = indent if hang is None else hang
        # The first line is wrapped with a filler as wide as its indentation differs from that of the others.
        filler = " " * (indent - below) if indent > below else ""
        wrapped = Text(filler + text).wrap(self._console, max(self._width - below, 20), overflow="fold")
        for number, part in enumerate(wrapped):
            pad = below if number or filler else indent
            self.text.append(" " * pad)
            self.text.append(part.plain.rstrip(), style=style)
            self.text.append("\n")

    def pair(self, left: str, right: str, style: str) -> None:
        """Both on one line, the right one at its end, or below each other where they do not fit."""
        space = self._width - Text(left).cell_len - Text(right).cell_len
        if space < 2:  # noqa: PLR2004 - two texts need two spaces between them
            self.row(left, style)
            self.row(right)
            return
        self.text.append(left, style=style)
        self.text.append(" " * min(space, 5) + right + "\n")

    def line(self, line: Line, style: str = "") -> None:
        """A label and its text, broken below itself."""
        for number, part in enumerate(self._parts(line)):
            is_first = number == 0
            self.text.append(f" {line.label:<7} " if is_first else " " * _INDENT, style="bold" if is_first else "")
            self.text.append(part, style=style)
            self.text.append("\n")

    def _parts(self, line: Line) -> list[str]:
        """The text in lines; a command stays whole, on a line of its own where it does not fit behind the text."""
        width = self._width - _INDENT
        if line.command and not line.lead:
            return [line.command]
        parts = self._folded(line.lead, width)
        if not line.command:
            return parts
        last = f"{parts[-1]} {line.command}"
        return [*parts[:-1], last] if Text(last).cell_len <= width else [*parts, line.command]

    def _folded(self, text: str, width: int) -> list[str]:
        """Lines of at most `width` cells; columns, which three spaces part, stay whole where they can."""
        lines: list[str] = []
        for column in text.split("   "):
            joined = f"{lines[-1]}   {column}" if lines else column
            if Text(joined).cell_len <= width:
                lines[-1:] = [joined]
            else:
                wrapped = Text(column).wrap(self._console, width, overflow="fold")
                lines += [part.plain.rstrip() for part in wrapped]
        return lines

    def lines(self, lines: Iterable[Line]) -> None:
        """Labels and their texts."""
        for line in lines:
            self.line(line)

    def others(self, label: str, rows: Sequence[OtherRow], style: str = "", *, most: int = _OTHERS_SHOWN) -> None:
        """Rows under one label; beyond `most` they are counted."""
        shown = [f"{row.title}: {row.note}" for row in rows[:most]]
        if len(rows) > most:
            shown.append(f"{len(rows) - most:,} more: --format markdown lists them")
        for number, text in enumerate(shown):
            self.line(Line(label if number == 0 else "", text), style)

    def heading(self, text: str) -> None:
        """A line in bold after an empty one."""
        self.gap()
        self.row(text, "bold")

    def commands(self, commands: Sequence[Command]) -> None:
        """What to do first, to be copied."""
        if commands:
            self.heading("DO FIRST")
        for command in commands:
            self.row(command.why, indent=2)
            self.append(Text(f"    {command.line}\n"))  # never broken: it is there to be copied

    def links(self, links: Sequence[Link]) -> None:
        """Addresses in full, to be clicked where the terminal can do that."""
        if links:
            self.heading("OPEN")
        for link in links:
            self.append(Text.assemble(f"  {link.label:<10} ", (link.url, Style(link=link.url)), "\n"))

    def whys(self, rows: Sequence[WhyRow]) -> None:
        """Numbered answers, each with how it is known; below it where to look it up."""
        if rows:
            self.heading("WHY")
        for number, row in enumerate(rows, 1):
            head = f"{number}. "
            self.row(f"{head}{row.statement} [{row.kind}]", indent=2, hang=2 + len(head))
            if row.refs:
                self.row(f"[{row.refs}]", "dim", indent=2 + len(head))
            if row.refuted:
                self.row(f"refuted by {row.refuted}", "dim", indent=2 + len(head))

    def evidence(self, title: str, evidence: Sequence[EvidenceRow]) -> None:
        """Facts below a heading."""
        if evidence:
            self.heading(title)
        self._facts(evidence)

    def changes(self, changes: Sequence[ChangeRow]) -> None:
        """What became of steps inside traces, each with its counts on both sides."""
        if changes:
            self.heading("STEPS OF ITS TRACES, BEFORE AND SINCE")
        for course, step, counts in change_lines(changes):
            self.row(f"{course:<8} {step}".strip(), indent=2, hang=4)
            self.row(counts, "dim", indent=4)

    def rivals(self, rivals: Sequence[RivalRow]) -> None:
        """Each explanation below a heading of its own, with its facts."""
        for rival in rivals:
            self.heading(f"EXPLANATION: {rival.cause}, {rival.sure}")
            self.row(rival.statement, indent=2)
            self._facts(rival.evidence)

    def _facts(self, evidence: Sequence[EvidenceRow]) -> None:
        for fact in evidence:
            self.row(f"{fact.kind}: {fact.statement}", indent=2, hang=4)
            if fact.refs:
                self.row(f"[{fact.refs}]", "dim", indent=4)


def _draw_incident(page: Page, incident: IncidentView) -> None:
    head = f"{incident.priority} #{incident.number} "
    full = f"{head}{incident.service}: {shorten(incident.title, _HEADLINE)}   {incident.when}"
    page.row(full, _STYLES[incident.priority], hang=len(head))
    page.lines(incident.lines)


def _draw_trend(page: Page, examined: ExaminedView) -> None:
    if examined.trends:
        page.heading("TREND")
    for head, *columns in examined.trends:
        page.row(head, indent=2)
        for line in columns:
            page.append(Text(f"  {line}\n"))  # columns stand below each other


def _draw_entries(page: Page, view: ClusterView, examined: ExaminedView) -> None:
    if examined.entries:
        page.heading(examined.entries_title)
    for head, text in examined.entries:
        page.row(head, "dim", indent=2)
        page.row(text, indent=4)
    if examined.entries_left:
        page.row(examined.entries_left, indent=2)
    if view.traces:
        page.row(f"traces {view.traces}", indent=2, hang=4)


def _draw_signatures(page: Page, examined: ExaminedView) -> None:
    """Why these entries are one failure: each signature, why it is in, and what of it counted."""
    if examined.signatures:
        page.heading("WHY TOGETHER")
    for one in examined.signatures:
        page.row(one.heading, indent=2, hang=4)
        page.row(one.why, indent=4)
        page.row(f"counts: {one.counted}", indent=4, hang=6)
        if one.told:
            page.row(f"told only: {one.told}", "dim", indent=4, hang=6)
        if one.template:
            page.row(one.template, indent=4, hang=6)
    for text in examined.rules:
        page.row(text, indent=2, hang=4)

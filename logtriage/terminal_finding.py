"""A finding without entries drawn for a terminal. No I/O."""

from rich.text import Text

from logtriage.finding_view import FindingView
from logtriage.terminal import WIDTH, Page, draw_table

__all__ = ["draw_finding"]


def draw_finding(view: FindingView, width: int = WIDTH) -> Text:
    """First what somebody in a hurry needs, then commands, evidence, figures by revision and explanations."""
    page = Page(width)
    page.row(view.heading, "bold")
    page.row(view.counts)
    page.gap()
    page.lines(view.lines)
    page.commands(view.commands)
    page.whys(view.whys)
    page.links(view.links)
    page.evidence("EVIDENCE", view.evidence)
    page.changes(view.drawings.changes)
    if view.revisions:
        page.heading("BY REVISION")
        page.append(draw_table(view.head, view.revisions))
    page.rivals(view.rivals)
    if view.traces:
        page.heading("TRACES")
        page.row(view.traces, indent=2)
    return page.text

"""The page of `logtriage revisions` drawn for a terminal."""

from rich.text import Text

from logtriage.ledger_view import LedgerRow, LedgerView
from logtriage.terminal import WIDTH, Page

__all__ = ["draw_ledger"]

_STYLES = {"FAILED": "bold red", "ABORTED": "bold red", "DOUBLED": "yellow", "ROLL-BACK": "bold yellow", "change": ""}
_INDENT = 5  # of what is told below a row


def draw_ledger(view: LedgerView, width: int = WIDTH) -> Text:
    """Each service with its rows by time, then changes that concern no service alone."""
    page = Page(width)
    if view.services:
        page.row(view.title)
    for one in view.services:
        page.heading(one.heading)
        page.row(one.counts, "dim", indent=2)
        for row in one.rows:
            _draw_row(page, row, width)
    if view.changes:
        page.heading("CHANGES OF NO SERVICE ALONE")
    for row in view.changes:
        _draw_row(page, row, width)
    if view.notes and (view.services or view.changes):
        page.gap()
    for text in view.notes:
        page.row(text)
    return page.text


def _packed(text: str, width: int) -> list[str]:
    """Lines that break where three spaces part the text, so that no mark is torn from its name."""
    rows: list[str] = []
    for part in text.split("   "):
        if rows and len(rows[-1]) + len(part) + 3 <= width:
            rows[-1] += f"   {part}"
        else:
            rows.append(part)
    return rows


def _draw_row(page: Page, row: LedgerRow, width: int) -> None:
    mark = f"{row.mark}  " if row.mark else ""
    style = _STYLES.get(row.mark, "bold")
    for number, part in enumerate(_packed(f"{row.at}  {mark}{row.text}", width - _INDENT)):
        page.row(part, style, indent=_INDENT if number else 0, hang=_INDENT)
    for text in row.details:
        for number, part in enumerate(_packed(text, width - _INDENT - 2)):
            page.row(part, indent=_INDENT + (2 if number else 0), hang=_INDENT + 2)
    if row.link:
        page.append(Text(f"{' ' * _INDENT}{row.link}\n", style="green"))  # never broken: it is there to be opened

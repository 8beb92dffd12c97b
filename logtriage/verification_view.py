"""The page of `logtriage verify`: verdict, statement, how many of how many, about when, why. No I/O but by rich."""

from msgspec import Struct
from rich.text import Text

from classifiers.findings import Findings
from classifiers.followed import Proof, Verification
from logtriage.done_words import about_words, counted_words
from logtriage.escape import plain
from logtriage.terminal import WIDTH, Page
from logtriage.verification_json import VERDICTS
from logtriage.wording import day_clock, plural

__all__ = ["VerifyRow", "VerifyView", "draw_verify", "view_verify"]

_STYLES: dict[Proof, str] = {
    "VERIFIED": "green", "FAILING": "bold red", "NOT YET": "yellow", "NOT TESTABLE": "dim"
}  # fmt: skip
_STATEMENT, _WHY = 300, 600


class VerifyRow(Struct, frozen=True):
    """One criterion: its verdict, what it is of, what must hold, what was counted, when it may hold, and why."""

    verdict: Proof
    service: str
    statement: str
    counted: str  # `0 of 30`
    about: str  # `about 2.4 h at today's traffic`
    since: str
    why: str
    sure: str
    test: str


class VerifyView(Struct, frozen=True):
    """Criteria, those that fail first, and their sums."""

    title: str
    about: str
    rows: tuple[VerifyRow, ...]
    summary: str


def view_verify(verifications: tuple[Verification, ...], findings: Findings) -> VerifyView:
    """The page of these criteria."""
    ordered = sorted(verifications, key=lambda one: VERDICTS.index(one.verdict))
    counts = {verdict: sum(one.verdict == verdict for one in verifications) for verdict in VERDICTS}
    told = ", ".join(f"{many:,} {verdict}" for verdict, many in counts.items() if many)
    window = findings.window
    return VerifyView(
        title=f"{plural(len(verifications), 'criterion', 'criteria')}: {told}" if verifications else "no criteria",
        about=f"{day_clock(window.start_ns)} -> {day_clock(window.end_ns)} UTC, attempts of the failing call counted",
        rows=tuple(_row(one) for one in ordered),
        summary=told or "nothing failed in this window, nothing waits and nothing is declared",
    )


def draw_verify(view: VerifyView, width: int = WIDTH) -> Text:
    """The view for a terminal: verdict and statement, then how many of how many, about when, and why."""
    page = Page(width)
    page.row(view.title, "bold", hang=2)
    page.row(view.about, "dim", hang=2)
    for row in view.rows:
        page.gap()
        head = f"{row.verdict:<12} "
        page.row(f"{head}{row.service}: {row.statement}", _STYLES[row.verdict], hang=len(head))
        page.row("   ".join(filter(None, (row.counted, row.about, row.sure))), indent=len(head), hang=len(head) + 2)
        page.row(row.why, indent=len(head), hang=len(head))
    if not view.rows:
        page.row(view.summary)
    return page.text


def _row(one: Verification) -> VerifyRow:
    sure = "" if one.sure is None or one.verdict == "FAILING" else f"{one.sure:.0%} sure that it is mended"
    return VerifyRow(
        verdict=one.verdict,
        service=plain(one.criterion.service, 80) or "no service",
        statement=plain(one.criterion.statement, _STATEMENT),
        counted=counted_words(one).replace("/", " of ")
        + (" needed" if one.needed is not None and not one.failures else ""),
        about=about_words(one),
        since=f"{plain(one.since, 120)} ({day_clock(one.since_ns)})",
        why=plain(one.why, _WHY),
        sure=sure.replace("%", " %"),
        test=one.criterion.test,
    )

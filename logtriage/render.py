"""Views into text: terminal, Markdown, HTML and JSON."""

from pathlib import Path

from rich.text import Text

from classifiers.findings import Findings
from logtriage.report import build_report
from logtriage.report_config import ReportConfig
from logtriage.templating import fill, source_of
from logtriage.terminal import draw_report, text_of

__all__ = ["DRAWN", "FORMATS", "form_of", "plain_report", "render"]

FORMATS = ("terminal", "markdown", "html", "json")
DRAWN = ("markdown", "html", "json")  # formats that want what diagrams are made of
_ENDS = {".html": "html", ".htm": "html", ".md": "markdown", ".json": "json"}


def render(findings: Findings, config: ReportConfig, *, form: str, recall: str = "") -> Text | str:
    """The report in one of FORMATS; terminal gives a Text with colours, the others their text."""
    if form == "json":
        from logtriage.export import findings_bytes  # noqa: PLC0415 - keeps the other formats quick

        return findings_bytes(findings, config.console_url).decode()
    if form == "html":
        return _page(findings, config, recall)
    view = build_report(findings, config, recall=recall)
    if form == "markdown":
        return fill("report.md.j2", view, config.templates)
    return draw_report(view)


def plain_report(findings: Findings, config: ReportConfig, *, form: str, recall: str = "") -> str:
    """The report as it is written to a file or a pipe."""
    drawn = render(findings, config, form=form, recall=recall)
    return text_of(drawn) if isinstance(drawn, Text) else drawn


def form_of(output: Path | None) -> str:
    """The format that the name of a file asks for; terminal where it asks for none."""
    return _ENDS.get(output.suffix.lower(), "terminal") if output is not None else "terminal"


def _page(findings: Findings, config: ReportConfig, recall: str) -> str:
    from logtriage.diagrams.svg import DIAGRAM_CSS  # noqa: PLC0415 - keeps the other formats quick
    from logtriage.html_view import build_html  # noqa: PLC0415 - as above

    style, script = (source_of(name, config.templates) for name in ("_report.css", "_report.js"))
    style += DIAGRAM_CSS
    return fill(
        "report.html.j2", build_html(findings, config, style=style, script=script, recall=recall), config.templates
    )

"""Views into text: terminal, Markdown and JSON. Filters and the Jinja environment live here."""

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

from rich.text import Text

from classifiers.findings import Findings
from collector.datafiles import data_folder
from logtriage.diff_view import DiffView
from logtriage.errors import RenderError
from logtriage.escape import block, code, md
from logtriage.finding_view import FindingView
from logtriage.ledger_view import LedgerView
from logtriage.regroup_view import RegroupView
from logtriage.report import ReportConfig, build_report
from logtriage.report_view import ReportView
from logtriage.show_view import ShowView
from logtriage.terminal import draw_report, text_of
from logtriage.wording import count

if TYPE_CHECKING:
    import jinja2

__all__ = ["FORMATS", "TEMPLATES", "plain_report", "render", "render_markdown", "template_environment"]

FORMATS = ("terminal", "markdown", "json")
# Each template with the class of its context; a test compares their fields with the variables used.
TEMPLATES: dict[str, type] = {
    "diff.md.j2": DiffView,
    "finding.md.j2": FindingView,
    "report.md.j2": ReportView,
    "regroup.md.j2": RegroupView,
    "revisions.md.j2": LedgerView,
    "show.md.j2": ShowView,
}


def render(findings: Findings, config: ReportConfig, *, form: str, recall: str = "") -> Text | str:
    """The report in one of FORMATS; terminal gives a Text with colours, the others their text."""
    if form == "json":
        from logtriage.export import findings_bytes  # noqa: PLC0415 - keeps the other formats quick

        return findings_bytes(findings, config.console_url).decode()
    view = build_report(findings, config, recall=recall)
    if form == "markdown":
        return render_markdown("report.md.j2", view)
    return draw_report(view)


def plain_report(findings: Findings, config: ReportConfig, *, form: str, recall: str = "") -> str:
    """The report as it is written to a file or a pipe."""
    drawn = render(findings, config, form=form, recall=recall)
    return text_of(drawn) if isinstance(drawn, Text) else drawn


def render_markdown(name: str, context: Any) -> str:
    """A template of templates/ over its context, a dataclass. RenderError when a template is wrong."""
    import jinja2  # noqa: PLC0415 - as above

    values = {field.name: getattr(context, field.name) for field in fields(context)}
    try:
        return template_environment().get_template(name).render(values)
    except jinja2.TemplateError as error:
        raise RenderError(f"templates/{name}: {error}. Reinstall logtriage, or mend the template.") from error


@cache
def template_environment() -> "jinja2.Environment":
    """Jinja over templates/, strict: a variable that the context lacks is an error. HTML is escaped by itself."""
    import jinja2  # noqa: PLC0415 - keeps the other formats quick

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(data_folder(__file__, "templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(("html", "html.j2"), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update({"block": block, "code": code, "md": md, "count": count})
    return environment

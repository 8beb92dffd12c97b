"""The report of a window."""

from pathlib import Path

from logtriage import pipeline
from logtriage.acts.asked import analyse_window, recall_of
from logtriage.config import load_config
from logtriage.output import check_writable, show, write_file
from logtriage.render import DRAWN, form_of, plain_report, render
from logtriage.report import only_service

__all__ = ["act_report"]


def act_report(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, since: str | None, until: str | None, service: str | None,
    form: str | None, output: Path | None,
) -> None:  # fmt: skip
    """The report of a window, on stdout or in a file, whose name tells the format where none is given."""
    form = form or form_of(output)
    loaded = load_config(config, db=db)
    if output is not None:
        check_writable(output)
    findings = analyse_window(loaded, since, until, loaded.report.window_hours)
    if service is not None:
        findings = only_service(findings, service)
    if form in DRAWN:
        findings = pipeline.drawn(loaded, findings)
    recall = recall_of(since=since, until=until, db=db, config=config)
    if output is None:
        show(render(findings, loaded.report, form=form, recall=recall))
    else:
        write_file(output, plain_report(findings, loaded.report, form=form, recall=recall))

"""The job `report`: the report of now as files, for people who open a page instead of asking."""

import time

from collector.stopping import check_stop
from collector.window import NS_PER_S, Window
from logtriage import pipeline
from logtriage.config import Config
from logtriage.errors import RenderError
from logtriage.jobs import Done
from logtriage.output import write_file
from logtriage.render import plain_report

__all__ = ["FILES", "write_reports"]

FILES = {"report.html": "html", "report.md": "markdown", "report.json": "json"}


def write_reports(config: Config) -> Done:
    """Writes each of FILES into `report.files`, whole or not at all; nothing where no folder is named.

    RenderError where the folder cannot be made or written.
    """
    folder = config.report.files
    if folder is None:
        return Done()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RenderError(
            f"report.files is `{folder}`, which cannot be made: {error.strerror}. Name another folder."
        ) from error
    now_ns = time.time_ns()
    window = Window(now_ns - round(config.report.window_hours * 3600 * NS_PER_S), now_ns)
    findings = pipeline.drawn(config, pipeline.analyse(config, window=window, now_ns=now_ns))
    for name, form in FILES.items():
        check_stop()
        write_file(folder / name, plain_report(findings, config.report, form=form))
    return Done(f"wrote {', '.join(FILES)} to {folder}", figures={"files": len(FILES)})

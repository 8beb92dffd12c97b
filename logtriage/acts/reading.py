"""Commands that only read, but for report and show, which begin with less: revisions, diff, check."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from collector.window import parse_instant_ns
from logtriage import pipeline
from logtriage.acts.asked import page_width
from logtriage.analysis_file import read_analysis
from logtriage.check_view import check_json, draw_check, view_check
from logtriage.checking import check
from logtriage.config import load_config
from logtriage.diff_view import comparison_json, draw_diff, view_diff
from logtriage.export import json_bytes
from logtriage.fail_on import judge_conditions, read_conditions
from logtriage.ledger_json import ledger_bytes
from logtriage.ledger_rows import only
from logtriage.ledger_view import view_ledger
from logtriage.output import show
from logtriage.templating import fill
from logtriage.terminal_ledger import draw_ledger

__all__ = ["act_check", "act_diff", "act_revisions"]


def act_revisions(
    config: Path | None, db: Path | None, *, service: str | None, since: str | None, form: str
) -> None:  # fmt: skip
    """The change ledger of one service or of all."""
    since_ns = None if since is None else parse_instant_ns(since, name="--since", now_ns=time.time_ns())
    loaded = load_config(config, db=db)
    rows = only(pipeline.ledger(loaded), service=service, since_ns=since_ns)
    if form == "json":
        show(ledger_bytes(rows).decode())
        return
    view = view_ledger(rows, service=service, is_cut=since is not None)
    show(
        fill("revisions.md.j2", view, loaded.report.templates)
        if form == "markdown"
        else draw_ledger(view, page_width())
    )


def act_diff(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, before: str, after: str, fail_on: Sequence[str], since: str | None,
    until: str | None, form: str,
) -> bool:  # fmt: skip
    """Two revisions beside each other; whether a condition of `--fail-on` matched, which stderr tells."""
    wanted = read_conditions(fail_on)
    loaded = load_config(config, db=db)
    now_ns = time.time_ns()
    until_ns = None if until is None else parse_instant_ns(until, name="--until", now_ns=now_ns)
    since_ns = None if since is None else parse_instant_ns(since, name="--since", now_ns=until_ns or now_ns)
    found = pipeline.diff(loaded, (before, after), since_ns=since_ns, until_ns=until_ns)
    verdict = judge_conditions(wanted, found.difference, found.failing, found.why_not, found.flow)
    if form == "json":
        show(json_bytes(comparison_json(found, verdict)).decode())
    else:
        view = view_diff(found)
        show(fill("diff.md.j2", view, loaded.report.templates) if form == "markdown" else draw_diff(view, page_width()))
    for line in (*verdict.matched, *verdict.open):
        sys.stderr.write(f"{line}\n")
    return bool(verdict.matched)


def act_check(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, file: str, since: str | None, until: str | None, form: str,
    fail_on: str | None,
) -> bool:  # fmt: skip
    """A written analysis held against the store; whether `--fail-on` matched."""
    loaded = load_config(config, db=db)
    now_ns = time.time_ns()
    until_ns = None if until is None else parse_instant_ns(until, name="--until", now_ns=now_ns)
    since_ns = None if since is None else parse_instant_ns(since, name="--since", now_ns=until_ns or now_ns)
    result = check(loaded, read_analysis(file), name=file, since_ns=since_ns, until_ns=until_ns)
    if form == "json":
        show(json_bytes(check_json(result)).decode())
    else:
        view = view_check(result)
        folder = loaded.report.templates
        show(fill("check.md.j2", view, folder) if form == "markdown" else draw_check(view, page_width()))
    return bool(fail_on) and any(one.answer.mark == "contradicted" for one in result.checked)

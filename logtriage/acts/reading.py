"""Commands that only read: report, show, revisions, diff, check."""

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from classifiers.findings import Absence, Cluster, Findings, Latency
from collector.window import parse_instant_ns
from logtriage import pipeline
from logtriage.actions_json import link_fields
from logtriage.acts.asked import analyse_window, page_width, recall_of, window_of
from logtriage.analysis_file import read_analysis
from logtriage.check_view import check_json, draw_check, view_check
from logtriage.checking import check
from logtriage.cluster_view import view_cluster
from logtriage.config import load_config
from logtriage.diagrams.drawings import drawings_of
from logtriage.diff_view import comparison_json, draw_diff, view_diff
from logtriage.export import cluster_json, json_bytes, silent_json
from logtriage.fail_on import judge_conditions, read_conditions
from logtriage.finding_view import view_finding
from logtriage.ledger_json import ledger_bytes
from logtriage.ledger_rows import only
from logtriage.ledger_view import view_ledger
from logtriage.lookup import Lookup
from logtriage.output import check_writable, show, write_file
from logtriage.render import DRAWN, form_of, plain_report, render, render_markdown
from logtriage.report import only_service
from logtriage.report_config import ReportConfig
from logtriage.show_view import ShowView, examined_json, shown_ids, view_examined
from logtriage.terminal import draw_cluster
from logtriage.terminal_finding import draw_finding
from logtriage.terminal_ledger import draw_ledger
from logtriage.whys_json import whys_fields

__all__ = ["act_check", "act_diff", "act_report", "act_revisions", "act_show"]


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


def act_show(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, name: str, since: str | None, until: str | None, is_all: bool, form: str
) -> None:
    """One finding with all its evidence; of a cluster what it is made of, and what is near it."""
    loaded = load_config(config, db=db)
    window, now_ns = window_of(since, until, loaded.report.window_hours)

    def choose(findings: Findings, stands_for: Callable[[str], tuple[str, ...]], /) -> Cluster | Latency | Absence:
        lookup = Lookup(findings)
        return lookup.silent(name) or lookup.named(name, stands_for=stands_for, also=lookup.silent_ids())

    shown = pipeline.examine(
        loaded, window=window, now_ns=now_ns, choose=choose, ids=partial(shown_ids, is_all=is_all or form == "json")
    )
    lookup = Lookup(shown.findings)
    if isinstance(shown, pipeline.SilentResult):
        _show_silent(shown.finding, lookup, form, loaded.report)
        return
    if form == "json":
        links = link_fields(shown.cluster, shown.findings.window, loaded.report.console_url)
        told = cluster_json(shown.cluster) | links | examined_json(shown.examination, shown.entries)
        whys = whys_fields(lookup.incident_of(shown.cluster.id))
        show(json_bytes(told | {"whys": whys}).decode())
        return
    examined = view_examined(shown.cluster, shown.examination, shown.entries, near=lookup.near)
    view = view_cluster(shown.cluster, lookup, loaded.report.console_url)
    drawings = drawings_of(shown.cluster.id, shown.findings)
    if form == "markdown":
        show(render_markdown("show.md.j2", ShowView(view, examined, drawings), loaded.report.templates))
    else:
        show(draw_cluster(view, examined, drawings.changes))


def _show_silent(finding: Latency | Absence, lookup: Lookup, form: str, config: ReportConfig) -> None:
    """What became slower, or an event that stays away."""
    if form == "json":
        show(json_bytes(silent_json(finding) | {"whys": whys_fields(lookup.incident_of(finding.id))}).decode())
        return
    view = view_finding(finding, lookup, config.console_url)
    show(render_markdown("finding.md.j2", view, config.templates) if form == "markdown" else draw_finding(view))


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
        render_markdown("revisions.md.j2", view, loaded.report.templates)
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
        show(
            render_markdown("diff.md.j2", view, loaded.report.templates)
            if form == "markdown"
            else draw_diff(view, page_width())
        )
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
        show(render_markdown("check.md.j2", view, folder) if form == "markdown" else draw_check(view, page_width()))
    return bool(fail_on) and any(one.answer.mark == "contradicted" for one in result.checked)

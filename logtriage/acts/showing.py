"""One finding with all its evidence."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from classifiers.findings import Absence, Cluster, Findings, Latency
from logtriage import pipeline
from logtriage.actions_json import link_fields
from logtriage.acts.asked import window_of
from logtriage.cluster_view import view_cluster
from logtriage.config import load_config
from logtriage.diagrams.drawings import drawings_of
from logtriage.export import cluster_json, json_bytes, silent_json
from logtriage.finding_view import view_finding
from logtriage.lookup import Lookup
from logtriage.output import show
from logtriage.report_config import ReportConfig
from logtriage.show_view import ShowView, examined_json, shown_ids, view_examined
from logtriage.templating import fill
from logtriage.terminal import draw_cluster
from logtriage.terminal_finding import draw_finding
from logtriage.whys_json import whys_fields

__all__ = ["act_show"]

_DRAWN: dict[str, pipeline.Draw] = {"terminal": "changes", "markdown": "all", "json": "nothing"}


def act_show(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, name: str, since: str | None, until: str | None, is_all: bool, form: str
) -> None:
    """One finding with all its evidence; of a cluster what it is made of, and what is near it."""
    loaded = load_config(config, db=db)
    window, now_ns = window_of(since, until, loaded.report.window_hours)

    def choose(findings: Findings, stands_for: Callable[[str], tuple[str, ...]], /) -> Cluster | Latency | Absence:
        lookup = Lookup(findings)
        return lookup.silent(name) or lookup.named(name, stands_for=stands_for, also=lookup.silent_ids())

    ids = partial(shown_ids, is_all=is_all or form == "json")
    shown = pipeline.examine(loaded, window=window, now_ns=now_ns, choose=choose, ids=ids, draw=_DRAWN[form])
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
        show(fill("show.md.j2", ShowView(view, examined, drawings), loaded.report.templates))
    else:
        show(draw_cluster(view, examined, drawings.changes))


def _show_silent(finding: Latency | Absence, lookup: Lookup, form: str, config: ReportConfig) -> None:
    """What became slower, or an event that stays away."""
    if form == "json":
        show(json_bytes(silent_json(finding) | {"whys": whys_fields(lookup.incident_of(finding.id))}).decode())
        return
    view = view_finding(finding, lookup, config.console_url)
    show(fill("finding.md.j2", view, config.templates) if form == "markdown" else draw_finding(view))

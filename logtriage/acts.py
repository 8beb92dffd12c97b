"""What each command does once its words are parsed: configuration, one call of the pipeline, one way to tell it.

Kept apart from cli.py so that `--help` need not import what only a running command needs.
"""

import contextlib
import csv
import io
import json
import logging
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifiers.findings import Absence, Cluster, Findings, Latency
from collector.records import Ledger
from collector.window import NS_PER_S, Window, format_ns, parse_instant_ns
from logtriage import pipeline
from logtriage.actions_json import link_fields
from logtriage.analysis_file import read_analysis
from logtriage.check_view import check_json, draw_check, view_check
from logtriage.checking import check
from logtriage.cluster_view import view_cluster
from logtriage.config import Config, load_config
from logtriage.daemon import Cycle, log_to_stderr, run_on_schedule, stop_signals
from logtriage.diagrams.drawings import drawings_of
from logtriage.diff_view import comparison_json, draw_diff, view_diff
from logtriage.digest import build_digest, digest_text
from logtriage.errors import ConfigError, LogtriageError, SourceError
from logtriage.escape import plain
from logtriage.export import cluster_json, json_bytes, silent_json
from logtriage.fail_on import judge_conditions, read_conditions
from logtriage.finding_view import view_finding
from logtriage.ledger_json import ledger_bytes
from logtriage.ledger_rows import only
from logtriage.ledger_view import view_ledger
from logtriage.lookup import Lookup
from logtriage.notifiers.base import NOTIFIERS, Notifier, open_notifier
from logtriage.output import check_writable, show, write_file
from logtriage.progress import NoProgress, Progress, open_progress
from logtriage.receiving import listening_lines, receive_settings, received_line
from logtriage.record_view import claim_lines, remembered_line, said_line
from logtriage.regroup_view import regroup_bytes, resigned_line, view_regroup
from logtriage.render import DRAWN, form_of, plain_report, render, render_markdown
from logtriage.report import ReportConfig, only_service
from logtriage.show_view import ShowView, examined_json, shown_ids, view_examined
from logtriage.terminal import WIDTH, draw_cluster, draw_table
from logtriage.terminal_finding import draw_finding
from logtriage.terminal_ledger import draw_ledger
from logtriage.terminal_regroup import draw_regroup
from logtriage.whys_json import whys_fields
from logtriage.wording import Near, plural

if TYPE_CHECKING:
    import polars as pl

    from classifiers.record import Outcome

__all__ = [
    "act_check",
    "act_collect",
    "act_daemon",
    "act_demo",
    "act_diff",
    "act_digest",
    "act_import",
    "act_query",
    "act_receive",
    "act_regroup",
    "act_report",
    "act_revisions",
    "act_settle",
    "act_show",
    "cycle_of",
]

LOG = logging.getLogger(__name__)
_HOUR_NS = 3600 * NS_PER_S
_NO_SOURCES = "sources is empty, so there is nothing to collect. Add a source to config.yaml."
_LOOK_S = 0.5  # between two looks at what a receiver stored
_WIDEST = 120  # columns of a page
_CELL = 120  # characters of a cell of `query` on a terminal


def act_demo(config: Path | None, *, scenario: str, seed: int, folder: Path) -> None:
    """Builds, analyses and tells a bundled incident; the report also goes into the folder."""
    loaded = load_config(config)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--folder is `{folder}`, which cannot be made: {error.strerror}. Name another.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"--folder is `{folder}`, in which nothing may be written. Name another.")
    with _progress() as progress:
        findings, demo = pipeline.run_demo(loaded, scenario=scenario, seed=seed, folder=folder, progress=progress)
    window = findings.window
    recall = f" --db {shlex.quote(str(demo.store.path))}{_bounds(window)}"
    show(render(findings, demo.report, form="terminal", recall=recall))
    findings = pipeline.drawn(demo, findings)
    paths = [folder / "demo-report.html", folder / "demo-report.md"]
    for path in paths:
        write_file(path, plain_report(findings, demo.report, form=form_of(path), recall=recall))
    show(f"\nThis report is in {paths[0]} and {paths[1].name}, its entries and their truth beside it.\n")


def act_import(config: Path | None, db: Path | None, *, paths: Sequence[str]) -> None:
    """Files and folders into the store, with the sums of each. An empty text is no path, and not this folder."""
    loaded = load_config(config, db=db)
    if "" in paths:
        raise ConfigError("A path of import is ``, an empty text. Give a file or a folder; this folder is `.`.")
    with _progress() as progress:
        result = pipeline.import_paths(loaded, [Path(path) for path in paths], progress=progress)
    rows = [(plain(one.location, 300), one.kind or "-", _sums(one.ledger), plain(one.note)) for one in result.files]
    if len(rows) > 1:
        rows.append(("all", "", _sums(result.total), ""))
    show(draw_table(("file", "kind", "records", ""), rows))
    _tell_resigned(result)
    for location, why in result.skipped:
        show(f"skipped {plain(location, 300)}: {plain(why)}\n")


def act_collect(config: Path | None, db: Path | None, *, since: str | None) -> None:
    """One pull of all sources; SourceError when one of them failed, after all were told."""
    loaded = load_config(config, db=db)
    if not loaded.sources:
        raise ConfigError(_NO_SOURCES)
    now_ns = time.time_ns()
    since_ns = parse_instant_ns(since, name="--since", now_ns=now_ns) if since is not None else None
    with _progress() as progress:
        result = pipeline.collect(loaded, since_ns=since_ns, now_ns=now_ns, progress=progress)
    rows = [(plain(one.name, 80), _sums(one.ledger), "ok" if one.is_ok else "failed") for one in result.sources]
    show(draw_table(("source", "records", ""), rows))
    _tell_resigned(result)
    failed = [f"{one.name}: {one.outcome}" for one in result.sources if not one.is_ok]
    if failed:
        raise SourceError("\n".join(failed))


def act_report(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, since: str | None, until: str | None, service: str | None,
    form: str | None, output: Path | None,
) -> None:  # fmt: skip
    """The report of a window, on stdout or in a file, whose name tells the format where none is given."""
    form = form or form_of(output)
    loaded = load_config(config, db=db)
    if output is not None:
        check_writable(output)
    findings = _analyse(loaded, since, until, loaded.report.window_hours)
    if service is not None:
        findings = only_service(findings, service)
    if form in DRAWN:
        findings = pipeline.drawn(loaded, findings)
    recall = _recall(since=since, until=until, db=db, config=config)
    if output is None:
        show(render(findings, loaded.report, form=form, recall=recall))
    else:
        write_file(output, plain_report(findings, loaded.report, form=form, recall=recall))


def act_show(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, name: str, since: str | None, until: str | None, is_all: bool, form: str
) -> None:
    """One finding with all its evidence; of a cluster what it is made of, and what is near it."""
    loaded = load_config(config, db=db)
    window, now_ns = _window(since, until, loaded.report.window_hours)

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
        else draw_ledger(view, _page_width())
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
            else draw_diff(view, _page_width())
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
        show(render_markdown("check.md.j2", view, folder) if form == "markdown" else draw_check(view, _page_width()))
    return bool(fail_on) and any(one.answer.mark == "contradicted" for one in result.checked)


def act_digest(
    config: Path | None, db: Path | None, *, since: str | None, until: str | None, to: str | None, dry_run: bool
) -> None:
    """Messages of a window to a channel, or printed."""
    loaded = load_config(config, db=db)
    names = (to,) if to else loaded.digest.to
    if not names and not dry_run:
        raise ConfigError(
            f"digest.to is empty and --to is not given. Known channels: {', '.join(sorted(NOTIFIERS))}; "
            "or look first with --dry-run."
        )
    unknown = [name for name in names if name not in NOTIFIERS]
    channels: dict[str, Notifier] = {name: open_notifier(name) for name in (unknown if dry_run else names)}
    digest = build_digest(_analyse(loaded, since, until, loaded.digest.window_hours), loaded.digest)
    if dry_run:
        show(digest_text(digest))
        return
    for name, channel in channels.items():
        for message in digest.messages:
            channel.deliver(message)
        show(f"{name}: {plural(len(digest.messages), 'message')} sent\n")


def act_daemon(config: Path | None, db: Path | None, *, once: bool) -> None:
    """The loop, or one round of it; LogtriageError when a job of that round failed."""
    loaded = load_config(config, db=db)
    cycle = cycle_of(loaded)
    log_to_stderr()
    if not once:
        with pipeline.receiving(loaded) if loaded.receive.is_on else contextlib.nullcontext() as receiver:
            for line in listening_lines(receiver) if receiver else ():
                LOG.info("%s", line)
            run_on_schedule(cycle.run, every_minutes=loaded.schedule.every_minutes)
    elif not cycle.run():
        raise LogtriageError("This cycle had failures: see the lines above. Correct them and run it again.")


def act_receive(
    config: Path | None, db: Path | None, *, http: str | None, grpc: str | None, without_token: bool
) -> None:  # fmt: skip
    """Takes spans until SIGTERM or SIGINT, then drains and tells the sums."""
    loaded = load_config(config, db=db)
    wanted = receive_settings(loaded.receive, http=http, grpc=grpc, without_token=without_token)
    log_to_stderr()
    with stop_signals() as wait_for_one, _progress() as progress:
        with pipeline.receiving(loaded.model_copy(update={"receive": wanted})) as receiver:
            show("".join(f"{line}\n" for line in listening_lines(receiver)))
            progress.start(None)
            while not wait_for_one(_LOOK_S):
                progress.advance(received_line(receiver.counts()), None)
        progress.done()
        show(f"{_sums(receiver.counts().ledger)}\n")


def cycle_of(config: Config) -> Cycle:
    """The daemon's cycle; ConfigError when there is nothing to collect or a channel lacks its secret."""
    if not config.sources and not config.receive.is_on:
        raise ConfigError(_NO_SOURCES)

    def collect() -> tuple[Ledger, tuple[str, ...]]:
        result = pipeline.collect(config, since_ns=None, now_ns=time.time_ns(), progress=NoProgress())
        if result.resigned is not None:
            LOG.info("%s", resigned_line(result.resigned))
        total = sum((source.ledger for source in result.sources), Ledger())
        return total, tuple(f"{one.name}: {one.outcome}" for one in result.sources if not one.is_ok)

    def analyse(window: Window, now_ns: int) -> Findings:
        return pipeline.analyse(config, window=window, now_ns=now_ns)

    def remember(findings: Findings) -> str:
        return remembered_line(pipeline.remember(config, findings))

    channels: dict[str, Notifier] = {name: open_notifier(name) for name in config.digest.to}
    return Cycle(collect, analyse, remember, channels, config.digest)


def act_settle(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, name: str, outcome: "Outcome | None", revision: str | None, note: str,
    since: str | None, until: str | None,
) -> None:  # fmt: skip
    """A person's word on the verdict on a finding, and the record; without a word, what was told and settled so far."""
    loaded = load_config(config, db=db)
    window, end_ns = _window(since, until, loaded.report.window_hours)

    def choose(findings: Findings, stands_for: Callable[[str], tuple[str, ...]], /) -> Cluster | Latency | Absence:
        lookup = Lookup(findings)
        return lookup.root_of(
            lookup.silent(name) or lookup.named(name, stands_for=stands_for, also=lookup.silent_ids())
        )

    if outcome is None:
        found, findings, claims = pipeline.claims(loaded, window=window, now_ns=end_ns, choose=choose)
        show("".join(f"{line}\n" for line in claim_lines(found, claims, Near.of(findings.window))))
        return
    result = pipeline.settle(
        loaded, window=window, now_ns=end_ns, said_ns=time.time_ns(), choose=choose, outcome=outcome,
        revision=revision, note=note,
    )  # fmt: skip
    show(f"{said_line(result.found, result.said, is_past=until is not None)}\n")


def act_regroup(config: Path | None, db: Path | None, *, is_preview: bool, form: str) -> None:
    """What the rules of config.yaml make of all history; without a preview history is signed anew where that is due."""
    loaded = load_config(config, db=db)
    with _progress() as progress:
        result = pipeline.regroup(loaded, is_preview=is_preview, now_ns=time.time_ns(), progress=progress)
    if form == "json":
        show(regroup_bytes(result).decode())
        return
    view = view_regroup(result, is_preview=is_preview)
    show(render_markdown("regroup.md.j2", view, loaded.report.templates) if form == "markdown" else draw_regroup(view))


def act_query(config: Path | None, db: Path | None, *, sql: str, form: str | None) -> None:
    """Rows of a SQL text: a table on a terminal, CSV in a pipe, or as asked for."""
    frame = pipeline.query(load_config(config, db=db), sql)
    wanted = form or ("table" if sys.stdout.isatty() else "csv")
    if wanted == "json":
        rows = [json.dumps(row, ensure_ascii=True, default=str) for row in frame.iter_rows(named=True)]
        show("".join(f"{row}\n" for row in rows))
    elif wanted == "csv":
        show(_csv(frame))
    else:
        cells = [[plain(_cell(value), _CELL) for value in row] for row in frame.iter_rows()]
        show(draw_table([plain(name, _CELL) for name in frame.columns], cells))


def _tell_resigned(result: pipeline.ImportResult | pipeline.CollectResult) -> None:
    """Law 5: on stderr, so that a change of the rules is never silent and stdout stays as it is."""
    if result.resigned is not None:
        sys.stderr.write(f"{resigned_line(result.resigned)}\n")


def _csv(frame: "pl.DataFrame") -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows([_cell(value) for value in row] for row in frame.iter_rows())
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)


def _analyse(config: Config, since: str | None, until: str | None, hours: float) -> Findings:
    """Findings of the window that --since and --until name."""
    window, now_ns = _window(since, until, hours)
    return pipeline.analyse(config, window=window, now_ns=now_ns)


def _window(since: str | None, until: str | None, hours: float) -> tuple[Window, int]:
    """The window and the now of an analysis; a duration in --since counts back from --until."""
    now_ns = time.time_ns()
    end_ns = now_ns if until is None else parse_instant_ns(until, name="--until", now_ns=now_ns)
    start_ns = end_ns - round(hours * _HOUR_NS)
    if since is not None:
        start_ns = parse_instant_ns(since, name="--since", now_ns=end_ns)
    return Window(start_ns, end_ns), end_ns


def _recall(**options: str | Path | None) -> str:
    """The given options again, as `logtriage show` needs them to see the same window."""
    return "".join(f" --{name} {shlex.quote(str(value))}" for name, value in options.items() if value is not None)


def _bounds(window: Window) -> str:
    return f" --since {_exact(window.start_ns)} --until {_exact(window.end_ns)}"


def _exact(at_ns: int) -> str:
    return format_ns(at_ns, digits=9 if at_ns % NS_PER_S else 0)


def _sums(ledger: Ledger) -> str:
    return f"{ledger.read:,} read = {ledger.stored:,} stored + {ledger.duplicates:,} dup + {ledger.dead:,} dead"


def _page_width() -> int:
    """As wide as the terminal, within what is pleasant to read."""
    return min(max(shutil.get_terminal_size().columns, WIDTH), _WIDEST) if sys.stdout.isatty() else WIDTH


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """Progress that leaves the terminal as it was, however the run ends."""
    progress = open_progress()
    try:
        yield progress
    finally:
        progress.done()

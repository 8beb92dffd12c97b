"""Commands that fill the store: demo, import, collect, receive."""

import os
import shlex
import time
from collections.abc import Sequence
from pathlib import Path

from collector.window import parse_instant_ns
from logtriage import pipeline
from logtriage.acts.asked import NO_SOURCES, bounds_of, shown_progress, sums_of, tell_resigned
from logtriage.config import load_config
from logtriage.daemon.signals import hear_signals
from logtriage.errors import ConfigError, SourceError
from logtriage.escape import plain
from logtriage.output import show, write_file
from logtriage.receiving import listening_lines, receive_settings, received_line
from logtriage.render import form_of, plain_report, render
from logtriage.story import live_through, look_last, story_lines
from logtriage.telemetry.log_lines import log_to_stderr
from logtriage.terminal import draw_table

__all__ = ["act_collect", "act_demo", "act_import", "act_receive"]

_LOOK_S = 0.5  # between two looks at what a receiver stored


def act_demo(config: Path | None, *, scenario: str, seed: int, folder: Path) -> None:
    """Builds, analyses and tells a bundled incident; the report also goes into the folder."""
    loaded = load_config(config)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--folder is `{folder}`, which cannot be made: {error.strerror}. Name another.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"--folder is `{folder}`, in which nothing may be written. Name another.")
    looks: list[int] = []
    with shown_progress() as progress:
        findings, demo = pipeline.run_demo(
            loaded, scenario=scenario, seed=seed, folder=folder, progress=progress,
            between=lambda made, truth: looks.append(live_through(made, truth, progress)),
        )  # fmt: skip
    window = findings.window
    recall = f" --db {shlex.quote(str(demo.store.path))}{bounds_of(window)}"
    show(render(findings, demo.report, form="terminal", recall=recall))
    if any(looks):
        look_last(demo, findings)
        show("\n".join(("", *story_lines(demo), "")))
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
    with shown_progress() as progress:
        result = pipeline.import_paths(loaded, [Path(path) for path in paths], progress=progress)
    rows = [(plain(one.location, 300), one.kind or "-", sums_of(one.ledger), plain(one.note)) for one in result.files]
    if len(rows) > 1:
        rows.append(("all", "", sums_of(result.total), ""))
    show(draw_table(("file", "kind", "records", ""), rows))
    tell_resigned(result)
    for location, why in result.skipped:
        show(f"skipped {plain(location, 300)}: {plain(why)}\n")


def act_collect(config: Path | None, db: Path | None, *, since: str | None) -> None:
    """One pull of all sources; SourceError when one of them failed, after all were told."""
    loaded = load_config(config, db=db)
    if not loaded.sources:
        raise ConfigError(NO_SOURCES)
    now_ns = time.time_ns()
    since_ns = parse_instant_ns(since, name="--since", now_ns=now_ns) if since is not None else None
    with shown_progress() as progress:
        result = pipeline.collect(loaded, since_ns=since_ns, now_ns=now_ns, progress=progress)
    rows = [(plain(one.name, 80), sums_of(one.ledger), "ok" if one.is_ok else "failed") for one in result.sources]
    show(draw_table(("source", "records", ""), rows))
    tell_resigned(result)
    failed = [f"{one.name}: {one.outcome}" for one in result.sources if not one.is_ok]
    if failed:
        raise SourceError("\n".join(failed))


def act_receive(
    config: Path | None, db: Path | None, *, http: str | None, grpc: str | None, without_token: bool
) -> None:  # fmt: skip
    """Takes spans until SIGTERM or SIGINT, then drains and tells the sums."""
    loaded = load_config(config, db=db)
    wanted = receive_settings(loaded.receive, http=http, grpc=grpc, without_token=without_token)
    log_to_stderr(loaded.telemetry.log_format)
    with hear_signals() as wait_for_one, shown_progress() as progress:
        with pipeline.receiving(loaded.model_copy(update={"receive": wanted})) as receiver:
            show("".join(f"{line}\n" for line in listening_lines(receiver)))
            progress.start(None)
            while not wait_for_one(_LOOK_S):
                progress.advance(received_line(receiver.counts()), None)
        progress.done()
        show(f"{sums_of(receiver.counts().ledger)}\n")

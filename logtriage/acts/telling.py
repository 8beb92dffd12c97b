"""Commands that tell others: digest and daemon."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from collector.store import Store
from logtriage import pipeline
from logtriage.acts.asked import analyse_window
from logtriage.config import Config, find_config, load_config
from logtriage.daemon.inside import Inside
from logtriage.daemon.lock import hold_daemon_lock
from logtriage.daemon.observers import observers_of
from logtriage.daemon.wiring import cycle_of, serve
from logtriage.delivery import deliver, delivered_line
from logtriage.digest_view import plan_json, plan_text
from logtriage.digesting import chosen_channels, opened, plan
from logtriage.errors import ConfigError, LogtriageError, NotifyError, SourceError
from logtriage.export import json_bytes
from logtriage.hearing import heard_words, listen
from logtriage.notifiers.channel import ChannelConfig, Notifier
from logtriage.output import show
from logtriage.telemetry.held import once_told
from logtriage.telemetry.log_lines import log_to_stderr

__all__ = ["act_daemon", "act_digest"]

_ITS_OWN = (ConfigError, NotifyError, SourceError)  # of one channel and its secret; of the store all fail


def act_digest(  # noqa: PLR0913 - one argument an option of the contract
    config: Path | None, db: Path | None, *, since: str | None, until: str | None, to: Sequence[str], dry_run: bool,
    form: str,
) -> None:  # fmt: skip
    """What people said is heard, then what a window has to say stored and delivered; with `dry_run` only shown.

    NotifyError when a channel did not take all of it, after every channel had its turn.
    """
    loaded = load_config(config, db=db)
    channels = chosen_channels(loaded, to)
    if not channels and not dry_run:
        raise ConfigError(
            "digest.channels is empty and --to is not given. Add a channel to config.yaml, or look first with "
            "--dry-run."
        )
    able, failed = ((), []) if dry_run else _able(loaded, channels)
    failed += _not_heard(loaded, able)
    findings = analyse_window(loaded, since, until, loaded.digest.window_hours)
    if dry_run:
        plans = plan(loaded, pipeline.drawn(loaded, findings), channels)
        show(json_bytes({"channels": plan_json(plans)}).decode() if form == "json" else plan_text(plans))
        _raise(one.note for one in plans if one.note)
        return
    pipeline.remember(loaded, findings, channels=[one.name for one in channels])
    for one in able:
        try:
            done = deliver(Store(loaded.store), [one], tries_refused=True)[0]
        except _ITS_OWN as error:
            failed.append(str(error))
            continue
        show(f"{delivered_line(done)}\n")
        failed += [*done.failed, *done.refused]
    _raise(failed)


def _able(config: Config, channels: Sequence[ChannelConfig]) -> tuple[tuple[Notifier, ...], list[str]]:
    """The channels that can be opened, and why the others cannot: for those messages wait.

    NotifyError where none can: nothing is stored then.
    """
    able, failed = list[Notifier](), list[str]()
    for one in channels:
        try:
            able.append(opened(config, one, now_ns=time.time_ns()))
        except _ITS_OWN as error:
            failed.append(str(error))
    if not able:
        _raise(failed)
    return tuple(able), failed


def _raise(failed: Iterable[str]) -> None:
    """NotifyError of what failed, each line once; nothing of nothing."""
    lines = tuple(dict.fromkeys(failed))
    if lines:
        raise NotifyError("\n".join(lines))


def _not_heard(config: Config, channels: Sequence[Notifier]) -> list[str]:
    """Hears what people said since the last time, as a cycle of the daemon does; gives why where it could not."""
    failed = []
    for one in channels:
        try:
            heard = listen(Store(config.store), one, now_ns=time.time_ns())
        except _ITS_OWN as error:
            failed.append(str(error))
        else:
            show(f"{one.name}: {heard_words(heard)}\n" if heard.words else "")
    return failed


def act_daemon(config: Path | None, db: Path | None, *, once: bool) -> None:
    """All jobs on their schedule, or one round of them; LogtriageError when a part of that round failed."""
    loaded = load_config(config, db=db)
    log_to_stderr(loaded.telemetry.log_format)
    with hold_daemon_lock(loaded.store.path):
        if not once:
            serve(loaded, lambda: load_config(config, db=db), lambda: find_config(config))
            return
        with once_told(loaded) as telemetry:
            is_clean = cycle_of(loaded).run(observers=observers_of(loaded, Inside(telemetry=telemetry)))
        if not is_clean:
            raise LogtriageError("This cycle had failures: see the lines above. Correct them and run it again.")

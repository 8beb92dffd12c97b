"""The jobs of a configuration: what the parts of a cycle are in a real daemon."""

import contextlib
import logging
import signal
import time
from collections.abc import Callable
from pathlib import Path

from classifiers.findings import Findings
from classifiers.lifecycle.storing import read_states
from collector.place import is_there
from collector.replacing import replace
from collector.store import Store
from collector.window import Window
from logtriage import __version__, pipeline
from logtriage.config import Config
from logtriage.daemon.catching_up import CatchingUp
from logtriage.daemon.cycle import Cycle
from logtriage.daemon.edge import failure_line
from logtriage.daemon.embedded import Embedded
from logtriage.daemon.inside import Inside
from logtriage.daemon.missed import read_last_runs, read_last_successes
from logtriage.daemon.observers import observers_of
from logtriage.daemon.reloading import SettingsFile, use_all
from logtriage.daemon.report_files import write_reports
from logtriage.daemon.running import Around, Daemon, Plan
from logtriage.daemon.schedule import Every
from logtriage.daemon.signals import hear_signals
from logtriage.daemon.watching import watch
from logtriage.delivery import Delivered
from logtriage.digesting import deliver_to, hear_from
from logtriage.errors import ConfigError, LogtriageError
from logtriage.escape import plain
from logtriage.hearing import Listened
from logtriage.jobs import Job
from logtriage.keeping import retain
from logtriage.record_view import remembered_line
from logtriage.telemetry.held import HeldTelemetry
from logtriage.telemetry.log_lines import log_to_stderr

__all__ = ["cycle_of", "plan_of", "serve"]

LOG = logging.getLogger(__name__)
_EVER_NS = 2**63 - 1
_OPEN = frozenset({"new", "ongoing", "regressed"})
_NO_SOURCES = "sources is empty, so there is nothing to collect. Add a source to config.yaml."


def serve(config: Config, load: Callable[[], Config], find: Callable[[], Path | None]) -> None:
    """A daemon until a signal ends it. `load` reads the settings anew, `find` tells in which file they are.

    ConfigError where the daemon cannot begin so.
    """
    inside, embedded = Inside(), Embedded()
    inside.receiver = embedded.counts
    inside.telemetry = telemetry = HeldTelemetry(embedded.counts, read_last_successes(config))
    current, began_with = config, find()

    def reload() -> Plan | None:
        nonlocal current
        try:
            if began_with is not None and find() is None:
                raise ConfigError(f"`{began_with}` is gone. Put it back.")  # noqa: TRY301 - told as any mistake in it
            fresh = _kept_place(load(), current)
            plan = plan_of(fresh, inside)
            use_all((telemetry, embedded), fresh, current)
        except LogtriageError as error:
            inside.config_fault = plain(error)
            told = "the settings were changed and are not used: %s The old ones stay."
            LOG.error(told, plain(error))  # noqa: TRY400 - one line
            return None
        except Exception as error:  # noqa: BLE001 - settings that are read anew end no daemon
            inside.config_fault = failure_line("reading the settings", error)
            return None
        log_to_stderr(fresh.telemetry.log_format)
        inside.config_fault, current = "", fresh
        LOG.info("the settings were read anew")
        return plan

    with hear_signals(signal.SIGHUP) as next_signal, contextlib.closing(telemetry), contextlib.closing(embedded):
        plan = replace(plan_of(config, inside), last_ns=read_last_runs(config))
        telemetry.use(config)
        LOG.info(
            "logtriage %s begins: store `%s`, settings of %s", __version__, config.store.path, began_with or "none"
        )
        embedded.use(config)
        file = SettingsFile(find)
        Daemon(plan, Around(reload, file.has_changed, embedded.close)).run(next_signal)


def _kept_place(fresh: Config, current: Config) -> Config:
    """The settings with the store where it is: another one would be another daemon."""
    if fresh.store.path == current.store.path:
        return fresh
    LOG.warning(
        "store.path is `%s` now, which cannot change while the daemon runs: `%s` stays. Start it anew to move.",
        fresh.store.path, current.store.path,
    )  # fmt: skip
    return fresh.model_copy(update={"store": fresh.store.model_copy(update={"path": current.store.path})})


def plan_of(config: Config, inside: Inside) -> Plan:
    """What a daemon does by these settings; ConfigError as cycle_of."""
    jobs = cycle_of(config).jobs()
    jobs["watch"] = Job("watch", lambda stop: watch(config, inside, stop))
    return Plan(jobs, config.schedule, observers_of(config, inside))


def cycle_of(config: Config) -> Cycle:
    """The work of the jobs; ConfigError when there is nothing to collect."""
    if not config.sources and not config.receive.is_on:
        raise ConfigError(_NO_SOURCES)
    names = tuple(one.name for one in config.digest.channels)
    channels = dict(zip(names, config.digest.channels, strict=True))

    def analyse(window: Window, now_ns: int) -> Findings:
        return pipeline.analyse(config, window=window, now_ns=now_ns)

    def remember(findings: Findings) -> str:
        return remembered_line(pipeline.remember(config, findings, channels=names))

    def deliver_one(name: str, tries_refused: bool) -> Delivered:  # noqa: FBT001 - what Cycle calls
        return deliver_to(config, channels[name], now_ns=time.time_ns(), tries_refused=tries_refused)

    def hear_one(name: str) -> Listened:
        return hear_from(config, channels[name], now_ns=time.time_ns())

    verify = config.schedule.when("verify")
    return Cycle(
        collect=CatchingUp(config).run,
        analyse=analyse,
        remember=remember,
        deliver=deliver_one,
        hear=hear_one,
        channels=names,
        digest=config.digest,
        waits=lambda: _waits(config),
        report=lambda: write_reports(config),
        prune=lambda stop: retain(config, stop, now_ns=time.time_ns()),
        verify_s=verify.seconds if isinstance(verify, Every) else 0.0,
    )


def _waits(config: Config) -> bool:
    """Whether an incident of an earlier look is open: its end, if it has one, waits to be proven."""
    if not is_there(config.store.path):
        return False
    with Store(config.store).read() as reader:
        states = read_states(reader, end_ns=_EVER_NS)
    last = {one.incident_id: one for one in states if not one.finding_id}
    return any(one.state in _OPEN and not one.merged_into for one in last.values())

"""What commands have in common: the window that was asked for, progress, and how sums and pages are told."""

import contextlib
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from classifiers.findings import Findings
from collector.records import Ledger
from collector.window import NS_PER_S, Window, format_ns, parse_instant_ns
from logtriage import pipeline
from logtriage.config import Config
from logtriage.progress import Progress, open_progress
from logtriage.terminal import WIDTH

__all__ = [
    "NO_SOURCES",
    "analyse_window",
    "bounds_of",
    "page_width",
    "recall_of",
    "shown_progress",
    "sums_of",
    "tell_resigned",
    "window_of",
]

NO_SOURCES = "sources is empty, so there is nothing to collect. Add a source to config.yaml."
_HOUR_NS = 3600 * NS_PER_S
_WIDEST = 120  # columns of a page


def analyse_window(config: Config, since: str | None, until: str | None, hours: float) -> Findings:
    """Findings of the window that --since and --until name."""
    window, now_ns = window_of(since, until, hours)
    return pipeline.analyse(config, window=window, now_ns=now_ns)


def window_of(since: str | None, until: str | None, hours: float) -> tuple[Window, int]:
    """The window and the now of an analysis; a duration in --since counts back from --until."""
    now_ns = time.time_ns()
    end_ns = now_ns if until is None else parse_instant_ns(until, name="--until", now_ns=now_ns)
    start_ns = end_ns - round(hours * _HOUR_NS)
    if since is not None:
        start_ns = parse_instant_ns(since, name="--since", now_ns=end_ns)
    return Window(start_ns, end_ns), end_ns


def recall_of(**options: str | Path | None) -> str:
    """The given options again, as `logtriage show` needs them to see the same window."""
    return "".join(f" --{name} {shlex.quote(str(value))}" for name, value in options.items() if value is not None)


def bounds_of(window: Window) -> str:
    """A window as options of a command line, to the nanosecond."""
    return f" --since {_exact(window.start_ns)} --until {_exact(window.end_ns)}"


def _exact(at_ns: int) -> str:
    return format_ns(at_ns, digits=9 if at_ns % NS_PER_S else 0)


def sums_of(ledger: Ledger) -> str:
    """Law 5 in one line: what was read is what was stored, known before, or put aside."""
    return f"{ledger.read:,} read = {ledger.stored:,} stored + {ledger.duplicates:,} dup + {ledger.dead:,} dead"


def page_width() -> int:
    """As wide as the terminal, within what is pleasant to read."""
    return min(max(shutil.get_terminal_size().columns, WIDTH), _WIDEST) if sys.stdout.isatty() else WIDTH


@contextlib.contextmanager
def shown_progress() -> Iterator[Progress]:
    """Progress that leaves the terminal as it was, however the run ends."""
    progress = open_progress()
    try:
        yield progress
    finally:
        progress.done()


def tell_resigned(result: pipeline.ImportResult | pipeline.CollectResult) -> None:
    """Law 5: on stderr, so that a change of the rules is never silent and stdout stays as it is."""
    if result.resigned is not None:
        from logtriage.regroup_view import resigned_line  # noqa: PLC0415 - seldom, and never of a report

        sys.stderr.write(f"{resigned_line(result.resigned)}\n")

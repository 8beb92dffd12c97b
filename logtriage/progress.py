"""Progress: how a long run says where it stands; on a terminal only, on stderr, so that stdout stays clean."""

import sys
import time
from datetime import timedelta
from typing import Protocol

from rich.console import Console
from rich.text import Text

__all__ = ["NoProgress", "Progress", "TerminalProgress", "open_progress"]

_STEPS = 1000


class Progress(Protocol):
    """What a run calls: start once, advance as often as it likes, done once."""

    def start(self, total: int | None) -> None:
        """Begin with the number of things to do, None where it is not known."""

    def advance(self, text: str, share: float | None, left_s: float | None = None) -> None:
        """Say what is being done, and which share of the whole in [0, 1] is done, None where it is not known.

        `left_s`: seconds that it still takes, where whoever works knows better than the speed so far.
        """

    def done(self) -> None:
        """End, and leave the terminal as it was."""


class NoProgress:
    """Says nothing: for pipes, the daemon and tests."""

    def start(self, total: int | None) -> None:
        """Nothing to begin."""

    def advance(self, text: str, share: float | None, left_s: float | None = None) -> None:
        """Nothing to say."""

    def done(self) -> None:
        """Nothing to end."""


class TerminalProgress:
    """One line that is drawn over: what is done, a bar, and the time left as soon as the share is known."""

    def __init__(self, console: Console) -> None:
        from rich import progress  # noqa: PLC0415 - a pipe needs no bar

        left = progress.TimeRemainingColumn()

        class Left(progress.ProgressColumn):
            """What was told that it takes, running down; else what the speed so far tells."""

            max_refresh = 0.5

            def render(_self, task: progress.Task) -> Text:  # noqa: N805 - `self` is the bar's
                if self._over_at_s is None:
                    return left.render(task)
                seconds = max(0, round(self._over_at_s - time.monotonic()))
                return Text(str(timedelta(seconds=seconds)), style="progress.remaining")

        self._over_at_s: float | None = None
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(bar_width=20),
            progress.TextColumn("{task.percentage:>3.0f} %"),
            progress.TimeElapsedColumn(),
            progress.TextColumn("left", style="dim"),
            Left(),
            console=console,
            transient=True,
            redirect_stdout=False,
        )
        self._task = self._bar.add_task("starting", total=None, visible=False)

    def start(self, total: int | None) -> None:
        """Show the line."""
        text = "starting" if total is None else f"starting, {total:,} to do"
        self._over_at_s = None
        self._bar.reset(self._task, description=text, visible=True)  # the source before it came to its end
        self._bar.start()

    def advance(self, text: str, share: float | None, left_s: float | None = None) -> None:
        """Draw the line anew; text is cut to 40 characters."""
        shown = "".join(c if c.isprintable() else " " for c in text)
        shown = shown if len(shown) <= 40 else f"{shown[:18]}...{shown[-19:]}"  # noqa: PLR2004 - the width of the column
        self._over_at_s = None if left_s is None else time.monotonic() + left_s
        if share is None:
            self._bar.update(self._task, description=shown, total=None)
        else:
            self._bar.update(self._task, description=shown, total=_STEPS, completed=round(share * _STEPS))

    def done(self) -> None:
        """Take the line away."""
        self._bar.stop()


def open_progress() -> Progress:
    """Progress on stderr when that is a terminal, else silence."""
    if not sys.stderr.isatty():
        return NoProgress()
    return TerminalProgress(Console(stderr=True))

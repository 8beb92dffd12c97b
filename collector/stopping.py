"""Stop: the wish that work ends soon. Safe for threads.

Whoever works asks between two steps that are whole by themselves. It is passed where work is begun (`Stop`), and known
to all that is called in that thread while `heed` holds, however deep (`check_stop`, `pause`): a wait inside a channel
or a source needs no argument for it. A thread that is started meanwhile does not know it.
"""

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

from collector.errors import LogtriageError

__all__ = ["Stop", "Stopped", "check_stop", "heed", "pause", "until_stop"]

T = TypeVar("T")


class Stopped(LogtriageError):
    """Work ended early because it was asked to; what was stored before stays."""

    is_retryable = True


class Stop:
    """A wish that is made once and stays."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Makes the wish."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether it was made."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleeps so long, or until the wish is made; whether it was."""
        return self._event.wait(seconds)

    def check(self) -> None:
        """Raises Stopped once the wish was made."""
        if self._event.is_set():
            raise Stopped("Asked to stop. What was stored before stays; the next run goes on from there.")


_heeded: ContextVar[Stop | None] = ContextVar("heeded", default=None)


@contextlib.contextmanager
def heed(stop: Stop) -> Iterator[None]:
    """While it holds, `check_stop` and `pause` of this thread know of that wish."""
    token = _heeded.set(stop)
    try:
        yield
    finally:
        _heeded.reset(token)


def check_stop() -> None:
    """Raises Stopped once the wish that is heeded was made; nothing where none is."""
    stop = _heeded.get()
    if stop is not None:
        stop.check()


def pause(seconds: float) -> None:
    """time.sleep that ends at once, with Stopped, when the wish that is heeded is made."""
    stop = _heeded.get()
    if stop is None:
        time.sleep(seconds)
    elif stop.wait(max(0.0, seconds)):
        stop.check()


def until_stop(items: Iterable[T]) -> Iterator[T]:
    """The items, and Stopped instead of the next one once the wish that is heeded was made."""
    for one in items:
        yield one
        check_stop()

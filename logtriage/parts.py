"""Parts of a job, for whoever wants to hear of them: one source's pull, the analysis, one channel's delivery.

Nobody listens unless telemetry is on; then a part costs some microseconds. Parts are told in the thread that runs the
job, and listened to there.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from typing import Literal, Protocol

__all__ = ["Begin", "PartName", "Told", "listen", "part", "silence"]

PartName = Literal["pull", "sign", "analyse", "remember", "hear", "deliver"]


class Told(Protocol):
    """What can be told of a part while it runs."""

    def tell(self, **figures: float) -> None:
        """Numbers by name: `stored`, `duplicates`, `dead`."""


Begin = Callable[[PartName, Mapping[str, str]], AbstractContextManager[Told]]
_LISTENER: ContextVar[Begin | None] = ContextVar("part_listener", default=None)


class _Unheard:
    """What is told to nobody."""

    def tell(self, **_: float) -> None:
        """Nothing happens."""


@contextlib.contextmanager
def part(name: PartName, **of: str) -> Iterator[Told]:
    """A part of the job that runs; `of` says of what, in few distinct words: `source`, `channel`."""
    begin = _LISTENER.get()
    if begin is None:
        yield _Unheard()
        return
    with begin(name, of) as told:
        yield told


def listen(begin: Begin) -> Token[Begin | None]:
    """From now on each part of this thread is told to `begin`."""
    return _LISTENER.set(begin)


def silence(token: Token[Begin | None]) -> None:
    """As it was before `listen` gave this token."""
    _LISTENER.reset(token)

"""The line of jobs that are due: each stands in it once. Safe for threads."""

import threading
from collections.abc import Iterable
from typing import Generic, TypeVar

__all__ = ["Line"]

T = TypeVar("T")


class Line(Generic[T]):
    """Taken from its head; whoever stands in it already keeps the better place."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[T] = []
        self._is_closed = False

    def put(self, *items: T) -> None:
        """At the end, in this order."""
        with self._changed:
            self._waiting += [one for one in dict.fromkeys(items) if one not in self._waiting]
            self._changed.notify_all()

    def put_first(self, items: Iterable[T]) -> None:
        """Before all others, in this order."""
        with self._changed:
            first = list(dict.fromkeys(items))
            self._waiting = first + [one for one in self._waiting if one not in first]
            self._changed.notify_all()

    def take(self) -> T | None:
        """The next one, waited for; None once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            return None if self._is_closed else self._waiting.pop(0)

    def close(self) -> None:
        """Nobody is taken any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

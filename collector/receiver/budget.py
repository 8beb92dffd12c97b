"""How many bytes of requests may be on their way at once: what bounds a receiver's memory."""

import threading

__all__ = ["Budget", "Share"]


class Budget:
    """Bytes that are taken and given back by any thread."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """Bytes on their way now."""
        return self._taken

    def has_room(self, count: int) -> bool:
        """Whether so many bytes could be taken now."""
        return self._taken + count <= self._limit

    def take(self, count: int) -> bool:
        """Whether there was room; nothing is taken where there was none."""
        with self._lock:
            if self._taken + count > self._limit:
                return False
            self._taken += count
            return True

    def give(self, count: int) -> None:
        """These bytes are needed no longer."""
        with self._lock:
            self._taken -= count


class Share:
    """What one request has taken; all of it is given back at once, however often that is said."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._count = 0

    def take(self, count: int) -> bool:
        """Whether there was room for this too."""
        if not self._budget.take(count):
            return False
        self._count += count
        return True

    def release(self) -> None:
        """The request is answered."""
        count, self._count = self._count, 0
        self._budget.give(count)

"""Clocks of servers that are asked anyway, by the `Date` of their answers, beside the clock of this machine.

Nothing is asked for it: whoever gets an answer calls `heard`. One book for the process, safe for threads. What was
heard is told against a clock that only runs on, so that a clock that is set right afterwards counts as right at once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

__all__ = ["BOOK", "OtherClocks", "heard", "hearing_channel", "running_s"]

_KEPT = 32  # servers
_MOST_CHARS = 64  # of a date; a longer one is none


def running_s() -> float:
    """A clock that only runs on, also while the machine sleeps where the system has such a one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class OtherClocks:
    """The last date of each server, with when it was heard."""

    def __init__(self, wall_s: Callable[[], float] = time.time, running: Callable[[], float] = running_s) -> None:
        self._wall_s, self._running_s = wall_s, running
        self._lock = threading.Lock()
        self._zero_s: dict[str, float] = {}  # what a server's clock said when the running one was at 0

    def heard(self, server: str, date: str | None) -> None:
        """A server answered just now, with that date as RFC 9110 has it; what is none is passed over."""
        if not date or len(date) > _MOST_CHARS:
            return
        try:
            told_s = parsedate_to_datetime(date).timestamp()
        except (ValueError, OverflowError):
            return
        with self._lock:
            self._zero_s.pop(server, None)  # the newest stands last
            self._zero_s[server] = told_s - self._running_s()
            if len(self._zero_s) > _KEPT:
                del self._zero_s[next(iter(self._zero_s))]

    def ahead_s(self) -> dict[str, float]:
        """By how many seconds the clock of this machine is ahead of each server's; negative: behind."""
        offset_s = self._wall_s() - self._running_s()
        with self._lock:
            return {server: offset_s - zero_s for server, zero_s in self._zero_s.items()}


BOOK = OtherClocks()


def heard(server: str, headers: Mapping[str, str]) -> None:
    """An answer over HTTP came just now; one out of a cache tells nothing of now."""
    if headers.get("age", "0").strip() in {"", "0"}:
        BOOK.heard(server, headers.get("date"))


def hearing_channel(channel: Any, server: str) -> Any:
    """A gRPC channel whose answers are heard; an answer without a date tells nothing."""
    import grpc  # noqa: PLC0415 - slow import, wanted by some sources only

    class Hearing(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]  # grpc ships no types
        """Looks at the metadata of an answer that is there."""

        def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
            """The call as it is."""
            call = continuation(client_call_details, request)
            if call.code() is not None:
                BOOK.heard(server, dict(call.initial_metadata() or ()).get("date"))
            return call

    return grpc.intercept_channel(channel, Hearing())

"""Signals as something to wait for, in the main thread."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator

__all__ = ["STOPS", "NextSignal", "hear_signals"]

NextSignal = Callable[..., signal.Signals | None]

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})


@contextlib.contextmanager
def hear_signals(*also: signal.Signals) -> Iterator[NextSignal]:
    """Keeps SIGTERM, SIGINT and `also` from ending the process; gives a call that waits for the next of them.

    The call takes the seconds it waits at most, and gives which one came, None when none did. The handlers do nothing.
    A handler runs in the middle of whatever the main thread does, and may wait for a lock that this very thread holds;
    so the interpreter itself writes each signal into a pipe, and one that comes before anybody waits lies there until
    somebody does.
    """
    heeded = STOPS | frozenset(also)
    heard, told = os.pipe()
    os.set_blocking(told, False)
    pipe_before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    before = {number: signal.signal(number, lambda *_: None) for number in heeded}

    def wait_for_one(within_s: float | None = None) -> signal.Signals | None:
        until = None if within_s is None else time.monotonic() + within_s
        while True:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([heard], [], [], left)[0]:
                return None
            number = os.read(heard, 1)[0]
            if number in heeded:
                return signal.Signals(number)

    try:
        yield wait_for_one
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(pipe_before)
        os.close(heard)
        os.close(told)

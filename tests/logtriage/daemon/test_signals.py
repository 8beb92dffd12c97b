"""Signals are heard one after the other, also those that came before anybody waited."""

import os
import signal

from logtriage.daemon.signals import STOPS, hear_signals


def test_what_came_before_anybody_waited_is_heard_and_what_was_before_holds_again() -> None:
    heeded = [*STOPS, signal.SIGHUP]
    before = [signal.getsignal(number) for number in heeded]
    with hear_signals(signal.SIGHUP) as next_signal:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
        heard = [next_signal(5) for _ in range(3)]
        nothing = next_signal(0)

    assert sorted(one for one in heard if one) == sorted((signal.SIGHUP, signal.SIGTERM, signal.SIGINT))
    assert nothing is None
    assert [signal.getsignal(number) for number in heeded] == before


def test_a_signal_that_nobody_heeds_is_passed_over() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with hear_signals() as next_signal:
            os.kill(os.getpid(), signal.SIGUSR1)
            os.kill(os.getpid(), signal.SIGTERM)
            assert next_signal() == signal.SIGTERM
    finally:
        signal.signal(signal.SIGUSR1, before)

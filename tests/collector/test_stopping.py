"""The wish to stop."""

import threading

import pytest

from collector.stopping import Stop, Stopped, check_stop, heed, pause, until_stop


def test_a_wish_to_stop_ends_waits_and_the_next_step() -> None:
    stop = Stop()
    stop.check()
    assert not stop.wait(0)

    stop.set()

    assert stop.is_set
    assert stop.wait(60)
    with pytest.raises(Stopped, match="What was stored before stays"):
        stop.check()


def test_whoever_is_called_while_it_is_heeded_knows_of_it_and_nobody_after() -> None:
    stop = Stop()

    with heed(stop):
        pause(0)
        check_stop()
        assert list(until_stop([1, 2])) == [1, 2]
        stop.set()
        with pytest.raises(Stopped):
            pause(60)
        with pytest.raises(Stopped):
            check_stop()
        items = until_stop([1, 2])
        assert next(items) == 1
        with pytest.raises(Stopped):
            next(items)

    pause(0)
    check_stop()


def test_a_wait_ends_when_another_thread_makes_the_wish() -> None:
    stop = Stop()
    waiting = threading.Timer(0.05, stop.set)
    waiting.start()

    with heed(stop), pytest.raises(Stopped):
        pause(86_400)

    waiting.join()

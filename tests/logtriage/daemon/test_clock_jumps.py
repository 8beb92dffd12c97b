"""Jumps of the wall clock."""

from logtriage.daemon.clock_jumps import ClockJumps


def test_a_clock_that_was_set_or_stood_still_with_the_machine_is_seen_once() -> None:
    wall, running = [0.0, 2.0, 88_402.0, 88_404.0, 4.0, 6.5], [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    jumps = ClockJumps(lambda: wall.pop(0), lambda: running.pop(0))

    assert [jumps.look() for _ in range(5)] == [0, 88_398.0, 0, -88_402.0, 0]

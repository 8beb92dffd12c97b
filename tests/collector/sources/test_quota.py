"""The read quota: at most so many calls in any minute, for all threads and sources of a project."""

import itertools
import threading

from hypothesis import given
from hypothesis import strategies as st

from collector.sources.quota import MINUTE_S, Quotas, ReadQuota
from tests.support.source_settings import SteppedClock


def make_quota(clock: SteppedClock, calls_per_min: int) -> ReadQuota:
    return ReadQuota(calls_per_min, clock=clock.monotonic_s, sleep=clock.sleep)


def test_calls_below_the_limit_do_not_wait() -> None:
    clock = SteppedClock()
    quota = make_quota(clock, 60)

    for _ in range(60):
        quota.acquire()

    assert clock.slept == []


def test_the_call_above_the_limit_waits_for_the_first_to_be_a_minute_old() -> None:
    clock = SteppedClock()
    quota = make_quota(clock, 2)
    quota.acquire()
    clock.sleep(10)
    quota.acquire()

    waited = quota.acquire()

    assert waited == 50.0
    assert clock.monotonic_s() == 60.0


@given(st.lists(st.floats(0, 90), max_size=60), st.integers(1, 7))
def test_no_minute_holds_more_calls_than_the_limit(pauses: list[float], limit: int) -> None:
    clock = SteppedClock()
    quota = make_quota(clock, limit)
    called = []

    for pause in pauses:
        clock.sleep(pause)
        quota.acquire()
        called.append(clock.monotonic_s())

    for first, later in zip(called, called[limit:], strict=False):
        assert later - first >= MINUTE_S - 1e-6


def test_threads_share_the_limit() -> None:
    taken: list[float] = []
    lock = threading.Lock()
    frozen_at = 5.0

    def write_down(seconds: float) -> None:
        with lock:
            taken.append(frozen_at + seconds)

    quota = ReadQuota(10, clock=lambda: frozen_at, sleep=write_down)
    threads = [threading.Thread(target=lambda: [quota.acquire() for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    slots = sorted([frozen_at] * 10 + taken)

    assert len(slots) == 40
    assert all(later - first >= MINUTE_S for first, later in zip(slots, slots[10:], strict=False))


def test_after_a_refusal_nobody_gets_a_slot_for_as_long_as_was_asked() -> None:
    clock = SteppedClock()
    quota = make_quota(clock, 60)

    quota.hold(17)

    assert quota.acquire() == 17.0
    assert quota.acquire() == 0.0


def test_calls_older_than_a_minute_are_not_counted_as_used() -> None:
    clock = SteppedClock()
    quota = make_quota(clock, 60)
    quota.acquire()
    clock.sleep(30)
    quota.acquire()

    assert quota.used() == 2
    clock.sleep(31)
    assert quota.used() == 1


def test_sources_of_one_project_share_a_quota_and_the_lower_limit_counts() -> None:
    clock = SteppedClock()
    quotas = Quotas(clock=clock.monotonic_s, sleep=clock.sleep)

    first = quotas.of("projects/a", calls_per_min=60)
    second = quotas.of("projects/a", calls_per_min=30)
    other = quotas.of("projects/b", calls_per_min=60)

    assert first is second
    assert first.calls_per_min == 30
    assert other is not first


def test_every_quota_that_was_asked_for_is_known_by_its_owner() -> None:
    quotas = Quotas()

    one = quotas.of("projects/one", calls_per_min=60)

    assert quotas.known() == {"projects/one": one}


def test_projects_do_not_wait_for_each_other() -> None:
    clock = SteppedClock()
    quotas = Quotas(clock=clock.monotonic_s, sleep=clock.sleep)

    for owner, _ in itertools.product(("projects/a", "projects/b"), range(5)):
        quotas.of(owner, calls_per_min=5).acquire()

    assert clock.slept == []

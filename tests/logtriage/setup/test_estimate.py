"""Volume and time from a few looks."""

from hypothesis import given
from hypothesis import strategies as st

from collector.window import NS_PER_S
from logtriage.setup.estimate import Stretch, calls_of, stretch_of, volume_of

HOUR_NS = 3600 * NS_PER_S


def test_a_page_with_more_behind_it_tells_the_rest_by_its_density() -> None:
    found = stretch_of(0, 3 * HOUR_NS, seen=1000, has_more=True, last_ns=HOUR_NS // 2)

    assert (found.entries, found.is_counted) == (6000, False)
    assert stretch_of(0, 3 * HOUR_NS, seen=7, has_more=False, last_ns=5) == Stretch(10_800, 7, is_counted=True)


def test_a_page_of_one_instant_is_taken_for_a_second() -> None:
    assert stretch_of(0, HOUR_NS, seen=1000, has_more=True, last_ns=0).entries == 3_600_000
    assert stretch_of(0, HOUR_NS, seen=1000, has_more=True, last_ns=None).entries == 1000


def test_a_quiet_stretch_is_one_call_and_a_full_one_slices_of_an_hour() -> None:
    assert calls_of(Stretch(10_800, 1000, is_counted=True)) == 1
    assert calls_of(Stretch(10_800, 1001, is_counted=False)) == 3
    assert calls_of(Stretch(10_800, 30_000, is_counted=False)) == 30


@given(st.lists(st.floats(min_value=0, max_value=1e7), max_size=8))
def test_calls_can_carry_the_entries(entries: list[float]) -> None:
    stretches = [Stretch(10_800, one, is_counted=False) for one in entries]
    volume = volume_of(stretches, call_s=0.2, reads_per_min=60)

    assert volume.calls * 1000 + len(stretches) >= volume.entries
    assert volume.seconds >= volume.calls * 0.2

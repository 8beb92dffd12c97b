"""Pauses between failures: bursts are one event, few pauses promise little, regular ones much."""

import numpy as np
import pytest

from classifiers.verification.pauses import find_pauses

RANDOM = np.random.default_rng(7)
BURSTS = np.sort((np.array([0.2, 1.1, 2.4, 3.2, 4.6, 5.5, 6.8])[:, None] + np.linspace(0, 0.05, 7)).ravel())


def test_failures_of_one_burst_are_one_event() -> None:
    pauses = find_pauses(BURSTS)

    assert pauses is not None
    assert pauses.bursts == 7


def test_minutes_of_silence_say_little_after_seven_bursts_and_many_hours_much() -> None:
    pauses = find_pauses(BURSTS)

    assert pauses is not None
    assert pauses.lasts(25 / 60) > 0.5
    assert pauses.lasts(24.0) < 0.02


def test_the_same_number_of_failures_at_a_steady_rate_needs_a_fraction_of_that() -> None:
    bursts, steady = find_pauses(BURSTS), find_pauses(np.cumsum(RANDOM.exponential(6.9 / 49, 49)))

    assert bursts is not None
    assert steady is not None
    assert steady.within == 0
    assert steady.needed(0.02) < bursts.needed(0.02) / 3


def test_a_steady_rate_needs_about_four_mean_pauses() -> None:
    steady = find_pauses(np.cumsum(RANDOM.exponential(1.0, 400)))

    assert steady is not None
    assert 3 < steady.needed(0.02) < 5.5


def test_a_regular_beat_is_missed_soon() -> None:
    beats = find_pauses(np.arange(20.0))

    assert beats is not None
    assert beats.needed(0.02) < 1.5


def test_pauses_without_a_typical_length_need_far_more_than_the_longest_of_a_steady_rate() -> None:
    heavy = find_pauses(np.cumsum(RANDOM.pareto(1.1, 60)))

    assert heavy is not None
    assert heavy.needed(0.01) > heavy.longest


def test_a_pause_that_had_lasted_is_no_news() -> None:
    pauses = find_pauses(BURSTS)

    assert pauses is not None
    assert pauses.lasts(3.0, already=2.0) > pauses.lasts(3.0)
    assert pauses.lasts(2.0, already=2.0) == pytest.approx(1.0)


def test_longer_silence_is_never_likelier() -> None:
    pauses = find_pauses(BURSTS)

    assert pauses is not None
    chances = [pauses.lasts(long) for long in np.linspace(0, 50, 60)]
    assert chances == sorted(chances, reverse=True)


def test_what_is_needed_is_as_unlikely_as_was_asked() -> None:
    pauses = find_pauses(BURSTS)

    assert pauses is not None
    assert pauses.lasts(pauses.needed(0.02)) == pytest.approx(0.02, rel=0.02)


def test_a_silence_of_years_after_pauses_of_milliseconds_has_a_chance_too() -> None:
    pauses = find_pauses(np.array([0.0, 0.001, 0.0025]))

    assert pauses is not None
    assert 0 < pauses.lasts(2e6, already=1e6) < 1
    assert pauses.needed(0.02, already=1e6) > 1e7


@pytest.mark.parametrize("at", [[], [3.0], [3.0, 3.0]])
def test_fewer_than_two_moments_have_no_pauses(at: list[float]) -> None:
    assert find_pauses(np.array(at)) is None

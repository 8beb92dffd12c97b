import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.cases import Case
from classifiers.restless import restless_gain
from classifiers.rivals import outside_gain
from tests.support.cases import case, grid

HOURS = 40
PER_MINUTE = 0.3 / 1440


def hourly(counts: list[int]) -> Case:
    """So many failures in each hour, spread evenly, among ten requests a minute."""
    exposed = grid(shop=10.0, minutes=60 * len(counts))
    failed = [
        (60 * hour + 60 * (n + 0.5) / many, "shop") for hour, many in enumerate(counts) for n in range(many)
    ]  # fmt: skip
    return case(exposed, failed)


def test_a_rate_that_wanders_from_hour_to_hour_is_nobodys_doing() -> None:
    wandering = hourly(np.random.default_rng(3).negative_binomial(1, 1 / 13, HOURS).tolist())

    assert restless_gain(wandering) > outside_gain(wandering, is_over=False, per_minute=PER_MINUTE)[0]


def test_a_rate_that_stays_is_not_restless() -> None:
    assert restless_gain(hourly([12] * HOURS)) < 0


def test_a_beginning_is_told_from_it_by_its_order() -> None:
    begun = hourly([0] * 20 + [12] * 20)

    assert outside_gain(begun, is_over=False, per_minute=PER_MINUTE)[0] > restless_gain(begun) + 10


def test_two_hours_are_too_few_to_wander() -> None:
    assert restless_gain(hourly([0, 12])) == 0.0


@given(st.lists(st.integers(0, 30), min_size=3, max_size=24).filter(any))
@settings(max_examples=40, deadline=None)
def test_the_gain_is_finite_whatever_was_counted(counts: list[int]) -> None:
    assert np.isfinite(restless_gain(hourly(counts)))

"""Shares: back below the limit, still above it, or too few attempts to tell."""

import pytest

from classifiers.verification.rate_proof import limit_between, prove_rate


@pytest.mark.parametrize(
    ("failures", "attempts", "is_above", "is_below"),
    [(4, 400, False, True), (80, 400, True, False), (1, 40, False, False), (0, 0, False, False)],
)
def test_a_share_is_told_from_both_sides_of_its_limit(
    failures: int, attempts: int, *, is_above: bool, is_below: bool
) -> None:
    proof = prove_rate(failures, attempts, limit=limit_between(0.01, 0.2), old=0.01, bad=0.2, dispersion=1.0, prior=0.5)

    assert (proof.is_above, proof.is_below) == (is_above, is_below)


def test_so_many_attempts_as_are_needed_prove_it() -> None:
    terms = {"limit": limit_between(0.01, 0.2), "old": 0.01, "bad": 0.2, "dispersion": 1.0, "prior": 0.5}
    needed = prove_rate(0, 0, **terms).needed

    assert needed is not None
    assert prove_rate(round(0.01 * needed), needed, **terms).is_below


def test_clumps_count_once_each() -> None:
    calm, clumped = (
        prove_rate(0, 0, limit=0.05, old=0.01, bad=0.2, dispersion=spread, prior=0.5).needed for spread in (1.0, 6.0)
    )

    assert calm is not None
    assert clumped is not None
    assert clumped > 3 * calm


def test_the_limit_lies_between_the_old_share_and_the_bad_one() -> None:
    assert limit_between(0.01, 0.25) == pytest.approx(0.05)

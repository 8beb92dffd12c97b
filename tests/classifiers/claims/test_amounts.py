"""A written number is as wide as its wording."""

import pytest

from classifiers.claims.amounts import find_amounts, find_percents, find_ratios


@pytest.mark.parametrize(
    ("text", "fitting", "wrong"),
    [
        ("212 requests", 212, 230),
        ("50+ errors", 400, 49),
        ("about 40 errors", 43, 80),
        ("over 100 errors", 101, 60),
        ("at least 7 errors", 7, 5),
        ("fewer than 10 lines", 9, 12),
        ("up to 10 lines", 10, 12),
        ("40-50 calls", 45, 60),
        ("3,412 lines", 3412, 3000),
        ("1.2k lines", 1234, 2000),
        ("928x refused", 928, 900),
        ("seven users", 7, 9),
        ("almost 100 calls", 95, 120),
    ],
)
def test_a_number_fits_what_its_wording_allows(text: str, fitting: int, wrong: int) -> None:
    (found,) = find_amounts(text)

    assert found.amount.fits(fitting)
    assert not found.amount.fits(wrong)
    assert found.amount.refuted_by(wrong)


@pytest.mark.parametrize("text", ["v1.2.3", "#123", "10.47.24.56:6379", "P0", "00622-abc", "2026-09-14", "50%"])
def test_parts_of_names_are_no_amounts(text: str) -> None:
    assert find_amounts(text) == []


def test_a_percentage_is_known_to_a_point() -> None:
    (found,) = find_percents("97 % of the calls")

    assert found.amount.fits(97.5)
    assert not found.amount.fits(99.5)
    assert found.amount.refuted_by(60)


def test_a_ratio_is_a_part_of_a_whole() -> None:
    found = find_ratios("94 of 96 on one, 0/118 on the other, 24/7, and 12 out of 40")

    assert [(one.amount.low, one.of.low) for one in found if one.of] == [(94, 96), (0, 118), (12, 40)]

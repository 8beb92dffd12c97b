"""How counts, times and certainty are said."""

from typing import Any

import pytest

from classifiers.findings import Change, RevisionCount, Storm
from collector.window import NS_PER_S, Window
from logtriage.wording import (
    Near,
    change_mark,
    clock,
    failures_of,
    join_words,
    origin_words,
    plural,
    revision_clock,
    short_revision,
    span_words,
    storm_words,
    sure_word,
    unit_word,
)
from tests.support.findings import END_NS, HOUR_NS, cluster


@pytest.mark.parametrize(
    ("confidence", "word"),
    [
        (1.0, "very likely"),
        (0.9, "very likely"),
        (0.89, "likely"),
        (0.7, "likely"),
        (0.5, "suspected"),
        (0.49, "not shown to be guilty"),
        (0.0, "not shown to be guilty"),
    ],
)
def test_certainty_is_a_word(confidence: float, word: str) -> None:
    assert sure_word(confidence) == word


def test_a_time_carries_its_date_only_when_it_is_another() -> None:
    near = Near.of(Window(END_NS - 24 * HOUR_NS, END_NS))

    assert clock(END_NS - HOUR_NS, near) == "23:00"
    assert clock(END_NS, near) == "09-15 00:00"
    assert clock(END_NS - 366 * 24 * HOUR_NS, near) == "2025-09-14 00:00"


def test_in_a_window_longer_than_a_day_every_time_carries_its_date() -> None:
    near = Near.of(Window(END_NS - 24 * HOUR_NS - 1, END_NS))

    assert clock(END_NS - HOUR_NS, near) == "09-14 23:00"
    assert clock(END_NS - 366 * 24 * HOUR_NS, near) == "2025-09-14 00:00"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (187_200, "2 d 4 h"),
        (-1, "0 s"),
    ],
)
def test_durations_in_their_two_largest_units(seconds: float, words: str) -> None:
    assert span_words(round(seconds * NS_PER_S)) == words


def test_plural_and_units() -> None:
    assert plural(1, "incident") == "1 incident"
    assert plural(0, "entry", "entries") == "0 entries"
    assert plural(1234, "incident") == "1,234 incidents"
    assert unit_word("minutes", 1) == "instance minute"


def test_long_lists_are_counted() -> None:
    assert join_words([], 3) == ""
    assert join_words(["a", "b", "c"], 3) == "a, b and c"
    assert join_words(["a", "b", "c", "d"], 3) == "a, b and 2 more"


def test_a_revision_is_told_without_the_name_of_its_service() -> None:
    assert short_revision("shop-00008-bad", "shop") == "00008-bad"
    assert short_revision("shopper-1", "shop") == "shopper-1"
    assert revision_clock("shop-00008-bad", "shop", None, Near.day_of(END_NS)) == "00008-bad"


def test_changes_are_marked_by_their_direction() -> None:
    assert change_mark(Change("env_removed", "KEY")) == "- KEY"
    assert change_mark(Change("env_added", "KEY")) == "+ KEY"
    assert change_mark(Change("secret_ref_changed", "KEY")) == "~ KEY"
    assert change_mark(Change("image", "")) == "~ image"


def test_failures_without_exposure_say_so() -> None:
    assert failures_of(RevisionCount("s", "r", 60, 54, None, None)) == "60, only 54 known"
    assert failures_of(RevisionCount("s", "r", 0, 118, None, None)) == "0/118"
    assert failures_of(RevisionCount("s", "r", 3, None, None, None)) == "3 (exposure not known)"


def test_who_was_hit_is_counted_in_the_unit_of_the_cluster() -> None:
    assert origin_words(cluster()) == "94 requests: users 45, tests 45, 4 not known"
    assert origin_words(cluster(origin="tests", origin_counts=(("tests", 94),))) == "tests only, 94 requests"
    unknown = cluster(origin="unknown", test_share=None, units=1, origin_counts=(("unknown", 1),))
    assert origin_words(unknown) == "who was hit is not known, 1 request"
    assert origin_words(cluster(test_share=None, origin_counts=())) == "users and tests, 94 requests"


def test_senders_that_are_not_known_are_never_shared_out() -> None:
    counted = (("tests", 71), ("unknown", 1134), ("users", 571))

    told = origin_words(cluster(units=1776, test_share=0.11, origin_counts=counted))

    assert told == "1,776 requests: users 571, tests 71, 1,134 not known"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"bursts": 7, "peak_per_minute": 41, "failed_share": 0.958},
            "7 bursts, at most 41 a minute (96% of requests)",
        ),
        ({"bursts": 1, "peak_per_minute": 1200}, "1 burst, at most 1,200 a minute"),
        ({"period_s": (15.2, 29.8)}, "every 15-30 s"),
        ({"period_s": (60.0, 60.01)}, "every 60 s"),
        ({"period_s": (1.25, 2.9)}, "every 1.2-2.9 s"),
        ({"period_s": (157.0, 470.0), "is_per_instance": True}, "every 2.6-8 min in each instance"),
        ({"period_s": (9000.0, 10800.0)}, "every 2.5-3 h"),
        ({"lines_per_unit": 25.4, "period_s": (20.0, 20.0)}, "every 20 s, 25 lines a request"),
    ],
)
def test_a_storm_is_told_by_what_is_out_of_order_alone(changes: dict[str, Any], told: str) -> None:
    settings: dict[str, Any] = {
        "first_ns": 0, "last_ns": 1, "bursts": 0, "units": 9, "peak_per_minute": 9, "failed_share": None,
        "period_s": None, "is_per_instance": False, "lines_per_unit": 1.0,
    }  # fmt: skip

    assert storm_words(Storm(**(settings | changes)), "requests") == told

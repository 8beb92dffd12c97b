"""Written times in ISO and prose, in many zones."""

from datetime import date

import pytest

from classifiers.claims.times import Days, days_in, find_times, find_zone, zone_fitting
from collector.window import Window, parse_instant_ns

DAYS = Days((date(2026, 9, 14),), 2026)


def _ns(text: str) -> int:
    return parse_instant_ns(text, name="", now_ns=0)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("since 20:33 UTC", "2026-09-14T20:33Z"),
        ("at 20:33:05", "2026-09-14T20:33:05Z"),
        ("2026-09-15T00:43:00Z", "2026-09-15T00:43Z"),
        ("2026-09-15 00:43 UTC", "2026-09-15T00:43Z"),
        ("01:33 PST", "2026-09-14T09:33Z"),
        ("01:33 (Pacific, PDT)", "2026-09-14T08:33Z"),
        ("10:00+02:00", "2026-09-14T08:00Z"),
        ("10:00 (UTC+2)", "2026-09-14T08:00Z"),
        ("8:15 pm GMT", "2026-09-14T20:15Z"),
        ("20:33 on 16 September", "2026-09-16T20:33Z"),
        ("Sep 16, 2026 at 20:33", "2026-09-16T20:33Z"),
        ("16th of September, 20:33", "2026-09-16T20:33Z"),
    ],
)
def test_a_time_is_read(text: str, instant: str) -> None:
    (found,) = find_times(text, DAYS)

    assert _ns(instant) in found.moment.at_ns


@pytest.mark.parametrize("text", ["10.0.0.1:6379", "25:10", "ratio 3:1", "00:00:00:00"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert find_times(text, DAYS) == []


def test_a_time_without_a_date_may_lie_on_any_day_of_the_window() -> None:
    window = Window(_ns("2026-09-14T12:00Z"), _ns("2026-09-16T12:00Z"))

    (found,) = find_times("at 00:43", Days(days_in(window), 2026))

    assert found.moment.at_ns == tuple(_ns(f"2026-09-{day}T00:43Z") for day in (14, 15, 16))


def test_the_zone_of_a_whole_document_is_found() -> None:
    assert find_zone("All times in PST.") == -8
    assert find_zone("It takes some time to start.") is None


def test_a_local_time_taken_for_utc_names_its_zone() -> None:
    (found,) = find_times("13:33 UTC", DAYS)

    assert zone_fitting(found.moment, _ns("2026-09-14T20:33:20Z")) == "UTC-7"
    assert not zone_fitting(found.moment, _ns("2026-09-14T20:48Z"))


def test_a_day_that_is_none_is_no_error() -> None:
    assert find_times("2026-02-31 10:00", DAYS)[0].moment.at_ns

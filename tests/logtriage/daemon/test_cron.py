"""Cron lines: what is due when, on the days on which clocks move, and what is no line."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logtriage.daemon.cron import parse_cron

VIENNA = ZoneInfo("Europe/Vienna")  # forward at 02:00 on 2026-03-29, back at 03:00 on 2026-10-25


def _due(line: str, after: str, count: int, zone: ZoneInfo = VIENNA) -> list[str]:
    """The next instants, as that zone's wall clock shows them."""
    at, found = datetime.fromisoformat(after), []
    for _ in range(count):
        due = parse_cron(line).next_after(at, zone)
        assert due is not None
        assert due > at
        at = due
        found.append(at.astimezone(zone).isoformat(timespec="minutes"))
    return found


def test_a_time_that_the_clock_skips_is_due_once_as_much_later() -> None:
    assert _due("30 2 * * *", "2026-03-28T00:00+01:00", 3) == [
        "2026-03-28T02:30+01:00",
        "2026-03-29T03:30+02:00",
        "2026-03-30T02:30+02:00",
    ]


def test_a_time_that_comes_twice_is_due_the_first_time_only() -> None:
    assert _due("30 2 * * *", "2026-10-24T12:00+02:00", 2) == ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"]


def test_a_line_of_every_hour_counts_hours_that_pass() -> None:
    forward = _due("30 * * * *", "2026-03-29T00:45+01:00", 3)
    back = _due("30 * * * *", "2026-10-25T01:45+02:00", 3)

    assert forward == ["2026-03-29T01:30+01:00", "2026-03-29T03:30+02:00", "2026-03-29T04:30+02:00"]
    assert back == ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T03:30+01:00"]


def test_the_29th_of_february_is_due_in_leap_years_alone() -> None:
    assert _due("0 3 29 2 *", "2026-01-01T00:00+00:00", 2, ZoneInfo("UTC")) == [
        "2028-02-29T03:00+00:00",
        "2032-02-29T03:00+00:00",
    ]
    assert _due("0 3 29 2 *", "2096-03-01T00:00+00:00", 1, ZoneInfo("UTC")) == ["2104-02-29T03:00+00:00"]


def test_either_day_will_do_where_both_are_given() -> None:
    assert _due("0 8 13 * fri", "2026-11-01T00:00+01:00", 4) == [
        "2026-11-06T08:00+01:00",
        "2026-11-13T08:00+01:00",
        "2026-11-20T08:00+01:00",
        "2026-11-27T08:00+01:00",
    ]


@pytest.mark.parametrize("day", ["0", "7", "sun"])
def test_sunday_has_three_names(day: str) -> None:
    assert _due(f"0 8 * * {day}", "2026-11-02T00:00+01:00", 1) == ["2026-11-08T08:00+01:00"]


def test_lists_ranges_and_steps_count_as_cron_counts_them() -> None:
    assert _due("0,20-40/10 6 1 jan-mar/2 *", "2026-01-01T00:00+01:00", 5) == [
        "2026-01-01T06:00+01:00",
        "2026-01-01T06:20+01:00",
        "2026-01-01T06:30+01:00",
        "2026-01-01T06:40+01:00",
        "2026-03-01T06:00+01:00",
    ]
    assert _due("5/25 6 * * *", "2026-01-01T00:00+01:00", 3)[1:] == ["2026-01-01T06:30+01:00", "2026-01-01T06:55+01:00"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 3 * *", "five fields (15 3 * * *), and this has 4"),
        ("60 3 * * *", "minute `60` is not in 0-59"),
        ("0 24 * * *", "hour `24` is not in 0-23"),
        ("0 3 0 * *", "day of the month `0`"),
        ("0 3 * foo *", "month `foo` is not in 1-12"),
        ("0 3 * * 8", "day of the week `8`"),
        ("5-1 3 * * *", "minute `5-1` runs backwards"),
        ("*/0 3 * * *", "minute `*/0` has no value"),
        ("0 3 ? * *", "is none of *, 5, 1-5, */10"),
        ("0 3 31 2 *", "no such day"),
    ],
)
def test_what_is_no_line_says_which_field(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("*", r"\*").replace("(", r"\(").replace(")", r"\)")):
        parse_cron(line)


_FIELD = st.sampled_from(["*", "*/7", "0", "3", "1-5", "2,9"])
_ZONES = st.sampled_from(["UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])


@settings(max_examples=60, deadline=None)
@given(minute=_FIELD, hour=_FIELD, day=st.sampled_from(["*", "1", "28-31"]), zone=_ZONES, at_h=st.integers(0, 9000))
def test_what_is_due_lies_ahead_with_nothing_between(minute: str, hour: str, day: str, zone: str, at_h: int) -> None:
    cron, there = parse_cron(f"{minute} {hour} {day} * *"), ZoneInfo(zone)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=at_h)

    due = cron.next_after(at, there)

    assert due is not None
    assert at < due
    middle = at + (due - at) / 2
    assert cron.next_after(middle, there) == due


def test_a_week_may_end_on_sunday_and_what_runs_backwards_is_told_the_right_way_round() -> None:
    assert parse_cron("0 9 * * mon-sun").weekdays == frozenset(range(7))
    assert parse_cron("0 9 * * fri-sun").weekdays == {5, 6, 0}
    assert parse_cron("0 9 * * sun").weekdays == parse_cron("0 9 * * sun-sun").weekdays == {0}
    with pytest.raises(ValueError, match="its hour `22-2` runs backwards; give `22-23,0-2`"):
        parse_cron("0 22-2 * * *")

"""The course of a failure in columns adds up to what was counted."""

import pytest

from classifiers.series import COLUMNS, REVISIONS, series_of, with_series
from collector.replacing import replace
from collector.window import Window
from tests.support.cases import MINUTE_NS, case, grid
from tests.support.findings import attribution, cluster

WINDOW = Window(120 * MINUTE_NS, 240 * MINUTE_NS)


def test_columns_hold_what_failed_and_what_was_asked_by_revision() -> None:
    asked = grid({"good": [5.0] * 180 + [0.0] * 60, "bad": [0.0] * 180 + [4.0] * 60})
    course = series_of(case(asked, [(at + 0.5, "bad") for at in range(180, 240)]), WINDOW)

    assert course is not None
    good, bad = course.rows
    assert (good.revision, bad.revision) == ("good", "bad")
    assert sum(good.failed) == 0
    assert sum(bad.failed) == 60
    assert sum(bad.exposed) == 240
    assert len(bad.failed) == len(good.exposed) <= COLUMNS
    assert course.start_ns + len(bad.failed) * course.column_ns >= WINDOW.end_ns


def test_some_time_before_the_window_and_before_the_onset_is_drawn() -> None:
    late, early = (case(grid(one=3.0), [(at + 0.5, "one") for at in range(since, 240)]) for since in (200, 122))

    courses = [series_of(one, WINDOW) for one in (late, early)]

    starts = [one.start_ns // MINUTE_NS for one in courses if one]
    assert starts[0] == 105
    assert 85 <= starts[1] <= 92


def test_nothing_is_drawn_from_before_what_is_known() -> None:
    failing = case(grid(one=3.0), [(at + 0.5, "one") for at in range(2, 240)])

    course = series_of(failing, Window(0, 240 * MINUTE_NS))

    assert course is not None
    assert course.start_ns == 0


def test_what_failed_was_exposed_although_no_request_is_known_there() -> None:
    course = series_of(case(grid(one=0.0), [(200.5, "one")]), WINDOW)

    assert course is not None
    assert (sum(course.rows[0].failed), sum(course.rows[0].exposed)) == (1, 1)


def test_where_nothing_was_asked_there_is_no_course() -> None:
    early = case(grid(one=0.0), [(3.5, "one")])

    assert series_of(early, Window(220 * MINUTE_NS, 240 * MINUTE_NS)) is None


def test_many_revisions_are_summed_but_for_those_that_failed_most_and_those_named() -> None:
    asked = grid({f"r{n:02d}": [2.0] * 240 for n in range(30)})
    failing = case(asked, [(150 + n + 0.5, f"r{n:02d}") for n in range(20, 30)])

    course = series_of(failing, WINDOW, attribution(service="orders", revision="r00", good_revision=None))

    assert course is not None
    names = [row.revision for row in course.rows]
    assert len(names) == REVISIONS
    assert {"r00", *(f"r{n}" for n in range(20, 30)), ""} == set(names)
    assert names[-1] == ""
    assert sum(sum(row.failed) for row in course.rows) == 10


@pytest.mark.parametrize("minutes", [61, 95, 96, 97, 1000, 4000])
def test_there_are_never_more_columns_than_can_be_drawn(minutes: int) -> None:
    failing = case(grid(one=1.0, minutes=minutes), [(minutes - 1.5, "one")])

    course = series_of(failing, Window(0, minutes * MINUTE_NS))

    assert course is not None
    assert 0 < len(course.rows[0].failed) <= COLUMNS
    assert sum(course.rows[0].exposed) == minutes


def test_clusters_get_the_course_of_their_case() -> None:
    failing = replace(case(grid({"shop-00008-bad": [2.0] * 240}), [(200.5, "shop-00008-bad")]), cluster_id="c-pay")

    told = with_series((cluster(), cluster(id="other", attribution=attribution())), [failing], WINDOW)

    assert told[0].series is not None
    assert told[1].series is None

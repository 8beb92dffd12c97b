"""Trials of one subject become a case with their own exposure."""

import polars as pl

from classifiers.cases import Case
from classifiers.config import OnsetConfig
from classifiers.exposure import Timeline
from classifiers.trials import TRIAL_SCHEMA, Subject, trial_case

MINUTE_NS = 60_000_000_000
START_NS = 1_700_000_000_000_000_000 // MINUTE_NS * MINUTE_NS
SUBJECT = Subject("absent", "p", "shop", "order.paid", "`order.paid` is missing")


def trials(bad_from: int, many: int = 600) -> pl.DataFrame:
    """One trial a minute; from place `bad_from` on all are bad, and of revision b."""
    rows = [
        (
            "b" if place >= bad_from else "a",
            START_NS + place * MINUTE_NS + 1,
            f"{place:032x}",
            "tests" if place % 2 else "users",
            place >= bad_from,
        )
        for place in range(many)
    ]
    return pl.DataFrame(rows, schema=TRIAL_SCHEMA, orient="row")


def case_of(frame: pl.DataFrame, start: int = 0) -> Case | None:
    timeline = Timeline.over(START_NS, START_NS + 600 * MINUTE_NS)
    return trial_case(SUBJECT, frame, timeline=timeline, start_ns=START_NS + start * MINUTE_NS, config=OnsetConfig())


def test_bad_trials_begin_where_they_begin_and_all_trials_are_the_exposure() -> None:
    case = case_of(trials(400))

    assert case is not None
    assert case.fit.is_change
    assert case.fit.at_ns == START_NS + 400 * MINUTE_NS + 1
    assert {name: counts.sum() for name, counts in case.grid.by_revision.items()} == {"a": 400, "b": 200}
    assert case.units == 200
    assert case.origins == {"tests": 100, "users": 100}
    assert set(case.revisions) == {"b"}


def test_only_what_is_bad_in_the_window_counts_there() -> None:
    case = case_of(trials(400), start=500)

    assert case is not None
    assert case.in_window == 100


def test_nothing_bad_is_no_case() -> None:
    assert case_of(trials(600)) is None


def test_the_id_is_of_the_subject_alone() -> None:
    assert SUBJECT.id == Subject("absent", "p", "shop", "order.paid", "told otherwise").id
    assert SUBJECT.id != Subject("hollow", "p", "shop", "order.paid", "`order.paid` is missing", "total").id

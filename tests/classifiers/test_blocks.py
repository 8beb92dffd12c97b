"""Blocks: what comes after some triggers only is missed where a row of them goes without."""

import polars as pl
import pytest

from classifiers.blocks import in_blocks


def trials_of(**came: str) -> pl.DataFrame:
    """Triggers of revisions in the order given; `x` had the event, `.` had not."""
    rows = [(name, place, mark) for name, marks in came.items() for place, mark in enumerate(marks)]
    return pl.DataFrame(
        {
            "revision": [name for name, _, _ in rows],
            "at_ns": range(len(rows)),
            "trace": [f"{name}{place}" for name, place, _ in rows],
            "origin": ["users"] * len(rows),
            "is_bad": [mark == "." for _, _, mark in rows],
        }
    )


def test_an_event_that_nearly_always_comes_needs_no_blocks() -> None:
    trials = trials_of(old="xxxx." * 10, new="." * 20)

    assert in_blocks(trials).equals(trials)


def test_a_row_of_triggers_without_their_event_is_bad() -> None:
    blocks = in_blocks(trials_of(old="x.x.." * 20, new="." * 40))

    assert blocks.filter(pl.col("revision") == "old")["is_bad"].sum() == 0
    assert blocks.filter(pl.col("revision") == "new")["is_bad"].all()
    assert blocks.filter(pl.col("revision") == "new")["trace"][0] == "new0"


def test_what_came_in_bursts_takes_longer_blocks() -> None:
    even, bursts = (in_blocks(trials_of(old=old * 20, new="." * 60)) for old in ("x." * 6, "xxxxxx......"))

    assert bursts.filter(pl.col("revision") == "old")["is_bad"].sum() <= 1
    assert bursts.height < even.height


@pytest.mark.parametrize("old", ["x" * 40 + "." * 160 + "x" * 40, "." * 50, "x."])
def test_what_comes_too_unsteadily_or_never_is_not_missed(old: str) -> None:
    assert in_blocks(trials_of(old=old, new="." * 60)).is_empty()


def test_a_revision_with_too_few_triggers_makes_no_block() -> None:
    blocks = in_blocks(trials_of(old="x.x.." * 20, new="..."))

    assert set(blocks["revision"]) == {"old"}

"""Two sets of traces as one sequence: what became of each step, and what is left out for want of room."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from classifiers.flow_compare import MOST_PARTICIPANTS, MOST_STEPS, Compared, compare_traces

Call = tuple[str, str, str]
ENTRY: Call = ("", "shop", "POST /pay")


def side(count: int, calls: Sequence[Call], *, prefix: str = "t", **more: Any) -> pl.DataFrame:
    """So many traces with these calls one after the other; `only` names calls of the first `of` traces."""
    only, of = more.get("only", ()), more.get("of", count)
    rows = [
        {
            "trace": f"{prefix}{number:03}",
            "caller": caller, "callee": callee, "callee_kind": more.get("kind", "service"),
            "peer": f"{callee}.example" if more.get("kind") != "peer" else callee,
            "operation": operation, "answered": "", "is_line": caller == callee and operation.startswith("line"),
            "begin_ns": at, "took_ns": 10 + at, "is_bad": operation in more.get("bad", ()), "text": "",
        }
        for number in range(count)
        for at, (caller, callee, operation) in enumerate(calls)
        if operation not in only or number < of
    ]  # fmt: skip
    return pl.DataFrame(rows)


def courses(found: Compared) -> dict[str, str]:
    return {one.operation: one.course for one in found.steps}


def test_what_became_of_a_step_is_said_by_all_traces_and_not_by_the_typical_one() -> None:
    calls: list[Call] = [ENTRY, ("shop", "bank", "debit"), ("shop", "mail", "send"), ("shop", "log", "note")]

    found = compare_traces(side(40, calls), side(40, calls[:3], prefix="u", only=("send",), of=12))

    assert courses(found) == {"POST /pay": "kept", "debit": "kept", "send": "fewer", "note": "lost"}


def test_a_step_that_comes_more_often_or_new_is_told() -> None:
    calls: list[Call] = [ENTRY, ("shop", "mail", "send"), ("shop", "log", "note")]

    found = compare_traces(side(40, calls[:2], only=("send",), of=12), side(40, calls, prefix="u"))

    assert courses(found) == {"POST /pay": "kept", "send": "more", "note": "new"}


def test_of_few_traces_a_lost_step_may_be_chance() -> None:
    found = compare_traces(side(3, [ENTRY, ("shop", "bank", "debit")]), side(1, [ENTRY], prefix="u"))

    assert found.steps[1].course == "lost"
    assert found.steps[1].p_value > 0.05


def test_steps_that_changed_are_kept_where_there_is_no_room_for_all() -> None:
    same: list[Call] = [("shop", "shop", f"work {name}") for name in "abcdefghijklmnopqrstuvwxyz"]
    calls = [ENTRY, *same, ("shop", "bank", "debit")]

    found = compare_traces(side(30, calls), side(30, calls[:-1], prefix="u"))

    assert len(found.steps) == MOST_STEPS
    assert found.steps[-1].operation == "debit"
    assert found.skipped == len(calls) - MOST_STEPS
    assert sum(one.skipped for one in found.steps) == found.skipped


def test_participants_beyond_the_room_are_counted() -> None:
    calls: list[Call] = [ENTRY, *(("shop", f"part {name}", "ask") for name in "abcdefghijkl")]

    found = compare_traces(side(30, calls), side(30, calls, prefix="u"))

    assert len(found.participants) == MOST_PARTICIPANTS
    assert found.gaps == len(calls) + 1 - MOST_PARTICIPANTS
    assert found.skipped == found.gaps


def test_only_traces_that_begin_alike_are_compared() -> None:
    other = side(10, [("", "gate", "open"), ("gate", "shop", "POST /pay")], prefix="x")

    found = compare_traces(pl.concat([side(20, [ENTRY]), other]), side(30, [ENTRY], prefix="u"))

    assert (found.traces_before, found.traces_after) == (20, 30)
    assert found.participants == ("", "shop")


def test_a_call_that_never_got_there_is_one_to_the_service_behind_that_name() -> None:
    refused = side(20, [("shop", "bank.example", "debit")], prefix="u", kind="peer", bad=("debit",))
    since = pl.concat([side(20, [ENTRY], prefix="u"), refused])

    found = compare_traces(side(20, [ENTRY, ("shop", "bank", "debit")]), since)

    assert courses(found) == {"POST /pay": "kept", "debit": "kept"}
    assert found.participants == ("", "shop", "bank")


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_rows_changes_nothing(order: int) -> None:
    calls: list[Call] = [ENTRY, ("shop", "bank", "debit"), ("shop", "shop", "line one")]
    before, after = side(20, calls), side(20, calls[:2], prefix="u", bad=("debit",))

    found = compare_traces(before[::order], after[::order])

    assert [one.operation for one in found.steps] == ["POST /pay", "debit", "line one"]
    assert (found.steps[1].after.failed, found.steps[1].after.fails) == (20, 1.0)
    assert (found.trace_before, found.trace_after) == ("t000", "u000")

"""The typical trace of an operation, and two of them side by side."""

from pathlib import Path

from classifiers.flow_typical import TypicalTrace, align_traces, find_typical
from classifiers.regions import read_placed_facts
from tests.support.journeys import NEW, OLD, SERVICE, Step, served, served_lines, window_of
from tests.support.spans import exported
from tests.support.system import System

LATER_S = 3600.0


def typical(system: System, folder: Path, revision: str, operation: str = "POST /pay") -> TypicalTrace | None:
    with system.stored(folder, is_signed=False).read() as reader:
        read_placed_facts(reader, end_ns=window_of().end_ns)
        return find_typical(reader, SERVICE, revision, operation, window=window_of())


def some(number: int) -> list[Step]:
    rare: list[Step] = ["retry", "fallback"] if number % 7 == 0 else []
    return ["accept", ("auth", ["token.check"]), *rare, "store"]


def test_the_trace_that_is_like_most_others_is_typical_with_its_steps_in_order(tmp_path: Path) -> None:
    system = System()
    served(system, OLD, 40, some)

    found = typical(system, tmp_path, OLD)

    assert found is not None
    assert [(step.operation, step.depth) for step in found.steps] == [
        ("POST /pay", 0), ("accept", 1), ("auth", 1), ("token.check", 2), ("store", 1),
    ]  # fmt: skip
    assert found.traces == 38
    assert {step.traces for step in found.steps} == {38}
    assert (found.steps[0].begin_ns, found.steps[1].begin_ns, found.steps[1].p50_ns) == (0, 100_000_000, 200_000_000)


def test_steps_of_other_services_and_lines_are_in_it(tmp_path: Path) -> None:
    system = System()
    for number in range(30):
        trace, own = f"{number + 1:032x}", f"{number + 1:016x}"
        system.export(exported(number * 5, SERVICE, trace, own, name="POST /pay", revision=OLD, took_s=2))
        system.export(exported(number * 5 + 0.2, "bank", trace, "b" * 16, parent=own, name="debit"))
        system.line(number * 5 + 0.4, SERVICE, OLD, f"order {number + 1000} paid", trace=trace, severity="INFO")

    found = typical(system, tmp_path, OLD)

    assert found is not None
    assert [(step.service, step.kind, step.operation) for step in found.steps] == [
        (SERVICE, "span", "POST /pay"), ("bank", "span", "debit"), (SERVICE, "line", "order <number> paid"),
    ]  # fmt: skip
    assert found.steps[2].traces == found.traces


def test_without_spans_the_lines_are_the_steps(tmp_path: Path) -> None:
    system = System()
    served_lines(system, OLD, 30, ["accept {n}", "welcome"])

    found = typical(system, tmp_path, OLD, "GET /socket")

    assert found is not None
    assert [step.operation for step in found.steps] == ["accept <number>", "welcome"]


def test_circles_of_parents_end(tmp_path: Path) -> None:
    system = System()
    for number in range(20):
        trace, at_s = f"{number + 1:032x}", number * 5.0
        system.export(exported(at_s, SERVICE, trace, "a" * 16, parent="b" * 16, name="one", revision=OLD))
        system.export(exported(at_s + 1, SERVICE, trace, "b" * 16, parent="a" * 16, name="two", revision=OLD))

    found = typical(system, tmp_path, OLD, "one")

    assert found is not None
    assert [step.operation for step in found.steps] == ["one", "two"]
    assert max(step.depth for step in found.steps) <= 40


def test_an_operation_that_nobody_asked_for_has_none(tmp_path: Path) -> None:
    system = System()
    served(system, OLD, 20, ["accept"])

    with system.stored(tmp_path, is_signed=False).read() as reader:
        read_placed_facts(reader, end_ns=window_of().end_ns)
        found = [
            find_typical(reader, SERVICE, *asked, window=window_of()) for asked in ((OLD, "GET /x"), (NEW, "POST /pay"))
        ]

    assert found == [None, None]


def test_two_traces_side_by_side_keep_lose_and_gain_steps(tmp_path: Path) -> None:
    system = System()
    served(system, OLD, 30, ["accept", "auth.verify", "store"])
    served(system, NEW, 30, ["accept", "store", "audit"], start_s=LATER_S)
    with system.stored(tmp_path, is_signed=False).read() as reader:
        read_placed_facts(reader, end_ns=window_of().end_ns)
        old, new = (find_typical(reader, SERVICE, name, "POST /pay", window=window_of()) for name in (OLD, NEW))
    assert old is not None
    assert new is not None

    told = [(one.course, (one.before or one.after or old.steps[0]).operation) for one in align_traces(old, new)]

    assert told == [
        ("kept", "POST /pay"), ("kept", "accept"), ("lost", "auth.verify"), ("kept", "store"), ("new", "audit"),
    ]  # fmt: skip

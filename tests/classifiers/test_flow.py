"""Steps that two revisions take inside traces: what was lost and what is new, and when nothing may be said."""

import random
from pathlib import Path

import pytest

from classifiers.edges import FlowEdge
from classifiers.flow_edges import fisher
from tests.support.journeys import NEW, OLD, SERVICE, Step, flow_of, served, served_lines
from tests.support.spans import exported
from tests.support.system import System

STEPS = ["accept", "auth.verify", "store"]
LATER_S = 3600.0


def both(system: System, old: object, new: object, *, many: tuple[int, int] = (60, 40), **more: object) -> System:
    served(system, OLD, many[0], old, **more)  # type: ignore[arg-type] # what served takes
    served(system, NEW, many[1], new, start_s=LATER_S, **more)  # type: ignore[arg-type] # as above
    return system


def told(edges: tuple[FlowEdge, ...]) -> list[tuple[str, str, str, str]]:
    return [(one.course, one.parent, one.step, one.follows) for one in edges]


def test_a_step_that_is_taken_no_more_is_lost_with_its_counts(tmp_path: Path) -> None:
    flow = flow_of(both(System(), STEPS, ["accept", "store"]), tmp_path)

    assert told(flow.edges) == [("lost", "POST /pay", "auth.verify", "accept")]
    edge = flow.edges[0]
    assert (edge.with_before, edge.reached_before, edge.with_after, edge.reached_after) == (60, 60, 0, 38)
    assert edge.p_value < 1e-15
    assert len(edge.traces) == 3
    assert (flow.basis, flow.taken_before, flow.traces_after) == ("spans", 60, 40)


def test_a_step_that_is_taken_now_is_new_and_says_what_it_follows(tmp_path: Path) -> None:
    flow = flow_of(both(System(), ["accept", "store"], STEPS), tmp_path)

    assert told(flow.edges) == [("new", "POST /pay", "auth.verify", "accept")]


def test_nothing_is_told_of_revisions_that_do_the_same(tmp_path: Path) -> None:
    dice = random.Random(3)

    def some(_: int) -> list[Step]:
        return [step for step in [*STEPS, "cache.read", "mail"] if dice.random() < 0.7]

    flow = flow_of(both(System(), some, some, many=(150, 100)), tmp_path)

    assert flow.edges == ()
    assert flow.looked > 10


def test_a_moved_step_is_a_lost_order(tmp_path: Path) -> None:
    flow = flow_of(both(System(), STEPS, ["auth.verify", "accept", "store"]), tmp_path)

    assert [one.kind for one in flow.edges] == ["order"]
    assert told(flow.edges) == [("lost", "POST /pay", "auth.verify", "accept")]


def test_steps_that_ran_side_by_side_and_wait_now_are_a_new_order(tmp_path: Path) -> None:
    system = System()
    served(system, OLD, 80, ["stock", "price"], at_once=True)
    served(system, NEW, 80, ["stock", "price"], start_s=LATER_S)

    flow = flow_of(system, tmp_path)

    assert [one.kind for one in flow.edges] == ["order"]
    assert told(flow.edges) == [("new", "POST /pay", "price", "stock")]


def test_the_deeper_edge_is_told_first(tmp_path: Path) -> None:
    old: list[Step] = [("auth", ["token.read", "token.check"]), "store"]
    new: list[Step] = [("auth", ["token.read"])]

    flow = flow_of(both(System(), old, new), tmp_path)

    assert told(flow.edges) == [
        ("lost", "auth", "token.check", "token.read"),
        ("lost", "POST /pay", "store", "auth"),
    ]
    assert [one.depth for one in flow.edges] == [1, 0]


def test_a_renamed_step_is_replaced_and_neither_lost_nor_new(tmp_path: Path) -> None:
    flow = flow_of(both(System(), STEPS, ["accept", "auth.verify_v2", "store"]), tmp_path)

    assert [(one.course, one.step, one.replaced_by) for one in flow.edges] == [
        ("replaced", "auth.verify", "auth.verify_v2")
    ]


def test_a_step_that_fails_replaces_nothing(tmp_path: Path) -> None:
    flow = flow_of(both(System(), STEPS, ["accept", "auth.verify!", "store"]), tmp_path)

    assert [(one.course, one.step) for one in flow.edges] == [("lost", "auth.verify"), ("new", "auth.verify!")]


def test_a_renamed_operation_loses_no_steps(tmp_path: Path) -> None:
    system = System()
    served(system, OLD, 60, STEPS)
    served(system, NEW, 60, STEPS, start_s=LATER_S, name="POST /payments")

    flow = flow_of(system, tmp_path)

    assert flow.edges == ()
    assert flow.unreached == ("POST /pay",)


def test_names_are_masked_as_routes_are(tmp_path: Path) -> None:
    def old(number: int) -> list[Step]:
        return [f"GET /orders/{number + 1000}", f"job 4f3a9c{number:02x}e1b2"]

    assert flow_of(both(System(), old, lambda number: old(number + 500)), tmp_path).edges == ()


def test_a_step_that_some_traffic_asks_for_is_fewer_and_not_lost(tmp_path: Path) -> None:
    flow = flow_of(
        both(System(), lambda number: STEPS if number % 2 else ["accept", "store"], ["accept", "store"]), tmp_path
    )

    assert told(flow.edges) == [("fewer", "POST /pay", "auth.verify", "accept")]


def test_a_step_of_some_hours_only_is_not_told(tmp_path: Path) -> None:
    system = both(System(), lambda number: STEPS if number < 30 else ["accept", "store"], ["accept", "store"])

    assert flow_of(system, tmp_path).edges == ()


def test_few_traces_prove_nothing(tmp_path: Path) -> None:
    assert flow_of(both(System(), STEPS, ["accept", "store"], many=(120, 6)), tmp_path).edges == ()


def test_torn_traces_and_unfinished_operations_do_not_count(tmp_path: Path) -> None:
    system = both(System(), STEPS, STEPS)
    served(system, NEW, 50, STEPS, start_s=2 * LATER_S, is_torn=True)
    served(system, NEW, 50, [], start_s=3 * LATER_S, took_s=None)
    served(system, NEW, 20, STEPS, start_s=4 * LATER_S)

    flow = flow_of(system, tmp_path)

    assert flow.edges == ()
    assert (flow.torn_before, flow.torn_after) == (0, 50)


def test_an_entry_whose_caller_is_unknown_is_whole(tmp_path: Path) -> None:
    flow = flow_of(both(System(), STEPS, ["accept", "store"], parent="e" * 16), tmp_path)

    assert [one.step for one in flow.edges] == ["auth.verify"]
    assert flow.torn_before == 0


def test_loops_and_circles_end(tmp_path: Path) -> None:
    system = both(System(), ["retry"] * 4, [*["retry"] * 9, "store"])
    for number, revision in enumerate((OLD, NEW)):
        trace = f"{number + 1:032x}"
        system.export(exported(1, SERVICE, trace, "a" * 16, parent="b" * 16, name="ring", revision=revision))
        system.export(exported(1, SERVICE, trace, "b" * 16, parent="a" * 16, name="ring", revision=revision))
        system.export(exported(1, SERVICE, trace, "c" * 16, parent="c" * 16, name="self", revision=revision))

    flow = flow_of(system, tmp_path)

    assert told(flow.edges) == [("new", "POST /pay", "store", "retry")]


def test_a_consumer_that_links_to_the_trace_is_a_step_of_it(tmp_path: Path) -> None:
    system = System()
    for number in range(120):
        revision, at_s = (OLD, number * 5.0) if number < 60 else (NEW, LATER_S + number * 5.0)
        trace, own = f"{number + 1:032x}", f"{number + 1:016x}"
        system.export(exported(at_s, SERVICE, trace, own, name="POST /pay", revision=revision))
        if revision == OLD:
            link = f"{trace}:{own}"
            system.export(
                exported(at_s + 1, "mailer", f"{number + 9000:032x}", own, name="send", kind="consumer", links=[link])
            )

    flow = flow_of(system, tmp_path)

    assert told(flow.edges) == [("lost", "POST /pay", "mailer: send", "")]


def test_without_spans_the_lines_of_each_request_are_its_steps(tmp_path: Path) -> None:
    system = System()
    served_lines(system, OLD, 60, ["accept socket {n}", "user {n} verified", "welcome sent"])
    served_lines(system, NEW, 60, ["accept socket {n}", "token refused", "closed with 1011"], start_s=LATER_S)

    flow = flow_of(system, tmp_path)

    assert flow.basis == "lines"
    assert {(one.course, one.step.split()[0], one.follows.split()[0]) for one in flow.edges} == {
        ("lost", "user", "accept"), ("lost", "welcome", "user"), ("new", "token", "accept"), ("new", "closed", "token"),
    }  # fmt: skip
    assert {one.parent for one in flow.edges} == {"GET /socket"}


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    system = System()
    served(system, OLD, 20, STEPS)

    assert flow_of(system, tmp_path).why_not == f"no trace of {NEW} is stored"
    assert flow_of(system, tmp_path, after=OLD).why_not == "they are one revision"


@pytest.mark.parametrize(
    ("counts", "p_value"),
    [((3, 3, 0, 3), 0.1), ((8, 10, 1, 9), 0.0054774946), ((5, 5, 5, 5), 1.0), ((0, 0, 4, 4), 1.0)],
)
def test_fishers_test_is_exact(counts: tuple[int, int, int, int], p_value: float) -> None:
    assert fisher(*counts) == pytest.approx(p_value, rel=1e-4)

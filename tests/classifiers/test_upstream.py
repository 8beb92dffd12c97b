"""Events of a service that nobody calls any more: their trigger is looked for one service up."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from classifiers.findings import Absence
from tests.support.system import HOUR, START_NS, System

OLD, NEW = "front-00001-aaa", "front-00002-bbb"
CHANGE_S, END_S, EVERY_S = 3 * HOUR, 6 * HOUR, 40


def chain(*, stops: bool, is_deployed: bool = True, is_traced: bool = True, is_asked: bool = True) -> System:
    """A front that hands on what it is asked to a desk, until it no longer does. The desk is asked otherwise too."""
    system = System()
    system.deploy(-HOUR, "front", OLD, image="a")
    system.deploy(-HOUR, "desk", "desk-00001-aaa", image="a")
    if is_deployed:
        system.deploy(CHANGE_S - 60, "front", NEW, image="b")
    for at_s in range(0, END_S, EVERY_S):
        at_s = at_s + at_s * 7919 % 37  # noqa: PLW2901 - nobody asks at even times
        revision = NEW if is_deployed and at_s >= CHANGE_S else OLD
        trace = system.request(at_s, "front", revision, path="/orders", latency_s=1, is_traced=is_traced)
        here = trace if is_traced else ""
        system.line(at_s, "front", revision, "order taken", severity="INFO", trace=here)
        if at_s < CHANGE_S or not stops:
            if is_asked:
                system.request(at_s + 0.2, "desk", "desk-00001-aaa", trace=trace, path="/seats", is_traced=is_traced)
            system.line(at_s + 0.3, "desk", "desk-00001-aaa", "event=seat.taken seat=a", severity="INFO", trace=here)
        if at_s % 5 == 0:
            system.line(at_s, "desk", "desk-00001-aaa", "still here", severity="INFO")
    return system


def missing(system: System, folder: Path) -> list[Absence]:
    return list(system.findings(folder, END_S).absent_events)


@pytest.mark.parametrize("is_asked", [True, False])
def test_an_event_whose_caller_no_longer_calls_is_told_of_the_caller(is_asked: bool, tmp_path: Path) -> None:  # noqa: FBT001 - parametrised
    (event,) = missing(chain(stops=True, is_asked=is_asked), tmp_path)

    assert (event.event, event.service, event.trigger) == ("seat.taken", "desk", "front GET /orders")
    assert event.attribution is not None
    assert (event.attribution.service, event.attribution.revision) == ("front", NEW)
    assert event.attribution.confidence > 0.5
    assert event.since.seen == 0


def test_what_ends_for_all_revisions_while_the_caller_goes_on_is_blamed_on_nobody(tmp_path: Path) -> None:
    (event,) = missing(chain(stops=True, is_deployed=False), tmp_path)

    assert (event.event, event.kind, event.attribution) == ("seat.taken", "stopped", None)


def test_without_traces_numbers_tell_what_an_event_comes_after(tmp_path: Path) -> None:
    (event,) = missing(chain(stops=True, is_traced=False, is_asked=False), tmp_path)

    assert event.trigger == "front GET /orders"
    assert event.attribution is not None
    assert event.attribution.revision == NEW
    assert "joined to requests by number" in event.evidence[0].statement


@pytest.mark.parametrize("is_traced", [True, False])
def test_a_deploy_after_which_the_caller_goes_on_calling_misses_nothing(is_traced: bool, tmp_path: Path) -> None:  # noqa: FBT001 - parametrised
    assert missing(chain(stops=False, is_traced=is_traced, is_asked=False), tmp_path) == []


def test_what_comes_as_often_by_chance_alone_is_not_joined(tmp_path: Path) -> None:
    system = System()
    chance = Random(5)
    system.deploy(-HOUR, "front", OLD, image="a")
    system.deploy(CHANGE_S - 60, "front", NEW, image="b")
    at_s = 0.0
    while (at_s := at_s + chance.expovariate(1 / EVERY_S)) < END_S:
        revision = NEW if at_s >= CHANGE_S else OLD
        system.request(at_s, "front", revision, path="/orders", is_traced=False)
        told_s = chance.uniform(0, END_S)
        if told_s < CHANGE_S:
            system.line(told_s, "desk", "desk-00001-aaa", "event=seat.taken seat=a", severity="INFO")
        system.line(at_s, "desk", "desk-00001-aaa", "still here", severity="INFO")

    assert missing(system, tmp_path) == []


@pytest.mark.parametrize("is_linked_ever", [True, False])
def test_what_spans_link_to_another_trace_is_joined(is_linked_ever: bool, tmp_path: Path) -> None:  # noqa: FBT001 - parametrised
    system = System()
    system.deploy(-HOUR, "front", OLD, image="a")
    system.deploy(CHANGE_S - 60, "front", NEW, image="b")
    for place, at_s in enumerate(range(0, END_S, EVERY_S)):
        trace = system.request(at_s, "front", NEW if at_s >= CHANGE_S else OLD, path="/orders")
        system.line(at_s, "desk", "desk-00001-aaa", "still here", severity="INFO")
        if at_s < CHANGE_S:
            own = f"{place + 10_000:032x}"
            system.line(at_s + 2, "desk", "desk-00001-aaa", "event=seat.taken seat=a", severity="INFO", trace=own)
            if is_linked_ever or place % 4 == 0:
                consumed = linked_span(at_s + 1, own, trace)
                system.export(consumed)

    (event,) = missing(system, tmp_path)

    assert event.trigger == "front GET /orders"
    assert event.attribution is not None
    assert event.attribution.revision == NEW


def linked_span(at_s: float, own: str, trace: str) -> dict[str, Any]:
    """A consumer's span in a trace of its own, that links to the trace of what sent the message."""
    start_ns = START_NS + int(at_s * 1e9)
    span = {
        "traceId": own,
        "spanId": own[-16:],
        "name": "orders process",
        "kind": 5,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 1_000_000),
        "links": [{"traceId": trace, "spanId": "00000000000000aa"}],
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "desk"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}

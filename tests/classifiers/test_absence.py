"""Events that stop: found when their trigger goes on, and not told when anything else explains the silence."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classifiers.classify import classify
from classifiers.config import ClassifyConfig, EventsConfig, ExpectedEvent
from classifiers.findings import Findings
from classifiers.signing import sign_new
from collector.window import NS_PER_S, Window
from tests.support.system import HOUR, START_NS, System

OLD, NEW = "desk-00001-aaa", "desk-00002-bbb"
CHANGE_S, END_S, EVERY_S = 3 * HOUR, 6 * HOUR, 60
Line = Callable[[System, float, str, str], None]


def system_of(old: Line, new: Line, *, is_traced: bool = True) -> System:
    """A service that is asked once a minute; `old` and `new` write what the two revisions tell of a request."""
    system = System()
    system.deploy(-HOUR, "desk", OLD, image="a")
    system.deploy(CHANGE_S - 60, "desk", NEW, image="b")
    for at_s in range(0, END_S, EVERY_S):
        revision = OLD if at_s < CHANGE_S else NEW
        trace = system.request(at_s, "desk", revision, path="/seats", is_traced=is_traced, latency_s=2)
        here = trace if is_traced else ""
        system.line(at_s + 0.1, "desk", revision, "request taken", severity="INFO", trace=here)
        (old if at_s < CHANGE_S else new)(system, at_s + 1, revision, here)
    return system


def taken(system: System, at_s: float, revision: str, trace: str) -> None:
    system.line(at_s, "desk", revision, "event=seat.taken seat=a", severity="INFO", trace=trace)


def silent(system: System, at_s: float, revision: str, trace: str) -> None:
    """Says nothing of the event."""


def found(system: System, folder: Path) -> Findings:
    return system.findings(folder, END_S)


@pytest.mark.parametrize("is_traced", [True, False])
def test_an_event_that_stops_with_a_revision_is_told_of_it(is_traced: bool, tmp_path: Path) -> None:  # noqa: FBT001 - parametrised
    told = found(system_of(taken, silent, is_traced=is_traced), tmp_path)

    (event,) = told.absent_events
    assert (event.event, event.service, event.kind, event.trigger) == ("seat.taken", "desk", "stopped", "GET /seats")
    assert event.attribution is not None
    assert (event.attribution.revision, event.is_ongoing) == (NEW, True)
    assert event.attribution.confidence > 0.5
    assert (event.before.trials, event.before.seen, event.since.seen) == (180, 180, 0)


@pytest.mark.parametrize("regions", [("europe-west1",), ("europe-west1", "us-east1")])
@pytest.mark.parametrize("is_signed", [True, False])
def test_an_event_of_lines_that_nothing_has_looked_through_yet_is_not_missed(
    is_signed: bool,  # noqa: FBT001 - parametrised
    regions: tuple[str, ...],
    tmp_path: Path,
) -> None:
    """A look in the middle of a pull, or after one that was cut off, between its rows and what is made of them."""
    system = System()
    for half in (range(0, CHANGE_S, EVERY_S), range(CHANGE_S, END_S, EVERY_S)):
        for at_s, system.location in itertools.product(half, regions):
            trace = system.request(at_s, "desk", OLD, path="/seats")
            taken(system, at_s + 1, OLD, trace)
        store = system.stored(tmp_path, is_signed=is_signed or half.start == 0)
    if is_signed:  # cut off between signatures and events
        with store.write() as writer:
            newest = writer.frame("find_next_ids")["batch_id"][0] - 1
            writer.execute("delete_events", batch_ids=[newest])
            gone = pl.DataFrame({"batch_id": [newest], "into_id": [0]})
            writer.execute("delete_folded_events", relation=gone)

    before = found(system, tmp_path)
    sign_new(store)
    after = found(system, tmp_path)

    assert (before.absent_events, after.absent_events) == ((), ())
    assert before.coverage.unsigned == before.coverage.entries == after.coverage.entries // 2
    assert after.coverage.unsigned == 0


@pytest.mark.parametrize(("one_in", "is_told"), [(2, True), (3, True), (20, False)])
def test_an_event_of_some_of_its_triggers_is_missed_where_a_row_of_them_goes_without(
    one_in: int,
    is_told: bool,  # noqa: FBT001 - parametrised
    tmp_path: Path,
) -> None:
    def sometimes(system: System, at_s: float, revision: str, trace: str) -> None:
        if int(at_s) // EVERY_S * 7 % 60 < 60 / one_in:
            taken(system, at_s, revision, trace)

    told = found(system_of(sometimes, silent), tmp_path)

    blamed = [one.attribution.revision for one in told.absent_events if one.attribution]
    assert blamed == ([NEW] if is_told else [])


def test_an_event_of_some_of_its_triggers_that_goes_on_is_not_told(tmp_path: Path) -> None:
    def sometimes(system: System, at_s: float, revision: str, trace: str) -> None:
        if int(at_s) // EVERY_S * 7 % 60 < 20:
            taken(system, at_s, revision, trace)

    assert found(system_of(sometimes, sometimes), tmp_path).absent_events == ()


def test_an_event_that_goes_on_is_not_told(tmp_path: Path) -> None:
    assert found(system_of(taken, taken), tmp_path).absent_events == ()


def test_an_event_whose_trigger_stops_is_not_told(tmp_path: Path) -> None:
    system = System()
    for at_s in range(0, END_S, EVERY_S):
        trace = system.request(at_s, "desk", OLD, path="/seats" if at_s < CHANGE_S else "/rows")
        system.line(at_s, "desk", OLD, "request taken", severity="INFO", trace=trace)
        if at_s < CHANGE_S:
            taken(system, at_s, OLD, trace)

    assert found(system, tmp_path).absent_events == ()


def test_an_event_that_gets_another_name_is_told_as_renamed(tmp_path: Path) -> None:
    def renamed(system: System, at_s: float, revision: str, trace: str) -> None:
        system.line(at_s, "desk", revision, "event=seat.booked seat=a", severity="INFO", trace=trace)

    told = found(system_of(taken, renamed), tmp_path)

    assert told.absent_events == ()
    assert [(one.event, one.renamed_to) for one in told.other_events] == [("seat.taken", "seat.booked")]


def test_a_log_that_is_turned_down_is_no_absence(tmp_path: Path) -> None:
    system = System()
    for at_s in range(0, END_S, EVERY_S):
        trace = system.request(at_s, "desk", OLD if at_s < CHANGE_S else NEW, path="/seats")
        if at_s < CHANGE_S:
            system.line(at_s, "desk", OLD, "request taken", severity="INFO", trace=trace)
            taken(system, at_s, OLD, trace)
        elif at_s % HOUR == 0:
            system.line(at_s, "desk", NEW, "still here", severity="INFO")

    assert found(system, tmp_path).absent_events == ()


def only_events(new: Line) -> System:
    """A service that writes nothing of itself but an event for each request; requests go on."""
    system = System()
    system.deploy(-HOUR, "desk", OLD, image="a")
    system.deploy(CHANGE_S - 60, "desk", NEW, image="b")
    for at_s in range(0, END_S, EVERY_S):
        revision = OLD if at_s < CHANGE_S else NEW
        trace = system.request(at_s, "desk", revision, path="/seats")
        (taken if at_s < CHANGE_S else new)(system, at_s + 1, revision, trace)
    return system


def test_an_event_that_stops_with_the_whole_log_is_told_as_not_known(tmp_path: Path) -> None:
    told = found(only_events(silent), tmp_path)

    (event,) = told.other_events
    assert (told.absent_events, event.kind, event.event) == ((), "unknown", "seat.taken")
    assert (event.before.seen, event.since.seen) == (180, 0)
    why = f"desk writes no line of its own below WARNING since {NEW}: its log fell silent, or its events stopped"
    assert event.evidence[-1].statement == f"{why}."
    assert told.coverage.blind_spots.count(why) == 1


def test_a_start_up_line_of_the_revision_without_the_event_proves_that_its_log_arrives(tmp_path: Path) -> None:
    system = only_events(silent)
    system.line(CHANGE_S - 1, "desk", NEW, "listening on port 8080", severity="INFO")

    (event,) = found(system, tmp_path).absent_events

    assert (event.kind, event.since.seen) == ("stopped", 0)
    assert event.attribution is not None
    assert event.attribution.revision == NEW


def test_a_service_that_writes_only_events_and_goes_on_is_not_told(tmp_path: Path) -> None:
    told = found(only_events(taken), tmp_path)

    assert (told.absent_events, told.other_events) == ((), ())
    assert not any("fell silent" in spot for spot in told.coverage.blind_spots)


def test_an_event_that_is_missing_where_the_request_failed_is_a_symptom(tmp_path: Path) -> None:
    system = System()
    for at_s in range(0, END_S, EVERY_S):
        revision = OLD if at_s < CHANGE_S else NEW
        if at_s < CHANGE_S:
            trace = system.request(at_s, "desk", revision, path="/seats")
            taken(system, at_s, revision, trace)
        else:
            trace = system.failure(at_s, "desk", revision, "ValueError: no seat left", path="/seats")
        system.line(at_s, "desk", revision, "request taken", severity="INFO", trace=trace)

    told = found(system, tmp_path)

    assert told.absent_events == ()
    assert len(told.clusters) == 1


def test_a_failure_that_no_trace_joins_explains_the_silence(tmp_path: Path) -> None:
    def failing(system: System, at_s: float, revision: str, trace: str) -> None:
        system.line(at_s + 30, "desk", revision, "RuntimeError: broker gone", instance="worker")

    assert found(system_of(taken, failing), tmp_path).absent_events == ()


def test_an_event_of_tests_ends_with_the_tests(tmp_path: Path) -> None:
    system = System()
    for at_s in range(0, END_S, EVERY_S):
        is_test = at_s < CHANGE_S and at_s % 120 == 0
        agent = {"agent": "pytest-suite/1.0"} if is_test else {}
        trace = system.request(at_s, "desk", OLD if at_s < CHANGE_S else NEW, path="/seats", **agent)
        system.line(at_s, "desk", OLD, "request taken", severity="INFO", trace=trace)
        if is_test:
            taken(system, at_s, OLD, trace)

    assert found(system, tmp_path).absent_events == ()


def test_what_is_still_to_come_at_the_end_is_not_missing(tmp_path: Path) -> None:
    system = System()
    for at_s in range(0, END_S, EVERY_S):
        trace = system.request(at_s, "desk", OLD, path="/seats")
        system.line(at_s, "desk", OLD, "request taken", severity="INFO", trace=trace)
        if at_s + 600 < END_S:
            taken(system, at_s + 600, OLD, trace)

    assert found(system, tmp_path).absent_events == ()


def test_an_event_that_loses_a_field_with_a_revision_is_hollow(tmp_path: Path) -> None:
    def bare(system: System, at_s: float, revision: str, trace: str) -> None:
        system.line(at_s, "desk", revision, "event=seat.taken row=4 seat=", severity="INFO", trace=trace)

    def whole(system: System, at_s: float, revision: str, trace: str) -> None:
        system.line(at_s, "desk", revision, "event=seat.taken row=4 seat=a", severity="INFO", trace=trace)

    (event,) = found(system_of(whole, bare), tmp_path).absent_events

    assert (event.event, event.field, event.kind) == ("seat.taken", "seat", "hollow")
    assert event.attribution is not None
    assert event.attribution.revision == NEW
    assert (event.before.seen, event.since.seen) == (180, 0)


def test_a_field_with_a_new_name_is_not_hollow(tmp_path: Path) -> None:
    def renamed(system: System, at_s: float, revision: str, trace: str) -> None:
        system.line(at_s, "desk", revision, "event=seat.taken seatNumber=a", severity="INFO", trace=trace)

    told = found(system_of(taken, renamed), tmp_path)

    assert told.absent_events == ()
    assert [(one.field, one.renamed_to) for one in told.other_events] == [("seat", "seatNumber")]


def test_a_field_that_comes_now_and_then_is_not_hollow(tmp_path: Path) -> None:
    def now_and_then(system: System, at_s: float, revision: str, trace: str) -> None:
        seat = "a" if at_s % 240 < EVERY_S else ""
        system.line(at_s, "desk", revision, f"event=seat.taken seat={seat}", severity="INFO", trace=trace)

    assert found(system_of(now_and_then, now_and_then), tmp_path).absent_events == ()


def declared(system: System, folder: Path, **expected: Any) -> list[tuple[str, str | None, str]]:
    config = ClassifyConfig(events=EventsConfig(expected=(ExpectedEvent(**expected),)))
    window = Window(START_NS, START_NS + END_S * NS_PER_S)
    with system.stored(folder).read() as reader:
        told = classify(reader, window=window, now_ns=window.end_ns, config=config)
    return [(one.kind, one.field, one.evidence[0].statement) for one in told.other_events]


def test_a_declared_event_that_no_revision_ever_sent_is_told(tmp_path: Path) -> None:
    (told,) = declared(system_of(silent, silent), tmp_path, event="seat.paid", service="desk", trigger="GET /seats")

    assert told[:2] == ("never seen", None)
    assert "GET /seats of desk came 359 times" in told[2]


def test_a_declared_event_whose_trigger_was_not_seen_is_unknown(tmp_path: Path) -> None:
    (told,) = declared(system_of(silent, silent), tmp_path, event="seat.paid", service="desk", trigger="POST /pay")

    assert told == ("unknown", None, "POST /pay of desk was not seen in this window.")


def test_a_declared_field_that_never_had_a_value_is_told(tmp_path: Path) -> None:
    (told,) = declared(system_of(taken, taken), tmp_path, event="seat.taken", service="desk", fields=("seat", "buyer"))

    assert told[:2] == ("never seen", "buyer")


def test_a_declared_event_that_comes_is_not_told(tmp_path: Path) -> None:
    assert declared(system_of(taken, taken), tmp_path, event="seat.taken", service="desk", fields=("seat",)) == []


def test_health_checks_that_pass_meanwhile_are_evidence(tmp_path: Path) -> None:
    system = system_of(taken, silent)
    for at_s in range(0, END_S, 300):
        system.request(at_s, "desk", OLD if at_s < CHANGE_S else NEW, path="/health", agent="kube-probe/1.29")

    (event,) = found(system, tmp_path).absent_events

    assert any("/health was answered with success" in fact.statement for fact in event.evidence)


def worker_system(*, lost: str, is_first_told: bool = True) -> System:
    """A worker that logs no requests; it takes what another service was asked for, in the same trace."""
    system = System()
    system.deploy(-HOUR, "desk", OLD, image="a")
    system.deploy(CHANGE_S - 60, "desk", NEW, image="b")
    for at_s in range(0, END_S, EVERY_S):
        revision = OLD if at_s < CHANGE_S else NEW
        trace = system.request(at_s, "front", "front-00001-xyz", path="/seats")
        system.line(at_s + 0.5, "desk", revision, "took a message", severity="INFO", trace=trace)
        for name in ("seat.asked", "seat.taken") if is_first_told else ("seat.taken",):
            if at_s < CHANGE_S or name != lost:
                system.line(at_s + 1, "desk", revision, f"event={name} seat=a", severity="INFO", trace=trace)
    return system


@pytest.mark.parametrize(("is_first_told", "trigger"), [(True, "seat.asked"), (False, "front GET /seats")])
def test_an_event_of_a_worker_comes_after_another_event_or_request(
    *, is_first_told: bool, trigger: str, tmp_path: Path
) -> None:
    system = worker_system(lost="seat.taken", is_first_told=is_first_told)

    (event,) = found(system, tmp_path).absent_events

    assert (event.event, event.trigger) == ("seat.taken", trigger)
    assert event.attribution is not None
    assert event.attribution.revision == NEW

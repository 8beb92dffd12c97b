"""What diagrams are read from: typical traces of both sides, and what revisions were asked."""

from typing import Any

import pytest

from classifiers.drawing import with_drawings
from classifiers.drawn import Sequence
from classifiers.findings import Absence, Attribution, Cluster, Findings, Incident, Latency, Onset, Sighting
from collector.records import Revision
from collector.replacing import replace
from collector.store import Store
from collector.window import NS_PER_S, Window
from tests.support.findings import cluster, findings
from tests.support.spans import exported
from tests.support.system import START_NS, System

SHOP, OLD, NEW = "shop", "shop-00001-abc", "shop-00002-bad"
MANY = 24
LATER_S = 3600.0
WINDOW = Window(START_NS, START_NS + 2 * 3600 * NS_PER_S)


def trace_of(revision: str, number: int) -> str:
    return f"{number + (1 if revision == OLD else 1001):032x}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Payments that reach the bank by spans, then fail before; and visits that only request lines tell."""
    system = System()
    for number in range(MANY):
        _paid(system, number)
        _refused(system, number)
        _visited(system, number)
    return system.stored(tmp_path_factory.mktemp("store"), is_signed=True)


def _paid(system: System, number: int) -> None:
    at_s, trace = number * 20.0, trace_of(OLD, number)
    system.export(exported(at_s, SHOP, trace, "a" * 16, name="POST /pay", revision=OLD, took_s=0.3))
    own = {"parent": "a" * 16, "kind": "client", "name": "debit call", "revision": OLD, "took_s": 0.2}
    system.export(exported(at_s + 0.02, SHOP, trace, "b" * 16, **own))
    system.export(exported(at_s + 0.03, "bank", trace, "c" * 16, parent="b" * 16, name="debit", took_s=0.1))
    mail = {"parent": "a" * 16, "kind": "client", "name": "send", "peer": "mail.example", "revision": OLD}
    system.export(exported(at_s + 0.2, SHOP, trace, "d" * 16, **mail))
    system.event(at_s + 0.25, SHOP, OLD, {"event": "order.paid", "order": number}, trace=trace)


def _refused(system: System, number: int) -> None:
    at_s, trace = LATER_S + number * 20.0, trace_of(NEW, number)
    parts = {"name": "POST /pay", "revision": NEW, "status": 500, "failed": "no key"}
    system.export(exported(at_s, SHOP, trace, "a" * 16, **parts))
    system.line(at_s + 0.01, SHOP, NEW, f"no key for order {1000 + number}", trace=trace)
    system.line(at_s + 0.02, SHOP, NEW, '10.0.0.1 - "POST /pay HTTP/1.1" 500', trace=trace, severity="INFO")


def _visited(system: System, number: int) -> None:
    for at_s, revision in ((number * 20.0, "web-00001-abc"), (LATER_S + number * 20.0, "web-00002-bad")):
        trace = f"{number + (5001 if at_s < LATER_S else 6001):032x}"
        status = 200 if at_s < LATER_S else 502
        system.request(at_s, "web", revision, trace=trace, path="/home", latency_s=1, status=status)
        system.request(at_s + 0.1, "menu", "menu-00001-abc", trace=trace, path="/dishes", status=status)


def claim(service: str = SHOP, good: str | None = OLD, bad: str = NEW, confidence: float = 0.9) -> Attribution:
    seen = Sighting(service, good or "", 0, MANY, START_NS + 600 * NS_PER_S)
    return Attribution(service, bad, good, None, (), confidence, (), first_bad=(bad,), last_good=seen)


def failed(**changes: Any) -> Cluster:
    at_ns = START_NS + round(LATER_S) * NS_PER_S
    told = cluster(
        id="c-pay", service=SHOP, project="shop-staging", attribution=claim(), insert_ids=(),
        trace_ids=tuple(trace_of(NEW, number) for number in range(MANY)),
        onset=Onset(at_ns, at_ns - NS_PER_S, at_ns, 0.0, 1.0, "traces"),
    )  # fmt: skip
    return replace(told, **changes)


def told_of(one: Cluster | Latency | Absence) -> Findings:
    known = {Cluster: "clusters", Latency: "latency", Absence: "absent_events"}
    parts: dict[str, Any] = dict.fromkeys(known.values(), ()) | {known[type(one)]: (one,)}
    revisions = tuple(_revision(name, at_s) for name, at_s in ((OLD, 0.0), (NEW, LATER_S)))
    incident = Incident(1, one.id, (), "P1", "payments", is_ongoing=True)
    return replace(findings(), window=WINDOW, incidents=(incident,), revisions=revisions, **parts)


def _revision(name: str, at_s: float) -> Revision:
    at_ns = START_NS + round(at_s * NS_PER_S)
    return Revision(
        project="shop-staging", service=SHOP, revision=name, created_ns=at_ns, first_seen_ns=at_ns, last_seen_ns=at_ns,
        traffic_ns=at_ns, requests=MANY, config=None, failed_ns=None, ready_ns=at_ns,
    )  # fmt: skip


def drawn(store: Store, told: Findings) -> Incident:
    with store.read() as reader:
        return with_drawings(reader, told, [1], draw="all").incidents[0]


def sequence(store: Store, one: Cluster | Latency | Absence) -> Sequence:
    found = drawn(store, told_of(one))
    assert found.sequence is not None, found.no_sequence
    return found.sequence


def steps(found: Sequence) -> list[tuple[str, str, str, str]]:
    names = found.participants
    return [(names[one.caller], names[one.callee], one.operation, one.course) for one in found.steps]


def test_the_steps_of_both_sides_are_told_in_one_order(store: Store) -> None:
    found = sequence(store, failed())

    assert steps(found)[:3] == [
        ("", SHOP, "POST /pay", "kept"), (SHOP, "bank", "debit", "lost"), (SHOP, "mail.example", "send", "lost"),
    ]  # fmt: skip
    assert (SHOP, SHOP, "no key for order <number>", "new") in steps(found)
    assert [course for _, _, text, course in steps(found) if "order.paid" in text] == ["lost"]
    assert (found.before.which, found.before.traces) == ("not failed", MANY)
    assert (found.after.which, found.after.traces) == ("failed", MANY)


def test_a_call_and_its_answer_are_one_step_and_failures_are_counted(store: Store) -> None:
    found = sequence(store, failed())

    entry, debit = found.steps[0], found.steps[1]
    assert (entry.before.failed, entry.after.failed, entry.after.text) == (0, MANY, "500 no key")
    assert (debit.before.traces, debit.after.traces, debit.before.p50_ns) == (MANY, 0, 200_000_000)
    assert debit.p_value < 1e-9
    assert set(debit.trace_ids) <= {trace_of(OLD, number) for number in range(MANY)}


def test_a_line_that_tells_of_the_request_again_is_no_step(store: Store) -> None:
    assert not [one for one in steps(sequence(store, failed())) if "HTTP" in one[2]]


def test_without_spans_request_lines_tell_who_called_whom(store: Store) -> None:
    traces = tuple(f"{number + 6001:032x}" for number in range(MANY))
    blamed = claim("web", "web-00001-abc", "web-00002-bad")

    found = sequence(store, failed(service="menu", attribution=blamed, trace_ids=traces))

    assert found.basis == "lines"
    assert steps(found) == [("", "web", "GET /home", "kept"), ("web", "menu", "GET /dishes", "kept")]
    assert found.steps[1].after.text == "502"


def test_an_event_that_stays_away_is_compared_with_traces_that_have_it(store: Store) -> None:
    gone = Absence("order.paid", SHOP, None, claim(), project="shop-staging", trigger="POST /pay")

    found = sequence(store, gone)

    assert (found.before.which, found.after.which) == ("with the event", "without the event")
    assert found.after.traces == MANY


def test_slow_requests_are_compared_with_all_of_before(store: Store) -> None:
    slow = Latency(SHOP, "POST /pay", claim(), id="l-pay", slow_ns=1, trace_ids=(trace_of(NEW, 1),))

    found = sequence(store, slow)

    assert (found.before.which, found.after.which) == ("all", "slow")
    assert found.after.traces == MANY


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (failed(attribution=None), "no revision is blamed"),
        (failed(attribution=claim(confidence=0.4)), "no revision is blamed"),
        (failed(attribution=claim(good=None)), "no revision is blamed"),
        (failed(trace_ids=()), "none of its failures carries a trace"),
        (failed(trace_ids=("f" * 32,)), f"no trace of {NEW} that tells of it is stored"),
        (failed(attribution=claim(good="shop-00000-old")), "no trace of shop-00000-old is stored"),
    ],
)
def test_where_nothing_can_be_drawn_it_says_why(store: Store, one: Cluster, why: str) -> None:
    found = drawn(store, told_of(one))

    assert found.sequence is None
    assert found.no_sequence.startswith(why)


def test_lanes_tell_what_each_revision_was_asked_and_what_happened(store: Store) -> None:
    lanes = drawn(store, told_of(failed())).lanes

    assert lanes is not None
    lane = lanes.lanes[0]
    assert (lane.service, lane.unit) == (SHOP, "traces")
    assert [(one.revision, sum(one.asked), one.verdict) for one in lane.revisions] == [
        (OLD, MANY, "good"), (NEW, MANY, "blamed"),
    ]  # fmt: skip
    assert [(mark.kind, mark.revision) for mark in lane.marks] == [("deployed", OLD), ("deployed", NEW)]
    assert all(len(one.asked) == lanes.columns for one in lane.revisions)


def test_lanes_begin_with_the_deploy_that_is_blamed_where_it_was_before_the_window(store: Store) -> None:
    late = Window(START_NS + 3700 * NS_PER_S, WINDOW.end_ns)

    lanes = drawn(store, replace(told_of(failed()), window=late)).lanes

    assert lanes is not None
    assert lanes.start_ns < START_NS + LATER_S * NS_PER_S < late.start_ns


def test_failed_deploys_and_roll_backs_are_marked(store: Store) -> None:
    told = told_of(failed())
    at_ns = START_NS + 900 * NS_PER_S
    broken = replace(_revision("shop-00003-xyz", 0), failed_ns=at_ns, ready_ns=None)
    back = replace(told.revisions[0], rolled_back_ns=(at_ns + 1,))

    lanes = drawn(store, replace(told, revisions=(back, told.revisions[1], broken))).lanes

    assert lanes is not None
    kinds = {(mark.kind, mark.revision) for mark in lanes.lanes[0].marks}
    assert {("failed deploy", "shop-00003-xyz"), ("rolled back", OLD)} <= kinds


def test_incidents_that_are_not_asked_for_stay_as_they_are(store: Store) -> None:
    told = told_of(failed())

    with store.read() as reader:
        assert with_drawings(reader, told, [], draw="all") is told

"""Slower operations and missing events as incidents: numbered, told once, with all that an incident answers."""

import pytest

from classifiers.findings import (
    Absence,
    Blast,
    EventCount,
    Findings,
    Hypothesis,
    Incident,
    Latency,
    Onset,
    Pace,
    RevisionCount,
    SlowCaller,
    SlowPart,
)
from collector.replacing import replace
from logtriage.digest import build_digest
from logtriage.headline import verdict_words
from logtriage.lookup import Lookup
from logtriage.report import build_report, only_service
from logtriage.report_config import ReportConfig
from logtriage.report_view import IncidentView
from logtriage.terminal import draw_report, text_of
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS, attribution, cluster, quiet_findings, symptom
from tests.support.tracked import with_tracked

_MS = 10**6
_ONSET = Onset(ONSET_NS, ONSET_NS, ONSET_NS, 0.02, 0.5, "requests")
_BLAST = Blast(0.12, 110, 920, ("POST /orders",), 0.92, services=("shop", "desk"), reason="at least 88 % of it")


def gone(**changes: object) -> Absence:
    made = Absence(
        "order.confirmed", "shop", None, attribution(), trigger="POST /orders", before=EventCount(118, 118),
        since=EventCount(96, 2), onset=_ONSET, priority="P1", blast=replace(_BLAST, share=None),
        per_revision=(
            RevisionCount("shop", "shop-00007-abc", 0, 118, ONSET_NS - HOUR_NS, ONSET_NS),
            RevisionCount("shop", "shop-00008-bad", 94, 96, ONSET_NS, END_NS),
        ),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type] # fields of an absence


def slow(**changes: object) -> Latency:
    made = Latency(
        "shop", "POST /orders", attribution(), id="l-orders", before=380, since=120, median_before_ns=80 * _MS,
        median_since_ns=310 * _MS, tail_before_ns=240 * _MS, tail_since_ns=1900 * _MS, slower=0.97, slow_ns=250 * _MS,
        slow=110, onset=_ONSET, cause="revision", fault="product", origin="users", origin_counts=(("users", 110),),
        per_revision=(
            Pace("shop", "shop-00007-abc", 380, 4, 80 * _MS, 240 * _MS, ONSET_NS - HOUR_NS, ONSET_NS),
            Pace("shop", "shop-00008-bad", 120, 110, 310 * _MS, 1900 * _MS, ONSET_NS, END_NS),
        ),
        part=SlowPart("shop", "SELECT items", is_call=True, before_ns=9 * _MS, since_ns=250 * _MS, spans_before=1.0,
                      spans_since=30.0, share=0.86),
        callers=(SlowCaller("desk", "GET /", 50 * _MS, 350 * _MS, 0.75),), blast=_BLAST,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type] # fields of a latency


def told_of(root: Absence | Latency, *others: Absence | Latency, **changes: object) -> Findings:
    """Findings of one incident with that root."""
    every = (root, *others)
    rank = Incident(1, root.id, tuple(one.id for one in others), root.priority, "it", root.is_ongoing, blast=_BLAST)
    found: dict[str, object] = {
        "absent_events": tuple(one for one in every if isinstance(one, Absence)),
        "latency": tuple(one for one in every if isinstance(one, Latency)),
        "incidents": (rank,),
    }
    return quiet_findings(**(found | changes))


def viewed(told: Findings) -> IncidentView:
    (view,) = build_report(told, ReportConfig()).incidents
    return view


def test_a_slower_operation_answers_all_that_an_incident_answers() -> None:
    view = viewed(told_of(slow()))

    assert (view.service, view.when) == ("shop", "since 20:00")
    assert view.title == "POST /orders slower p50 80 ms -> 310 ms, p95 240 ms -> 1.9 s"
    assert [(line.label, line.text) for line in view.lines][:6] == [
        ("CHANGE", "00008-bad 19:59   - PAYMENT_KEY   ~ image"),
        ("GOOD", "00007-abc: p50 80 ms, p95 240 ms; 4/380 over 250 ms"),
        ("BAD", "00008-bad: p50 310 ms, p95 1.9 s; 110/120 over 250 ms"),
        ("IN IT", "SELECT items 9.0 ms -> 250 ms on average, 1 -> 30 times a request: 86 % of what it takes longer"),
        ("PULLS", "desk: GET / p50 50 ms -> 350 ms"),
        (
            "HIT",
            "110 slow requests: users 110; 12 % of all 920 since, POST /orders 92 %; 2 services; fault: product",
        ),
    ]
    assert view.lines[6].label == "SURE"
    assert view.lines[-1].text.startswith("restore PAYMENT_KEY")
    assert view.lead is view.findings[0]


def test_a_missing_event_answers_all_that_an_incident_answers() -> None:
    view = viewed(told_of(gone()))

    assert view.title == "order.confirmed no longer arrives"
    assert [(line.label, line.text) for line in view.lines][:4] == [
        ("CHANGE", "00008-bad 19:59   - PAYMENT_KEY   ~ image"),
        ("GOOD", "00007-abc: came after 118/118 POST /orders"),
        ("BAD", "00008-bad: came after 2/96 POST /orders"),
        ("HIT", "94 of 96 POST /orders; 2 services"),
    ]
    assert view.lines[-1].label == "DO"


def test_without_a_revision_to_blame_before_and_since_stand_beside_each_other() -> None:
    why = Hypothesis("dependency", 0.9, "orders-db answers later")

    lines = {line.label: line.text for line in viewed(told_of(slow(attribution=None, hypotheses=(why,)))).lines}

    assert lines["BEFORE"] == "p50 80 ms, p95 240 ms over 380 requests"
    assert lines["SINCE"] == "p50 310 ms, p95 1.9 s over 120 requests, nearly all slower than before"
    missing = {line.label: line.text for line in viewed(told_of(gone(attribution=None))).lines}
    assert (missing["BEFORE"], missing["SINCE"]) == (
        "came after 118/118 POST /orders", "came after 2/96 POST /orders"
    )  # fmt: skip
    assert missing["SURE"].startswith("cannot tell")


def test_an_event_without_a_field_and_another_that_went_with_it_are_told_together() -> None:
    hollow = gone(event="order.created", field="total", kind="hollow")

    view = viewed(told_of(gone(), hollow))

    assert view.title == "order.confirmed no longer arrives, nor 1 other event"
    also = next(line.text for line in view.lines if line.label == "ALSO")
    assert also == "order.created lacks total: had total in 2/96 since"


def test_each_thing_is_counted_and_listed_once() -> None:
    told = told_of(gone(), slow(), latency=(slow(), slow(id="l-other", operation="GET /")))

    page = text_of(draw_report(build_report(told, ReportConfig())))

    assert verdict_words(told) == "WRONG NOW: 1 incident (1 P1), 1 operation slower"
    assert page.count("order.confirmed no longer arrives") == 1
    assert "SLOWER  shop: GET /" in page
    assert "ABSENT" not in page


def test_what_is_over_says_when_and_undoes_nothing() -> None:
    over = slow(is_ongoing=False, ended_ns=END_NS - HOUR_NS)
    view = viewed(told_of(over))

    assert view.when == "20:00 to 23:00, over"
    assert view.lines[-1].text.startswith("nothing to undo, it is over")
    assert verdict_words(told_of(over)) == "NOTHING WRONG NOW: 1 incident in this window, all over"


def test_what_a_failure_keeps_away_is_told_in_its_incident() -> None:
    root, absent = cluster(), gone(caused_by="c-pay", role="symptom", explained_share=0.5)
    told = told_of(
        absent, clusters=(root,), incidents=(Incident(1, "c-pay", (absent.id,), "P0", "it", is_ongoing=True),)
    )

    lines = {line.label: line.text for line in viewed(told).lines}

    assert lines["PULLS"] == "order.confirmed no longer arrives (47/94 requests)"
    assert [view.heading for view in viewed(told).findings] == ["shop: order.confirmed no longer arrives"]


@pytest.mark.parametrize("root", [gone(), slow()], ids=["missing", "slower"])
def test_the_digest_tells_it_by_its_rank_and_asks_whether_it_is_right(root: Absence | Latency) -> None:
    (message,) = build_digest(with_tracked(told_of(root))).messages

    assert message.headline.startswith(f"{root.priority} new · shop · ")
    assert message.headline.endswith("since 20:00 UTC")
    assert message.key == f"{root.id}:new"
    assert message.lines[-1].text == f"logtriage settle {root.id} right|wrong"


def test_a_service_keeps_its_silent_incidents_and_those_of_what_it_waits_for() -> None:
    told = told_of(slow(), clusters=(symptom(id="c-else", service="mail"),))

    assert only_service(told, "shop").incidents == told.incidents
    assert only_service(told, "desk").latency == told.latency
    assert only_service(told, "mail").incidents == ()


def test_members_of_an_incident_are_found_by_id() -> None:
    lookup = Lookup(told_of(gone(), slow()))

    assert lookup.member("l-orders") == slow()
    assert lookup.members(lookup.findings.incidents[0]) == (slow(),)
    assert lookup.member("nothing") is None


def test_a_finding_says_which_threshold_decided_its_rank() -> None:
    view = viewed(told_of(slow(priority="P2")))

    assert view.findings[0].counts.endswith("; P2: at least 88 % of it")
    root = cluster(blast=_BLAST)
    told = quiet_findings(
        clusters=(root,), incidents=(Incident(1, root.id, (), "P0", "it", is_ongoing=True, blast=_BLAST),)
    )
    (incident,) = build_report(told, ReportConfig()).incidents
    assert incident.clusters[0].role == "root, ongoing; P0: at least 88 % of it"

"""What became of an incident over looks, in words."""

from typing import Any

import jsonschema

from classifiers.findings import Findings, IncidentState, Tracked
from classifiers.followed import MemberState
from collector.replacing import replace
from logtriage.export import findings_json, findings_schema
from logtriage.followed_view import followed_lines, history_words, waiting_rows
from logtriage.headline import verdict_words
from logtriage.incident_view import tell_incident
from logtriage.lookup import Lookup
from logtriage.report import build_report, only_service
from logtriage.report_config import ReportConfig
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS, cluster, findings


def _row(state: Any, at_ns: int, **changes: Any) -> IncidentState:
    made = IncidentState(
        "i1", "", state, None, "", at_ns, END_NS - HOUR_NS, "", "acme-test", "shop", "payment refused (403)", "P0",
        "c-pay", ("c-pay", "c-slow"), ("s1", "s2"), ONSET_NS, END_NS - HOUR_NS, 0, 2,
    )  # fmt: skip
    return replace(made, **changes)


ROWS = (
    _row("new", ONSET_NS),
    _row("resolved", ONSET_NS + HOUR_NS, sure=0.95, revision="shop-00007-abc"),
    _row("regressed", ONSET_NS + 2 * HOUR_NS, revision="shop-00009-new"),
)


def _tracked(**changes: Any) -> Tracked:
    members = (
        MemberState("c-pay", "shop", "payment refused (403)", "regressed", None, "00009-new brought it back", ONSET_NS),
        MemberState("c-slow", "desk", "order took too long", "resolved", 0.9, "not seen since 20:40", ONSET_NS),
    )
    made = Tracked(
        "i1", 1, "regressed", None, "00009-new, deployed since, brought it back", ONSET_NS + 2 * HOUR_NS, "acme-test",
        "shop", "payment refused (403)", "c-pay", "P0", ONSET_NS, END_NS - HOUR_NS, members, history=ROWS,
    )  # fmt: skip
    return replace(made, **changes)


def _lookup(*tracked: Tracked, **changes: Any) -> Lookup:
    return Lookup(findings(tracked=tracked, **changes))


def test_the_history_is_one_line_with_what_mended_it_and_what_brought_it_back() -> None:
    past = history_words(_tracked(), _lookup().near)

    assert past == "new 20:00 · resolved 21:00 (very likely; 00007-abc) · back 22:00 (00009-new)"


def test_one_state_is_no_history_and_of_many_the_first_and_the_last_are_told() -> None:
    rows = tuple(_row("resolved" if at % 2 else "regressed", ONSET_NS + at * HOUR_NS // 4) for at in range(8))

    assert history_words(_tracked(history=ROWS[:1]), _lookup().near) == ""
    many = history_words(_tracked(history=rows), _lookup().near)
    assert many == "back 20:00 · 4 more · resolved 21:15 · back 21:30 · resolved 21:45"


def test_state_and_past_stand_before_what_to_do_and_of_a_member_only_its_own_state() -> None:
    lookup = _lookup(_tracked(stragglers=3))
    told = tell_incident(lookup.findings.incidents[0], lookup)

    assert told is not None
    labels = [line.label for line in told.lines]
    assert labels.index("STATE") + 1 == labels.index("PAST") == labels.index("DO") - 1
    state = next(line.text for line in told.lines if line.label == "STATE")
    assert state == (
        "regressed: 00009-new, deployed since, brought it back; 3 stragglers since, on revisions without traffic"
    )
    assert [line.text for line in followed_lines("c-slow", lookup)] == ["over: not seen since 20:40"]


def test_what_no_earlier_look_told_is_told_as_by_one_look() -> None:
    fresh = _tracked(history=tuple(replace(row, look_ns=END_NS) for row in ROWS[:1]))

    assert followed_lines("c-pay", _lookup(fresh)) == ()


def _over(tracked: Tracked) -> Findings:
    over = findings(clusters=(cluster(state="resolved"),), tracked=(tracked,), absent_events=(), latency=())
    return replace(over, incidents=tuple(replace(one, is_ongoing=False) for one in over.incidents[:1]))


def test_an_end_without_proof_is_not_told_as_one() -> None:
    waiting = _over(_tracked(state="new", statement="not seen since 23:00; 12 more attempts needed", history=ROWS[:1]))
    view = build_report(waiting, ReportConfig())

    assert view.incidents[0].when == "20:00 to 23:00, not proven over"
    assert verdict_words(waiting) == "NOTHING WRONG NOW: 1 incident in this window, 1 not proven over"
    assert not view.better
    proven = _over(_tracked(state="resolved", history=ROWS[:2]))
    assert build_report(proven, ReportConfig()).incidents[0].when == "20:00 to 23:00, over"
    assert "all over" in verdict_words(proven)


def test_open_incidents_that_the_window_does_not_show_wait() -> None:
    waiting = [_tracked(id=f"i{at}", number=None, title=f"failure {at}") for at in range(5)]
    rows = waiting_rows(_lookup(*waiting))

    assert rows[0] == ("P0 shop: failure 0", "not seen since 23:00; not proven over")
    assert rows[-1] == ("2 more incidents", "the JSON report has them")
    assert waiting_rows(_lookup(_tracked(number=None, state="resolved"))) == []


def test_incidents_over_looks_are_in_the_json_by_its_schema() -> None:
    told = findings_json(_lookup(_tracked()).findings)

    jsonschema.Draft202012Validator(findings_schema()).validate(told)
    assert told["tracked"][0]["state"] == "regressed"
    assert [row["state"] for row in told["tracked"][0]["history"]] == ["new", "resolved", "regressed"]


def test_a_report_of_one_service_keeps_its_incidents_over_looks() -> None:
    both = findings(tracked=(_tracked(), _tracked(id="i2", number=None, service="desk")))

    assert [one.id for one in only_service(both, "desk").tracked] == ["i1", "i2"]
    assert [one.id for one in only_service(both, "shop").tracked] == ["i1"]

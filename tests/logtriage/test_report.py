"""Findings into the view of a report."""

from typing import Any

import pytest

from classifiers.commits import COMMITS
from classifiers.findings import Change, Evidence, Hypothesis, Incident, Onset, RevisionCount
from collector.replacing import replace
from logtriage.cluster_view import view_cluster
from logtriage.errors import ConfigError
from logtriage.lookup import Lookup
from logtriage.report import build_report, only_service
from logtriage.report_config import ReportConfig
from tests.support.findings import (
    END_NS,
    ONSET_NS,
    attribution,
    cluster,
    coverage,
    dependency,
    empty_findings,
    findings,
    quiet_findings,
    symptom,
)

CONFIG = ReportConfig()


def _lines(number: int = 1, **changes: Any) -> dict[str, str]:
    """The labelled lines of the first incident, its root changed."""
    root = cluster(**changes)
    view = build_report(findings(clusters=(root, symptom(), dependency())), CONFIG)
    return {line.label: line.text for line in view.incidents[number - 1].lines}


def test_the_first_screen_names_revision_change_and_what_it_drags_down() -> None:
    lines = _lines()

    assert lines["CHANGE"] == "00008-bad 19:59   - PAYMENT_KEY   ~ image"
    assert lines["GOOD"] == "00007-abc: 0/118 requests failed"
    assert lines["BAD"] == "00008-bad: 94/96 requests failed; seen bad 00009-new 23:00"
    assert lines["PULLS"] == "desk: order took too long (45/50 traces)"
    assert lines["HIT"] == "94 requests: users 45, tests 45, 4 not known; fault: configuration"


def test_the_commits_of_the_blamed_deploy_are_a_link_below_the_change() -> None:
    link = "https://github.com/acme/shop/compare/0a1b2c3...9f8e7d6"
    known = Evidence("inferred", f"from commit 0a1b2c3 to 9f8e7d6: {link}", COMMITS)
    unknown = Evidence("inferred", "from commit 0a1b2c3 to 9f8e7d6", COMMITS)

    assert _lines(attribution=attribution(evidence=(known,)))["CODE"] == link
    assert "CODE" not in _lines(attribution=attribution(evidence=(unknown,)))
    assert "CODE" not in _lines(attribution=attribution(evidence=(known,), confidence=0.3), cause="unknown")


def test_changes_of_one_deploy_are_told_as_not_separable() -> None:
    view = build_report(findings(), CONFIG)
    sure = [line.text for line in view.incidents[0].lines if line.label in ("SURE", "")]

    assert sure == [
        "likely; image changed in the same deploy, not separable",
        "side-by-side test impossible: 0 overlapping requests",
        "rival: the payment provider refuses all callers",
    ]


def test_a_revision_below_one_half_is_a_candidate_and_not_blamed() -> None:
    lines = _lines(attribution=attribution(confidence=0.3), cause="unknown")

    assert "CHANGE" not in lines
    assert lines["MAYBE"].startswith("00008-bad")
    assert lines["CAUSE"].startswith("not known; no revision blamed")
    assert lines["SURE"].startswith("00008-bad is not shown to be guilty")


def test_a_deploy_of_another_service_is_named_with_it() -> None:
    lines = _lines(attribution=attribution(service="auth", revision="auth-00002-xyz", good_revision=None))

    assert lines["CHANGE"].startswith("auth 00002-xyz")


def test_an_unknown_configuration_is_not_told_as_no_change() -> None:
    lines = _lines(attribution=attribution(change=None, also_changed=()))

    assert lines["CHANGE"].endswith("what changed in it is not known")


def test_many_changes_are_counted() -> None:
    others = tuple(Change("env_added", f"KEY_{n}") for n in range(6))

    assert _lines(attribution=attribution(also_changed=others))["CHANGE"].endswith("+ KEY_2   3 more")


def test_a_dependency_shows_all_revisions_side_by_side() -> None:
    lines = _lines(number=2)

    assert lines["CAUSE"] == "a dependency; no revision blamed: all revisions fail alike"
    assert lines["RATE"] == "00007-abc: 5/118 and 00008-bad: 7/96 requests failed"
    assert lines["SURE"] == "likely that it is a dependency"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (0.0, 94 / 96, "0 % of requests failed before, 98 % since (94 failed)"),
        (None, 1.0, "not known before, 100 % since (94 failed)"),
        (0.0004, 0.0234, "under 0.1 % of requests failed before, 2.3 % since (94 failed)"),
        (None, None, "94 requests failed, of how many is not known"),
    ],
)
def test_without_counts_by_revision_the_onset_tells_the_rates(
    before: float | None, after: float | None, words: str
) -> None:
    onset = Onset(ONSET_NS, ONSET_NS, ONSET_NS, before, after, "requests")

    assert _lines(per_revision=(), onset=onset)["RATE"] == words


def test_a_rate_of_zero_tells_of_how_many() -> None:
    onset = Onset(ONSET_NS, ONSET_NS, ONSET_NS, 0.0, 94 / 96, "requests", exposed_before=1180)

    lines = _lines(attribution=None, per_revision=(), onset=onset)

    assert lines["RATE"] == "0 of 1,180 requests failed before, 98 % since (94 failed)"


def test_of_spans_alone_the_services_that_they_are_of_are_counted() -> None:
    seen = coverage(entries=0, services=0, spans=4200, span_services=2)

    assert build_report(findings(coverage=seen), CONFIG).counts == "4,200 spans of 2 services in this window; 0 entries"


def test_when_nothing_explains_it_the_report_cannot_tell() -> None:
    lines = _lines(attribution=None, hypotheses=(), cause="unknown", origin="unknown", origin_counts=())

    assert lines["CAUSE"] == "not known; no revision blamed"
    assert lines["SURE"] == "cannot tell: no explanation stands out"
    assert lines["HIT"].startswith("who was hit is not known, 94 requests")


def test_a_symptom_of_a_symptom_is_drawn_as_a_chain_and_siblings_are_not() -> None:
    chained = symptom(id="c-next", title="next", caused_by="c-slow", explained_share=None, onset=_later(2))
    sibling = symptom(id="c-other", title="other", explained_share=None, onset=_later(3))
    clusters = (cluster(), symptom(), chained, sibling)
    incident = Incident(1, "c-pay", ("c-slow", "c-next", "c-other"), "P0", "t", is_ongoing=True)
    view = build_report(findings(clusters=clusters, incidents=(incident,)), CONFIG)

    pulls = next(line.text for line in view.incidents[0].lines if line.label == "PULLS")

    assert pulls == "desk: order took too long (45/50 traces) -> next; other"


def _later(seconds: int) -> Onset:
    at_ns = ONSET_NS + seconds * 10**9
    return Onset(at_ns, at_ns, at_ns, None, None, "traces")


@pytest.mark.parametrize(
    ("state", "words"),
    [("ongoing", "since 20:00"), ("resolved", "20:00 to 23:00, over"), ("regressed", "back since 20:00")],
)
def test_the_state_decides_how_the_time_is_told(state: str, words: str) -> None:
    view = build_report(findings(clusters=(cluster(state=state),)), CONFIG)

    assert view.incidents[0].when == words


def test_a_root_that_is_over_says_what_of_its_incident_goes_on() -> None:
    told = findings(clusters=(cluster(state="resolved"), symptom(), dependency()))

    assert build_report(told, CONFIG).incidents[0].when == "20:00 to 23:00; 1 of what it pulled down goes on"


def test_a_root_is_shown_with_the_priority_of_its_incident_and_says_why() -> None:
    told = findings(clusters=(cluster(priority="P1"), symptom(priority="P0"), dependency()))
    lookup = Lookup(told)

    root, below = (view_cluster(lookup.named(name), lookup) for name in ("1", "c-slow"))

    assert root.heading.startswith("P0 shop: ")
    assert root.role == "root, ongoing; P1 by itself, P0 with what it pulls down"
    assert below.heading.startswith("P0 desk: ")
    assert build_report(told, CONFIG).incidents[0].clusters[0].heading == root.heading


def test_the_verdict_counts_what_goes_on() -> None:
    view = build_report(findings(), CONFIG)

    assert view.verdict == "WRONG NOW: 2 incidents (1 P0), 1 event missing, 1 operation slower"
    assert view.is_wrong


def test_incidents_that_are_over_are_not_wrong_now() -> None:
    over = tuple(replace(incident, is_ongoing=False) for incident in findings().incidents)
    view = build_report(findings(incidents=over, absent_events=(), latency=()), CONFIG)

    assert view.verdict == "NOTHING WRONG NOW: 2 incidents in this window, all over"
    assert not view.is_wrong


def test_records_that_were_not_looked_through_are_no_good_news() -> None:
    unsigned = replace(quiet_findings().coverage, unsigned=1200)

    assert build_report(quiet_findings(coverage=unsigned), CONFIG).verdict == (
        "CANNOT TELL: 1,200 records not looked through yet, see BLIND"
    )
    assert build_report(findings(coverage=unsigned), CONFIG).verdict.startswith("WRONG NOW: 2 incidents")


def test_failures_of_a_window_whose_begin_was_pruned_are_not_called_old() -> None:
    cut = replace(quiet_findings().coverage, is_cut=True)
    standing = findings().standing

    assert build_report(quiet_findings(coverage=cut, standing=standing), CONFIG).verdict == (
        f"CANNOT TELL WHAT IS NEW: {len(standing)} failure, and a part of this window was pruned, see BLIND"
    )
    assert build_report(quiet_findings(coverage=cut), CONFIG).verdict.startswith("NOTHING WRONG: ")
    assert build_report(findings(coverage=cut), CONFIG).verdict.startswith("WRONG NOW: 2 incidents")


def test_missing_events_are_wrong_although_no_entry_fails() -> None:
    view = build_report(quiet_findings(absent_events=findings().absent_events), CONFIG)

    assert view.verdict == "WRONG NOW: 1 event missing"


def test_a_quiet_window_prints_its_zero_with_the_denominator() -> None:
    view = build_report(quiet_findings(), CONFIG)

    assert view.verdict == "NOTHING WRONG: 0 of 1,000 entries in this window tell of a new failure"


def test_old_failures_keep_a_window_from_being_called_well() -> None:
    view = build_report(quiet_findings(standing=findings().standing), CONFIG)

    assert view.verdict == "NOTHING NEW: 0 of 1,000 entries in this window tell of a new failure; 1 old one"


def test_a_cause_that_is_not_known_acquits_no_deploy() -> None:
    thin = Hypothesis("unknown", 0.95, "3 requests before the first failure are too few to compare with")

    lines = _lines(attribution=None, cause="unknown", hypotheses=(thin,))

    assert lines["CAUSE"] == "not known; no revision blamed"
    assert lines["SURE"] == "cannot tell yet: 3 requests before the first failure are too few to compare with"


def test_a_rival_stands_only_with_evidence() -> None:
    bare = Hypothesis("dependency", 0.95, "a dependency cannot be reached")
    shown = replace(bare, evidence=(Evidence("measured", "5 of 9 requests failed from then on"),))

    assert _lines(attribution=None, cause="dependency", hypotheses=(bare,))["SURE"] == (
        "cannot tell yet: a dependency cannot be reached"
    )
    assert _lines(attribution=None, cause="dependency", fault="dependency", hypotheses=(shown,))["SURE"] == (
        "very likely that it is a dependency"
    )


@pytest.mark.parametrize(
    ("cause", "called", "step"),
    [
        ("secret_rotation", "a rotated secret", "look at the secret's versions"),
        ("dependency", "a setting outside the service", "take the change back"),
    ],
)
def test_a_named_cause_beside_a_deploy_says_how_sure_it_is_and_keeps_the_candidate(
    cause: str, called: str, step: str
) -> None:
    told = Evidence("measured", "new version 8 of secret db at 20:30")
    rival = Hypothesis(cause, 0.75, "instances started since fail", evidence=(told,))  # type: ignore[arg-type] # a cause

    lines = _lines(attribution=attribution(confidence=0.2), cause=cause, fault="configuration", hypotheses=(rival,))

    assert lines["CAUSE"] == f"{called}; no revision blamed: instances started since fail"
    assert lines["SURE"] == f"likely that it is {called}; 00008-bad is not ruled out"
    assert lines["DO"].startswith(f"{step}")


def test_what_is_not_shown_to_be_guilty_rests_on_nothing() -> None:
    weak = attribution(confidence=0.05, decided_by="replication: it stopped when another revision served again")
    root = cluster(attribution=weak, cause="unknown", hypotheses=())

    view = build_report(findings(clusters=(root, symptom(), dependency())), CONFIG)

    texts = [line.text for line in view.incidents[0].lines]
    assert any(text.endswith("is not shown to be guilty") for text in texts)
    assert not any(text.startswith("rests on") for text in texts)


def test_every_rival_that_is_worth_a_line_is_told_also_another_revision() -> None:
    blamed = attribution(confidence=0.6)
    rivals = (
        Hypothesis("revision", 0.6, f"{blamed.revision} of shop broke it"),
        Hypothesis("unknown", 0.14, "nothing else explains it"),
        Hypothesis("revision", 0.12, "desk-00002-bbb of desk broke it"),
        Hypothesis("traffic", 0.05, "traffic grew"),
    )

    root = cluster(attribution=blamed, hypotheses=rivals)
    view = build_report(findings(clusters=(root, symptom(), dependency())), CONFIG)

    assert [line.text for line in view.incidents[0].lines if line.text.startswith("rival: ")] == [
        "rival: nothing else explains it",
        "rival: desk-00002-bbb of desk broke it",
    ]


def test_a_deploy_of_another_service_is_measured_before_and_since() -> None:
    lines = _lines(attribution=attribution(service="auth", revision="auth-00002-xyz"))

    assert lines["RATE"] == "0 % of requests failed before, 98 % since (94 failed)"


def test_an_empty_window_does_not_claim_health() -> None:
    view = build_report(empty_findings(), CONFIG)

    assert view.verdict.startswith("NOTHING SEEN: 0 entries in this window")
    assert view.complete == "complete until: not known"
    assert view.project == "no project"


def test_the_ledger_prints_its_sum() -> None:
    assert build_report(findings(), CONFIG).ledger == "1,027 ever read = 1,000 + 25 dup + 2 dead"


def test_incidents_beyond_the_limit_are_brief() -> None:
    view = build_report(findings(), ReportConfig(full_incidents=1))

    assert [incident.is_brief for incident in view.incidents] == [False, True]
    assert [line.label for line in view.incidents[1].lines] == ["CAUSE", "HIT"]


def test_what_is_known_stands_last_and_not_in_a_brief_incident() -> None:
    full, brief = (build_report(findings(), ReportConfig(full_incidents=1)).incidents[at] for at in (0, 1))
    known = cluster(id="c-cache").known
    told = findings(clusters=tuple(replace(one, known=known) for one in findings().clusters))

    assert [line.label for line in full.lines[-3:]] == ["DO", "KNOWN", "LOOK"]
    assert build_report(told, ReportConfig(full_incidents=1)).incidents[1].lines == brief.lines


def test_standing_failures_beyond_the_limit_are_counted() -> None:
    many = tuple(cluster(id=f"c-{n}", state="standing", units=n, known=None) for n in range(5))
    view = build_report(findings(standing=many), ReportConfig(standing_shown=2))

    assert [row.note.partition("(")[2] for row in view.standing[:2]] == ["c-4)", "c-3)"]
    assert (view.standing[2].title, view.standing[2].note) == ("3 more", "288 failures")


def test_a_vanished_key_warns_before_the_first_failure() -> None:
    row = build_report(findings(), CONFIG).warnings[0]

    assert row.title == "shop 00008-bad 20:00 drops OLD_KEY"
    assert row.note == "present in the 7 revisions before; no error tied to it yet"


def test_a_service_keeps_whole_incidents_that_touch_it() -> None:
    kept = only_service(findings(), "desk")

    assert [cluster.id for cluster in kept.clusters] == ["c-pay", "c-slow"]
    assert [incident.number for incident in kept.incidents] == [1]
    assert (kept.standing, kept.vanished_keys) == ((), ())
    assert kept.coverage == coverage()


def test_what_logtriage_stores_of_itself_is_no_sign_of_a_service() -> None:
    found = empty_findings()
    seen = replace(found.coverage, spans=27, span_services=1, own_spans=27, entries=3, own_entries=3, quiet_entries=3)

    view = build_report(replace(found, coverage=seen), CONFIG)

    assert view.verdict.startswith("NOTHING SEEN: 0 entries in this window")
    assert view.counts.endswith("27 spans of 1 service; of all these 3 entries and 27 spans of logtriage itself")


def test_an_unknown_service_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ConfigError, match=r"--service is `dsk`.*it knows: desk, shop\."):
        only_service(findings(), "dsk")


def test_an_empty_store_knows_no_service_and_says_nothing_seen() -> None:
    assert only_service(empty_findings(), "desk").clusters == ()


def test_one_cluster_is_shown_with_all_its_evidence() -> None:
    view = view_cluster(cluster(), Lookup(findings()))

    assert view.role == "root, ongoing"
    assert view.counts.startswith(
        "96 occurrences in 30 entries, seen 20:00 to 23:00 UTC; began between 19:59 and 20:00"
    )
    assert [fact.kind for fact in view.evidence] == ["measured", "unknown", "measured"]
    assert view.evidence[0].refs == "count_failures_by_revision; entries e1, e2; revisions shop-00008-bad"
    assert view.entries.endswith("e20 and 10 more")
    assert [(rival.cause, rival.sure) for rival in view.rivals] == [("revision", "likely"), ("dependency", "not shown")]
    assert view.sample == ("HTTPException: 403: payment refused", "  at pay (pay.py)")


def test_a_symptom_points_to_its_root_and_leaves_the_commands_there() -> None:
    view = view_cluster(symptom(), Lookup(findings()))

    assert view.role == "symptom of shop: payment refused (403) (c-pay), ongoing"
    assert view.commands == ()


def test_a_symptom_whose_root_is_not_shown_says_so() -> None:
    view = view_cluster(symptom(caused_by="gone"), Lookup(findings()))

    assert view.role.startswith("symptom of a cluster not shown")


def test_hostile_text_is_plain_in_every_field() -> None:
    evil = "\x1b[31m\u202e<script>\n|x|"
    hostile = cluster(
        title=evil, service=evil, sample=evil, id=evil, insert_ids=(evil,), signature_ids=(evil,), trace_ids=(evil,),
        attribution=attribution(
            service=evil, revision=evil, good_revision=evil, change=Change("env_removed", evil, before=evil),
            evidence=(Evidence("measured", evil, query=evil, entry_ids=(evil,), revisions=(evil,)),),
        ),
        per_revision=(RevisionCount(evil, evil, 1, 2, END_NS, END_NS),),
    )  # fmt: skip
    shown = findings(
        clusters=(hostile,), incidents=(Incident(1, evil, (), "P0", evil, is_ongoing=True),), projects=(evil,),
        coverage=coverage(blind_spots=(evil,), dead_reasons=((evil, 1),)), standing=(hostile,), muted=(hostile,),
    )  # fmt: skip

    text = repr(build_report(shown, CONFIG))

    assert r"\x1b" not in text
    assert r"\u202e" not in text
    assert r"\n" not in text


def test_more_failures_than_known_requests_are_told_without_a_share() -> None:
    over = RevisionCount("shop", "shop-00008-bad", 113, 42, 0, 0)

    blamed = _lines(per_revision=(over,))
    alone = _lines(attribution=None, per_revision=(over,))
    elsewhere = _lines(attribution=attribution(service="auth", revision="auth-00002-xyz"), per_revision=(over,))

    told = "113 failures, while only 42 requests are known"
    assert blamed["BAD"] == alone["RATE"] == f"00008-bad: {told}"
    assert elsewhere["RATE"] == "94 failures, while only 42 requests are known"


def test_what_was_slow_or_missing_and_is_over_is_told_in_the_verdict() -> None:
    gone = tuple(replace(one, is_ongoing=False) for one in findings().absent_events)
    slow = tuple(replace(one, is_ongoing=False) for one in findings().latency)

    view = build_report(quiet_findings(absent_events=gone, latency=slow), CONFIG)

    assert view.verdict == ("NOTHING WRONG NOW: 1 missing event and 1 slower operation in this window, all over")
    assert not view.is_wrong


def test_a_window_with_spans_alone_was_looked_at() -> None:
    alone = replace(quiet_findings().coverage, entries=0, quiet_entries=0, spans=1200)

    view = build_report(quiet_findings(coverage=alone), CONFIG)

    assert view.verdict == "NOTHING WRONG: 0 of 1,200 spans in this window tell of a new failure"


def test_an_event_that_lacks_a_field_is_not_called_missing() -> None:
    hollow = tuple(replace(one, kind="hollow", field="total") for one in findings().absent_events)

    assert build_report(quiet_findings(absent_events=hollow), CONFIG).verdict == "WRONG NOW: 1 event without a field"


def test_a_failure_that_waits_for_a_slow_operation_says_which() -> None:
    waiting = cluster(role="symptom", caused_by="l-find")

    view = view_cluster(waiting, Lookup(findings(clusters=(waiting,))))

    assert view.role == "symptom of desk: find_order slower (l-find), ongoing"

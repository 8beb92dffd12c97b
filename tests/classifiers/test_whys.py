"""A chain of answers goes from what is seen to how it got in, and stops where the evidence stops."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from classifiers.findings import (
    Absence,
    Change,
    Cluster,
    Evidence,
    Explains,
    FailingSpan,
    Findings,
    Hypothesis,
    Incident,
    Latency,
    SlowPart,
    VanishedKey,
    Why,
)
from classifiers.forecasts import forecast_of
from classifiers.platform_changes import PlatformChange
from classifiers.record import Claim, Settlement
from classifiers.suspects import CallGraph
from classifiers.whys import with_whys
from classifiers.whys_ground import WhyGround
from collector.records import Revision
from collector.replacing import replace
from tests.support.findings import END_NS, ONSET_NS, attribution, cluster, dependency, findings, revision, symptom

COUNTED = Evidence("measured", "94 of 96 requests failed on shop-00008-bad; 0 of 118 on all others", "count_exposure")
CALLS = pl.DataFrame({"caller": ["desk"], "service": ["shop"], "traces": [40]})


def blamed(**changes: Any) -> Cluster:
    """The refused payments, blamed by counts."""
    claim = {"evidence": (COUNTED,), "decided_by": "the change point over 3 revisions", **changes}
    return cluster(attribution=attribution(**claim))


def ground(*revisions: Revision, vanished: Sequence[VanishedKey] = (), **more: Any) -> WhyGround:
    known = {(one.project, one.service, one.revision): one for one in revisions}
    return WhyGround({}, known, more.get("changes", ()), vanished, CallGraph(CALLS), more.get("claims", ()))


def chain(*members: Cluster, on: WhyGround | None = None, edges: tuple[Explains, ...] = (), **silent: Any) -> list[Why]:
    """The chain of the incident of these members, the first of them its root."""
    every = [*members, *silent.get("latency", ()), *silent.get("absent_events", ())]
    below = tuple(one.id for one in every[1:])
    incident = Incident(1, every[0].id, below, "P1", "it", is_ongoing=True, edges=edges)
    bare: Findings = replace(
        findings(), clusters=members, incidents=(incident,), latency=silent.get("latency", ()),
        absent_events=silent.get("absent_events", ()),
    )  # fmt: skip
    return list(with_whys(bare, on or ground()).incidents[0].whys)


def told(whys: list[Why], step: str) -> str:
    return " | ".join(one.statement for one in whys if one.step == step)


def deployed(**changes: Any) -> Revision:
    made = {"tool": "gcloud", "actor": "<email:ab12>", "insert_ids": ("audit-1",), **changes}
    return revision("shop-00008-bad", ONSET_NS - 60_000_000_000, **made)


class TestBlamedRevision:
    def test_it_goes_from_counts_to_revision_change_and_deploy(self) -> None:
        whys = chain(blamed(), on=ground(deployed()))

        assert [(one.step, one.kind) for one in whys] == [
            ("symptom", "measured"), ("revision", "measured"), ("change", "measured"), ("entry", "measured"),
        ]  # fmt: skip
        assert whys[1].statement == (
            "94 of 96 requests failed on shop-00008-bad; 0 of 118 on all others. Likely: shop-00008-bad brought it; "
            "this rests on the change point over 3 revisions."
        )
        assert whys[1].evidence[0] == COUNTED

    def test_what_changed_names_the_change_and_what_came_with_it(self) -> None:
        key = VanishedKey(
            "shop", "shop-00008-bad", "shop-00007-abc", "PAYMENT_KEY", 7, ONSET_NS, errors_since=True, kept_by=("desk",)
        )

        change = told(chain(blamed(), on=ground(deployed(), vanished=[key])), "change")

        assert change == (
            "PAYMENT_KEY (secret payment-key:7), which 7 revisions before it had, is gone in shop-00008-bad; desk "
            "still has it; the failure does not name it. The image also changed in that deploy and cannot be told "
            "apart."
        )

    def test_no_person_is_named(self) -> None:
        entry = chain(blamed(), on=ground(deployed()))[-1]

        assert (
            entry.statement == "shop-00008-bad was deployed at 2026-09-14T19:59:00Z with gcloud by a person's account."
        )
        assert "ab12" not in str(entry)
        assert entry.evidence[0].entry_ids == ("audit-1",)

    def test_a_change_that_is_not_known_ends_it_and_says_what_would_tell(self) -> None:
        whys = chain(blamed(change=None, also_changed=()), on=ground(deployed()))

        assert (whys[-1].step, whys[-1].kind) == ("change", "unknown")
        assert "`gcloud run revisions describe ... --format=json` of shop-00007-abc and shop-00008-bad" in told(
            whys, "change"
        )

    def test_a_deploy_that_is_not_known_ends_it(self) -> None:
        last = chain(blamed())[-1]

        assert (last.step, last.kind, last.refuted_by) == ("entry", "unknown", ())
        assert last.statement.endswith("The audit log of that time would tell.")

    def test_variables_that_vanish_at_once_tell_of_a_deploy_that_sets_the_whole_list(self) -> None:
        keys = [
            VanishedKey("shop", "shop-00008-bad", "shop-00007-abc", name, 3, ONSET_NS, errors_since=False, was=was)
            for name, was in (("A_URL", None), ("B_URL", None), ("KEY", "secret key:1"))
        ]

        last = chain(blamed(), on=ground(deployed(), vanished=keys))[-1]
        alone = chain(blamed(), on=ground(deployed(), vanished=keys[1:]))[-1]

        assert (last.step, last.kind, last.evidence[0].query) == (
            "entry", "inferred", "rule:several-variables-vanished-at-once",
        )  # fmt: skip
        assert last.statement.startswith("A_URL and B_URL, all with literal values, vanished")
        assert alone.kind == "measured"

    def test_traffic_that_was_given_back_is_no_deploy(self) -> None:
        back = deployed(rolled_back_ns=(ONSET_NS,))

        whys = chain(blamed(change=Change("traffic", "traffic"), also_changed=()), on=ground(back))

        assert whys[-1].step == "change"
        assert whys[-1].statement == (
            "shop-00008-bad was given the traffic again at 2026-09-14T20:00:00Z: nothing was deployed."
        )

    def test_a_service_it_calls_is_named_before_its_revision(self) -> None:
        met = Evidence(
            "measured", "shop calls bank; its revision is known from the trace in 97% of them", "find_trace_requests"
        )
        whys = chain(blamed(service="bank", revision="bank-00002-def", evidence=(COUNTED, met)))

        assert told(whys, "call") == "shop calls bank; its revision is known from the trace in 97% of them."
        assert "bank-00002-def of bank brought it" in told(whys, "revision")

    def test_a_person_who_settled_it_is_told_as_said(self) -> None:
        forecast = replace(forecast_of(blamed(), made_at_ns=ONSET_NS, made_by="rule"), forecast_id="f1")
        said = Settlement("f1", "right", "person", "person", "right", END_NS)

        whys = chain(blamed(), on=ground(deployed(), claims=(Claim(forecast, forecast, by_person=said),)))

        assert [(one.step, one.kind) for one in whys if one.kind == "asserted"] == [("revision", "asserted")]
        assert "settled this verdict as right at 2026-09-15T00:00:00Z" in told(whys, "revision")


class TestOtherCauses:
    def test_a_dependency_is_inferred_and_what_would_tell_more_is_said(self) -> None:
        whys = chain(dependency())

        assert [(one.step, one.kind) for one in whys] == [
            ("symptom", "measured"), ("cause", "inferred"), ("change", "unknown"),
        ]  # fmt: skip
        assert told(whys, "cause") == (
            "It is likely a dependency, and no revision: all revisions fail alike; 2 revisions failed."
        )

    def test_a_rotated_secret_leads_to_its_new_version_and_no_deploy(self) -> None:
        change = PlatformChange(
            ONSET_NS, "acme-test", "", "secret_version", "secrets/key", "new version 8 of secret key", "<email:cd34>",
            "gcloud", "succeeded", ("audit-9",),
        )  # fmt: skip
        rival = Hypothesis(
            "secret_rotation", 0.8, "new version 8 of secret key: instances started since fail",
            (
                Evidence("measured", "new version 8 of secret key", "find_facts", ("audit-9",)),
                Evidence("measured", "shop reads its newest version as KEY", "find_facts"),
                Evidence("measured", "instances started since: 9 of 9", "count_instance_requests"),
            ),
        )  # fmt: skip
        one = cluster(attribution=None, cause="secret_rotation", hypotheses=(rival,))

        whys = chain(one, on=ground(changes=(change,)))

        assert told(whys, "cause").endswith("a rotated secret, and no revision: instances started since: 9 of 9.")
        assert told(whys, "change") == (
            "New version 8 of secret key at 2026-09-14T20:00:00Z; shop reads its newest version as KEY."
        )
        assert told(whys, "entry") == "It was made with gcloud by a person's account, without a deploy."

    def test_where_nothing_stands_out_it_names_no_revision(self) -> None:
        weak = replace(blamed(), attribution=attribution(confidence=0.3), cause="unknown")

        whys = chain(weak)

        assert (whys[-1].step, whys[-1].kind) == ("cause", "unknown")
        assert "shop-00008" not in whys[-1].statement


class TestCascade:
    EDGE = Explains("c-pay", "c-slow", 41, 46, 10**9, "traces", ("a" * 32,))

    def test_it_begins_where_those_who_ask_see_it_and_counts_what_came_first(self) -> None:
        whys = chain(blamed(), symptom(), edges=(self.EDGE,))

        assert whys[0].statement.startswith("desk, `order took too long`: 50 failures")
        assert told(whys, "call") == (
            "In 41 of its 46 failures `payment refused (403)` of shop failed too, in the same trace and as a rule "
            "first."
        )
        assert next(one for one in whys if one.step == "call").evidence[0].trace_ids == ("a" * 32,)

    def test_that_it_came_first_is_told_where_it_did(self) -> None:
        whys = chain(blamed(), symptom(), edges=(replace(self.EDGE, lag_ns=0, shared=46),))

        assert (
            told(whys, "call")
            == "In all its 46 failures `payment refused (403)` of shop failed too, in the same trace."
        )

    def test_an_event_that_stays_away_beside_another_one_is_not_where_it_begins(self) -> None:
        one: Absence = findings().absent_events[0]
        other = replace(one, event="order.sent", role="symptom", caused_by=one.id)

        assert "order.confirmed" in chain(absent_events=(one, other))[0].statement

    def test_a_link_without_traces_is_inferred(self) -> None:
        whys = chain(blamed(), symptom(), edges=(replace(self.EDGE, how="instances", trace_ids=()),))

        step = next(one for one in whys if one.step == "call")
        assert (step.kind, step.evidence[0].query) == ("inferred", "rule:linked-by-instances")
        assert "(no trace links them)" in step.statement

    def test_a_symptom_of_few_failures_is_not_where_it_begins(self) -> None:
        assert chain(blamed(), symptom(units=3), edges=(self.EDGE,))[0].statement.startswith("shop: 94 failures")

    def test_members_that_explain_each_other_in_a_circle_end(self) -> None:
        one, other = symptom(id="x", caused_by="y"), symptom(id="y", caused_by="x")

        assert chain(blamed(), one, other)[0].statement.startswith("shop: 94 failures")


class TestSilentFindings:
    def test_a_slower_operation_tells_the_part_that_takes_the_time(self) -> None:
        part = SlowPart("desk", "SELECT orders", True, 9_000_000, 450_000_000, 1, 1, 0.96)
        one = replace(findings().latency[0], part=part, attribution=attribution(service="desk", evidence=(COUNTED,)))

        whys = chain(latency=(one,))

        assert whys[0].statement == (
            "desk: `find_order` takes 480 ms (p50), 1.9 s (p95) since 2026-09-14T20:00:00Z, of 96 requests; before "
            "that 12 ms and 30 ms, of 410."
        )
        assert told(whys, "operation").startswith("96% of what it takes longer lies in `SELECT orders` of desk")

    def test_a_missing_event_counts_its_triggers(self) -> None:
        one: Absence = findings().absent_events[0]

        whys = chain(absent_events=(one,))

        assert whys[0].statement == (
            "desk: `order.confirmed` came in 0 of 60 `POST /orders` since 2026-09-14T20:00:00Z; before that in "
            "392 of 400."
        )
        assert all("failed" not in why.statement for why in whys if why.step == "revision")


@pytest.mark.parametrize(
    ("spans", "where"),
    [
        ((FailingSpan("t", "s", "GET /pay", ONSET_NS, ""),), "It fails on `GET /pay`."),
        ((FailingSpan("t", "s", "POST", ONSET_NS, ""),), ""),
        ((), ""),
    ],
    ids=["a route", "a method alone", "nothing"],
)
def test_the_operation_is_told_where_something_names_it(spans: tuple[FailingSpan, ...], where: str) -> None:
    assert told(chain(replace(blamed(), spans=spans)), "operation") == where


def test_the_same_findings_give_the_same_chain() -> None:
    latency: tuple[Latency, ...] = findings().latency

    assert chain(blamed(), symptom(), latency=latency) == chain(blamed(), symptom(), latency=latency)

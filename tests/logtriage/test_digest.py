"""Findings into messages: what there is to say now."""

from collections.abc import Callable

from classifiers.findings import Findings, Hypothesis, Incident
from classifiers.followed import Criterion, IncidentState, MemberState, Tracked, Verification
from collector.replacing import replace
from logtriage.digest import build_digest
from logtriage.digest_view import plan_json, plan_text
from logtriage.digesting import Plan, Planned
from logtriage.message import Message
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS, cluster, dependency, findings, quiet_findings
from tests.support.tracked import with_tracked


def _messages(told: Findings) -> tuple[Message, ...]:
    return build_digest(told).messages


def _plan(*messages: Message) -> tuple[Plan, ...]:
    return (Plan("", "", tuple(Planned(one, None, None) for one in messages)),)


def _pay(told: Findings | None = None, **changes: object) -> Message:
    """The message on the refused payments, with another state."""
    every = with_tracked(told or findings())
    tracked = tuple(replace(one, **changes) if one.root == "c-pay" else one for one in every.tracked)  # type: ignore[arg-type] # fields of Tracked
    return next(one for one in _messages(replace(every, tracked=tracked)) if one.incident_id == "c-pay")


def _claim(message: Message, name: str) -> tuple[str, str]:
    return next((one.value, one.news) for one in message.claims if one.name == name)


def _state(state: str, hours: float) -> IncidentState:
    at_ns = ONSET_NS + round(hours * HOUR_NS)
    return IncidentState(
        "c-pay", "", state, None, "", at_ns, at_ns, "", "acme-test", "shop", "payment refused", "P0", "c-pay",  # type: ignore[arg-type] # a state
        ("c-pay",), ("s1",), ONSET_NS, at_ns, 0, 1,
    )  # fmt: skip


def test_one_message_an_incident_with_its_symptoms_folded_in(golden: Callable[[str, str], None]) -> None:
    messages = _messages(with_tracked(findings()))

    assert [message.headline.split(" · ")[0] for message in messages[:2]] == ["P0 ongoing", "P2 ongoing"]
    golden("digest_incident.txt", plan_text(_plan(*messages)))


def test_nothing_to_say_nothing_sent() -> None:
    assert _messages(quiet_findings()) == ()
    assert plan_text(_plan()) == "Nothing to say, nothing sent.\n"
    assert plan_json(_plan())[0]["messages"] == []


def test_a_vanished_key_warns_until_failures_follow_whose_incident_then_tells_it() -> None:
    key = findings().vanished_keys[0]
    warned = _messages(quiet_findings(vanished_keys=(key,)))
    followed = replace(key, errors_since=True, cluster_ids=("c-pay",))

    assert [message.headline for message in warned] == [
        "shop 00008-bad drops OLD_KEY (present in the 7 revisions before). No error yet."
    ]
    assert _messages(quiet_findings(vanished_keys=(followed,))) == ()
    lines = _pay(findings(vanished_keys=(followed,))).lines
    assert [line.text for line in lines if line.label == "WARN"] == [
        "shop 00008-bad drops OLD_KEY (present in the 7 revisions before)"
    ]


class TestStates:
    def test_new_and_ongoing_are_one_claim(self) -> None:
        assert _claim(_pay(state="new"), "state")[0] == _claim(_pay(state="ongoing"), "state")[0] == "open 0"

    def test_its_end_is_green_and_says_how_sure_and_by_what(self) -> None:
        message = _pay(
            state="resolved", sure=0.97, statement="40 of 40 calls pass since 00009-new took traffic",
            history=(_state("new", 0), _state("resolved", 2)), last_failure_ns=END_NS - HOUR_NS,
            since_ns=END_NS - 2 * HOUR_NS,
        )  # fmt: skip

        assert (message.sign, message.is_over, message.command) == ("🟢", True, "")
        assert message.headline == "P0 resolved · shop · payment refused (403) 20:00 to 22:00 UTC"
        assert _claim(message, "state") == (
            "resolved 1", "Resolved, very likely: 40 of 40 calls pass since 00009-new took traffic.",
        )  # fmt: skip
        assert message.lines[0].text == "40 of 40 calls pass since 00009-new took traffic"
        assert "STATE" not in [line.label for line in message.lines]  # NOW says it

    def test_one_state_is_told_once_with_its_stragglers(self) -> None:
        told = (_state("new", 0), _state("resolved", 2))
        one = _pay(state="resolved", statement="traffic went back to 00007", history=told, stragglers=3)

        texts = [line.text for line in one.lines if "traffic went back to 00007" in line.text]
        assert texts == ["traffic went back to 00007; 3 stragglers since, on revisions without traffic"]
        assert one.lines[0].label == "NOW"

    def test_what_comes_back_says_when_it_was_first_seen(self) -> None:
        """Its onset is that of the return by then; the first one stands in its history."""
        back_ns = ONSET_NS + 3 * HOUR_NS
        message = _pay(
            state="regressed", since_ns=back_ns, onset_ns=back_ns,
            history=(_state("new", 0), _state("resolved", 1), _state("regressed", 3)),
        )  # fmt: skip

        assert message.headline.endswith("since 23:00 UTC, first 20:00")

    def test_the_rank_of_what_is_over_or_stands_is_no_news_and_nothing_more_is_asked_of_it(self) -> None:
        left = Verification(
            Criterion("v1", "no failures", "calls pass", "", "", "acme-test", "desk"),
            "NOT YET",
            ONSET_NS,
            "",
            2,
            0,
            9,
            "",
        )
        for state in ("resolved", "standing", "muted"):
            told = (_state("new", 0), _state(state, 2))
            one = _pay(state=state, history=told, verifications=(left,), priority="P2")
            assert "rank" not in [claim.name for claim in one.claims]
            assert not [line for line in one.lines if "calls pass" in line.text]

    def test_a_verdict_is_taken_back_only_where_the_window_shows_the_beginning(self) -> None:
        known = findings()
        weak = replace(known, clusters=tuple(replace(one, attribution=None, cause="unknown") for one in known.clusters))
        before = known.window.start_ns - HOUR_NS

        assert _claim(_pay(weak), "verdict")[0] == ""
        assert "verdict" not in [claim.name for claim in _pay(weak, onset_ns=before).claims]

    def test_what_comes_back_says_with_what_and_after_how_long(self) -> None:
        message = _pay(
            state="regressed", revision="shop-00010-old", since_ns=ONSET_NS + 3 * HOUR_NS, statement="it fails again",
            history=(_state("new", 0), _state("resolved", 1), _state("regressed", 3)), related=("older",),
            onset_ns=ONSET_NS + 3 * HOUR_NS,
        )  # fmt: skip

        assert message.headline.startswith("P0 back · shop · payment refused (403) since 23:00 UTC, first 20:00")
        assert _claim(message, "state") == (
            "open 1", "Back since 23:00 UTC with 00010-old, 2 h after its end: it fails again.",
        )  # fmt: skip
        assert message.related == ("older",)
        assert message.title.startswith("GCP-regression | P0 | shop: ")

    def test_a_second_return_is_news_a_second_time(self) -> None:
        once = (_state("new", 0), _state("resolved", 1), _state("regressed", 2))
        twice = (*once, _state("resolved", 3), _state("regressed", 4))

        values = [_claim(_pay(state="regressed", history=told), "state")[0] for told in (once, twice)]

        assert values == ["open 1", "open 2"]

    def test_muted_and_woken_and_folded_are_said(self) -> None:
        muted = (_state("new", 0), _state("muted", 1))
        woken = (*muted, _state("ongoing", 2))

        assert _claim(_pay(state="muted", statement="until 09-20", history=muted), "state") == (
            "muted 1", "Muted: until 09-20.",
        )  # fmt: skip
        assert _claim(_pay(state="muted", statement="muted until 09-20", history=muted), "state")[1] == (
            "Muted until 09-20."
        )
        assert _claim(_pay(state="ongoing", statement="a new variant", history=woken), "state") == (
            "open 1", "Woken: a new variant.",
        )  # fmt: skip
        folded = _pay(merged_into="c-cache", statement="every one of its requests met it")
        assert _claim(folded, "state")[1].startswith("Folded into shop: cache time-out: every one")
        assert (folded.is_over, folded.related) == (True, ("c-cache",))

    def test_of_what_the_window_shows_no_more_only_the_state_is_told(self) -> None:
        gone: dict[str, object] = {"clusters": (), "incidents": (), "vanished_keys": ()}
        tracked: tuple[Tracked, ...] = with_tracked(findings()).tracked
        told = replace(findings(**gone), tracked=(replace(tracked[0], number=None, statement="waits for calls"),))

        (message,) = _messages(told)

        assert (message.act, [line.label for line in message.lines]) == ("change", ["NOW"])
        assert [one.name for one in message.claims] == ["state", "rank", "over"]


class TestHalfAFix:
    """One of two services is mended: the incident goes on, and who waits for the one is told."""

    def _told(self, *states: str) -> tuple[str, str]:
        members = tuple(
            MemberState(f"c-{at}", service, "payment refused", state, None, "", ONSET_NS)  # type: ignore[arg-type] # a state
            for at, (service, state) in enumerate(zip(("shop", "shop", "desk"), states, strict=True))
        )
        return _claim(_pay(state="ongoing", members=members), "over")

    def test_a_service_in_which_all_is_over_is_news(self) -> None:
        assert self._told("ongoing", "ongoing", "resolved") == ("desk", "Over in desk, not yet in shop.")

    def test_a_service_in_which_something_fails_still_is_not_over(self) -> None:
        assert self._told("resolved", "ongoing", "ongoing")[0] == ""

    def test_what_fails_again_in_it_is_news(self) -> None:
        assert self._told("ongoing", "ongoing", "ongoing") == ("", "It fails again in {before}, where it was over.")


class TestVerdict:
    def test_another_verdict_is_news(self) -> None:
        blamed = _claim(_pay(), "verdict")
        sure, weak = (
            _pay(findings(clusters=(cluster(attribution=None, cause="dependency", hypotheses=(rival,)),)))
            for rival in (Hypothesis("dependency", 0.7, "redis"), Hypothesis("dependency", 0.4, "redis"))
        )

        assert blamed[0] == "shop 00008-bad (- PAYMENT_KEY)"
        assert _claim(sure, "verdict") == ("a dependency", "The verdict is now a dependency; was {before}.")
        assert [one.name for one in weak.claims] == ["state", "rank", "over"]  # stays as it was told

    def test_of_what_is_over_neither_rank_nor_verdict_is_news(self) -> None:
        for state in ("resolved", "standing", "muted"):
            assert [one.name for one in _pay(state=state, history=(_state("new", 0), _state(state, 2))).claims] == [
                "state"
            ]

    def test_a_verdict_that_wavers_stays_as_it_was_told(self) -> None:
        root = cluster()
        assert root.attribution is not None
        weak, lost = (
            cluster(cause="unknown", attribution=replace(root.attribution, confidence=sure)) for sure in (0.45, 0.2)
        )

        assert [one.name for one in _pay(findings(clusters=(weak,))).claims] == ["state", "rank", "over"]
        assert _claim(_pay(findings(clusters=(lost,))), "verdict")[0] == ""

    def test_figures_are_no_claim(self) -> None:
        assert _pay().facts == _pay(findings(clusters=(cluster(units=500, occurrences=900),))).facts

    def test_it_is_told_with_the_command_that_settles_it(self) -> None:
        told = with_tracked(findings(clusters=(cluster(), replace(dependency(), cause="unknown"))))

        asked = [[line.text for line in one.lines if line.label == "RIGHT?"] for one in _messages(told)]

        assert asked[0] == ["logtriage settle c-pay right|wrong"]
        assert not any(asked[1:])
        assert [one.finding_id for one in _messages(told)[:2]] == ["c-pay", ""]


def test_other_incidents_are_named_as_apart_and_no_number_of_one_report_is_told() -> None:
    message = _messages(with_tracked(findings()))[0]

    assert [line.text for line in message.lines if line.label == "APART"] == [
        "not explained by it: shop: cache time-out"
    ]
    assert not [line.text for line in message.lines if "#" in line.text or "show 1" in line.text]


def test_an_incident_ranks_by_the_highest_since_its_onset() -> None:
    over = findings(
        clusters=(cluster(state="resolved"),),
        incidents=(Incident(1, "c-pay", (), "P0", "payment refused", is_ongoing=False),),
    )

    assert _claim(_pay(over, state="ongoing", priority="P1"), "rank") == ("P1", "P1 now, was {before}.")
    assert "rank" not in [one.name for one in _pay(over, state="resolved").claims]  # of what is over it is no news

"""What changed, who was hit and what else explains a finding that no entry tells."""

from classifiers.findings import Absence, EventCount, Hypothesis, Latency, Onset
from collector.replacing import replace
from logtriage.absence_view import absence_rows
from logtriage.lookup import Lookup
from logtriage.verdict_rows import revision_words, verdict_rows
from tests.support.findings import ONSET_NS, attribution, findings

_LOOKUP = Lookup(findings())
_SLOW = Latency("shop", "POST /orders", attribution(), since=412, fault="product")


def test_the_change_of_the_blamed_revision_is_told_with_the_command_that_shows_it() -> None:
    told = verdict_rows(replace(_SLOW, origin="users"), _LOOKUP)

    assert told == [
        ("change", "00008-bad 19:59, - PAYMENT_KEY, ~ image; logtriage diff shop-00007-abc shop-00008-bad"),
        ("hit", "users; fault: product"),
    ]


def test_the_deploy_of_another_service_is_named_with_it() -> None:
    ((_, told), *_) = verdict_rows(replace(_SLOW, service="web"), _LOOKUP)

    assert told.startswith("shop 00008-bad 19:59, - PAYMENT_KEY")


def test_slow_requests_are_counted_by_who_sent_them() -> None:
    hit = replace(_SLOW, origin_counts=(("tests", 6), ("unknown", 40), ("users", 360)))

    assert verdict_rows(hit, _LOOKUP)[-1] == (
        "hit",
        "406 slow requests: users 360, tests 6, 40 not known; fault: product",
    )
    assert verdict_rows(replace(hit, origin_counts=(("unknown", 1),), known_by="spans"), _LOOKUP)[-1] == (
        "hit",
        "1 slow trace, whose is not known; fault: product",
    )


def test_without_a_revision_to_blame_the_surest_explanation_is_told() -> None:
    rivals = (
        Hypothesis("traffic", 0.9, "6.2 times as many requests as before."),
        Hypothesis("unknown", 0.1, "something else"),
    )
    rows = verdict_rows(replace(_SLOW, attribution=None, hypotheses=rivals), _LOOKUP)

    assert rows[0] == ("cause", "traffic, very likely: 6.2 times as many requests as before")
    nothing = Hypothesis("unknown", 0.95, "no deploy explains it")
    unknown = verdict_rows(replace(_SLOW, attribution=None, hypotheses=(nothing,)), _LOOKUP)

    assert unknown[0] == ("cause", "not known: no deploy explains it")


def test_a_candidate_is_not_said_to_be_the_revision() -> None:
    weak = attribution(confidence=0.3)

    assert revision_words(weak, "shop") == "no revision blamed, 00008-bad is not ruled out"
    assert revision_words(attribution(confidence=0.97), "shop") == "since 00008-bad: very likely"
    assert revision_words(None, "shop") == "no revision blamed"


def test_a_missing_event_tells_its_counts_its_change_and_whom_it_misses() -> None:
    onset = Onset(ONSET_NS, ONSET_NS, ONSET_NS, 0.0, 1.0, "requests")
    gone = Absence(
        "order.sent", "shop", None, attribution(), trigger="POST /orders", before=EventCount(385, 385),
        since=EventCount(611, 0), onset=onset, origin="both",
    )  # fmt: skip

    assert absence_rows([gone], [], _LOOKUP) == [
        (
            "shop: order.sent no longer arrives",
            "since 20:00; since 00008-bad: likely; 385 of 385 after POST /orders before, 0 of 611 since",
        ),
        ("change", "00008-bad 19:59, - PAYMENT_KEY, ~ image; logtriage diff shop-00007-abc shop-00008-bad"),
        ("hit", "users and tests"),
        ("see", f"logtriage show {gone.id}"),
    ]

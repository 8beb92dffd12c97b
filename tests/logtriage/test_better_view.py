"""What got better."""

from typing import Any

from classifiers.explained import Improved
from classifiers.findings import Latency, Onset, VanishedKey
from classifiers.followed import MemberState
from collector.records import Served
from collector.replacing import replace
from logtriage.better_view import better_rows
from logtriage.lookup import Lookup
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS, cluster, findings, quiet_findings, revision
from tests.support.tracked import with_tracked

_OVER = cluster(state="resolved")


def _rows(**changes: Any) -> list[tuple[str, str]]:
    known = findings()
    over = tuple(replace(one, is_ongoing=False) for one in known.incidents[:1])
    return better_rows(
        Lookup(replace(known, clusters=(_OVER,), incidents=over, absent_events=(), latency=(), **changes))
    )


def test_an_incident_that_is_over_is_told_with_the_deploy_that_ended_it() -> None:
    fix = revision("shop-00009-new", END_NS - HOUR_NS, periods=(Served(END_NS - HOUR_NS, None, 100),))

    assert _rows(revisions=(fix,)) == [
        (
            "#1 shop: payment refused (403)",
            "over since 23:00, with the deploy of 00009-new at 23:00; 94 failures until then",
        )
    ]


def test_a_roll_back_is_called_one() -> None:
    at_ns = END_NS - HOUR_NS
    back = revision("shop-00007-abc", ONSET_NS, periods=(Served(at_ns, None, 100),), rolled_back_ns=(at_ns,))

    assert "with the roll-back to 00007-abc at 23:00" in _rows(revisions=(back,))[0][1]


def test_of_what_looks_proved_over_stragglers_do_not_move_the_end() -> None:
    at_ns = END_NS - 3 * HOUR_NS
    back = revision("shop-00007-abc", ONSET_NS, periods=(Served(at_ns, None, 100),), rolled_back_ns=(at_ns,))
    over = MemberState(_OVER.id, "shop", "", "resolved", 0.95, "", at_ns)
    known = with_tracked(findings(), state="resolved", since_ns=at_ns, members=(over,))

    told = _rows(revisions=(back,), tracked=known.tracked)[0][1]

    assert told.startswith("over since 21:00, with the roll-back to 00007-abc at 21:00")


def test_what_no_deploy_ended_says_so() -> None:
    assert "over since 23:00, by no deploy that is known" in _rows(revisions=())[0][1]


def test_what_is_fast_again_and_keys_that_came_back_are_told() -> None:
    onset = Onset(ONSET_NS, ONSET_NS, ONSET_NS, 0.0, 1.0, "requests")
    slow = Latency("desk", "find_order", None, onset=onset, is_ongoing=False, ended_ns=END_NS - HOUR_NS)
    key = VanishedKey("shop", "shop-2", "shop-1", "OLD_KEY", 7, ONSET_NS, errors_since=False, restored_in="shop-3")

    assert better_rows(Lookup(quiet_findings(latency=(slow,), vanished_keys=(key,)))) == [
        ("desk: find_order", "as fast as before again since 23:00"),
        ("shop: OLD_KEY", "back with 3"),
    ]


def test_where_nothing_got_better_there_are_no_rows() -> None:
    assert better_rows(Lookup(findings())) == []


def test_a_failure_that_fell_or_ended_is_told_with_both_denominators() -> None:
    at_ns = END_NS - HOUR_NS
    fix = revision("shop-00009-new", at_ns, periods=(Served(at_ns, None, 100),))
    gone = Improved("c9", "no price", "p", "shop", "requests", 23, 1195, 0, 1200, at_ns)
    less = Improved("c8", "no stock", "p", "desk", "traces", 1059, 4000, 5, 3000, at_ns)

    assert better_rows(Lookup(quiet_findings(revisions=(fix,), improved=(gone, less)))) == [
        (
            "shop: no price",
            "none of 1,200 requests failed, 23 of 1,195 before, with the deploy of 00009-new at 23:00",
        ),
        ("desk: no stock", "5 of 3,000 traces failed, 1,059 of 4,000 before"),
    ]

import pytest

from classifiers.findings import NotApart, SideBySide, Sighting
from logtriage.claim_words import check_words, refuted_words, sighted_words
from logtriage.wording import Near
from tests.support.findings import END_NS, HOUR_NS, ONSET_NS, attribution

_MOST = "at most 2.4 times as often"
NEAR = Near.day_of(ONSET_NS)


def test_where_it_was_seen_good_and_bad_last_is_one_line() -> None:
    claim = attribution(
        last_good=Sighting("shop", "shop-00007-abc", 0, 118, ONSET_NS - HOUR_NS),
        last_seen_bad=Sighting("shop", "shop-00009-new", 3, None, END_NS - HOUR_NS),
    )

    assert sighted_words(claim, NEAR) == [("", "seen good 00007-abc 19:00; seen bad 00009-new 23:00")]


def test_deploys_that_cannot_be_told_apart_are_told_by_the_reason() -> None:
    claim = attribution(
        first_bad=("shop-00006-a", "shop-00007-b", "shop-00008-bad"),
        not_apart=(
            NotApart("shop-00006-a", 0.3, "took no requests"), NotApart("shop-00007-b", 0.3, "took no requests"),
        ),
    )  # fmt: skip

    assert sighted_words(claim, NEAR) == [
        ("SET", "one of 3 revisions, not told apart: 00006-a and 00007-b took no requests")
    ]


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (SideBySide("not testable", 0, 0, 0, 0, 0, 1.0, None), "not testable side by side: 0 overlapping requests"),
        (
            SideBySide("differs", 42, 30, 280, 12, 0, 1e5, None),
            "side by side in 42 minutes: 12/30 against 0/280 requests failed: differs",
        ),
        (
            SideBySide("no difference", 42, 300, 280, 12, 11, 1.0, 2.44),
            f"side by side in 42 minutes: 12/300 against 11/280 requests failed: no difference seen, {_MOST}",
        ),
        (
            SideBySide("too few", 4, 3, 2, 1, 0, 1.0, None),
            "side by side in 4 minutes: 1/3 against 0/2 requests failed: too few to tell",
        ),
    ],
)
def test_what_it_rests_on_is_told_with_both_revisions_side_by_side(found: SideBySide, told: str) -> None:
    claim = attribution(decided_by="before and after alone", side_by_side=found)

    assert check_words(claim, "requests") == [f"rests on before and after alone; {told}"]


def test_what_would_refute_it_names_revisions_shortly() -> None:
    claim = attribution(refuted_by=("a failure of this on shop-00007-abc", "30 requests in a row without one"))

    assert refuted_words(claim) == "refuted by a failure of this on 00007-abc; or by 30 requests in a row without one"

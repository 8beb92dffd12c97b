"""Which claims a sentence holds."""

import pytest

from classifiers.claims.reading import read_claims
from classifiers.claims.records import Claim, Names
from collector.window import Window, parse_instant_ns

NAMES = Names(
    services=("shop", "auth"),
    revisions=(("shop", "shop-00007-abc"), ("shop", "shop-00008-bad")),
    events=("order.confirmed",),
    keys=("SERVICE_KEY", "JWT_KEY"),
)
WINDOW = Window(*(parse_instant_ns(text, name="", now_ns=0) for text in ("2026-09-14T00:00Z", "2026-09-15T00:00Z")))


def _read(text: str) -> tuple[Claim, ...]:
    return read_claims(text, NAMES, WINDOW).claims


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("We saw 212 `ValueError`s.", ["count"]),
        ("94 of 96 requests failed on shop-00008-bad.", ["share"]),
        ("98 % of the calls failed.", ["share"]),
        ("It broke in 00008-bad.", ["first bad"]),
        ("The regression was introduced between 00007-abc and 00008-bad.", ["between"]),
        ("Last good revision: shop-00007-abc", ["good"]),
        ("Working revision 00007, failing revision 00008.", ["good", "bad"]),
        ("Traffic was rolled back to 00007-abc.", ["rolled back"]),
        ("`ValueError` is seen on all revisions of shop.", ["everywhere"]),
        ("SERVICE_KEY was lost in 00008-bad.", ["change"]),
        ("The image changed in 00008-bad.", ["change"]),
        ("Memory was lowered from 1Gi to 512Mi in 00008-bad.", ["change"]),
        ("The configuration of 00008-bad is unchanged.", ["no change"]),
        ("Errors since 20:33 UTC.", ["moment"]),
        ("First seen: 20:33 UTC", ["moment"]),
        ("00008-bad was deployed at 20:31 UTC.", ["deployed"]),
        ("No `order.confirmed` after 20:33 UTC.", ["silence"]),
        ("`order.confirmed` has not been seen since 20:33.", ["silence"]),
        ("Nothing was logged by auth.", ["silence"]),
        ("No errors before 20:00 UTC.", ["silence"]),
        ("Only tests were affected.", ["origin"]),
        ("Health checks returned 200.", ["health"]),
        ("p95 of shop is 15.8 s.", ["latency"]),
        ("shop became 5x slower.", ["slower"]),
        ("`ValueError` causes `KeyError`.", ["cause"]),
        ("7 users were hit.", ["count"]),
    ],
)
def test_a_claim_is_read_as_its_kind(text: str, kinds: list[str]) -> None:
    assert [claim.kind for claim in _read(text)] == kinds


@pytest.mark.parametrize(
    "text",
    [
        "We should alert on 50 errors.",
        "Did 212 requests fail?",
        "The fix took 3 hours.",
        "Confidence: 95 %",
        "10 % of the traffic went to 00008-bad.",
        "Five engineers looked at two services.",
        "About 12 errors per minute.",
        "If it breaks in 00008-bad we roll back.",
        "See ticket #212 for details.",
    ],
)
def test_what_is_no_claim_is_not_listed(text: str) -> None:
    assert _read(text) == ()


def test_each_number_of_a_sentence_has_its_own_subject() -> None:
    claims = _read("51 requests were answered with 503, 37 with 502.")

    assert [(claim.amount.low, claim.subject.statuses) for claim in claims if claim.amount] == [
        (51, ((503, 503),)),
        (37, ((502, 502),)),
    ]


def test_a_claim_knows_its_line_and_its_window() -> None:
    (claim,) = _read("# Title\n\nBetween 10:00 and 11:00 UTC we saw 3 `ValueError`s.\n")

    assert claim.line == 3
    assert claim.span is not None
    assert claim.span.relation == "between"


def test_the_window_that_a_text_states_is_no_claim() -> None:
    read = read_claims("**Window:** 2026-09-14 10:00 - 2026-09-14 12:00 UTC\n\n3 `ValueError`s.", NAMES, WINDOW)

    assert read.window is not None
    assert [claim.kind for claim in read.claims] == ["count"]


def test_a_part_of_a_count_is_marked() -> None:
    (claim,) = _read("12 `ValueError`s in the first 10 minutes.")

    assert claim.is_partial


@pytest.mark.parametrize(
    "text", ["\x00" * 50, "`" * 500, "|" * 500, "[" * 3000, "a." * 3000, "1 of " * 900, "9" * 3000]
)
def test_hostile_text_is_read_and_is_no_error(text: str) -> None:
    assert isinstance(_read(text), tuple)


def test_what_is_denied_behind_a_number_was_not_counted() -> None:
    silence, count = _read("auth served 1,304 requests without a single 5xx.")

    assert silence.subject.statuses
    assert (count.kind, count.is_all, count.subject.statuses) == ("count", True, ())


def test_that_something_is_not_sent_by_a_pronoun_names_nothing() -> None:
    assert "silence" not in [claim.kind for claim in _read("shop-00008-bad does not log it; 00007-abc logged 279.")]
    assert "silence" not in [claim.kind for claim in _read("Why is it not logged?; 00007-abc logged 279 of them")]


@pytest.mark.parametrize(
    ("text", "is_ended"),
    [
        ("`order.confirmed` is no longer sent.", True),
        ("`order.confirmed` is not logged any more.", True),
        ("No `order.confirmed` was logged.", False),
        ("`order.confirmed` is no longer sent since 20:33 UTC.", False),
    ],
)
def test_what_has_stopped_is_told_from_what_never_was(text: str, is_ended: bool) -> None:  # noqa: FBT001 - a table
    claims = [claim for claim in _read(text) if claim.kind == "silence"]

    assert [claim.is_ended for claim in claims] == [is_ended]


@pytest.mark.parametrize(
    ("text", "is_note"),
    [
        ("22:10 opened the dashboards, shop shows 5xx since this morning.", True),
        ("22:10 first 5xx of shop.", False),
        ("The first 5xx of shop came at 22:10.", False),
    ],
)
def test_a_time_at_the_head_of_a_line_may_be_the_writers(text: str, is_note: bool) -> None:  # noqa: FBT001 - a table
    assert [claim.is_note for claim in _read(text) if claim.kind == "moment"] == [is_note]

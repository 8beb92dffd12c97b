"""Claims with what became of them, and the record they make."""

from typing import Any

import pytest

from classifiers.findings import Record
from classifiers.forecasts import Forecast, forecast_of
from classifiers.record import MIN_SCORED, Claim, Settlement, claims_of, record_of
from collector.replacing import replace
from tests.support.findings import END_NS, cluster

FIRST = replace(forecast_of(cluster(), made_at_ns=END_NS, made_by="daemon"), forecast_id="f1", episode_id="e1")


def _word(outcome: Any, by: Any = "rule", *, at: int = 1, of: str = "f1") -> Settlement:
    return Settlement(of, outcome, "rollback", by, "", END_NS + at)


def _claim(*words: Settlement) -> Claim:
    return claims_of([FIRST], words)[0]


def _many(right: int, wrong: int, confidence: float = 0.83) -> list[Claim]:
    outcomes = ["right"] * right + ["wrong"] * wrong
    told = [
        replace(FIRST, forecast_id=f"f{confidence}{n}", episode_id=f"{confidence}{n}", confidence=confidence)
        for n in range(len(outcomes))
    ]
    return list(claims_of(told, [_word(said, of=one.forecast_id) for one, said in zip(told, outcomes, strict=True)]))


def test_a_claim_keeps_its_first_and_its_last_row() -> None:
    last = replace(FIRST, confidence=0.95, made_at_ns=END_NS + 5)

    (claim,) = claims_of([FIRST, last], ())

    assert (claim.first.confidence, claim.last.confidence, claim.outcome) == (0.83, 0.95, "open")


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ((), "open"),
        ((_word("right"),), "right"),
        ((_word("right"), _word("void", at=2)), "void"),
        ((_word("right", "person"), _word("wrong", at=2)), "right"),
        ((_word("right"), _word("wrong", "person", at=2)), "wrong"),
        ((_word("right"), _word("wrong", "person", at=2), _word("open", "person", at=3)), "right"),
        ((_word("wrong", "person"), _word("open", "person", at=3)), "open"),
    ],
)
def test_a_persons_word_wins_until_it_is_taken_back(words: tuple[Settlement, ...], outcome: str) -> None:
    assert _claim(*words).outcome == outcome


def test_where_one_claim_of_an_episode_was_right_its_rivals_were_wrong() -> None:
    rival = replace(FIRST, forecast_id="f2", cause="dependency")

    told = {claim.id: claim.outcome for claim in claims_of([FIRST, rival], [_word("right")])}
    open_again = {claim.id: claim.outcome for claim in claims_of([FIRST, rival], [_word("wrong")])}

    assert told == {"f1": "right", "f2": "wrong"}
    assert open_again == {"f1": "wrong", "f2": "open"}


def test_void_claims_count_neither_way() -> None:
    other = replace(FIRST, forecast_id="f2", episode_id="e2")

    record = record_of(claims_of([FIRST, other], [_word("void"), _word("right", "person", of="f2")]))

    assert record == Record(verdicts=2, settled=1, right=1, void=1, by_person=1)


def test_below_thirty_settled_verdicts_there_is_no_share() -> None:
    record = record_of(_many(MIN_SCORED - 1, 0))

    assert (record.settled, record.brier, record.bands) == (29, None, ())


def test_from_thirty_on_each_word_is_scored_by_what_was_said_first() -> None:
    record = record_of([*_many(18, 2, 0.95), *_many(6, 4, 0.6)])

    assert [(band.least, band.settled, band.right, band.said) for band in record.bands] == [
        (0.9, 20, 18, 0.95),
        (0.5, 10, 6, 0.6),
    ]
    assert record.bands[0].low == pytest.approx(0.699, abs=0.001)  # Wilson, 18 of 20
    assert record.bands[0].high == pytest.approx(0.972, abs=0.001)
    assert record.brier == pytest.approx((18 * 0.05**2 + 2 * 0.95**2 + 6 * 0.4**2 + 4 * 0.6**2) / 30, abs=1e-4)


def test_the_order_of_claims_does_not_move_the_record() -> None:
    claims = [*_many(18, 2, 0.95), *_many(6, 4, 0.6)]

    assert record_of(claims) == record_of(claims[::-1])


def test_an_empty_ledger_is_a_record_of_nothing() -> None:
    forecasts: list[Forecast] = []

    assert record_of(claims_of(forecasts, ())) == Record()

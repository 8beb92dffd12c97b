"""Silence: what it proves, by what changed and by how the failures came."""

import numpy as np
import pytest

from classifiers.verification.silence_proof import LEAST, LEVEL, SURE, Seen, Silence, prior_of, prove_silence, sure_of

MINUTE_NS = 60e9
HOUR_NS = 60 * MINUTE_NS


def _proof(
    at: list[float], since: float, *, how: str | None = "deploy", already: float = 0.5, period_ns: float | None = None
) -> Silence:
    """Failures at so many attempts, one attempt a minute."""
    places = np.array(at)
    asked = Seen(places, 0.0, already, since)
    told = Seen(places * MINUTE_NS, 0.0, already * MINUTE_NS, since * MINUTE_NS)
    return prove_silence(asked, told, period_ns=period_ns, how=how, is_of_revision=False, is_counted=True)


def test_what_always_failed_needs_thirty_attempts() -> None:
    proof = _proof([float(one) for one in range(94)], 30)

    assert proof.needed == LEAST == 30
    assert proof.chance < LEVEL
    assert proof.sure > SURE


def test_what_failed_seldom_needs_more() -> None:
    random = np.random.default_rng(3)
    seldom = np.cumsum(random.exponential(100, 50)).tolist()

    proof = _proof(seldom, 100)

    assert proof.basis == "steady"
    assert proof.needed is not None
    assert proof.needed > 300
    assert proof.chance > 0.1


def test_bursts_are_the_events_and_not_their_failures() -> None:
    bursts = np.sort((np.array([10, 80, 130, 220, 260, 340, 400])[:, None] + np.arange(7) * 0.4).ravel()).tolist()

    proof = _proof(bursts, 25)

    assert proof.basis == "bursts"
    assert proof.bursts == 7
    assert proof.chance > 0.4
    assert proof.needed is not None
    assert proof.needed > 180


def test_bursts_that_ended_with_nothing_changed_are_quiet_for_a_week_however_close_they_came() -> None:
    clumps = np.sort((np.array([0, 9, 16, 31, 40, 52, 60, 75])[:, None] + np.arange(6) * 0.1).ravel()).tolist()

    changed, early, late = (
        _proof(clumps, since, how=how, already=already)
        for since, how, already in ((600, "deploy", 5.0), (600, None, 0.0), (60 * 24 * 2, None, 0.0))
    )

    assert changed.basis == early.basis == "bursts"
    assert changed.sure > SURE
    assert changed.needed_ns is None
    assert early.chance > early.level
    assert early.needed_ns is not None
    assert early.needed_ns == 7 * 24 * HOUR_NS
    assert not early.is_usual
    assert late.chance <= late.level
    assert late.sure > SURE


def test_bursts_on_a_timer_that_missed_many_beats_do_not_fail_as_ever_though_nothing_changed() -> None:
    beats = np.sort((np.arange(0, 600, 60)[:, None] + np.arange(6) * 0.1).ravel()).tolist()

    soon, later = (_proof(beats, since, how=None, already=0.0, period_ns=HOUR_NS) for since in (30.0, 900.0))

    assert soon.is_usual
    assert not later.is_usual
    assert later.basis == "beats"
    assert later.chance > later.level
    assert later.needed_ns is not None
    assert later.needed_ns > 40 * HOUR_NS


def test_after_a_deploy_bursts_must_stay_away_for_twice_the_longest_pause_that_was_seen() -> None:
    near = np.cumsum([0, 9, 11, 10, 8, 12, 10, 9, 11, 10, 8, 60, 9, 12, 10, 11, 9, 8, 10, 11, 9, 12, 10]) * 1.0
    clumps = np.sort((near[:, None] + np.arange(6) * 0.1).ravel()).tolist()

    proof = _proof(clumps, 100, already=5.0)

    assert proof.basis == "bursts"
    assert proof.needed is not None
    assert proof.needed + 5 >= 2 * 59


def test_a_timer_must_miss_several_beats() -> None:
    beats = [60.0 * one for one in range(12)]

    early, late = (_proof(beats, since, period_ns=HOUR_NS) for since in (100.0, 200.0))

    assert early.basis == "beats"
    assert early.needed_ns is not None
    assert early.needed_ns >= 3 * HOUR_NS
    assert 100 * MINUTE_NS < early.needed_ns <= 200 * MINUTE_NS
    assert late.chance < LEVEL


def test_one_stretch_that_ended_before_anything_changed_proves_little_for_two_days() -> None:
    stretch = [float(one) for one in range(40)]

    proofs = [_proof(stretch, hours * 60.0, how=None) for hours in (2, 12, 40, 49)]

    assert {proof.basis for proof in proofs} == {"once"}
    assert [proof.chance <= proof.level for proof in proofs] == [False, False, False, True]
    assert [round(proof.sure, 1) for proof in proofs[:2]] == [0.6, 0.8]


def test_a_deploy_long_after_the_last_failure_did_not_end_it() -> None:
    stretch = [float(one) for one in range(40)]

    assert _proof(stretch, 60.0, already=200.0).basis == "once"
    assert _proof(stretch, 60.0).basis == "steady"


def test_failures_that_come_as_ever_are_within_what_is_usual() -> None:
    proof = _proof([float(one) for one in range(0, 200, 5)], 3.0, how=None)

    assert proof.is_usual


def test_a_single_failure_is_one_stretch() -> None:
    assert _proof([5.0], 100.0).basis == "once"


@pytest.mark.parametrize(("how", "least"), [("rollback", 0.9), ("redeploy", 0.9), ("deploy", 0.5), ("change", 0.5)])
def test_the_ledger_decides_how_likely_it_is_before_any_attempt(how: str, least: float) -> None:
    assert prior_of(how, 10, is_of_revision=True) == least


def test_without_a_change_what_came_back_often_will_again_and_a_revision_mends_itself_hardly() -> None:
    assert prior_of(None, 8, is_of_revision=False) == pytest.approx(0.1)
    assert prior_of(None, 0, is_of_revision=True) < 0.05
    assert sure_of(0.5, 1.0) == 0.5

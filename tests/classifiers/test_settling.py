"""What rows that come after a verdict say of it: each rule over a growing store, cycle by cycle."""

from pathlib import Path

import pytest

from classifiers.record import Claim
from tests.support.system import HOUR, MINUTE
from tests.support.watch import Watch

GOOD, BAD, FIX = "shop-00001-aaa", "shop-00002-bbb", "shop-00003-ccc"
FULL, CUT = {"PAY_KEY": "x", "REGION": "y"}, {"REGION": "y"}
MISSING = "ERROR: KeyError: PAY_KEY is not set"


def _storm(folder: Path, *, until_s: float = 3 * HOUR, every_s: float = 40, image: str = "1") -> Watch:
    """Two good hours, then a deploy that drops a key and fails every request."""
    watch = Watch(folder)
    system = watch.system
    system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    system.traffic("shop", GOOD, 0, 2 * HOUR)
    system.deploy(2 * HOUR - 30, "shop", BAD, image=image, env=CUT)
    _fails(watch, BAD, 2 * HOUR, until_s, every_s=every_s)
    return watch


def _fails(watch: Watch, revision: str, start_s: float, end_s: float, *, every_s: float = 40) -> None:
    for step in range(int((end_s - start_s) / every_s)):
        watch.system.failure(start_s + step * every_s, "shop", revision, MISSING)


def _told_and_settled(watch: Watch) -> Claim:
    """The claim that was told at 3 h, after the look at 4 h."""
    watch.cycle(3 * HOUR)
    watch.cycle(4 * HOUR)
    return next(claim for claim in watch.claims() if claim.first.revision == BAD)


def test_a_roll_back_that_ends_it_settles_right_once(tmp_path: Path) -> None:
    watch = _storm(tmp_path, until_s=3 * HOUR + 5 * MINUTE)
    watch.system.traffic("shop", GOOD, 3 * HOUR + 6 * MINUTE, 4 * HOUR)

    claim = _told_and_settled(watch)
    watch.cycle(5 * HOUR)

    assert claim.by_rule is not None
    assert (claim.outcome, claim.by_rule.how) == ("right", "rollback")
    assert claim.by_rule.revisions == (BAD, GOOD)
    assert claim.by_rule.entry_ids
    assert claim.by_rule.trace_ids
    assert "0 of 12 requests failed since shop-00001-aaa serves alone" in claim.by_rule.statement
    assert watch.told == [
        "1 new verdict, 0 settled",
        "0 new verdicts, 1 settled: 1 right",
        "0 new verdicts, 0 settled",
    ]
    assert watch.rows("select count(*) from settlements").item() == 1


def test_two_good_attempts_prove_nothing_however_long_they_last(tmp_path: Path) -> None:
    watch = _storm(tmp_path, until_s=3 * HOUR + 5 * MINUTE)
    for minute in (20, 50):
        watch.system.request(3 * HOUR + minute * MINUTE, "shop", GOOD)

    assert _told_and_settled(watch).outcome == "open"


def test_it_goes_on_after_the_roll_back_so_it_was_wrong(tmp_path: Path) -> None:
    watch = _storm(tmp_path, until_s=3 * HOUR + 5 * MINUTE)
    _fails(watch, GOOD, 3 * HOUR + 6 * MINUTE, 4 * HOUR)

    claim = _told_and_settled(watch)

    assert claim.by_rule is not None
    assert (claim.outcome, claim.by_rule.how) == ("wrong", "rollback")


def _only_of(watch: Watch, revision: str) -> Claim:
    return next(claim for claim in watch.claims() if claim.first.revision == revision)


def test_a_failure_that_had_stopped_before_the_roll_back_settles_nothing(tmp_path: Path) -> None:
    watch = _storm(tmp_path)
    watch.system.traffic("shop", BAD, 3 * HOUR, 3 * HOUR + 20 * MINUTE)
    watch.system.traffic("shop", GOOD, 3 * HOUR + 21 * MINUTE, 4 * HOUR)

    assert _told_and_settled(watch).outcome == "open"


def test_another_service_deployed_in_the_same_minute_leaves_it_open(tmp_path: Path) -> None:
    watch = _storm(tmp_path, until_s=3 * HOUR + 5 * MINUTE)
    watch.system.deploy(3 * HOUR + 5 * MINUTE, "desk", "desk-00007-abc", image="7", env={})
    watch.system.traffic("shop", GOOD, 3 * HOUR + 6 * MINUTE, 4 * HOUR)

    assert _told_and_settled(watch).outcome == "open"


def test_a_roll_back_before_the_verdict_was_told_is_no_forecast_come_true(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    watch.system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    watch.system.traffic("shop", GOOD, 0, 2 * HOUR)
    watch.system.deploy(2 * HOUR - 30, "shop", BAD, image="1", env=CUT)
    _fails(watch, BAD, 2 * HOUR, 3 * HOUR)
    watch.system.traffic("shop", GOOD, 3 * HOUR + MINUTE, 5 * HOUR)

    watch.cycle(4 * HOUR)
    watch.cycle(5 * HOUR)

    assert _only_of(watch, BAD).outcome == "open"


def test_a_redeploy_with_the_key_restored_settles_revision_and_change(tmp_path: Path) -> None:
    watch = _storm(tmp_path, until_s=3 * HOUR + 5 * MINUTE)
    watch.system.deploy(3 * HOUR + 5 * MINUTE, "shop", FIX, image="1", env=FULL)
    watch.system.traffic("shop", FIX, 3 * HOUR + 6 * MINUTE, 4 * HOUR)

    claim = _told_and_settled(watch)

    assert claim.by_rule is not None
    assert (claim.outcome, claim.by_rule.how, claim.by_rule.change_outcome) == ("right", "redeploy", "right")


def test_a_new_image_that_ends_it_proves_nothing_about_a_key(tmp_path: Path) -> None:
    watch = _storm(tmp_path, until_s=3 * HOUR + 5 * MINUTE)
    watch.system.deploy(3 * HOUR + 5 * MINUTE, "shop", FIX, image="2", env=CUT)
    watch.system.traffic("shop", FIX, 3 * HOUR + 6 * MINUTE, 4 * HOUR)

    assert _told_and_settled(watch).outcome == "open"


@pytest.mark.parametrize(("is_beside", "outcome"), [(True, "right"), (False, "open")])
def test_a_fix_forward_counts_where_the_old_revision_still_fails_beside_it(
    tmp_path: Path, *, is_beside: bool, outcome: str
) -> None:
    watch = _storm(tmp_path, until_s=3 * HOUR + (30 if is_beside else 5) * MINUTE)
    watch.system.deploy(3 * HOUR + 5 * MINUTE, "shop", FIX, image="1", env=CUT | {"PAY_KEY": "newer"})
    watch.system.traffic("shop", FIX, 3 * HOUR + 6 * MINUTE, 4 * HOUR)

    assert _told_and_settled(watch).outcome == outcome


def test_late_rows_that_show_it_before_the_deploy_refute_it(tmp_path: Path) -> None:
    watch = _storm(tmp_path)
    watch.cycle(3 * HOUR)
    _fails(watch, GOOD, HOUR, 2 * HOUR - 40, every_s=20)

    claim = _told_and_settled(watch)

    assert claim.by_rule is not None
    assert (claim.outcome, claim.by_rule.how) == ("wrong", "refutation")


def test_rules_that_disagree_make_it_void(tmp_path: Path) -> None:
    watch = _storm(tmp_path, until_s=3 * HOUR + 5 * MINUTE)
    watch.system.traffic("shop", GOOD, 3 * HOUR + 6 * MINUTE, 4 * HOUR)
    _told_and_settled(watch)
    _fails(watch, GOOD, HOUR, 2 * HOUR - 40, every_s=20)

    watch.cycle(5 * HOUR)
    watch.cycle(6 * HOUR)

    claim = _only_of(watch, BAD)
    assert claim.by_rule is not None
    assert (claim.outcome, claim.by_rule.how) == ("void", "contradiction")
    assert watch.rows("select count(*) from settlements").item() == 2


def test_an_outage_that_ends_without_a_deploy_is_void_and_counts_for_nothing(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    for name in ("shop", "desk"):
        watch.system.deploy(-MINUTE, name, f"{name}-00001-aaa", image="1", env=FULL)
        watch.system.deploy(HOUR, name, f"{name}-00002-bbb", image="2", env=FULL)
        watch.system.traffic(name, f"{name}-00001-aaa", 0, HOUR)
        watch.system.traffic(name, f"{name}-00002-bbb", HOUR, 2 * HOUR)
        for step in range(int((HOUR + 10 * MINUTE) / 40)):
            watch.system.failure(
                2 * HOUR + step * 40 + 3, name, f"{name}-00002-bbb", "ERROR: redis 10.0.0.9:6379 connection refused"
            )
        watch.system.traffic(name, f"{name}-00002-bbb", 3 * HOUR + 11 * MINUTE, 5 * HOUR)

    watch.cycle(3 * HOUR)
    watch.cycle(4 * HOUR)

    claims = [claim for claim in watch.claims() if claim.first.cause == "dependency"]
    assert claims
    assert {(claim.outcome, claim.by_rule.how if claim.by_rule else "") for claim in claims} == {("void", "ended")}


def test_a_deploy_of_a_called_service_is_settled_by_its_own_roll_back(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    system = watch.system
    system.deploy(-MINUTE, "desk", "desk-00001-aaa", image="1", env={})
    system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    system.deploy(2 * HOUR - 30, "shop", BAD, image="1", env=CUT)
    for step in range(int(4 * HOUR / 30)):
        at_s = step * 30.0
        is_bad = 2 * HOUR <= at_s < 3 * HOUR + 6 * MINUTE
        revision = BAD if is_bad else GOOD
        trace = system.request(at_s, "desk", "desk-00001-aaa", status=502 if is_bad else 200)
        system.request(at_s + 0.01, "shop", revision, trace=trace, agent="", status=500 if is_bad else 200)
        if is_bad:
            system.line(at_s + 0.03, "shop", revision, MISSING, trace=trace)
            system.line(at_s + 0.04, "desk", "desk-00001-aaa", "ERROR: shop answered 500", trace=trace)

    watch.cycle(3 * HOUR)
    claim = _told_and_settled(watch)

    assert (claim.outcome, claim.first.service) == ("right", "shop")

"""What rows that come after a verdict say of it: each rule over a growing store, cycle by cycle."""

from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers.record import Claim
from tests.support.system import HOUR, MINUTE, System
from tests.support.watch import Watch

GOOD, BAD, FIX = "shop-00001-aaa", "shop-00002-bbb", "shop-00003-ccc"
FULL, CUT = {"PAY_KEY": "x", "REGION": "y"}, {"REGION": "y"}
MISSING = "ERROR: KeyError: PAY_KEY is not set"
BACK = 3 * HOUR + 6 * MINUTE  # when something else serves, shortly after the verdict was told


def _fails(system: System, revision: str, start_s: float, end_s: float, *, every_s: float = 40) -> None:
    for step in range(int((end_s - start_s) / every_s)):
        system.failure(start_s + step * every_s, "shop", revision, MISSING)


def _storm(system: System, *, until_s: float = BACK - MINUTE) -> None:
    """Two good hours, then a deploy that drops a key and fails every request."""
    system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    system.traffic("shop", GOOD, 0, 2 * HOUR)
    system.deploy(2 * HOUR - 30, "shop", BAD, image="1", env=CUT)
    _fails(system, BAD, 2 * HOUR, until_s)


def _two_attempts(system: System) -> None:
    _storm(system)
    for minute in (20, 50):
        system.request(3 * HOUR + minute * MINUTE, "shop", GOOD)


def _goes_on(system: System) -> None:
    _storm(system)
    _fails(system, GOOD, BACK, 4 * HOUR)


def _stopped_before(system: System) -> None:
    _storm(system, until_s=3 * HOUR)
    system.traffic("shop", BAD, 3 * HOUR, 3 * HOUR + 20 * MINUTE)
    system.traffic("shop", GOOD, 3 * HOUR + 21 * MINUTE, 4 * HOUR)


def _beside_another_deploy(system: System) -> None:
    _storm(system)
    system.deploy(BACK - MINUTE, "desk", "desk-00007-abc", image="7", env={})
    system.traffic("shop", GOOD, BACK, 4 * HOUR)


def _rolled_back_before(system: System) -> None:
    _storm(system, until_s=2 * HOUR + 50 * MINUTE)
    system.traffic("shop", GOOD, 2 * HOUR + 51 * MINUTE, 4 * HOUR)


def _mended_by(image: str, env: dict[str, str], *, until_s: float = BACK - MINUTE) -> Callable[[System], None]:
    """A third revision serves after the storm."""

    def written(system: System) -> None:
        _storm(system, until_s=until_s)
        system.deploy(BACK - MINUTE, "shop", FIX, image=image, env=env)
        system.traffic("shop", FIX, BACK, 4 * HOUR)

    return written


_NEWER = CUT | {"PAY_KEY": "newer"}
# What is written, each in a project of its own; what becomes of the verdict, how, and of the change that it named.
STORIES: dict[str, tuple[Callable[[System], None], tuple[str, str, str]]] = {
    "two-good-attempts-prove-nothing-however-long-they-last": (_two_attempts, ("open", "", "")),
    "it-goes-on-after-the-roll-back": (_goes_on, ("wrong", "rollback", "")),
    "it-had-stopped-before-the-roll-back": (_stopped_before, ("open", "", "")),
    "another-service-is-deployed-in-the-same-minute": (_beside_another_deploy, ("open", "", "")),
    "a-roll-back-before-it-was-told-is-no-forecast": (_rolled_back_before, ("open", "", "")),
    "the-key-is-restored": (_mended_by("1", FULL), ("right", "redeploy", "right")),
    "a-new-image-proves-nothing-about-a-key": (_mended_by("2", CUT), ("open", "", "")),
    "the-key-changes-while-the-old-revision-fails-beside": (
        _mended_by("1", _NEWER, until_s=3 * HOUR + 30 * MINUTE),
        ("right", "fix", ""),
    ),
    "the-key-changes-and-nothing-fails-beside": (_mended_by("1", _NEWER), ("open", "", "")),
}


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Claim]:
    """Every story looked at when it is told, at 3 h, and an hour later: its first claim, by project."""
    watch = Watch(tmp_path_factory.mktemp("stories"))
    for project, (written, _) in STORIES.items():
        watch.system.project = project
        written(watch.system)
    watch.cycle(3 * HOUR)
    watch.cycle(4 * HOUR)
    return {claim.first.project: claim for claim in reversed(watch.claims()) if claim.first.revision == BAD}


@pytest.mark.parametrize("project", STORIES)
def test_what_comes_after_a_verdict_settles_it(settled: dict[str, Claim], project: str) -> None:
    claim = settled[project]

    said = claim.by_rule

    outcome = (claim.outcome, said.how if said else "", said.change_outcome if said else "")
    assert outcome == STORIES[project][1]
    assert said is None or (said.entry_ids and said.trace_ids and BAD in said.revisions)


def _told_and_settled(watch: Watch) -> Claim:
    """The claim that was told at 3 h, after the look at 4 h."""
    watch.cycle(3 * HOUR)
    watch.cycle(4 * HOUR)
    return _only_of(watch, BAD)


def _only_of(watch: Watch, revision: str) -> Claim:
    return next(claim for claim in watch.claims() if claim.first.revision == revision)


def test_a_roll_back_that_ends_it_settles_right_once(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    _storm(watch.system)
    watch.system.traffic("shop", GOOD, BACK, 4 * HOUR)

    claim = _told_and_settled(watch)
    watch.cycle(5 * HOUR)

    assert claim.by_rule is not None
    assert (claim.outcome, claim.by_rule.how) == ("right", "rollback")
    assert claim.by_rule.revisions == (BAD, GOOD)
    assert "0 of 12 requests failed since shop-00001-aaa serves alone" in claim.by_rule.statement
    assert watch.told == [
        "1 new verdict, 0 settled",
        "0 new verdicts, 1 settled: 1 right",
        "0 new verdicts, 0 settled",
    ]
    assert watch.rows("select count(*) from settlements").item() == 1


def test_late_rows_that_show_it_before_the_deploy_refute_it_and_after_a_roll_back_make_it_void(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    watch.system.project = "refuted"
    _storm(watch.system, until_s=3 * HOUR)
    watch.system.project = "contradicted"
    _storm(watch.system)
    watch.system.traffic("shop", GOOD, BACK, 4 * HOUR)
    _told_and_settled(watch)
    for project in ("refuted", "contradicted"):
        watch.system.project = project
        _fails(watch.system, GOOD, HOUR, 2 * HOUR - 40, every_s=20)

    watch.cycle(5 * HOUR)
    watch.cycle(6 * HOUR)

    told = {claim.first.project: claim for claim in watch.claims() if claim.first.revision == BAD}
    outcomes = {name: (one.outcome, one.by_rule.how if one.by_rule else "") for name, one in told.items()}
    assert outcomes == {"refuted": ("wrong", "refutation"), "contradicted": ("void", "contradiction")}
    assert watch.rows("select count(*) from settlements").item() == 3


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

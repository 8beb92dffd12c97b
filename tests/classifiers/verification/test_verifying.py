"""Verification over a small system: each story in a project of its own, all in one store, looked at once."""

from collections.abc import Callable

import pytest

from classifiers.config import ClassifyConfig
from classifiers.findings import Findings, Verification
from classifiers.verification.config import VerifyConfig
from classifiers.verification.declared import declared_id
from tests.support.looks import Looks
from tests.support.system import HOUR, MINUTE, System

GOOD, BAD, FIX = "shop-00001-aaa", "shop-00002-bbb", "shop-00003-ccc"
FULL, CUT = {"PAY_KEY": "x", "REGION": "y"}, {"REGION": "y"}
MISSING = "ERROR: KeyError: PAY_KEY is not set"
REFUSED = "ERROR: ConnectionError: cache 10.0.0.9:6379 refused"
END = 5.5


def _fails(system: System, revision: str, start: float, end: float, told: str = MISSING) -> None:
    """Every 40 s; times in hours."""
    for step in range(int((end - start) * HOUR / 40)):
        system.failure(start * HOUR + step * 40, revision[:4], revision, told)


def _works(system: System, revision: str, start: float, end: float, every_s: float = 40) -> None:
    system.traffic(revision[:4], revision, start * HOUR, end * HOUR, every_s=every_s)


def _broken(system: System, until: float) -> None:
    system.routed(-30, "shop", shop_00001_aaa=100)
    system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    _works(system, GOOD, 0, 2)
    system.deploy(2 * HOUR - 30, "shop", BAD, image="1", env=CUT)
    system.routed(2 * HOUR - 20, "shop", shop_00002_bbb=100)
    _fails(system, BAD, 2, until)


def _fixed(system: System) -> None:
    _broken(system, 3)
    system.deploy(3 * HOUR - 30, "shop", FIX, image="1", env=FULL)
    system.routed(3 * HOUR - 20, "shop", shop_00003_ccc=100)


def _works_again(system: System) -> None:
    _fixed(system)
    _works(system, FIX, 3, END)


def _left_behind(system: System) -> None:
    _works_again(system)
    for minutes in (5, 70, 100):  # an instance without traffic works on
        system.line(3 * HOUR + minutes * MINUTE, "shop", BAD, MISSING)


def _hardly_asked(system: System) -> None:
    _fixed(system)
    _works(system, FIX, 3, END, every_s=1800)


def _chatters(system: System) -> None:
    """Asked as seldom, while it writes many lines and others of its routes are asked much."""
    _hardly_asked(system)
    for step in range(200):
        system.line(3 * HOUR + step * 40, "shop", FIX, "INFO: idle", severity="INFO")
    system.traffic("shop", FIX, 3 * HOUR, END * HOUR, every_s=40, path="/healthier")


def _never_asked(system: System) -> None:
    _broken(system, END)
    system.deploy(3 * HOUR, "shop", FIX, image="1", env=FULL)


def _goes_on(system: System) -> None:
    _broken(system, END)


def _stopped(system: System) -> None:
    system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    _works(system, GOOD, 0, 1)
    _fails(system, GOOD, 1, 1.3, REFUSED)
    _works(system, GOOD, 1.3, END)


STORIES: dict[str, tuple[Callable[[System], None], str]] = {
    "works-again": (_works_again, "VERIFIED"),
    "left-behind": (_left_behind, "VERIFIED"),
    "hardly-asked": (_hardly_asked, "NOT YET"),
    "chatters": (_chatters, "NOT YET"),
    "never-asked": (_never_asked, "FAILING"),
    "goes-on": (_goes_on, "FAILING"),
    "stopped-by-itself": (_stopped, "NOT YET"),
}
DECLARED = VerifyConfig.model_validate(
    {
        "criteria": [
            {
                "name": "orders answer",
                "service": "shop",
                "kind": "no failures",
                "route": "GET /orders",
                "status": [500],
            },
            {"name": "quick", "service": "shop", "kind": "faster than", "limit": 300},
            {"name": "slow", "service": "shop", "kind": "faster than", "limit": 10},
            {"name": "found", "service": "shop", "kind": "rate below", "status": [404], "limit": 0.1},
            {"name": "nobody", "service": "desk", "kind": "no failures", "status": [500]},
            {"name": "told", "service": "shop", "kind": "event follows", "event": "order.done", "route": "GET /orders"},
        ]
    }
)


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """What is found of all stories."""
    system = System()
    for project, (written, _) in STORIES.items():
        system.project = project
        written(system)
    return Looks(system, tmp_path_factory.mktemp("verify"), ClassifyConfig(verify=DECLARED)).see(END)


def _of(findings: Findings, project: str) -> Verification:
    found = [
        one for one in findings.verifications if one.criterion.project == project and not one.criterion.is_declared
    ]
    return found[0]


def _declared(findings: Findings, name: str) -> Verification:
    return next(one for one in findings.verifications if one.criterion.id == declared_id(name))


@pytest.mark.parametrize("project", STORIES)
def test_attempts_since_the_fix_decide(findings: Findings, project: str) -> None:
    assert _of(findings, project).verdict == STORIES[project][1]


def test_what_works_again_says_how_many_attempts_prove_it(findings: Findings) -> None:
    one = _of(findings, "works-again")

    assert one.criterion.statement == "30 requests to GET /orders pass without KeyError: PAY_KEY is not set"
    assert (one.attempts, one.failures, one.needed) == (225, 0, 30)
    assert one.fixed_by == FIX
    assert one.sure is not None
    assert one.sure >= 0.98
    assert one.evidence[0].query == one.criterion.query == "count_exposure"


def test_failures_on_what_the_fix_left_behind_are_stragglers(findings: Findings) -> None:
    assert (_of(findings, "left-behind").stragglers, _of(findings, "left-behind").failures) == (3, 0)


def test_few_attempts_say_how_many_more_and_about_when(findings: Findings) -> None:
    one = _of(findings, "hardly-asked")

    assert one.attempts == 5
    assert one.more == 25
    assert one.about_ns is not None
    assert one.about_ns > 0


def test_lines_and_other_routes_are_no_attempts(findings: Findings) -> None:
    assert _of(findings, "chatters").attempts == 5


def test_a_fix_that_nobody_asks_is_named(findings: Findings) -> None:
    assert "00003-ccc is ready and takes no traffic" in _of(findings, "never-asked").why


def test_what_stopped_by_itself_says_what_that_is_worth(findings: Findings) -> None:
    one = _of(findings, "stopped-by-itself")

    assert one.criterion.test == "one stretch"
    assert one.why.startswith("it was one stretch of 27 failures in 17 min, which ended by itself: 4.2 h of silence")


def test_declared_criteria_are_counted_since_the_newest_revision(findings: Findings) -> None:
    verdicts = {
        name: _declared(findings, name).verdict for name in ("orders answer", "quick", "slow", "found", "nobody")
    }

    assert verdicts == {
        "orders answer": "FAILING", "quick": "VERIFIED", "slow": "FAILING", "found": "VERIFIED",
        "nobody": "NOT TESTABLE",
    }  # fmt: skip
    assert _declared(findings, "told").verdict == "FAILING"
    assert _declared(findings, "orders answer").criterion.query == "count_attempts"


def test_an_id_stays_the_same_and_is_that_of_one_criterion(findings: Findings) -> None:
    ids = [one.criterion.id for one in findings.verifications]

    assert len(set(ids)) == len(ids)

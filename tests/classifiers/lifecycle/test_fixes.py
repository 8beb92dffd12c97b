"""The change since which a failure may be over: each story in a project of its own, all in one store."""

from collections.abc import Callable

import pytest

from classifiers.cases import Case
from classifiers.classify import cases_of
from classifiers.config import ClassifyConfig
from classifiers.findings import Attribution, Change
from classifiers.followed import Fix
from classifiers.history import History, read_history
from classifiers.lifecycle.fixes import find_fix, find_idle, given_back, stragglers
from collector.window import Window
from tests.support.system import HOUR, MINUTE, NS_PER_S, START_NS, System

GOOD, BAD, FIX = "shop-00001-aaa", "shop-00002-bbb", "shop-00003-ccc"
FULL, CUT = {"PAY_KEY": "x", "REGION": "y"}, {"REGION": "y"}
MISSING = "ERROR: KeyError: PAY_KEY is not set"
BACK = 3 * HOUR
END = 5 * HOUR
BLAMED = Attribution("shop", BAD, GOOD, Change("env_removed", "PAY_KEY", before="x"), (), 0.9, ())


def _fails(system: System, revision: str, start_s: float, end_s: float, *, every_s: float = 40) -> None:
    for step in range(int((end_s - start_s) / every_s)):
        system.failure(start_s + step * every_s, "shop", revision, MISSING)


def _broken(system: System, until_s: float = BACK) -> None:
    system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    system.traffic("shop", GOOD, 0, 2 * HOUR)
    system.deploy(2 * HOUR - 30, "shop", BAD, image="1", env=CUT)
    _fails(system, BAD, 2 * HOUR, until_s)


def _goes_on(system: System) -> None:
    _broken(system, END)


def _rolled_back(system: System) -> None:
    _broken(system)
    system.traffic("shop", GOOD, BACK, END)


def _restored(system: System) -> None:
    _broken(system)
    system.deploy(BACK - MINUTE, "shop", FIX, image="2", env=FULL)
    system.traffic("shop", FIX, BACK, END)


def _deployed(system: System) -> None:
    _broken(system)
    system.deploy(BACK - MINUTE, "shop", FIX, image="2", env=CUT)
    system.traffic("shop", FIX, BACK, END)


def _still_bad(system: System) -> None:
    _broken(system)
    system.deploy(BACK - MINUTE, "shop", FIX, image="2", env=CUT)
    _fails(system, FIX, BACK, END)


def _without_traffic(system: System) -> None:
    system.routed(-30, "shop", shop_00001_aaa=100)
    system.routed(2 * HOUR - 20, "shop", shop_00002_bbb=100)
    _broken(system, END)
    system.deploy(BACK, "shop", FIX, image="2", env=FULL)


def _stragglers(system: System) -> None:
    system.routed(-30, "shop", shop_00001_aaa=100)
    system.routed(2 * HOUR - 20, "shop", shop_00002_bbb=100)
    _restored(system)
    system.routed(BACK - 30, "shop", shop_00003_ccc=100)
    for minute in (1, 5, 40):  # an instance that is left works on, with nobody asking it
        system.line(BACK + minute * MINUTE, "shop", BAD, MISSING)


def _canary(system: System) -> None:
    _broken(system, 4 * HOUR)
    system.routed(2 * HOUR - 20, "shop", shop_00002_bbb=100)
    system.deploy(BACK - MINUTE, "shop", FIX, image="2", env=FULL)
    system.routed(BACK, "shop", shop_00002_bbb=90, shop_00003_ccc=10)
    system.traffic("shop", FIX, BACK, 4 * HOUR, every_s=400)
    system.routed(4 * HOUR, "shop", shop_00003_ccc=100)
    system.traffic("shop", FIX, 4 * HOUR, END)


def _ended_before(system: System) -> None:
    _broken(system, 2 * HOUR + 40 * MINUTE)
    system.traffic("shop", BAD, 2 * HOUR + 40 * MINUTE, BACK)
    system.deploy(BACK - MINUTE, "shop", FIX, image="2", env=CUT)
    system.traffic("shop", FIX, BACK, END)


def _secret_changed(system: System) -> None:
    _broken(system)
    system.secret_version(BACK, "pay-key", 8)
    system.traffic("shop", BAD, BACK + 20, END)


STORIES: dict[str, tuple[Callable[[System], None], tuple[str, str] | None]] = {
    "it-goes-on": (_goes_on, None),
    "rolled-back": (_rolled_back, ("rollback", GOOD)),
    "the-key-is-restored": (_restored, ("redeploy", FIX)),
    "a-later-revision-serves": (_deployed, ("deploy", FIX)),
    "the-later-revision-fails-too": (_still_bad, None),
    "fixed-without-traffic": (_without_traffic, None),
    "an-old-instance-fails-on": (_stragglers, ("redeploy", FIX)),
    "a-share-first-then-all": (_canary, ("redeploy", FIX)),
    "it-had-ended-before": (_ended_before, None),
    "a-secret-changed": (_secret_changed, ("change", "")),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[History, dict[str, Case]]:
    """The history of all stories and the failing case of each, by project."""
    system = System()
    for project, (written, _) in STORIES.items():
        system.project = project
        written(system)
    config = ClassifyConfig()
    window = Window(START_NS, START_NS + END * NS_PER_S)
    with system.stored(tmp_path_factory.mktemp("fixes")).read() as reader:
        history = read_history(reader, window=window, config=config.history)
    cases = {case.project: case for case in cases_of(history, config) if "PAY_KEY" in case.title}
    return history, cases


@pytest.mark.parametrize("project", STORIES)
def test_the_fix_is_what_took_the_traffic_from_what_failed(told: tuple[History, dict[str, Case]], project: str) -> None:
    history, cases = told

    fix = find_fix(cases[project], BLAMED, history)

    assert (None if fix is None else (fix.how, fix.revision)) == STORIES[project][1]


def _fix(told: tuple[History, dict[str, Case]], project: str, blamed: Attribution | None = BLAMED) -> Fix:
    fix = find_fix(told[1][project], blamed, told[0])
    assert fix is not None
    return fix


def test_a_roll_back_leaves_the_blamed_revision_behind_and_says_where_traffic_went(
    told: tuple[History, dict[str, Case]],
) -> None:
    fix = _fix(told, "rolled-back")

    assert fix.older == (BAD,)
    assert fix.statement == "traffic went back to 00001-aaa"
    assert abs(fix.at_ns - START_NS - BACK * NS_PER_S) <= 2 * MINUTE * NS_PER_S


def test_without_blame_the_same_change_is_found(told: tuple[History, dict[str, Case]]) -> None:
    assert _fix(told, "rolled-back", None).how == "rollback"
    assert _fix(told, "the-key-is-restored", None).how == "deploy"


def test_a_share_of_the_traffic_is_no_fix_until_the_rest_follows(told: tuple[History, dict[str, Case]]) -> None:
    fix = _fix(told, "a-share-first-then-all")

    assert fix.at_ns == START_NS + 4 * HOUR * NS_PER_S


def test_what_fails_on_a_revision_left_behind_is_a_straggler(told: tuple[History, dict[str, Case]]) -> None:
    history, cases = told
    fix = _fix(told, "an-old-instance-fails-on")

    many, last_ns = stragglers(cases["an-old-instance-fails-on"], fix, history)

    assert (many, last_ns) == (3, START_NS + (BACK + 40 * MINUTE) * NS_PER_S)
    assert given_back(fix, "an-old-instance-fails-on", history) == {}


def test_a_fix_that_nobody_asks_is_named(told: tuple[History, dict[str, Case]]) -> None:
    history, cases = told

    idle = find_idle(cases["fixed-without-traffic"], BLAMED, history)

    assert idle is not None
    assert idle.revision == FIX
    assert find_idle(cases["it-goes-on"], BLAMED, history) is None


def test_a_change_that_is_no_deploy_is_told_in_its_words(told: tuple[History, dict[str, Case]]) -> None:
    fix = _fix(told, "a-secret-changed")

    assert "pay-key" in fix.statement
    assert fix.older == ()

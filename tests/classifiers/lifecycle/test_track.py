"""What becomes of incidents over hourly looks: each story in a project of its own, all in one store."""

from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers.classify import conclude, read
from classifiers.findings import Findings, Tracked
from collector.replacing import replace
from collector.window import Window
from tests.support.looks import Looks, at, tracked_in
from tests.support.system import HOUR, MINUTE, System

GOOD, BAD, FIX, WORSE = "shop-00001-aaa", "shop-00002-bbb", "shop-00003-ccc", "shop-00004-ddd"
FULL, CUT = {"PAY_KEY": "x", "REGION": "y"}, {"REGION": "y"}
MISSING = "ERROR: KeyError: PAY_KEY is not set"
REFUSED = "ERROR: ConnectionError: cache 10.0.0.9:6379 refused"
LOOKS = (2.5, 3.5, 4.5, 5.5)


def _fails(system: System, revision: str, start: float, end: float, told: str = MISSING) -> None:
    """Every 40 s, on the service that the revision is of; times in hours."""
    for step in range(int((end - start) * HOUR / 40)):
        system.failure(start * HOUR + step * 40, revision[:4], revision, told)


def _works(system: System, revision: str, start: float, end: float) -> None:
    system.traffic(revision[:4], revision, start * HOUR, end * HOUR, every_s=40)


def _broken(system: System, until: float) -> None:
    system.routed(-30, "shop", shop_00001_aaa=100)
    system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    _works(system, GOOD, 0, 2)
    system.deploy(2 * HOUR - 30, "shop", BAD, image="1", env=CUT)
    system.routed(2 * HOUR - 20, "shop", shop_00002_bbb=100)
    _fails(system, BAD, 2, until)


def _rolled_back(system: System) -> None:
    _broken(system, 3)
    system.routed(3 * HOUR - 10, "shop", shop_00001_aaa=100)
    _works(system, GOOD, 3, 5.5)


def _given_back(system: System) -> None:
    _broken(system, 3)
    system.routed(3 * HOUR - 10, "shop", shop_00001_aaa=100)
    _works(system, GOOD, 3, 4)
    system.routed(4 * HOUR - 10, "shop", shop_00002_bbb=100)
    _fails(system, BAD, 4, 5.5)


def _fixed(system: System, until: float = 5.5) -> None:
    _broken(system, 3)
    system.deploy(3 * HOUR - 30, "shop", FIX, image="1", env=FULL)
    system.routed(3 * HOUR - 20, "shop", shop_00003_ccc=100)
    _works(system, FIX, 3, until)


def _left_behind(system: System) -> None:
    _fixed(system)
    for minutes in (5, 70, 100):  # an instance without traffic works on
        system.line(3 * HOUR + minutes * MINUTE, "shop", BAD, MISSING)


def _fixed_then_back(system: System) -> None:
    _fixed(system, 4)
    system.deploy(4 * HOUR - 30, "shop", WORSE, image="1", env=CUT)
    system.routed(4 * HOUR - 20, "shop", shop_00004_ddd=100)
    _fails(system, WORSE, 4, 5.5)


def _without_traffic(system: System) -> None:
    _broken(system, 5.5)
    system.deploy(3 * HOUR, "shop", FIX, image="1", env=FULL)


def _never_mended(system: System) -> None:
    _fixed(system, 4)
    _fails(system, FIX, 4, 5.5)


def _over_before(system: System) -> None:
    system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    _works(system, GOOD, 0, 0.5)
    system.deploy(HOUR / 2 - 30, "shop", BAD, image="1", env=CUT)
    _fails(system, BAD, 0.5, 1)
    system.deploy(HOUR - 30, "shop", FIX, image="1", env=FULL)
    _works(system, FIX, 1, 5.5)


def _an_outage(system: System) -> None:
    system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    _works(system, GOOD, 0, 2)
    _fails(system, GOOD, 2, 3, REFUSED)
    _works(system, GOOD, 3, 4)
    _fails(system, GOOD, 4, 5.5, REFUSED)


def _in_one_of_two(system: System) -> None:
    for service in ("shop", "desk"):
        system.deploy(-MINUTE, service, f"{service}-00001-aaa", image="1", env=FULL)
        _works(system, f"{service}-00001-aaa", 0, 2)
    _fails(system, GOOD, 2, 3, REFUSED)
    _fails(system, "desk-00001-aaa", 2, 5.5, REFUSED)
    system.deploy(3 * HOUR - 30, "shop", FIX, image="2", env=FULL)
    _works(system, FIX, 3, 5.5)


def _hardly_asked(system: System) -> None:
    _broken(system, 2.4)
    system.request(2.5 * HOUR, "shop", BAD)


# What is written, each in a project of its own, and the state at each look.
STORIES: dict[str, tuple[Callable[[System], None], tuple[str, ...]]] = {
    "rolled-back": (_rolled_back, ("new", "resolved", "resolved", "resolved")),
    "traffic-given-back": (_given_back, ("new", "resolved", "regressed", "regressed")),
    "fixed": (_fixed, ("new", "resolved", "resolved", "resolved")),
    "an-old-instance-fails-on": (_left_behind, ("new", "resolved", "resolved", "resolved")),
    "fixed-then-back": (_fixed_then_back, ("new", "resolved", "regressed", "regressed")),
    "fixed-without-traffic": (_without_traffic, ("new", "new", "new", "new")),
    "never-mended": (_never_mended, ("new", "resolved", "regressed", "regressed")),
    "over-before-it-was-told": (_over_before, ("resolved", "resolved", "resolved", "resolved")),
    "hardly-asked-since": (_hardly_asked, ("new", "new", "new", "new")),
    "fixed-in-one-of-two-services": (_in_one_of_two, ("new", "new", "new", "new")),
}


OUTAGE = "an-outage"


@pytest.fixture(scope="module")
def looks(tmp_path_factory: pytest.TempPathFactory) -> Looks:
    """A store of all stories."""
    system = System()
    for project, written in {**{name: story[0] for name, story in STORIES.items()}, OUTAGE: _an_outage}.items():
        system.project = project
        written(system)
    return Looks(system, tmp_path_factory.mktemp("track"))


@pytest.fixture(scope="module")
def seen(looks: Looks) -> list[Findings]:
    """What each look told."""
    return [looks.look(hours) for hours in LOOKS]


def _course(seen: list[Findings], project: str) -> list[Tracked]:
    """The one incident of a project, at each look."""
    found = [tracked_in(findings, project) for findings in seen]
    assert [len(one) for one in found] == [1] * len(LOOKS)
    return [one[0] for one in found]


@pytest.mark.parametrize("project", STORIES)
def test_an_incident_keeps_its_id_and_changes_its_state_by_the_ledger(seen: list[Findings], project: str) -> None:
    course = _course(seen, project)

    assert tuple(one.state for one in course) == STORIES[project][1]
    assert len({one.id for one in course}) == 1


def test_a_roll_back_is_what_mended_it(seen: list[Findings]) -> None:
    over = _course(seen, "rolled-back")[1]

    assert over.revision == GOOD
    assert over.statement == "traffic went back to 00001-aaa; not seen since 09-14 12:59"
    assert over.since_ns == at(3) - 10 * 10**9


def test_traffic_that_was_given_back_is_what_brought_it_back(seen: list[Findings]) -> None:
    back = _course(seen, "traffic-given-back")[2]

    assert back.revision == BAD
    assert back.statement == "traffic was given back to 00002-bbb at 09-14 13:59, and it fails there again"
    assert back.onset_ns >= at(4)


def test_what_fails_on_a_revision_without_traffic_is_counted_and_changes_nothing(seen: list[Findings]) -> None:
    course = _course(seen, "an-old-instance-fails-on")

    assert [one.stragglers for one in course] == [0, 1, 2, 3]
    assert course[-1].last_failure_ns < at(3)
    assert not course[-1].fresh


def test_a_later_revision_that_fails_again_is_named(seen: list[Findings]) -> None:
    back = _course(seen, "fixed-then-back")[2]

    assert back.revision == WORSE
    assert back.statement == "00004-ddd, deployed since, brought it back"
    assert [row.state for row in back.history] == ["new", "resolved", "regressed"]


def test_a_fix_without_traffic_mends_nothing_and_is_named(seen: list[Findings]) -> None:
    assert "00003-ccc is deployed and takes no traffic" in _course(seen, "fixed-without-traffic")[1].statement


def test_what_comes_back_with_nothing_changed_was_never_mended(seen: list[Findings]) -> None:
    back = _course(seen, "never-mended")[2]

    assert back.statement == "it fails on 00003-ccc too, which was to have mended it: it was never mended"
    assert back.revision == FIX


def test_what_is_back_with_nothing_changed_was_never_mended_whatever_was_told(
    looks: Looks, seen: list[Findings]
) -> None:
    window = Window(at(-18.5), at(5.5))
    with looks.store.read() as reader:
        reading = read(reader, window=window, config=looks.config)
    first = [row for row in reading.states if row.project == OUTAGE and row.look_ns == at(2.5)]
    over = tuple(replace(row, state="resolved", at_ns=at(3), last_failure_ns=at(3), look_ns=at(3.5)) for row in first)

    told = conclude(replace(reading, states=(*first, *over)), now_ns=window.end_ns, config=looks.config)

    (back,) = tracked_in(told, OUTAGE)
    assert (back.id, back.state) == (tracked_in(seen[0], OUTAGE)[0].id, "regressed")
    assert back.statement == (
        "it is back and nothing was changed in between: it was never mended, the silence was chance"
    )


def test_what_failed_before_the_change_that_ended_it_is_no_return_though_it_is_seen_only_later(
    looks: Looks, seen: list[Findings]
) -> None:
    window = Window(at(-18.5), at(5.5))
    with looks.store.read() as reader:
        reading = read(reader, window=window, config=looks.config)
    first = [row for row in reading.states if row.project == OUTAGE and row.look_ns == at(2.5)]
    over = tuple(replace(row, state="resolved", at_ns=at(5.5), last_failure_ns=at(3), look_ns=at(5.2)) for row in first)

    told = conclude(replace(reading, states=(*first, *over)), now_ns=window.end_ns, config=looks.config)

    assert [(one.id, one.state) for one in tracked_in(told, OUTAGE)] == [
        (tracked_in(seen[0], OUTAGE)[0].id, "resolved")
    ]


def test_an_hour_of_silence_with_nothing_changed_is_no_end_and_what_follows_no_return(seen: list[Findings]) -> None:
    silent, again = (tracked_in(findings, OUTAGE)[0] for findings in seen[1:3])

    assert "which ended by itself" in silent.statement
    assert silent.verifications[0].verdict == "NOT YET"
    assert (again.id, len(again.history)) == (silent.id, 1)


def test_two_days_of_silence_with_nothing_changed_are_an_end_that_was_chance_once_it_is_back(tmp_path: Path) -> None:
    system = System()
    system.deploy(-MINUTE, "shop", GOOD, image="1", env=FULL)
    _works(system, GOOD, 0, 2)
    _fails(system, GOOD, 2, 3, REFUSED)
    system.traffic("shop", GOOD, 3 * HOUR, 54 * HOUR, every_s=600)
    _fails(system, GOOD, 54, 55, REFUSED)
    looks = Looks(system, tmp_path)

    told = [looks.look(hours).tracked for hours in (2.5, 48, 53, 54.5)]

    assert [one.state for every in told for one in every] == ["new", "new", "resolved", "regressed"]
    assert len({one.id for every in told for one in every}) == 1
    assert (
        told[2][0].statement
        == "no deploy is known to have ended it: attempts of the same call go well; not seen since 09-14 12:59"
    )
    assert told[3][0].statement == (
        "it is back and nothing was changed in between: it was never mended, the silence was chance"
    )


def test_an_incident_that_was_over_when_it_was_told_says_so(seen: list[Findings]) -> None:
    first = _course(seen, "over-before-it-was-told")[0]

    assert first.statement.startswith("it was over when it was first told")
    assert first.fresh


def test_fixed_in_one_of_two_services_goes_on_and_says_which_is_over(seen: list[Findings]) -> None:
    later = _course(seen, "fixed-in-one-of-two-services")[1]

    assert {one.service: one.state for one in later.members} == {"shop": "resolved", "desk": "new"}
    assert later.statement.startswith("over: shop ConnectionError")
    assert "goes on: desk ConnectionError" in later.statement
    assert later.is_open


def test_a_look_is_stored_once_and_told_alike_whenever_it_is_repeated(looks: Looks, seen: list[Findings]) -> None:
    again = looks.look(LOOKS[2])

    assert again.tracked == seen[2].tracked
    with looks.store.read() as reader:
        rows = reader.sql(
            "select count(*) many, count(distinct (incident_id, finding_id, look_ns)) apart from incident_states"
        )
    assert rows.row(0)[0] == rows.row(0)[1]
    assert rows.row(0)[0] == sum(len(one.fresh) for findings in seen for one in findings.tracked)


def test_an_incident_whose_failures_lie_before_the_window_is_followed(looks: Looks, seen: list[Findings]) -> None:
    narrow = looks.see(5.6, window_hours=0.5)

    (waiting,) = tracked_in(narrow, "hardly-asked-since")
    assert (waiting.id, waiting.number) == (_course(seen, "hardly-asked-since")[3].id, None)
    assert waiting.is_open
    assert waiting.statement.startswith("quiet since 09-14 12:22")
    assert not waiting.fresh
    assert not tracked_in(narrow, "rolled-back")  # over, and nothing of it is news

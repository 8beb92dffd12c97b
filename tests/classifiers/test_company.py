import polars as pl

from classifiers.company import attending, followers
from tests.support.cases import case, grid

SECOND = 1_000_000_000
SCHEMA = {"cluster_id": pl.String, "instance": pl.String, "log": pl.String, "first_ns": pl.Int64}


def rows(*lines: tuple[str, float], log: str = "stderr", instance: str = "i1") -> pl.DataFrame:
    """Lines of clusters at seconds."""
    return pl.DataFrame([(name, instance, log, int(at_s * SECOND)) for name, at_s in lines], SCHEMA, orient="row")


def failing(*, every_s: float, times: int = 10) -> list[tuple[str, float]]:
    return [("failure", every_s * turn) for turn in range(times)]


def test_a_line_straight_behind_a_failure_follows_it() -> None:
    failures = failing(every_s=7)
    behind = [("goes on", at_s + 0.0002) for _, at_s in failures]
    later = [("routine", at_s + 0.02) for _, at_s in failures]
    before = [("begins", at_s - 0.0002) for _, at_s in failures]

    seen = rows(*failures, *behind, *later, *before)

    assert followers(seen, ["goes on", "routine", "begins"], ["failure"]) == {"goes on"}


def test_most_of_its_own_lines_or_most_of_the_failures_must_be_near() -> None:
    lines = [("follower", 100 * turn + 0.0002) for turn in range(10)]
    few = [("failure", 100 * turn) for turn in (0, 1)]

    assert followers(rows(*lines, *few), ["follower"], ["failure"]) == {"follower"}
    assert followers(rows(*lines, *few[:1]), ["follower"], ["failure"]) == set()
    assert followers(rows(*lines, *few, ("failure", 50.0), ("failure", 51.0)), ["follower"], ["failure"]) == set()


def test_lines_that_meet_failures_in_a_storm_only_by_chance_do_not_follow() -> None:
    storm = [("failure", 0.0013 * turn) for turn in range(4000)]
    chatter = [("chatter", 0.1 * turn) for turn in range(50)]

    assert followers(rows(*storm, *chatter), ["chatter"], ["failure"]) == set()


def test_other_instances_and_request_lines_say_nothing() -> None:
    failures = failing(every_s=7)
    behind = [("goes on", at_s + 0.0002) for _, at_s in failures]

    elsewhere = pl.concat([rows(*failures), rows(*behind, instance="i2")])
    requests = pl.concat([rows(*failures), rows(*behind, log="requests")])

    assert followers(elsewhere, ["goes on"], ["failure"]) == set()
    assert followers(requests, ["goes on"], ["failure"]) == set()
    assert followers(rows(), ["goes on"], ["failure"]) == set()


def attends(*minutes: float, killed_every: int = 12, revision: str = "new") -> bool:
    """Whether requests that failed at these minutes attend instances killed every so often from minute 120 on."""
    exposed = grid(old=2.0, new=5.0)
    killed = case(exposed, [(float(minute), "new") for minute in range(120, 240, killed_every)], cluster_id="killed")
    cut_off = case(exposed, [(minute, revision) for minute in minutes], cluster_id="cut off")
    return attending([cut_off], [killed]) == {"cut off"}


def test_rare_failures_in_the_minutes_of_a_problem_of_their_service_attend_it() -> None:
    assert attends(120.2, 143.7, 180.3, 216.8)


def test_failures_of_other_minutes_or_revisions_or_too_few_of_them_do_not_attend() -> None:
    assert not attends(126.2, 150.1, 186.3, 210.1)
    assert not attends(120.2, 143.7, 180.3, 216.8, revision="old")
    assert not attends(120.2)


def test_a_problem_that_fails_all_the_time_is_attended_by_nothing() -> None:
    assert not attends(120.2, 143.7, 180.3, 216.8, killed_every=1)

import polars as pl

from classifiers.company import followers

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

import numpy as np
import polars as pl
import pytest

from classifiers.exposure import Exposure, Grid, Timeline

MINUTE_NS = 60_000_000_000
REQUESTS = {
    "project": pl.String(), "service": pl.String(), "revision": pl.String(), "route": pl.String(),
    "origin": pl.String(), "minute": pl.Int64(), "requests": pl.Int64(),
}  # fmt: skip
MINUTES = {
    "project": pl.String(),
    "service": pl.String(),
    "revision": pl.String(),
    "minute": pl.Int64(),
    "instances": pl.Int64(),
}


def exposure(requests: list[tuple[object, ...]], minutes: list[tuple[object, ...]] = [], bins: int = 10) -> Exposure:  # noqa: B006 - never changed
    return Exposure(
        pl.DataFrame(requests, schema=REQUESTS, orient="row"),
        pl.DataFrame(minutes, schema=MINUTES, orient="row"),
        Timeline.over(0, bins * MINUTE_NS),
    )


def test_only_the_routes_and_origins_that_were_asked_for_count() -> None:
    found = exposure(
        [
            ("p", "orders", "r1", "GET /a", "users", 0, 5),
            ("p", "orders", "r1", "GET /b", "users", 0, 7),
            ("p", "orders", "r2", "GET /a", "tests", 3, 2),
        ]
    )

    grid = found.matched("p", "orders", routes=("GET /a",), origins=("users",))

    assert {name: float(counts.sum()) for name, counts in grid.by_revision.items()} == {"r1": 5.0}


def test_health_checks_do_not_count_as_exposure_of_a_service() -> None:
    found = exposure(
        [("p", "orders", "r1", "GET /a", "users", 0, 5), ("p", "orders", "r1", "GET /healthz", "health_checks", 0, 90)]
    )

    assert float(found.service("p", "orders").total.sum()) == 5.0


def test_a_service_without_request_logs_is_exposed_in_instance_minutes() -> None:
    found = exposure([], [("p", "worker", "r1", 2, 3)])

    grid = found.matched("p", "worker", routes=("GET /a",))

    assert grid.unit == "minutes"
    assert grid.total.tolist() == [0, 0, 3, 0, 0, 0, 0, 0, 0, 0]


def test_the_clock_runs_with_requests_and_not_with_time() -> None:
    found = exposure([("p", "orders", "r1", "GET /a", "users", 0, 10), ("p", "orders", "r1", "GET /a", "users", 9, 10)])
    grid = found.service("p", "orders")

    passed = grid.clock(np.array([0, MINUTE_NS, 9 * MINUTE_NS, 10 * MINUTE_NS]))

    assert passed == pytest.approx([0, 10, 10, 20], abs=1e-6)


def test_share_of_a_revision_is_held_over_minutes_without_requests() -> None:
    found = exposure(
        [
            ("p", "o", "r1", "GET /a", "users", 1, 9),
            ("p", "o", "r2", "GET /a", "users", 1, 1),
            ("p", "o", "r2", "GET /a", "users", 4, 5),
        ]
    )
    grid = found.service("p", "o")

    assert grid.share("r2")[:6].tolist() == pytest.approx([0, 0.1, 0.1, 0.1, 1, 1])
    assert grid.share("gone").sum() == 0
    names, leaders = grid.leaders()
    assert [names[place] if place >= 0 else "" for place in leaders[:6]] == ["", "r1", "r1", "r1", "r2", "r2"]


def test_a_long_history_gets_coarser_bins() -> None:
    two_weeks = Timeline.over(0, 14 * 1440 * MINUTE_NS)

    assert two_weeks.bin_minutes == 6
    assert two_weeks.bins <= 4000


def test_revisions_share_no_bins_and_routes_nobody_asked_for_are_no_exposure() -> None:
    found = exposure(
        [
            ("p", "orders", "r2", "GET /a", "users", 9, 2),
            ("p", "orders", "r1", "GET /a", "users", 9, 5),
            ("p", "orders", "r1", "GET /a", "tests", 9, 1),
            ("p", "other", "r9", "GET /c", "users", 0, 90),
        ]
    )

    grid = found.matched("p", "orders", routes=("GET /a", "GET /c", "GET /nowhere"))

    assert {name: counts.tolist() for name, counts in grid.by_revision.items()} == {
        "r1": [0, 0, 0, 0, 0, 0, 0, 0, 0, 6],
        "r2": [0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    }
    assert found.matched("p", "orders", routes=("GET /nowhere",)).by_revision == {}


def test_the_clock_can_be_read_backwards() -> None:
    exposed = Grid(Timeline.over(0, 40 * MINUTE_NS), "requests", {"r1": np.array([3.0, 0.0, 5.0, 1.0] * 10)})
    instants = np.array([0, 30, 130, 190, 1999, 2399], dtype=np.int64) * 1_000_000_000

    assert np.abs(exposed.instant(exposed.clock(instants)) - instants).max() < 1_000_000_000

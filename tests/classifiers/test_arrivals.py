from pathlib import Path

import numpy as np
import polars as pl
import pytest

from classifiers.arrivals import find_arrivals
from classifiers.exposure import Exposure, Timeline
from collector.records import Revision
from tests.support.cases import MINUTE_NS
from tests.support.system import HOUR, MINUTE, System

KEY = ("p", "orders")
REQUESTS = {
    "project": pl.String, "service": pl.String, "revision": pl.String, "route": pl.String, "origin": pl.String,
    "minute": pl.Int64, "requests": pl.Int64,
}  # fmt: skip


def exposure(*, first_min: int, every_min: int = 1) -> Exposure:
    """Of one service that wrote every so often from a minute on, over four hours."""
    minutes = pl.DataFrame({"minute": np.arange(first_min, 240, every_min), "instances": 1}).with_columns(
        project=pl.lit("p"), service=pl.lit("orders"), revision=pl.lit("orders-00001-aaa")
    )
    return Exposure(pl.DataFrame(schema=REQUESTS), minutes, Timeline.over(0, 240 * MINUTE_NS))


def arrivals(
    created_min: int | None, first_min: int, every_min: int = 1, known_from_min: int = 0
) -> dict[tuple[str, str], int]:
    """In minutes."""
    created_ns = None if created_min is None else created_min * MINUTE_NS
    first_ns, last_ns = first_min * MINUTE_NS, 240 * MINUTE_NS
    one = Revision("p", "orders", "orders-00001-aaa", created_ns, created_ns, None, first_ns, last_ns, None, 0, None)
    found = find_arrivals(
        [one], exposure(first_min=first_min, every_min=every_min), start_ns=known_from_min * MINUTE_NS,
        least_ns=60 * MINUTE_NS,
    )  # fmt: skip
    return {key: when // MINUTE_NS for key, when in found.items()}


def test_a_service_is_new_from_its_first_deploy_on() -> None:
    assert arrivals(90, 95) == {KEY: 90}
    assert arrivals(90, 95, every_min=30) == {KEY: 90}


def test_a_service_that_wrote_before_the_first_known_deploy_is_not_new() -> None:
    assert arrivals(90, 5) == {}
    assert arrivals(200, 100, every_min=30) == {}


def test_without_a_deploy_a_first_line_counts_only_after_an_unusual_silence() -> None:
    assert arrivals(None, 90) == {KEY: 90}
    assert arrivals(None, 90, every_min=25) == {}


def test_what_began_with_all_that_is_known_is_not_new() -> None:
    assert arrivals(90, 95, known_from_min=60) == {}


def broken_from_the_start(*, is_new: bool) -> System:
    """Orders fails on one route from its first request on, two hours after everything else began."""
    system = System()
    system.traffic("shop", "shop-00001-aaa", 0, 8 * HOUR, every_s=60)
    if is_new:
        system.deploy(2 * HOUR, "orders", "orders-00001-aaa", image="a")
    for turn in range(2 if is_new else 0, 8):
        for step in range(20):
            at_s = turn * HOUR + 5 * MINUTE + step * 2 * MINUTE
            system.request(at_s, "orders", "orders-00001-aaa", path="/orders")
            system.failure(at_s + 30, "orders", "orders-00001-aaa", "Error: no price of 7", path="/prices")
    return system


@pytest.mark.parametrize("is_new", [True, False])
def test_nothing_is_standing_in_a_service_that_is_new(tmp_path: Path, is_new: bool) -> None:  # noqa: FBT001 - a case
    findings = broken_from_the_start(is_new=is_new).findings(tmp_path, 8 * HOUR)

    assert (len(findings.clusters), len(findings.standing)) == ((1, 0) if is_new else (0, 1))

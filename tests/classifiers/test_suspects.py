import polars as pl
import pytest

from classifiers.cases import Case
from classifiers.exposure import Exposure, Timeline
from classifiers.suspects import CallGraph, Suspects
from tests.support.cases import MINUTE_NS, case, grid
from tests.support.findings import revision

HALF = [10.0] * 120 + [0.0] * 120
CALLS = pl.DataFrame([("shop", "orders", 9)], schema=["caller", "service", "traces"], orient="row")
SERVICES = pl.DataFrame(schema={"trace": pl.String, "service": pl.String, "revision": pl.String, "start_ns": pl.Int64})
MINUTES = {
    "project": pl.String, "service": pl.String, "revision": pl.String, "minute": pl.Int64, "instances": pl.Int64,
}  # fmt: skip
REQUESTS = {
    "project": pl.String, "service": pl.String, "revision": pl.String, "route": pl.String, "origin": pl.String,
    "minute": pl.Int64, "requests": pl.Int64, "first_ns": pl.Int64, "last_ns": pl.Int64,
}  # fmt: skip


def failing(service: str, first_min: int) -> Case:
    exposed = grid({f"{service}-1": HALF, f"{service}-2": HALF[::-1]})
    return case(exposed, [(first_min + n, f"{service}-2") for n in range(60)], cluster_id=service, service=service)


@pytest.mark.parametrize(("began_min", "suspected"), [(121, {"shop-2"}), (170, set())])
def test_a_caller_outside_the_failed_traces_is_a_suspect_when_it_began_to_fail_with_them(
    began_min: int, suspected: set[str]
) -> None:
    rows = [("p", "shop", f"shop-{1 + (minute >= 120)}", minute, 1) for minute in range(240)]
    exposure = Exposure(
        pl.DataFrame(schema=REQUESTS), pl.DataFrame(rows, schema=MINUTES, orient="row"),
        Timeline.over(0, 240 * MINUTE_NS),
    )  # fmt: skip
    called, calling = failing("orders", 121), failing("shop", began_min)
    revisions = [
        revision(f"{service}-{number}", (number - 1) * 120 * MINUTE_NS, service=service, project="p",
                 first_seen_ns=(number - 1) * 120 * MINUTE_NS)
        for service in ("orders", "shop")
        for number in (1, 2)
    ]  # fmt: skip

    found = Suspects(revisions, exposure, SERVICES, CallGraph(CALLS), [called, calling]).of(called)

    assert {one.revision for one in found if one.service == "shop"} == suspected
    assert {one.relation for one in found if one.service == "shop"} <= {"linked"}

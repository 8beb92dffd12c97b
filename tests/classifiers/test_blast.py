import polars as pl

from classifiers.blast import asked_part, rank_absence, rank_cluster, rank_incidents, rank_latency, reach_of
from classifiers.cases import Case
from classifiers.config import PriorityConfig
from classifiers.exposure import Exposure, Timeline
from classifiers.findings import Absence, Cluster, EventCount, Incident, Latency, Onset
from classifiers.priority import Part
from collector.replacing import replace
from tests.support.cases import MINUTE_NS, case, grid
from tests.support.findings import cluster, symptom

MINUTES = 240
CONFIG = PriorityConfig()
END_NS = MINUTES * MINUTE_NS


def asked(**per_minute: int) -> Exposure:
    """Requests of orders in every minute, by the last word of the route."""
    rows = [
        ("p", "orders", "r1", f"GET /{route}", "users", minute, many)
        for route, many in per_minute.items()
        for minute in range(MINUTES)
    ]
    names = ["project", "service", "revision", "route", "origin", "minute", "requests"]
    lived = pl.DataFrame(
        schema={"project": pl.String, "service": pl.String, "revision": pl.String, "minute": pl.Int64,
                "instances": pl.Int64}
    )  # fmt: skip
    return Exposure(pl.DataFrame(rows, schema=names, orient="row"), lived, Timeline.over(0, END_NS))


def broken(route: str, per_minute: int, **changes: object) -> Case:
    """All requests of a route fail in the second half."""
    half = MINUTES // 2
    failures = [(minute + 0.5, "r1") for minute in range(half, MINUTES) for _ in range(per_minute)]
    counts = [float(per_minute)] * MINUTES
    return case(grid({"r1": counts}), failures, unit_routes=[route] * len(failures), **changes)


def test_a_failure_reaches_a_share_of_its_service_and_another_of_its_worst_route() -> None:
    made = broken("GET /pay", 1)

    reach = reach_of(made, asked(pay=1, home=49))

    assert (reach.service.failed, reach.service.exposed) == (120, 6000)
    assert reach.routes == (Part("GET /pay", 120, 120.0),)
    told = rank_cluster(cluster(service="orders", state="new"), made, reach, end_ns=END_NS, config=CONFIG)
    assert told.priority == "P1"
    assert told.blast is not None
    assert (told.blast.share, told.blast.routes_share, told.blast.routes) == (0.02, 1.0, ("GET /pay",))
    assert told.blast.lasted_ns == END_NS - made.fit.at_ns


def test_a_trial_of_one_route_is_counted_for_it_and_a_trace_on_several_routes_for_none() -> None:
    one = broken("", 1, routes=("GET /pay",))
    hung = replace(one, unit_routes=[])

    assert reach_of(one, asked(pay=1, home=49)).routes == ()
    assert [part.name for part in reach_of(hung, asked(pay=1, home=49)).routes] == ["GET /pay"]


def test_minutes_are_counted_against_minutes() -> None:
    lived = grid({"r1": [2.0] * MINUTES})
    made = case(replace(lived, unit="minutes"), [(minute + 0.5, "r1") for minute in range(120, 180)])

    reach = reach_of(made, asked(pay=1))

    assert (reach.service.failed, reach.service.exposed, reach.routes) == (60, 120.0, ())


def test_an_error_of_the_harness_stays_at_the_bottom_whatever_it_breaks() -> None:
    made = broken("GET /pay", 9)
    found = cluster(fault="test_harness", cause="test_harness")

    told = rank_cluster(found, made, reach_of(made, asked(pay=9)), end_ns=END_NS, config=CONFIG)

    assert told.priority == "P3"
    assert told.blast is not None
    assert told.blast.reason.startswith("a fault of the test harness")


def slower(**changes: object) -> Latency:
    made = Latency(
        "orders", "GET /pay", None, id="l1", since=100, slow=96, times_median=(3.0, 2.5, 3.5),
        onset=Onset(0, 0, 0, 0.0, 0.9, "requests"),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type] # fields of a latency


def test_a_slower_operation_ranks_one_below_a_failure_and_by_how_much_slower_it_is() -> None:
    few, most = Part("orders", 96, 10_000.0), Part("orders", 96, 100.0)

    def priority(asked_of: Part, **changes: object) -> str:
        return rank_latency(slower(**changes), asked_of, end_ns=END_NS, config=CONFIG).priority

    assert priority(few) == "P2"
    assert priority(most) == "P1"
    assert priority(most, times_median=(1.3, 1.2, 1.4)) == "P3"
    assert priority(most, times_median=(1.0, 0.9, 1.1), times_tail=(4.0, 3.0, 5.0)) == "P1"
    assert priority(most, fault="test_harness") == "P3"


def test_what_was_asked_of_a_slower_service_is_counted_to_its_last_slow_request() -> None:
    made = broken("GET /pay", 1)

    assert asked_part(made, asked(pay=1, home=1)) == Part("orders", 120, 240.0)
    assert asked_part(replace(made, service="desk"), asked(pay=1)).exposed is None


def test_an_event_that_stays_away_is_a_broken_function_and_one_without_a_field_ranks_lower() -> None:
    gone = Absence("order.confirmed", "desk", None, None, trigger="POST /orders", since=EventCount(50, 0))

    told = rank_absence(gone, end_ns=END_NS, config=CONFIG)

    assert told.priority == "P1"
    assert told.blast is not None
    assert (told.blast.failed, told.blast.exposed, told.blast.routes) == (50, 50, ("POST /orders",))
    assert told.blast.reason.startswith("at least 94.8 % of POST /orders had no order.confirmed")
    hollow = replace(gone, field="total", kind="hollow")
    assert rank_absence(hollow, end_ns=END_NS, config=CONFIG).priority == "P2"
    half = replace(gone, since=EventCount(50, 40))
    assert rank_absence(half, end_ns=END_NS, config=CONFIG).priority == "P2"
    assert rank_absence(replace(gone, origin="scanners"), end_ns=END_NS, config=CONFIG).priority == "P3"


def told_in(*services: str, **changes: object) -> tuple[Incident, ...]:
    """One incident of a failure in the first of the services that pulls down the others, half of each."""
    made = broken("GET /pay", 2)
    found: list[Cluster] = []
    for at, service in enumerate(services):
        one = (symptom if at else cluster)(id=f"c{at}", service=service, state="new", **changes)
        reach = reach_of(made, asked(pay=2, home=6))
        found.append(rank_cluster(one, made, replace(reach, service=Part(service, 240, 960.0)), end_ns=END_NS,
                                  config=CONFIG))  # fmt: skip
    names = tuple(one.id for one in found)
    return rank_incidents([Incident(1, names[0], names[1:], "P2", "it", is_ongoing=True)], found, CONFIG, {})


def test_an_incident_reaches_as_far_as_its_members_and_is_an_outage_where_many_services_are_broken() -> None:
    (one,), (two,), (three,) = told_in("orders"), told_in("orders", "desk"), told_in("orders", "desk", "mail")

    assert [incident.priority for incident in (one, two, three)] == ["P1", "P1", "P0"]
    assert three.blast is not None
    assert three.blast.services == ("orders", "desk", "mail")
    assert three.blast.reason.endswith("one higher: so it is in 3 services (spread_services 3)")


def test_what_a_harness_pulls_down_never_ranks_higher() -> None:
    (incident,) = told_in("orders", "desk", "mail", fault="test_harness")

    assert incident.priority == "P3"


def test_incidents_are_numbered_by_rank_and_those_that_go_on_come_first() -> None:
    made = broken("GET /pay", 2)
    reach = reach_of(made, asked(pay=2))
    worst = rank_cluster(cluster(id="c1", state="resolved"), made, reach, end_ns=END_NS, config=CONFIG)
    mild = replace(cluster(id="c2", state="new"), priority="P2", blast=worst.blast)
    bad = replace(mild, id="c3", priority="P1")
    incidents = [
        Incident(number, one.id, (), one.priority, "it", is_ongoing=one.is_ongoing)
        for number, one in enumerate((worst, mild, bad), start=1)
    ]

    told = rank_incidents(incidents, (worst, mild, bad), CONFIG, {})

    assert [(one.number, one.root) for one in told] == [(1, "c3"), (2, "c2"), (3, "c1")]

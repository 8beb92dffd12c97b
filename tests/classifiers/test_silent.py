import polars as pl

from classifiers.cases import Case
from classifiers.config import CascadeConfig
from classifiers.findings import Absence, Attribution, Cluster, Latency
from classifiers.latency import Slowdowns
from classifiers.missing import Missed
from classifiers.silent import Silent, join_silent
from classifiers.suspects import CallGraph
from collector.replacing import replace
from tests.support.cases import case, grid, keyed
from tests.support.findings import cluster

CALLS = CallGraph(pl.DataFrame([("shop", "desk", 9)], schema=["caller", "service", "traces"], orient="row"))


def bad(name: str, service: str, numbers: range = range(10)) -> Case:
    """Bad in one trace a minute, from minute 100 on."""
    made = case(
        grid(minutes=200, r1=10.0), [(100 + number, "r1") for number in numbers], cluster_id=name, service=service
    )
    return keyed(made, [f"{number:032x}" for number in numbers])


def failure(**changes: object) -> Cluster:
    return replace(cluster(id="c-pay", service="shop", attribution=None, project="p"), **changes)  # type: ignore[arg-type] # fields


def slow(**changes: object) -> Latency:
    onset = cluster().onset
    made = Latency("desk", "find_order", None, id="l-find", project="p", onset=onset)
    return replace(made, **changes)  # type: ignore[arg-type] # fields


def claim(service: str = "desk", revision: str = "r1") -> Attribution:
    return Attribution(service, revision, None, None, (), 0.9, ())


def joined(
    told: Cluster, one: Latency | None = None, *, problem: Case, silent: Case | None = None,
    missed: tuple[Missed, ...] = (), failed: bool = False,
) -> Silent:  # fmt: skip
    found = Slowdowns((), {})
    if one is not None and silent is not None:
        found = Slowdowns((one,), {}, cases={one.id: silent}, failed={one.id: told.id} if failed else {})
    return join_silent([told], [problem], found, missed, CALLS, CascadeConfig())


def test_what_is_slow_in_the_traces_of_a_failure_follows_it_and_carries_its_verdict() -> None:
    told = joined(
        failure(attribution=claim("shop")), slow(), problem=bad("c-pay", "shop"), silent=bad("l-find", "desk")
    )

    (one,) = told.slower
    assert (one.role, one.caused_by, one.explained_share) == ("symptom", "c-pay", 1.0)
    assert one.attribution is not None
    assert one.attribution.service == "shop"
    assert [(edge.how, edge.shared, edge.units) for edge in told.edges] == [("traces", 10, 10)]


def test_a_slow_callee_explains_what_fails_in_its_slow_traces_in_the_caller() -> None:
    told = joined(
        failure(), slow(attribution=claim()), problem=bad("c-pay", "shop"), silent=bad("l-find", "desk"), failed=True
    )

    (one,) = told.clusters
    assert (one.role, one.caused_by) == ("symptom", "l-find")
    assert one.attribution is not None
    assert one.attribution.revision == "r1"
    assert "in 10 of 10 of its traces l-find was bad too" in [fact.statement for fact in one.evidence]
    assert told.slower[0].role == "root"


def test_a_caller_whose_own_deploy_is_blamed_does_not_follow_a_slow_callee() -> None:
    told = joined(
        failure(attribution=claim("shop")),
        slow(),
        problem=bad("c-pay", "shop"),
        silent=bad("l-find", "desk"),
        failed=True,
    )

    assert (told.clusters[0].role, told.slower[0].caused_by) == ("root", "c-pay")


def test_one_deploy_that_broke_both_at_once_joins_what_no_trace_links() -> None:
    apart = bad("l-find", "desk", range(20, 30))
    apart.times_ns = bad("x", "desk").times_ns
    apart.fit = bad("x", "desk").fit
    same, other = (
        joined(
            failure(attribution=claim(revision=name)),
            slow(attribution=claim()),
            problem=bad("c-pay", "shop"),
            silent=apart,
        )
        for name in ("r1", "r2")
    )

    assert [(edge.how, edge.cause) for edge in same.edges] == [("deploy", "c-pay")]
    assert (other.slower[0].role, other.edges) == ("root", ())


def test_events_that_one_deploy_stopped_are_one_incident_and_those_a_failure_stops_no_fault() -> None:
    first, second = (
        Absence(name, "desk", None, claim(), project="p", onset=cluster().onset) for name in ("a.made", "b.made")
    )
    lost = (Missed(first, bad("a", "desk", range(40, 50))), Missed(second, bad("b", "desk", range(40, 50))))
    told = joined(failure(), problem=bad("c-pay", "shop", range(10)), missed=lost)
    kept = joined(failure(), problem=bad("c-pay", "shop"), missed=(Missed(first, bad("a", "desk"), "c-pay"),))

    assert sorted(one.role for one in told.missing) == ["root", "symptom"]
    assert (kept.missing, [one.caused_by for one in kept.explained]) == ((), ["c-pay"])

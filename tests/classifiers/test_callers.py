from pathlib import Path

import polars as pl
import pytest

from classifiers.callers import top_clients
from tests.support.system import HOUR, MINUTE, System
from tests.support.telling import explained, only_root, statements

OLD, NEW = "orders-00001-aaa", "orders-00002-bbb"
BEGAN = 3 * HOUR
WRONG = "ValidationError: field amount missing"


def partner(
    *, calls_from_s: int = 0, deployed_s: int | None = None, fails_all: bool = False, inside: int = 0
) -> System:
    """Seven callers, and a partner whose requests are refused from 3 h on.

    Where `inside` is a number, each so-many-th call of the partner comes while the service shipping answers a request.
    """
    system = System()
    system.deploy(-HOUR, "orders", OLD, image="a", env={"A": "1"})
    if deployed_s is not None:
        system.deploy(deployed_s, "orders", NEW, image="b", env={"A": "1"})
    for step, at in enumerate(range(0, 6 * HOUR, 30)):
        name = NEW if deployed_s is not None and at >= deployed_s + 20 else OLD
        known = {"caller": f"10.0.0.{step % 7}"}
        theirs = {"caller": "10.9.9.9", "agent": "partner-sync/2.1"}
        if fails_all and at >= BEGAN and step % 2:
            system.failure(at, "orders", name, WRONG, status=422, **known)
        else:
            system.request(at, "orders", name, **known)
        if step % 3 == 0 and at >= calls_from_s:
            if inside and step % (3 * inside) == 0:
                theirs["trace"] = system.request(at + 4, "shipping", "shipping-00001-aaa", latency_s=2)
            if at >= BEGAN:
                system.failure(at + 5, "orders", name, WRONG, status=422, **theirs)
            else:
                system.request(at + 5, "orders", name, **theirs)
    return system


@pytest.mark.parametrize("calls_from_s", [0, BEGAN])
def test_one_caller_that_fails_while_others_on_its_routes_are_spared_is_named(
    tmp_path: Path, calls_from_s: int
) -> None:
    system = partner(calls_from_s=calls_from_s, deployed_s=BEGAN - HOUR)

    cluster = only_root(system.findings(tmp_path, 6 * HOUR))

    found = explained(cluster, "client")
    assert (cluster.cause, cluster.fault) == ("client", "client")
    assert "one caller (partner-sync/2.1)" in found.statement
    assert "failures would be expected, 0 came" in statements(found)
    assert cluster.attribution is None or cluster.attribution.confidence < 0.1


def test_a_deploy_right_before_may_have_broken_it_for_that_caller_alone(tmp_path: Path) -> None:
    cluster = only_root(partner(deployed_s=BEGAN - MINUTE).findings(tmp_path, 6 * HOUR))

    assert cluster.attribution is not None
    assert cluster.attribution.revision == NEW
    assert cluster.attribution.confidence > explained(cluster, "client").confidence


def test_what_all_callers_meet_is_no_callers_fault(tmp_path: Path) -> None:
    cluster = only_root(partner(fails_all=True).findings(tmp_path, 6 * HOUR))

    assert all(one.cause != "client" for one in cluster.hypotheses)


def test_a_service_that_mostly_calls_by_itself_is_no_client_from_outside(tmp_path: Path) -> None:
    cluster = only_root(partner(inside=3).findings(tmp_path, 6 * HOUR))

    assert all(one.cause != "client" for one in cluster.hypotheses)


def test_only_callers_with_four_failures_are_counted_and_at_most_five_of_a_service() -> None:
    rows = [
        {"project": "p", "service": "orders", "client": client, "trace": f"{client}-{number}", "agent": f"a{client}"}
        for client, many in ((1, 3), (2, 4), (3, 5), (4, 6), (5, 7), (6, 8), (7, 9))
        for number in range(many)
    ]

    assert top_clients(pl.DataFrame(rows)) == [3, 4, 5, 6, 7]


def test_a_new_program_that_many_people_use_once_each_is_named(tmp_path: Path) -> None:
    system = System()
    system.deploy(-HOUR, "orders", OLD, image="a", env={"A": "1"})
    for step, at in enumerate(range(0, 6 * HOUR, 30)):
        system.request(at, "orders", OLD, caller=f"10.0.{step % 200}.7", agent="app/1.9")
        if at >= BEGAN and step % 3 == 0:
            system.failure(at + 5, "orders", OLD, WRONG, caller=f"10.1.{step % 200}.8", agent="app/2.0")

    cluster = only_root(system.findings(tmp_path, 6 * HOUR))

    assert cluster.cause == "client"
    assert "what all callers with app/2.0 send fails" in explained(cluster, "client").statement

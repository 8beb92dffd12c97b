import pytest

from classifiers.findings import Cause, Fault, Origin, Priority
from classifiers.priority import PriorityConfig, rank, sure_share


def ranked(
    share: float | None,
    *,
    services: int = 1,
    origin: Origin = "users",
    cause: Cause = "revision",
    fault: Fault = "product",
) -> Priority:
    return rank(share, services=services, origin=origin, cause=cause, fault=fault, config=PriorityConfig())


@pytest.mark.parametrize(("share", "priority"), [(0.9, "P0"), (0.2, "P1"), (0.05, "P2"), (0.001, "P3"), (None, "P2")])
def test_rank_follows_the_share_of_requests_that_fail(share: float | None, priority: Priority) -> None:
    assert ranked(share) == priority


def test_an_incident_over_several_services_ranks_one_higher() -> None:
    assert ranked(0.2, services=3) == "P0"
    assert ranked(0.9, services=3) == "P0"


@pytest.mark.parametrize("fault", ["test_harness", "client"])
def test_a_fault_of_harness_or_client_stays_at_the_bottom(fault: Fault) -> None:
    assert ranked(1.0, services=9, fault=fault) == "P3"


def test_a_product_fault_that_only_tests_met_ranks_by_what_it_breaks() -> None:
    assert ranked(0.9, origin="tests") == "P0"


def test_one_of_one_is_no_outage() -> None:
    assert sure_share(1.0, 1) < 0.5 < sure_share(1.0, 20) < 1.0
    assert sure_share(0.0, 0) == 0.0

"""Where a fault sits: test code, what tests ask for, callers that give up, the platform, the product."""

from pathlib import Path
from typing import Any

import pytest

from classifiers.faults import is_test_place
from classifiers.findings import Cluster
from tests.support.system import BROWSER, HOUR, PYTEST, System

OLD, NEW = "shop-00001-abc", "shop-00002-def"
END_S = 10 * HOUR


def trace_of(*frames: str, error: str) -> str:
    """A Python trace with these frames, FILE FUNCTION each."""
    lines = [f'  File "/app/{name.split()[0]}", line 7, in {name.split()[1]}\n    call()' for name in frames]
    return "\n".join(["Traceback (most recent call last):", *lines, error])


def failing(
    folder: Path, message: str, *, every: int = 2, since_s: float = 7 * HOUR, start_s: float = HOUR, **changes: Any
) -> Cluster:
    """The one cluster of a service whose requests fail with a message; users ask for another route."""
    system = System()
    system.line(-1, "shop", OLD, "ready", severity="INFO")
    agent = str(changes.pop("agent", PYTEST))
    for number in range(int(END_S / 60)):
        at_s = number * 60.0
        revision = OLD if at_s < 5 * HOUR else NEW
        system.request(at_s, "shop", revision, path="/home", agent=BROWSER)
        if number % every == 0 and at_s >= since_s:
            system.failure(at_s + 7, "shop", revision, message, agent=agent, **changes)
        else:
            system.request(at_s + 7, "shop", revision, agent=agent)
    (found,) = [one for one in system.findings(folder, END_S, start_s).clusters if one.role == "root"]
    return found


@pytest.mark.parametrize(
    "frame",
    ["tests.e2e.helpers:login", "conftest:client", "shop.tests.test_cart:add", "test_cart:add",
     "__tests__/login.spec:run", "cart_test:add", "src/login.test:check", "spec/cart_spec:block"],
)  # fmt: skip
def test_code_of_tests_is_known_by_its_place(frame: str) -> None:
    assert is_test_place(frame)


@pytest.mark.parametrize(
    "frame",
    ["shop.cart:add", "shop.latest:read", "openapi.spec:load", "league.fixtures:next", "shop.ab_test:assign",
     "db.pool:test_connection", "lab.BloodTest:measure", "contest.entries:add", "attestation:sign"],
)  # fmt: skip
def test_words_that_only_hold_test_are_the_product(frame: str) -> None:
    assert not is_test_place(frame)


def test_a_test_class_counts_where_a_runner_ran_it() -> None:
    assert is_test_place("com.acme.CartTest:adds", "at org.junit.runners.ParentRunner.run")


def test_what_is_thrown_in_test_code_is_the_harness(tmp_path: Path) -> None:
    error = "ValueError: WebSocketNotifier requires valid emitter"

    found = failing(tmp_path, trace_of("shop/api.py handle", "tests/e2e/notifier.py build", error=error))

    assert (found.fault, found.priority) == ("test_harness", "P3")
    assert any("thrown in test code: tests.e2e.notifier:build" in one.statement for one in found.evidence)


def test_a_helper_of_tests_whose_interface_does_not_fit_is_the_harness(tmp_path: Path) -> None:
    error = "AttributeError: 'E2EAuthHelper' object has no attribute 'authenticate_oauth_user'"

    found = failing(tmp_path, error)

    assert (found.fault, found.priority) == ("test_harness", "P3")


def test_the_same_mismatch_in_product_code_is_the_product(tmp_path: Path) -> None:
    error = "AttributeError: 'OrderBook' object has no attribute 'settle_order'"

    found = failing(tmp_path, trace_of("shop/api.py handle", "shop/orders.py settle", error=error))

    assert (found.origin, found.fault) == ("tests", "product")
    assert found.priority < "P3"


@pytest.mark.parametrize("since_s", [0.0, 7 * HOUR])
def test_a_refusal_that_tests_ask_for_stays_at_the_bottom(tmp_path: Path, since_s: float) -> None:
    system = System()
    system.line(-1, "shop", OLD, "ready", severity="INFO")
    for number in range(int(END_S / 60)):
        at_s, revision = number * 60.0, OLD if number < END_S / 120 else NEW
        system.request(at_s, "shop", revision, path="/home", agent=BROWSER)
        if number % 2 == 0 and at_s >= since_s:
            system.failure(at_s + 7, "shop", revision, "order is not yours: forbidden", agent=PYTEST, status=403)

    found = system.findings(tmp_path, END_S, 0)

    assert {one.priority for one in (*found.clusters, *found.standing)} <= {"P3"}
    assert not any(one.attribution for one in found.clusters)


def test_a_fault_of_the_product_that_a_deploy_brought_ranks_although_only_tests_met_it(tmp_path: Path) -> None:
    error = "KeyError: 'warehouse'"

    found = failing(
        tmp_path, trace_of("shop/api.py handle", "shop/stock.py count", error=error), every=1, since_s=5 * HOUR
    )

    assert (found.origin, found.fault, found.cause) == ("tests", "product", "revision")
    assert found.priority < "P3"


def test_a_caller_that_gives_up_is_the_client(tmp_path: Path) -> None:
    found = failing(tmp_path, "starlette.requests.ClientDisconnect", agent=BROWSER, status=499)

    assert (found.fault, found.cause, found.priority) == ("client", "client", "P3")

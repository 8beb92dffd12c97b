import pytest

from classifiers.natures import is_about_dependency, outside_ratio
from tests.support.cases import case, grid

PLAIN = case(grid(shop=1.0), [(1.0, "shop")])


def thrown(kind: str) -> float:
    return outside_ratio(case(grid(shop=1.0), [(1.0, "shop")], parts=f'{{"type": "{kind}"}}'), "it failed")


@pytest.mark.parametrize(
    "kind",
    ["TypeError", "java.lang.NullPointerException", "NullReferenceException", "KeyError", "NoMethodError"],
)
def test_code_that_cannot_run_is_seldom_due_to_something_outside(kind: str) -> None:
    assert thrown(kind) < 1


@pytest.mark.parametrize("kind", ["ConnectionError", "TimeoutError", "HTTPStatusError", "SSLHandshakeException", ""])
def test_other_exceptions_tell_nothing(kind: str) -> None:
    assert thrown(kind) == 1


def test_memory_runs_out_by_the_services_own_doing_and_certificates_by_the_clock() -> None:
    assert outside_ratio(PLAIN, "Memory limit of 512 MiB exceeded") < 1
    assert outside_ratio(PLAIN, "x509: certificate has expired or is not yet valid") > 1


@pytest.mark.parametrize(
    "said",
    [
        "PSQLException: Connection to 10.1.2.3:5432 refused. Check that the hostname and port are correct",
        'connection to server at "10.1.2.3", port 5432 failed',
        "connect ECONNREFUSED 10.1.2.3:5432",
    ],
)
def test_what_a_connection_goes_to_may_stand_before_that_it_was_refused(said: str) -> None:
    assert is_about_dependency(said)


def test_a_connection_of_which_nothing_is_said_is_no_dependency_that_fails() -> None:
    assert not is_about_dependency("connection to 10.1.2.3 opened, query failed validation")

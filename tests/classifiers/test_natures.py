import pytest

from classifiers.natures import outside_ratio
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

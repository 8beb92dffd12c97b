from pathlib import Path

import pytest

from classifiers.causes import cause_of
from classifiers.findings import Hypothesis
from tests.support.system import HOUR, MINUTE, System
from tests.support.telling import statements


def two_deploys_at_once() -> System:
    """A shop and the door that it asks are deployed within a minute, in a pause; then the shop fails."""
    system = System()
    for service in ("shop", "door"):
        system.deploy(-HOUR, service, f"{service}-00001-old", image="a")
        system.deploy(110 * MINUTE, service, f"{service}-00002-new", image="b")
    for step in (*range(210), *range(240, 480)):
        name, is_bad = "00001-old" if step < 220 else "00002-new", step >= 240
        trace = system.request(step * 30, "shop", f"shop-{name}", status=500 if is_bad else 200, latency_s=0.5)
        system.request(step * 30 + 0.2, "door", f"door-{name}", trace=trace, agent="lib/1", latency_s=0.1)
        system.span(step * 30, "shop", trace, "a" * 16)
        system.span(step * 30 + 0.2, "door", trace, "c" * 16, "a" * 16)
        if is_bad:
            system.line(step * 30 + 0.4, "shop", f"shop-{name}", "KeyError: 'amount'", trace=trace)
    return system


def test_every_revision_that_may_have_broken_it_is_told_with_its_counts(tmp_path: Path) -> None:
    (shop,) = two_deploys_at_once().findings(tmp_path, 4 * HOUR).clusters

    own, other = [one for one in shop.hypotheses if one.cause == "revision"]
    assert own.statement == "shop-00002-new of shop broke it"
    assert "on shop-00002-new: 240 of 240 requests failed; on all others: 0 of 210" in statements(own)
    assert other.statement == "door-00002-new of door broke it"
    assert "100% of the failures are known to have met door" in statements(other)


@pytest.mark.parametrize(("confidence", "cause"), [(0.52, "unknown"), (0.84, "test_harness")])
def test_the_harness_is_named_only_where_it_is_likely(confidence: float, cause: str) -> None:
    told = [Hypothesis("revision", 0.16, "a deploy"), Hypothesis("test_harness", confidence, "the tests changed")]

    assert cause_of(None, told) == cause


def test_what_is_even_and_no_fault_of_the_harness_is_named() -> None:
    assert cause_of(None, [Hypothesis("dependency", 0.52, "a database")]) == "dependency"

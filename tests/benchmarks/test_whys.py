"""Chains of answers of generated incidents hold, and a chain that does not hold is complained of."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.whys import complaints, found_in


@pytest.fixture(scope="module", params=["secret_lost", "dependency_down", "event_stopped"])
def told(request: pytest.FixtureRequest) -> dict[str, Any]:
    return found_in(request.param, seed=1, scale=0.05)


def test_every_incident_has_a_chain_that_holds(told: dict[str, Any]) -> None:
    assert told["incidents"]
    assert all(one["whys"] and one["whys"][0]["step"] == "symptom" for one in told["incidents"])
    assert complaints(told) == []


def _whys(data: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data["incidents"][0]["whys"]
    return found


@pytest.fixture(scope="module")
def findings() -> dict[str, Any]:
    """One blamed failure whose chain holds: counts, revision, what is not known."""
    fact = {
        "kind": "measured", "statement": "9 of 12 requests failed on shop-2", "query": "count_exposure",
        "insert_ids": [], "trace_ids": [], "revisions": ["shop-2"],
    }  # fmt: skip
    chain = [
        {"step": "symptom", "kind": "measured", "statement": "shop: 9 of 12 failed since 2026-09-14T20:00:00Z.",
         "evidence": [fact], "refuted_by": ["others"]},
        {"step": "revision", "kind": "measured", "statement": "75% failed. Likely: shop-2 brought it.",
         "evidence": [fact], "refuted_by": ["others"]},
        {"step": "change", "kind": "unknown", "statement": "What changed is not known. A file would tell.",
         "evidence": [], "refuted_by": []},
    ]  # fmt: skip
    cluster = {
        "id": "c", "evidence": [fact], "onset": "2026-09-14T20:00:00.000000000Z", "share": 0.75,
        "attribution": {"revision": "shop-2", "confidence": 0.8},
    }  # fmt: skip
    return {
        "clusters": [cluster], "span_clusters": [], "latency": [], "absent_events": [],
        "revisions": [{"revision": "shop-1"}, {"revision": "shop-2"}],
        "incidents": [{"number": 1, "root": "c", "whys": chain}],
    }  # fmt: skip


def test_a_chain_that_holds_is_not_complained_of(findings: dict[str, Any]) -> None:
    assert complaints(findings) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: _whys(data)[0].update(statement="shop: 8 of 12 requests failed."), "no other number 8"),
        (lambda data: _whys(data)[0].update(statement="since 2026-09-14T20:01:00Z"), "no other time"),
        (lambda data: _whys(data)[0].update(statement="in shop-3"), "no other shop-3"),
        (lambda data: _whys(data)[0]["evidence"][0].update(query="count_of_nothing"), "measured without query or rows"),
        (lambda data: _whys(data)[0].update(kind="inferred"), "inferred without a rule"),
        (lambda data: _whys(data)[0].update(refuted_by=[]), "nothing would refute it"),
        (lambda data: _whys(data)[1].update(statement=_whys(data)[0]["statement"]), "it is told twice"),
        (lambda data: _whys(data)[1].update(statement="Likely: shop-1 brought it."), "shop-1 is not blamed"),
        (lambda data: data["clusters"][0]["attribution"].update(confidence=0.4), "a revision that is not blamed"),
        (lambda data: _whys(data).reverse(), "it is no end"),
        (lambda data: _whys(data)[2].update(statement="What changed is not known."), "nothing would tell"),
    ],
)
def test_what_does_not_hold_is_told(
    findings: dict[str, Any], change: Callable[[dict[str, Any]], None], said: str
) -> None:
    broken = copy.deepcopy(findings)

    change(broken)

    assert any(said in text for text in complaints(broken)), complaints(broken)

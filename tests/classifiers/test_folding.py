import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from classifiers.cases import Case
from classifiers.folding import fold_calls, told_by_lines
from classifiers.links import Link
from tests.support.cases import case, grid


def symptom(name: str, message: str, minute: float = 100.0, **changes: Any) -> Case:
    """A line of `shop` that fails at four minutes."""
    parts = json.dumps({"contributes": ["message"], "message": message})
    settings: dict[str, Any] = {"cluster_id": name, "service": "shop", "parts": parts, "title": message}
    return case(grid(r1=10.0), [(minute + turn, "r1") for turn in range(4)], **(settings | changes))


def linked(*names: str, cause: str = "root") -> dict[str, Link]:
    return {name: Link(name, cause, 1.0, 4, 7, "traces", (f"trace of {name}",)) for name in names}


def rebuilt(members: Mapping[str, Sequence[Case]]) -> list[Case]:
    return [
        symptom(name, "all", signature_ids=tuple(signature for one in group for signature in one.signature_ids))
        for name, group in members.items()
    ]


ROOT = symptom("root", "boom", 99.0, service="pay")


def test_symptoms_of_one_cause_that_differ_only_by_the_path_they_called_are_one() -> None:
    cases = [
        ROOT,
        symptom("b", "pay answered 500 to GET /v1/bills/{id}", 110, signature_ids=("s2",)),
        symptom("a", "pay answered 500 to POST /v1/bills/new", 105, signature_ids=("s1",)),
        symptom("over", "page of shop failed", 120),
    ]

    kept, links = fold_calls(cases, linked("a", "b") | linked("over", cause="b"), rebuilt)

    assert [one.cluster_id for one in kept] == ["root", "a", "over"]
    assert sorted(kept[1].signature_ids) == ["s1", "s2"]
    assert links.keys() == {"a", "over"}
    assert (links["over"].cause, links["a"].cause, links["a"].shared) == ("a", "root", 8)
    assert sorted(links["a"].traces) == ["trace of a", "trace of b"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("pay answered 500 to GET /a", "pay answered 503 to GET /b"),
        ("call of https://pay.example/a failed", "call of https://pay.example/b was refused"),
        ("order failed", "order failed"),
        ("cannot read /etc/one: no such file", "cannot write /etc/two: no such file"),
    ],
)
def test_what_differs_in_more_than_the_path_or_tells_no_path_stays_apart(first: str, second: str) -> None:
    cases = [ROOT, symptom("a", first), symptom("b", second)]

    kept, links = fold_calls(cases, linked("a", "b"), rebuilt)

    assert (kept, links) == (cases, linked("a", "b"))


def test_lines_of_other_causes_other_services_or_none_stay_apart() -> None:
    paths = [f"pay answered 500 to GET /{name}" for name in "abcd"]
    cases = [
        ROOT,
        symptom("a", paths[0]),
        symptom("b", paths[1]),
        symptom("c", paths[2], service="desk"),
        symptom("d", paths[3]),
    ]

    kept, _ = fold_calls(cases, linked("a", "c") | linked("b", cause="c"), rebuilt)

    assert kept == cases


def test_who_fails_of_a_refused_request_is_told_below_the_line_that_says_why() -> None:
    refused = symptom("refused", "GET /a answered 403", service="pay", kind="request")
    caller = symptom("caller", "pay said no")
    links = linked("refused") | linked("caller", cause="refused")

    told = told_by_lines([ROOT, refused, caller], links)

    assert (told["caller"].cause, told["refused"].cause) == ("root", "root")

"""Neighbours of a cluster: what is near it, and in one sentence why it is not the same failure."""

from pathlib import Path

from classifiers.gathering import gather
from classifiers.neighbours import Neighbour, find_neighbours
from classifiers.signatures import RULES
from classifiers.statements import find_templates
from tests.support.system import MINUTE, System


def near(tmp_path: Path, system: System, title: str) -> list[Neighbour]:
    """The neighbours of the signature of service `shop` whose title holds a text."""
    with system.stored(tmp_path).read() as reader:
        failures = reader.frame("find_failures", rules=RULES, start_ns=0, end_ns=2**62)
        templates = find_templates(reader)
        members, _ = gather(reader, failures, end_ns=2**62)
    ids = [name for name, text in templates.signatures.select("signature_id", "title").iter_rows() if title in text]
    return list(find_neighbours(("shop-staging", "shop", ids), members, failures, templates))


def said(*messages: str, service: str = "shop") -> System:
    system = System()
    for step in range(4):
        for place, message in enumerate(messages):
            system.line(step * 10 * MINUTE + place * MINUTE, service, f"{service}-00001-aaa", message)
    return system


def test_another_code_in_the_same_statement_is_near_and_apart(tmp_path: Path) -> None:
    (one,) = near(tmp_path, said("the bank answered 403 to us", "the bank answered 500 to us"), "403")

    assert (one.near, one.apart, one.together) == ("it reads alike", "another code: 500, here 403", (0, 4))


def test_what_only_begins_with_the_same_words_is_not_near(tmp_path: Path) -> None:
    assert near(tmp_path, said("the bank answered 403 to us", "the bank is closed for today"), "403") == []


def test_the_same_statement_of_another_service_is_told_so(tmp_path: Path) -> None:
    system = said("the bank answered 403 to us")
    for step in range(4):
        system.line(step * 10 * MINUTE, "desk", "desk-00001-aaa", "the bank answered 403 to us")

    (one,) = near(tmp_path, system, "403")

    assert (one.service, one.together) == ("desk", None)
    assert "a cluster is of one service" in one.apart


def test_what_comes_with_it_and_names_another_operation_is_near(tmp_path: Path) -> None:
    system = System()
    for step in range(5):
        trace = system.request(step * 600, "shop", "shop-00001-aaa", status=500)
        for message in ("the bank has no answer for this card", "order cannot be closed, stock stays reserved"):
            system.line(step * 600 + 1, "shop", "shop-00001-aaa", message, trace=trace)

    found = near(tmp_path, system, "the bank has no answer")

    assert [(one.title, one.together) for one in found if "stock" in one.title] == [
        ("order cannot be closed, stock stays reserved", (5, 5))
    ]


def test_at_most_three_are_near_in_the_same_way(tmp_path: Path) -> None:
    codes = said(*(f"the bank answered {code} to us" for code in (403, 500, 502, 503, 504, 429)))

    assert len(near(tmp_path, codes, "403")) == 3

"""The preview of the rules over all history, and what else reads alike."""

from pathlib import Path

import pytest

from classifiers.preview import Preview, preview_rules, read_stored, without_templates
from classifiers.rules import Rule
from tests.support.system import MINUTE, System


def previewed(tmp_path: Path, system: System, *rules: Rule) -> Preview:
    with system.stored(tmp_path).read() as reader:
        return preview_rules(read_stored(reader, rules))


@pytest.fixture
def orders() -> System:
    """Four names of tables in one statement, an error code in another."""
    system = System()
    for step in range(6):
        at = step * 10 * MINUTE
        for place, table in enumerate(("orders", "prices", "stocks", "clerks")):
            system.line(at + place * MINUTE, "shop", "shop-00001-aaa", f"no rights to read table {table} today")
        for code in (1011, 1006):
            system.line(at + 5 * MINUTE + code, "shop", "shop-00001-aaa", f"the socket was closed by code {code}")
    return system


def test_signatures_that_differ_in_a_word_are_proposed_with_it(tmp_path: Path, orders: System) -> None:
    found = previewed(tmp_path, orders)

    (one,) = found.proposals
    assert one.template == "no rights to read table <*> today"
    assert {member.words for member in one.members} == {("orders",), ("prices",), ("stocks",), ("clerks",)}
    assert {(member.entries, member.revisions) for member in one.members} == {(6, ("shop-00001-aaa",))}
    assert one.together == (0, 6)


def test_another_code_is_another_failure_and_not_proposed(tmp_path: Path, orders: System) -> None:
    assert previewed(tmp_path, orders).kept_apart == 1


def test_a_rule_that_accepts_a_proposal_merges_it_and_ends_the_proposal(tmp_path: Path, orders: System) -> None:
    rule = Rule(merge=("no rights to read table <*> today",))

    found = previewed(tmp_path, orders, rule)

    assert (found.clusters_before, found.clusters_after, found.moved) == (6, 3, 18)
    assert [(one.moved, len(one.before), len(one.after)) for one in found.effects] == [(18, 4, 1)]
    assert (found.proposals, found.warnings) == ((), ())


def test_exceptions_of_one_type_through_one_place_are_proposed(tmp_path: Path) -> None:
    system = System()
    for step in range(4):
        for place, inner in enumerate(("read", "write")):
            trace = (
                "Traceback (most recent call last):\n"
                '  File "/app/shop/store.py", line 3, in open\n    go()\n'
                f'  File "/app/shop/{inner}.py", line 9, in go\n    raise\n'
                f"OSError: {inner} refused"
            )
            system.line(step * 600 + place * 60, "shop", "shop-00001-aaa", trace)

    (one,) = previewed(tmp_path, system).proposals

    assert (one.kind, one.template, one.template_id) == ("frames", "OSError", None)
    assert {member.words for member in one.members} == {("read",), ("write",)}


def test_a_template_that_could_not_be_told_is_not_named(tmp_path: Path, orders: System) -> None:
    found = previewed(tmp_path, orders)
    named = [one.template_id for one in found.proposals if one.template_id]

    assert named
    assert [one.template_id for one in without_templates(found, named).proposals] == [None]


def test_of_an_empty_store_there_is_nothing_to_tell(tmp_path: Path) -> None:
    found = previewed(tmp_path, System())

    assert (found.entries, found.first_ns, found.proposals) == (0, None, ())

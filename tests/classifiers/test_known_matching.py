"""Which known signature names a failure: conditions, ranks, and texts that mean no good."""

import time
from pathlib import Path
from typing import Any

import orjson

from classifiers.known_matching import Matcher, subject_of
from classifiers.known_signatures import Family, bundled_families


def _family(**rules: dict[str, Any]) -> Family:
    """A family of one signature a rule; `general` beside the conditions."""
    signatures = [
        {
            "name": name.replace("_", "-"), "title": "Till is stuck", "meaning": "It waits.", "look": "The cable.",
            "match": {key: value for key, value in rule.items() if key != "general"},
            "general": rule.get("general", False), "samples": ["none"],
        }
        for name, rule in rules.items()
    ]  # fmt: skip
    return Family.model_validate({"file": Path("shop.yaml"), "about": "The shop.", "signatures": signatures})


def _names(text: str, *, own: Family | None = None, kind: str = "message", **rules: dict[str, Any]) -> list[str]:
    subject = subject_of(kind, text, orjson.dumps({"message": text}).decode())
    matcher = Matcher([_family(**rules)] if rules else [], [own] if own else [])
    return [one.signature.name for one in matcher.matching([subject])[0]]


def test_every_group_of_phrases_must_be_there_whatever_its_case() -> None:
    rule = {"says": [["till", "drawer"], "Stuck"]}

    assert _names("the DRAWER is stuck", a=rule) == ["a"]
    assert _names("the drawer is open", a=rule) == []


def test_a_phrase_of_unless_forbids() -> None:
    assert _names("till stuck", a={"says": "stuck", "unless": ["TILL"]}) == []
    assert _names("drawer stuck", a={"says": "stuck", "unless": ["TILL"]}) == ["a"]


def test_a_pattern_must_match_too() -> None:
    assert _names("till 7 STUCK", a={"says": "till", "pattern": r"\bstuck$"}) == ["a"]
    assert _names("till stuck again", a={"says": "till", "pattern": r"\bstuck$"}) == []


def test_type_status_and_kind_are_conditions() -> None:
    thrown = subject_of("exception", "TillError: stuck", orjson.dumps({"type": "TillError", "value": "stuck"}).decode())
    request = subject_of("request", "GET /till answered 503", orjson.dumps({"status": 503, "route": "/till"}).decode())
    family = _family(
        by_type={"type": "TillError"}, by_status={"status": [502, 503], "kind": "request"}, other={"status": 500}
    )

    found = Matcher([family]).matching([thrown, request])

    assert [[one.signature.name for one in names] for names in found] == [["by-type"], ["by-status"]]


def test_a_close_code_counts_only_where_something_is_closed() -> None:
    rule = {"close_code": 1006}

    assert _names("socket closed: code 1006", a=rule) == ["a"]
    assert _names("order code 1006", a=rule) == []


def test_more_conditions_win_general_ones_lose_and_names_decide_ties() -> None:
    found = _names(
        "till stuck at noon", broad={"says": "till"}, b_tie={"says": "stuck"}, narrow={"says": ["till", "stuck"]},
        umbrella={"says": ["till", "stuck", "noon"], "general": True},
    )  # fmt: skip

    assert found == ["narrow", "b-tie", "broad", "umbrella"]


def test_a_users_signature_wins_and_replaces_the_bundled_one_of_its_name() -> None:
    own = _family(broad={"says": "noon"}, mine={"says": "till", "general": True})

    found = _names("till stuck at noon", own=own, broad={"says": "till"}, narrow={"says": ["till", "stuck"]})

    assert found == ["broad", "mine", "narrow"]


def test_the_middle_of_an_endless_text_is_left_out() -> None:
    text = "till " + "x " * 50_000 + "stuck"

    assert _names(text, a={"says": ["till", "stuck"]}) == ["a"]
    assert len(subject_of("message", "", orjson.dumps({"message": text}).decode()).text) < 10_000


def test_hostile_texts_and_patterns_take_bounded_time() -> None:
    bombs = [
        "a" * 32_000,
        "connection refused " * 1_700,
        "\x00\x01(((" * 6_000,
        "'database \"" * 3_000,
        "1006 " * 6_000,
    ]
    subjects = [subject_of("message", text[:100], orjson.dumps({"message": text}).decode()) for text in bombs * 20]
    matcher = Matcher(bundled_families(), [_family(bomb={"says": "aa", "pattern": "(a+)+b"})])
    began = time.process_time()

    matcher.matching(subjects)

    assert time.process_time() - began < 60  # what tries each way to read a bomb takes hours

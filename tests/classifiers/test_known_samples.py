"""Known signatures prove themselves on their samples: the bundled ones do, and a wrong rule is told."""

from pathlib import Path

from classifiers.known_matching import Matcher
from classifiers.known_samples import faults_of, subjects_of
from classifiers.known_signatures import Family, Sample, bundled_families


def _family(*signatures: dict[str, object]) -> Family:
    told = {"title": "Till is stuck", "meaning": "The till waits.", "look": "The cable."}
    return Family.model_validate(
        {"file": Path("shop.yaml"), "about": "The shop.", "signatures": [told | one for one in signatures]}
    )


def _name(text: str, **changes: object) -> str | None:
    """What the bundled families call an entry."""
    subjects = subjects_of([Sample.model_validate({"text": text} | changes)])
    found = Matcher(bundled_families()).matching(subjects)[0]
    return found[0].signature.name if found else None


def test_every_bundled_sample_is_named_by_its_own_signature_and_no_near_miss_is() -> None:
    assert faults_of(bundled_families()) == []


def test_a_rule_that_misses_its_sample_is_told() -> None:
    family = _family({"name": "stuck", "match": {"says": "stuck"}, "samples": ["till jammed"]})

    told = "samples[0] `till jammed` is not matched by its rule. Correct `match`, or the sample."
    assert faults_of([family]) == [f"shop.yaml: signature `stuck`: {told}"]


def test_a_rule_that_takes_a_near_miss_is_told() -> None:
    family = _family(
        {"name": "stuck", "match": {"says": "stuck"}, "samples": ["till stuck"], "near_misses": ["drawer stuck"]}
    )

    told = "near_misses[0] `drawer stuck` is matched by its rule. Narrow `match`, or remove the near miss."
    assert faults_of([family]) == [f"shop.yaml: signature `stuck`: {told}"]


def test_two_rules_that_claim_one_sample_are_told() -> None:
    family = _family(
        {"name": "stuck", "match": {"says": "stuck"}, "samples": ["till stuck"]},
        {"name": "till", "match": {"says": ["till", "stuck"]}, "samples": ["the till got stuck"]},
        {"name": "drawer", "match": {"says": "drawer"}, "samples": ["drawer stuck"]},
    )

    way_out = "Add a condition to one, or `unless` to the other."
    assert [fault.partition("samples")[2] for fault in faults_of([family])] == [
        f"[0] `till stuck` is matched by `till` too, and outranked. {way_out}",
        f"[0] `drawer stuck` is matched by `stuck` as well, with as many conditions. {way_out}",
    ]


def test_close_codes_are_told_apart() -> None:
    codes = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1015]

    names = [_name(f"socket of table 7 closed with code {code}") for code in codes]

    assert names == [f"websocket-close-{code}" for code in codes]
    assert _name("websocket closed with code 4401") == "websocket-close-own"


def test_wordings_of_other_languages_get_the_same_name() -> None:
    told = {
        "null-dereference": [
            'java.lang.NullPointerException: Cannot invoke "Bill.sum()" because "bill" is null',
            "panic: runtime error: invalid memory address or nil pointer dereference",
            "TypeError: Cannot read properties of null (reading 'sum')",
            "NoMethodError: undefined method 'sum' for nil",
            "AttributeError: 'NoneType' object has no attribute 'sum'",
        ],
        "module-missing": [
            "ModuleNotFoundError: No module named 'till.drawer'",
            "Error: Cannot find module './drawer'",
            "LoadError: cannot load such file -- till/drawer",
        ],
        "heap-exhausted": [
            "FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory",
            "java.lang.OutOfMemoryError: GC overhead limit exceeded",
        ],
        "dns-failure": ["Error: getaddrinfo EAI_AGAIN till.internal", "dial tcp: lookup till.internal: no such host"],
    }

    assert {name: {_name(text) for text in texts} for name, texts in told.items()} == {name: {name} for name in told}


def test_what_nobody_knows_gets_no_name() -> None:
    for text in ("drawer 7 of the till is jammed", "order 12 was paid twice", "tide too low for the ferry"):
        assert _name(text) is None

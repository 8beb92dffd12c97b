"""Rules as they are written in config.yaml: one of two forms, ids in full."""

from typing import Any

import pytest
from pydantic import ValidationError

from classifiers.rules import ClustersConfig, Rule

A, B = "1663c15d48f8831d", "2d4c6b984872f6a6"


def refused(**written: Any) -> str:
    with pytest.raises(ValidationError) as raised:
        Rule(**written)
    return str(raised.value)


def test_a_rule_merges_or_splits() -> None:
    rules = ClustersConfig(rules=({"merge": [A, B], "why": "one cause"}, {"split": A, "service": "shop"})).rules  # type: ignore[arg-type] # as YAML gives it

    assert [(rule.verb, rule.names) for rule in rules] == [("merge", (A, B)), ("split", (A,))]


def test_a_rule_that_says_nothing_or_both_is_refused() -> None:
    assert "either `merge: [ID, ID]` or `split: ID`" in refused()
    assert "either `merge: [ID, ID]` or `split: ID`" in refused(merge=[A, B], split=A)
    assert "names one id twice" in refused(merge=[A, A])


def test_an_id_that_yaml_took_for_a_number_is_read_or_refused() -> None:
    assert Rule(split=1663415348188311).names == ("1663415348188311",)  # type: ignore[arg-type] # as YAML gives it
    assert "put it in quotes" in refused(split=12345)
    assert "put it in quotes" in refused(split=1.5)


def test_the_beginning_of_an_id_is_refused_and_the_text_of_a_template_is_not() -> None:
    assert "an id has 16 characters" in refused(split="1663c15d")
    assert Rule(merge="user <*>  has no rights").names == ("user <*> has no rights",)  # type: ignore[arg-type] # as above

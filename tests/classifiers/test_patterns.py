"""What fits a template is of it, however many messages there are."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import classifiers.templates
from classifiers.templates import templates

NAMES = [f"{first}{last}" for first in "bdfgklmn" for last in ("ann", "ert", "ora", "irk", "ulf", "ida", "otto")]


def by_message(messages: list[str]) -> dict[str, str]:
    return dict(zip(messages, templates(pl.Series(messages, dtype=pl.String))["template"].to_list(), strict=True))


class TestFits:
    def test_a_message_that_differs_at_all_variable_places_at_once_is_of_the_template(self) -> None:
        pairs = [f"user {one} has no {other}" for one in NAMES[:4] for other in NAMES[:4]]
        told = by_message([*pairs, "user xaver has no yvonne"])

        assert set(told.values()) == {"user <*> has no <*>"}

    def test_a_message_of_other_words_is_not(self) -> None:
        told = by_message([*(f"user {name} has no key" for name in NAMES), "user xaver had no key"])

        assert told["user xaver had no key"] == "user xaver had no key"


class TestBeyondWhatIsCompared:
    @pytest.fixture(autouse=True)
    def _few_are_compared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(classifiers.templates, "_COMPARED", 40)  # a bound of 200,000 would take seconds
        monkeypatch.setattr(classifiers.templates, "_AT_ONCE", 7)

    def test_the_others_take_the_templates_found(self) -> None:
        told = by_message([*(f"session of user {name} ended" for name in NAMES), "pool is full", "pool is cold"])

        assert set(told.values()) == {"session of user <*> ended", "pool is full", "pool is cold"}

    def test_what_fits_none_is_told_as_it_is(self) -> None:
        chance = random.Random(3)
        texts = sorted({" ".join(chance.sample(NAMES, 4)) for _ in range(200)})

        assert by_message(texts) == dict(zip(texts, texts, strict=True))

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.sampled_from(NAMES), min_size=60, max_size=120), st.randoms(use_true_random=False))
    def test_order_and_repetition_do_not_matter(self, names: list[str], chance: random.Random) -> None:
        texts = [f"{one} gave {other} the keys" for one, other in zip(names, names[7:], strict=False)]
        again = [*texts, *chance.choices(texts, k=30)]
        chance.shuffle(again)

        assert by_message(again) == by_message(texts)

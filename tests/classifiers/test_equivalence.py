"""Texts that have one representative are texts that signing cannot tell apart."""

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifiers.equivalence import representatives
from classifiers.masks import ACCESS, mask

_BEFORE = (  # noqa: SIM905 - read and extended more easily as one text
    "status|HTTP|returned |answered|failed |error: |ERROR |code=|[Errno |exit(|closed |close code |sent |SQLSTATE[|ORA-"
    '|service:|named \'part_|column "c|GET /api/v|"GET /x/1 HTTP/1.1" |=> |→ |: |(|#|user_|req_|order|0x|node-|v|a:b:c:'
    "|12:|1.|-|id=|took |after |<email:|Jan |name@|robot-7@p.iam.gserviceaccount.com |orders-00042-|é|_|T|,|\n|\t| "
).split("|")
_BEHIND = (  # noqa: SIM905 - as above
    "ms|s| seconds|KB| bytes|Z|T10:20:30Z|-01-02T10:20:30.123Z|-01-02 10:20:30,123|.2.3.4|%|: Not found|) | Forbidden"
    "|; |. |'|\"|]| 200 | on | from |-abc|e5|_12_|x1y2|@x.example|-4d10-4d10-9d10-abcdef012345|nd|\n|:|-> 404|"
).split("|")


def _numbers() -> st.SearchStrategy[str]:
    digits, hexadecimal = (
        st.text("0123456789", min_size=1, max_size=9),
        st.text("0123456789abcdef", min_size=2, max_size=16),
    )
    return st.one_of(st.sampled_from(["403", "404", "503", "200", "999", "1000", "1011", "1016"]), digits, hexadecimal)


def _texts() -> st.SearchStrategy[str]:
    part = st.tuples(st.sampled_from(_BEFORE), _numbers(), st.sampled_from(_BEHIND)).map("".join)
    return st.lists(part, min_size=1, max_size=4).map("".join)


def _other_digits(text: str, rng: random.Random) -> str:
    return "".join(rng.choice("0123456789") if one in "0123456789" and rng.random() < 0.5 else one for one in text)


class TestRepresentatives:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(_texts(), min_size=1, max_size=40), st.randoms(use_true_random=False))
    def test_texts_of_one_class_have_one_masked_text_and_one_status(self, texts: list[str], rng: random.Random) -> None:
        every = pl.Series([*texts, *(_other_digits(text, rng) for text in texts * 5)])

        ours = representatives(every)

        assert mask(every).equals(mask(ours))
        assert every.str.extract(ACCESS, 4).equals(ours.str.extract(ACCESS, 4), null_equal=True)

    @pytest.mark.parametrize(
        "text",
        [
            "took {} ms after {} tries",
            "took {}ms",
            "order order_{} of customer{}",
            "run 1a2045ca-35fc-4d10-ac2b-62c2892f9b{} ended",
            "at 2026-09-14T20:00:00.{}00Z from 10.0.0.4:{}",
            "hash {}ab34cd56ef78 is gone",
            "GET /items/{}/parts 404",
        ],
    )
    def test_texts_that_differ_in_a_masked_value_are_one(self, text: str) -> None:
        assert representatives(pl.Series([text.format(*[number] * 2) for number in (1234, 5678, 9012)])).n_unique() == 1

    @pytest.mark.parametrize(
        "text",
        [
            "answered with status {}",
            "rejected: {}: Not authenticated",
            '"GET /x HTTP/1.1" {} -',
            "worker exited with code {}",
            "denied for service:orders-{}",
            "relation 'part_v{}' does not exist",
            "utf{} it is",
        ],
    )
    def test_texts_that_differ_in_a_kept_value_stay_apart(self, text: str) -> None:
        texts = pl.Series([text.format(number) for number in (403, 404, 500)])

        assert representatives(texts).to_list() == texts.to_list()

    def test_nulls_and_texts_without_digits_are_left(self) -> None:
        texts = pl.Series(["no digit", None, "", "é 7", None])

        assert representatives(texts).to_list() == texts.to_list()

    def test_texts_end_where_they_end(self) -> None:
        texts = pl.Series(["a 1", "2 b", "ab12", "34cd", "1", "2"])

        assert representatives(texts).n_unique() == 5

    def test_more_text_than_one_chunk_holds_is_read_whole(self) -> None:
        texts = pl.Series([f"{'x ' * 1500}{number} end" for number in range(1000, 5000)])

        assert representatives(texts).n_unique() == 1

"""Half surrogate pairs."""

import json

import orjson
from hypothesis import given
from hypothesis import strategies as st

from collector.normalise.surrogates import mend_surrogates

_UNITS = st.sampled_from(["\ud83d", "\ude00", "\ud83d\ude00", "\\", "\\\\", "u", "ud83d", '"', "\n", "\ufffd", "x"])


@given(st.lists(_UNITS).map("".join))
def test_every_text_can_be_read_and_nothing_but_halves_is_replaced(text: str) -> None:
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    read = orjson.loads(mend_surrogates(json.dumps({"text": text})))

    assert read["text"] == whole


def test_a_text_without_halves_is_left_alone() -> None:
    text = r'{"a": "\\ud83d \ud83d\ude00 \u00e9 \n"}'

    assert mend_surrogates(text) == text

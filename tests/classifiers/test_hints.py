from pathlib import Path

import orjson
import pytest

from classifiers.hints import find_hints
from tests.support.pieces import import_pieces, text_lines


@pytest.mark.parametrize("text", ['database "shop\n" is not there', "database 'shop \n' is not there"])
def test_a_value_that_ends_in_a_line_break_is_told(text: str) -> None:
    assert find_hints(text) == ["the value `shop` ends in white space (a line break)"]


@pytest.mark.parametrize(
    "text", ['database "shop" is not there', 'said "no"\n"yes"', "it's\n'so", 'a: "b",\n"c": 1', "two\nlines", ""]
)
def test_other_texts_give_none(text: str) -> None:
    assert find_hints(text) == []


def test_the_hint_stands_in_the_parts_of_the_signature(tmp_path: Path) -> None:
    store = import_pieces(tmp_path, text_lines('ERROR database "shop', '" is not there'))

    with store.read() as reader:
        parts = orjson.loads(reader.sql("select parts from signatures").item())

    assert parts["hints"] == ["the value `shop` ends in white space (a line break)"]
    assert "hints" not in parts["contributes"]

"""Own patterns and kept words: checked when they are read, and heeded in columns as in one text."""

import polars as pl
import pytest
from pydantic import ValidationError

from collector.normalise.redact import Redactor
from collector.normalise.redact_config import RedactConfig

OWN = RedactConfig.model_validate(
    {
        "patterns": [{"name": "badge", "pattern": "BADGE-[0-9]{6}"}],
        "keep": ["support@acme.example", "AIzaPublicKeyOfTheMap00"],
    }
)
REDACTOR = Redactor(b"k" * 32, OWN)


def test_an_own_pattern_is_told_by_its_name_in_columns_and_in_one_text() -> None:
    text = "opened by BADGE-123456 today"

    assert REDACTOR.text(text) == "opened by <badge> today"
    assert REDACTOR.frame(pl.Series([text, None])).to_list() == ["opened by <badge> today", None]


@pytest.mark.parametrize(
    "text", ["mail support@acme.example now", "key=AIzaPublicKeyOfTheMap00", "token=AIzaPublicKeyOfTheMap00 x"]
)
def test_a_kept_word_survives_where_a_form_fits(text: str) -> None:
    assert REDACTOR.frame(pl.Series([text])).to_list() == [text]
    assert Redactor(b"k" * 32, RedactConfig(keep=OWN.keep)).text(text) == text


def test_beside_a_kept_word_secrets_go() -> None:
    told = REDACTOR.text("password=hunter2 to support@acme.example, other@acme.example")

    assert "hunter2" not in told
    assert "support@acme.example" in told
    assert "other@" not in told


@pytest.mark.parametrize("pattern", ["(", "a*", "(?=a)b", ".+", r"[\s\S]+", ""])
def test_a_pattern_that_is_none_or_finds_everything_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError):
        RedactConfig.model_validate({"patterns": [{"name": "own", "pattern": pattern}]})


@pytest.mark.parametrize("name", ["", "Badge", "a b", "<x>"])
def test_a_name_that_could_not_be_told_apart_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        RedactConfig.model_validate({"patterns": [{"name": name, "pattern": "x-[0-9]+"}]})


@pytest.mark.parametrize("word", ["short", "password=", "Authorization: "])
def test_a_word_by_which_secrets_are_found_cannot_be_kept(word: str) -> None:
    with pytest.raises(ValidationError):
        RedactConfig.model_validate({"keep": [word]})

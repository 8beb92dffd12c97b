"""What this process holds as a secret is told in no error and no line of the log, whoever says it back."""

import base64
import json
import logging
from urllib.parse import quote

import pytest

from collector import own_secrets
from collector.errors import SourceError
from collector.own_secrets import hold, without_own
from collector.secret import read_secret
from logtriage.telemetry.log_lines import message_of

TOKEN = 'q/7+Kx=9d"Z' + "v2mRt84wLp"


@pytest.mark.parametrize(
    "said",
    [
        f"401 invalid token {TOKEN}",
        f"no such path /v1/{quote(TOKEN, safe='')}",
        json.dumps({"seen": TOKEN}),
        base64.b64encode(TOKEN.encode()).decode(),
        f"X-Seen: Bearer {'aB3' * 9}",
    ],
)
def test_a_secret_is_found_in_each_of_its_forms(said: str) -> None:
    hold(TOKEN)

    told = without_own(said)

    assert "<secret>" in told
    assert not any(part in told for part in ("v2mRt84wLp", "aB3aB3", "djJtUnQ4"))


def test_the_path_of_an_address_that_is_a_secret_is_one_too() -> None:
    hold("https://hooks.example.com/services/T0AB/B0CD/x9y8z7w6v5u4t3s2")

    assert without_own("no team for /services/T0AB/B0CD/x9y8z7w6v5u4t3s2 here") == "no team for /<secret> here"
    assert without_own("unknown hook x9y8z7w6v5u4t3s2") == "unknown hook <secret>"
    assert without_own("hooks.example.com does not answer") == "hooks.example.com does not answer"


@pytest.mark.parametrize("word", ["production", "logtriage-bot", "abc123", ""])
def test_a_word_that_texts_hold_by_chance_is_kept(word: str) -> None:
    hold(word)

    assert without_own(f"tenant {word}: refused") == f"tenant {word}: refused"


def test_errors_and_lines_are_told_without_what_was_read_as_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", TOKEN)
    read_secret(env="SOME_TOKEN", where="Channel `x`")
    line = logging.LogRecord("logtriage.x", logging.WARNING, __file__, 1, "it said %s", (TOKEN,), None)

    assert str(SourceError(f"refused: {TOKEN}")) == "refused: <secret>"
    assert message_of(line) == "it said <secret>"


def test_the_begin_of_an_address_that_was_cut_off_is_left_in_all_others() -> None:
    hold("https://")

    assert without_own("see https://docs.example/x") == "see https://docs.example/x"


def test_no_more_are_held_than_a_process_needs() -> None:
    for number in range(400):
        hold(f"rotated-token-{number:06d}")

    assert len(own_secrets._held) <= 256
    assert without_own("rotated-token-000399") == "<secret>"

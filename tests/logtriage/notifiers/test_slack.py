"""Slack's webhook, against a real HTTP server on loopback."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from logtriage.digest import DigestConfig, Message, build_digest
from logtriage.errors import ConfigError, NotifyError, NotifyUnavailable
from logtriage.lines import Line
from logtriage.notifiers.base import open_notifier
from logtriage.notifiers.slack import URL_VARIABLE, Slack, open_slack, slack_payload
from tests.support.findings import findings
from tests.support.webhook import Answer, serve_webhook

MESSAGE = build_digest(findings(), DigestConfig()).messages[0]


def _slack(url: str, waits: list[float] | None = None, **changes: Any) -> Slack:
    return Slack(url, sleep=(waits if waits is not None else []).append, **changes)


def test_a_message_arrives_once() -> None:
    with serve_webhook() as hook:
        _slack(hook.url).deliver(MESSAGE)

    assert len(hook.bodies) == 1
    assert hook.bodies[0]["blocks"][0]["text"]["text"].startswith("🔴 P0 ongoing · shop")
    assert "PAYMENT_KEY" in json.dumps(hook.bodies[0])


def test_a_429_waits_as_long_as_it_is_told() -> None:
    waits: list[float] = []
    with serve_webhook(Answer(429, "rate_limited", {"Retry-After": "7"}), Answer()) as hook:
        _slack(hook.url, waits).deliver(MESSAGE)

    assert waits == [7.0]
    assert len(hook.bodies) == 2


def test_a_date_in_retry_after_falls_back_to_our_own_wait() -> None:
    waits: list[float] = []
    headers = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    with serve_webhook(Answer(429, "", headers), Answer()) as hook:
        _slack(hook.url, waits).deliver(MESSAGE)

    assert waits == [1.0]


def test_a_long_retry_after_is_left_to_the_next_cycle() -> None:
    waits: list[float] = []
    with (
        serve_webhook(Answer(429, "", {"Retry-After": "3600"})) as hook,
        pytest.raises(NotifyUnavailable, match="after 1 of 4 attempts, `HTTP 429`"),
    ):
        _slack(hook.url, waits).deliver(MESSAGE)

    assert waits == []


def test_a_server_that_fails_is_tried_with_growing_waits_and_an_end() -> None:
    waits: list[float] = []
    with serve_webhook(Answer(503, "no")) as hook, pytest.raises(NotifyUnavailable, match="HTTP 503") as raised:
        _slack(hook.url, waits).deliver(MESSAGE)

    assert waits == [1.0, 2.0, 4.0]
    assert len(hook.bodies) == 4
    assert raised.value.is_retryable


def test_a_cut_connection_is_tried_again() -> None:
    with serve_webhook(Answer(cut=True), Answer()) as hook:
        _slack(hook.url).deliver(MESSAGE)

    assert len(hook.bodies) == 2


def test_an_answer_that_never_comes_is_not_sent_twice() -> None:
    with serve_webhook(Answer(hang_s=0.4)) as hook, pytest.raises(NotifyError, match="may or may not have arrived"):
        _slack(hook.url, timeout_s=0.1).deliver(MESSAGE)

    assert len(hook.bodies) == 1


@pytest.mark.parametrize(("status", "body"), [(403, "invalid_token"), (404, "no_service"), (400, "invalid_blocks")])
def test_a_refusal_is_told_and_not_repeated(status: int, body: str) -> None:
    with serve_webhook(Answer(status, body)) as hook, pytest.raises(NotifyError, match=f"HTTP {status} {body}"):
        _slack(hook.url).deliver(MESSAGE)

    assert len(hook.bodies) == 1


def test_no_error_and_no_repr_shows_the_address() -> None:
    slack = _slack("http://127.0.0.1:9/services/T0/B0/very-secret-path")

    with pytest.raises(NotifyUnavailable, match="ConnectError") as raised:
        slack.deliver(MESSAGE)

    assert "very-secret" not in f"{raised.value}{slack!r}"


@pytest.mark.parametrize("given", ["", "hooks.slack.com/x", "http://hooks.slack.com/secret", "ftp://x", "https://"])
def test_an_address_that_is_no_https_is_refused_without_being_shown(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, given)

    with pytest.raises(ConfigError, match=URL_VARIABLE) as raised:
        open_slack()

    assert not given or given not in str(raised.value)


def test_the_registry_opens_slack_and_lists_what_it_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, "https://hooks.example.com/services/x")

    assert isinstance(open_notifier("slack"), Slack)
    with pytest.raises(ConfigError, match=r"--to is `slak`; known channels: slack"):
        open_notifier("slak")


def _huge(**changes: Any) -> Message:
    return replace(
        MESSAGE,
        headline="long " * 100,
        lines=tuple(Line(f"L{n}", "<&>" * 2000) for n in range(80)),
        command="x" * 5000,
        footer="f" * 4000,
        **changes,
    )


def _texts(payload: dict[str, Any]) -> list[str]:
    found = []
    for block in payload["blocks"]:
        found += [block["text"]["text"]] if "text" in block else [element["text"] for element in block["elements"]]
    return found


@pytest.mark.parametrize("message", [MESSAGE, _huge(), _huge(key="k")])
def test_a_payload_keeps_all_limits_of_block_kit(message: Message) -> None:
    payload = slack_payload(message)

    assert len(payload["blocks"]) <= 50
    assert len(payload["blocks"][0]["text"]["text"]) <= 150
    assert all(1 <= len(text) <= 3000 for text in _texts(payload))
    assert sum(map(len, _texts(payload))) <= 13_200
    assert len(payload["text"]) <= 40_000


def test_many_short_lines_keep_to_fifty_blocks() -> None:
    payload = slack_payload(replace(MESSAGE, lines=tuple(Line("", "x") for _ in range(90))))

    assert len(payload["blocks"]) == 50


def test_a_cut_never_leaves_half_an_escape() -> None:
    for text in _texts(slack_payload(_huge())):
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)


def test_hostile_text_cannot_call_a_channel_or_end_the_code() -> None:
    hostile = replace(MESSAGE, lines=(Line("HIT", "<!channel> <@U1> & \x1b[31m"),), command="a ``` <!here>")

    text = json.dumps(slack_payload(hostile))

    assert "<!" not in text
    assert "<@" not in text
    assert "\\u001b" not in text
    assert text.count("```") == 2

"""Slack's incoming webhook, against a server on loopback that behaves as Slack does."""

import json
from collections.abc import Iterator

import pytest

from collector.replacing import replace
from logtriage.errors import ConfigError, NotifyError, NotifyUnavailable, NotifyUncertain
from logtriage.message import Message
from logtriage.notifiers.channel import Place, open_channel, parse_channel_config
from logtriage.notifiers.slack_webhook import SlackWebhook
from tests.support.slack_channel import CHANGE, EDIT, OPEN
from tests.support.slack_server import Fault, SlackServer, serve_slack

CONFIG = parse_channel_config({"kind": "slack_webhook", "name": "ops"}, where="digest.channels[0]")


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    with serve_slack() as server:
        monkeypatch.setenv("LOGTRIAGE_SLACK_WEBHOOK_URL", server.webhook_url)
        yield server


def _hook(server: SlackServer, timeout_s: float = 2.0) -> SlackWebhook:
    hook = open_channel(CONFIG)
    assert isinstance(hook, SlackWebhook)
    return replace(hook, http=replace(hook.http, sleep=server.sleep, timeout_s=timeout_s))


def _post(hook: SlackWebhook, message: Message, *, is_repeat: bool = False) -> Place:
    return hook.do("open", message, delivery_id="d1", place=None, is_repeat=is_repeat, places={})


def test_each_new_state_is_a_message_and_figures_are_none(slack: SlackServer) -> None:
    hook, place = _hook(slack), Place("d1")

    _post(hook, OPEN)
    _post(hook, CHANGE)

    assert [hook.steps(one, place) for one in (OPEN, CHANGE, EDIT)] == [("open",), ("open",), ()]
    assert [one["blocks"][0]["text"]["text"] for one in slack.seen()] == [
        "🔴 P0 new · shop · 403 on service calls since 20:33 UTC", "🟢 P0 resolved · shop"]  # fmt: skip
    assert slack.seen()[1]["blocks"][1]["text"]["text"] == "Resolved: 40 calls without 403 since 21:10."
    assert slack.slept == [1.0]


@pytest.mark.parametrize("how", ["cut", "hang", "after"])
def test_a_lost_answer_is_uncertain_and_what_is_sent_again_says_so(slack: SlackServer, how: str) -> None:
    hook = _hook(slack, timeout_s=0.2)
    slack.faults.append(Fault("webhook", how, 500))  # type: ignore[arg-type] # one of its literals
    with pytest.raises(NotifyUncertain):
        _post(hook, OPEN)

    assert not hook.can_find
    assert hook.find("open", OPEN, delivery_id="d1", place=None, since_ns=0) is None
    slack.sleep(1)
    _post(hook, OPEN, is_repeat=True)

    marked = ["sent again: the first may have arrived" in json.dumps(one["blocks"]) for one in slack.seen()]
    assert marked == [False, True]
    assert slack.seen()[1]["text"].startswith("(sent again")


def test_a_webhook_that_is_asked_too_often_is_left_to_the_next_cycle(slack: SlackServer) -> None:
    slack.faults.append(Fault("webhook", "before", 429, "rate_limited", {"Retry-After": "3600"}))

    with pytest.raises(NotifyUnavailable, match="HTTP 429"):
        _post(_hook(slack), OPEN)

    assert slack.seen() == []


@pytest.mark.parametrize(("status", "body", "told"), [
    (403, "invalid_token", "Make a new one"), (404, "no_service", "Make a new one"),
    (404, "channel_not_found", "Make a new webhook"), (403, "action_prohibited", "administrator"),
    (410, "channel_is_archived", "Unarchive it"), (400, "something_new", "check its page"),
])  # fmt: skip
def test_a_refusal_says_what_to_do_and_not_where(slack: SlackServer, status: int, body: str, told: str) -> None:
    slack.faults.append(Fault("webhook", "before", status, body))

    with pytest.raises(NotifyError, match=f"HTTP {status} {body}") as raised:
        _post(_hook(slack), OPEN)

    assert told in str(raised.value)
    assert "very-secret" not in str(raised.value)
    assert not raised.value.is_retryable


def test_blocks_that_slack_does_not_take_leave_the_text(slack: SlackServer) -> None:
    slack.faults.append(Fault("webhook", "before", 400, "invalid_blocks"))

    _post(_hook(slack), OPEN)

    assert len(slack.seen()) == 1
    assert slack.seen()[0]["blocks"] == []
    assert "PAYMENT_KEY" in slack.seen()[0]["text"]


def test_it_is_opened_by_its_config_and_never_shows_its_address(slack: SlackServer) -> None:
    channel = open_channel(CONFIG)
    channel.do("open", OPEN, delivery_id="d1", place=None, is_repeat=False, places={})

    assert channel.name == "ops"
    assert "very-secret" not in f"{channel!r}{channel.http!r}"  # type: ignore[attr-defined] # of this kind
    assert len(slack.seen()) == 1
    assert channel.hear({"i1": Place("d1")}, since_ns=0) == ()


@pytest.mark.parametrize("given", ["", "hooks.slack.com/x", "http://hooks.slack.com/secret", "ftp://x", "https://",
                                   "https://[", "https://a b"])  # fmt: skip
def test_an_address_that_is_no_https_is_refused_without_being_shown(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGTRIAGE_SLACK_WEBHOOK_URL", given)

    with pytest.raises(ConfigError, match="LOGTRIAGE_SLACK_WEBHOOK_URL") as raised:
        open_channel(CONFIG)

    assert not given or given not in str(raised.value)


def test_the_address_has_one_home() -> None:
    raw = {"kind": "slack_webhook", "url_env": "A_URL", "url_secret": "projects/p/secrets/s/versions/1"}

    with pytest.raises(ConfigError, match="not in both"):
        parse_channel_config(raw, where="digest.channels[0]")


def test_a_notice_has_no_incident(slack: SlackServer) -> None:
    notice = replace(OPEN, act="notice", incident_id="")

    assert _post(_hook(slack), notice) == Place("d1")

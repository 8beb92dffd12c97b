"""The generic webhook, against a real HTTP server on loopback."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from collector.replacing import replace
from logtriage.errors import ConfigError, NotifyError, NotifyUnavailable, NotifyUncertain
from logtriage.message import Message
from logtriage.notifiers.channel import Place, open_channel, parse_channel_config
from logtriage.notifiers.webhook import Webhook, webhook_payload, webhook_schema
from tests.support.hostile import HOSTILE
from tests.support.messages import change, edit, hostile, notice, over, told
from tests.support.receiver import Fault, Reply, Served, serve_http

PATH = "/hooks/very-secret-path"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with serve_http(lambda _: Reply(200, "ok")) as served:
        monkeypatch.setenv("LOGTRIAGE_WEBHOOK_URL", f"{served.url}{PATH}")
        yield served


def _channel(**changes: Any) -> Webhook:
    opened = open_channel(parse_channel_config({"kind": "webhook", **changes}, where="digest.channels[0]"))
    assert isinstance(opened, Webhook)
    return replace(opened, api=replace(opened.api, sleep=lambda _: None))


def _send(channel: Webhook, message: Message, delivery_id: str = "d1", place: Place | None = None,
          *, is_repeat: bool = False) -> Place:  # fmt: skip
    (step,) = channel.steps(message, place)
    return channel.do(step, message, delivery_id=delivery_id, place=place, is_repeat=is_repeat, places={})


def test_a_message_arrives_as_the_schema_says(receiver: Served) -> None:
    place = _send(_channel(), told())

    (request,) = receiver.requests
    Draft202012Validator(webhook_schema()).validate(request.json)
    assert request.path == PATH
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Idempotency-Key"] == request.json["delivery_id"] == "d1"
    assert request.json["title"] == "GCP-new | P1 | shop: payment refused (403)"
    assert request.json["made_at"] == "2026-09-15T00:00:00Z"
    assert place == Place("inc-1")


@pytest.mark.parametrize("message", [told(), change(), edit(), over(), notice()])
def test_every_act_is_posted_and_keeps_the_schema(message: Message, receiver: Served) -> None:
    _send(_channel(edits=True), message, place=Place("inc-1"))

    Draft202012Validator(webhook_schema()).validate(receiver.requests[0].json)
    assert receiver.requests[0].json["act"] == message.act


@pytest.mark.usefixtures("receiver")
def test_figures_alone_are_not_posted_unless_they_are_asked_for() -> None:
    place = Place("inc-1")

    assert _channel().steps(edit(), place) == ()
    assert _channel(edits=True).steps(edit(), place) == ("edit",)
    assert _channel().steps(change(), place) == ("reply",)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_log_text_stays_text(name: str, receiver: Served) -> None:
    _send(_channel(), hostile(HOSTILE[name]), delivery_id=HOSTILE[name][:100])

    Draft202012Validator(webhook_schema()).validate(receiver.requests[0].json)


def test_the_schema_names_each_field() -> None:
    payload = webhook_payload(told(), delivery_id="d", is_repeat=False)

    assert set(payload) == set(webhook_schema()["properties"]) == set(webhook_schema()["required"])


def test_a_key_signs_body_and_time(receiver: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "very-secret-key")
    channel = replace(_channel(signing_env="HOOK_KEY"), now_ns=lambda: 1_789_430_400 * 10**9)

    _send(channel, told())

    (request,) = receiver.requests
    signed = hmac.new(b"very-secret-key", b"1789430400." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-Logtriage-Timestamp"] == "1789430400"
    assert request.headers["X-Logtriage-Signature"] == f"v1={signed}"
    assert "very-secret" not in repr(channel)


def test_without_a_key_nothing_is_signed(receiver: Served) -> None:
    _send(_channel(), told())

    assert "X-Logtriage-Signature" not in receiver.requests[0].headers


@pytest.mark.parametrize("reply", [None, Reply(502, "bad gateway")])
def test_a_lost_answer_is_uncertain_and_the_repeat_says_so(reply: Reply | None, receiver: Served) -> None:
    receiver.faults.append(Fault("POST", PATH, reply, is_done=True))
    channel = _channel()

    with pytest.raises(NotifyUncertain):
        _send(channel, told())
    _send(channel, told(), is_repeat=True)

    first, second = receiver.requests
    assert not channel.can_find
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert [first.json["is_repeat"], second.json["is_repeat"]] == [False, True]


def test_a_429_is_waited_for(receiver: Served) -> None:
    receiver.faults.append(Fault("POST", PATH, Reply(429, "", {"Retry-After": "7"})))

    _send(_channel(), told())

    assert len(receiver.requests) == 2


def test_a_long_wait_is_left_to_the_next_cycle(receiver: Served) -> None:
    receiver.faults.append(Fault("POST", PATH, Reply(429, "", {"Retry-After": "3600"})))

    with pytest.raises(NotifyUnavailable, match="HTTP 429"):
        _send(_channel(), told())


@pytest.mark.parametrize(
    ("status", "said"), [(302, "is a redirect, which is not followed"), (404, "Check the receiver")]
)
def test_a_refusal_shows_no_word_of_the_receiver(status: int, said: str, receiver: Served) -> None:
    receiver.faults.append(Fault("POST", PATH, Reply(status, f"Cannot POST {PATH}", {"Location": "/elsewhere"})))

    with pytest.raises(NotifyError, match=said) as raised:
        _send(_channel(), told())

    assert "very-secret" not in str(raised.value)
    assert len(receiver.requests) == 1


def test_no_secret_is_shown(receiver: Served) -> None:
    channel = _channel()

    assert "very-secret" not in repr(channel)
    assert "very-secret" not in repr(channel.api)


@pytest.mark.parametrize("url", ["http://hooks.example/x", "ftp://127.0.0.1/x", "nothing", "https://"])
def test_only_https_leaves_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_WEBHOOK_URL", url)

    with pytest.raises(ConfigError, match="holds is no https address") as raised:
        _channel()

    assert url not in str(raised.value)


def test_a_missing_address_or_key_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGTRIAGE_WEBHOOK_URL", raising=False)
    with pytest.raises(ConfigError, match="LOGTRIAGE_WEBHOOK_URL"):
        _channel()
    monkeypatch.setenv("LOGTRIAGE_WEBHOOK_URL", "https://hooks.example/x")
    with pytest.raises(ConfigError, match="`HOOK_KEY` is not set"):
        _channel(signing_env="HOOK_KEY")
    with pytest.raises(ConfigError, match="not in both"):
        _channel(url_env="A", url_secret="projects/p/secrets/s/versions/1")


def test_nothing_is_heard(receiver: Served) -> None:
    channel = _channel()

    assert channel.hear({"inc-1": Place("inc-1")}, since_ns=0) == ()
    assert channel.find("open", told(), delivery_id="d", place=None, since_ns=0) is None
    assert receiver.requests == []


def test_the_documented_schema_is_the_one_that_is_used() -> None:
    assert json.loads(json.dumps(webhook_schema()))["title"] == "A message of logtriage, as a webhook gets it"
    Draft202012Validator.check_schema(webhook_schema())

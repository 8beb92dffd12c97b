"""Slack's Web API, against a server on loopback that behaves as Slack does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from collector.replacing import replace
from collector.secret import Secret
from logtriage.errors import ConfigError, NotifyError, NotifyUnavailable, NotifyUncertain
from logtriage.notifiers.channel import Place, open_channel, parse_channel_config
from logtriage.notifiers.http import Api
from logtriage.notifiers.slack_api import SlackApi
from logtriage.notifiers.slack_web import SlackWeb
from tests.support.slack_channel import CHANGE, EDIT, OPEN, deliver, web_channel
from tests.support.slack_server import CHANNEL, OTHER_TOKEN, TOKEN, Fault, SlackServer, serve_slack


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with serve_slack() as server:
        yield server


def test_a_new_incident_is_one_message_with_its_marks_hidden(slack: SlackServer) -> None:
    place = deliver(web_channel(slack), OPEN)

    seen = slack.seen()
    assert [one["ts"] for one in seen] == [place.id]
    assert place.url == f"https://acme-staging.slack.com/archives/{CHANNEL}/p{place.id.replace('.', '')}"
    assert seen[0]["metadata"]["event_payload"] == {"delivery_id": "d1", "incident_id": "i1"}
    assert "d1" not in json.dumps(seen[0]["blocks"])
    assert slack.calls("chat.postMessage")[0]["unfurl_links"] is False


def test_a_new_state_edits_the_message_and_answers_in_its_thread(slack: SlackServer) -> None:
    web = web_channel(slack)
    place = deliver(web, OPEN)

    assert deliver(web, CHANGE, place, delivery_id="d2") == place

    assert [one["blocks"][0]["text"]["text"] for one in slack.seen()] == ["🟢 P0 resolved · shop"]
    assert [one["text"] for one in slack.thread(place.id)] == ["🟢 Resolved: 40 calls without 403 since 21:10."]
    assert not any(call.get("reply_broadcast") for call in slack.calls("chat.postMessage"))
    assert slack.seen()[0]["metadata"]["event_payload"]["delivery_id"] == "d1"


def test_figures_alone_edit_and_wake_nobody(slack: SlackServer) -> None:
    web = web_channel(slack)
    place = deliver(web, OPEN)

    deliver(web, EDIT, place, delivery_id="d2")

    assert slack.seen()[0]["edited"]
    assert slack.thread(place.id) == []


def test_what_was_never_told_here_is_opened_whatever_it_is() -> None:
    web = SlackWeb("ops", SlackApi(Api("Slack", "https://x.example"), Secret("t")), CHANNEL)

    assert web.steps(CHANGE, None) == ("open",)
    assert web.steps(EDIT, None) == ("open",)
    assert web.steps(replace(OPEN, act="notice", incident_id=""), None) == ("open",)


def test_one_message_a_second_is_held_to_as_slack_asks(slack: SlackServer) -> None:
    web = web_channel(slack)

    for at in range(3):
        deliver(web, replace(OPEN, incident_id=f"i{at}"), delivery_id=f"d{at}")

    assert len(slack.seen()) == 3
    assert slack.slept == [1.0, 1.0]


@pytest.mark.parametrize("fault", [Fault("chat.postMessage", "after", 500), Fault("chat.postMessage", "cut"),
                                   Fault("chat.postMessage", "hang"),
                                   Fault("chat.postMessage", "after", 200, {"ok": False, "error": "fatal_error"}),
                                   Fault("chat.postMessage", "after", 200, "<html>proxy")])  # fmt: skip
def test_a_lost_answer_is_uncertain_and_found_again_by_its_delivery(slack: SlackServer, fault: Fault) -> None:
    web, since_ns = web_channel(slack, timeout_s=0.2), slack.now_ns
    slack.faults.append(fault)
    with pytest.raises(NotifyUncertain):
        deliver(web, OPEN)

    found = web.find("open", OPEN, delivery_id="d1", place=None, since_ns=since_ns)

    assert found is not None
    assert [one["ts"] for one in slack.seen()] == [found.id]


def test_what_never_arrived_is_not_found_and_sent_with_a_mark(slack: SlackServer) -> None:
    web, since_ns = web_channel(slack), slack.now_ns
    slack.faults.append(Fault("chat.postMessage", "before", 503))
    with pytest.raises(NotifyUncertain):
        deliver(web, OPEN)

    assert web.find("open", OPEN, delivery_id="d1", place=None, since_ns=since_ns) is None
    deliver(web, OPEN, is_repeat=True)

    assert "sent again: the first may have arrived" in json.dumps(slack.seen()[0]["blocks"])


def test_a_reply_is_found_in_its_thread_alone(slack: SlackServer) -> None:
    web, since_ns = web_channel(slack), slack.now_ns
    place = deliver(web, OPEN)
    slack.sleep(2)
    slack.faults.append(Fault("chat.postMessage", "cut"))
    with pytest.raises(NotifyUncertain):
        deliver(web, CHANGE, place, delivery_id="d2", step="reply")

    assert web.find("reply", CHANGE, delivery_id="d2", place=place, since_ns=since_ns) == place
    assert web.find("reply", CHANGE, delivery_id="d3", place=place, since_ns=since_ns) is None
    assert web.find("edit", CHANGE, delivery_id="d2", place=place, since_ns=since_ns) is None


def test_an_open_is_found_by_its_incident_too(slack: SlackServer) -> None:
    web, since_ns = web_channel(slack), slack.now_ns
    place = deliver(web, OPEN, delivery_id="an earlier one")

    assert web.find("open", OPEN, delivery_id="d9", place=None, since_ns=since_ns) == place
    assert web.find("open", replace(OPEN, incident_id=""), delivery_id="d9", place=None, since_ns=since_ns) is None


def test_marks_of_another_app_or_in_a_text_do_not_count(slack: SlackServer) -> None:
    web, since_ns = web_channel(slack), slack.now_ns
    deliver(web_channel(slack, token=OTHER_TOKEN), OPEN)
    slack.say(json.dumps({"event_type": "logtriage", "event_payload": {"delivery_id": "d1"}}))

    assert web.find("open", OPEN, delivery_id="d1", place=None, since_ns=since_ns) is None


def test_a_message_is_found_behind_many_pages_of_others(slack: SlackServer) -> None:
    web, since_ns = web_channel(slack), slack.now_ns
    place = deliver(web, OPEN)
    for at in range(25):
        slack.say(f"chatter {at}")
    slack.per_page = 5

    assert web.find("open", OPEN, delivery_id="d1", place=None, since_ns=since_ns) == place
    assert len(slack.calls("conversations.history")) == 6


def test_a_deleted_message_is_told_anew_for_a_new_state_and_says_so(slack: SlackServer) -> None:
    web = web_channel(slack)
    place = deliver(web, OPEN)
    slack.delete(place.id)

    anew = deliver(web, CHANGE, place, delivery_id="d2")

    assert anew != place
    assert [one["ts"] for one in slack.seen()] == [anew.id]
    assert "told anew" in json.dumps(slack.seen()[0]["blocks"])
    assert slack.thread(anew.id) == []


def test_a_deleted_message_is_told_anew_once_though_the_answer_was_lost(slack: SlackServer) -> None:
    web = web_channel(slack)
    place = deliver(web, OPEN)
    slack.delete(place.id)
    slack.sleep(2)
    slack.faults.append(Fault("chat.postMessage", "after", 502))
    with pytest.raises(NotifyUncertain):
        deliver(web, CHANGE, place, delivery_id="d2")

    anew = deliver(web_channel(slack), CHANGE, place, delivery_id="d2", step="edit")

    assert [one["ts"] for one in slack.seen()] == [anew.id]


def test_a_deleted_message_is_left_alone_for_figures(slack: SlackServer) -> None:
    web = web_channel(slack)
    place = deliver(web, OPEN)
    slack.delete(place.id)

    assert deliver(web, EDIT, place, delivery_id="d2") == place
    assert slack.seen() == []


def test_where_old_messages_may_not_be_edited_the_thread_still_tells(slack: SlackServer) -> None:
    web = web_channel(slack)
    place = deliver(web, OPEN)
    slack.faults.append(Fault("chat.update", "before", 200, {"ok": False, "error": "edit_window_closed"}))

    assert deliver(web, CHANGE, place, delivery_id="d2") == place
    assert len(slack.thread(place.id)) == 1


def test_an_edit_is_tried_again_after_a_fault_of_the_server(slack: SlackServer) -> None:
    web = web_channel(slack)
    place = deliver(web, OPEN)
    slack.faults += [Fault("chat.update", "after", 500), Fault("chat.update", "cut")]

    deliver(web, EDIT, place, delivery_id="d2")

    assert len(slack.calls("chat.update")) == 3
    assert len(slack.seen()) == 1


def test_blocks_that_slack_does_not_take_leave_the_text(slack: SlackServer) -> None:
    web = web_channel(slack)
    slack.faults.append(Fault("chat.postMessage", "before", 200, {"ok": False, "error": "invalid_blocks"}))

    place = deliver(web, OPEN)

    assert [one["ts"] for one in slack.seen()] == [place.id]
    assert "PAYMENT_KEY" in slack.seen()[0]["text"]


@pytest.mark.parametrize(("error", "told"), [
    ("channel_not_found", "Correct it to the id"), ("not_in_channel", "/invite @logtriage"),
    ("is_archived", "Unarchive it"), ("token_revoked", "It comes from `LOGTRIAGE_SLACK_TOKEN`"),
    ("account_inactive", "Make a new one"), ("metadata_must_be_sent_from_app", "Use a bot token"),
    ("missing_scope", "the token lacks `chat:write`"), ("something_new", "see https://docs.slack.dev"),
])  # fmt: skip
def test_a_refusal_says_what_to_do(slack: SlackServer, error: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_SLACK_TOKEN", TOKEN)
    body = {"ok": False, "error": error, "needed": "chat:write"}
    slack.faults += [Fault("chat.postMessage", "before", 200, body)] * 2

    with pytest.raises(NotifyError, match=f"chat.postMessage was refused with `{error}`") as raised:
        deliver(web_channel(slack), OPEN)

    assert told in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert not raised.value.is_retryable
    assert slack.seen() == []


def test_too_many_requests_are_left_to_the_next_cycle(slack: SlackServer) -> None:
    slack.faults.append(Fault("chat.postMessage", "before", 200, {"ok": False, "error": "ratelimited"}))
    with pytest.raises(NotifyUnavailable, match="next cycle"):
        deliver(web_channel(slack), OPEN)

    slack.faults.append(Fault("chat.postMessage", "before", 429, "", {"Retry-After": "3600"}))
    with pytest.raises(NotifyUnavailable, match="HTTP 429"):
        deliver(web_channel(slack), OPEN)

    assert slack.seen() == []
    assert slack.slept == []


def test_a_rotated_token_is_read_anew(slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_SLACK_TOKEN", TOKEN)

    deliver(web_channel(slack, token="xoxb-of-yesterday"), OPEN)

    assert len(slack.seen()) == 1


def test_a_channel_is_opened_by_its_config_and_shows_no_token(
    slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = {"kind": "slack", "channel": CHANNEL, "api_url": slack.url}
    config = parse_channel_config(raw, where="digest.channels[0]")
    monkeypatch.setenv("LOGTRIAGE_SLACK_TOKEN", TOKEN)

    channel = open_channel(config)
    channel.do("open", OPEN, delivery_id="d1", place=None, is_repeat=False, places={})

    assert channel.name == "slack"
    assert channel.can_find
    assert TOKEN not in repr(channel)
    assert len(slack.seen()) == 1
    monkeypatch.delenv("LOGTRIAGE_SLACK_TOKEN")
    with pytest.raises(ConfigError, match="LOGTRIAGE_SLACK_TOKEN"):
        open_channel(config)


@pytest.mark.parametrize(("raw", "told"), [
    ({"channel": "#ops"}, "digest.channels[0].channel is `#ops`"), ({}, "digest.channels[0].channel is missing"),
    ({"channel": CHANNEL, "api_url": "http://slack.example.com"}, "https address"),
    ({"channel": CHANNEL, "api_url": "https://a:b@slack.example.com"}, "without login"),
])  # fmt: skip
def test_a_mistake_of_the_config_is_named(raw: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_channel_config({"kind": "slack", **raw}, where="digest.channels[0]")

    assert told in str(raised.value)


def test_related_incidents_are_linked_to_where_they_are_told(slack: SlackServer) -> None:
    message = replace(OPEN, related=("i0", "not told here"))
    places = {"i0": Place("1.0", "https://acme-staging.slack.com/archives/C0/p1")}

    web_channel(slack).do("open", message, delivery_id="d1", place=None, is_repeat=False, places=places)

    assert "<https://acme-staging.slack.com/archives/C0/p1|related>" in json.dumps(slack.seen()[0]["blocks"])

"""Verdicts that people give in Slack by reactions and replies."""

from collections.abc import Iterator

import pytest

from logtriage.notifiers.channel import Heard, Place
from logtriage.notifiers.slack_ears import said_in_reply
from logtriage.notifiers.slack_web import SlackWeb
from tests.support.slack_channel import OPEN, deliver, web_channel
from tests.support.slack_server import BOT, SlackServer, serve_slack


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with serve_slack() as server:
        yield server


def _told(web: SlackWeb, slack: SlackServer, count: int = 1) -> dict[str, Place]:
    slack.is_paced = False
    return {f"i{at}": deliver(web, OPEN, delivery_id=f"d{at}") for at in range(count)}


def _said(web: SlackWeb, places: dict[str, Place], since_ns: int = 0) -> list[tuple[str, str]]:
    return [(one.incident_id, one.said) for one in web.hear(places, since_ns=since_ns)]


def test_a_reaction_of_a_person_is_heard_and_nobody_is_named(slack: SlackServer) -> None:
    web = web_channel(slack)
    places = _told(web, slack, 3)
    slack.react(places["i1"].id, "white_check_mark", "U0PERSON")
    slack.react(places["i2"].id, "x::skin-tone-2", "U0PERSON", "U0SECOND")

    heard = web.hear(places, since_ns=0)

    assert [(one.incident_id, one.said, one.place_id) for one in heard] == [
        ("i2", "wrong", places["i2"].id), ("i1", "right", places["i1"].id)]  # fmt: skip
    assert "U0" not in repr(heard)
    assert len({one.event_id for one in heard}) == 2
    assert len(slack.calls("conversations.history")) == 1
    assert slack.calls("conversations.replies") == []


def test_bots_and_other_emoji_settle_nothing(slack: SlackServer) -> None:
    web = web_channel(slack)
    places = _told(web, slack)
    slack.bots.add("U0REACTOR")
    slack.react(places["i0"].id, "white_check_mark", BOT["user_id"], "U0REACTOR", "USLACKBOT")
    slack.react(places["i0"].id, "eyes", "U0PERSON")
    slack.say("wrong", user="U0REACTOR", ts=places["i0"].id)
    slack.say("wrong", ts=places["i0"].id, bot_id="B0REACTOR")

    assert _said(web, places) == []


def test_people_who_differ_settle_nothing_until_one_side_is_more(slack: SlackServer) -> None:
    web = web_channel(slack)
    places = _told(web, slack)
    slack.react(places["i0"].id, "white_check_mark", "U0PERSON")
    first = web.hear(places, since_ns=0)
    slack.react(places["i0"].id, "x", "U0SECOND")

    assert _said(web, places) == []

    slack.react(places["i0"].id, "white_check_mark")
    then = web.hear(places, since_ns=0)
    assert [one.said for one in then] == ["wrong"]
    assert then[0].event_id != first[0].event_id


def test_without_the_scope_to_tell_bots_everybody_but_ourselves_is_a_person(slack: SlackServer) -> None:
    web = web_channel(slack)
    places = _told(web, slack)
    slack.scopes.discard("users:read")
    slack.react(places["i0"].id, "x", "U0PERSON", BOT["user_id"])

    assert _said(web, places) == [("i0", "wrong")]


def test_a_reply_is_heard_once_and_a_thread_read_only_where_it_grew(slack: SlackServer) -> None:
    web = web_channel(slack)
    places = _told(web, slack, 3)
    reply = slack.say("wrong: it was the proxy", ts=places["i1"].id)

    heard = web.hear(places, since_ns=0)

    assert [(one.incident_id, one.said) for one in heard] == [("i1", "wrong")]
    assert heard[0].event_id == f"{places['i1'].id}:reply:{reply}"
    assert len(slack.calls("conversations.replies")) == 1
    slack.sleep(3600)
    assert _said(web, places, since_ns=slack.now_ns) == []
    assert len(slack.calls("conversations.replies")) == 1


def test_a_reply_that_was_edited_is_another_word(slack: SlackServer) -> None:
    web = web_channel(slack)
    places = _told(web, slack)
    ts = slack.say("right", ts=places["i0"].id)
    first = web.hear(places, since_ns=0)
    slack.messages[-1].update(text="wrong", edited={"user": "U0PERSON", "ts": f"{ts[:-1]}9"})

    then = web.hear(places, since_ns=0)

    assert [one.said for one in (*first, *then)] == ["right", "wrong"]
    assert first[0].event_id != then[0].event_id


def test_a_deleted_message_and_an_empty_list_are_no_trouble(slack: SlackServer) -> None:
    web = web_channel(slack)
    places = _told(web, slack, 2)
    slack.delete(places["i0"].id)
    slack.react(places["i1"].id, "x", "U0PERSON")

    assert _said(web, places) == [("i1", "wrong")]
    assert web.hear({}, since_ns=0) == []


@pytest.mark.parametrize(("text", "said"), [
    ("right", "right"), ("Wrong", "wrong"), (" *WRONG!* ", "wrong"), ("right.", "right"), ("`right`", "right"),
    ("wrong: it was the proxy", "wrong"), ("wrong - the proxy", "wrong"), ("logtriage: wrong, the proxy", "wrong"),
    ("<@U0LOGTRIAGE> right", "right"), ("logtriage settle f7cf2ebd18973068 wrong", "wrong"),
    ("right, let me look", None), ("right there", None), ("wrong channel, sorry", None), ("that is right", None),
    ("righteous", None), ("", None), ("rightwrong", None),
])  # fmt: skip
def test_only_words_that_mean_the_verdict_count(text: str, said: str | None) -> None:
    assert said_in_reply({"text": text, "user": "U0PERSON"}) == said


def test_what_is_heard_has_no_place_for_a_name() -> None:
    assert {"incident_id", "said", "at_ns", "event_id", "place_id"} == set(Heard.__struct_fields__)

"""Deliveries to Slack by the real engine: whatever happens on the way, a person sees each thing once."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.replacing import replace
from collector.store import Store
from logtriage.delivery import Delivered, deliver
from logtriage.errors import LogtriageError
from logtriage.hearing import listen
from logtriage.notifiers.channel import Place, open_channel, parse_channel_config
from logtriage.notifiers.slack_webhook import SlackWebhook
from tests.support.slack_channel import OPEN, web_channel
from tests.support.slack_server import Fault, SlackServer, serve_slack
from tests.support.telling_messages import MINUTE_NS, NOW_NS, make_message, make_store, put

LOST = [Fault("chat.postMessage", "cut"), Fault("chat.postMessage", "hang"), Fault("chat.postMessage", "after", 502),
        Fault("chat.postMessage", "after", 200, {"ok": False, "error": "fatal_error"})]  # fmt: skip
NOT_DONE = [Fault("chat.postMessage", "before", 500),
            Fault("chat.postMessage", "before", 429, "", {"Retry-After": "2"}),
            Fault("chat.postMessage", "before", 200, {"ok": False, "error": "ratelimited"})]  # fmt: skip


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with serve_slack() as server:
        server.now_ns = NOW_NS
        yield server


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the whole schema, to be copied."""
    return make_store(tmp_path_factory.mktemp("empty"), is_made=True).path


@pytest.fixture
def store(tmp_path: Path, empty: Path) -> Store:
    shutil.copy(empty, tmp_path)
    return make_store(tmp_path)


def _put(store: Store, minutes: int, **fields: Any) -> None:
    """A look that has the incident to tell; what is other than before decides how it is told."""
    put(store, make_message(made_at_ns=NOW_NS + minutes * MINUTE_NS, **fields), channels=["ops"])


def _go(store: Store, slack: SlackServer) -> Delivered:
    """A run; what it waits passes in the time of the workspace."""
    web = web_channel(slack, timeout_s=0.2)
    return deliver(store, [web], clock_ns=lambda: slack.now_ns, sleep=slack.sleep)[0]


@pytest.mark.parametrize("fault", [*LOST, *NOT_DONE], ids=lambda one: f"{one.how}-{one.status}")
def test_a_new_incident_is_one_message_whatever_happens(store: Store, slack: SlackServer, fault: Fault) -> None:
    _put(store, 0)
    slack.faults.append(replace(fault))
    slack.late = 2

    for _ in range(3):
        _go(store, slack)
        slack.sleep(600)

    assert len(slack.seen()) == 1


@pytest.mark.parametrize("fault", LOST[1:3], ids=lambda one: f"{one.how}-{one.status}")
def test_a_new_state_is_one_reply_whatever_happens(store: Store, slack: SlackServer, fault: Fault) -> None:
    _put(store, 0)
    _go(store, slack)
    slack.sleep(60)
    _put(store, 5, state="resolved")
    slack.faults.append(replace(fault))

    for _ in range(3):
        _go(store, slack)
        slack.sleep(600)

    assert len(slack.seen()) == 1
    replies = slack.thread(slack.seen()[0]["ts"])
    assert ["It is resolved." in one["text"] for one in replies] == [True]
    assert "P1 resolved · shop" in slack.seen()[0]["blocks"][0]["text"]["text"]


def test_an_incident_told_from_a_database_that_is_lost_is_told_on_where_it_was(
    store: Store, slack: SlackServer, tmp_path: Path, empty: Path
) -> None:
    _put(store, 0)
    _go(store, slack)
    (tmp_path / "new").mkdir()
    shutil.copy(empty, tmp_path / "new")
    other = make_store(tmp_path / "new")
    slack.sleep(3600)
    _put(other, 60)

    _go(other, slack)

    assert len(slack.seen()) == 1
    assert slack.seen()[0]["edited"]


def test_a_deleted_message_comes_back_for_a_new_state_alone(store: Store, slack: SlackServer) -> None:
    _put(store, 0)
    _go(store, slack)
    slack.delete(slack.seen()[0]["ts"])
    slack.sleep(60)
    _put(store, 5, figures="99/101")
    _go(store, slack)
    assert slack.seen() == []

    slack.sleep(60)
    _put(store, 10, state="resolved")
    _go(store, slack)

    assert len(slack.seen()) == 1


def test_a_bot_that_is_not_invited_is_told_once_and_delivers_when_it_is(store: Store, slack: SlackServer) -> None:
    _put(store, 0)
    members, slack.members = slack.members, set()

    told = _go(store, slack)
    slack.members = members
    slack.sleep(25 * 3600)
    _go(store, slack)

    assert "/invite @logtriage" in told.refused[0]
    assert len(slack.seen()) == 1


def test_a_webhook_says_that_it_sends_again(store: Store, slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_SLACK_WEBHOOK_URL", slack.webhook_url)
    hook = open_channel(parse_channel_config({"kind": "slack_webhook", "name": "ops"}, where="digest.channels[0]"))
    assert isinstance(hook, SlackWebhook)
    hook = replace(hook, http=replace(hook.http, sleep=slack.sleep))
    _put(store, 0)
    slack.faults.append(Fault("webhook", "after", 500))

    for _ in range(3):
        deliver(store, [hook], clock_ns=lambda: slack.now_ns, sleep=slack.sleep)
        slack.sleep(3600)

    assert [one["text"].startswith("(sent again") for one in slack.seen()] == [False, True]


def test_what_people_say_is_stored_once_and_without_them(store: Store, slack: SlackServer) -> None:
    _put(store, 0)
    _go(store, slack)
    slack.sleep(60)
    ts = slack.seen()[0]["ts"]
    slack.react(ts, "white_check_mark", "U0PERSON")
    slack.say("wrong: it was the proxy", ts=ts)
    web = web_channel(slack)

    heard = [listen(store, web, now_ns=slack.now_ns).words for _ in range(2)]

    assert heard == [2, 0]
    with store.read() as reader:
        kept = str(reader.sql("select * from heard").rows())
    assert "U0PERSON" not in kept
    assert "proxy" not in kept


def test_every_failure_is_a_sentence_of_ours(store: Store, slack: SlackServer) -> None:
    web = web_channel(slack)
    slack.faults += [Fault("chat.postMessage", "before", 200, {"ok": False, "error": "x"})]

    with pytest.raises(LogtriageError, match=r"was refused with `x`"):
        web.do("open", OPEN, delivery_id="d1", place=None, is_repeat=False, places={"i2": Place("1.1")})

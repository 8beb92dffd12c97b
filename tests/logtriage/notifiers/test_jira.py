"""What is Jira's own, against a Jira on loopback; what all trackers share is in test_trackers.py."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logtriage.errors import ConfigError, NotifyError, NotifyUncertain
from logtriage.message import Message
from logtriage.notifiers.channel import Place, parse_channel_config
from logtriage.notifiers.jira import Jira
from logtriage.notifiers.jira_moves import find_transition
from tests.support.hostile import HOSTILE
from tests.support.jira_boards import CloudBoard, DataCenterBoard
from tests.support.jira_server import PERSON
from tests.support.messages import MADE_NS, change, edit, hostile, over, told
from tests.support.receiver import Fault, Reply

NOW = datetime.fromtimestamp(MADE_NS / 1e9, UTC)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudBoard]:
    with ExitStack() as stack:
        board = CloudBoard(stack, NOW)
        monkeypatch.setenv(board.variable, board.token)
        yield board


@pytest.fixture
def own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[DataCenterBoard]:
    with ExitStack() as stack:
        board = DataCenterBoard(stack, NOW)
        monkeypatch.setenv(board.variable, board.token)
        yield board


def _do(channel: Jira, message: Message, step: Any = "open", place: Place | None = None,
        places: dict[str, Place] | None = None, delivery_id: str = "d1") -> Place:  # fmt: skip
    return channel.do(step, message, delivery_id=delivery_id, place=place, is_repeat=False, places=places or {})


def _find(channel: Jira, message: Message, delivery_id: str = "d1") -> Place | None:
    return channel.find("open", message, delivery_id=delivery_id, place=None, since_ns=MADE_NS)


def test_an_issue_bears_labels_without_spaces_and_a_property(board: CloudBoard) -> None:
    place = _do(board.open(labels=["log triage"]), told(labels=("P1", "fault: configuration")))

    issue = board.server.issues["SHOP-1"]
    assert place == Place("SHOP-1", f"{board.server.url}/browse/SHOP-1")
    assert issue["fields"]["labels"][:3] == ["log-triage", "P1", "fault-configuration"]
    assert issue["fields"]["labels"][3].startswith("logtriage-")
    assert issue["properties"]["logtriage"]["delivery"] == "d1"


@pytest.mark.parametrize("lag_s", [0.0, 90.0, 3600.0])
def test_an_issue_is_found_before_the_index_has_it(lag_s: float, board: CloudBoard) -> None:
    board.server.lag_s = lag_s
    channel = board.open()
    for number in range(4):
        board.server.write(f"other {number}", "x", {})
    board.set_time(NOW + timedelta(seconds=lag_s + 1))
    _do(channel, told())
    for number in range(5):
        board.server.write(f"later {number}", "x", {})

    assert _find(channel, told()) == Place("SHOP-5", f"{board.server.url}/browse/SHOP-5")
    assert _find(channel, told(incident_id="another"), "d2") is None


def test_keys_that_are_missing_do_not_hide_what_comes_after(board: CloudBoard) -> None:
    channel = board.open()
    board.server.write("gone", "x", {})
    board.server.write("gone", "x", {})
    _do(channel, told())
    del board.server.issues["SHOP-1"], board.server.issues["SHOP-2"]

    found = _find(channel, told())

    assert found is not None
    assert found.id == "SHOP-3"


def test_a_comment_is_found_where_the_list_tells_no_properties(board: CloudBoard) -> None:
    channel = board.open()
    place = _do(channel, told())
    board.server.is_telling_properties = False
    board.server.say(place.id, "somebody else")
    _do(channel, change(), "reply", place, delivery_id="d2")

    assert channel.find("reply", change(), delivery_id="d2", place=place, since_ns=MADE_NS) == place
    assert channel.find("reply", change(), delivery_id="d3", place=place, since_ns=MADE_NS) is None


def test_figures_mail_nobody(board: CloudBoard) -> None:
    channel = board.open()
    place = _do(channel, told())
    _do(channel, edit(), "edit", place)

    assert board.server.mails == 0
    assert "120 of 122" in board.issues()[0].body


def test_an_issue_is_closed_by_category_and_only_once(board: CloudBoard) -> None:
    channel = board.open()
    place = _do(channel, told())
    _do(channel, over(), "close", place)
    _do(channel, over(), "close", place)

    assert board.server.issues["SHOP-1"]["fields"]["status"]["name"] == "Done"
    assert len(board.server.histories["SHOP-1"]) == 1


@pytest.mark.parametrize(("to_do", "state"), [("", "To Do"), ("in progress", "In Progress"), ("Go To Do", "To Do")])
def test_an_issue_opens_again_where_the_config_says(to_do: str, state: str, board: CloudBoard) -> None:
    channel = board.open(to_do=to_do)
    place = _do(channel, told())
    board.close(place.id)
    _do(channel, change(is_back=True), "reopen", place)

    assert board.server.issues["SHOP-1"]["fields"]["status"]["name"] == state


def test_a_resolution_is_given_where_it_is_asked_for(board: CloudBoard) -> None:
    allowed = [{"name": "Won't do"}, {"name": "Fixed"}]
    board.server.transition_fields = {"resolution": {"required": True, "allowedValues": allowed}}
    channel = board.open()
    _do(channel, over(), "close", _do(channel, told()))

    assert not board.issues()[0].is_open


def test_a_transition_that_asks_for_more_is_told(board: CloudBoard) -> None:
    board.server.transition_fields = {"customfield_1": {"required": True}}
    channel = board.open()
    place = _do(channel, told())

    with pytest.raises(NotifyError, match=r"there are: Go In Progress \(In Progress\), Go Done \(Done\)\. Set `done`"):
        _do(channel, over(), "close", place)


def test_no_transition_at_all_is_told() -> None:
    with pytest.raises(NotifyError, match="there are: none"):
        find_transition([], "", is_closing=False, channel="jira")


def test_a_state_that_leads_from_done_to_done_is_no_word(board: CloudBoard) -> None:
    channel = board.open()
    place = _do(channel, told())
    board.server.move(place.id, "2")

    assert channel.hear({"inc-1": place}, since_ns=MADE_NS) == ()


def test_an_issue_that_is_gone_is_not_heard(board: CloudBoard) -> None:
    assert board.open().hear({"inc-1": Place("SHOP-9")}, since_ns=MADE_NS) == ()


def test_links_that_are_refused_leave_the_issue(board: CloudBoard, caplog: pytest.LogCaptureFixture) -> None:
    place = _do(board.open(), told(related=("i-old",)), places={"i-old": Place("SHOP-77")})

    assert place.id == "SHOP-1"
    assert "are not linked" in caplog.text


def test_links_are_made_once_and_not_without_a_type(board: CloudBoard) -> None:
    channel = board.open()
    places = {"i-old": _do(channel, told(incident_id="i-old"))}
    place = _do(channel, told(related=("i-old",)), places=places)
    _do(channel, change(related=("i-old",)), "edit", place, places)
    _do(board.open(link_type=""), told(incident_id="i-3", related=("i-old",)), places=places)

    assert board.server.links == [("SHOP-2", "SHOP-1")]
    posts = [one for one in board.server.served.requests if one.path.endswith("/issueLink")]
    assert len(posts) == 1


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_log_text_breaks_neither_markup(name: str, board: CloudBoard, own_server: DataCenterBoard) -> None:
    for one in (board, own_server):
        channel = one.open()
        place = _do(channel, hostile(HOSTILE[name], comment=HOSTILE[name]))
        _do(channel, hostile(HOSTILE[name], comment=HOSTILE[name][:5000]), "reply", place)
        _do(channel, hostile(HOSTILE[name]), "edit", place)

        assert len(one.issues()) == 1
        assert len(one.issues()[0].comments) == 1


def test_a_data_center_gets_wiki_text_and_a_bearer(own_server: DataCenterBoard) -> None:
    channel = own_server.open()
    _do(channel, told())

    description = own_server.server.issues["SHOP-1"]["fields"]["description"]
    assert description.startswith("h2. What\n\n* *CHANGE*")
    assert "{noformat}\nlogtriage show 1\n{noformat}" in description
    assert own_server.server.served.requests[-1].headers["Authorization"].startswith("Bearer ")


def test_the_version_may_be_given(board: CloudBoard) -> None:
    _do(board.open(api="3"), told())

    assert not any(one.path.endswith("/serverInfo") for one in board.server.served.requests)


def test_a_lost_answer_of_a_transition_is_uncertain_and_then_done(board: CloudBoard) -> None:
    channel = board.open()
    place = _do(channel, told())
    board.faults.append(Fault("POST", "/transitions", Reply(502, ""), is_done=True))

    with pytest.raises(NotifyUncertain):
        _do(channel, over(), "close", place)
    _do(channel, over(), "close", place)

    assert len(board.server.histories["SHOP-1"]) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(400, {"errorMessages": [], "errors": {"customfield_9": "Team is required."}}), "Team is required"),
        (Reply(401, "no"), "LOGTRIAGE_JIRA_TOKEN is not accepted"),
        (Reply(403, {"errorMessages": ["You do not have permission"], "errors": {}}), "You do not have permission"),
        (Reply(404, {"errorMessages": ["No project could be found"], "errors": {}}), "Correct `url` or `project`"),
        (Reply(410, "<html>"), "Correct `api`"),
        (Reply(418, "[]"), "HTTP 418"),
    ],
)
def test_a_refusal_says_what_to_do(reply: Reply, said: str, board: CloudBoard) -> None:
    board.faults.append(Fault("POST", "/issue", reply))

    with pytest.raises(NotifyError, match=said) as raised:
        _do(board.open(), told())

    assert not raised.value.is_retryable
    assert "very-secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "https://acme.atlassian.net"}, r"\.project is missing"),
        ({"url": "https://acme.atlassian.net", "project": "shop"}, r"\.project is `shop`"),
        ({"url": "http://acme.atlassian.net", "project": "SHOP"}, r"\.url"),
        ({"url": "https://acme.atlassian.net", "project": "SHOP", "api": "4"}, r"\.api"),
    ],
)
def test_a_mistake_in_the_config_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_channel_config({"kind": "jira", **changes}, where="digest.channels[0]")


def test_what_others_made_is_not_ours(board: CloudBoard) -> None:
    channel = board.open()
    place = _do(channel, told())
    mark = board.server.issues[place.id]["properties"]["logtriage"]
    board.server.write("copy", "logtriage-inc-1", mark)
    board.set_time(NOW + timedelta(hours=1))

    assert _find(channel, told()) == place
    assert board.server.issues["SHOP-2"]["fields"]["creator"]["accountId"] == PERSON

"""What is GitLab's own, against a GitLab on loopback; what all trackers share is in test_trackers.py."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.replacing import replace
from logtriage.errors import ConfigError, NotifyError, NotifyUncertain
from logtriage.escape import md
from logtriage.message import Message
from logtriage.notifiers.channel import Place, parse_channel_config
from logtriage.notifiers.gitlab import GitLab
from logtriage.notifiers.gitlab_text import gitlab_safe, gitlab_title
from tests.support.gitlab_boards import GitLabBoard
from tests.support.hostile import HOSTILE
from tests.support.messages import MADE_NS, change, hostile, told
from tests.support.receiver import Fault, Reply

REFERENCES = '@all #1 !2 $3 %4 %"v 1" ~bug ~"a b" &5 ^alert#6 GL-7 *iteration:8 [issue:9] group/project#10 x!11'


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitLabBoard]:
    with ExitStack() as stack:
        board = GitLabBoard(stack, datetime.fromtimestamp(MADE_NS / 1e9, UTC))
        monkeypatch.setenv(board.variable, board.token)
        yield board


def _do(channel: GitLab, message: Message, step: Any = "open", place: Place | None = None,
        places: dict[str, Place] | None = None) -> Place:  # fmt: skip
    return channel.do(step, message, delivery_id="d1", place=place, is_repeat=False, places=places or {})


class TestText:
    def test_every_reference_in_running_text_is_broken(self) -> None:
        safe = gitlab_safe(md(REFERENCES))

        shown = safe.replace("&#8288;", "\u2060").replace("&amp;", "&").replace("\\", "")
        for reference in (
            "@all",
            "#1",
            "!2",
            "$3",
            "%4",
            '%"v',
            "~bug",
            '~"a',
            "&5",
            "^alert",
            "#6",
            "GL-7",
            "#10",
            "!11",
        ):
            assert reference not in shown
        assert "[issue:9" not in shown
        assert shown.replace("\u2060", "") == REFERENCES

    @pytest.mark.parametrize(
        "text",
        [
            "`@all #1 ~x`", "``a ` !2``", "[Report](https://gitlab.example/~a/%20#1)", "a &#124; b", "&lt;b&gt;",
            "<details><summary>Evidence</summary>", "94 % of 96", "```sh\necho $HOME !1\n```", "- [x] done",
        ],
    )  # fmt: skip
    def test_code_links_and_tags_stay_as_they_are(self, text: str) -> None:
        assert gitlab_safe(text) == text

    @pytest.mark.parametrize("text", ["/close", "one\n/close\ntwo", "  /close", "> a\n/label ~x", "a `b\n/close\nc` d"])
    def test_no_line_of_running_text_begins_with_a_slash(self, text: str) -> None:
        assert not any(line.lstrip().startswith("/") for line in gitlab_safe(text).splitlines())

    @pytest.mark.parametrize("fence", ["```", "  ```", "~~~", "````"])
    def test_between_fences_a_slash_moves_by_a_space(self, fence: str) -> None:
        assert gitlab_safe(f"{fence}sh\n/close\n{fence}\nx") == f"{fence}sh\n /close\n{fence}\nx"

    def test_a_fence_without_an_end_hides_no_command(self) -> None:
        assert "\n/close" not in gitlab_safe("```\n/close")

    def test_a_title_refers_to_nothing_and_fits(self) -> None:
        title = gitlab_title("GCP-new | P1 | shop: !1 ~bug @all " + "x" * 300)

        assert len(title) == 255
        assert "!1" not in title
        assert "~bug" not in title

    @pytest.mark.parametrize("name", sorted(HOSTILE))
    def test_any_text_goes_through_in_time(self, name: str) -> None:
        assert gitlab_safe(HOSTILE[name][:200_000]) is not None


@pytest.mark.parametrize(
    "text", ["/close", "x\n/close\n/assign @root", "```\n/close\n```\n/close", "\r/close", "`a\n/close\nb`"]
)
def test_log_text_runs_no_quick_action(text: str, board: GitLabBoard) -> None:
    channel = board.open()
    place = _do(channel, hostile(text, title="GCP-new | P1 | x", comment=text))
    _do(channel, hostile(text, comment=text), "reply", place)
    _do(channel, hostile(text + " again"), "edit", place)

    assert board.server.actions == []
    assert board.server.issues[1]["state"] == "opened"


def test_a_conflict_after_a_create_is_looked_up(board: GitLabBoard) -> None:
    board.faults.append(Fault("POST", "/issues", Reply(409, {"message": "Conflict"}), is_done=True))
    channel = board.open()

    with pytest.raises(NotifyUncertain):
        _do(channel, told())

    found = channel.find("open", told(), delivery_id="d1", place=None, since_ns=MADE_NS)
    assert found is not None
    assert found.id == "1"


def test_links_that_are_refused_leave_the_issue(board: GitLabBoard, caplog: pytest.LogCaptureFixture) -> None:
    channel = board.open()
    _do(channel, told(incident_id="i-old"))
    board.faults.append(Fault("POST", "/links", Reply(403, {"message": "403 Forbidden"})))

    place = _do(channel, told(related=("i-old",)), places={"i-old": Place("1")})

    assert place.id == "2"
    assert "are not linked" in caplog.text


def test_links_are_made_once(board: GitLabBoard) -> None:
    channel = board.open()
    _do(channel, told(incident_id="i-old"))
    places = {"i-old": Place("1")}
    place = _do(channel, told(related=("i-old",)), places=places)
    _do(channel, change(related=("i-old",)), "edit", place, places)

    posts = [one for one in board.server.served.requests if one.method == "POST" and one.path.endswith("/links")]
    assert len(posts) == 1


def test_an_issue_may_be_confidential(board: GitLabBoard) -> None:
    _do(board.open(confidential=True), told())

    assert board.server.issues[1]["confidential"] is True


def test_what_people_write_below_the_text_stays(board: GitLabBoard) -> None:
    channel = board.open()
    place = _do(channel, told())
    board.server.issues[1]["description"] += "\nSeen by us too.\n"

    _do(channel, change(body="Newer."), "edit", place)

    assert board.server.issues[1]["description"].startswith("Newer.")
    assert board.server.issues[1]["description"].rstrip().endswith("Seen by us too.")


def test_an_edit_that_changes_nothing_asks_for_nothing(board: GitLabBoard) -> None:
    channel = board.open()
    place = _do(channel, told())
    _do(channel, told(), "edit", place)

    assert not any(one.method == "PUT" for one in board.server.served.requests)


def test_an_issue_that_was_moved_stays_closed(board: GitLabBoard) -> None:
    channel = board.open()
    place = _do(channel, told())
    board.server.issues[1].update(state="closed", moved_to_id=99)

    _do(channel, change(is_back=True), "reopen", place)

    assert board.server.issues[1]["state"] == "closed"


def test_a_long_list_is_read_page_by_page(board: GitLabBoard) -> None:
    channel = board.open()
    _do(channel, told())
    for number in range(120):
        board.server.write(f"other {number}", "", 7)

    found = channel.find("open", told(), delivery_id="d1", place=None, since_ns=MADE_NS)

    assert found == Place("1", board.server.issues[1]["web_url"])


def test_a_quota_that_is_spent_is_waited_for(board: GitLabBoard) -> None:
    waits: list[float] = []
    channel = board.open()
    now = datetime.fromtimestamp(1_000, UTC)
    api = replace(channel.gitlab.api, sleep=waits.append, now=lambda: now)
    channel = GitLab(channel.config, replace(channel.gitlab, api=api))
    spent = {"RateLimit-Remaining": "0", "RateLimit-Reset": "1009"}
    board.faults.append(Fault("POST", "/issues", Reply(429, "Retry later", spent)))

    _do(channel, told())

    assert waits == [9.0]
    assert len(board.server.issues) == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(301, "", {"Location": "/elsewhere"}), "has moved. Set `project`"),
        (Reply(400, {"message": {"title": ["is too long"]}}), "is too long"),
        (Reply(403, {"message": "403 Forbidden"}), "the role Reporter"),
        (Reply(404, {"message": "404 Project Not Found"}), "there is no `acme/shop`"),
        (Reply(418, "teapot"), "HTTP 418 teapot"),
    ],
)
def test_a_refusal_says_what_to_do(reply: Reply, said: str, board: GitLabBoard) -> None:
    board.faults.append(Fault("POST", "/issues", reply))

    with pytest.raises(NotifyError, match=said) as raised:
        _do(board.open(), told())

    assert not raised.value.is_retryable


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, r"\.project is missing"),
        ({"project": "shop"}, r"\.project is `shop`"),
        ({"project": "a/b", "url": "http://gitlab.example"}, "https address"),
        ({"project": "a/b", "url": "https://me:pw@gitlab.example"}, "https address"),
        ({"project": "a/b", "labels": ["a,b"]}, "labels"),
        ({"project": "a/b", "regressed": "maybe"}, r"\.regressed"),
    ],
)
def test_a_mistake_in_the_config_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_channel_config({"kind": "gitlab", **changes}, where="digest.channels[0]")


def test_a_project_may_be_a_number() -> None:
    config = parse_channel_config({"kind": "gitlab", "project": 42}, where="digest.channels[0]")

    assert config.model_dump()["project"] == "42"

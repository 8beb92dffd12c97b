"""What every tracker keeps to, through the whole delivery over real HTTP: exactly one issue, whatever is lost."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, field

from collector.replacing import replace
from collector.store import Store
from logtriage.delivery import Delivered, deliver
from logtriage.notifiers.channel import Notifier, Place
from tests.support.gitlab_boards import GitLabBoard
from tests.support.jira_boards import CloudBoard, DataCenterBoard
from tests.support.receiver import Fault, Reply
from tests.support.telling_messages import MINUTE_NS, NOW_NS, make_message, make_store, put
from tests.support.tracker_boards import TrackerBoard

KINDS: dict[str, Any] = {"gitlab": GitLabBoard, "jira cloud": CloudBoard, "jira data center": DataCenterBoard}
MOST = ["gitlab", "jira cloud"]  # a Data Center differs in its texts alone, and does not tell customers from others
NEW = {"title": "GCP-new | P1 | shop: payment refused", "body": "94 of 96 fail.", "labels": ("P1",)}


@dataclass
class Clock:
    """Time that passes only when it is slept."""

    at_ns: int = NOW_NS

    def now_ns(self) -> int:
        self.at_ns += 1000
        return self.at_ns

    def sleep(self, wait_s: float) -> None:
        self.at_ns += round(wait_s * 1e9)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("empty"), is_made=True).path


@pytest.fixture
def store(tmp_path: Path, empty: Path) -> Store:
    shutil.copy(empty, tmp_path)
    return make_store(tmp_path)


@pytest.fixture(scope="module", params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def board(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrackerBoard]:
    with ExitStack() as stack:
        board = KINDS[kind](stack, datetime.fromtimestamp(NOW_NS / 1e9, UTC))
        monkeypatch.setenv(board.variable, board.token)
        yield board


class Line(Struct):
    """One channel and its store, run after run."""

    store: Store
    board: TrackerBoard
    channel: Notifier
    clock: Clock

    def tell(self, minutes: int = 0, **fields: Any) -> Delivered:
        """One look that has a message to say, and its delivery."""
        words = {**NEW, "act": "change" if minutes else "open", **fields}
        message = make_message(made_at_ns=NOW_NS + minutes * MINUTE_NS, **words)
        put(self.store, message, channels=(self.channel.name,))
        return self.go(minutes)

    def go(self, minutes: int = 0) -> Delivered:
        self.clock.at_ns = max(self.clock.at_ns, NOW_NS + minutes * MINUTE_NS)
        self.board.set_time(datetime.fromtimestamp(self.clock.at_ns / 1e9, UTC))
        (told,) = deliver(self.store, [self.channel], clock_ns=self.clock.now_ns, sleep=self.clock.sleep)
        return told


class Talk(Struct):
    """One channel that does each step of a message, as the delivery does where nothing is lost."""

    board: TrackerBoard
    channel: Notifier
    places: dict[str, Place] = field(default_factory=dict)

    def tell(self, minutes: int = 0, **fields: Any) -> None:
        words = {**NEW, "act": "change" if minutes else "open", "news": f"It is {fields.get('state', 'new')}."}
        message = make_message(made_at_ns=NOW_NS + minutes * MINUTE_NS, **{**words, **fields})
        self.board.set_time(datetime.fromtimestamp(message.made_at_ns / 1e9, UTC))
        at = self.places.get(message.incident_id)
        for step in self.channel.steps(message, at):
            at = self.channel.do(
                step, message, delivery_id=f"d{minutes}", place=at, is_repeat=False, places=dict(self.places)
            )
        if at is not None:
            self.places[message.incident_id] = at


@pytest.fixture
def talk(board: TrackerBoard) -> Talk:
    return Talk(board, board.open())


@pytest.fixture
def line(store: Store, board: TrackerBoard) -> Line:
    return Line(store, board, board.open(), Clock())


OVER = {"state": "resolved", "title": "GCP-resolved | P1 | shop: payment refused"}
BACK = {"state": "regressed", "title": "GCP-regression | P0 | shop: payment refused", "is_back": True,
        "priority": "P0", "labels": ("P0",)}  # fmt: skip


def test_an_incident_is_one_issue_over_its_whole_life(line: Line, board: TrackerBoard) -> None:
    assert line.tell().is_clean
    assert line.tell(120, **OVER).is_clean

    (issue,) = board.issues()
    assert issue.title == "GCP-resolved | P1 | shop: payment refused"
    assert not issue.is_open
    assert "P1" in issue.labels
    assert len(issue.comments) == 1
    assert "It is resolved" in issue.comments[0]
    assert line.go(180).steps == ()


def test_figures_alone_edit_the_issue_and_wake_nobody(talk: Talk, board: TrackerBoard) -> None:
    talk.tell()
    talk.tell(60, act="edit", figures="120/122", body="120 of 122 fail.")

    (issue,) = board.issues()
    assert "120 of 122 fail." in issue.body
    assert issue.comments == []


def test_what_comes_back_opens_its_issue_again(talk: Talk, board: TrackerBoard) -> None:
    talk.tell()
    talk.tell(60, **OVER)
    talk.tell(120, **BACK)

    (issue,) = board.issues()
    assert issue.is_open
    assert issue.title == "GCP-regression | P0 | shop: payment refused"
    assert "It is regressed" in issue.comments[-1]
    assert "P0" in issue.labels
    assert "P1" not in issue.labels


def test_an_issue_that_somebody_deleted_is_told_once_and_opened_anew_by_what_changes(
    line: Line, board: TrackerBoard
) -> None:
    line.tell()
    (issue,) = board.issues()
    board.delete(issue.id)

    figures = line.tell(60, act="edit", figures="120/122", body="120 of 122 fail.")
    again = line.tell(120, act="edit", figures="130/132", body="130 of 132 fail.")
    over = line.tell(180, **OVER)
    back = line.tell(240, **BACK)
    on = line.tell(300, act="edit", figures="9/9", body="9 of 9 fail.")

    assert [len(one.refused) for one in (figures, again, over, back, on)] == [1, 0, 0, 0, 0]
    assert f"issue {issue.id} is gone: somebody deleted it" in figures.refused[0]
    assert [one.left for one in (figures, again, over, back, on)] == [0] * 5
    (anew,) = board.issues()
    assert anew.id != issue.id
    assert anew.is_open
    assert "9 of 9 fail." in anew.body


def test_what_comes_back_gets_a_new_linked_issue_by_choice(talk: Talk, board: TrackerBoard) -> None:
    talk = replace(talk, channel=board.open(regressed="new"))
    talk.tell()
    talk.tell(60, **OVER)
    talk.tell(120, **BACK)
    talk.tell(180, **{**BACK, "act": "edit", "is_back": False}, figures="9/9", body="9 of 9 fail.")

    first, second = board.issues()
    assert [first.is_open, second.is_open] == [False, True]
    assert second.title == "GCP-regression | P0 | shop: payment refused"
    assert "9 of 9 fail." in second.body
    assert first.id in second.linked


def test_an_issue_that_nobody_closed_is_told_and_not_doubled(talk: Talk, board: TrackerBoard) -> None:
    talk = replace(talk, channel=board.open(regressed="new", close=False))
    talk.tell()
    talk.tell(60, **OVER)
    talk.tell(120, **BACK)

    (issue,) = board.issues()
    assert issue.is_open
    assert len(issue.comments) == 2


def test_related_issues_are_linked(talk: Talk, board: TrackerBoard) -> None:
    talk.tell(incident_id="i-old")
    talk.tell(1, act="open", related=("i-old", "i-unknown"))

    first, second = board.issues()
    assert second.linked == [first.id]


@pytest.mark.parametrize("reply", [None, Reply(502, "bad gateway"), Reply(201, "{cut")])
def test_an_answer_lost_after_a_create_leaves_one_issue(reply: Reply | None, line: Line, board: TrackerBoard) -> None:
    board.faults.append(Fault("POST", board.create_end, reply, is_done=True))

    line.tell()
    line.go(30)

    assert len(board.issues()) == 1
    assert line.go(60).left == 0


@pytest.mark.parametrize("kind", MOST, indirect=True)
def test_an_answer_lost_before_a_create_leaves_one_issue(line: Line, board: TrackerBoard) -> None:
    board.faults.append(Fault("POST", board.create_end, Reply(503, "down")))

    line.tell()
    line.go(30)

    assert len(board.issues()) == 1


@pytest.mark.parametrize("kind", MOST, indirect=True)
@pytest.mark.parametrize("is_done", [True, False])
def test_an_answer_lost_at_a_comment_leaves_one_comment(is_done: bool, line: Line, board: TrackerBoard) -> None:  # noqa: FBT001 - what is told apart
    line.tell()
    board.faults.append(Fault("POST", board.comment_end, None, is_done=is_done))

    line.tell(60, **OVER)
    line.go(90)

    (issue,) = board.issues()
    assert len(issue.comments) == 1
    assert not issue.is_open


@pytest.mark.parametrize("kind", MOST, indirect=True)
def test_a_long_429_is_left_to_the_next_cycle(line: Line, board: TrackerBoard) -> None:
    board.faults.append(Fault("POST", board.create_end, Reply(429, "", {"Retry-After": "3600"})))

    assert "HTTP 429" in line.tell().failed[0]
    assert board.issues() == []
    assert line.go(60).is_clean
    assert len(board.issues()) == 1


@pytest.mark.parametrize("kind", MOST, indirect=True)
def test_a_store_that_is_lost_finds_its_issues_again(line: Line, board: TrackerBoard, tmp_path: Path) -> None:
    line.tell()
    (tmp_path / "other").mkdir()
    fresh = replace(line, store=make_store(tmp_path / "other", is_made=True))

    fresh.tell(act="open")

    assert len(board.issues()) == 1


@pytest.mark.parametrize("kind", MOST, indirect=True)
def test_a_mark_that_a_log_line_fakes_is_no_mark(line: Line, board: TrackerBoard) -> None:
    board.write_issue("GCP-new | P1 | fake", board.mark_of("i-pay"))

    line.tell()

    assert len(board.issues()) == 2


def test_people_are_heard_and_we_are_not(talk: Talk, board: TrackerBoard) -> None:
    talk.tell()
    talk.tell(60, **OVER)
    talk.tell(120, **BACK)
    (issue,) = board.issues()
    places = {"i-pay": board.place(issue.id)}

    assert talk.channel.hear(places, since_ns=NOW_NS) == ()
    board.close(issue.id)
    board.reopen(issue.id)
    board.say(issue.id, "logtriage wrong")
    board.say(issue.id, "the logtriage right thing")
    heard = talk.channel.hear(places, since_ns=NOW_NS)

    assert [one.said for one in heard] == ["closed", "reopened", "wrong"]
    assert {one.incident_id for one in heard} == {"i-pay"}
    assert len({one.event_id for one in heard}) == 3
    assert talk.channel.hear(places, since_ns=NOW_NS) == heard
    assert talk.channel.hear(places, since_ns=NOW_NS + 600 * MINUTE_NS) == ()
    assert talk.channel.hear({}, since_ns=NOW_NS) == ()


@pytest.mark.parametrize("kind", MOST, indirect=True)
def test_a_strangers_verdict_settles_nothing(talk: Talk, board: TrackerBoard) -> None:
    talk.tell()
    (issue,) = board.issues()
    board.say(issue.id, "logtriage wrong", by_stranger=True)

    assert [one.said for one in talk.channel.hear({"i-pay": board.place(issue.id)}, since_ns=NOW_NS)] == []


def test_an_issue_that_a_person_closed_opens_again(talk: Talk, board: TrackerBoard) -> None:
    talk.tell()
    board.close(board.issues()[0].id)

    talk.tell(60, act="change", is_back=True, verdict="x")

    (issue,) = board.issues()
    assert issue.is_open
    assert len(issue.comments) == 1


def test_a_title_and_labels_of_people_stay(talk: Talk, board: TrackerBoard) -> None:
    talk.tell()
    board.retitle(board.issues()[0].id, "Payments, again", "team-pay")

    talk.tell(60, **OVER)

    (issue,) = board.issues()
    assert issue.title == "Payments, again"
    assert "team-pay" in issue.labels


def test_a_sign_of_life_is_no_issue_and_a_warning_is_one_by_choice(board: TrackerBoard) -> None:
    heartbeat = make_message("", act="notice", key="heartbeat:1")
    warning = make_message("", act="notice", key="vanished:shop:00012:KEY")

    assert board.open().steps(heartbeat, None) == ()
    assert board.open().steps(warning, None) == ()
    assert board.open(warnings=True).steps(warning, None) == ("open",)
    assert board.open(warnings=True).steps(heartbeat, None) == ()


@pytest.mark.parametrize("kind", MOST, indirect=True)
def test_a_token_that_is_refused_is_told_without_it(
    board: TrackerBoard, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(board.variable, "another-very-secret")
    told = replace(line, channel=board.open()).tell()

    assert board.variable in told.refused[0]
    assert "very-secret" not in told.refused[0]
    assert "very-secret" not in repr(line.channel)


def test_a_long_title_and_body_fit(talk: Talk, board: TrackerBoard) -> None:
    talk.tell(title="GCP-new | P1 | " + "x" * 400, body="word " * 300_000)

    assert len(board.issues()) == 1

"""Deliveries over real HTTP: what is lost on the way is neither doubled nor forgotten."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from collector.replacing import replace
from collector.retention import prune_by_age
from collector.stopping import Stop, Stopped, heed
from collector.store import Store
from logtriage.delivery import Delivered, Patience, deliver
from logtriage.delivery_lock import hold_deliveries
from logtriage.message import Message
from logtriage.notifiers.channel import Place, Step
from tests.support.board import Board, BoardChannel, Trouble, serve_board
from tests.support.telling_messages import MINUTE_NS, NOW_NS, make_message, make_store, put

DAY_NS = 24 * 60 * MINUTE_NS


@dataclass
class Clock:
    """Time that passes only when it is told to, or slept."""

    at_ns: int = NOW_NS
    slept: list[float] = field(default_factory=list)

    def now_ns(self) -> int:
        self.at_ns += 1000
        return self.at_ns

    def sleep(self, wait_s: float) -> None:
        self.slept.append(wait_s)
        self.at_ns += round(wait_s * 1e9)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def board() -> Iterator[Board]:
    with serve_board() as served:
        yield served


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the whole schema, to be copied: making one takes longer than a delivery."""
    return make_store(tmp_path_factory.mktemp("empty"), is_made=True).path


@pytest.fixture
def store(tmp_path: Path, empty: Path) -> Store:
    shutil.copy(empty, tmp_path)
    return make_store(tmp_path)


def _go(store: Store, board: Board, clock: Clock, *, can_find: bool = True, tries_refused: bool = False) -> Delivered:
    channel = BoardChannel.at(board.url, can_find=can_find)
    return deliver(store, [channel], clock_ns=clock.now_ns, sleep=clock.sleep, tries_refused=tries_refused)[0]


def _later(message: Message, minutes: int, **fields: object) -> Message:
    made = make_message(message.incident_id, made_at_ns=NOW_NS + minutes * MINUTE_NS, **fields)
    return replace(made)


class TestTelling:
    def test_an_incident_is_opened_once_whatever_number_of_looks(
        self, store: Store, board: Board, clock: Clock
    ) -> None:
        """Two runs of one look, and a look that finds the same, add nothing."""
        assert [put(store, make_message()), put(store, make_message()), put(store, _later(make_message(), 60))] == [
            1, 0, 0,
        ]  # fmt: skip

        first, second = _go(store, board, clock), _go(store, board, clock)

        assert (first.steps, first.messages, first.is_clean) == ((("open", 1),), 1, True)
        assert (second.steps, second.messages) == ((), 0)
        assert len(board.issues) == 1

    def test_a_change_is_a_comment_and_an_end_closes(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message())
        _go(store, board, clock)
        put(store, _later(make_message(), 60, priority="P0"))
        _go(store, board, clock)
        put(store, _later(make_message(), 120, priority="P0", state="resolved"))
        _go(store, board, clock)

        issue = board.issues[0]
        assert [text.split(" <")[0] for text in issue["comments"]] == ["P0, was P1.", "It is resolved."]
        assert issue["state"] == "closed"

    def test_figures_alone_are_edited_in_place(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message())
        _go(store, board, clock)
        put(store, _later(make_message(), 60, figures="194/196"))
        done = _go(store, board, clock)

        assert done.steps == (("edit", 1),)
        assert board.issues[0]["comments"] == []

    def test_a_second_process_leaves_it_to_the_first(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message())

        with hold_deliveries(store.path) as is_alone:
            told = _go(store, board, clock)

        assert is_alone
        assert told.is_elsewhere
        assert board.issues == []

    def test_what_another_database_told_is_told_there_on(
        self, store: Store, tmp_path: Path, board: Board, clock: Clock
    ) -> None:
        (tmp_path / "a").mkdir()
        shutil.copy(store.path, tmp_path / "a")
        for one in (store, make_store(tmp_path / "a")):
            put(one, make_message())
            _go(one, board, clock)

        assert len(board.issues) == 1
        assert board.issues[0]["title"] == "P1 new · shop · payment refused"

    def test_a_wish_to_stop_is_heard_between_two_messages(self, store: Store, board: Board, clock: Clock) -> None:
        for number in range(3):
            put(store, make_message(f"i{number}"))
        stop = Stop()
        channel = _StopsAfter(BoardChannel.at(board.url), stop)

        with heed(stop), pytest.raises(Stopped):
            deliver(store, [channel], clock_ns=clock.now_ns)
        left = _go(store, board, clock)

        assert (len(board.issues), left.messages) == (3, 2)
        assert not any("repeat" in issue["text"] for issue in board.issues)


@dataclass
class _StopsAfter:
    """A board on which, while the first message is on its way, the wish to stop is made."""

    board: BoardChannel
    stop: Stop

    def __getattr__(self, name: str) -> Any:
        return getattr(self.board, name)

    def do(self, *given: Any, **named: Any) -> Place:
        self.stop.set()
        return self.board.do(*given, **named)


class TestLostAnswers:
    @pytest.mark.parametrize(
        "trouble", [Trouble(502), Trouble(0)], ids=["502 after the create", "cut after the create"]
    )
    def test_an_issue_whose_answer_was_lost_is_found(
        self, store: Store, board: Board, clock: Clock, trouble: Trouble
    ) -> None:
        put(store, make_message())
        board.troubles = [trouble]

        done = _go(store, board, clock)

        assert (len(board.issues), done.steps, done.is_clean) == (1, (("open", 1),), True)
        put(store, _later(make_message(), 60, state="resolved"))
        _go(store, board, clock)
        assert board.issues[0]["state"] == "closed"

    def test_a_search_that_lags_is_asked_again(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message())
        board.troubles, board.blind_looks = [Trouble(502)], 4

        _go(store, board, clock)

        assert len(board.issues) == 1
        assert sum(clock.slept) >= 2 + 4 + 8

    def test_what_never_arrived_is_sent_again_and_says_so(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message())
        board.troubles = [Trouble(502, does=False)]

        _go(store, board, clock)

        assert ["may be a repeat" in one["text"] for one in board.issues] == [True]
        assert sum(clock.slept) >= Patience().trusted_after_s

    def test_where_nothing_can_be_looked_up_it_is_sent_again_later(
        self, store: Store, board: Board, clock: Clock
    ) -> None:
        put(store, make_message())
        board.troubles = [Trouble(502)]

        first = _go(store, board, clock, can_find=False)
        at_once = _go(store, board, clock, can_find=False)
        clock.at_ns += 60 * MINUTE_NS
        later = _go(store, board, clock, can_find=False)

        assert [len(first.failed), at_once.left, later.messages] == [1, 1, 1]
        assert ["may be a repeat" in one["text"] for one in board.issues] == [False, True]

    def test_a_comment_whose_answer_was_lost_is_written_once(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message())
        _go(store, board, clock)
        put(store, _later(make_message(), 60, priority="P0"))
        board.troubles = [Trouble(503)]

        _go(store, board, clock)

        assert len(board.issues[0]["comments"]) == 1

    def test_a_repeat_that_meets_a_limit_is_still_looked_up(self, store: Store, board: Board, clock: Clock) -> None:
        """Nothing was done by the second attempt; the first may yet come to light."""
        put(store, make_message())
        board.troubles, board.blind_looks = [Trouble(502), Trouble(429, does=False)], 7

        failed = _go(store, board, clock)
        board.blind_looks = 0
        done = _go(store, board, clock)

        assert (len(failed.failed), done.messages, len(board.issues)) == (1, 1, 1)


class TestRefusals:
    def test_a_limit_is_waited_for_until_the_next_cycle(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message())
        board.troubles = [Trouble(429, does=False, headers={"Retry-After": "3600"})]

        failed, done = _go(store, board, clock), _go(store, board, clock)

        assert "429" in failed.failed[0]
        assert (failed.left, done.messages, len(board.issues)) == (1, 1, 1)
        assert "repeat" not in board.issues[0]["text"]

    def test_what_is_refused_is_told_and_waits_for_a_day(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message(), make_message("i-cache", priority="P2"))
        board.troubles = [Trouble(422, does=False)]

        refused = _go(store, board, clock)
        held = _go(store, board, clock)
        clock.at_ns += DAY_NS
        done = _go(store, board, clock)

        assert ("422" in refused.refused[0], refused.messages) == (True, 1)
        assert (held.messages, held.left) == (0, 1)
        assert (done.messages, len(board.issues)) == (1, 2)

    def test_a_person_who_runs_it_again_has_it_tried_again(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message())
        board.troubles = [Trouble(401, does=False)]

        _go(store, board, clock)

        assert _go(store, board, clock, tries_refused=True).messages == 1

    def test_a_channel_that_was_down_for_a_day_is_told_what_is_now(
        self, store: Store, board: Board, clock: Clock
    ) -> None:
        """One issue with the state of now, and every change of the day in one comment."""
        put(store, make_message())
        down = BoardChannel.at("http://127.0.0.1:9")
        for hour, fields in enumerate(
            [{"priority": "P0"}, {"priority": "P0", "verdict": "shop-00009-new"}, {"state": "resolved"}], start=1
        ):
            assert deliver(store, [down], clock_ns=clock.now_ns, sleep=clock.sleep)[0].failed
            clock.at_ns += 60 * MINUTE_NS
            put(store, _later(make_message(), 60 * hour, **fields))

        done = _go(store, board, clock)

        assert (len(board.issues), done.messages, done.left) == (1, 1, 0)
        comment = board.issues[0]["comments"][0]
        assert "P0, was P1. shop-00009-new did it, not shop-00008-bad." in comment
        assert "It is resolved." in comment
        assert board.issues[0]["state"] == "closed"

    def test_what_came_and_went_between_two_looks_leaves_nothing_open(
        self, store: Store, board: Board, clock: Clock
    ) -> None:
        put(store)
        put(store, _later(make_message(), 60, state="resolved"))

        done = _go(store, board, clock)

        assert (done.steps, board.issues[0]["state"]) == ((("close", 1), ("open", 1)), "closed")
        assert not board.issues[0]["comments"]

    def test_what_gathered_for_a_place_that_cannot_be_asked_is_one_message(
        self, store: Store, board: Board, clock: Clock
    ) -> None:
        """A webhook or a mail holds the news itself: a reply would be the same message once more."""
        put(store, make_message())
        assert deliver(store, [BoardChannel.at("http://127.0.0.1:9", can_find=False)], sleep=clock.sleep)[0].failed
        put(store, _later(make_message(), 60, state="resolved"))

        done = _go(store, board, clock, can_find=False)

        assert (done.steps, done.messages, done.left) == ((("open", 1),), 1, 0)
        assert board.requests == ["POST /issues"]

    def test_a_message_that_always_fails_stands_in_nobodys_way(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message("i-a"))
        board.troubles = [Trouble(429, does=False)]
        _go(store, board, clock)
        put(store, make_message("i-b"), make_message("i-c"))

        _go(store, board, clock)

        assert [one["text"].split("<")[1][:3] for one in board.issues][-1] == "i-a"
        assert len(board.issues) == 3


def test_the_store_is_free_while_a_request_is_on_its_way(store: Store, board: Board) -> None:
    put(store, make_message())
    board.troubles = [Trouble(200, hang_s=0.2)]
    seen: list[float] = []

    class Watching(BoardChannel):
        def do(self, *args: object, **named: object):  # type: ignore[no-untyped-def] # noqa: ANN202 - as above it
            began = time.monotonic()
            with make_store(store.path.parent, write_wait_s=1.0).write() as writer:
                writer.frame("find_last_told")
            seen.append(time.monotonic() - began)
            return super().do(*args, **named)  # type: ignore[arg-type]

    deliver(store, [Watching(BoardChannel.at(board.url).api)])

    assert len(seen) == 1
    assert len(board.issues) == 1


class _CutOff(BoardChannel):
    """The process ends before an answer is stored."""

    def do(self, step: Step, message: Message, **named: Any) -> Place:
        super().do(step, message, **named)
        raise KeyboardInterrupt


class TestOtherClocksAndCopies:
    def test_a_database_restored_from_before_repeats_no_comment(
        self, store: Store, board: Board, clock: Clock, tmp_path: Path
    ) -> None:
        """It saw other edits meanwhile: a word is the same all the same."""
        put(store, make_message())
        _go(store, board, clock)
        shutil.copy(store.path, tmp_path / "before")
        put(store, _later(make_message(), 30, figures="95/97"))
        put(store, _later(make_message(), 60, priority="P0"))
        _go(store, board, clock)
        shutil.copy(tmp_path / "before", store.path)
        put(store, _later(make_message(), 90, priority="P0"))

        done = _go(store, board, clock)

        assert (len(board.issues), len(board.issues[0]["comments"])) == (1, 1)
        assert done.is_clean
        assert not done.left

    def test_a_clock_that_was_set_back_hides_no_attempt(self, store: Store, board: Board, clock: Clock) -> None:
        """The attempt that was cut off is the last one, though an earlier one bears a later time."""
        put(store, make_message())
        board.troubles = [Trouble(429, does=False)]
        _go(store, board, clock)
        clock.at_ns -= 3600 * 10**9
        with pytest.raises(KeyboardInterrupt):
            deliver(store, [_CutOff.at(board.url)], clock_ns=clock.now_ns, sleep=clock.sleep)
        board.troubles = []

        done = _go(store, board, clock)

        assert (len(board.issues), done.left) == (1, 0)

    def test_what_waits_does_not_wait_for_a_clock_to_come_round(self, store: Store, board: Board, clock: Clock) -> None:
        put(store, make_message())
        board.troubles = [Trouble()]
        _go(store, board, clock, can_find=False)
        clock.at_ns -= 365 * DAY_NS

        done = _go(store, board, clock, can_find=False)

        assert (done.messages, done.left) == (1, 0)


def test_delivered_figures_of_a_long_incident_are_thinned_out_and_it_is_told_on_in_its_place(
    store: Store, board: Board, clock: Clock
) -> None:
    """The first word is taken over by an edit, which so holds the place: that row stays, too."""
    channel = BoardChannel.at(board.url)
    put(store, make_message())
    for day in range(40):
        put(store, make_message(figures=f"{day}/96", made_at_ns=NOW_NS + (day + 1) * DAY_NS))
        clock.at_ns = NOW_NS + (day + 1) * DAY_NS
        deliver(store, [channel], clock_ns=clock.now_ns, sleep=clock.sleep)
    put(store, make_message(figures="95/96", made_at_ns=NOW_NS + 50 * DAY_NS))
    before = _rows(store)

    prune_by_age(store, NOW_NS + 45 * DAY_NS, now_ns=NOW_NS + 50 * DAY_NS, stop=Stop())
    after = _rows(store)
    clock.at_ns = NOW_NS + 50 * DAY_NS
    told = deliver(store, [channel], clock_ns=clock.now_ns, sleep=clock.sleep)[0]
    put(store, make_message(state="resolved", made_at_ns=NOW_NS + 51 * DAY_NS))
    over = deliver(store, [channel], clock_ns=clock.now_ns, sleep=clock.sleep)[0]

    assert before == (42, 121)
    assert after == (2, 2)  # the first word and what waits; how that ended, and where it stands
    assert (told.steps, over.steps) == ((("edit", 1),), (("close", 1), ("edit", 1), ("reply", 1)))
    (issue,) = board.issues
    assert issue["state"] == "closed"


def _rows(store: Store) -> tuple[int, int]:
    with store.read() as reader:
        outbox, deliveries = (
            int(reader.sql(f"select count(*) from {name}").item()) for name in ("outbox", "deliveries")
        )
    return outbox, deliveries

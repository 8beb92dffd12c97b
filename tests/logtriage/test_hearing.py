"""What people say in a channel: stored once, never who; a word settles the verdict."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from classifiers.calibration import remember
from classifiers.config import ClassifyConfig
from classifiers.record import read_claims
from collector.store import Store
from logtriage.delivery import deliver
from logtriage.hearing import Listened, listen
from tests.support.board import Board, BoardChannel, serve_board
from tests.support.findings import END_NS, findings
from tests.support.killed_delivery import AT_ONCE
from tests.support.telling_messages import make_message, make_store, put

SAID_NS = END_NS + 60 * 10**9
NOW_NS = END_NS + 3600 * 10**9


@pytest.fixture
def board() -> Iterator[Board]:
    with serve_board() as one:
        yield one


@pytest.fixture
def told(tmp_path: Path, board: Board) -> Store:
    """A store whose incident was told, with its verdict."""
    store = make_store(tmp_path, is_made=True)
    remember(store, findings(), ClassifyConfig())
    put(store, make_message(made_at_ns=END_NS))
    deliver(store, [BoardChannel.at(board.url)], clock_ns=lambda: END_NS, patience=AT_ONCE)
    return store


def test_a_word_settles_the_verdict_once(told: Store, board: Board) -> None:
    board.said = [
        {"issue": "1", "said": "wrong", "at_ns": SAID_NS, "id": "reaction-1"},
        {"issue": "1", "said": "closed", "at_ns": SAID_NS + 1, "id": "event-2"},
        {"issue": "99", "said": "right", "at_ns": SAID_NS, "id": "reaction-9"},
    ]
    channel = BoardChannel.at(board.url)

    first, again = (listen(told, channel, now_ns=NOW_NS) for _ in range(2))

    assert (first, again) == (Listened(2, 1), Listened(0, 0))
    with told.read() as reader:
        (claim,) = (one for one in read_claims(reader, end_ns=2**62) if one.first.cluster_id == "c-pay")
        heard = reader.frame("find_heard", end_ns=NOW_NS)
    assert (claim.outcome, claim.by_person is not None) == ("wrong", True)
    assert heard.select("incident_id", "said").rows() == [("i-pay", "wrong"), ("i-pay", "closed")]


def test_a_clock_that_was_set_back_makes_nobody_deaf(told: Store, board: Board) -> None:
    channel = BoardChannel.at(board.url)
    listen(told, channel, now_ns=NOW_NS + 365 * 86_400 * 10**9)
    board.said = [{"issue": "1", "said": "right", "at_ns": SAID_NS, "id": "reaction-1"}]

    assert listen(told, channel, now_ns=SAID_NS + 10**9) == Listened(1, 1)


def test_nobody_is_listened_to_before_anything_was_told(tmp_path: Path, board: Board) -> None:
    store = make_store(tmp_path)

    assert listen(store, BoardChannel.at(board.url), now_ns=NOW_NS) == Listened(0, 0)
    assert board.requests == []
    assert not store.path.exists()

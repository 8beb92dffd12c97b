"""Clocks of servers that answer, beside the clock of this machine."""

import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

import grpc
import pytest

from collector import other_clocks
from collector.other_clocks import OtherClocks, heard, hearing_channel

_NOON_S = 1_767_614_400.0
_NOON = "Mon, 05 Jan 2026 12:00:00 GMT"


class _Clocks:
    """The clock on the wall, and one that only runs on."""

    def __init__(self, wall_s: float) -> None:
        self.wall_s, self.running_s = wall_s, 100.0
        self.book = OtherClocks(lambda: self.wall_s, lambda: self.running_s)

    def pass_by(self, seconds: float) -> None:
        self.wall_s += seconds
        self.running_s += seconds


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> OtherClocks:
    """A book of this test's own, with real clocks."""
    own = OtherClocks()
    monkeypatch.setattr(other_clocks, "BOOK", own)
    return own


def test_a_clock_that_runs_ahead_is_told_however_long_ago_the_answer_came() -> None:
    clocks = _Clocks(_NOON_S + 420)
    clocks.book.heard("source logs", _NOON)
    clocks.pass_by(3600)

    assert clocks.book.ahead_s() == {"source logs": 420}


def test_a_clock_that_is_set_right_is_right_before_the_next_answer() -> None:
    clocks = _Clocks(_NOON_S - 420)
    clocks.book.heard("source logs", _NOON)
    clocks.wall_s += 420

    assert clocks.book.ahead_s() == {"source logs": 0}


@pytest.mark.parametrize("date", [None, "", "yesterday", "Mon, 99 Jan 2026 12:00:00 GMT", "x" * 1000])
def test_what_is_no_date_tells_nothing(date: str | None) -> None:
    clocks = _Clocks(_NOON_S)
    clocks.book.heard("source logs", date)

    assert not clocks.book.ahead_s()


def test_an_answer_out_of_a_cache_tells_nothing(book: OtherClocks) -> None:
    heard("source traces", {"date": _NOON, "age": "300"})
    assert not book.ahead_s()

    heard("source traces", {"date": _NOON})
    assert list(book.ahead_s()) == ["source traces"]


def test_few_servers_are_kept() -> None:
    clocks = _Clocks(_NOON_S)
    for number in range(100):
        clocks.book.heard(f"channel {number}", _NOON)

    assert len(clocks.book.ahead_s()) == 32
    assert "channel 99" in clocks.book.ahead_s()


@pytest.mark.parametrize("is_refused", [False, True])
def test_an_answer_over_grpc_is_heard_and_given_as_it_is(book: OtherClocks, is_refused: bool) -> None:  # noqa: FBT001
    def answer(request: bytes, context: Any) -> bytes:
        context.send_initial_metadata((("date", formatdate(time.time() - 600, usegmt=True)),))
        if is_refused:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")
        return request

    server = grpc.server(ThreadPoolExecutor(1))
    handlers = {"Say": grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with hearing_channel(grpc.insecure_channel(f"127.0.0.1:{port}"), "source logs") as channel:
        say = channel.unary_unary("/test.Echo/Say")
        if is_refused:
            with pytest.raises(grpc.RpcError) as refused:
                say(b"hello", timeout=300)
            assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
        else:
            assert say(b"hello", timeout=300) == b"hello"
    server.stop(None).wait(5)

    assert book.ahead_s()["source logs"] == pytest.approx(600, abs=10)

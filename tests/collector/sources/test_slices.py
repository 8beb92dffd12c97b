"""How far a source has been read: what is settled was visible when it was read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.sources.slices import Meter, Reach, Slice, read_reach


def test_a_slice_settles_what_had_arrived_an_overlap_before_it_was_opened() -> None:
    reach = Reach(0, 0).closed(Slice(0, 100, opened_at_ns=100), overlap_ns=30)

    assert (reach.from_ns, reach.settled_ns, reach.open) == (0, 70, None)


def test_a_slice_of_the_past_settles_whole() -> None:
    assert Reach(0, 0).closed(Slice(0, 100, opened_at_ns=500), overlap_ns=30).settled_ns == 100


def test_a_slice_behind_a_gap_settles_nothing() -> None:
    assert Reach(0, 70).closed(Slice(100, 200, opened_at_ns=500), overlap_ns=30).settled_ns == 70


def test_a_slice_at_the_older_end_reaches_further_back() -> None:
    reach = Reach(100, 200).closed(Slice(40, 100, opened_at_ns=500), overlap_ns=30)

    assert (reach.from_ns, reach.settled_ns) == (40, 200)


def test_a_stretch_that_begins_just_now_is_read_anew_from_further_back() -> None:
    reach = Reach(990, 995)

    assert reach.reaching_back(100, now_ns=1000, overlap_ns=30) == Reach(100, 100)
    assert reach.reaching_back(100, now_ns=2000, overlap_ns=30) == reach
    assert reach.reaching_back(None, now_ns=1000, overlap_ns=30) == reach


def test_a_page_token_serves_its_own_request_for_less_than_a_day() -> None:
    piece = Slice(0, 10, opened_at_ns=0, page_token="t", token_at_ns=0, request="r")

    assert piece.is_resumable(request="r", now_ns=3600 * 10**9)
    assert not piece.is_resumable(request="other", now_ns=0)
    assert not piece.is_resumable(request="r", now_ns=24 * 3600 * 10**9)
    assert not Slice(0, 10, opened_at_ns=0).is_resumable(request="", now_ns=0)


instants = st.integers(0, 2**62)


@given(instants, instants, st.none() | st.builds(Slice, instants, instants, instants, st.text(), instants, st.text()))
def test_a_reach_survives_the_store(from_ns: int, settled_ns: int, piece: Slice | None) -> None:
    reach = Reach(from_ns, settled_ns, piece)

    assert read_reach(reach.as_cursor()) == reach


@pytest.mark.parametrize(
    "stored",
    [None, 3, {}, {"from_ns": 1}, {"from_ns": "x", "settled_ns": 1, "open": None},
     {"from_ns": 1, "settled_ns": 1, "open": {"a": 1}}],
)  # fmt: skip
def test_what_is_no_reach_is_none(stored: Any) -> None:
    assert read_reach(stored) is None


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 40)), min_size=1, max_size=30),
    st.integers(0, 40),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 40)), max_size=40),
)
def test_no_entry_that_becomes_visible_within_the_overlap_is_missed(
    steps: list[tuple[int, int]], overlap: int, arrivals: list[tuple[int, int]]
) -> None:
    """Pulls of several slices at rising times; an entry arrives at r and becomes visible at r + delay <= overlap."""
    entries = [(arrived, arrived + min(delay, overlap)) for arrived, delay in arrivals]
    reach, now, seen = Reach(0, 0), 0, set()

    for pause, length in steps:
        now += pause
        at = reach.settled_ns
        while at < now:
            piece = Slice(at, min(now, at + max(1, length)), opened_at_ns=now)
            seen |= {e for e in entries if piece.start_ns <= e[0] < piece.end_ns and e[1] <= now}
            reach = reach.closed(piece, overlap_ns=overlap)
            at = piece.end_ns

    assert seen >= {entry for entry in entries if entry[0] < reach.settled_ns}
    assert reach.settled_ns >= now - overlap


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=20))
def test_the_share_never_falls_and_ends_at_one(pieces: list[tuple[int, int]]) -> None:
    meter = Meter(sum(length for length, _ in pieces))
    shares = []

    for length, within in pieces:
        shares.append(meter.share(min(within, length)))
        meter.add(length)
        shares.append(meter.share())

    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    if sum(length for length, _ in pieces):
        assert shares[-1] == 1.0


def test_a_reach_into_a_time_that_is_yet_to_come_is_no_knowledge() -> None:
    ahead = Reach(500, 2000, Slice(2000, 2100, opened_at_ns=2050))

    assert ahead.righted(700, now_ns=1000) == Reach(500, 500)
    assert ahead.righted(300, now_ns=1000) == Reach(300, 300)
    assert ahead.righted(700, now_ns=2060) == ahead


def test_a_slice_that_was_opened_in_a_time_to_come_is_read_from_its_first_page() -> None:
    reach = Reach(500, 900, Slice(900, 2100, opened_at_ns=2050, page_token="t", token_at_ns=2050, request="r"))

    assert reach.righted(700, now_ns=1000) == Reach(500, 900)

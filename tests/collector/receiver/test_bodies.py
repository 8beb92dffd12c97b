"""Inflating within bounds."""

import contextlib
import gzip
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from collector.receiver.answers import Refusal
from collector.receiver.bodies import inflate, read_json


def _no_bound(count: int) -> None:
    assert count >= 0


@given(st.binary(max_size=300), st.integers(1, 400))
def test_what_was_compressed_comes_back_unless_it_is_too_large(body: bytes, limit: int) -> None:
    packed = {"gzip": gzip.compress(body), "deflate": zlib.compress(body), "zstd": zstandard.compress(body)}

    for encoding, sent in packed.items():
        if len(body) <= limit:
            assert inflate(sent, encoding, limit=limit, room=_no_bound) == body
        else:
            with pytest.raises(Refusal) as refusal:
                inflate(sent, encoding, limit=limit, room=_no_bound)
            assert refusal.value.http == 413


@given(st.binary(max_size=100), st.sampled_from(["gzip", "deflate", "zstd"]))
def test_garbage_is_refused_or_read_and_nothing_else(body: bytes, encoding: str) -> None:
    with contextlib.suppress(Refusal):
        assert len(inflate(body, encoding, limit=10_000, room=_no_bound)) <= 10_000


def test_a_bomb_is_counted_piece_by_piece() -> None:
    pieces: list[int] = []

    with pytest.raises(Refusal):
        inflate(gzip.compress(bytes(50_000_000)), "gzip", limit=200_000, room=pieces.append)

    assert sum(pieces) <= 200_000


def test_halves_of_surrogate_pairs_are_read_as_the_normaliser_does() -> None:
    assert read_json(b'{"resourceSpans": [{"x": "\\ud800"}]}')

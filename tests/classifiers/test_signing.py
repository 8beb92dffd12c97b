import random
from pathlib import Path
from typing import Any

import pytest

from classifiers import signing
from classifiers.signatures import RULES
from classifiers.signing import sign_new
from collector.config import StoreConfig
from collector.store import Store
from tests.support.pieces import TRACE, groups, import_pieces, occurrences, text_lines
from tests.support.system import System


def failing() -> System:
    system = System()
    for step in range(5):
        system.failure(step * 10, "orders", "orders-00001-aaa", "Error: price is missing")
    return system


def counts(store: Store) -> tuple[int, int]:
    with store.read() as reader:
        rows = reader.frame("find_failures", start_ns=0, end_ns=2**62, rules=RULES)
    return rows.height, int(rows["entries"].sum())


def test_every_failing_entry_gets_one_occurrence_and_its_batch_a_mark(tmp_path: Path) -> None:
    store = failing().stored(tmp_path, is_signed=False)

    assert sign_new(store) == 10
    assert counts(store) == (10, 10)


def test_signing_again_adds_nothing(tmp_path: Path) -> None:
    store = failing().stored(tmp_path)

    assert sign_new(store) == 0
    assert counts(store) == (10, 10)


def test_there_is_nothing_to_sign_without_a_database(tmp_path: Path) -> None:
    assert sign_new(Store(StoreConfig(path=tmp_path / "none.duckdb"))) == 0


class TestPieces:
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_halves_of_a_traceback_from_two_imports_become_one_occurrence(
        self, tmp_path: Path, order: tuple[int, int]
    ) -> None:
        entries = text_lines("ERROR cannot pay", *TRACE)
        halves = (entries[:3], entries[3:])

        store = import_pieces(tmp_path, *(halves[number] for number in order))

        assert groups(store) == [["ERROR cannot pay", *TRACE]]

    def test_the_signature_of_a_half_is_gone_when_the_whole_has_another(self, tmp_path: Path) -> None:
        entries = text_lines("ERROR cannot pay", *TRACE)

        whole = import_pieces(tmp_path / "whole", entries)
        pieces = import_pieces(tmp_path / "pieces", *([one] for one in entries))

        assert occurrences(pieces) == occurrences(whole)

    def test_a_late_line_that_tells_of_no_failure_joins_the_event_it_belongs_to(self, tmp_path: Path) -> None:
        entries = text_lines('ERROR database "shop', '" is not there')

        assert groups(import_pieces(tmp_path, entries[:1], entries[1:])) == [['ERROR database "shop', '" is not there']]

    def test_only_the_neighbourhood_of_what_is_new_is_signed_again(self, tmp_path: Path) -> None:
        far = [line for second in range(20) for line in text_lines("ERROR cannot pay", at_ms=2000 * second)]
        store = import_pieces(tmp_path, far)
        late = text_lines("ERROR cannot sell", at_ms=20_000.4)

        import_pieces(tmp_path, late, is_signed_between=False)

        with store.read() as reader:
            signed = reader.sql("select batch_id, count(*) from occurrences group by all order by all").rows()
        assert signed == [(1, 20), (2, 1)]

    def test_a_kill_between_a_slice_and_its_mark_doubles_nothing(self, tmp_path: Path) -> None:
        store = import_pieces(tmp_path, text_lines("ERROR cannot pay", *TRACE))
        before = occurrences(store)

        unmark(store)
        sign_new(store)

        assert occurrences(store) == before

    def test_slices_and_groups_of_any_size_give_the_same(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        entries = busy_stream(70, step_ms=30.0)
        whole = import_pieces(tmp_path / "whole", entries)
        # the sizes only bound memory; real ones would need millions of entries here
        monkeypatch.setattr(signing, "_ROWS_AT_ONCE", 20)
        monkeypatch.setattr(signing, "_ROWS_A_MARK", 60)
        random.Random(3).shuffle(entries)

        pieces = import_pieces(tmp_path / "pieces", entries[:40], entries[40:70], entries[70:], is_signed_between=False)

        assert occurrences(pieces) == occurrences(whole)

    def test_slices_are_small_where_texts_or_payloads_are_long(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(signing, "_BYTES_AT_ONCE", 1500)  # real ones would need texts of megabytes here
        entries = text_lines("ERROR " + "cannot pay " * 100, at_ms=0)
        late = text_lines("", at_ms=2000)[0] | {"jsonPayload": {"message": "ERROR", "order": "x" * 1000}}
        store = import_pieces(tmp_path, [*entries, late, *text_lines("ERROR at last", at_ms=4000)])
        unmark(store)

        with store.read() as reader:
            group = next(signing._groups(reader.frame("find_unsigned_batches", rules=RULES)))
            slices = list(signing._slices(reader, group))

        assert len(slices) == 2


class TestBounds:
    def test_a_stream_without_a_silence_is_parted_at_its_longest_one_in_a_second(self, tmp_path: Path) -> None:
        lines = [line for step in range(120) for line in text_lines("  at work", at_ms=25.0 * step)]
        lines += text_lines("Traceback (most recent call last):", at_ms=12.5)

        lengths = [len(event) for event in groups(import_pieces(tmp_path, lines))]

        assert lengths
        assert max(lengths) <= 80

    @pytest.mark.parametrize("pieces", [1, 2, 3])
    def test_lines_of_a_crowd_stand_alone_whatever_came_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: int
    ) -> None:
        monkeypatch.setattr(signing, "_CROWD", 30)  # a real crowd has 50,000
        crowd = [line for step in range(12) for line in text_lines("ERROR cannot pay", *TRACE, at_ms=40.0 * step)]
        crowd += text_lines(*TRACE, at_ms=999.98)
        size = -(-len(crowd) // pieces)

        store = import_pieces(tmp_path, *(crowd[at : at + size] for at in range(0, len(crowd), size)))

        assert {len(event) for event in groups(store)[:-1]} == {1}


def busy_stream(many: int, *, step_ms: float) -> list[dict[str, Any]]:
    """Lines and tracebacks of one instance, close to one another."""
    found = []
    for number in range(many):
        texts = ("INFO all is well",) if number % 5 else ("ERROR cannot pay", *TRACE)
        found += text_lines(*texts, at_ms=step_ms * number)
    return found


def unmark(store: Store) -> None:
    """As if the process had ended before its last transaction."""
    import duckdb  # noqa: PLC0415 - only here a test reaches past the store

    with duckdb.connect(str(store.path)) as connection:
        connection.execute("delete from signed").fetchall()

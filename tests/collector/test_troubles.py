"""Looks at trouble, in the store."""

from pathlib import Path

from collector.config import StoreConfig
from collector.store import Store
from collector.troubles import AGAIN_NS, Trouble, note_troubles, write_troubles


def test_looks_at_trouble_are_stored_as_they_were_made(tmp_path: Path) -> None:
    store = Store(StoreConfig(path=tmp_path / "t.duckdb"))
    write_troubles(store, ())
    assert not store.path.exists()

    write_troubles(
        store,
        [Trouble("quota", "logs", 1, is_over=False, detail="429 for 1 min"), Trouble("quota", "logs", 2, True, "")],
    )

    with store.read() as reader:
        rows = reader.sql("from troubles order by seen_at_ns").rows()
    assert rows == [("quota", "logs", 1, False, "429 for 1 min"), ("quota", "logs", 2, True, "")]


def test_only_what_begins_is_over_or_lasts_is_noted(tmp_path: Path) -> None:
    store = Store(StoreConfig(path=tmp_path / "t.duckdb"))

    def noted(at_ns: int, detail: str, *, is_over: bool = False) -> int:
        return note_troubles(store, [Trouble("disk", "store", at_ns, is_over, detail)])

    assert noted(1, "", is_over=True) == 0
    assert not store.path.exists()
    assert noted(2, "1 GiB free") == 1
    assert noted(3, "1 GiB free") == 0
    assert noted(4, "half a GiB free") == 1
    assert noted(4 + AGAIN_NS, "half a GiB free") == 1
    assert noted(5 + AGAIN_NS, "", is_over=True) == 1
    assert noted(6 + AGAIN_NS, "", is_over=True) == 0

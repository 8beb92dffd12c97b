from pathlib import Path

from classifiers.signing import sign_new
from collector.store import Store, StoreConfig
from tests.support.system import System


def failing() -> System:
    system = System()
    for step in range(5):
        system.failure(step * 10, "orders", "orders-00001-aaa", "Error: price is missing")
    return system


def counts(store: Store) -> tuple[int, int]:
    with store.read() as reader:
        rows = reader.frame("find_failures", start_ns=0, end_ns=2**62, rules=1)
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

"""A change of the rules: history is signed anew, what changes is told, and ids of before stay valid."""

from pathlib import Path

import pytest

from classifiers import resigning, signatures, signing
from classifiers.naming import read_names
from classifiers.resigning import Resigned, sign_anew, trial
from classifiers.signatures import RULES
from collector.config import StoreConfig
from collector.store import Store
from tests.support.system import System


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Two failures of a service, signed by the rules of before: those of now have the next number."""
    system = System()
    for step in range(5):
        system.failure(step * 10, "orders", "orders-00001-aaa", "Error: price is missing")
        system.failure(step * 10 + 5, "orders", "orders-00001-aaa", "Error: stock is missing")
    store = system.stored(tmp_path)
    for module in (resigning, signatures, signing):
        monkeypatch.setattr(module, "RULES", RULES + 1)  # a version of the rules is a constant of the code
    return store


def ids(store: Store, rules: int) -> set[str]:
    with store.read() as reader:
        rows = reader.frame("find_failures", start_ns=0, end_ns=2**62, rules=rules)
    return set(rows["signature_id"])


def told(found: Resigned | None) -> tuple[int, int, int, int]:
    assert found
    return found.records, found.kept.height, found.merged.height, found.split.height


def test_a_trial_tells_what_signing_anew_does_and_changes_nothing(store: Store) -> None:
    before = ids(store, RULES)

    with trial(store, StoreConfig(path=store.path)) as tried:
        found = sign_anew(tried)

    assert told(found) == (20, 3, 0, 0)
    assert (ids(store, RULES), ids(store, RULES + 1)) == (before, set())
    assert [path.name for path in store.path.parent.iterdir() if path.is_dir()] == []


def test_where_nothing_is_to_be_tried_the_trial_is_the_store_itself(store: Store) -> None:
    sign_anew(store)

    with trial(store, StoreConfig(path=store.path)) as tried:
        assert tried is store


def test_signing_anew_replaces_and_the_ids_of_before_still_resolve(store: Store) -> None:
    before = ids(store, RULES)

    assert told(sign_anew(store)) == (20, 3, 0, 0)

    after = ids(store, RULES + 1)
    assert (ids(store, RULES), len(after), before & after) == (set(), 3, set())
    with store.read() as reader:
        keys = reader.frame("find_signed_keys", rules=RULES + 1)
        names = read_names(reader, keys, rules=RULES + 1)
    assert {names.meaning(old).keys[0][2] for old in before} == after


def test_signing_anew_twice_tells_it_once(store: Store) -> None:
    assert sign_anew(store)

    assert sign_anew(store) is None


def test_a_run_that_was_cut_off_after_signing_is_finished_by_the_next(store: Store) -> None:
    signing.sign_new(store)

    assert sign_anew(store)

    assert ids(store, RULES) == set()


def test_signatures_that_fall_together_or_apart_are_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signatures, "_title", lambda text: text)
    monkeypatch.setattr(signatures, "_line", lambda text: "missing" if "missing" in text else text)

    found = sign_anew(store)

    assert found
    assert (found.merged["old_id"].n_unique(), found.merged["new_id"].n_unique()) == (2, 1)
    assert (found.gone, found.fresh) == (0, 0)


def test_there_is_nothing_to_sign_without_a_database(tmp_path: Path) -> None:
    assert sign_anew(Store(StoreConfig(path=tmp_path / "none.duckdb"))) is None

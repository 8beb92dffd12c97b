"""Rules of config.yaml in an analysis: replayed over each window, whatever else is in it."""

from pathlib import Path

from classifiers.clusters import cluster_id
from classifiers.config import HistoryConfig
from classifiers.history import read_history
from classifiers.rules import Rule
from classifiers.signatures import RULES
from collector.store import Store
from collector.window import NS_PER_S, Window
from tests.support.system import HOUR, START_NS, System

FIRST, SECOND = "the bank has no answer for this card", "stock of the article stays reserved for ever"
DAY = Window(START_NS, START_NS + 24 * HOUR * NS_PER_S)
EVENING = Window(START_NS + 12 * HOUR * NS_PER_S, DAY.end_ns)


def apart(tmp_path: Path) -> Store:
    """Two failures of a service: one in the morning only, one all day."""
    system = System()
    for step in range(4):
        system.line(step * 600, "shop", "shop-00001-aaa", FIRST)
        system.line(step * 6 * HOUR + 60, "shop", "shop-00001-aaa", SECOND)
    return system.stored(tmp_path)


def clusters(store: Store, window: Window, *rules: Rule) -> tuple[set[str], tuple[str, ...]]:
    with store.read() as reader:
        history = read_history(reader, window=window, config=HistoryConfig(baseline_days=0), rules=rules)
    return set(history.failures["cluster_id"]), history.warnings


def ids(store: Store) -> list[str]:
    with store.read() as reader:
        return sorted(reader.frame("find_signed_keys", rules=RULES)["signature_id"])


def test_a_merged_cluster_has_one_id_in_every_window(tmp_path: Path) -> None:
    store = apart(tmp_path)
    rule = Rule(merge=tuple(ids(store)))

    wide, narrow = clusters(store, DAY, rule), clusters(store, EVENING, rule)

    assert wide == narrow == ({cluster_id("shop-staging", "shop", ids(store)[0])}, ())


def test_without_a_rule_they_are_two(tmp_path: Path) -> None:
    assert len(clusters(apart(tmp_path), DAY)[0]) == 2


def test_a_name_that_is_nowhere_in_the_store_is_told(tmp_path: Path) -> None:
    _, warnings = clusters(apart(tmp_path), EVENING, Rule(split="f" * 16))

    assert "stands for nothing in this store" in warnings[0]

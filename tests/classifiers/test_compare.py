"""What failed on one revision and on another."""

from pathlib import Path

import numpy as np
import pytest

from classifiers.classify import compare, read_revisions
from classifiers.compare import Compared, Failing, surprise
from classifiers.config import ClassifyConfig
from collector.config import StoreConfig
from collector.records import Revision
from collector.store import Store
from collector.window import NS_PER_S, Window
from tests.support.system import HOUR, MINUTE, START_NS, System

OLD, NEW = "shop-00001-aaa", "shop-00002-bbb"


def failing(system: System, folder: Path, end_s: float = 2 * HOUR, start_s: float = 0) -> Failing:
    """OLD against NEW in [start_s, end_s)."""
    path = folder / "system.duckdb"
    store = Store(StoreConfig(path=path)) if path.exists() else system.stored(folder)
    window = Window(START_NS + round(start_s * NS_PER_S), START_NS + round(end_s * NS_PER_S))
    with store.read() as reader:
        known = {one.revision: one for one in read_revisions(reader)}
        return compare(reader, known.get(OLD, unknown(OLD)), known[NEW], window=window, config=ClassifyConfig())


def unknown(name: str) -> Revision:
    """A revision that nothing tells of."""
    return Revision("shop-staging", "shop", name, None, None, None, None, None, None, 0, None)


def spread(system: System, revision: str, start_s: float, many: int, message: str, over_s: float = HOUR) -> None:
    """Failures at even distances."""
    for number in range(many):
        system.failure(start_s + (number + 0.5) * over_s / many, "shop", revision, message)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Compared]:
    """An hour of each revision: something new, something gone, something grown, something alike, something rare."""
    system = System()
    system.traffic("shop", OLD, 0, HOUR, every_s=10)
    system.traffic("shop", NEW, HOUR, 2 * HOUR, every_s=10)
    spread(system, NEW, HOUR, 50, "ValueError: payment refused by the bank")
    spread(system, OLD, 0, 40, "KeyError: basket has no owner")
    spread(system, OLD, 0, 6, "TimeoutError: stock did not answer")
    spread(system, NEW, HOUR, 70, "TimeoutError: stock did not answer")
    spread(system, OLD, 0, 12, "OSError: label printer is offline")
    spread(system, NEW, HOUR, 14, "OSError: label printer is offline")
    spread(system, NEW, HOUR, 1, "RuntimeError: the drawer was open")
    found = failing(system, tmp_path_factory.mktemp("compare"))
    assert (found.unit, found.served_before, found.served_after, found.together) == ("requests", 418, 495, 0)
    return {one.title.partition(":")[0]: one for one in found.clusters}


def test_a_cluster_that_never_failed_before_is_new(told: dict[str, Compared]) -> None:
    one = told["ValueError"]

    assert (one.course, one.failures_before, one.failures_after) == ("new", 0, 50)
    assert (one.exposed_before, one.exposed_after) == (418, 495)
    assert one.p_value < 1e-6


def test_a_cluster_that_stopped_is_told_with_what_was_asked_since(told: dict[str, Compared]) -> None:
    one = told["KeyError"]

    assert (one.course, one.failures_before, one.failures_after, one.exposed_after) == ("stopped", 40, 0, 495)


def test_a_rate_that_grew_is_told_by_its_size(told: dict[str, Compared]) -> None:
    one = told["TimeoutError"]

    assert one.course == "grown"
    assert one.ratio == pytest.approx((70 / 495) / (6 / 418), abs=1e-3)


def test_a_rate_that_did_not_change_is_alike(told: dict[str, Compared]) -> None:
    assert told["OSError"].course == "alike"


def test_one_failure_says_nothing_until_more_was_asked_before(told: dict[str, Compared]) -> None:
    one = told["RuntimeError"]

    assert (one.course, one.needed_on) == ("cannot tell", "before")
    assert one.needed is not None
    assert one.needed > 100_000  # one failure among five clusters


def test_the_most_telling_comes_first(told: dict[str, Compared]) -> None:
    assert "answered 500" in list(told)[2]  # all of them together, as the requests tell it
    assert [one.course for one in told.values()] == ["new", "grown", "grown", "cannot tell", "stopped", "alike"]


def test_one_burst_is_one_failure(tmp_path: Path) -> None:
    system = System()
    system.traffic("shop", OLD, 0, HOUR, every_s=10)
    system.traffic("shop", NEW, HOUR, 2 * HOUR, every_s=10)
    spread(system, NEW, HOUR + 20 * MINUTE, 30, "ValueError: payment refused by the bank", over_s=MINUTE)

    (one,) = failing(system, tmp_path).clusters

    assert (one.course, one.failures_after) == ("cannot tell", 30)


def test_a_revision_that_nothing_was_asked_of_cannot_be_compared(tmp_path: Path) -> None:
    system = System()
    system.traffic("shop", NEW, HOUR, 2 * HOUR, every_s=10)
    spread(system, NEW, HOUR, 50, "ValueError: payment refused by the bank")

    found = failing(system, tmp_path)

    assert (found.served_before, [one.course for one in found.clusters]) == (0, ["cannot tell"])
    assert found.clusters[0].needed is not None


def test_minutes_in_which_both_served_are_counted_and_others_that_fail_are_named(tmp_path: Path) -> None:
    system = System()
    system.traffic("shop", OLD, 0, HOUR, every_s=10)
    system.traffic("shop", NEW, HOUR / 2, HOUR, every_s=10)
    spread(system, NEW, HOUR / 2, 30, "ValueError: payment refused by the bank", over_s=HOUR / 2)
    spread(system, "shop-00003-ccc", 0, 3, "ValueError: payment refused by the bank")
    system.failure(90, "till", "till-00001-aaa", "TypeError: no paper")

    found = failing(system, tmp_path, HOUR)

    assert found.together == 30
    assert [(one.course, one.elsewhere) for one in found.clusters] == [("new", ("shop-00003-ccc",))]


def test_a_narrower_window_counts_only_what_is_in_it(tmp_path: Path) -> None:
    system = System()
    system.traffic("shop", OLD, 0, HOUR, every_s=10)
    system.traffic("shop", NEW, HOUR, 2 * HOUR, every_s=10)
    spread(system, NEW, HOUR, 50, "ValueError: payment refused by the bank")

    assert failing(system, tmp_path).clusters[0].failures_after == 50
    assert failing(system, tmp_path, HOUR + 30 * MINUTE).clusters[0].failures_after == 25


def test_the_test_is_the_exact_one_given_all_failures() -> None:
    assert surprise((0, 100.0), (4, 100.0)) == pytest.approx(2 * 0.5**4)
    assert surprise((0, 300.0), (2, 100.0)) == pytest.approx(2 * 0.25**2)
    assert surprise((5, 100.0), (5, 100.0)) == 1.0
    assert surprise((0, 0.0), (9, 100.0)) == 1.0
    assert surprise((400, 1e6), (6000, 1e6)) < 1e-300


def test_where_nothing_changed_hardly_any_comparison_finds_something() -> None:
    chance = np.random.default_rng(7)
    false = 0
    for _ in range(2000):
        exposed = chance.uniform(20, 2000, 2)
        failed = chance.poisson(exposed * chance.uniform(0.001, 0.2))
        false += surprise((int(failed[0]), exposed[0]), (int(failed[1]), exposed[1])) <= 0.01

    assert false <= 30

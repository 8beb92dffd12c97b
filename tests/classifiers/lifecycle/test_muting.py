"""Muting: what a mute puts away, what wakes it, what ends it, and what it leaves alone."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from classifiers.classify import classify
from classifiers.config import ClassifyConfig, HistoryConfig
from classifiers.findings import Cluster, Findings
from classifiers.followed import Mute
from classifiers.history import read_history
from classifiers.lifecycle.muted_rows import add_mute, lift_mute, read_mutes
from classifiers.lifecycle.muting import Muted, put_away
from classifiers.lifecycle.rows import MUTE_SCHEMA
from collector.config import StoreConfig
from collector.errors import ConfigError
from collector.replacing import replace
from collector.store import Store
from collector.window import Window
from tests.support.system import HOUR, NS_PER_S, START_NS, System

_BAD = (
    'Traceback (most recent call last):\n  File "/app/shop/pay.py", line 10, in pay\n    charge()\n'
    "shop.errors.GatewayError: gateway refused with 403"
)
Make = Callable[[float, float], Mute]
_TIMES = [4 * HOUR + 60 + 600 * number for number in range(48)]


def ns(hours: float) -> int:
    """Hours after the beginning as an instant."""
    return START_NS + round(hours * HOUR * NS_PER_S)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shop fails from hour 4 on, answering 503 too from hour 10 on; cart fails by itself in the same way.

    So does desk until hour 6, and from hour 7 on it answers 500 without a word.
    """
    story = System()
    for name in ("shop", "cart"):
        story.deploy(0, name, f"{name}-1", image="a")
        story.traffic(name, f"{name}-1", 0, 4 * HOUR if name == "shop" else 12 * HOUR, every_s=60)
    story.deploy(4 * HOUR, "shop", "shop-2", image="b")
    story.traffic("shop", "shop-2", 4 * HOUR, 12 * HOUR, every_s=60)
    for at_s in _TIMES:
        story.failure(at_s, "shop", "shop-2", _BAD)
        story.failure(at_s + 300, "cart", "cart-1", _BAD)
    for number in range(20):
        story.failure(10 * HOUR + 90 + 300 * number, "shop", "shop-2", _BAD, status=503)
    story.traffic("desk", "desk-1", 0, 9 * HOUR, every_s=60)
    for number in range(24):
        story.failure(4 * HOUR + 300 * number, "desk", "desk-1", _BAD)
        story.request(7 * HOUR + 300 * number + 5, "desk", "desk-1", status=500)
    folder = tmp_path_factory.mktemp("system")
    story.stored(folder)
    return folder / "system.duckdb"


@pytest.fixture
def store(system: Path, tmp_path: Path) -> Store:
    """A copy of the system's store, without a mute."""
    copy = tmp_path / "system.duckdb"
    copy.write_bytes(system.read_bytes())
    return Store(StoreConfig(path=copy))


def look(store: Store, hours: float) -> Findings:
    with store.read() as reader:
        return classify(reader, window=Window(ns(0), ns(hours)), now_ns=ns(hours), config=ClassifyConfig())


def of_shop(findings: Findings) -> Cluster:
    return next(one for one in (*findings.clusters, *findings.muted) if one.service == "shop")


def told(findings: Findings) -> set[str]:
    by_id = {one.id: one.service for one in findings.clusters}
    return {by_id[name] for one in findings.incidents for name in (one.root, *one.symptoms)} - {"desk"}


@pytest.fixture(scope="module")
def first(system: Path) -> Findings:
    """What is found at hour 7, without a mute."""
    return look(Store(StoreConfig(path=system)), 7)


@pytest.fixture
def mute(store: Store, first: Findings) -> Make:
    """Mutes what fails in shop, from an hour until another."""

    def made(at: float, until: float) -> Mute:
        return add_mute(store, of_shop(first), until_ns=ns(until), made_at_ns=ns(at), reason="known")[0]

    return made


def test_a_muted_failure_is_out_of_incidents_and_counted(store: Store, mute: Make) -> None:
    before = look(store, 9)
    mute(7.1, 24)

    after = look(store, 9)

    assert told(before) == {"shop", "cart"}
    assert told(after) == {"cart"}
    assert [(one.service, one.state) for one in after.muted] == [("shop", "muted")]
    (done,) = after.mutes
    assert done.failures == sum(7.1 * HOUR < at_s < 9 * HOUR for at_s in _TIMES)
    assert done.finding_ids == (of_shop(before).id,)
    seen = after.coverage
    assert seen.problem_entries + seen.noise_entries + seen.quiet_entries == seen.entries
    assert sum(one.entries for one in after.clusters) == seen.problem_entries


def test_a_look_knows_only_mutes_that_were_made_before_it(store: Store, mute: Make) -> None:
    mute(9, 24)

    assert told(look(store, 9)) == {"shop", "cart"}
    assert told(look(store, 9.01)) == {"cart"}


def test_the_end_of_a_mute_brings_its_failure_back_and_says_so(store: Store, mute: Make) -> None:
    mute(7.1, 8)

    after = look(store, 9)

    assert told(after) == {"shop", "cart"}
    assert not after.muted
    assert [one.until_ns <= ns(9) for one in after.mutes] == [True]


def test_another_variant_wakes_it_and_says_what_is_new(store: Store, mute: Make) -> None:
    made = mute(7.1, 24)

    after = look(store, 12)

    assert "shop" in told(after)
    (done,) = after.mutes
    assert done.woken_by
    assert done.woken_by not in made.signature_ids
    assert done.news == "GET /orders answered 503"
    assert done.news_ns is not None
    assert ns(10) < done.news_ns < ns(10.1)
    woken = next(one for one in after.clusters if done.woken_by in one.signature_ids)
    assert any("woken by what is new" in one.statement for one in woken.evidence)


def test_muted_with_its_variant_it_is_put_away_again_by_one_mute(store: Store, mute: Make) -> None:
    old = mute(7.1, 24)
    woken = next(one for one in look(store, 12).clusters if one.service == "shop")

    new, replaced = add_mute(store, woken, until_ns=ns(30), made_at_ns=ns(11.9), reason="")

    after = look(store, 12)
    assert [one.mute_id for one in replaced] in ([old.mute_id], [])
    assert "shop" not in told(after)
    assert new.mute_id in {one.mute_id for one in after.mutes}


def test_a_lifted_mute_holds_no_more_but_did_until_then(store: Store, mute: Make) -> None:
    made = mute(7.1, 24)

    lift_mute(store, [made.mute_id[:6]], made_at_ns=ns(8))

    assert told(look(store, 7.9)) == {"cart"}
    assert told(look(store, 9)) == {"shop", "cart"}
    with pytest.raises(ConfigError, match="known: none holds"):
        lift_mute(store, [made.mute_id], made_at_ns=ns(8.1))


def test_a_mute_that_joins_nothing_new_stays_where_the_cluster_moved(store: Store, mute: Make) -> None:
    """Signatures that were there before the mute, and are only now of the same failure, wake nothing."""
    made = mute(7.1, 24)
    led = _lead(store, made)
    with store.write() as writer:
        rows = pl.DataFrame([_row(replace(made, signature_ids=(led,)))], schema=MUTE_SCHEMA, orient="row")
        lifted = pl.DataFrame([_row(replace(made, is_lifted=True))], schema=MUTE_SCHEMA, orient="row")
        other = rows.with_columns(mute_id=pl.lit("other"))
        writer.execute("insert_mutes", relation=pl.concat([lifted, other]))

    assert told(look(store, 9)) == {"cart"}


def test_what_was_muted_as_the_answer_of_something_else_is_told_when_it_comes_without(
    store: Store, first: Findings
) -> None:
    """Answers of 500 with an exception were muted; answers of 500 without any are another failure."""
    known = next(one for one in first.clusters if one.service == "desk")
    add_mute(store, known, until_ns=ns(24), made_at_ns=ns(6.5), reason="")

    after = look(store, 9)

    assert [one.title for one in after.clusters if one.service == "desk"] == ["GET /orders answered 500"]
    assert len(known.signature_ids) > 1
    assert {name for one in after.muted for name in one.signature_ids} < set(known.signature_ids)


def test_a_store_is_read_as_it_stood(store: Store, mute: Make) -> None:
    made = mute(7.1, 24)

    with store.read() as reader:
        assert read_mutes(reader, end_ns=ns(7.1)) == ()
        assert [one.mute_id for one in read_mutes(reader, end_ns=ns(7.2))] == [made.mute_id]


@pytest.mark.parametrize(("share", "services"), [(0.95, set()), (0.6, {"cart"})])
def test_what_all_but_follows_goes_with_a_mute_and_what_has_other_causes_stays(
    system: Path, first: Findings, share: float, services: set[str]
) -> None:
    shop, cart = (next(one for one in first.clusters if one.service == name) for name in ("shop", "cart"))
    follows = replace(cart, role="symptom", caused_by=shop.id, explained_share=share)
    made = Mute("m", shop.project, "shop", shop.id, "", shop.signature_ids, ns(24), ns(6), "")
    with Store(StoreConfig(path=system)).read() as reader:
        history = read_history(reader, window=Window(ns(0), ns(7)), config=HistoryConfig())

    after = put_away(Muted((shop, follows), (), (), (), ()), [made], history, pl.DataFrame(schema=_samples()))

    assert {one.service for one in after.clusters} == services
    assert all(one.role == "root" and one.caused_by is None for one in after.clusters)
    assert {one.service for one in after.muted} == {"shop", "cart"} - services
    assert set(after.mutes[0].finding_ids) == {one.id for one in after.muted}


def _samples() -> dict[str, type[pl.DataType]]:
    return {"signature_id": pl.String, "insert_id": pl.String, "message": pl.String}


def _row(one: Mute) -> list[object]:
    return [list(value) if isinstance(value := getattr(one, name), tuple) else value for name in MUTE_SCHEMA]


def _lead(store: Store, made: Mute) -> str:
    """The leading one of its signatures."""
    with store.read() as reader:
        history = read_history(reader, window=Window(ns(0), ns(7)), config=HistoryConfig())
    leads = dict(history.leads.select("cluster_id", "lead").iter_rows())
    return str(leads[made.cluster_id])

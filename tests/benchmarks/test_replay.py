"""The replay: its histories tell the truth about themselves, a look knows no future, every judge is counted alike."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import polars as pl
import pytest

from benchmarks import replay as benchmark
from benchmarks.as_of import as_of
from benchmarks.generate_replay import Kind, Replay, generate_replay
from benchmarks.replay import Court
from classifiers.classify import classify
from classifiers.config import ClassifyConfig
from classifiers.findings import Attribution, Cluster, RevisionCount
from classifiers.signing import sign_new
from collector.config import StoreConfig
from collector.records import DEAD_LETTER_SCHEMA, ENTRY_SCHEMA, FACT_SCHEMA, SPAN_SCHEMA, Batch
from collector.store import Reader, Store
from collector.window import Window

KINDS: tuple[Kind, ...] = ("quiet", "outage", "bad")
HOUR = 3_600_000_000_000


@pytest.fixture(scope="module", params=KINDS)
def replay(request: pytest.FixtureRequest) -> Replay:
    return generate_replay(request.param, seed=7, hours=30)


def causes(replay: Replay) -> Counter[str]:
    named = replay.entries["insert_id"].str.split("-").list.first().str.strip_chars("0123456789")
    return Counter(named.to_list())


def test_the_same_seed_gives_the_same_history(replay: Replay) -> None:
    again = generate_replay(replay.kind, seed=7, hours=30)

    assert again.entries.equals(replay.entries)
    assert again.facts.equals(replay.facts)


def test_a_history_has_the_columns_of_the_store_and_ids_of_its_own(replay: Replay) -> None:
    assert replay.entries.schema == ENTRY_SCHEMA
    assert replay.facts.schema == FACT_SCHEMA
    assert replay.entries["insert_id"].is_unique().all()
    assert replay.entries["at_ns"].min() >= replay.start_ns  # type: ignore[operator]  # there are entries


def test_only_its_kind_has_an_outage_or_a_bad_deploy(replay: Replay) -> None:
    found = causes(replay)

    assert ("bad" in found) == (replay.kind == "bad") == bool(replay.guilty)
    assert ("outage" in found) == (replay.kind == "outage")
    assert found["ok"] > 100


def test_what_a_bad_deploy_broke_fails_only_after_its_traffic() -> None:
    for seed in range(1, 6):
        replay = generate_replay("bad", seed=seed, hours=40)
        bad = replay.entries.filter(pl.col("insert_id").str.starts_with("bad"))

        assert bad["at_ns"].min() >= replay.served_ns  # type: ignore[operator]  # there are failures
        assert replay.guilty in {name for rows in replay.deploys.values() for _, name in rows}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    replay = generate_replay("bad", seed=3, hours=24)
    folder: Path = tmp_path_factory.mktemp("replay")
    store = Store(StoreConfig(path=folder / "store.duckdb"))
    run_id = store.begin_run("import", "replay")
    frames = replay.entries, SPAN_SCHEMA.to_frame(), replay.facts, DEAD_LETTER_SCHEMA.to_frame()
    store.append([Batch("replay", "generated", replay.entries.height, *frames)], run_id=run_id)
    store.end_run(run_id, outcome="succeeded")
    sign_new(store)
    with store.read() as opened:
        yield opened


def test_a_look_cut_from_what_was_read_once_says_the_same_as_one_read_anew(reader: Reader) -> None:
    quick = as_of(reader)
    start = generate_replay("bad", seed=3, hours=24).start_ns
    for hour in (23, 9, 16):  # in any order: nothing of a later look is left behind
        window = Window(start, start + hour * HOUR)
        told = [
            [
                (one.id, one.onset.at_ns, one.units, one.state, one.attribution and one.attribution.revision)
                for one in classify(source, window=window, now_ns=window.end_ns, config=ClassifyConfig()).clusters
            ]
            for source in (reader, quick)
        ]
        assert told[0] == told[1]
        assert told[0]


def cluster(replay: Replay, cause: str, *, blamed: str, confidence: float = 0.8) -> Cluster:
    service = next(name for name, rows in replay.deploys.items() if any(row[1] == replay.guilty for row in rows))
    attribution = Attribution(service, blamed, None, None, (), confidence, ())
    counted = RevisionCount(service, replay.guilty, 9, 20, None, None)
    told: Any = SimpleNamespace(
        id=f"{cause}-cluster", insert_ids=(f"{cause}-1", f"{cause}-2"), service=service, attribution=attribution,
        per_revision=(counted,), onset=SimpleNamespace(at_ns=replay.served_ns + 60), units=2,
    )  # fmt: skip
    return cast("Cluster", told)


def test_a_blame_is_right_for_the_guilty_revision_and_its_failures_alone() -> None:
    replay = generate_replay("bad", seed=7, hours=30)
    court = Court(replay)
    now_ns = replay.served_ns + HOUR

    court.look((cluster(replay, "bad", blamed=replay.guilty),), now_ns)
    court.look((cluster(replay, "burst03", blamed=replay.guilty),), now_ns + HOUR)
    court.look((cluster(replay, "bad", blamed="other-00001-xyz", confidence=0.4),), now_ns + 2 * HOUR)

    ours = court.tallies()["ours"]
    assert (ours.right_runs, ours.accusing_looks, ours.accusations) == (1, 1, 1)
    assert ours.delays_h == [1.0]
    assert ours.false_of == {"burst": 1}
    assert len(ours.told) == 1


def test_baselines_blame_for_every_failure_that_is_told() -> None:
    replay = generate_replay("bad", seed=7, hours=30)
    court = Court(replay)

    court.look((cluster(replay, "burst03", blamed=replay.guilty, confidence=0.1),), replay.end_ns)

    tallies = court.tallies()
    assert tallies["ours"].accusing_looks == 0
    assert {tallies[judge].accusing_looks for judge in ("newest", "most_frequent", "nearest_before_onset")} == {1}


def test_every_judge_has_its_figures(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["replay", "--runs", "1", "--hours", "24", "--kinds", "bad", "--json"])

    benchmark.main()

    told = json.loads(capsys.readouterr().out)["bad"]
    assert told["looks"] == 17
    for judge in benchmark.JUDGES:
        assert told[judge]["per_30_days"] >= told[judge]["distinct_per_30_days"] / 30
        assert 0 <= told[judge]["sensitivity"] <= 1

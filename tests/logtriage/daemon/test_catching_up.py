"""A long pause is caught up in slices: others get their turn, and nothing is lost between two of them."""

import time
from pathlib import Path
from typing import Any

import polars as pl

from collector.config import StoreConfig
from collector.stopping import Stop
from collector.store import Store
from collector.window import NS_PER_S
from logtriage.config import Config
from logtriage.daemon.catching_up import CatchingUp
from logtriage.daemon.schedule import ScheduleConfig
from tests.support.log_entries import make_entries
from tests.support.logging_server import LoggingServer

HOUR_NS = 3600 * NS_PER_S


def _config(folder: Path, logs: LoggingServer, **keys: Any) -> Config:
    source = {
        "kind": "cloud_logging", "resources": ["projects/demo-stage"], "endpoint": logs.endpoint, "insecure": True,
        "reads_per_min": 100_000, "page_size": 50, "backfill_s": 72 * 3600, **keys,
    }  # fmt: skip
    return Config.model_validate(
        {"sources": [source], "store": {"path": folder / "c.duckdb"}, "schedule": {"slice": "24h"}}
    )


def _ids(config: Config) -> pl.Series:
    with Store(config.store).read() as reader:
        return reader.sql("select insert_id from entries order by insert_id")["insert_id"]


def test_three_days_come_in_slices_and_are_whole(tmp_path: Path) -> None:
    now_ns = time.time_ns()
    made = list(make_entries(400, seed=3, start_ns=now_ns - 71 * HOUR_NS, end_ns=now_ns))
    with LoggingServer(made) as logs:
        config = _config(tmp_path, logs)
        job = CatchingUp(config)

        runs = [job.run(Stop())]
        while runs[-1].has_more:
            assert len(runs) < 10
            runs.append(job.run(Stop()))
        again = job.run(Stop())

    assert [run.has_more for run in runs] == [True, True, False]
    assert "1 source behind, the next slice follows" in runs[0].line
    assert sum(run.figures["stored"] for run in runs) == 400
    assert all(run.figures["stored"] > 50 for run in runs)
    assert _ids(config).to_list() == sorted(entry.insert_id for entry in made)
    assert (again.figures["stored"], again.has_more) == (0, False)


def test_what_one_pull_would_store_is_what_slices_store_also_with_a_long_overlap(tmp_path: Path) -> None:
    """An overlap longer than a slice is read anew each time, and must not keep a pull from getting on."""
    now_ns = time.time_ns()
    made = list(make_entries(200, seed=4, start_ns=now_ns - 40 * HOUR_NS, end_ns=now_ns))
    with LoggingServer(made) as logs:
        config = _config(tmp_path, logs, overlap_s=86_400, backfill_s=60 * 3600)
        config = config.model_copy(update={"schedule": ScheduleConfig(slice="12h")})
        job, runs = CatchingUp(config), 0
        while job.run(Stop()).has_more:
            runs += 1
            assert runs < 9

    assert runs in {2, 3}  # 60 h back, of which the last day is the overlap, and some seconds
    assert _ids(config).len() == 200


def test_a_source_that_is_refused_does_not_ask_for_another_turn(tmp_path: Path) -> None:
    with LoggingServer() as logs:
        config = _config(tmp_path, logs, filter="this is no filter (")

        done = CatchingUp(config).run(Stop())

    assert not done.has_more
    assert done.figures["failed"] == 1
    assert done.failed[0].startswith("collect failed: cloud_logging: Cloud Logging of `projects/demo-stage` refused")


def test_without_sources_there_is_nothing_to_say(tmp_path: Path) -> None:
    done = CatchingUp(Config(store=StoreConfig(path=tmp_path / "c.duckdb"))).run(Stop())

    assert (done.line, done.has_more) == ("", False)
    assert not (tmp_path / "c.duckdb").exists()

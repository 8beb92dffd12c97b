"""`logtriage daemon` as people run it: real processes, a Cloud Logging on loopback, a receiver, a real store."""

import signal
import time
from pathlib import Path
from typing import Any

import grpc
import httpx
import polars as pl
import pytest

from collector.config import StoreConfig
from collector.store import Store
from collector.window import NS_PER_S
from logtriage.config import Config
from logtriage.store_check import check_store
from tests.support.command_line import spawn
from tests.support.daemons import daemon, write_settings
from tests.support.grpc_faults import FaultScript, Late, Refuse
from tests.support.log_entries import make_entries
from tests.support.logging_server import LoggingServer
from tests.support.receiving import PROTOBUF, proto, wait_until

HOUR_NS = 3600 * NS_PER_S
RECEIVE = {"http": "127.0.0.1:0"}


def _source(logs: LoggingServer, **keys: Any) -> dict[str, Any]:
    return {
        "kind": "cloud_logging", "resources": ["projects/demo-stage"], "endpoint": logs.endpoint, "insecure": True,
        "reads_per_min": 100_000, **keys,
    }  # fmt: skip


def _rows(folder: Path, sql: str) -> pl.DataFrame:
    with Store(StoreConfig(path=folder / "d.duckdb")).read() as reader:
        return reader.sql(sql)


def _is_whole(folder: Path) -> bool:
    found = check_store(Config(store=StoreConfig(path=folder / "d.duckdb")), repair=False)
    return all(one.state == "ok" for one in found)


def test_a_signal_in_the_middle_of_a_long_pull_keeps_what_was_read_and_the_next_start_reads_the_rest(
    tmp_path: Path,
) -> None:
    now_ns = time.time_ns()
    made = list(make_entries(400, seed=5, start_ns=now_ns - 20 * HOUR_NS, end_ns=now_ns - HOUR_NS))
    with LoggingServer(made, faults=FaultScript(*[Late(0.05)] * 40)) as logs:
        write_settings(tmp_path, sources=[_source(logs, page_size=10)])
        with daemon(tmp_path) as running:
            wait_until(lambda: len(logs.calls) > 20)
            code = running.stop()
        first = _rows(tmp_path, "select count(*) as n from entries where service <> 'logtriage'")["n"][0]
        outcomes = _rows(tmp_path, "select kind, outcome from runs where source <> 'logtriage'").rows()
        jobs = _rows(tmp_path, "select job, outcome from job_runs where job = 'collect'").rows()

        again = spawn(tmp_path, "collect")

    assert (code, again.returncode) == (0, 0), running.log
    assert 0 < first < 400
    assert outcomes == [("collect", "interrupted")]
    assert jobs == [("collect", "stopped")]
    assert sorted(_rows(tmp_path, "select insert_id from entries where service <> 'logtriage'")["insert_id"]) == sorted(
        entry.insert_id for entry in made
    )
    assert _is_whole(tmp_path)


@pytest.mark.parametrize("why", ["429", "quota"])
def test_a_signal_ends_a_wait_for_the_quota_at_once(tmp_path: Path, why: str) -> None:
    refusal = Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, retry_info_s=100.0)
    with LoggingServer(faults=FaultScript(*([refusal] if why == "429" else []))) as logs:
        write_settings(tmp_path, sources=[_source(logs, reads_per_min=1, slice_s=600)])
        with daemon(tmp_path) as running:
            wait_until(lambda: len(logs.calls) == 1)
            time.sleep(0.5)
            code = running.stop(signal.SIGINT)

    assert code == 0
    assert "collect ended early: asked to stop" in "\n".join(running.log)
    assert "cut off" not in "\n".join(running.log)


def test_a_running_daemon_is_alone_on_its_store_reads_settings_anew_and_drains(tmp_path: Path) -> None:
    quiet = {"classify": "never", "digest": "never", "report": "never"}
    write_settings(tmp_path, receive=RECEIVE, schedule=quiet)
    with daemon(tmp_path) as running:
        first = running.until("receiving").split()[-1]
        second = spawn(tmp_path, "daemon", "--once")
        listed = spawn(tmp_path, "query", "select count(*) from entries")

        (tmp_path / "config.yaml").write_text("schedule: {collect: hourly}", encoding="utf-8")
        refused = running.until("are not used")
        running.process.send_signal(signal.SIGHUP)
        running.until("are not used")
        (tmp_path / "config.yaml").unlink()
        gone = running.until("are not used")
        answer = httpx.post(first, content=proto(1), headers={"content-type": PROTOBUF}, timeout=300)

        write_settings(tmp_path, receive=RECEIVE | {"request_s": 20}, schedule=quiet, store={"path": "other.duckdb"})
        kept = running.until("cannot change")
        fresh = running.until("receiving").split()[-1]
        running.until("read anew")
        after = httpx.post(fresh, content=proto(2), headers={"content-type": PROTOBUF}, timeout=300)
        code = running.stop()

    assert second.returncode == 1
    assert f"A daemon works on `d.duckdb` already (process {running.process.pid})" in second.stderr
    assert listed.returncode == 0
    assert "config.yaml: schedule.collect is `hourly`; it should be a duration" in refused
    assert "config.yaml` is gone. Put it back." in gone
    assert "store.path is `other.duckdb` now, which cannot change while the daemon runs: `d.duckdb` stays" in kept
    assert (answer.status_code, after.status_code) == (200, 200)
    assert code == 0
    assert _rows(tmp_path, "select count(*) as n from spans where service <> 'logtriage'")["n"][0] == 2
    assert _rows(tmp_path, "select distinct outcome from runs").rows() == [("complete",)]
    assert not (tmp_path / "other.duckdb").exists()


def test_report_files_are_written_and_an_analysis_is_ended(tmp_path: Path) -> None:
    now_ns = time.time_ns()
    made = list(make_entries(3000, seed=6, start_ns=now_ns - 3 * HOUR_NS, end_ns=now_ns - HOUR_NS))
    with LoggingServer(made) as logs:
        write_settings(
            tmp_path, sources=[_source(logs)], report={"files": "page"}, schedule={"digest": "never", "collect": "5s"}
        )
        with daemon(tmp_path) as running:
            running.until("wrote report.html, report.md, report.json to page")
            running.until("collected")  # and now it looks again
            time.sleep(0.3)
            code = running.stop()

    assert code == 0, running.log
    assert sorted(one.name for one in (tmp_path / "page").iterdir()) == ["report.html", "report.json", "report.md"]
    assert _rows(tmp_path, "select count(*) as n from entries where service <> 'logtriage'")["n"][0] == 3000
    assert _is_whole(tmp_path)

"""Telemetry that follows the settings of a daemon."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.config import StoreConfig
from logtriage.config import Config
from logtriage.daemon.schedule import ScheduleConfig
from logtriage.errors import ConfigError
from logtriage.jobs import JobRun
from logtriage.telemetry.config import TelemetryConfig
from logtriage.telemetry.held import HeldTelemetry, every_s


def _config(folder: Path, schedule: dict[str, str] | None = None, **telemetry: Any) -> Config:
    return Config(
        store=StoreConfig(path=folder / "own.duckdb"),
        schedule=ScheduleConfig(**(schedule or {})),
        telemetry=TelemetryConfig(watch_itself=False, **telemetry),
    )


@pytest.mark.parametrize(
    ("schedule", "pause_s"),
    [
        ({"collect": "15m"}, 900.0),  # classify is after collect
        ({"classify": "2h"}, 7200.0),
        ({"classify": "0 6 * * *"}, 86_400.0),
        ({"classify": "0 6,9 * * *"}, 75_600.0),  # from 9 to 6 of the next day
    ],
)
def test_the_longest_pause_between_two_runs_is_that_of_the_schedule(
    tmp_path: Path, schedule: dict[str, str], pause_s: float
) -> None:
    assert every_s(_config(tmp_path, schedule)) == {"classify": pause_s}


def test_a_job_that_never_runs_is_not_looked_for(tmp_path: Path) -> None:
    config = _config(tmp_path, {"classify": "never", "digest": "never", "report": "never"})

    assert every_s(config) == {}


def test_other_settings_move_it_and_those_that_cannot_be_leave_it_where_it_was(tmp_path: Path) -> None:
    held = HeldTelemetry()
    try:
        held.use(_config(tmp_path, health="127.0.0.1:0"))
        assert held._open is not None
        first = held._open.address
        held.use(_config(tmp_path, health="127.0.0.1:0"))
        assert held._open.address == first  # nothing changed

        with pytest.raises(ConfigError, match="beyond_this_machine"):
            held.use(_config(tmp_path, health="0.0.0.0:0"))

        assert held._open is not None
        assert httpx.get(f"http://{held._open.address}/livez").json() == {"status": "ok"}
    finally:
        held.close()
    assert held._open is None


def test_other_settings_and_a_new_start_forget_no_success(tmp_path: Path) -> None:
    held = HeldTelemetry(succeeded_ns={"collect": 1_000_000_000})
    try:
        held.use(_config(tmp_path, health="127.0.0.1:0"))
        held.ended(JobRun("classify", 0, 2_000_000_000, "done", ""))
        held.use(_config(tmp_path, {"verify": "20m"}, health="127.0.0.1:0"))
        assert held._open is not None
        at = f"http://{held._open.address}"
        jobs = httpx.get(f"{at}/healthz").json()["jobs"]
        lines = httpx.get(f"{at}/metrics").text.splitlines()
    finally:
        held.close()

    assert jobs["classify"]["last_success"] == "1970-01-01T00:00:02Z"
    name = "logtriage_job_last_success_timestamp_seconds"
    assert [line for line in lines if line.startswith(name)] == [
        f'{name}{{job="collect"}} 1.0', f'{name}{{job="classify"}} 2.0',
    ]  # fmt: skip

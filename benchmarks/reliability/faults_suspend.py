"""A daemon that is stopped (SIGSTOP) in the middle of a job and goes on (SIGCONT) a day later by its clock."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.reliability.checks import broken, rows_of
from benchmarks.reliability.children import run
from collector.window import NS_PER_S
from tests.support.grpc_faults import FaultScript, Late
from tests.support.log_entries import make_entries
from tests.support.logging_server import LoggingServer

__all__ = ["SUSPEND"]

_DAY_NS = 86_400 * NS_PER_S
_ENTRIES = 60  # before, and during the day
_SLOW_S = 2.0  # for an answer, so that a pull can be met in its middle
_RUNS = 4  # of the daemon before it is stopped, from which its usual pace is known
_WITHIN_S = 400.0
_STOPPED_S = 2.0
_SETTINGS = """
store: {{path: s.duckdb}}
sources:
  - {{kind: cloud_logging, name: logs, insecure: true, resources: [projects/demo-stage], endpoint: '{endpoint}',
     page_size: 20, reads_per_min: 1000000, deadline_s: 30, patience_s: 60, backfill_s: 7200}}
schedule: {{collect: 2s, classify: {classify}, digest: never, report: never}}
telemetry: {{watch_itself: false}}
"""


def _case(meet: Callable[[LoggingServer, Path], None], *, classify: str) -> Callable[[Path], tuple[str, list[str]]]:
    """`meet` comes back once the daemon is where it is to be stopped."""

    def case(folder: Path) -> tuple[str, list[str]]:
        shift = folder / "shift"
        _set(shift, -_DAY_NS)
        now_ns = time.time_ns()
        with LoggingServer(_made(1, now_ns - _DAY_NS - 3600 * NS_PER_S, now_ns - _DAY_NS - 60 * NS_PER_S)) as server:
            (folder / "config.yaml").write_text(
                _SETTINGS.format(endpoint=server.endpoint, classify=classify), encoding="utf-8"
            )
            with (folder / "log").open("wb") as log:
                command = [sys.executable, "-m", "benchmarks.reliability.shifted", str(shift), "daemon"]
                daemon = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=_surroundings())
            try:
                _wait(lambda: _runs(folder, "collect") >= _RUNS)
                meet(server, folder)
                daemon.send_signal(signal.SIGSTOP)
                time.sleep(_STOPPED_S)
                server.add(_made(2, now_ns - _DAY_NS + 3600 * NS_PER_S, now_ns - 60 * NS_PER_S))
                server.faults = FaultScript()
                _set(shift, 0)
                daemon.send_signal(signal.SIGCONT)
                _wait(lambda: _stored(folder) >= 2 * _ENTRIES)
                runs = {job: _runs(folder, job) for job in ("collect", *(["classify"] if classify != "never" else []))}
                _wait(lambda: all(_runs(folder, job) > many for job, many in runs.items()))
                daemon.send_signal(signal.SIGTERM)
                code = daemon.wait(20)
            except BaseException:
                print((folder / "log").read_text()[-3000:])
                raise
            finally:
                daemon.kill()
                daemon.wait()
        found = [] if code == 0 else [f"the daemon ended with {code}"]
        stored = _stored(folder)
        found += [] if stored == 2 * _ENTRIES else [f"{stored} entries of {2 * _ENTRIES}"]
        found += broken(folder / "s.duckdb")
        run(["report", "--since", "48h", "--format", "json", "--output", "report.json"], folder=folder)
        said = (folder / "report.json").read_text("utf-8")
        spells = [one for one in json.loads(said)["blindness"] if one["kind"] == "stopped"]
        found += [] if spells else ["the day without sight is not told"]
        return f"{stored} entries after it; {'; '.join(one['sentence'] for one in spells)}", found

    return case


def _in_a_pull(server: LoggingServer, folder: Path) -> None:
    """One call is waiting for its answer."""
    del folder
    server.faults = FaultScript(draw=lambda: Late(_SLOW_S))
    calls = len(server.calls)
    _wait(lambda: len(server.calls) > calls)


def _in_a_look(server: LoggingServer, folder: Path) -> None:
    """The pull before it has just ended."""
    del server
    done = _runs(folder, "collect")
    _wait(lambda: _runs(folder, "collect") > done)


def _made(seed: int, start_ns: int, end_ns: int) -> list[object]:
    return list(make_entries(_ENTRIES, seed=seed, start_ns=start_ns, end_ns=end_ns))


def _set(shift: Path, ns: int) -> None:
    with shift.open("r+b" if shift.exists() else "wb") as file:
        file.write(ns.to_bytes(8, "little", signed=True))


def _runs(folder: Path, job: str) -> int:
    """Of that job, that ended."""
    if not (folder / "s.duckdb").exists():
        return 0
    found = rows_of(folder / "s.duckdb", f"select count(*) as n from job_runs where job = '{job}'")
    return int(found["n"][0])


def _stored(folder: Path) -> int:
    return int(rows_of(folder / "s.duckdb", "select count(*) as n from entries")["n"][0])


def _wait(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + _WITHIN_S
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError("the daemon did not get there in time")
        time.sleep(0.1)


def _surroundings() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    return {key: value for key, value in os.environ.items() if not key.startswith("LOGTRIAGE_")} | {"PYTHONPATH": path}


SUSPEND = {
    "suspended in a pull": _case(_in_a_pull, classify="never"),
    "suspended in an analysis": _case(_in_a_look, classify="after collect"),
}

"""Faults of an API that is pulled from: down, over quota, a login that ends in the middle of a pull."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import grpc

from benchmarks.reliability.checks import broken, rows_of
from benchmarks.reliability.children import run
from benchmarks.reliability.faults_disk import one_line
from collector.window import NS_PER_S
from tests.support.grpc_faults import Fault, FaultScript, Refuse
from tests.support.log_entries import make_entries
from tests.support.logging_server import LoggingServer

__all__ = ["API", "pulled", "serving"]

_ENTRIES = 600
_PAGE = 100


@contextlib.contextmanager
def serving(folder: Path, *faults: Fault, draw: Fault = None) -> Iterator[LoggingServer]:
    """A server with an hour of entries, and a config.yaml that pulls them without much patience."""
    end_ns = time.time_ns() - 60 * NS_PER_S
    made = make_entries(_ENTRIES, seed=9, start_ns=end_ns - 3600 * NS_PER_S, end_ns=end_ns)
    with LoggingServer(made, faults=FaultScript(*faults, draw=lambda: draw)) as server:
        (folder / "config.yaml").write_text(
            "store: {path: s.duckdb}\nsources:\n  - {kind: cloud_logging, name: logs, insecure: true,\n"
            f"     resources: [projects/demo-stage], endpoint: '{server.endpoint}', page_size: {_PAGE},\n"
            "     reads_per_min: 1000000, deadline_s: 5, patience_s: 1, backfill_s: 172800, slice_s: 86400}\n",
            encoding="utf-8",
        )
        yield server


def pulled(folder: Path, *, more: int = 0) -> list[str]:
    """What is wrong after a pull that should have got all, with what was added."""
    code, said = run(["collect"], folder=folder)
    found = [f"the next pull failed: {one_line(said)}"] if code else []
    have = rows_of(folder / "s.duckdb", "select count(*) as n from entries")["n"][0]
    return (
        found
        + ([] if have == _ENTRIES + more else [f"{have} entries of {_ENTRIES + more}"])
        + broken(folder / "s.duckdb")
    )


def _for_an_hour(refusal: Refuse, folder: Path) -> tuple[str, list[str]]:
    with serving(folder, draw=refusal) as server:
        said = ""
        found: list[str] = []
        for _ in range(2):  # cycles that come while it lasts
            code, said = run(["collect"], folder=folder)
            found += [] if code == 1 and "Traceback" not in said else [f"exit code {code}: {one_line(said)}"]
        server.faults = FaultScript()
        return one_line(said), found + pulled(folder)


def _down(folder: Path) -> tuple[str, list[str]]:
    return _for_an_hour(Refuse(grpc.StatusCode.UNAVAILABLE, "backend away"), folder)


def _over_quota(folder: Path) -> tuple[str, list[str]]:
    return _for_an_hour(Refuse(grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded", retry_info_s=0.2), folder)


def _gone(folder: Path) -> tuple[str, list[str]]:
    with serving(folder) as server:
        server.stop()
        code, said = run(["collect"], folder=folder)
    with serving(folder):
        return one_line(said), ([] if code == 1 else [f"exit code {code}"]) + pulled(folder)


def _token_expires(folder: Path) -> tuple[str, list[str]]:
    """Two calls are answered, then the login is over: what came is kept, the next pull goes on."""
    ended = Refuse(grpc.StatusCode.UNAUTHENTICATED, "Request had invalid authentication credentials.")
    with serving(folder, None, None, draw=ended) as server:
        code, said = run(["collect"], folder=folder)
        found = [] if code == 1 else [f"exit code {code}"]
        kept = rows_of(folder / "s.duckdb", "select count(*) as n from entries")["n"][0]
        found += [] if 0 < kept < _ENTRIES else [f"{kept} entries kept of what two calls gave"]
        server.faults = FaultScript()
        return one_line(said), found + pulled(folder)


API = {
    "API down for an hour": _down,
    "API out of reach": _gone,
    "429 for an hour": _over_quota,
    "token expires mid-run": _token_expires,
}

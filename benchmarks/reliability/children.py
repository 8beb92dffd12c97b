"""Processes that run logtriage for the harness: started in milliseconds, killed at any moment, or run to their end.

Each is forked from a server process that has loaded the libraries and has never used them (multiprocessing's
forkserver), so that 200 kills need not wait 200 times for imports. What runs in it is the command line as installed.
"""

import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from benchmarks.reliability.clock import set_clock

__all__ = ["Child", "Limits", "run", "start"]

_PRELOADED = [  # nothing of ours that works with polars while it is imported: its threads do not survive a fork
    "benchmarks.reliability.clock",  # first: see there
    "polars",
    "pyarrow",
    "orjson",
    "pydantic",
    "typer",
    "jinja2",
    "httpx",
    "grpc",
    "yaml",
    "numpy",
    "uvicorn",
    "apscheduler.schedulers.background",
    "google.cloud.logging_v2.services.logging_service_v2.transports",
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2",
]
_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(_PRELOADED)
_LONGEST_S = 240.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may do and see. `at_ns`: its clock at the start; `flush_s`: between two transactions of a pull.

    `killed_at_acks`: it is killed (SIGKILL, by itself) once it acknowledged that many transactions, before the last of
    them is in the database file.
    """

    at_ns: int | None = None
    flush_s: float | None = None
    file_bytes: int | None = None
    killed_at_acks: int | None = None


@dataclass(slots=True)
class Child:
    """One process, and the files that its streams go to."""

    process: BaseProcess
    out: Path
    err: Path
    begun_s: float = field(default_factory=time.monotonic)

    def kill_after(self, seconds: float) -> bool:
        """SIGKILL so long after its start; whether it still ran."""
        self.process.join(max(0.0, self.begun_s + seconds - time.monotonic()))
        was_alive = self.process.is_alive()
        if was_alive:
            self.process.kill()
        self.process.join(_LONGEST_S)
        return was_alive and self.process.exitcode == -signal.SIGKILL

    def ended(self, within_s: float = _LONGEST_S) -> int:
        """The exit code; TimeoutError when it did not end."""
        self.process.join(within_s)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join(_LONGEST_S)
            raise TimeoutError(f"{self.out.name} did not end within {within_s:.0f} s")
        return self.process.exitcode

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        if self.process.is_alive() and self.process.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)
        return self.ended()

    def said(self) -> str:
        """What it wrote on stderr so far, or else on stdout."""
        return (self.err.read_text("utf-8", "replace") or self.out.read_text("utf-8", "replace")).strip()


def start(
    words: Sequence[str], *, folder: Path, name: str = "child", env: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> Child:  # fmt: skip
    """`logtriage WORDS` in that folder; its streams go to NAME.out and NAME.err there."""
    out, err = folder / f"{name}.out", folder / f"{name}.err"
    for path in (out, err):
        path.write_bytes(b"")
    process = _CONTEXT.Process(
        target=_command, args=(list(words), str(folder), str(out), str(err), dict(env or {}), limits or Limits())
    )
    process.start()
    return Child(process, out, err)


def run(words: Sequence[str], *, folder: Path, name: str = "child", **more: object) -> tuple[int, str]:
    """The same to its end: exit code, and what it said."""
    child = start(words, folder=folder, name=name, **more)  # type: ignore[arg-type] # handed on as they are
    return child.ended(), child.said()


def _command(words: list[str], folder: str, out: str, err: str, env: dict[str, str], limits: Limits) -> None:
    """In the process: its streams, its surroundings, then the command line, which never comes back."""
    for number, path in ((1, out), (2, err)):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    os.chdir(folder)
    for key in [key for key in os.environ if key.startswith("LOGTRIAGE_")]:
        del os.environ[key]
    os.environ.update(env)
    if limits.at_ns is not None:
        set_clock(limits.at_ns)
    if limits.flush_s is not None:
        import collector.collect  # noqa: PLC0415 - only in the process

        collector.collect._FLUSH_S = limits.flush_s  # noqa: SLF001 - many small transactions, to be killed between
    if limits.file_bytes is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
    if limits.killed_at_acks is not None:
        _be_killed_at(limits.killed_at_acks)
    sys.argv = ["logtriage", *words]
    from logtriage.cli import main  # noqa: PLC0415 - only in the process

    main()


def _be_killed_at(acks: int) -> None:
    """Between two steps of the store that a kill from outside would hardly meet."""
    import collector.store  # noqa: PLC0415 - only in the process

    names, left = vars(collector.store), [acks]
    acknowledge = names["write_acknowledged"]

    def last(*given: Any, **more: Any) -> None:
        acknowledge(*given, **more)
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    names["write_acknowledged"] = last

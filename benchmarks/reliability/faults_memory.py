"""512 MiB of memory: a control group, in which a command runs with the settings as shipped."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reliability.checks import broken, rows_of
from benchmarks.reliability.faults_disk import one_line
from collector.window import NS_PER_S
from logtriage.demo.generate import generate, write
from tests.support.log_entries import make_entries
from tests.support.logging_server import LoggingServer

__all__ = ["MEMORY"]

_MIB = 2**20
_LIMIT = 512 * _MIB
_BYTES = 150 * _MIB  # of the file: larger than what the group has to spare
_ENTRIES = 20_000  # to be pulled
_ROOT = Path("/sys/fs/cgroup")
Prepare = Callable[[Path], contextlib.AbstractContextManager[list[Sequence[str]]]]  # gives commands


@dataclass(frozen=True, slots=True)
class _Group:
    """What bounds a command. `folder` None: its address space alone is bounded (RLIMIT_AS)."""

    folder: Path | None
    peak: str = ""

    def run(self, words: Sequence[str], folder: Path) -> tuple[int, str]:
        """`logtriage WORDS` in it from its first byte on."""
        join = f"ulimit -v {_LIMIT // 1024}" if self.folder is None else f"echo $$ > {self.folder}/cgroup.procs"
        done = subprocess.run(
            ["sh", "-c", f'{join} && exec "$@"', "sh", sys.executable, "-m", "logtriage.cli", *words],
            cwd=folder, capture_output=True, text=True, check=False, env=_surroundings(),
        )  # fmt: skip
        return done.returncode, (done.stderr or done.stdout).strip()

    def peak_mib(self) -> float:
        """The most that it held since it was made, with the pages of files that it read."""
        return 0.0 if self.folder is None else int((self.folder / self.peak).read_text(encoding="ascii")) / _MIB


@contextlib.contextmanager
def _group() -> Iterator[_Group]:
    """A group of version 2, else of version 1, with a limit and no swap; where there is neither, a bounded process."""
    for parent, limit, peak in (
        (_ROOT, "memory.max", "memory.peak"),
        (_ROOT / "memory", "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
    ):
        place = parent / f"reliability-{os.getpid()}"
        try:
            place.mkdir()
        except OSError:
            continue
        try:
            if (place / limit).exists():
                (place / limit).write_text(str(_LIMIT), encoding="ascii")
                yield _Group(place, peak)
                return
        finally:
            place.rmdir()
    yield _Group(None)


def _case(prepare: Prepare) -> Callable[[Path], tuple[str, list[str]]]:
    def case(folder: Path) -> tuple[str, list[str]]:
        told, found = [], []
        with prepare(folder) as commands:
            for words in commands:
                with _group() as group:
                    code, said = group.run(words, folder)
                    bound = "in 512 MiB of address space" if group.folder is None else f"{group.peak_mib():.0f} MiB"
                told.append(f"{words[0]} {'done' if not code else one_line(said)}, {bound}")
                is_told = code == 1 and "memory" in said and "Traceback" not in said and "Internal fault" not in said
                found += [] if not code or is_told else [f"{words[0]} ended with {code}: {said[-300:]}"]
        held = rows_of(folder / "s.duckdb", "select count(*) as n from entries")["n"][0]
        return f"{'; '.join(told)}; {held:,} entries", found + broken(folder / "s.duckdb")

    return case


@contextlib.contextmanager
def _imported(folder: Path) -> Iterator[list[Sequence[str]]]:
    """An incident so often, each time later, that the file is large."""
    write(generate("two_roots", seed=3, scale=0.2), folder / "once")
    lines = (folder / "once" / "entries.jsonl").read_bytes()
    with (folder / "big.jsonl").open("wb") as big:
        for number in range(-(-_BYTES // len(lines))):
            big.write(lines.replace(b'"insertId":"', b'"insertId":"%d-' % number))
    (folder / "config.yaml").write_text("store: {path: s.duckdb}\n", encoding="utf-8")
    report = ["report", "--since", "2020-01-01"]
    yield [["import", "big.jsonl"], report]


@contextlib.contextmanager
def _pulled(folder: Path) -> Iterator[list[Sequence[str]]]:
    end_ns = time.time_ns() - 60 * NS_PER_S
    made = make_entries(_ENTRIES, seed=9, start_ns=end_ns - 3600 * NS_PER_S, end_ns=end_ns)
    with LoggingServer(made) as server:
        (folder / "config.yaml").write_text(
            "store: {path: s.duckdb}\nsources:\n  - {kind: cloud_logging, name: logs, insecure: true,\n"
            f"     resources: [projects/demo-stage], endpoint: '{server.endpoint}', reads_per_min: 1000000}}\n",
            encoding="utf-8",
        )
        yield [["collect"], ["report", "--since", "24h"]]


def _surroundings() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    return {key: value for key, value in os.environ.items() if not key.startswith("LOGTRIAGE_")} | {"PYTHONPATH": path}


MEMORY = {"512 MiB: import, report": _case(_imported), "512 MiB: collect, report": _case(_pulled)}

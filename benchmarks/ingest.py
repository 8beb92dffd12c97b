"""How fast `logtriage import` is beside DuckDB's own reading of the same file: one JSON line as result.

    python benchmarks/ingest.py FILE.jsonl [--pairs 3] [--folder DIR]

Runs alternate (baseline, ours, baseline, ours ...), each in a process of its own with a fresh database, after the file
was read once into the page cache. The baseline is baseline.sql: no normalising, no redaction, no deduplication, no
signing. Ours is the whole line: stored and signed. `ratio_*` is the median over the pairs of baseline divided by ours:
1.0 is as fast as DuckDB alone, higher is better.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_SQL = Path(__file__).with_name("baseline.sql")
_BLOCK_BYTES = 16 << 20
_PACKAGES = ("duckdb", "polars", "pyarrow", "orjson")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: wall clock and CPU of its whole process tree in seconds, its largest memory in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def main() -> None:
    """Compares, or with --baseline does one run of the baseline and nothing else."""
    parser = argparse.ArgumentParser(description="Speed of `logtriage import` beside DuckDB's read_json.")
    parser.add_argument("file", type=Path, help="LogEntry JSON lines")
    parser.add_argument("--pairs", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--folder", type=Path, default=None, help="where the databases are made (default: temporary)")
    parser.add_argument("--baseline", type=Path, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.baseline:
        run_baseline(options.file, options.baseline)
    else:
        print(json.dumps(compare(options.file, pairs=options.pairs, folder=options.folder)))


def run_baseline(file: Path, database: Path) -> None:
    """One run of baseline.sql into a fresh database file."""
    import duckdb  # noqa: PLC0415 - the comparing process stays small, its memory would count in the runs'

    with duckdb.connect(str(database)) as connection:
        for statement in connection.extract_statements(_SQL.read_text(encoding="utf-8")):
            given = {"file": str(file)} if statement.named_parameters else None
            connection.execute(statement, given).fetchall()


def compare(file: Path, *, pairs: int, folder: Path | None) -> dict[str, object]:
    """The result line."""
    file = file.resolve()
    entries = _count_lines(file)
    baseline: list[Cost] = []
    ours: list[Cost] = []
    for _ in range(pairs):
        baseline.append(_measured([sys.executable, str(Path(__file__).resolve()), str(file), "--baseline"], folder))
        ours.append(_measured([_logtriage(), "import", str(file), "--db"], folder))
    pair_list = list(zip(baseline, ours, strict=True))
    return {
        "benchmark": "ingest",
        "ratio_wall": _median(theirs.wall_s / own.wall_s for theirs, own in pair_list),
        "ratio_cpu": _median(theirs.cpu_s / own.cpu_s for theirs, own in pair_list),
        "ratios_wall": [round(theirs.wall_s / own.wall_s, 3) for theirs, own in pair_list],
        "entries": entries,
        "bytes": file.stat().st_size,
        "entries_per_s": round(entries / _median(own.wall_s for own in ours)),
        "wall_s": _median(own.wall_s for own in ours),
        "cpu_s": _median(own.cpu_s for own in ours),
        "peak_mib": max(own.peak_mib for own in ours),
        "baseline_wall_s": _median(theirs.wall_s for theirs in baseline),
        "baseline_cpu_s": _median(theirs.cpu_s for theirs in baseline),
        "baseline_peak_mib": max(theirs.peak_mib for theirs in baseline),
        "pairs": pairs,
        "cores": len(os.sched_getaffinity(0)),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
    }


def _measured(command: list[str], folder: Path | None) -> Cost:
    """One run in a process of its own; the name of a fresh database is its last argument."""
    with tempfile.TemporaryDirectory(prefix="ingest-", dir=folder) as fresh:
        started_s = time.perf_counter()
        process = subprocess.Popen(
            [*command, str(Path(fresh) / "bench.duckdb")], cwd=fresh, env=_environment(), stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started_s
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"`{' '.join(command)}` ended with code {process.returncode}; see above.")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, round(usage.ru_maxrss / 1024, 1))


def _environment() -> dict[str, str]:
    """The environment without settings of logtriage, so that each run has the defaults and a fresh folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOGTRIAGE_")}


def _logtriage() -> str:
    """The command beside this Python."""
    command = Path(sys.executable).with_name("logtriage")
    if not command.exists():
        sys.exit(f"There is no `{command}`. Install the project into this environment (make setup).")
    return str(command)


def _count_lines(file: Path) -> int:
    """Lines of the file; reading them also warms the page cache for the first run."""
    lines = 0
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK_BYTES):
            lines += block.count(b"\n")
    return lines


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


if __name__ == "__main__":
    main()

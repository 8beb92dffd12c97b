"""A million hostile lines through `logtriage import` and a report in every format: no crash, and the counts add up.

    python -m benchmarks.reliability.hostile [--lines 1000000] [--seed 1] [--folder DIR]

Both are processes of their own; told are their time and the most memory each held. A first line that is an entry tells
the file's kind; a line that is read as several records counts as that many, so `read` may exceed the lines by those.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.reliability.checks import broken, rows_of
from benchmarks.reliability.hostile_lines import hostile_lines

__all__ = ["main", "measured"]

_FORMATS = ("terminal", "markdown", "html", "json")
_OBEYED = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")


def main(given: Sequence[str] | None = None) -> int:
    """A line a command; 1 where one crashed or the counts do not add up."""
    parser = argparse.ArgumentParser(description="A million hostile lines.")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args(given)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        faults = measured(Path(name), options.lines, seed=options.seed)
    for fault in faults:
        print(f"FAULT {fault}")
    print(f"{len(faults)} faults")
    return int(bool(faults))


def measured(folder: Path, lines: int, *, seed: int) -> list[str]:
    """Imports and reports; prints figures, gives what was wrong."""
    file, db = folder / "hostile.jsonl", folder / "store.duckdb"
    size = 0
    with file.open("wb") as out:
        for line in hostile_lines(lines, seed=seed):
            size += out.write(line)
    print(f"{lines:,} lines, {size / 2**20:.0f} MiB")
    faults = _run(["import", str(file), "--db", str(db)], folder, "import")
    if not db.exists():
        return [*faults, "nothing was stored"]
    sums = rows_of(db, "select sum(read), sum(stored), sum(duplicates), sum(dead) from batches").row(0)
    read, stored, duplicates, dead = (int(one or 0) for one in sums)
    print(f"{read:,} read = {stored:,} stored + {duplicates:,} duplicates + {dead:,} dead letters")
    if read != stored + duplicates + dead:
        faults.append(f"{read} read are not {stored} + {duplicates} + {dead}")
    if read != lines:
        faults.append(f"{read} read of {lines} lines")
    rows = rows_of(db, "select (select count(*) from entries), (select count(*) from dead_letters)").row(0)
    faults += [f"{rows} rows for {stored} stored and {dead} dead"] if rows != (stored, dead) else []
    for reason, n in rows_of(
        db, "select reason, count(*) as n from dead_letters group by 1 order by n desc limit 12"
    ).rows():
        print(f"  {n:>9,} {reason[:90]}")
    faults += broken(db)
    for form in _FORMATS:
        told = folder / f"report.{form}"
        words = ["report", "--since", "2026-01-01", "--until", "2026-01-04", "--db", str(db), "--format", form]
        faults += _run([*words, "--output", str(told)], folder, f"report {form}")
        if not told.exists():
            faults.append(f"no report as {form}")
        elif obeyed := _OBEYED.findall(
            told.read_bytes().replace(b"\x1b[", b"") if form == "terminal" else told.read_bytes()
        ):
            faults.append(f"the report as {form} holds what a terminal or a reader obeys: {obeyed[:3]}")
    return faults


def _run(words: Sequence[str], folder: Path, name: str) -> list[str]:
    """One command; how long it took, and the most memory it held."""
    begun = time.monotonic()
    with (folder / f"{name}.err").open("wb") as err, (folder / f"{name}.out").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "logtriage.cli", *words], stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    said = (folder / f"{name}.err").read_text("utf-8", "replace").strip()
    print(f"{name}: {time.monotonic() - begun:.1f} s, {usage.ru_utime + usage.ru_stime:.1f} CPU-s, "
          f"{usage.ru_maxrss / 1024:.0f} MiB at most")  # fmt: skip
    if process.returncode or "Traceback" in said or "Internal fault" in said:
        return [f"{name} ended with {process.returncode}: {said[-500:]}"]
    return []


if __name__ == "__main__":
    sys.exit(main())

"""What breaks around logtriage: each fault with what was told, and whether all was right again afterwards.

    python -m benchmarks.reliability.faults [--only "disk full" ...] [--folder DIR]

A file system of a few MiB is mounted for a full and a read-only disk, which needs root; where that is not given the
case is told as not tried. Memory is limited by a control group, or, where none can be made, by the address space of the
process, and the line says so. Hours of an API that is down are told by its answers: a pull gives up after `patience_s`
and the next goes on. Clocks are those of benchmarks/reliability/clock.py.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.reliability.faults_api import API
from benchmarks.reliability.faults_disk import DISK
from benchmarks.reliability.faults_memory import MEMORY
from benchmarks.reliability.faults_suspend import SUSPEND
from benchmarks.reliability.faults_time import TIME
from benchmarks.reliability.faults_wal import WAL

__all__ = ["main", "tried"]

Case = Callable[[Path], tuple[str, list[str]]]
_CASES: dict[str, Case] = {**DISK, **WAL, **MEMORY, **API, **TIME, **SUSPEND}


def main(given: Sequence[str] | None = None) -> int:
    """A line a fault; 1 where one was not borne."""
    parser = argparse.ArgumentParser(description="Faults around logtriage.")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args(given)
    wrong = 0
    for name in _CASES:
        if options.only and name not in options.only:
            continue
        told, faults = tried(name, options.folder)
        wrong += bool(faults)
        print(f"{name:<28} {'WRONG' if faults else 'right'}  {told}", flush=True)
        for fault in faults:
            print(f"{'':<28}   {fault}")
    print(f"{wrong} wrong")
    return int(wrong > 0)


def tried(name: str, folder: Path | None = None) -> tuple[str, list[str]]:
    """What one fault was told as, and what was not right; a folder of its own is made and removed."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        try:
            told, faults = _CASES[name](Path(own))
        except (subprocess.CalledProcessError, PermissionError) as error:
            return f"not tried: {error}", []
    return told.replace(str(own), "DIR"), faults


if __name__ == "__main__":
    sys.exit(main())

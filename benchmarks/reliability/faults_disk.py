"""Faults of the disk and of the database file."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from benchmarks.reliability.checks import broken, rows_of
from benchmarks.reliability.children import Limits, run, start
from benchmarks.reliability.hostile_lines import hostile_lines

__all__ = ["DISK", "given_lines", "one_line"]

_LINES = 3000
_MIB = 2**20


def one_line(said: str) -> str:
    """The last line of what was said: the sentence."""
    return said.strip().splitlines()[-1] if said.strip() else "(nothing)"


def given_lines(folder: Path, lines: int = _LINES, *, seed: int = 1) -> Path:
    """A file of that many hostile lines."""
    path = folder / f"given-{seed}.jsonl"
    with path.open("wb") as out:
        out.writelines(hostile_lines(lines, seed=seed))
    return path


def _refused(said: str, code: int, *words: str) -> list[str]:
    found = [] if code == 1 else [f"exit code {code}"]
    if not any(word in said for word in words):
        found.append(f"the sentence has none of {words}: {one_line(said)[:300]}")
    return found + (["a traceback or an internal fault"] if "Traceback" in said or "Internal fault" in said else [])


def _whole(db: Path, lines: int) -> list[str]:
    """After a second import: every distinct line is stored once."""
    found = broken(db)
    read = rows_of(
        db, "select sum(read) as n from batches where run_id = (select max(run_id) from runs where kind = 'import')"
    )["n"][0]
    return found + ([] if read == lines else [f"{read} lines read of {lines}"])


@contextlib.contextmanager
def _disk(place: Path, mib: int) -> Iterator[Path]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(place)], check=True, capture_output=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _disk_full(folder: Path) -> tuple[str, list[str]]:
    file = given_lines(folder, _LINES)
    with _disk(folder / "small", 12) as place:
        filler = place / "filler"
        filler.write_bytes(b"x" * 11 * _MIB)
        code, said = run(["import", str(file), "--db", str(place / "s.duckdb")], folder=folder)
        found = _refused(said, code, "disk is full", "No space left")
        filler.unlink()
        again, after = run(["import", str(file), "--db", str(place / "s.duckdb")], folder=folder)
        found += [f"after space was freed: {one_line(after)}"] if again else _whole(place / "s.duckdb", _LINES)
    return one_line(said), found


def _file_limit(folder: Path) -> tuple[str, list[str]]:
    file = given_lines(folder, _LINES)
    words = ["import", str(file), "--db", "s.duckdb"]
    child = start(words, folder=folder, limits=Limits(file_bytes=_MIB))
    code, said = child.ended(), child.said()
    found = _refused(said, code, "may not get larger", "File too large")
    again, after = run(words, folder=folder)
    return one_line(said), found + ([one_line(after)] if again else _whole(folder / "s.duckdb", _LINES))


def _read_only(folder: Path) -> tuple[str, list[str]]:
    file = given_lines(folder)
    with _disk(folder / "ro", 64) as place:
        db = str(place / "s.duckdb")
        run(["import", str(file), "--db", db], folder=folder)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True, capture_output=True)
        code, said = run(["import", str(given_lines(folder, seed=2)), "--db", db], folder=folder)
        found = _refused(said, code, "read-only", "Read-only")
        reads, told = run(["report", "--since", "2026-01-01", "--until", "2026-01-03", "--db", db], folder=folder)
        found += [f"a report from it failed: {one_line(told)}"] if reads else []
    return one_line(said), found


def _damaged(damage: Callable[[Path], None], *words: str) -> Callable[[Path], tuple[str, list[str]]]:
    def case(folder: Path) -> tuple[str, list[str]]:
        db = folder / "s.duckdb"
        run(["import", str(given_lines(folder)), "--db", str(db)], folder=folder)
        damage(db)
        code, said = run(["report", "--since", "2026-01-01", "--until", "2026-01-03", "--db", str(db)], folder=folder)
        found = _refused(said, code, *words)
        code, said_too = run(["import", str(given_lines(folder, seed=2)), "--db", str(db)], folder=folder)
        return one_line(said), found + _refused(said_too, code, *words)

    return case


def _flip(at: float, count: int) -> Callable[[Path], None]:
    def damage(db: Path) -> None:
        content = bytearray(db.read_bytes())
        first = round(at * len(content))
        for number in range(first, min(len(content), first + count)):
            content[number] ^= 0xFF
        db.write_bytes(content)

    return damage


def _truncate(db: Path) -> None:
    os.truncate(db, db.stat().st_size // 2)


def _foreign(db: Path) -> None:
    db.unlink()
    with duckdb.connect(str(db)) as connection:
        connection.execute("create table accounts (name varchar)").fetchall()


def _newer(db: Path) -> None:
    with duckdb.connect(str(db)) as connection:
        connection.execute(
            "insert into migrations by name select 'create_9999_later' as name, 0 as applied_at_ns"
        ).fetchall()


DISK = {
    "disk full": _disk_full,
    "file may not grow": _file_limit,
    "read-only disk": _read_only,
    "header overwritten": _damaged(_flip(0.0, 8192), "no DuckDB database", "damaged"),
    "blocks overwritten": _damaged(_flip(0.1, 3_000_000), "damaged"),
    "file cut short": _damaged(_truncate, "cut short", "damaged"),
    "foreign database": _damaged(_foreign, "another program"),
    "newer store": _damaged(_newer, "newer logtriage"),
}

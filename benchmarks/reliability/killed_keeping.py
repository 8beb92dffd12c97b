"""Killed while it keeps the store small and safe: prune, with its compaction, and backup."""

import contextlib
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.reliability.checks import broken, difference, rows_of
from benchmarks.reliability.children import Limits, run, start
from benchmarks.reliability.killed import ROWS, Activity, store_incident

__all__ = ["Keeping", "keeping"]

_SCENARIO, _SEED, _SCALE = "two_roots", 5, 0.05
_COPY = "copy.duckdb"


class Keeping:
    """`prune --older-than 1d` or `backup` of a stored incident of two days, at its end."""

    def __init__(self, name: str, home: Path, words: Sequence[str]) -> None:
        self.name, self.home, self.words = name, home / name, words
        self.is_pruning = name == "prune"
        self.usual_s = 1.0
        self.at_ns = 0
        self.young: set[str] = set()

    def prepare(self) -> None:
        """The incident in a store, and what an undisturbed command leaves."""
        self.home.mkdir()
        self.at_ns = store_incident(self.home, _SCENARIO, seed=_SEED, scale=_SCALE)
        self.begin(self.home / "undisturbed")
        begun = time.monotonic()
        code, said = self._run(self.home / "undisturbed")
        self.usual_s = time.monotonic() - begun
        if code:
            raise RuntimeError(said)
        self.young = self._ids(self.home / "undisturbed")
        if self.is_pruning and not 0 < len(self.young) < len(self._ids(self.home)):
            raise RuntimeError(f"prune left {len(self.young)} entries: {said}")

    def begin(self, place: Path) -> None:
        """The store before it."""
        place.mkdir()
        for one in self.home.glob("store.duckdb*"):
            if one.suffix in {".duckdb", ".key"}:
                shutil.copy2(one, place)

    def strike(self, place: Path, moment_s: float, dice: random.Random) -> bool:
        """The command, killed."""
        del dice
        return start(self.words, folder=place, limits=Limits(at_ns=self.at_ns)).kill_after(moment_s)

    def lost(self, place: Path) -> list[str]:
        """Entries that are kept by the undisturbed command; and a copy that has its name but is not whole."""
        missing = self.young - self._ids(place)
        found = [f"{len(missing)} entries are gone that were to be kept"] if missing else []
        return found + [f"the copy: {one}" for one in broken(place / _COPY)]

    def complete(self, place: Path) -> list[str]:
        """Once more to its end: the store, and the copy of a backup, are those of the undisturbed."""
        (place / _COPY).unlink(missing_ok=True)
        (place / f"{_COPY}.key").unlink(missing_ok=True)
        code, said = self._run(place)
        found = [f"exit code {code}: {said}"] if code else []
        found += difference(place / "store.duckdb", self.home / "undisturbed" / "store.duckdb", ROWS)
        if not self.is_pruning:
            found += difference(place / _COPY, self.home / "store.duckdb", ROWS)
        left = [one.name for one in place.iterdir() if one.name.endswith((".fresh", ".part", ".tmp"))]
        return found + ([f"left behind: {', '.join(left)}"] if left else [])

    def _ids(self, place: Path) -> set[str]:
        return set(rows_of(place / "store.duckdb", "select insert_id from entries")["insert_id"])

    def _run(self, place: Path) -> tuple[int, str]:
        return run(self.words, folder=place, limits=Limits(at_ns=self.at_ns))


def keeping(name: str, *words: str) -> Callable[[Path], contextlib.AbstractContextManager[Activity]]:
    """A command that keeps the store, prepared on entering."""

    @contextlib.contextmanager
    def prepared(home: Path) -> Iterator[Activity]:
        one = Keeping(name, home, (*words, "--db", "store.duckdb"))
        one.prepare()
        yield one

    return prepared

"""Faults of the engine's log of changes (FILE.wal), in which alone stands what a killed writer acknowledged last.

The engine takes some damage for a torn end and opens without a word. So each damage is held against what was
acknowledged: whoever reads, checks or writes next refuses with a sentence or tells what is gone, and after a repair and
an import of the file that it names all is there, once.
"""

import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

from benchmarks.reliability.checks import broken, difference
from benchmarks.reliability.children import Limits, run, start
from benchmarks.reliability.faults_disk import given_lines

__all__ = ["WAL"]

_LINES = 400
_REPORT = ("report", "--since", "2026-01-01")
_REFUSED = "damaged log of its last changes"
_GONE = ("not in the database any more", "was stored and is gone")
_ENTRIES = {"entries": "select project, insert_id, at_ns from entries order by all"}
_FRAME = struct.Struct("<QQ")  # length and checksum, before the content of each frame
_HEADERS = 200  # bytes within which the first frame begins

Damage = Callable[[Path], None]
Where = Callable[[bytes], int]


def _case(**damages: Damage) -> Callable[[Path], tuple[str, list[str]]]:
    def case(folder: Path) -> tuple[str, list[str]]:
        left, whole = folder / "left", folder / "whole"
        _left(left)
        whole.mkdir()
        shutil.copy2(left / "s.duckdb.key", whole)  # or identities without an insertId differ
        for seed in (1, 2, 3):
            _import(whole, seed)
        told, found = [], []
        for name, damage in damages.items():
            place = folder / name
            shutil.copytree(left, place)
            damage(place / "s.duckdb.wal")
            said, faults = _borne(place, whole / "s.duckdb")
            told.append(f"{name.replace('_', ' ')}: {said}")
            found += [f"{name.replace('_', ' ')}: {one}".replace(str(place), "DIR") for one in faults]
        return "; ".join(told), found

    return case


def _left(place: Path, *, seeds: tuple[int, int] = (1, 2)) -> Path:
    """The log of a store with one import, and a second that was killed when it had acknowledged what it stored."""
    place.mkdir()
    (place / "config.yaml").write_text("store: {path: s.duckdb}\n", encoding="utf-8")
    _import(place, seeds[0])
    words = ["import", given_lines(place, _LINES, seed=seeds[1]).name]
    start(words, folder=place, limits=Limits(killed_at_acks=1)).ended()
    return place / "s.duckdb.wal"


def _borne(place: Path, whole: Path) -> tuple[str, list[str]]:
    """What a damaged log is told as, and what of it is wrong, up to the repair and beyond."""
    found, told = [], []
    for words in (_REPORT, ("doctor", "--store"), ("import", given_lines(place, _LINES, seed=3).name)):
        code, said = _run(words, place)
        is_refused, is_told = _REFUSED in said, any(word in said for word in _GONE)
        told.append("refused" if is_refused else "told" if is_told else "done")
        found += [f"{words[0]} has a traceback"] if "Traceback" in said or "Internal fault" in said else []
        found += [f"{words[0]} ended with {code}: {said[-300:]}"] if code and not (is_refused or is_told) else []
    code, mended = _run(("doctor", "--store", "--repair"), place)
    found += [f"the repair ended with {code}: {mended[-600:]}"] if code else []
    if "2.jsonl" not in mended and set(told) != {"done"}:
        found.append(f"the repair does not say what to import again: {mended[-600:]}")
    code, checked = _run(("doctor", "--store"), place)
    found += [f"after the repair: {checked[-600:]}"] if code or any(word in checked for word in _GONE) else []
    for seed in (2, 3) if told[-1] == "refused" else (2,):
        _import(place, seed)
    found += broken(place / "s.duckdb") + difference(place / "s.duckdb", whole, _ENTRIES)
    return ", ".join(f"{who} {what}" for who, what in zip(("reader", "check", "writer"), told, strict=True)), found


def _import(place: Path, seed: int) -> None:
    run(["import", given_lines(place, _LINES, seed=seed).name, "--db", "s.duckdb"], folder=place)


def _run(words: tuple[str, ...], place: Path) -> tuple[int, str]:
    """Exit code, and both streams on one line."""
    child = start(words, folder=place)
    code = child.ended()
    return code, " ".join(
        f"{child.err.read_text('utf-8', 'replace')} {child.out.read_text('utf-8', 'replace')}".split()
    )


def _frames(content: bytes) -> list[int]:
    """Where each frame begins: the one place from which a chain of lengths ends at the end of the log."""
    for first in range(_HEADERS):
        at, found = first, []
        while at + _FRAME.size <= len(content):
            found.append(at)
            at += _FRAME.size + _FRAME.unpack_from(content, at)[0]
        if at == len(content) and len(found) > 1:
            return found
    raise ValueError("the log of changes has no frames as they are known here")


def _flipped(where: Where) -> Damage:
    """One bit, at that place of the content."""

    def damage(wal: Path) -> None:
        content = bytearray(wal.read_bytes())
        content[where(bytes(content))] ^= 0x10
        wal.write_bytes(content)

    return damage


def _cut(where: Where) -> Damage:
    return lambda wal: os.truncate(wal, where(wal.read_bytes()))


def _at(frame: int, within: int) -> Where:
    return lambda content: _frames(content)[frame] + within


def _middle(content: bytes) -> int:
    """The middle of the largest frame."""
    begins = _frames(content)
    size, at = max((end - at, at) for at, end in zip(begins, [*begins[1:], len(content)], strict=True))
    return at + size // 2


def _zeros(wal: Path) -> None:
    wal.write_bytes(bytes(wal.stat().st_size))


def _foreign(wal: Path) -> None:
    """That of another store of ours, which a killed import left as well."""
    shutil.copy2(_left(wal.parent / "foreign", seeds=(8, 9)), wal)


WAL = {
    "log: a bit flipped": _case(
        header=_flipped(lambda _: 2),
        first_length=_flipped(_at(0, 5)),
        middle_of_a_frame=_flipped(_middle),
        last_byte=_flipped(lambda content: len(content) - 1),
    ),
    "log: cut short": _case(
        in_its_header=_cut(lambda _: 10), between_frames=_cut(_at(4, 0)), in_a_frame=_cut(_middle),
        by_a_byte=_cut(lambda content: len(content) - 1),
    ),
    "log: zeros": _case(all_of_it=_zeros),
    "log: removed": _case(removed=Path.unlink),
    "log: of another store": _case(foreign=_foreign),
}  # fmt: skip

"""How long readers wait for their turn, read, and hold up who writes: one JSON line as result.

    python benchmarks/readers.py STORE.duckdb FILE.jsonl [--way copy|gate|published] [--seconds 60] [--every 1]

The store (benchmarks/generate_store.py) is copied; then `logtriage import FILE` runs over and over in processes of its
own, each time with other ids. Meanwhile a reader of each kind asks every --every seconds, for --seconds: a process that
does what `logtriage query`, `show` and `report` do, without the start of Python. `wait_s`: until it had its turn;
`held_s`: how long it then kept who writes from theirs; `read_s`: until it had its answer. `import_per_s`: entries a
second with readers, `import_alone_per_s` without.

Ways, of which the first is what logtriage does (docs/readers.md tells why):
copy: the reader copies the file at its turn and reads the copy. gate: it reads the file at its turn, and who writes
waits for it.
published: a copy is made twice a second, at a turn of its own, that readers open without a turn.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

_PUBLISHED = "published.duckdb"
_UNTIL_NS = 1_781_568_000_000_000_000  # 2026-06-16T00:00:00Z, the end of what generate_store.py draws
_KINDS = ("query", "show", "report")


def main() -> None:
    """Measures, or is one of the readers."""
    parser = argparse.ArgumentParser(description="Answers of readers while others write.")
    parser.add_argument("store", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--way", choices=("copy", "gate", "published"), default="copy")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--reader", choices=_KINDS, default=None, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.reader:
        read(asked)
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        print(json.dumps(measure(asked, Path(folder))))


def measure(asked: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Readers alone, the import alone, both together."""
    store = folder / "store.duckdb"
    shutil.copyfile(asked.store, store)
    shutil.copyfile(store, folder / _PUBLISHED)
    alone = {kind: _answers([_start(kind, store, asked, seconds=2)])["read_s"] for kind in _KINDS}
    lone = _import_for(store, asked.file, asked.way, asked.seconds / 3)
    readers = [_start(kind, store, asked, seconds=asked.seconds) for kind in _KINDS]
    beside = _import_for(store, asked.file, asked.way, asked.seconds)
    return {
        "benchmark": "readers", "way": asked.way, "mib": round(store.stat().st_size / 2**20), "alone_read_s": alone,
        **{kind: _answers([one]) for kind, one in zip(_KINDS, readers, strict=True)},
        "import_alone_per_s": round(lone), "import_per_s": round(beside), "ratio": round(beside / lone, 2),
    }  # fmt: skip


def _start(kind: str, store: Path, asked: argparse.Namespace, *, seconds: float) -> "subprocess.Popen[bytes]":
    place = store.with_name(_PUBLISHED) if asked.way == "published" else store
    command = [sys.executable, __file__, str(place), str(asked.file), "--reader", kind, "--way", asked.way]
    command += ["--seconds", str(seconds), "--every", str(asked.every)]
    return subprocess.Popen(command, env=_environment(asked.way), stdout=subprocess.PIPE)


def _answers(readers: Sequence["subprocess.Popen[bytes]"]) -> dict[str, object]:
    """What readers saw, once they are done."""
    told: dict[str, list[float]] = defaultdict(list)
    for one in readers:
        for name, times in json.loads(one.communicate()[0]).items():
            told[name] += times
    return {name: _spread(times) for name, times in told.items()}


def read(asked: argparse.Namespace) -> None:
    """A reader that asks again and again; its waits are taken at the gate, none where it does not pass it."""
    from classifiers.classify import classify  # noqa: PLC0415 - as above
    from classifiers.config import ClassifyConfig  # noqa: PLC0415 - as above
    from collector import store as doors  # noqa: PLC0415 - only readers need it
    from collector.config import StoreConfig  # noqa: PLC0415 - as above
    from collector.window import Window  # noqa: PLC0415 - as above

    store = doors.Store(StoreConfig(path=asked.store, read_copy_mib=4096 if asked.way == "copy" else 0, read_wait_s=60))
    window = Window(_UNTIL_NS - 24 * 3600 * 10**9, _UNTIL_NS)
    told: dict[str, list[float]] = {"wait_s": [], "held_s": [], "read_s": []}
    passing = doors.pass_gate  # type: ignore[attr-defined]  # a benchmark looks inside

    @contextlib.contextmanager
    def timed(*args: object, **named: object) -> Iterator[bool]:
        began_s = time.perf_counter()
        with passing(*args, **named) as passed:  # type: ignore[arg-type]  # whatever the store says
            had_s = time.perf_counter()
            told["wait_s"].append(had_s - began_s)
            yield passed
        told["held_s"].append(time.perf_counter() - had_s)

    doors.pass_gate = timed  # type: ignore[attr-defined]  # as above
    until_s = time.perf_counter() + asked.seconds
    while time.perf_counter() < until_s:
        began_s, passed = time.perf_counter(), len(told["wait_s"])
        with store.read_aside() as reader:
            if asked.reader == "query":
                reader.sql("select count(*) from entries")
            else:
                classify(reader, window=window, now_ns=window.end_ns, config=ClassifyConfig())
        if asked.reader == "show":
            with store.read_aside() as reader:
                reader.sql("select * from entries limit 10")
        seconds = time.perf_counter() - began_s
        told["read_s"].append(seconds)
        if len(told["wait_s"]) == passed:
            told["wait_s"].append(0.0)
            told["held_s"].append(0.0)
        time.sleep(max(0.0, asked.every - seconds))
    print(json.dumps(told))


def _environment(way: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOGTRIAGE_")}
    return kept | ({"LOGTRIAGE_STORE__READ_COPY_MIB": "0"} if way != "copy" else {})


def _import_for(store: Path, file: Path, way: str, seconds: float) -> float:
    """Entries a second of imports of the file, one after the other with other ids, for so long."""
    done, began_s = 0, time.perf_counter()
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        while time.perf_counter() - began_s < seconds:
            fresh = Path(folder) / f"{time.time_ns()}.jsonl"
            done += _with_other_ids(file, fresh)
            with _publishing(store, way):
                subprocess.run(
                    [sys.executable, "-m", "logtriage.cli", "import", str(fresh), "--db", str(store)],
                    env=_environment(way), check=True, stdout=subprocess.DEVNULL,
                )  # fmt: skip
            fresh.unlink()
    return done / (time.perf_counter() - began_s)


def _with_other_ids(file: Path, fresh: Path) -> int:
    """The same entries under ids of their own."""
    text = file.read_bytes()
    mark = f'"insertId":"{time.time_ns():x}'.encode()
    fresh.write_bytes(text.replace(b'"insertId":"', mark))
    return text.count(b"\n")


@contextlib.contextmanager
def _publishing(store: Path, way: str) -> Iterator[None]:
    """Copies the file at a turn of its own twice a second while the body runs, where that is the way."""
    from collector.gate import pass_gate  # noqa: PLC0415 - polars stays out of a process that only starts others

    over = threading.Event()

    def publish() -> None:
        fresh = store.with_name("fresh.duckdb")
        while not over.wait(0.5):
            with pass_gate(store, is_exclusive=False, wait_s=60):
                shutil.copyfile(store, fresh)
            fresh.rename(store.with_name(_PUBLISHED))

    worker = threading.Thread(target=publish)
    if way == "published":
        worker.start()
    try:
        yield
    finally:
        over.set()
        if way == "published":
            worker.join()


def _spread(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    at = {"median": 0.5, "p95": 0.95, "max": 1.0}
    told = {name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) for name, share in at.items()}
    return {"asked": len(ordered), **told}


if __name__ == "__main__":
    main()

"""How fast spans are stored, beside a bare parse of the same bytes and an insert of the same rows: one JSON line.

    python -m benchmarks.spans [--spans 1000000] [--pairs 3] [--folder DIR]

Bare: protobuf's `FromString` of every message, then one columnar insert of as many rows as we store into a fresh DuckDB
file with our columns, and a checkpoint; the rows lie ready as Arrow. Ours: `logtriage import` of the file in protobuf,
and in JSON lines, each normalised, redacted, deduplicated, stored and signed; and the same messages sent to a running
`logtriage receive` by a few clients at once, until each is acknowledged, which means stored. Runs alternate, each in a
process of its own with a fresh database. `ratio_*` is bare divided by ours: 1.0 is as fast, higher is better.
"""

import argparse
import http.client
import json
import os
import platform
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.generate_spans import generate

_PACKAGES = ("duckdb", "polars", "protobuf", "pyarrow", "orjson")
_CLIENTS = 4
_ROWS_AT_ONCE = 122_880  # of DuckDB's row groups
_START_S = 30.0
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: wall clock and CPU of its process in seconds, its largest memory in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def main() -> None:
    """Compares, or with --bare does one bare run, with --rows writes the rows of a database for it."""
    parser = argparse.ArgumentParser(description="Speed of spans beside a bare parse and insert.")
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3, help="runs of each (default 3)")
    parser.add_argument("--folder", type=Path, default=None, help="where files and databases are made")
    parser.add_argument("--bare", type=Path, nargs=2, default=None, metavar=("FOLDER", "DB"), help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=Path, nargs=2, default=None, metavar=("DB", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        run_bare(*options.bare)
    elif options.rows:
        write_rows(*options.rows)
    else:
        with tempfile.TemporaryDirectory(prefix="spans-", dir=options.folder) as folder:
            print(json.dumps(compare(Path(folder), spans=options.spans, pairs=options.pairs)))


def run_bare(folder: Path, database: Path) -> None:
    """Parses every message and inserts the rows that lie ready."""
    import duckdb  # noqa: PLC0415 - the comparing process stays small, its memory would count in the runs'
    import pyarrow as pa  # noqa: PLC0415 - as above
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415 - as above
        ExportTraceServiceRequest,
    )

    for message in _messages(folder / "spans.pb"):
        ExportTraceServiceRequest.FromString(message)
    parts = sorted(folder.glob("rows-*.arrow"))
    with duckdb.connect(str(database)) as connection:
        for number, part in enumerate(parts):
            connection.register("fresh", pa.ipc.open_file(pa.memory_map(str(part))).read_all())
            verb = "insert into spans" if number else "create table spans as"
            connection.execute(f"{verb} select * from fresh").fetchall()
        connection.execute("checkpoint").fetchall()


def write_rows(database: Path, folder: Path) -> None:
    """The stored spans as Arrow files for the bare run."""
    import duckdb  # noqa: PLC0415 - as above
    import pyarrow as pa  # noqa: PLC0415 - as above

    with duckdb.connect(str(database), read_only=True) as connection:
        reader = connection.sql("select * exclude (batch_id) from spans").to_arrow_reader(_ROWS_AT_ONCE)
        for number, batch in enumerate(reader):
            place = str(folder / f"rows-{number:04d}.arrow")
            with pa.OSFile(place, "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
                writer.write_batch(batch)


def compare(folder: Path, *, spans: int, pairs: int) -> dict[str, object]:
    """The result line."""
    generate(folder, spans=spans, seed=1)
    packed, lines = folder / "spans.pb", folder / "spans.jsonl"
    with tempfile.TemporaryDirectory(dir=folder) as first:
        _run([_logtriage(), "import", str(packed), "--db", f"{first}/a.duckdb"])
        _run([*_self(), "--rows", f"{first}/a.duckdb", str(folder)])
    costs: dict[str, list[Cost]] = {"bare": [], "protobuf": [], "json": [], "receiver": []}
    for _ in range(pairs):
        costs["bare"].append(_measured([*_self(), "--bare", str(folder)], folder))
        costs["protobuf"].append(_measured([_logtriage(), "import", str(packed), "--db"], folder))
        costs["receiver"].append(_received(packed, folder))
        costs["json"].append(_measured([_logtriage(), "import", str(lines), "--db"], folder))
    result: dict[str, object] = {"benchmark": "spans", "spans": spans, "bytes": packed.stat().st_size, "pairs": pairs}
    for name, runs in costs.items():
        paired = list(zip(costs["bare"], runs, strict=True))
        result |= {
            f"{name}_wall_s": _median([run.wall_s for run in runs]),
            f"{name}_cpu_s": _median([run.cpu_s for run in runs]),
            f"{name}_spans_per_s": round(spans / _median([run.wall_s for run in runs])),
            f"{name}_peak_mib": max(run.peak_mib for run in runs),
            f"ratio_wall_{name}": _median([bare.wall_s / run.wall_s for bare, run in paired]),
            f"ratio_cpu_{name}": _median([bare.cpu_s / run.cpu_s for bare, run in paired]),
        }
    versions = {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}}
    return result | {"cores": len(os.sched_getaffinity(0)), "clients": _CLIENTS, "versions": versions}


def _received(packed: Path, folder: Path) -> Cost:
    """The messages sent to a receiver of its own; wall clock from the first request to the last answer."""
    with tempfile.TemporaryDirectory(prefix="received-", dir=folder) as fresh:
        port = _free_port()
        command = [_logtriage(), "receive", "--http", f"127.0.0.1:{port}", "--db", f"{fresh}/bench.duckdb"]
        process = subprocess.Popen(command, cwd=fresh, env=_environment(), stdout=subprocess.DEVNULL)
        _wait_for(port)
        messages = _messages(packed)
        lock = threading.Lock()
        started_s = time.perf_counter()
        clients = [threading.Thread(target=_send, args=(port, messages, lock)) for _ in range(_CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        wall_s = time.perf_counter() - started_s
        process.terminate()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, round(usage.ru_maxrss / 1024, 1))


def _send(port: int, messages: Iterator[bytes], lock: threading.Lock) -> None:
    """Posts messages until there are none; one that is refused for now is sent again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    while True:
        with lock:
            message = next(messages, None)
        if message is None:
            connection.close()
            return
        while not _is_taken(connection, message):
            pass


def _is_taken(connection: http.client.HTTPConnection, message: bytes) -> bool:
    connection.request("POST", "/v1/traces", message, {"Content-Type": "application/x-protobuf"})
    answer = connection.getresponse()
    answer.read()
    if answer.status in {429, 503}:
        time.sleep(float(answer.headers.get("Retry-After", "0.1")))
        return False
    if answer.status != http.client.OK:
        sys.exit(f"The receiver answered {answer.status}; see above.")
    return True


def _messages(packed: Path) -> Iterator[bytes]:
    with packed.open("rb") as file:
        while head := file.read(_LENGTH.size):
            yield file.read(_LENGTH.unpack(head)[0])


def _measured(command: Sequence[str], folder: Path) -> Cost:
    """One run in a process of its own; the name of a fresh database is its last argument."""
    with tempfile.TemporaryDirectory(prefix="run-", dir=folder) as fresh:
        started_s = time.perf_counter()
        process = subprocess.Popen([*command, f"{fresh}/bench.duckdb"], env=_environment(), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started_s
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"`{' '.join(command)}` ended with code {process.returncode}; see above.")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, round(usage.ru_maxrss / 1024, 1))


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, env=_environment(), stdout=subprocess.DEVNULL)


def _environment() -> dict[str, str]:
    """The environment without settings of logtriage, so that each run has the defaults and a fresh folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOGTRIAGE_")}


def _self() -> list[str]:
    return [sys.executable, "-m", "benchmarks.spans"]


def _logtriage() -> str:
    """The command beside this Python."""
    command = Path(sys.executable).with_name("logtriage")
    if not command.exists():
        sys.exit(f"There is no `{command}`. Install the project into this environment (make setup).")
    return str(command)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_for(port: int) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit("The receiver did not start; see above.")


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 3)


if __name__ == "__main__":
    main()

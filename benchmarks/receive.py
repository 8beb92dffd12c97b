"""How many spans a second `logtriage receive` acknowledges: one JSON line as result.

    python benchmarks/receive.py SPANS.pb [--clients 8] [--protocol http|grpc] [--gzip] [--folder DIR]

The file holds serialised requests, each behind its length in four bytes (as benchmarks/generate_spans.py writes them).
The receiver is a process of its own with a fresh database; the clients are threads here, each with one connection and
one request on its way, as exporters send. A request counts once it is answered, that is, committed. `load` is for other
benchmarks.
"""

import argparse
import gzip
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import grpc
import httpx

__all__ = ["Load", "load", "read_messages"]

Protocol = Literal["http", "grpc"]
_LENGTH_BYTES = 4
_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Load:
    """What a receiver did. `again` counts requests that it was too busy for and that were sent once more."""

    stored: int
    wall_s: float
    spans_per_s: float
    cpu_s: float
    peak_mib: float
    answer_median_ms: float
    answer_slowest_ms: float
    again: int


def main() -> None:
    """Loads one receiver."""
    parser = argparse.ArgumentParser(description="Spans a second that a receiver acknowledges.")
    parser.add_argument("spans", type=Path)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--protocol", choices=["http", "grpc"], default="http")
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    found = load(
        list(read_messages(options.spans)),
        clients=options.clients,
        protocol=options.protocol,
        is_gzip=options.gzip,
        folder=options.folder,
    )
    print(json.dumps(asdict(found)))


def read_messages(path: Path) -> Iterator[bytes]:
    """The messages of a file in which each stands behind its length."""
    with path.open("rb") as file:
        while head := file.read(_LENGTH_BYTES):
            yield file.read(int.from_bytes(head, "big"))


def load(
    messages: Sequence[bytes], *, clients: int = 8, protocol: Protocol = "http", is_gzip: bool = False,
    folder: Path | None = None,
) -> Load:  # fmt: skip
    """Sends each message once, by so many clients at a time, to a receiver of its own."""
    bodies = [gzip.compress(one, 6) for one in messages] if is_gzip and protocol == "http" else messages
    taken = itertools.count()
    waits: list[float] = []
    again: list[int] = []

    def send_all(send: Callable[[bytes], bool]) -> None:
        while (at := next(taken)) < len(bodies):
            begun = time.monotonic()
            while not send(bodies[at]):
                again.append(at)
                time.sleep(0.05)
            waits.append(time.monotonic() - begun)

    with tempfile.TemporaryDirectory(dir=folder) as place, _receiver(Path(place)) as (process, http, rpc):

        def client() -> None:
            with _http(http, is_gzip=is_gzip) if protocol == "http" else _grpc(rpc, is_gzip=is_gzip) as send:
                send_all(send)

        threads = [threading.Thread(target=client) for _ in range(clients)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall_s = time.monotonic() - begun
        cpu_s, peak_mib = _cost(process.pid)
        health = httpx.get(f"http://{http}/healthz", timeout=60).json()
    return Load(
        stored=health["stored"],
        wall_s=round(wall_s, 3),
        spans_per_s=round(health["stored"] / wall_s),
        cpu_s=cpu_s,
        peak_mib=peak_mib,
        answer_median_ms=round(1000 * statistics.median(waits)),
        answer_slowest_ms=round(1000 * max(waits)),
        again=len(again),
    )


@contextmanager
def _receiver(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str, str]]:
    """The process, and its addresses."""
    words = ["receive", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--db", str(folder / "received.duckdb")]
    with subprocess.Popen(
        [sys.executable, "-m", "logtriage.cli", *words], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        try:
            assert process.stdout is not None
            http, rpc = process.stdout.readline().split()[-1], process.stdout.readline().split()[-1]
            yield process, http.split("/")[2], rpc
        finally:
            process.send_signal(signal.SIGTERM)


@contextmanager
def _http(place: str, *, is_gzip: bool) -> Iterator[Callable[[bytes], bool]]:
    headers = {"content-type": "application/x-protobuf"} | ({"content-encoding": "gzip"} if is_gzip else {})
    with httpx.Client(timeout=120, headers=headers) as client:

        def send(body: bytes) -> bool:
            answer = client.post(f"http://{place}/v1/traces", content=body)
            if answer.status_code not in {200, 429, 503}:
                raise RuntimeError(f"the receiver answered {answer.status_code}")
            return answer.status_code == 200

        yield send


@contextmanager
def _grpc(place: str, *, is_gzip: bool) -> Iterator[Callable[[bytes], bool]]:
    compression = grpc.Compression.Gzip if is_gzip else grpc.Compression.NoCompression
    with grpc.insecure_channel(place, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        call = channel.unary_unary(_METHOD)

        def send(body: bytes) -> bool:
            try:
                call(body, compression=compression, timeout=120)
            except grpc.RpcError as error:
                if error.code() not in {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}:
                    raise
                return False
            return True

        yield send


def _cost(pid: int) -> tuple[float, float]:
    """CPU seconds of a process so far, and its largest memory in MiB (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(cpu_s, 2), round(int(peak.split()[1]) * 1024 / _MIB, 1)


if __name__ == "__main__":
    main()

"""A Cloud Logging on loopback: a real gRPC server that answers entries.list as the official protos say.

As a process of its own, for tests that kill the collector:

    python -m tests.support.logging_server --entries 100000 --seed 7 --faults 429:0.05,503:0.05

prints one JSON line {"port": ..., "start": ..., "end": ..., "distinct": ...} and serves until its stdin closes.
"""

import argparse
import base64
import json
import random
import sys
import threading
import time
from bisect import bisect_right, insort
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.cloud.logging_v2.types import ListLogEntriesRequest, LogEntry

from collector.window import format_ns, parse_instant_ns
from tests.support.cutting_proxy import CuttingProxy
from tests.support.grpc_faults import Cut, FaultScript, ForgetTokens, SamePageAgain, Shuffle, obey, parse_faults
from tests.support.log_entries import NS, make_entries
from tests.support.log_filter import BadFilter, Test, parse_filter

__all__ = ["Call", "LoggingServer", "wire_field"]

DEFAULT_PAGE_SIZE = 50  # what the real service gives when none is asked for
_OTHERS = ("severity", "resource.", "logName", "protoPayload.")  # fields for which the entry itself must be decoded


@dataclass(frozen=True)
class Call:
    """One request as the server saw it. deadline_s: seconds the caller was ready to wait, None for ever."""

    resources: tuple[str, ...]
    filter: str
    order_by: str
    page_size: int
    page_token: str
    deadline_s: float | None


# Sort key first: event time, insertId; then arrival, serial number, the entry's bytes.
_Row = tuple[int, str, int, int, bytes]


class LoggingServer:
    """Serves what `add` gave it; `faults` scripts the answers, `calls` lists the requests."""

    def __init__(
        self, entries: Iterable[Any] = (), *, faults: FaultScript | None = None, can_cut: bool = False
    ) -> None:
        self.faults = faults or FaultScript()
        self.calls: list[Call] = []
        self._rows: dict[str, list[_Row]] = {}
        self._serial = 0
        self._epoch = 0
        self._lock = threading.Lock()
        self._last_entries = b""
        self._remembered: tuple[tuple[str, int], list[_Row]] = (("", -1), [])
        self.add(entries)
        self._server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        handler = grpc.unary_unary_rpc_method_handler(
            self._list, request_deserializer=ListLogEntriesRequest.pb().FromString
        )
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("google.logging.v2.LoggingServiceV2", {"ListLogEntries": handler}),)
        )
        own_port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        self._proxy = CuttingProxy(own_port) if can_cut else None
        self.port: int = self._proxy.port if self._proxy else own_port

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._proxy:
            self._proxy.close()
        self._server.stop(None).wait(5)

    def add(self, entries: Iterable[Any]) -> None:
        """Entries become visible at once; their receiveTimestamp may lie earlier, as it does in life."""
        for entry in entries:
            self.add_bytes(
                entry.SerializeToString(),
                project=entry.log_name.split("/")[1],
                key=(_ns(entry.timestamp), entry.insert_id),
                received_ns=_ns(entry.receive_timestamp),
            )

    def add_bytes(self, content: bytes, *, project: str, key: tuple[int, str], received_ns: int) -> None:
        """The same for bytes, which need not be an entry that protobuf can read."""
        with self._lock:
            self._serial += 1
            insort(self._rows.setdefault(project, []), (*key, received_ns, self._serial, content))

    def _list(self, request: Any, context: Any) -> bytes:
        remaining = context.time_remaining()
        with self._lock:
            self.calls.append(
                Call(
                    tuple(request.resource_names),
                    request.filter,
                    request.order_by,
                    request.page_size,
                    request.page_token,
                    remaining,
                )
            )
        fault = self.faults.next()
        if isinstance(fault, ForgetTokens):
            self._epoch += 1
        obey(fault, context)
        rows, token = self._page(request, context)
        if isinstance(fault, Shuffle):
            random.Random(len(self.calls)).shuffle(rows)
        entries = b"".join(wire_field(1, row[-1]) for row in rows)
        if isinstance(fault, SamePageAgain):
            entries = self._last_entries + entries
        self._last_entries = entries
        if isinstance(fault, Cut) and self._proxy:
            self._proxy.cut_after(fault.after_bytes)
        return entries + (wire_field(2, token.encode()) if token else b"")

    def _page(self, request: Any, context: Any) -> tuple[list[_Row], str]:
        size = request.page_size or DEFAULT_PAGE_SIZE
        if not 0 < size <= 1000:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "page_size must be in [1, 1000]")
        if request.order_by not in {"", "timestamp asc"}:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "order_by is not served here")
        try:
            tests = parse_filter(request.filter)
        except (BadFilter, KeyError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"Unparseable filter: {error}")
        found = self._matching(request, tests)
        start = bisect_right(found, self._token_key(request, context))
        page, rest = found[start : start + size], len(found) - start - size
        return page, self._token(request, page[-1]) if rest > 0 else ""

    def _matching(self, request: Any, tests: list[Test]) -> list[_Row]:
        """Rows of the request in their order; remembered until entries arrive, so that a slice is searched once."""
        with self._lock:
            known_as = (_request_key(request), self._serial)
            if self._remembered[0] == known_as:
                return self._remembered[1]
            projects = {name.split("/")[1] for name in request.resource_names}
            rows = [row for project in sorted(projects) for row in self._rows.get(project, [])]
        if len(projects) > 1:
            rows.sort()
        reads_entries = any(field in request.filter for field in _OTHERS)
        found = []
        for row in rows:
            entry = LogEntry.pb().FromString(row[-1]) if reads_entries else None
            if all(test(row[0], row[2], entry) for test in tests):
                found.append(row)
        self._remembered = (known_as, found)
        return found

    def _token(self, request: Any, last: _Row) -> str:
        """Where a page ended, for this very request; as opaque to the caller as the real one."""
        words = [self._epoch, _request_key(request), *last[:4]]
        return base64.urlsafe_b64encode(json.dumps(words).encode()).decode()

    def _token_key(self, request: Any, context: Any) -> tuple[Any, ...]:
        if not request.page_token:
            return (-1,)
        try:
            epoch, key, *place = json.loads(base64.urlsafe_b64decode(request.page_token))
        except ValueError:
            epoch, key, place = -1, "", []
        if epoch != self._epoch or key != _request_key(request):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "page_token is not valid for this request or has expired")
        return (*place, b"\xff")


def wire_field(number: int, content: bytes) -> bytes:
    """A length-delimited field as it travels."""
    size, head = len(content), bytearray([number << 3 | 2])
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + content


def _request_key(request: Any) -> str:
    return f"{sorted(request.resource_names)}{request.filter}{request.order_by}{request.page_size}"


def _ns(stamp: Any) -> int:
    return int(stamp.seconds * NS + stamp.nanos)


def main() -> None:
    """The command line of this module."""
    options = argparse.ArgumentParser(description="Cloud Logging on loopback, for tests")
    options.add_argument("--entries", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--project", default="demo-stage")
    options.add_argument("--port", type=int, default=0, choices=[0], help="a free one is taken and printed")
    options.add_argument("--end", default="10m", help="last arrival: an instant, or how long ago")
    options.add_argument("--span-s", type=int, default=6 * 3600, help="seconds over which the entries arrive")
    options.add_argument(
        "--faults", default="", help="429:0.05,503:0.05,late:0.02,twice:0.02,shuffle:0.1,tokens:0.01,cut:0.01"
    )
    options.add_argument("--retry-info-s", type=float, default=0.05, help="how long 429 and 503 ask to wait")
    given = options.parse_args()

    end_ns = parse_instant_ns(given.end, name="--end", now_ns=time.time_ns())
    start_ns = end_ns - given.span_s * NS
    faults = parse_faults(given.faults, seed=given.seed, retry_info_s=given.retry_info_s)
    made = make_entries(given.entries, seed=given.seed, start_ns=start_ns, end_ns=end_ns, project=given.project)
    with LoggingServer(made, faults=faults, can_cut="cut" in given.faults) as server:
        told = {
            "port": server.port,
            "start": format_ns(start_ns, digits=9),
            "end": format_ns(end_ns, digits=9),
            "distinct": given.entries,
        }
        print(json.dumps(told), flush=True)  # noqa: T201 - the caller reads it
        sys.stdin.read()


if __name__ == "__main__":
    main()

"""A Cloud Trace on loopback: a real gRPC server that answers ListTraces of v1 as the official protos say."""

import random
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.cloud.trace_v1.types import ListTracesRequest, Trace

from tests.support.cutting_proxy import CuttingProxy
from tests.support.grpc_faults import Cut, FaultScript, ForgetTokens, SamePageAgain, Shuffle, obey
from tests.support.logging_server import wire_field

__all__ = ["TraceCall", "TraceServer", "make_trace", "span_id"]

COMPLETE = 3
RUN = "g.co/r/cloud_run_revision/"


@dataclass(frozen=True)
class TraceCall:
    """One request as the server saw it."""

    project: str
    start_ns: int
    end_ns: int
    page_size: int
    page_token: str
    filter: str
    deadline_s: float | None


class TraceServer:
    """Serves the traces that `put` gave it, whole, where one of their spans begins in the interval, ends included."""

    def __init__(self, traces: Iterable[Any] = (), *, faults: FaultScript | None = None, can_cut: bool = False) -> None:
        self.faults = faults or FaultScript()
        self.calls: list[TraceCall] = []
        self.is_empty_page_first = False
        self._traces: dict[str, bytes] = {}
        self._epoch = 0
        self._last: list[bytes] = []
        self._lock = threading.Lock()
        self.put(traces)
        self._server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        handler = grpc.unary_unary_rpc_method_handler(
            self._list, request_deserializer=ListTracesRequest.pb().FromString
        )
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    "google.devtools.cloudtrace.v1.TraceService", {"ListTraces": handler}
                ),
            )
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
        if self._proxy:
            self._proxy.close()
        self._server.stop(None).wait(5)

    def put(self, traces: Iterable[Any]) -> None:
        """Traces become visible at once; one of a known id takes the place of what was known of it."""
        with self._lock:
            self._traces |= {trace.trace_id: Trace.serialize(trace) for trace in traces}

    def put_bytes(self, trace_id: str, content: bytes) -> None:
        """The same for bytes, which need not be a trace that protobuf can read."""
        with self._lock:
            self._traces[trace_id] = content

    def _list(self, request: Any, context: Any) -> bytes:
        call = TraceCall(
            request.project_id,
            _ns(request.start_time),
            _ns(request.end_time),
            request.page_size,
            request.page_token,
            request.filter,
            context.time_remaining(),
        )
        with self._lock:
            self.calls.append(call)
        fault = self.faults.next()
        if isinstance(fault, ForgetTokens):
            self._epoch += 1
        obey(fault, context)
        if request.view != COMPLETE or not 0 < request.page_size <= 100:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a complete view has at most 100 traces a page")
        page, token = self._page(call, context)
        if isinstance(fault, Shuffle):
            random.Random(len(self.calls)).shuffle(page)
        if isinstance(fault, SamePageAgain):
            page = self._last + page
        self._last = page
        if isinstance(fault, Cut) and self._proxy:
            self._proxy.cut_after(fault.after_bytes)
        return b"".join(wire_field(1, trace) for trace in page) + (wire_field(2, token.encode()) if token else b"")

    def _page(self, call: TraceCall, context: Any) -> tuple[list[bytes], str]:
        """The page behind the token, which holds an epoch, the request it belongs to and where it ended."""
        known_as = str(abs(hash((call.project, call.start_ns, call.end_ns, call.page_size, call.filter))))
        epoch, key, start = (call.page_token or f"{self._epoch}/{known_as}/0").split("/")
        if epoch != str(self._epoch) or key != known_as:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "page_token is not valid for this request or has expired")
        if self.is_empty_page_first and not call.page_token:
            return [], f"{epoch}/{key}/0"
        with self._lock:
            found = [content for _, content in sorted(self._traces.items()) if _is_within(content, call)]
        end = int(start) + call.page_size
        return found[int(start) : end], f"{epoch}/{key}/{end}" if end < len(found) else ""


def make_trace(
    trace_id: str, starts_ns: Iterable[int], *, project: str = "demo-stage", service: str = "shop", **labels: str
) -> Any:
    """A trace of one root and its children, a span an instant, each a millisecond long."""
    spans = []
    for number, start_ns in enumerate(starts_ns, start=1):
        spans.append(
            {
                "span_id": span_id(trace_id, number),
                "parent_span_id": span_id(trace_id, 1) if number > 1 else 0,
                "kind": 1 if number == 1 else 2,
                "name": "/pay" if number == 1 else f"step {number}",
                "start_time": _stamp(start_ns),
                "end_time": _stamp(start_ns + 1_000_000),
                "labels": {
                    f"{RUN}service_name": service,
                    f"{RUN}revision_name": f"{service}-00001-aaa",
                    f"{RUN}location": "europe-west4",
                    "/http/method": "POST",
                    "/http/status_code": "200",
                    **labels,
                },
            }
        )
    return Trace(project_id=project, trace_id=trace_id, spans=spans)


def span_id(trace_id: str, number: int) -> int:
    """The decimal id of a span of make_trace."""
    return int(trace_id[:8], 16) * 1000 + number


def _is_within(content: bytes, call: TraceCall) -> bool:
    try:
        trace = Trace.deserialize(content)
    except Exception:  # noqa: BLE001 - whatever protobuf cannot read is served in every interval
        return True
    starts = [_ns(Trace.pb(trace).spans[at].start_time) for at in range(len(trace.spans))]
    return trace.project_id == call.project and any(call.start_ns <= start <= call.end_ns for start in starts)


def _ns(stamp: Any) -> int:
    return int(stamp.seconds * 1_000_000_000 + stamp.nanos)


def _stamp(instant_ns: int) -> Any:
    from google.protobuf.timestamp_pb2 import Timestamp  # noqa: PLC0415 - beside its only use

    return Timestamp(seconds=instant_ns // 10**9, nanos=instant_ns % 10**9)

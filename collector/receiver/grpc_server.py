"""OTLP over gRPC: TraceService/Export, with bounds on messages, connections, headers and slow clients.

The message is asked for by the handler itself (in gRPC's words the method streams its one request): so the token is
looked at and room in the queue is asked for before a message is read, and a client that does not end is cut off. gRPC
inflates a message no further than `max_body_mib`.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc

from collector.receiver.answers import Accepted, Code, Refusal, response, retry_info, status
from collector.receiver.budget import Share
from collector.receiver.config import Address, ReceiveConfig, bind
from collector.receiver.intake import Intake
from collector.receiver.tokens import is_allowed

__all__ = ["GrpcServer"]

_SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
_LOCATION = "OTLP/gRPC"
_CALLS = 32  # at once; the next ones wait unread
_MOST_CALLS = 1024  # that wait
_STREAMS = 64  # of one connection
_METADATA_BYTES = 16_384
_IDLE_MS = 600_000
_STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}


class GrpcServer:
    """Listens from the start of its life to `close`, which lets calls that have begun end."""

    def __init__(
        self, address: Address, intake: Intake, config: ReceiveConfig, *, token: str | None, drain_s: float = 15.0
    ) -> None:
        self._drain_s = drain_s
        if address.port:
            bind(address, option="--grpc, receive.grpc").close()  # says plainly what is wrong, which gRPC does not
        self._calls = _Calls(intake, config, token)
        handler = grpc.stream_unary_rpc_method_handler(self._calls.export)
        self._work = ThreadPoolExecutor(_CALLS, thread_name_prefix="receive-grpc")
        self._server = grpc.server(
            self._work,
            handlers=(grpc.method_handlers_generic_handler(_SERVICE, {"Export": handler}),),
            maximum_concurrent_rpcs=_MOST_CALLS,
            options=[
                ("grpc.so_reuseport", 0),  # a second receiver on one port is an error
                ("grpc.max_receive_message_length", config.max_body_bytes),
                ("grpc.max_metadata_size", _METADATA_BYTES),
                ("grpc.max_concurrent_streams", _STREAMS),
                ("grpc.max_allowed_incoming_connections", config.max_connections),
                ("grpc.max_connection_idle_ms", _IDLE_MS),
            ],
        )
        host = address.resolve()[0]
        port = self._server.add_insecure_port(str(Address(host, address.port)))
        self.address = Address(host, port)
        self._server.start()

    def close(self) -> None:
        """Listens no longer; waits for the calls that have begun."""
        self._server.stop(self._drain_s).wait()
        self._work.shutdown()


class _Calls:
    """The method of the service."""

    def __init__(self, intake: Intake, config: ReceiveConfig, token: str | None) -> None:
        self._intake = intake
        self._config = config
        self._token = token

    def export(self, messages: Iterator[bytes], context: Any) -> bytes:
        """One ExportTraceServiceRequest in, its answer out."""
        try:
            accepted = self._store(messages, context)
        except Refusal as refusal:
            self._intake.count_refused(refusal)
            _refuse(refusal, context)
        return bytes(response(accepted).SerializeToString())

    def _store(self, messages: Iterator[bytes], context: Any) -> Accepted:
        authorization = dict(context.invocation_metadata()).get("authorization")
        if not is_allowed(authorization, self._token):
            told = "The bearer token is missing or wrong. Send it as metadata `authorization: Bearer TOKEN`."
            raise Refusal(401, Code.UNAUTHENTICATED, told)
        share = Share(self._intake.budget)
        try:
            self._make_room(share, 1)
            message = self._read(messages, context)
            self._make_room(share, len(message))
        except BaseException:
            share.release()
            raise
        if not message:
            share.release()
            return Accepted()
        return self._intake.offer("span_messages", _LOCATION, message, share=share).result()

    def _make_room(self, share: Share, count: int) -> None:
        if not share.take(count):
            raise self._intake.full()

    def _read(self, messages: Iterator[bytes], context: Any) -> bytes:
        """The one message, if it comes in time."""
        patience = threading.Timer(self._config.request_s, context.cancel)
        patience.start()
        try:
            message = next(messages, b"")
            if next(messages, None) is not None:
                raise Refusal(400, Code.INVALID_ARGUMENT, "A call of Export holds one message. Send one a call.")
        finally:
            patience.cancel()
        return message


def _refuse(refusal: Refusal, context: Any) -> NoReturn:
    """Ends the call, with the details that clients look for."""
    metadata = [("grpc-status-details-bin", status(refusal).SerializeToString())]
    if refusal.retry_s is not None:
        metadata.append(("google.rpc.retryinfo-bin", retry_info(refusal.retry_s).SerializeToString()))
    context.set_trailing_metadata(tuple(metadata))
    context.abort(_STATUS_CODES[refusal.code], str(refusal))
    raise refusal  # abort has raised before

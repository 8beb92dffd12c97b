"""OTLP over gRPC against a receiver on loopback."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.receiver.budget import Share
from collector.receiver.config import TOKEN_VARIABLE
from tests.support.otlp import message, request, span
from tests.support.receiving import Receiving, proto, receiving, wait_until

_MIB = 2**20
_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiving]:
    """One receiver for tests that tell their spans apart."""
    with receiving(tmp_path_factory.mktemp("grpc"), max_body_mib=1, queue_mib=4, http=None) as here:
        yield here


@contextlib.contextmanager
def _channel(here: Receiving) -> Iterator[Any]:
    with grpc.insecure_channel(str(here.receiver.grpc)) as channel:
        yield channel


def _export(here: Receiving, body: bytes, **options: Any) -> ExportTraceServiceResponse:
    with _channel(here) as channel:
        answer: bytes = channel.unary_unary(_METHOD)(body, timeout=300, **options)
    response: ExportTraceServiceResponse = ExportTraceServiceResponse.FromString(answer)
    return response


def _refused(here: Receiving, body: bytes, **options: Any) -> Any:
    with pytest.raises(grpc.RpcError) as refused:
        _export(here, body, **options)
    return refused.value


def _code(refused: Any) -> Any:
    return refused.code()


def _status(refused: Any) -> Status:
    return Status.FromString(dict(refused.trailing_metadata())["grpc-status-details-bin"])


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_what_is_answered_is_stored(shared: Receiving, compression: grpc.Compression) -> None:
    first = 100 + int(compression)

    answer = _export(shared, proto(first), compression=compression)

    assert not answer.HasField("partial_success")
    assert f"{first:016x}" in shared.span_ids()


def test_an_empty_request_is_a_success(shared: Receiving) -> None:
    assert not _export(shared, b"").HasField("partial_success")


def test_spans_that_cannot_be_kept_are_a_partial_success(shared: Receiving) -> None:
    answer = _export(shared, message(request(span(spanId="00000000000bad02"), span(traceId="00"))))

    assert answer.partial_success.rejected_spans == 1
    assert "no valid trace id" in answer.partial_success.error_message
    assert "00000000000bad02" in shared.span_ids()


def test_a_malformed_message_is_an_invalid_argument_and_a_dead_letter(shared: Receiving) -> None:
    letters = shared.receiver.counts().ledger.dead

    refused = _refused(shared, proto(1, 3)[:-5])
    _export(shared, proto(200))  # stored behind it

    assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert _status(refused).details[0].Unpack(BadRequest())
    assert shared.receiver.counts().ledger.dead == letters + 1


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_beyond_the_limit_is_refused_and_not_to_be_sent_again(
    shared: Receiving, compression: grpc.Compression
) -> None:
    refused = _refused(shared, bytes(20 * _MIB), compression=compression)

    assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "google.rpc.retryinfo-bin" not in dict(refused.trailing_metadata())


def test_a_full_queue_is_told_with_the_time_to_come_back_before_anything_is_read(shared: Receiving) -> None:
    share = Share(shared.receiver._intake.budget)
    wait_until(lambda: share.take(4 * _MIB))  # what was refused before is given back

    refused = _refused(shared, proto(300))
    share.release()

    assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    info = RetryInfo()
    assert _status(refused).details[0].Unpack(info)
    assert info.retry_delay.seconds == 1
    assert dict(refused.trailing_metadata())["google.rpc.retryinfo-bin"] == info.SerializeToString()
    assert not _export(shared, proto(300)).HasField("partial_success")


def test_refused_calls_are_counted_by_the_code_of_their_answer(shared: Receiving) -> None:
    before = shared.receiver.counts().refused.get("invalid_argument", 0)

    _refused(shared, b"\xff\xff")

    assert shared.receiver.counts().refused["invalid_argument"] == before + 1


def test_another_method_is_unimplemented(shared: Receiving) -> None:
    with _channel(shared) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary("/opentelemetry.proto.collector.logs.v1.LogsService/Export")(b"", timeout=300)

    assert _code(refused.value) is grpc.StatusCode.UNIMPLEMENTED


def test_a_call_of_two_messages_is_refused(shared: Receiving) -> None:
    with _channel(shared) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.stream_unary(_METHOD)(iter([proto(1), proto(2)]), timeout=300)

    assert _code(refused.value) is grpc.StatusCode.INVALID_ARGUMENT


def test_a_token_is_asked_for_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "t0ken-of-staging")

    with receiving(tmp_path, http=None) as here:
        wrong = [_refused(here, proto(1)), _refused(here, proto(1), metadata=(("authorization", "Bearer other"),))]
        _export(here, proto(2), metadata=(("authorization", "Bearer t0ken-of-staging"),))
        ids = here.span_ids()

    assert {one.code() for one in wrong} == {grpc.StatusCode.UNAUTHENTICATED}
    assert ids == [f"{2:016x}"]


def test_a_client_that_never_ends_its_call_is_cut_off(tmp_path: Path) -> None:
    def slowly() -> Iterator[bytes]:
        yield proto(1)
        time.sleep(3)

    with receiving(tmp_path, http=None, request_s=0.2) as here, _channel(here) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.stream_unary(_METHOD)(slowly(), timeout=300)
        ids = here.span_ids()

    assert _code(refused.value) is grpc.StatusCode.CANCELLED
    assert ids == []

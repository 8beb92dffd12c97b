"""What a receiver answers, as the OpenTelemetry protocol has it: over HTTP in the request's content type, over gRPC.

Specification: opentelemetry.io/docs/specs/otlp (responses, partial success, failures, throttling).
"""

from enum import IntEnum

import orjson
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from msgspec import Struct
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

__all__ = ["JSON", "PROTOBUF", "Accepted", "Code", "Refusal", "encode", "response", "retry_info", "status"]

JSON, PROTOBUF = "application/json", "application/x-protobuf"


class Code(IntEnum):
    """Codes of google.rpc.Status that a receiver answers with."""

    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class Accepted(Struct, frozen=True):
    """A request that is stored, but for the spans that were rejected; `reason` is a sentence, or a warning."""

    rejected: int = 0
    reason: str = ""


class Refusal(Exception):
    """A request that is not stored. `retry_s`: when the same request may be sent again; None never."""

    def __init__(self, http: int, code: Code, message: str, *, retry_s: float | None = None) -> None:
        super().__init__(message)
        self.http = http
        self.code = code
        self.retry_s = retry_s


def response(accepted: Accepted) -> ExportTraceServiceResponse:
    """The answer to a request that is stored; `partial_success` is unset where there is nothing to say."""
    if not accepted.reason:
        return ExportTraceServiceResponse()
    partial = ExportTracePartialSuccess(rejected_spans=accepted.rejected, error_message=accepted.reason)
    return ExportTraceServiceResponse(partial_success=partial)


def status(refusal: Refusal) -> Status:
    """The answer to a request that is refused, with when to try again, or what was bad about it."""
    answer = Status(code=int(refusal.code), message=str(refusal))
    if refusal.retry_s is not None:
        answer.details.add().Pack(retry_info(refusal.retry_s))
    elif refusal.code == Code.INVALID_ARGUMENT:
        violation = BadRequest.FieldViolation(description=str(refusal))
        answer.details.add().Pack(BadRequest(field_violations=[violation]))
    return answer


def retry_info(seconds: float) -> RetryInfo:
    """When to try again, as protobuf has it."""
    whole = int(seconds)
    return RetryInfo(retry_delay=Duration(seconds=whole, nanos=round((seconds - whole) * 1e9)))


def encode(message: ExportTraceServiceResponse | Status, content_type: str) -> bytes:
    """The message in that content type."""
    if content_type == PROTOBUF:
        return bytes(message.SerializeToString())
    return orjson.dumps(MessageToDict(message))

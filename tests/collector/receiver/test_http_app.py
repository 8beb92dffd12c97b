"""OTLP over HTTP against a receiver on loopback: what is answered, and what is stored by then."""

import contextlib
import gzip
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
import zstandard
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.receiver.config import TOKEN_VARIABLE
from tests.support.otlp import message, request, span
from tests.support.receiving import JSON, PROTOBUF, Receiving, numbered, proto, receiving

_MIB = 2**20


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiving]:
    """One receiver for tests that tell their spans apart."""
    with receiving(tmp_path_factory.mktemp("http"), max_body_mib=1, queue_mib=4, grpc=None) as here:
        yield here


@pytest.mark.parametrize("content_type", [JSON, PROTOBUF, f"{JSON}; charset=utf-8"])
def test_what_is_answered_is_stored_and_answered_in_its_own_type(shared: Receiving, content_type: str) -> None:
    first = 1000 + len(content_type)
    body = orjson.dumps(numbered(first)) if JSON in content_type else proto(first)

    answer = shared.post(body, content_type)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type.partition(";")[0]
    assert answer.content == (b"{}" if JSON in content_type else b"")
    assert f"{first:016x}" in shared.span_ids()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(proto(2000))),
        ("gzip", gzip.compress(proto(2001)[:40]) + gzip.compress(proto(2001)[40:])),
        ("deflate", zlib.compress(proto(2002))),
        ("deflate", zlib.compress(proto(2003), wbits=-15)),
        ("zstd", zstandard.compress(proto(2004))),
        ("identity", proto(2005)),
    ],
)
def test_compressed_bodies_are_read(shared: Receiving, encoding: str, body: bytes) -> None:
    before = len(shared.span_ids())

    assert shared.post(body, content_encoding=encoding).status_code == 200
    assert len(shared.span_ids()) == before + 1


@pytest.mark.parametrize("body", [b"{}", b'{"resourceSpans": []}', b'{"resourceSpans": null}'])
def test_a_request_without_spans_is_a_success(shared: Receiving, body: bytes) -> None:
    answer = shared.post(body, JSON)

    assert (answer.status_code, answer.content) == (200, b"{}")
    assert shared.post(b"").content == b""


@pytest.mark.parametrize("body", [b'{"resourceLogs": [{}]}', b'{"resource_spans": [{"scope_spans": []}]}'])
def test_who_sends_only_what_the_protocol_does_not_know_is_warned(shared: Receiving, body: bytes) -> None:
    answer = shared.post(body, JSON)

    assert answer.status_code == 200
    assert answer.json()["partialSuccess"] == {
        "errorMessage": "The body holds no resourceSpans, so that nothing is stored."
    }


def test_a_slow_client_holds_no_room_for_what_it_only_announces(shared: Receiving) -> None:
    assert shared.receiver.http is not None
    head = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n"
    head += b"content-length: 1000000\r\n\r\n"
    with contextlib.ExitStack() as connections:
        for _ in range(8):  # twice what the queue holds
            place = (shared.receiver.http.host, shared.receiver.http.port)
            connections.enter_context(socket.create_connection(place, timeout=300)).sendall(head + b"x" * 10)

        assert shared.post(proto(6000)).status_code == 200


@pytest.mark.parametrize(
    "head",
    [
        b"POST /v1/\xfftraces HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"\r\n\r\nGET",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_http_ends_its_connection_and_nothing_else(
    shared: Receiving, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert shared.receiver.http is not None
    place = (shared.receiver.http.host, shared.receiver.http.port)
    with socket.create_connection(place, timeout=300) as wild:
        wild.sendall(head)
        wild.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            assert not wild.recv(10_000).startswith(b"HTTP/1.1 200")

    assert shared.client.get(f"http://{shared.receiver.http}/healthz").status_code == 200
    assert caplog.messages == []


def test_spans_that_cannot_be_kept_are_a_partial_success(shared: Receiving) -> None:
    spans = [span(spanId="00000000000bad01"), span(traceId="00"), span(traceId="00"), span(startTimeUnixNano="0")]

    told = orjson.loads(shared.post(orjson.dumps(request(*spans)), JSON).content)["partialSuccess"]
    answer = ExportTraceServiceResponse.FromString(shared.post(message(request(*spans))).content)

    assert told["rejectedSpans"] == "3"
    assert "2 x the span has no valid trace id; 1 x the span has no valid start" in told["errorMessage"]
    assert answer.partial_success.rejected_spans == 3
    assert shared.span_ids().count("00000000000bad01") == 1


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        (b"{", JSON, "identity"),
        (b"[]", JSON, "identity"),
        (b'{"resourceSpans": 7}', JSON, "identity"),
        (b"\xff\xfe{}", JSON, "identity"),
        (b"[" * 100_000, JSON, "identity"),
        (b'{"resourceSpans":' * 20_000 + b"1" + b"}" * 20_000, JSON, "identity"),
        (b"\xff", PROTOBUF, "identity"),
        (proto(1, 3)[:-5], PROTOBUF, "identity"),
        (gzip.compress(proto(1))[:-9], PROTOBUF, "gzip"),
        (b"\x1f\x8bnonsense", PROTOBUF, "gzip"),
        (zstandard.compress(proto(1))[:-3], PROTOBUF, "zstd"),
        (zlib.compress(proto(1))[:-3], PROTOBUF, "deflate"),
    ],
)
def test_a_malformed_body_is_400_with_a_status_and_a_dead_letter(
    shared: Receiving, body: bytes, content_type: str, encoding: str
) -> None:
    letters = shared.receiver.counts().ledger.dead
    answer = shared.post(body, content_type, content_encoding=encoding)
    shared.post(proto(3000))  # stored behind it

    assert answer.status_code == 400
    assert answer.headers["content-type"] == content_type
    if content_type == JSON:
        told = orjson.loads(answer.content)
        assert told["code"] == 3
        assert told["details"][0]["@type"].endswith("google.rpc.BadRequest")
    else:
        status = Status.FromString(answer.content)
        assert status.message.endswith("as application/x-protobuf or application/json.")
        assert status.details[0].Unpack(BadRequest())
    assert shared.receiver.counts().ledger.dead == letters + 1


@pytest.mark.parametrize(
    ("method", "path", "content_type", "encoding", "code"),
    [
        ("POST", "/v1/metrics", PROTOBUF, "identity", 404),
        ("POST", "/", PROTOBUF, "identity", 404),
        ("GET", "/v1/traces", PROTOBUF, "identity", 405),
        ("PUT", "/v1/traces", JSON, "identity", 405),
        ("DELETE", "/healthz", JSON, "identity", 405),
        ("POST", "/v1/traces", "text/plain", "identity", 415),
        ("POST", "/v1/traces", "", "identity", 415),
        ("POST", "/v1/traces", PROTOBUF, "br", 415),
    ],
)
def test_what_is_no_post_of_traces_is_told_so(
    shared: Receiving, method: str, path: str, content_type: str, encoding: str, code: int
) -> None:
    headers = {"content-type": content_type, "content-encoding": encoding}
    url = shared.url.replace("/v1/traces", path)

    answer = shared.client.request(method, url, content=b"" if method == "GET" else b"xyz", headers=headers)

    assert answer.status_code == code
    body = answer.content
    assert Status.FromString(body).message if content_type == PROTOBUF else orjson.loads(body)["message"]
    assert ("allow" in answer.headers) == (code == 405)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_bomb_is_413_and_no_more_of_it_is_inflated_than_may_be(shared: Receiving, encoding: str) -> None:
    large = bytes(20 * _MIB)
    bomb = {"gzip": gzip.compress(large, 1), "deflate": zlib.compress(large, 1), "zstd": zstandard.compress(large)}

    answer = shared.post(bomb[encoding], content_encoding=encoding)

    assert answer.status_code == 413
    assert "larger than 1,048,576 bytes" in Status.FromString(answer.content).message


def test_a_body_beyond_the_limit_is_413_whether_its_length_is_told_or_not(shared: Receiving) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield bytes(100_000)

    told = shared.post(bytes(_MIB + 1))
    untold = shared.client.post(shared.url, content=pieces(), headers={"content-type": PROTOBUF})

    assert (told.status_code, untold.status_code) == (413, 413)
    assert "retry-after" not in told.headers


def test_health_tells_what_is_stored(shared: Receiving) -> None:
    shared.post(proto(4000))

    answer = shared.client.get(f"http://{shared.receiver.http}/healthz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["stored"] == len(shared.span_ids())


def test_a_token_is_asked_for_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "t0ken-of-staging")

    with receiving(tmp_path, grpc=None) as here:
        none, wrong = here.post(proto(1)), here.post(proto(1), authorization="Bearer t0ken-of-stagin")
        odd, right = (
            here.post(proto(1), authorization="Basic t0ken-of-staging"),
            here.post(proto(2), authorization="bearer t0ken-of-staging"),
        )
        ids = here.span_ids()

        refused = here.receiver.counts().refused

    assert [one.status_code for one in (none, wrong, odd, right)] == [401, 401, 401, 200]
    assert refused == {"unauthenticated": 3}
    assert none.headers["www-authenticate"] == "Bearer"
    assert "t0ken" not in none.text
    assert ids == [f"{2:016x}"]


def test_a_client_that_sends_no_headers_or_half_a_body_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.receiver.bounded_http._HEAD_S", 0.2)  # a test need not wait as long as a network
    head = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\n"

    with receiving(tmp_path, grpc=None, request_s=0.2) as here:
        assert here.receiver.http is not None
        place = (here.receiver.http.host, here.receiver.http.port)
        with (
            socket.create_connection(place, timeout=300) as silent,
            socket.create_connection(place, timeout=300) as slow,
        ):
            slow.sendall(head + b"half")
            silent.sendall(b"POST /v1/tra")
            answers = silent.recv(100), slow.recv(1000)

    assert answers[0] == b""
    assert answers[1].startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1" in answers[1]


def test_headers_are_bounded(shared: Receiving) -> None:
    assert shared.post(proto(1), x_large="x" * 20_000).status_code == 431


def test_a_connection_too_many_is_told_so(tmp_path: Path) -> None:
    with receiving(tmp_path, grpc=None, max_connections=1) as here:
        assert here.receiver.http is not None
        assert here.post(proto(1)).status_code == 200  # its connection stays
        with httpx.Client() as second:
            refused = second.get(f"http://{here.receiver.http}/healthz")

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"


def test_an_upgrade_to_websocket_is_no_way_in(shared: Receiving) -> None:
    answer = shared.post(proto(5000), connection="Upgrade", upgrade="websocket")

    assert answer.status_code == 200

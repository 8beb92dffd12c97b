"""OTLP over HTTP as an ASGI application: POST /v1/traces as protobuf or JSON, and GET /healthz.

Each request is bounded before it is read: its token, its type, its size as told, the room in the queue. Its body is
read piece by piece, each piece counted, then inflated and looked at in a thread of its own.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor
from typing import Any

import orjson
from msgspec import Struct

from collector.receiver.answers import JSON, PROTOBUF, Accepted, Code, Refusal, encode, response, status
from collector.receiver.bodies import ENCODINGS, inflate, read_json, too_large
from collector.receiver.budget import Share
from collector.receiver.config import ReceiveConfig
from collector.receiver.intake import Intake, Kind
from collector.receiver.tokens import is_allowed

__all__ = ["HttpApp"]

_PATH, _HEALTH = "/v1/traces", "/healthz"
_HEADER_BYTES = 16_384
_LOCATIONS = {JSON: "OTLP/HTTP JSON", PROTOBUF: "OTLP/HTTP"}
# Headers that HTTP asks for beside a status.
_EXPLAINED = {
    401: {"www-authenticate": "Bearer"},
    405: {"allow": "POST"},
    415: {"accept-encoding": ", ".join(ENCODINGS)},
}
_KINDS: dict[str, Kind] = {JSON: "spans", PROTOBUF: "span_messages"}

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class _GoneError(Exception):
    """The client went away."""


class _Incoming:
    """The body of one request, as it comes in."""

    def __init__(self, receive: _Receive) -> None:
        self._receive = receive
        self.is_whole = False

    async def piece(self) -> bytes:
        """The next piece; _GoneError when the client is."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise _GoneError
        self.is_whole = not message.get("more_body", False)
        return bytes(message.get("body", b""))

    async def discard(self, *, most: int, within_s: float) -> None:
        """Throws away what is still coming in, within bounds."""
        with contextlib.suppress(TimeoutError, _GoneError):
            async with asyncio.timeout(within_s):
                while not self.is_whole and most >= 0:
                    most -= len(await self.piece())


class _Request(Struct):
    """One POST to the path of traces, its headers looked at."""

    content_type: str
    encoding: str
    length: int | None
    body: _Incoming


class HttpApp(Struct):
    """The application. `work` has the threads that inflate and look at bodies."""

    intake: Intake
    config: ReceiveConfig
    token: str | None
    work: Executor

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        answer_type = _mime(headers)
        body = _Incoming(receive)
        try:
            if scope["path"] == _HEALTH:
                await self._health(scope["method"], send)
                return
            accepted = await self._store(self._check(scope, headers, body))
            await _answer(send, 200, encode(response(accepted), answer_type), answer_type)
        except Refusal as refusal:
            await self._refuse(refusal, answer_type, headers, body, send)
        except _GoneError:
            return

    def _check(self, scope: _Message, headers: dict[str, str], body: _Incoming) -> _Request:
        """The request, if its head says that its body may be read."""
        if scope["path"] != _PATH:
            told = f"There is nothing at this path. Post traces to {_PATH}; logs and metrics are not taken."
            raise Refusal(404, Code.UNIMPLEMENTED, told)
        if sum(len(name) + len(value) for name, value in headers.items()) > _HEADER_BYTES:
            raise Refusal(431, Code.RESOURCE_EXHAUSTED, f"The headers are larger than {_HEADER_BYTES:,} bytes.")
        if scope["method"] != "POST":
            raise Refusal(405, Code.UNIMPLEMENTED, f"Traces are sent to {_PATH} with POST.")
        if not is_allowed(headers.get("authorization"), self.token):
            told = "The bearer token is missing or wrong. Send it as `Authorization: Bearer TOKEN`."
            raise Refusal(401, Code.UNAUTHENTICATED, told)
        content_type = _mime(headers)
        if content_type not in _KINDS:
            raise Refusal(415, Code.INVALID_ARGUMENT, f"Send traces as {PROTOBUF} or {JSON}.")
        encoding = headers.get("content-encoding", "identity").strip().lower() or "identity"
        if encoding not in ENCODINGS:
            raise Refusal(415, Code.INVALID_ARGUMENT, f"The body may be encoded as {', '.join(ENCODINGS)}.")
        length = _length(headers)
        if length is not None and length > self.config.max_body_bytes:
            raise self._lost(content_type, too_large(self.config.max_body_bytes))
        return _Request(content_type, encoding, length, body)

    async def _store(self, request: _Request) -> Accepted:
        """Reads, looks at, queues and awaits one body."""
        share = Share(self.intake.budget)
        try:
            async with asyncio.timeout(self.config.request_s):
                body = await self._read(request, share)
            raw: str | bytes | Accepted = body
            if request.encoding != "identity" or request.content_type == JSON:
                loop = asyncio.get_running_loop()
                raw = await loop.run_in_executor(self.work, self._look, body, request, share)
        except TimeoutError as error:
            share.release()
            told = "The request took too long to come in. Send it again."
            raise Refusal(503, Code.DEADLINE_EXCEEDED, told, retry_s=1.0) from error
        except BaseException as error:
            share.release()
            if isinstance(error, Refusal) and error.retry_s is None:
                raise self._lost(request.content_type, error) from error
            raise
        if not raw or isinstance(raw, Accepted):
            share.release()
            return raw or Accepted()
        kind, location = _KINDS[request.content_type], _LOCATIONS[request.content_type]
        return await asyncio.wrap_future(self.intake.offer(kind, location, raw, share=share))

    async def _read(self, request: _Request, share: Share) -> bytes:
        """The body, counted as it comes in: a slow client holds no room for what it only announces."""
        if not self.intake.budget.has_room(request.length or 1):
            raise self.intake.full()
        body = bytearray()
        while not request.body.is_whole:
            piece = await request.body.piece()
            if len(body) + len(piece) > self.config.max_body_bytes:
                raise too_large(self.config.max_body_bytes)
            if not share.take(len(piece)):
                raise self.intake.full()
            body += piece
        return bytes(body)

    def _look(self, body: bytes, request: _Request, share: Share) -> str | bytes | Accepted:
        """The body as it is queued, or the answer where it holds no spans."""

        def room(count: int) -> None:
            if not share.take(count):
                raise self.intake.full()

        plain = inflate(body, request.encoding, limit=self.config.max_body_bytes, room=room)
        return read_json(plain) if request.content_type == JSON else plain

    def _lost(self, content_type: str, refusal: Refusal) -> Refusal:
        """The refusal of a body that its client must not send again: a record of it is kept."""
        self.intake.refuse(_KINDS[content_type], _LOCATIONS[content_type], str(refusal).partition(". ")[0])
        return refusal

    async def _refuse(
        self, refusal: Refusal, answer_type: str, headers: dict[str, str], body: _Incoming, send: _Send
    ) -> None:
        """Says no, after what is still coming in is thrown away: a client that is writing does not listen."""
        self.intake.count_refused(refusal)
        most = 2 * self.config.max_body_bytes
        is_waiting = "100-continue" in headers.get("expect", "").lower()
        if (_length(headers) or 0) <= most and not is_waiting and refusal.code != Code.DEADLINE_EXCEEDED:
            await body.discard(most=most, within_s=self.config.request_s)
        more = [(name.encode(), value.encode()) for name, value in _EXPLAINED.get(refusal.http, {}).items()]
        if not body.is_whole:
            more.append((b"connection", b"close"))
        if refusal.retry_s is not None:
            more.append((b"retry-after", str(math.ceil(refusal.retry_s)).encode()))
        shown = answer_type if answer_type in _KINDS else JSON
        await _answer(send, refusal.http, encode(status(refusal), shown), shown, more)

    async def _health(self, method: str, send: _Send) -> None:
        """200 while what comes in is stored, else 503; with counts."""
        if method not in {"GET", "HEAD"}:
            raise Refusal(405, Code.UNIMPLEMENTED, f"Ask {_HEALTH} with GET.")
        counts = self.intake.counts()
        told = {
            "status": "trouble" if counts.trouble else "ok",
            "requests": counts.requests,
            "stored": counts.ledger.stored,
            "duplicates": counts.ledger.duplicates,
            "dead": counts.ledger.dead,
            "waiting_bytes": counts.waiting_bytes,
        }
        await _answer(send, 503 if counts.trouble else 200, orjson.dumps(told), JSON)


def _mime(headers: dict[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _length(headers: dict[str, str]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None


async def _answer(
    send: _Send, code: int, body: bytes, content_type: str, more: list[tuple[bytes, bytes]] | None = None
) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode()), *(more or [])]
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})

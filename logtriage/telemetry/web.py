"""/healthz, /livez and /metrics: a small ASGI application, and the bounded server that has it.

No answer holds a secret or text of a log. Nothing can be changed here; bodies are not read.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from collector.receiver.bounded_http import BoundedServer
from collector.receiver.config import Address

__all__ = ["Answers", "HealthServer"]

_CONNECTIONS = 32
_DRAIN_S = 1
_JSON = "application/json"

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]
# By path: the content type, and the body with whether all is well.
Answers = dict[str, tuple[str, Callable[[], tuple[bool, bytes]]]]


class HealthServer:
    """Answers from the start of its life to `close`. ConfigError when nothing can listen at the address."""

    def __init__(self, address: Address, answers: Answers) -> None:
        self._server = BoundedServer(
            address,
            _App(answers),
            name="telemetry-http",
            option="telemetry.health",
            max_connections=_CONNECTIONS,
            drain_s=_DRAIN_S,
        )

    @property
    def address(self) -> Address:
        """Where it listens, with the port that it got."""
        return self._server.address

    def close(self) -> None:
        """Listens no longer."""
        self._server.close()


class _App:
    """The application."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def __call__(self, scope: _Message, _: _Receive, send: _Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        found = self._answers.get(scope["path"])
        if found is None:
            told = {"error": f"There is nothing at this path. Ask {', '.join(sorted(self._answers))}."}
            await _answer(send, scope, 404, _JSON, orjson.dumps(told))
        elif scope["method"] not in {"GET", "HEAD"}:
            told = {"error": "Ask with GET."}
            await _answer(send, scope, 405, _JSON, orjson.dumps(told), more=[(b"allow", b"GET, HEAD")])
        else:
            content_type, look = found
            is_well, body = look()
            await _answer(send, scope, 200 if is_well else 503, content_type, body)


async def _answer(
    send: _Send, scope: _Message, code: int, content_type: str, body: bytes, *,
    more: list[tuple[bytes, bytes]] | None = None,
) -> None:  # fmt: skip
    headers = [
        (b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"), *(more or []),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body, "more_body": False})

"""An HTTP server in a thread of its own: uvicorn, with bounds on connections and on clients that do not speak."""

import asyncio
import threading
import time
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from collector.receiver.config import Address, bind

__all__ = ["BoundedServer"]

_HEAD_BYTES = 16_384  # of the request line and headers
_BACKLOG = 128
_HEAD_S = 10.0  # to send them
_KEEP_ALIVE_S = 75  # longer than the pause between two batches of an exporter
_START_S = 10.0
_POLL_S = 0.005
_TOO_MANY = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedServer:
    """Serves an ASGI application from the start of its life to `close`, which lets begun requests end within `drain_s`.

    `option` is how a user gives another address. ConfigError when nothing can listen there.
    """

    def __init__(
        self, address: Address, app: Any, *, name: str, option: str, max_connections: int, drain_s: int
    ) -> None:
        self._socket = bind(address, option=option)
        self._socket.listen(_BACKLOG)
        self._socket.setblocking(False)
        self._address = Address(*self._socket.getsockname()[:2])
        self._server = Server(
            Config(
                app,
                loop="asyncio",
                http=_bounded(max_connections),
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                h11_max_incomplete_event_size=_HEAD_BYTES,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=drain_s,
            )
        )
        self._thread = threading.Thread(target=self._run, name=name)
        self._thread.start()
        until = time.monotonic() + _START_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(_POLL_S)

    @property
    def address(self) -> Address:
        """Where it listens, with the port that it got."""
        return self._address

    def close(self) -> None:
        """Listens no longer; waits for the requests that have begun."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(self._server.serve(sockets=[self._socket]))


class _Bounded(H11Protocol):
    """As its base; a connection too many is told so, a silent one is ended."""

    most = 1  # connections; set by `_bounded`
    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A client has connected."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.write(_TOO_MANY)
            transport.close()
            return
        self._head = self.loop.call_later(_HEAD_S, self._end_silent)

    def data_received(self, data: bytes) -> None:
        """A piece of a request has come in."""
        super().data_received(data)
        is_between = self.cycle is None or self.cycle.response_complete
        if is_between and self._head is None:
            self._head = self.loop.call_later(_HEAD_S, self._end_silent)
        elif not is_between:
            self._forget()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._forget()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """A request is answered; the next one has its own time."""
        self._forget()
        super().on_response_complete()

    def _forget(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _end_silent(self) -> None:
        self._head = None
        self.transport.close()


def _bounded(most: int) -> type[H11Protocol]:
    """The protocol of a server that holds at most so many connections."""
    return type("Bounded", (_Bounded,), {"most": most})

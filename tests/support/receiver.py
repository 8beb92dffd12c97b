"""An HTTP server on loopback that plays a tracker or a receiver: with faults, and a record of requests."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["Fault", "Reply", "Request", "Served", "serve_http"]


@dataclass(frozen=True)
class Request:
    """One request as the server saw it; `path` is as it was sent, still quoted."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    def asked(self, name: str) -> str:
        """The value of a parameter, "" without one."""
        return self.query.get(name, [""])[0]


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next request of a method whose path ends so.

    `is_done`: it is carried out all the same. `reply` None: the line is cut instead of an answer.
    """

    method: str
    path_end: str
    reply: Reply | None = None
    is_done: bool = False


@dataclass
class Served:
    """Its address, the faults to come, and the requests it got."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def next_fault(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.method == request.method and request.path.endswith(fault.path_end):
                self.faults.remove(fault)
                return fault
        return None


@contextlib.contextmanager
def serve_http(answer: Callable[[Request], Reply]) -> Iterator[Served]:
    """The server, in threads, until the block ends; `answer` is called by one request at a time."""
    served = Served()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = parse_qs(parts.query, keep_blank_values=True)
            request = Request(self.command, parts.path, query, dict(self.headers), body)
            with lock:
                served.requests.append(request)
                fault = served.next_fault(request)
                done = answer(request) if fault is None or fault.is_done else None
            reply = done if fault is None else fault.reply
            self.close_connection = True
            if reply is not None:
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            content = b"" if reply.body is None else text.encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the standard library

        def log_message(self, *args: object) -> None:
            """Says nothing."""

        def finish(self) -> None:
            with contextlib.suppress(ValueError, OSError):
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

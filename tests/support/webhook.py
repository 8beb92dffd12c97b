"""A real HTTP server on loopback that answers as told and remembers what it was sent."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Answer", "Webhook", "serve_webhook"]


@dataclass
class Answer:
    """Status, headers and body of one answer; `hang_s` delays it, `cut` closes the connection instead."""

    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    hang_s: float = 0.0
    cut: bool = False


@dataclass
class Webhook:
    """Its address, what it will answer (the last answer repeats), and the bodies it got."""

    url: str
    answers: list[Answer]
    bodies: list[Any] = field(default_factory=list)


@contextlib.contextmanager
def serve_webhook(*answers: Answer) -> Iterator[Webhook]:
    """The server, in a thread, until the block ends."""
    hook = Webhook("", list(answers) or [Answer()])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0]
            time.sleep(answer.hang_s)
            if answer.cut:
                self.close_connection = True
                self.connection.close()
                return
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body.encode())))
                self.end_headers()
                self.wfile.write(answer.body.encode())

        def log_message(self, *args: object) -> None:
            """Says nothing."""

        def finish(self) -> None:
            with contextlib.suppress(ValueError, OSError):
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/services/T0/B0/very-secret-path"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""A real HTTP server on loopback that keeps issues, and a channel for it: what every tracker does, and no more.

Trouble comes as told: an answer that is lost after the issue was made, a limit, a search that lags.
"""

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from logtriage.message import Message
from logtriage.notifiers.channel import Heard, Place, Step
from logtriage.notifiers.http import Api

__all__ = ["Board", "BoardChannel", "Trouble", "serve_board"]


@dataclass
class Trouble:
    """What happens to the next request that writes: `does` tells whether it is carried out before."""

    status: int = 0  # 0: the connection is cut
    does: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    hang_s: float = 0.0


@dataclass
class Board:
    """Issues with their texts and comments, in the order in which they came."""

    url: str = ""
    issues: list[dict[str, Any]] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    blind_looks: int = 0  # searches that find nothing yet, whatever there is
    said: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def act(self, method: str, path: str, body: Any) -> Any:
        """What a request does; None where there is no such place."""
        parts = urlsplit(path)
        names = parts.path.strip("/").split("/")
        if method == "GET" and names == ["said"]:
            return self.said
        if method == "GET":
            mark = parse_qs(parts.query)["mark"][0]
            if self.blind_looks:
                self.blind_looks -= 1
                return []
            return [one for one in self.issues if any(mark in text for text in (one["text"], *one["comments"]))]
        if method == "POST" and len(names) == 1:
            self.issues.append({"number": len(self.issues) + 1, "state": "open", "comments": [], **body})
            return self.issues[-1]
        issue = self.issues[int(names[1]) - 1]
        if method == "POST":
            issue["comments"].append(body["text"])
        else:
            issue.update(body)
        return issue


@contextlib.contextmanager
def serve_board() -> Iterator[Board]:
    """The server, in a thread, until the block ends."""
    board = Board()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            with board.lock:
                board.requests.append(f"{self.command} {urlsplit(self.path).path}")
                is_write = self.command != "GET"
                trouble = board.troubles.pop(0) if is_write and board.troubles else None
                told = board.act(self.command, self.path, body) if trouble is None or trouble.does else {}
            time.sleep(trouble.hang_s if trouble else 0)
            if trouble is not None and not trouble.status:
                self.close_connection = True
                self.connection.close()
                return
            text = json.dumps(told).encode()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(trouble.status if trouble else 200)
                for name, value in (trouble.headers if trouble else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - the names that the library calls

        def log_message(self, *args: object) -> None:
            """Says nothing."""

        def finish(self) -> None:
            with contextlib.suppress(ValueError, OSError):
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    board.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield board
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class BoardChannel:
    """Issues on a board. Without `can_find` it is a place where nothing can be looked up."""

    api: Api
    name: str = "board"
    can_find: bool = True

    @classmethod
    def at(cls, url: str, **settings: Any) -> "BoardChannel":
        """The channel of a board; one attempt, and short waits."""
        return cls(Api("Board", url, attempts=1, timeout_s=5.0), **settings)

    def steps(self, message: Message, place: Place | None) -> tuple[Step, ...]:
        if message.act == "notice" or place is None:
            return ("open",)
        if message.act == "edit":
            return ("edit",)
        return ("reply", "edit", "close") if message.is_over else ("reply", "edit")

    def do(
        self, step: Step, message: Message, *, delivery_id: str, place: Place | None, is_repeat: bool,
        places: Mapping[str, Place],  # noqa: ARG002 - a board shows no links
    ) -> Place:  # fmt: skip
        again = " (may be a repeat)" if is_repeat else ""
        if step == "open":
            text = f"{message.headline}{again} <{message.incident_id}> <{delivery_id}>"
            made = self.api.call("POST", "/issues", is_repeatable=False, json={"text": text}).json()
            return Place(str(made["number"]), f"{self.api.base_url}/issues/{made['number']}")
        assert place is not None
        if step == "reply":
            told = f"{message.news}{again} <{delivery_id}>"
            self.api.call("POST", f"/issues/{place.id}/comments", is_repeatable=False, json={"text": told})
            return place
        change = {"edit": {"title": message.headline}, "close": {"state": "closed"}, "reopen": {"state": "open"}}[step]
        self.api.call("PATCH", f"/issues/{place.id}", is_repeatable=True, json=change)
        return place

    def find(
        self, step: Step, message: Message, *, delivery_id: str,
        place: Place | None, since_ns: int,  # noqa: ARG002 - a board is small
    ) -> Place | None:  # fmt: skip
        mark = message.incident_id if step == "open" and message.incident_id else delivery_id
        found = self.api.call("GET", "/issues", is_repeatable=True, params={"mark": f"<{mark}>"}).json()
        return Place(str(found[0]["number"]), f"{self.api.base_url}/issues/{found[0]['number']}") if found else None

    def hear(self, places: Mapping[str, Place], *, since_ns: int) -> Sequence[Heard]:
        told = self.api.call("GET", "/said", is_repeatable=True).json()
        by_place = {place.id: name for name, place in places.items()}
        return [
            Heard(by_place[one["issue"]], one["said"], one["at_ns"], one["id"], one["issue"])
            for one in told
            if one["issue"] in by_place and one["at_ns"] >= since_ns
        ]

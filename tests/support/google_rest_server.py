"""REST APIs of Google on loopback: the token end point of a login, Resource Manager, Cloud Run v1 and Monitoring."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from logtriage.setup.permissions import NEEDS, OPTIONAL

__all__ = ["ACCOUNT", "GoogleRestServer", "serve_google_rest"]

ACCOUNT = "reader@demo-stage.iam.gserviceaccount.com"
_LOGIN = "login-made-for-this-test"
_LOCATION = "cloud.googleapis.com/location"


@dataclass
class GoogleRestServer:
    """`services`: names by region. `refusals`: answers by a word of the path, instead. `behind_s`: its clock."""

    url: str
    project: str = "demo-stage"
    granted: set[str] = field(default_factory=lambda: {one.permission for one in (*NEEDS, *OPTIONAL)})
    services: dict[str, list[str]] = field(default_factory=dict)
    takes_wildcard: bool = True
    login_status: int = 200
    refusals: dict[str, tuple[int, Any]] = field(default_factory=dict)
    reads_by_minute: list[int] = field(default_factory=list)
    behind_s: float = 0.0
    asked: list[str] = field(default_factory=list)

    def account(self, folder: Path) -> Path:
        """The file of a service account that logs in here."""
        path = folder / "account.json"
        told = {"type": "service_account", "client_email": ACCOUNT, "private_key": _key(), "project_id": self.project}
        path.write_text(json.dumps(told | {"token_uri": f"{self.url}/token"}), encoding="utf-8")
        return path

    def answer(self, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        """Status and body."""
        self.asked.append(path)
        for word, refusal in self.refusals.items():
            if word in path:
                return refusal
        if path.endswith(":testIamPermissions"):
            named = path.removeprefix("/v3/projects/").partition(":")[0]
            wanted = body["permissions"] if named == self.project else []
            return 200, {"permissions": [one for one in wanted if one in self.granted]} if wanted else {}
        if path.endswith("/timeSeries"):
            points = [{"value": {"int64Value": str(one)}} for one in reversed(self.reads_by_minute)]
            series = {"metric": {"labels": {"quota_metric": "logging.googleapis.com/read_requests"}}, "points": points}
            return 200, {"timeSeries": [series]} if points else {}
        parts = path.strip("/").split("/")
        if parts[0] != "v1" or parts[1:3] != ["projects", self.project]:
            return 404, {"error": {"message": "no such thing"}}
        if parts[3:] == ["locations"]:
            return 200, {"locations": [{"locationId": one} for one in (*self.services, "us-nowhere9")]}
        return self._services(parts[4], query)

    def _services(self, location: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        if location == "-" and not self.takes_wildcard:
            return 400, {"error": {"message": "location is no region"}}
        every = [
            {"metadata": {"name": name, "labels": {_LOCATION: at}}}
            for at, names in self.services.items() if location in ("-", at) for name in names
        ]  # fmt: skip
        start = int(query.get("continue", ["0"])[0])
        more = {"metadata": {"continue": str(start + 2)}} if start + 2 < len(every) else {}
        return 200, {"items": every[start : start + 2], **more}


@cache
def _key() -> str:
    """A private key, made once: that takes a while."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@contextlib.contextmanager
def serve_google_rest() -> Iterator[GoogleRestServer]:
    """The server, in a thread, until the block ends."""
    state = GoogleRestServer("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/token":
                good = {"access_token": _LOGIN, "expires_in": 3600, "token_type": "Bearer"}
                self._send(state.login_status, good if state.login_status == 200 else {"error": "invalid_grant"})
            else:
                self._answer(json.loads(given))

        def do_GET(self) -> None:
            self._answer(None)

        def _answer(self, body: Any) -> None:
            parts = urlsplit(self.path)
            if self.headers.get("Authorization") != f"Bearer {_LOGIN}":
                self._send(401, {"error": {"message": "no login"}})
            else:
                self._send(*state.answer(parts.path, parse_qs(parts.query), body))

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate((timestamp or time.time()) - state.behind_s, usegmt=True)

        def _send(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

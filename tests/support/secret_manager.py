"""Google Secret Manager and the token end point of a login on loopback, behind one HTTP server."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

__all__ = ["SecretManager", "serve_secrets"]

_LOGIN = "login-made-for-this-test"


@dataclass
class SecretManager:
    """`versions`: payloads by name. `status` and `answer`, where set, come instead. `asked`: names that were read."""

    url: str
    versions: dict[str, bytes] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    status: int = 200
    answer: Any = None
    login_status: int = 200
    asked: list[str] = field(default_factory=list)

    def account(self, folder: Path) -> Path:
        """The file of a service account that logs in here, with a key made now."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        path = folder / "account.json"
        told = {"type": "service_account", "client_email": "reader@demo.iam.gserviceaccount.com", "private_key": pem}
        path.write_text(json.dumps(told | {"token_uri": f"{self.url}/token"}), encoding="utf-8")
        return path

    def told(self, path: str, authorization: str) -> tuple[int, Any]:
        """Status and body of an answer."""
        name = path.removeprefix("/v1/").removesuffix(":access")
        self.asked.append(name)
        if self.status != 200 or self.answer is not None:
            return self.status, self.answer or {"error": {"message": "refused: planted-detail"}}
        if authorization != f"Bearer {_LOGIN}":
            return 401, {"error": {"message": "no login"}}
        if name not in self.versions:
            return 404, {"error": {"message": "not found"}}
        payload = {"data": base64.b64encode(self.versions[name]).decode()}
        if name in self.checksums:
            payload["dataCrc32c"] = self.checksums[name]
        return 200, {"name": name, "payload": payload}


@contextlib.contextmanager
def serve_secrets() -> Iterator[SecretManager]:
    """The server, in a thread, until the block ends."""
    manager = SecretManager("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            good = {"access_token": _LOGIN, "expires_in": 3600, "token_type": "Bearer"}
            self._send(manager.login_status, good if manager.login_status == 200 else {"error": "invalid_grant"})

        def do_GET(self) -> None:
            self._send(*manager.told(self.path, self.headers.get("Authorization", "")))

        def _send(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    manager.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield manager
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

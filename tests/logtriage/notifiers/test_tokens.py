"""Tokens of channels: where one is read, and a rotated one in the middle of a delivery."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from logtriage.errors import NotifyError
from logtriage.notifiers.http import Api
from tests.support.channels import InboxConfig


def test_without_a_name_the_token_is_in_the_variable_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGTRIAGE_SLACK_TOKEN", "planted")
    monkeypatch.setenv("ON_CALL", "planted-too")

    assert InboxConfig(kind="inbox", name="inbox").read_token().reveal() == "planted"
    assert InboxConfig(kind="inbox", name="inbox", token_env="ON_CALL").read_token().reveal() == "planted-too"


class _Door(ThreadingHTTPServer):
    """Lets in who has the token of now, and remembers what it was shown."""

    token = "old"
    shown: list[str]


@pytest.fixture
def door() -> Iterator[_Door]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            server.shown.append(self.headers["Authorization"])
            self.send_response(200 if self.headers["Authorization"] == server.token else 401)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    server = _Door(("127.0.0.1", 0), Handler)
    server.shown = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _call(door: _Door, renewed: str) -> int:
    url = f"http://127.0.0.1:{door.server_address[1]}"
    api = Api("Inbox", url, {"Authorization": "old"}, renew=lambda: {"Authorization": renewed})
    return api.call("POST", "/messages", json={"text": "hello"}, is_repeatable=False).status_code


def test_a_token_that_was_rotated_meanwhile_is_used_at_once(door: _Door) -> None:
    door.token = "new"

    assert _call(door, "new") == 200
    assert door.shown == ["old", "new"]


def test_a_token_that_is_still_refused_is_an_error_without_it(door: _Door) -> None:
    door.token = "another"

    with pytest.raises(NotifyError, match="HTTP 401") as raised:
        _call(door, "planted")
    assert "planted" not in str(raised.value)
    assert door.shown == ["old", "planted"]

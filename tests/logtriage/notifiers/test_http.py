"""What goes wrong before a request leaves, or with what comes back, is a sentence of ours."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from collector.stopping import Stop, heed
from logtriage.errors import NotifyError, NotifyUnavailable, NotifyUncertain
from logtriage.notifiers.http import Api
from tests.support.receiver import Reply, Request, serve_http
from tests.support.smtp_server import make_certificate


@pytest.mark.parametrize("proxy", ["socks5://me:hunter2@127.0.0.1:9", "no proxy:hunter2", "ftp://hunter2"])
def test_a_proxy_that_cannot_be_used_is_told_and_not_shown(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)

    with pytest.raises(NotifyError, match="nothing was sent") as caught:
        Api("Board", "https://board.example").call("GET", "/issues", is_repeatable=True)

    assert "ALL_PROXY" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert not isinstance(caught.value, NotifyUnavailable)


def test_an_answer_that_cannot_be_unpacked_may_have_been_done() -> None:
    def answer(_: Request) -> Reply:
        return Reply(201, {"number": 1}, {"Content-Encoding": "gzip"})

    with serve_http(answer) as served:
        api = Api("Board", served.url, attempts=1)
        with pytest.raises(NotifyUncertain):
            api.call("POST", "/issues", is_repeatable=False)
        with pytest.raises(NotifyUnavailable):
            api.call("GET", "/issues", is_repeatable=True)


def test_redirects_without_end_are_left_to_the_next_cycle() -> None:
    with serve_http(lambda _: Reply(302, None, {"Location": "/issues"})) as served:
        api = Api("Board", served.url, attempts=1)
        with pytest.raises(NotifyUnavailable, match="TooManyRedirects"):
            api.call("GET", "/issues", is_repeatable=True)


def test_a_certificate_of_nobody_known_is_told(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(make_certificate(tmp_path / "own.pem"))
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            with pytest.raises(NotifyUnavailable, match=r"certificate is not accepted.*SSL_CERT_FILE"):
                Api("Board", f"https://127.0.0.1:{server.server_address[1]}", attempts=1).call(
                    "GET", "/issues", is_repeatable=True
                )
        finally:
            server.shutdown()
            thread.join()


def test_a_wait_before_another_attempt_ends_with_the_wish_to_stop_and_is_no_uncertain_delivery() -> None:
    stop = Stop()

    def answer(_: Request) -> Reply:
        stop.set()
        return Reply(429, {}, {"Retry-After": "50"})

    with serve_http(answer) as served, heed(stop), pytest.raises(NotifyUnavailable, match="logtriage ends"):
        Api("Board", served.url).call("POST", "/issues", is_repeatable=False)

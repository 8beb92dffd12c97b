"""Which addresses a token, or an incident's words, are sent to."""

import pytest

from logtriage.notifiers.urls import checked_url, is_safe_url


@pytest.mark.parametrize("url", ["https://hooks.example/x?key=1", "https://me:pw@hooks.example/x", "http://127.0.0.1:80",
                                 "http://[::1]:9/x", "http://localhost", "https://xn--bcher-kva.example"])  # fmt: skip
def test_https_is_safe_and_http_to_this_machine(url: str) -> None:
    assert is_safe_url(url)


@pytest.mark.parametrize("url", ["", "nothing", "https://", "http://hooks.example", "ftp://127.0.0.1", "https://[",
                                 "https://a b", "https://a\n.example", "https://a.example:0", "https://a.example:99999",
                                 "http://127.0.0.1.example", "https://b\u00fccher.example"])  # fmt: skip
def test_anything_else_is_not(url: str) -> None:
    assert not is_safe_url(url)


def test_a_server_is_an_address_without_login_query_or_fragment() -> None:
    assert checked_url("https://api.example/v3/") == "https://api.example/v3"
    for url in ("https://me@api.example", "https://api.example/?a=1", "https://api.example/#a", "http://api.example"):
        with pytest.raises(ValueError, match="https address without login"):
            checked_url(url)

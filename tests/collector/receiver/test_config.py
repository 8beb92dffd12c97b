"""Addresses, and who may reach them."""

import socket
from pathlib import Path

import pytest
from pydantic import ValidationError

from collector.errors import ConfigError
from collector.receiver.config import TOKEN_VARIABLE, Address, ReceiveConfig, check_open
from collector.receiver.tokens import is_allowed, read_token
from tests.support.receiving import receiving


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1:4318", "127.0.0.1:4318"),
        (":0", "127.0.0.1:0"),
        ("[::1]:4317", "[::1]:4317"),
        ("localhost:80", "localhost:80"),
    ],
)
def test_an_address_is_host_and_port(text: str, shown: str) -> None:
    address = Address.parse(text)

    assert str(address) == shown
    assert address.is_loopback


@pytest.mark.parametrize("text", ["", "4318", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "::1:4318", "a:-1"])
def test_what_is_no_address_is_told_so(text: str) -> None:
    with pytest.raises(ValidationError, match=r"it should be ADDRESS:PORT|in brackets"):
        ReceiveConfig(http=text)


@pytest.mark.parametrize("key", ["http", "grpc"])
def test_other_machines_need_a_token_unless_told_otherwise(key: str) -> None:
    config = ReceiveConfig.model_validate({key: "0.0.0.0:0"})

    with pytest.raises(ConfigError, match=f"`0.0.0.0:0` lets other machines write.*{TOKEN_VARIABLE}"):
        check_open(config, token=None)
    check_open(config, token="some")
    check_open(config.model_copy(update={"without_token": True}), token=None)
    check_open(ReceiveConfig(http="127.0.0.1:0", grpc="[::1]:0"), token=None)


def test_an_unknown_host_is_one_line() -> None:
    with pytest.raises(ConfigError, match=r"no\.such\.host\.invalid:1`: the host is not known"):
        check_open(ReceiveConfig(http="no.such.host.invalid:1"), token=None)


def test_a_queue_holds_the_largest_body_twice() -> None:
    with pytest.raises(ValidationError, match="queue_mib should be at least 2 times max_body_mib"):
        ReceiveConfig(max_body_mib=64, queue_mib=100)


@pytest.mark.parametrize("key", ["http", "grpc"])
def test_a_port_in_use_is_one_line_and_leaves_no_open_run(tmp_path: Path, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(ConfigError, match=rf"`{place}`: address already in use.*--{key}, receive.{key}"),
            receiving(tmp_path, **{key: place}),
        ):
            pass
    with receiving(tmp_path) as here:
        assert here.rows("select outcome from runs order by run_id")["outcome"].to_list() == ["complete", "running"]


@pytest.mark.parametrize(
    ("header", "is_right"),
    [
        ("Bearer abc", True),
        ("bearer  abc ", True),
        ("Bearer abd", False),
        ("Bearer", False),
        ("abc", False),
        (None, False),
        ("Bearer äöü", False),
    ],
)
def test_only_the_very_token_is_let_in(header: str | None, *, is_right: bool) -> None:
    assert is_allowed(header, "abc") == is_right
    assert is_allowed(header, None)


def test_an_empty_token_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "  ")

    assert read_token() is None

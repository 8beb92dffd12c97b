"""Section `telemetry`: what is closed, and what is refused before anything is opened."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from logtriage.config import load_config
from logtriage.errors import ConfigError
from logtriage.telemetry.config import HEADERS_VARIABLE, TelemetryConfig, check_closed, read_headers


def test_nothing_listens_and_nothing_is_sent_unless_it_is_asked_for() -> None:
    config = TelemetryConfig()

    assert config.health is None
    assert config.otlp is None
    assert config.watch_itself


@pytest.mark.parametrize("address", ["127.0.0.1:9464", "[::1]:9464", ":0"])
def test_the_health_address_may_be_of_loopback(address: str) -> None:
    check_closed(TelemetryConfig(health=address))


def test_an_address_that_other_machines_reach_is_to_be_allowed() -> None:
    with pytest.raises(ConfigError, match=r"telemetry\.beyond_this_machine"):
        check_closed(TelemetryConfig(health="0.0.0.0:9464"))

    check_closed(TelemetryConfig(health="0.0.0.0:9464", beyond_this_machine=True))


@pytest.mark.parametrize("address", ["9464", "host", "127.0.0.1:99999"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        TelemetryConfig(health=address)


@pytest.mark.parametrize("url", ["127.0.0.1:4318", "ftp://a", "http://", "https://me:word@a", "https://a/?key=1"])
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        TelemetryConfig(otlp=url)


def test_the_address_of_traces_is_taken_as_the_base_of_all() -> None:
    assert TelemetryConfig(otlp="https://otel.example.com/v1/traces").otlp == "https://otel.example.com"
    assert TelemetryConfig(otlp="http://127.0.0.1:4318/").otlp == "http://127.0.0.1:4318"


def test_headers_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HEADERS_VARIABLE, "authorization=Bearer%20t0ken, x-scope=a")

    headers = read_headers(TelemetryConfig(otlp="https://otel.example.com"))

    assert headers == {"authorization": "Bearer t0ken", "x-scope": "a"}


def test_headers_are_not_sent_readable_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_NAME", "authorization=Bearer%20t0ken")

    with pytest.raises(ConfigError, match="https") as caught:
        read_headers(TelemetryConfig(otlp="http://otel.example.com", otlp_headers_env="OTHER_NAME"))

    assert "t0ken" not in str(caught.value)
    assert read_headers(TelemetryConfig(otlp="http://127.0.0.1:4318", otlp_headers_env="OTHER_NAME"))


def test_headers_that_cannot_be_read_are_told_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HEADERS_VARIABLE, "Bearer t0ken")

    with pytest.raises(ConfigError, match=HEADERS_VARIABLE) as caught:
        read_headers(TelemetryConfig(otlp="https://otel.example.com"))

    assert "t0ken" not in str(caught.value)


def test_the_variable_of_headers_is_no_unknown_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("telemetry: {otlp_headers_env: LOGTRIAGE_MY_HEADERS}\n", encoding="utf-8")
    monkeypatch.setenv(HEADERS_VARIABLE, "a=b")
    monkeypatch.setenv("LOGTRIAGE_MY_HEADERS", "a=b")

    assert load_config(tmp_path / "config.yaml").telemetry.otlp_headers_env == "LOGTRIAGE_MY_HEADERS"

"""Section `telemetry` of config.yaml, and what must hold before anything of it is opened."""

import os
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from collector.own_secrets import hold
from collector.receiver.config import Address
from logtriage.errors import ConfigError

__all__ = ["HEADERS_VARIABLE", "TelemetryConfig", "check_closed", "read_headers"]

HEADERS_VARIABLE = "LOGTRIAGE_OTLP_HEADERS"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class TelemetryConfig(BaseModel):
    """Section `telemetry` of config.yaml. Headers are secrets and come from the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    otlp: str | None = None  # base address of a receiver of OTLP over HTTP; none: nothing is sent
    otlp_headers_env: str = Field(default=HEADERS_VARIABLE, min_length=1)  # variable with `name=value,name=value`
    health: str | None = None  # address of /healthz, /livez and /metrics; none: nobody can ask
    beyond_this_machine: bool = False  # lets `health` be an address that other machines reach
    log_format: Literal["auto", "text", "json"] = "auto"  # of the log on stderr
    watch_itself: bool = True  # its own failures are entries of its own store, of the service `logtriage`

    @field_validator("health")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
            Address.parse(value)
        return value

    @field_validator("otlp")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_whole, parts = False, urlsplit("")
        if not is_whole or parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError("it should be an address without a login, for example http://127.0.0.1:4318")
        return value.rstrip("/").removesuffix("/v1/traces")

    @property
    def is_on(self) -> bool:
        """Whether anything of it is wanted beside the log."""
        return self.otlp is not None or self.health is not None or self.watch_itself


def check_closed(config: TelemetryConfig) -> None:
    """ConfigError when other machines could ask for the health and nobody has allowed it."""
    if config.health is not None and not config.beyond_this_machine and not Address.parse(config.health).is_loopback:
        raise ConfigError(
            f"telemetry.health is `{config.health}`, which other machines reach. Give an address of loopback such as "
            "127.0.0.1:9464, or allow it with telemetry.beyond_this_machine."
        )


def read_headers(config: TelemetryConfig) -> dict[str, str]:
    """Headers of every export, from the environment; ConfigError when they cannot be read or would travel in clear."""
    from opentelemetry.util.re import parse_env_headers  # noqa: PLC0415 - only an export needs it

    text = os.environ.get(config.otlp_headers_env, "").strip()
    if not text or config.otlp is None:
        return {}
    headers = parse_env_headers(text, liberal=True)
    for part in " ".join(headers.values()).split():
        hold(part)
    if len(headers) != sum(bool(one.strip()) for one in text.split(",")):
        raise ConfigError(
            f"environment {config.otlp_headers_env} is no list of headers. Write `name=value,name=value`, with %2C for "
            "a comma and %20 for a space in a value."
        )
    parts = urlsplit(config.otlp)
    if parts.scheme != "https" and parts.hostname not in _LOCAL:
        raise ConfigError(
            f"telemetry.otlp is `{config.otlp}`, and the headers of {config.otlp_headers_env} would travel there "
            "readable for everybody. Use https, or a receiver on this machine."
        )
    return dict(headers)

"""Section `receive` of config.yaml, and addresses to listen on."""

import ipaddress
import socket
from typing import Self

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from collector.errors import ConfigError

__all__ = ["GRPC_ADDRESS", "HTTP_ADDRESS", "MIB", "TOKEN_VARIABLE", "Address", "ReceiveConfig", "bind", "check_open"]

TOKEN_VARIABLE = "LOGTRIAGE_RECEIVE_TOKEN"  # noqa: S105 - the name of the variable that holds it
HTTP_ADDRESS, GRPC_ADDRESS = "127.0.0.1:4318", "127.0.0.1:4317"  # OTLP's own ports
MIB = 2**20
_MOST_PORT = 65_535
_BODIES = 2  # of the largest size, as they came and inflated, that must fit in the queue


class Address(Struct, frozen=True):
    """Where to listen. Port 0 takes one that is free."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """`127.0.0.1:4318`, `[::1]:4318` or `:4318` for loopback; ValueError with what is wrong."""
        host, colon, port = text.strip().rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or int(port) > _MOST_PORT:
            raise ValueError("it should be ADDRESS:PORT, for example 127.0.0.1:4318")
        is_bracketed = host.startswith("[") and host.endswith("]")
        if ":" in host and not is_bracketed:
            raise ValueError("an IPv6 address stands in brackets, for example [::1]:4318")
        return cls(host[1:-1] if is_bracketed else host or "127.0.0.1", int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def resolve(self) -> tuple[str, ...]:
        """The numeric addresses behind the host, IPv4 first; ConfigError when it has none."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except (OSError, UnicodeError) as error:
            raise ConfigError(
                f"Nothing can listen on `{self}`: the host is not known. Give an address of this machine."
            ) from error
        return tuple(sorted({str(one[4][0]) for one in found}, key=lambda one: (":" in one, one)))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return all(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in self.resolve())


class ReceiveConfig(BaseModel):
    """Section `receive` of config.yaml. The token is a secret and comes from the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    http: str | None = None  # address of OTLP over HTTP; none: the daemon does not listen
    grpc: str | None = None  # ... over gRPC
    max_body_mib: float = Field(default=20.0, gt=0, le=512)  # of one request, before and after decompression
    queue_mib: float = Field(default=64.0, gt=0)  # of requests that are read or wait for their commit
    max_connections: int = Field(default=256, ge=1)  # of each protocol
    request_s: float = Field(default=30.0, gt=0)  # a client has to send a request
    without_token: bool = False  # listen beyond this machine without a token

    @field_validator("http", "grpc")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
            Address.parse(value)
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.queue_mib < _BODIES * self.max_body_mib:
            raise ValueError(f"queue_mib should be at least {_BODIES} times max_body_mib, or a large body never fits")
        return self

    @property
    def is_on(self) -> bool:
        """Whether the daemon listens."""
        return self.http is not None or self.grpc is not None

    @property
    def max_body_bytes(self) -> int:
        """`max_body_mib` in bytes."""
        return round(self.max_body_mib * MIB)

    @property
    def queue_bytes(self) -> int:
        """`queue_mib` in bytes."""
        return round(self.queue_mib * MIB)


def check_open(config: ReceiveConfig, *, token: str | None) -> None:
    """ConfigError when an address is reached from other machines and nobody is asked for a token."""
    if token or config.without_token:
        return
    for text in (config.http, config.grpc):
        if text is not None and not Address.parse(text).is_loopback:
            raise ConfigError(
                f"Listening on `{text}` lets other machines write spans. Set {TOKEN_VARIABLE} to a token that they "
                "send as `Authorization: Bearer TOKEN`, or allow it with receive.without_token (--without-token)."
            )


def bind(address: Address, *, option: str) -> socket.socket:
    """A socket at that address; ConfigError when there can be none. `option` is how a user gives another one."""
    host = address.resolve()[0]
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # start again at once after an end
        bound.bind((host, address.port))
    except OSError as error:
        bound.close()
        raise ConfigError(
            f"Nothing can listen on `{address}`: {(error.strerror or str(error)).lower()}. "
            f"End what listens there, or give another address ({option})."
        ) from error
    return bound

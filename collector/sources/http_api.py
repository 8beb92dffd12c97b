"""What sources over HTTP share: who they are, how they wait and give up, and how refusals read in plain words.

Secrets come from the environment or from Secret Manager; a source's settings only name them. They are never printed,
stored or sent over plain HTTP to another machine, and no redirect is followed with them.
"""

import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
from msgspec import Struct
from pydantic import Field, field_validator, model_validator

from collector.errors import SourceError
from collector.other_clocks import heard
from collector.secret import SECRET_PATTERN, read_secret
from collector.sources.base import Settings, SourceConfig
from collector.sources.google_api import is_loopback_host
from collector.sources.patience import CallLimits, call_patiently, one_line

if TYPE_CHECKING:
    import httpx

__all__ = ["AnswerTooLarge", "HttpApi", "HttpSourceConfig", "NotThere", "open_api"]

_MIB = 2**20
_OK, _UNAUTHORISED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404
# Statuses after which the same call may succeed, and which of those of google.api_core stands for each.
_PASSING = {408: 504, 425: 503, 429: 429, 500: 500, 502: 502, 503: 503, 504: 504}
_REDIRECTS = range(300, 400)
_EXCERPT_BYTES = 2000
_TOO_LARGE = frozenset({413, 422})
# What gRPC, Jaeger and Tempo say where an answer outgrew a limit of theirs; half the time asked for may fit.
_SAYS_TOO_LARGE = re.compile(r"larger than max|too large|trace exceeds|exceeds the max|response size", re.IGNORECASE)

_VARIABLE = r"^([A-Za-z_][A-Za-z0-9_]*)?$"


class HttpSourceConfig(SourceConfig):
    """Keys that all sources over HTTP have."""

    url: str = Field(min_length=1, max_length=2000)  # of the server, with a path where it is served below one
    token_env: str = Field(default="", pattern=_VARIABLE)  # variable that holds a bearer token
    token_secret: str = Field(default="", pattern=SECRET_PATTERN)  # ... or its version in Secret Manager
    user_env: str = Field(default="", pattern=_VARIABLE)  # ... a user name, with a password
    password_env: str = Field(default="", pattern=_VARIABLE)
    tenant_env: str = Field(default="", pattern=_VARIABLE)  # ... the tenant, sent as X-Scope-OrgID
    deadline_s: float = Field(default=60.0, gt=0, le=3600)  # of one call
    patience_s: float = Field(default=300.0, ge=0, le=86_400)  # of one call with all its repetitions
    answer_mib: int = Field(default=64, ge=1, le=1024)  # a larger answer is asked for in halves

    @field_validator("url")
    @classmethod
    def _is_a_plain_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = "it is no URL like https://traces.example.com"
            raise ValueError(message)
        if parts.username or parts.password or parts.query or parts.fragment:
            message = "a URL here has no login, `?` or `#` in it; name variables with token_env or user_env"
            raise ValueError(message)
        return url.rstrip("/")

    @model_validator(mode="after")
    def _secrets_travel_sealed(self) -> "HttpSourceConfig":
        parts = urlsplit(self.url)
        has_secret = bool(self.token_env or self.token_secret or self.password_env)
        if has_secret and parts.scheme == "http" and not is_loopback_host(parts.hostname or ""):
            message = "url is http, where anybody reads the token or password on its way; use https"
            raise ValueError(message)
        logins = [bool(self.token_env), bool(self.token_secret), bool(self.user_env or self.password_env)]
        if bool(self.user_env) != bool(self.password_env) or sum(logins) > 1:
            message = "a login is token_env, or token_secret, or user_env and password_env together"
            raise ValueError(message)
        return self


class AnswerTooLarge(SourceError):
    """The answer is beyond a limit of ours or of the server; half of the time asked for may fit."""


class NotThere(SourceError):
    """404: there is nothing, or nobody who knows this path."""


class HttpApi(Struct, frozen=True):
    """Calls of one server; `who` names it in messages."""

    client: "httpx.Client"
    who: str
    config: HttpSourceConfig
    settings: Settings

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The JSON value behind a path; of several values on lines of their own the list of them, as a tuple.

        Raises NotThere, AnswerTooLarge, SourceUnavailable when patience ends, SourceError when trying again is no use.
        """
        limits = CallLimits(deadline_s=self.config.deadline_s, patience_s=self.config.patience_s)
        return call_patiently(
            lambda timeout_s: self._attempt(path, params or {}, timeout_s),
            who=self.who,
            limits=limits,
            settings=self.settings,
        )

    def _attempt(self, path: str, params: Mapping[str, str | int], timeout_s: float) -> Any:
        import httpx  # noqa: PLC0415 - slow import, wanted by sources over HTTP only
        from google.api_core import exceptions  # noqa: PLC0415 - as above; patience knows these errors

        begun_s = time.monotonic()
        try:
            with self.client.stream("GET", path.lstrip("/"), params=dict(params), timeout=timeout_s) as answer:
                heard(f"source {self.config.name}", answer.headers)
                body = self._body(answer, begun_s + timeout_s)
        except httpx.TimeoutException as error:
            raise exceptions.GatewayTimeout(f"no answer within {timeout_s:g} s") from error
        except httpx.HTTPError as error:  # refused, cut off, or no HTTP at all
            raise exceptions.ServiceUnavailable(str(error) or type(error).__name__) from error
        if answer.status_code != _OK:
            raise self._refusal(answer, body.decode("utf-8", "replace"))
        return _parsed(body)

    def _body(self, answer: "httpx.Response", ends_s: float) -> bytes:
        """The whole body of an answer, or of a refusal as much as a message needs; within time and size."""
        from google.api_core import exceptions  # noqa: PLC0415 - slow import, wanted by some sources only

        limit = self.config.answer_mib * _MIB
        chunks, size = [], 0
        for chunk in answer.iter_bytes(65_536):
            chunks.append(chunk)
            size += len(chunk)
            if answer.status_code != _OK and size >= _EXCERPT_BYTES:
                break
            if size > limit:
                raise AnswerTooLarge(
                    f"{self.who} answers with more than answer_mib = {self.config.answer_mib}. Set it higher."
                )
            if time.monotonic() > ends_s:
                raise exceptions.GatewayTimeout("the answer trickles in and did not end within deadline_s")
        return b"".join(chunks)

    def _refusal(self, answer: "httpx.Response", text: str) -> Exception:
        """The error of a status that is not 200, one that passes as google.api_core words it."""
        from google.api_core import exceptions  # noqa: PLC0415 - slow import, wanted by some sources only

        status = answer.status_code
        said = f"`{status} {one_line(text[:_EXCERPT_BYTES])}`"
        if status in _TOO_LARGE or _SAYS_TOO_LARGE.search(text):
            return AnswerTooLarge(f"{self.who} says that an answer is too large ({said}). Raise its own limit.")
        if status in _PASSING:
            code = _PASSING[status]
            passing: Exception = exceptions.from_http_status(
                code, text[:_EXCERPT_BYTES], response=_Headers(answer.headers)
            )
            return passing
        if status in {_UNAUTHORISED, _FORBIDDEN}:
            return SourceError(
                f"{self.who} does not let us in ({said}). Name the variable of a login that may read it with "
                "token_env, or user_env and password_env, and its tenant with tenant_env.",
                trouble="permission",
            )
        if status == _NOT_FOUND:
            return NotThere(f"{self.who} does not know `{answer.url.path}` ({said}). Correct url in config.yaml.")
        if status in _REDIRECTS:
            return SourceError(
                f"{self.who} sends us elsewhere (`{status}`), which often is a page to log in. "
                "Correct url in config.yaml, or name a login with token_env."
            )
        return SourceError(f"{self.who} refused the request ({said}). Correct the source's settings in config.yaml.")


@contextmanager
def open_api(config: HttpSourceConfig, settings: Settings, *, what: str) -> Iterator[HttpApi]:
    """Calls of that source's server, `what` (Jaeger, Tempo), closed at the end.

    SourceError when a variable that the settings name is not set.
    """
    import httpx  # noqa: PLC0415 - slow import, wanted by sources over HTTP only

    for name in ("httpx", "httpcore"):  # they log each call, and its headers at DEBUG
        logging.getLogger(name).setLevel(logging.WARNING)
    headers = {"Accept": "application/json"}
    if config.token_secret:
        headers["Authorization"] = f"Bearer {_read(config, 'token_secret', secret=config.token_secret)}"
    if config.token_env:
        headers["Authorization"] = f"Bearer {_variable(config, 'token_env')}"
    if config.tenant_env:
        headers["X-Scope-OrgID"] = _variable(config, "tenant_env")
    login = (_variable(config, "user_env"), _variable(config, "password_env")) if config.user_env else None
    with httpx.Client(base_url=config.url, headers=headers, auth=login, follow_redirects=False) as client:
        yield HttpApi(client, f"{what} at `{config.url}`", config, settings)


class _Headers:
    """Headers in the form in which patience looks for the wait that a server asks for."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._wait = headers.get("retry-after", "")

    def trailing_metadata(self) -> list[tuple[str, str]]:
        """`retry-after` in seconds, also where it was told as a date."""
        if not self._wait or self._wait.strip().isdecimal():
            return [("retry-after", self._wait)]
        try:
            until = parsedate_to_datetime(self._wait).timestamp()
        except ValueError:
            return []
        return [("retry-after", str(max(0.0, until - time.time())))]


def _variable(config: HttpSourceConfig, key: str) -> str:
    """What the variable named by a key holds; its value is told nowhere."""
    return _read(config, key, env=getattr(config, key))


def _read(config: HttpSourceConfig, key: str, *, env: str = "", secret: str = "") -> str:
    where = f"Source `{config.name}` cannot log in: {key}"
    return read_secret(env=env, secret=secret, where=where, error=SourceError).reveal()


def _parsed(body: bytes) -> Any:
    """JSON, or values on lines of their own; what is neither may be a proxy's page and is tried again."""
    from google.api_core import exceptions  # noqa: PLC0415 - slow import, wanted by some sources only

    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return tuple(orjson.loads(line) for line in body.splitlines() if line.strip())
    except orjson.JSONDecodeError as error:
        start = one_line(body[:80].decode("utf-8", "replace"))
        raise exceptions.Unknown(f"the answer is no JSON but '{start}'") from error

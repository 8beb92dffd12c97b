"""Secrets: a token out of the environment or out of Google Secret Manager, and a type that never shows what it holds.

A secret is read anew whenever it is asked for, so that a rotated one holds from the next cycle on; `again` reads it
within a cycle, after a server has refused the old one. It is kept in memory alone: no store, log, error or command
line has it. LOGTRIAGE_SECRET_MANAGER_URL names a private endpoint of Secret Manager.
https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
"""

import base64
import binascii
import hmac
import logging
import os
import re
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from collector.errors import ConfigError, LogtriageError, SourceUnavailable
from collector.own_secrets import hold
from collector.sources.google_api import default_credentials, is_loopback_host

__all__ = ["MANAGER_VARIABLE", "SECRET_PATTERN", "VARIABLE_PATTERN", "Secret", "read_secret"]

MANAGER_VARIABLE = "LOGTRIAGE_SECRET_MANAGER_URL"
# Of a key that names a variable; "" where none is named. No small letters, so that a token that stands in the place of
# its name is refused, and not told as the name of a variable that is not set.
VARIABLE_PATTERN = r"^([A-Z_][A-Z0-9_]*)?$"
_ID = r"[A-Za-z0-9_-]{1,255}"
SECRET_PATTERN = rf"^(projects/[a-z0-9.:-]{{1,100}}(/locations/[a-z0-9-]{{1,40}})?/secrets/{_ID}/versions/{_ID})?$"
_NAME = re.compile(SECRET_PATTERN)
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TIMEOUT_S = 20.0
_OK = 200
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_CRC32C = 0x82F63B78  # Castagnoli's polynomial, bits reversed


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Secret:
    """A text that only `reveal` shows. `env` and `secret` are names: where it came from, and is read again."""

    _text: str
    env: str = ""
    secret: str = ""
    where: str = ""

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._text

    def again(self) -> "Secret":
        """The secret as it is now; another text where it was rotated. ConfigError as in `read_secret`."""
        return read_secret(env=self.env, secret=self.secret, where=self.where)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((self.env, self.secret))

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __str__(self) -> str:
        return "(hidden)"

    def __format__(self, _spec: str) -> str:
        return "(hidden)"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def read_secret(
    *, env: str, secret: str = "", where: str, error: type[LogtriageError] = ConfigError
) -> Secret:  # fmt: skip
    """The secret of Secret Manager where one is named (`projects/P/secrets/S/versions/latest`), else of a variable.

    `where` begins the messages: `Channel slack`. Raises `error`, without the value, when there is none, it may not be
    read, or it holds what no header can carry; SourceUnavailable when Secret Manager does not answer now. White space
    around it is left out.
    """
    text = _of_manager(secret, where, error) if secret else os.environ.get(env, "").strip()
    if not text and secret:
        raise error(f"{where}: `{secret}` is empty. Store a version with the plain text.")
    if not text:
        raise error(f"{where}: `{env}` is not set in the environment. Set it.")
    if not text.isascii() or not text.isprintable():
        raise error(
            f"{where}: what `{secret or env}` holds has characters that no header can carry. Set it to the plain text."
        )
    hold(text)
    return Secret(text, env, secret, where)


def _of_manager(name: str, where: str, refused: type[LogtriageError]) -> str:
    """The payload of a version of a secret, by the account that application default credentials name."""
    import httpx  # noqa: PLC0415 - only who uses Secret Manager pays for the import

    if not _NAME.fullmatch(name):
        raise refused(f"{where}: `{name}` names no version of a secret. Write projects/P/secrets/S/versions/latest.")
    url = f"{_manager_url(name, where, refused)}/v1/{name}:access"
    for logger in ("httpx", "httpcore"):  # they log each call, and its headers at DEBUG
        logging.getLogger(logger).setLevel(logging.WARNING)
    try:
        answer = httpx.get(url, headers={"Authorization": f"Bearer {_login(where, refused)}"}, timeout=_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise SourceUnavailable(
            f"{where}: Secret Manager is silent about `{name}` ({type(error).__name__}). The next cycle tries again."
        ) from None
    if answer.status_code in _PASSING:
        raise SourceUnavailable(
            f"{where}: Secret Manager answers for `{name}` with HTTP {answer.status_code}. The next cycle tries again."
        )
    if answer.status_code != _OK:
        raise refused(_refusal(answer.status_code, name, where))
    try:
        return _payload(answer.json())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise refused(
            f"{where}: Secret Manager's answer for `{name}` is damaged or no text. Try again, or store it anew."
        ) from None


def _manager_url(name: str, where: str, refused: type[LogtriageError]) -> str:
    """The service's address: its own, that of the region of a regional secret, or the one of the environment."""
    given = os.environ.get(MANAGER_VARIABLE, "").strip()
    if given:
        parts = urlsplit(given)
        is_sealed = parts.scheme == "https" or (parts.scheme == "http" and is_loopback_host(parts.hostname or ""))
        if not is_sealed or not parts.hostname:
            raise refused(f"{where}: {MANAGER_VARIABLE} is no https address. Correct or unset it.")
        return given.rstrip("/")
    region = name.split("/")[3] if name.split("/")[2] == "locations" else ""
    return f"https://secretmanager.{region}.rep.googleapis.com" if region else "https://secretmanager.googleapis.com"


def _login(where: str, refused: type[LogtriageError]) -> str:
    """A fresh access token of the application default credentials."""
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - only who uses Secret Manager pays for it
    from google.auth.transport.requests import Request  # noqa: PLC0415 - as above

    credentials = default_credentials(where, (_SCOPE,), error=refused)
    try:
        credentials.refresh(Request())
    except GoogleAuthError as error:
        if error.retryable:
            raise SourceUnavailable(
                f"{where}: no login for Secret Manager now ({type(error).__name__}). The next cycle tries again."
            ) from None
        raise refused(
            f"{where}: the Google credentials are not accepted ({type(error).__name__}). "
            "Run `gcloud auth application-default login`."
        ) from None
    return str(credentials.token)


def _refusal(status: int, name: str, where: str) -> str:
    """What a refusal means; the answer's own text may hold anything and is not shown."""
    secret = name.partition("/versions/")[0]
    told = {
        401: "does not accept the login. Run `gcloud auth application-default login`.",
        403: "refuses it. Grant the account that runs logtriage roles/secretmanager.secretAccessor on it, "
        "and enable secretmanager.googleapis.com.",
        404: f"does not know it. See `gcloud secrets versions list {secret}`.",
        400: "says that this version is disabled or destroyed. Name one that is enabled, or `latest`.",
    }
    said = told.get(status, f"refuses it with HTTP {status}. See what its logs say.")
    return f"{where}: `{name}`: Secret Manager {said}"


def _payload(answer: Any) -> str:
    """The text of an answer; ValueError where its checksum, its base64 or its UTF-8 is wrong."""
    payload = answer["payload"]
    data = base64.b64decode(payload["data"], validate=True)
    told = payload.get("dataCrc32c")
    if told is not None and int(told) != _crc32c(data):
        raise binascii.Error
    return data.decode("utf-8").strip()


def _crc32c(data: bytes) -> int:
    """CRC-32C of at most 64 KiB, bit by bit: no library that is here has it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_CRC32C if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

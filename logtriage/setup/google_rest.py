"""Calls of Google's REST APIs that no library here makes: permissions, regions, use of a quota.

What an answer says may hold anything; of a refusal only what is to be done about it is told.
"""

import logging
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct, field

from collector.normalise.untrusted import items, mapping, text
from collector.sources.patience import one_line
from logtriage.errors import SourceError, SourceUnavailable
from logtriage.escape import plain
from logtriage.setup.endpoints import Endpoints
from logtriage.setup.login import LOGIN, Login

__all__ = ["GoogleRest", "Refused"]

_TIMEOUT_S = 20.0
_OK = 200
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class Refused(SourceError):
    """A refusal: `status` of HTTP, `reason` as Google names it."""

    def __init__(self, message: str, *, status: int, reason: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class GoogleRest(Struct):
    """Calls as one login. `skew_s`: how far this machine's clock was ahead of Google's at the last answer."""

    login: Login
    endpoints: Endpoints
    skew_s: float | None = None
    uncertain_s: float = field(default=0.0)  # of skew_s, for the answer took that long and tells whole seconds

    def get(self, host: str, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON of an answer; Refused, or SourceUnavailable when there is none now."""
        return self._call("GET", host, path, params=dict(params or {}))

    def post(self, host: str, path: str, body: Mapping[str, Any]) -> Any:
        """The same for a question that needs a body."""
        return self._call("POST", host, path, json=dict(body))

    def _call(self, method: str, host: str, path: str, **sent: Any) -> Any:
        import httpx  # noqa: PLC0415 - only who asks Google pays for the import

        for logger in ("httpx", "httpcore"):  # they log each call, and its headers at DEBUG
            logging.getLogger(logger).setLevel(logging.WARNING)
        url = self.endpoints.url(host, path)
        headers = self.login.headers(method, url)
        begun_s = time.time()
        try:
            answer = httpx.request(method, url, headers=headers, timeout=_TIMEOUT_S, **sent)
        except httpx.HTTPError as error:
            raise SourceUnavailable(
                f"`{host}` is out of reach ({type(error).__name__}). Check the network and try again."
            ) from None
        self._look_at_clock(answer.headers.get("Date", ""), begun_s, time.time())
        if answer.status_code in _PASSING:
            raise SourceUnavailable(f"`{host}` answers with HTTP {answer.status_code}. Try again in a minute.")
        if answer.status_code != _OK:
            raise _refusal(answer, host)
        try:
            return answer.json()
        except ValueError:
            raise SourceUnavailable(f"`{host}` answers with what is no JSON. Try again.") from None

    def _look_at_clock(self, date: str, begun_s: float, ended_s: float) -> None:
        try:
            told_s = parsedate_to_datetime(date).timestamp()
        except (TypeError, ValueError):
            return
        self.skew_s = (begun_s + ended_s) / 2 - (told_s + 0.5)  # it tells whole seconds, cut
        self.uncertain_s = (ended_s - begun_s) / 2 + 0.5


def _refusal(answer: Any, host: str) -> Refused:
    status = answer.status_code
    try:
        error = mapping(mapping(answer.json()).get("error"))
    except ValueError:
        error = {}
    reasons = (text(one.get("reason")) for one in items(error.get("details")))
    message, reason = text(error.get("message")), plain(next(filter(None, reasons), ""), 80)
    said = f"`{host}` refuses with HTTP {status}"
    if reason == "SERVICE_DISABLED":
        advice = f"the API is switched off. Run `gcloud services enable {host}` in that project."
    elif reason == "USER_PROJECT_DENIED":
        advice = (
            "the quota project of the credentials is not usable. "
            "Run `gcloud auth application-default set-quota-project PROJECT`."
        )
    elif status == 401:  # noqa: PLR2004 - unauthorised
        advice = f"the login is not accepted: {LOGIN}."
    elif status == 404:  # noqa: PLR2004 - not found
        advice = "there is no such project. Correct its id."
    else:
        advice = f"{one_line(message) or 'it says no more'}. See the permissions in docs/permissions.md."
    return Refused(f"{said}: {advice}", status=status, reason=reason)

"""One HTTP API of a channel: bounded retries, and for each failure whether anything may have been done.

What may be done twice (a read, an edit) is tried again after whatever passes by itself. What may not (a new issue, a
new message) is tried again only where nothing can have been done: the connection was never made, or the server said
that it is asked too often. After a lost answer or a fault of the server it raises NotifyUncertain; who delivers looks
up what is there.
"""

import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from collector.other_clocks import heard
from collector.own_secrets import without_own
from collector.stopping import Stopped, pause
from logtriage.errors import NotifyError, NotifyUnavailable, NotifyUncertain
from logtriage.escape import plain

if TYPE_CHECKING:
    import httpx

__all__ = ["Api", "retry_after_s"]

_ANSWER = 20_000  # characters of a refusal that are looked at
_TOO_MANY = 429
_UNAUTHORISED = 401
_FORBIDDEN = 403
_SERVER = 500
_REDIRECT = 300
_UNTRUSTED = "its certificate is not accepted; SSL_CERT_FILE names an authority of your own"


class Api(Struct, frozen=True):
    """An HTTP API with its secrets in `headers`, which stand in no message, error or log.

    `sleep` and `now` are passed in, so that waiting can be tested. `mistake` gives what a refusal means and what to do,
    from status and answer; "" for the plain words. `renew` gives the secret headers as they are now: after a 401, which
    did nothing, a call is made once more where they are others than before.
    """

    name: str  # for people: GitHub
    base_url: str  # of a webhook it is a secret itself
    headers: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 4
    timeout_s: float = 20.0
    longest_wait_s: float = 60.0  # a Retry-After above it is left to the next cycle
    first_wait_s: float = 1.0  # doubles after each failure that names no time
    sleep: Callable[[float], None] = pause
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    mistake: Callable[[int, str], str] = lambda _status, _body: ""
    renew: Callable[[], Mapping[str, str]] | None = None
    uncertain: frozenset[int] = frozenset()  # refusals after which something may have been done all the same

    def __repr__(self) -> str:
        return f"Api({self.name!r})"

    def call(  # noqa: PLR0913 - what a request is made of
        self, method: str, path: str, *, is_repeatable: bool, json: Any = None, params: Mapping[str, Any] | None = None,
        content: bytes | None = None, headers: Mapping[str, str] | None = None,
    ) -> "httpx.Response":  # fmt: skip
        """The answer, of status 2xx. Raises NotifyUnavailable, NotifyUncertain or NotifyError, see the module."""
        import httpx  # noqa: PLC0415 - only a delivery pays for the import

        request = httpx.Request(
            method, f"{self.base_url.rstrip('/')}{path}", json=json, params=params, content=content,
            headers={**self.headers, **(headers or {})},
        )  # fmt: skip
        for attempt in range(1, self.attempts + 1):
            answer, why, asked_s = self._once(request, is_repeatable=is_repeatable)
            if answer is not None:
                return answer
            wait_s = self.first_wait_s * 2 ** (attempt - 1) if asked_s is None else asked_s
            if attempt == self.attempts or wait_s > self.longest_wait_s:
                raise NotifyUnavailable(
                    f"{self.name}: not delivered after {attempt} of {self.attempts} attempts, `{why}`. "
                    "The next cycle tries again."
                )
            try:
                self.sleep(wait_s)
            except Stopped as error:
                raise NotifyUnavailable(
                    f"{self.name}: not delivered, `{why}`, and logtriage ends. The next start tries again."
                ) from error
        raise AssertionError  # the last attempt returned or raised

    def _once(
        self, request: "httpx.Request", *, is_repeatable: bool
    ) -> "tuple[httpx.Response | None, str, float | None]":
        """The answer; or None with why there is none, and the seconds that the server asks to wait."""
        import httpx  # noqa: PLC0415 - only a delivery pays for the import

        try:
            with self._client() as client:
                answer = client.send(request, follow_redirects=request.method == "GET")  # no other may be moved
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return None, _UNTRUSTED if "CERTIFICATE_VERIFY_FAILED" in str(error) else type(error).__name__, None
        except httpx.RequestError as error:  # also an answer that cannot be unpacked, and redirects without end
            if not is_repeatable:
                raise self._uncertain(type(error).__name__) from None
            return None, type(error).__name__, None
        heard(f"channel {self.name}", answer.headers)
        if answer.status_code < _REDIRECT:
            return answer, "", None
        why = f"HTTP {answer.status_code}"
        if answer.status_code == _UNAUTHORISED and self._renews(request):
            return None, why, 0.0
        if not _is_throttled(answer):
            if answer.status_code < _SERVER and answer.status_code not in self.uncertain:
                raise self._refused(answer)
            if not is_repeatable:
                raise self._uncertain(why)
        return None, why, retry_after_s(answer.headers, self.now())

    def _client(self) -> "httpx.Client":
        """A connection by way of what the environment names; NotifyError where that cannot be used."""
        import httpx  # noqa: PLC0415 - only a delivery pays for the import

        try:
            return httpx.Client(timeout=self.timeout_s, verify=_tls())
        except OSError:
            told, names = "the certificates that the environment names cannot be read", "SSL_CERT_FILE or SSL_CERT_DIR"
        except (ImportError, ValueError, httpx.InvalidURL):  # what was given may hold a password: it is not shown
            told = "the proxy that the environment names is no http:// or https:// address"
            names = "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY"
        raise NotifyError(f"{self.name}: {told}, so nothing was sent. Correct {names}.")

    def _renews(self, request: "httpx.Request") -> bool:
        """The request has other secrets now than it was refused with."""
        fresh = self.renew() if self.renew else {}
        is_new = any(request.headers.get(name) != value for name, value in fresh.items())
        request.headers.update(fresh)
        return is_new

    def _uncertain(self, why: str) -> NotifyUncertain:
        return NotifyUncertain(
            f"{self.name}: the answer was lost, `{why}`; it may or may not have been done. It is looked up before "
            "anything is sent again."
        )

    def _refused(self, answer: "httpx.Response") -> NotifyError:
        body = without_own(answer.text[:_ANSWER])
        said = plain(body, 200)
        told = self.mistake(answer.status_code, body)
        told = told or f"refused with `HTTP {answer.status_code} {said}`. Check the channel's settings."
        error = NotifyError(f"{self.name}: {told}")
        error.status = answer.status_code
        return error


@cache
def _tls() -> ssl.SSLContext:
    """What certificates are checked against; read once, for it takes 50 ms."""
    import httpx  # noqa: PLC0415 - only a delivery pays for the import

    return httpx.create_ssl_context()


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a server asks to wait, told in seconds, as a date, or as the time of a new quota; else None.

    The last is told by GitHub and GitLab.
    """
    told = headers.get("Retry-After", "").strip()
    if told.isdigit():
        return float(told)
    if told:
        try:
            return max((parsedate_to_datetime(told) - now).total_seconds(), 0.0)
        except (TypeError, ValueError):
            return None
    for name in ("X-RateLimit", "RateLimit"):
        reset = headers.get(f"{name}-Reset", "")
        if headers.get(f"{name}-Remaining") == "0" and reset.isdigit():
            return max(float(reset) - now.timestamp(), 0.0)
    return None


def _is_throttled(answer: "httpx.Response") -> bool:
    """It was asked too often and did nothing: 429, or GitHub's 403 of a primary or secondary limit."""
    if answer.status_code == _TOO_MANY:
        return True
    if answer.status_code != _FORBIDDEN:
        return False
    is_spent = answer.headers.get("X-RateLimit-Remaining") == "0"
    return is_spent or "Retry-After" in answer.headers or "rate limit" in answer.text.lower()

"""One call with a deadline, tried again as long as that is honest.

Waits as long as the server asks for (google.rpc.RetryInfo, `retry-after`, `grpc-retry-pushback-ms`), else
exponentially with jitter. Calls, waits and all end within `patience_s`; then SourceUnavailable says what happened.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct

from collector.errors import SourceError, SourceUnavailable
from collector.own_secrets import without_own
from collector.sources.base import Settings
from collector.sources.quota import ReadQuota

__all__ = ["CallLimits", "call_patiently", "one_line", "wait_asked_for_s"]

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 32.0
_SHORTEST_TRY_S = 1.0  # a try below that tells nothing of the server
MESSAGE_LIMIT = 300

# Statuses after which the same call may succeed. Aborted, Cancelled and Unknown are what a cut connection leaves.
_PASSING = (
    "TooManyRequests",
    "ServiceUnavailable",
    "InternalServerError",
    "BadGateway",
    "GatewayTimeout",
    "Aborted",
    "Cancelled",
    "Unknown",
)
_LOGIN_IS_OVER = ("invalid_grant", "invalid_client", "deleted_client", "Reauthentication", "reauth")

# People's addresses; those of service accounts are names of resources and stay.
_PERSON = re.compile(r"[\w.+-]+@(?![\w.-]*gserviceaccount\.com)[\w-]+(?:\.[\w-]+)+")

T = TypeVar("T")


class CallLimits(Struct, frozen=True):
    """Seconds: `deadline_s` for one attempt, `patience_s` for all attempts of one call and the waits between."""

    deadline_s: float
    patience_s: float


def call_patiently(
    attempt: Callable[[float], T],
    *,
    who: str,
    limits: CallLimits,
    settings: Settings,
    quota: ReadQuota | None = None,
) -> T:
    """What attempt(timeout_s) returns. `who` names service and resource, for the messages.

    Every attempt takes a slot of the quota; waiting for it costs no patience. Errors that trying again cannot cure
    go through as google.api_core raises them; SourceUnavailable when patience is at its end.
    """
    from google.api_core import exceptions  # noqa: PLC0415 - slow import, wanted by this source only

    passing = tuple(getattr(exceptions, name) for name in _PASSING)
    spent_s, tries = 0.0, 0
    while True:
        if quota is not None:
            quota.acquire()
        tries += 1
        begun_s = settings.monotonic_s()
        try:
            left_s = max(_SHORTEST_TRY_S, limits.patience_s - spent_s)
            return attempt(min(limits.deadline_s, left_s))
        except passing as error:
            _refuse_dead_login(error, who)
            asked_s = wait_asked_for_s(error)
            wait_s = _wait_s(asked_s, tries, settings.chance())
            spent_s += settings.monotonic_s() - begun_s + wait_s
            if spent_s > limits.patience_s:
                is_quota = isinstance(error, exceptions.TooManyRequests)
                told = _gave_up(error, who, tries, asked_s, limits, is_quota=is_quota)
                raise SourceUnavailable(told, trouble="quota" if is_quota else "source") from error
            if quota is not None and isinstance(error, exceptions.TooManyRequests):
                quota.hold(wait_s)
            settings.sleep(wait_s)


def wait_asked_for_s(error: Any) -> float | None:
    """Seconds that the server asked to wait, None when it did not say."""
    for detail in error.details or ():
        if hasattr(detail, "retry_delay"):
            return float(detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9)
    trailing = getattr(error.response, "trailing_metadata", None)
    for key, value in (trailing() if trailing else None) or ():
        if key in {"retry-after", "grpc-retry-pushback-ms"}:
            seconds = _seconds(value)
            return None if seconds is None else seconds / (1000 if key.endswith("-ms") else 1)
    return None


def one_line(text: str) -> str:
    """A server's message on one line, cut to a bearable length, without people's addresses or our own secrets."""
    flat = _PERSON.sub("<email>", " ".join(without_own(str(text)).split()).replace("`", "'"))
    return flat if len(flat) <= MESSAGE_LIMIT else flat[: MESSAGE_LIMIT - 3] + "..."


def _wait_s(asked_s: float | None, tries: int, chance: float) -> float:
    """What was asked for and up to a tenth more, so that not all come back at once; else 1, 2, 4 ... s."""
    if asked_s is not None:
        return asked_s * (1 + chance / 10)
    step_s: float = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(tries - 1, 10))
    return step_s * (1 + chance) / 2


def _gave_up(
    error: Any, who: str, tries: int, asked_s: float | None, limits: CallLimits, *, is_quota: bool
) -> str:  # fmt: skip
    status = f"{int(error.code)} " if error.code else ""
    asked = f" and asked to wait {asked_s:g} s" if asked_s is not None else ""
    times = "once" if tries == 1 else f"{tries} times"
    what = "refused because its quota is used up, for longer than" if is_quota else "did not answer within"
    return (
        f"{who} {what} patience_s = {limits.patience_s:g}: tried {times}, it last said "
        f"`{status}{one_line(error.message)}`{asked}. "
        "What was read so far is kept; the next cycle goes on from the cursor."
    )


def _refuse_dead_login(error: Any, who: str) -> None:
    """A login that has run out comes as 503 from inside the client; trying again cannot cure it."""
    said = str(error.message)
    if "metadata from plugin failed" in said and any(mark in said for mark in _LOGIN_IS_OVER):
        raise SourceError(
            f"{who} could not be asked: the Google login has run out or was withdrawn (`{one_line(said)}`). "
            "Run `gcloud auth application-default login`.",
            trouble="permission",
        ) from error


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < float("inf") else None

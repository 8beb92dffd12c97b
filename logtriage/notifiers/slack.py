"""Slack by incoming webhook: a message as Block Kit, posted with bounded retries that honour Retry-After.

The webhook's address is a secret: it comes from LOGTRIAGE_SLACK_WEBHOOK_URL and stands in no message, error or log.
Limits: https://docs.slack.dev/reference/block-kit/blocks (header 150, section 3000 characters, 50 blocks) and about
13,200 characters over all blocks, above which the API answers msg_blocks_too_long.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from logtriage.digest import Message
from logtriage.errors import ConfigError, NotifyError, NotifyUnavailable
from logtriage.escape import mrkdwn, plain, shorten

__all__ = ["URL_VARIABLE", "Slack", "open_slack", "slack_payload"]

URL_VARIABLE = "LOGTRIAGE_SLACK_WEBHOOK_URL"
_HEADER = 150
_SECTION = 3000
_BLOCKS = 50
_ALL_BLOCKS = 13_200
_FALLBACK = 3000  # of `text`, which notifications show; the API takes 40,000
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_HTTP_OK, _HTTP_TOO_MANY, _HTTP_SERVER = 200, 429, 500


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook. `sleep` and `monotonic_s` are passed in, so that waiting can be tested."""

    url: str = field(repr=False)
    attempts: int = 4
    timeout_s: float = 10.0
    longest_wait_s: float = 60.0  # a Retry-After above it is left to the next cycle
    first_wait_s: float = 1.0  # doubles after each failure that names no time
    sleep: Callable[[float], None] = time.sleep

    def deliver(self, message: Message) -> None:
        """Returns when Slack said ok.

        Raises NotifyUnavailable after the last attempt, NotifyError when Slack refuses the message or the webhook.
        """
        payload = slack_payload(message)
        for attempt in range(1, self.attempts + 1):
            wait_s, why = self._post(payload, attempt)
            if wait_s is None:
                return
            if attempt == self.attempts or wait_s > self.longest_wait_s:
                raise NotifyUnavailable(
                    f"Slack: not delivered after {attempt} of {self.attempts} attempts, `{why}`. "
                    "Check https://slack-status.com; the next cycle tries again."
                )
            self.sleep(wait_s)

    def _post(self, payload: dict[str, Any], attempt: int) -> tuple[float | None, str]:
        """(None, "") when delivered, else how long to wait and why."""
        import httpx  # noqa: PLC0415 - only a delivery pays for the import

        backoff_s = self.first_wait_s * 2 ** (attempt - 1)
        try:
            response = httpx.post(self.url, json=payload, timeout=self.timeout_s)
        except httpx.ReadTimeout:
            # It may have been taken: posting again could double it.
            raise NotifyError(
                f"Slack: no answer within {self.timeout_s:g} s; the message may or may not have arrived. Look there."
            ) from None
        except httpx.TransportError as error:
            return backoff_s, type(error).__name__
        if response.status_code == _HTTP_OK:
            return None, ""
        why = f"HTTP {response.status_code}"
        if response.status_code == _HTTP_TOO_MANY:
            return _retry_after_s(response.headers.get("Retry-After"), backoff_s), why
        if response.status_code >= _HTTP_SERVER:
            return backoff_s, why
        said = plain(response.text, 80)
        raise NotifyError(f"Slack: refused with `{why} {said}`. Make a new webhook and set {URL_VARIABLE}.")


def open_slack() -> Slack:
    """The webhook that the environment names; ConfigError when it is missing or no https address."""
    import httpx  # noqa: PLC0415 - only a delivery pays for the import

    given = os.environ.get(URL_VARIABLE, "").strip()
    if not given:
        raise ConfigError(f"environment {URL_VARIABLE} is not set. Set it to the address of an incoming webhook.")
    try:
        url = httpx.URL(given)
    except httpx.InvalidURL:
        url = httpx.URL("")
    is_loopback = url.scheme == "http" and url.host in _LOOPBACK
    if not url.host or not (url.scheme == "https" or is_loopback):
        raise ConfigError(
            f"environment {URL_VARIABLE} is no https address. Copy it anew from the webhook's page in Slack."
        )
    return Slack(str(url))


def slack_payload(message: Message) -> dict[str, Any]:
    """The message as Block Kit within all limits; what does not fit is cut and marked by dots."""
    header = shorten(f"{message.sign} {plain(message.headline)}", _HEADER)
    sections = [
        _section(f"*{mrkdwn(line.label)}* {mrkdwn(line.inline)}" if line.label else mrkdwn(line.inline))
        for line in message.lines
    ]
    if message.command:
        sections.append(_section(f"```{mrkdwn(message.command).replace('```', '')}```"))
    footer = {"type": "context", "elements": [{"type": "mrkdwn", "text": _cut(mrkdwn(message.footer), _SECTION)}]}
    budget = _ALL_BLOCKS - len(header) - len(footer["elements"][0]["text"])  # type: ignore[index] # a literal above
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": header, "emoji": True}}]
    return {"text": _cut(mrkdwn(header), _FALLBACK), "blocks": [*blocks, *_within(sections, budget), footer]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, _SECTION)}}


def _within(sections: list[dict[str, Any]], budget: int) -> list[dict[str, Any]]:
    """Sections from the top, as many as the limits on blocks and on characters over all of them allow."""
    kept = []
    for section in sections[: _BLOCKS - 2]:
        size = len(section["text"]["text"])
        if size > budget:
            break
        budget -= size
        kept.append(section)
    return kept


def _cut(escaped: str, limit: int) -> str:
    """At most `limit` characters, never inside an escape such as &amp;."""
    if len(escaped) <= limit:
        return escaped
    head = escaped[: limit - 3]
    start = head.rfind("&")
    if start >= 0 and ";" not in head[start:]:
        head = head[:start]
    return f"{head}..."


def _retry_after_s(header: str | None, otherwise_s: float) -> float:
    """Seconds the server asks for; it may also send a date, which is answered with our own wait."""
    return float(header) if header and header.isdigit() else otherwise_s

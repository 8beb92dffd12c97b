"""What every issue tracker has in common: its choices, which steps follow from a message, what of an issue is ours."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field

from logtriage.errors import NotifyError, NotifyGone
from logtriage.escape import shorten
from logtriage.message import Message
from logtriage.notifiers.channel import Place, Step
from logtriage.notifiers.marker import Marker
from logtriage.notifiers.tokens import TokenConfig
from logtriage.ticket_view import reply_text

__all__ = [
    "TrackerConfig",
    "comment_text",
    "is_our_label",
    "is_our_title",
    "marker_of",
    "there",
    "ticket_labels",
    "tracker_steps",
    "verdict_in",
]

_TITLE_OURS = re.compile(r"GCP-[a-z]+ \| P[0-3] \| ")
_LABEL_OURS = re.compile(r"P[0-3]\Z|fault: |fault-")
_VERDICT = re.compile(r"\s*[/@]?logtriage[:,]?\s+(right|wrong)\b[\s.!]*\Z", re.IGNORECASE)
_NOT_THERE = frozenset({404, 410})
_WARNS = ("vanished:", "blind:")  # begin keys of notices that are worth an issue; a sign of life is none


class TrackerConfig(TokenConfig):
    """Choices that a tracker asks for, beside where its issues are."""

    labels: tuple[Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[^,]+$")], ...] = ("logtriage",)
    regressed: Literal["reopen", "new"] = "reopen"  # a closed issue opens again, or a new one links to it
    close: bool = True  # an issue whose end is verified is closed; false: only told
    warnings: bool = False  # an issue for each deploy that dropped a key, and for what logtriage cannot see


def tracker_steps(config: TrackerConfig, message: Message, place: Place | None) -> tuple[Step, ...]:
    """A new issue; or what becomes of it: reopened, told, brought up to date, closed."""
    if message.act == "notice":
        wanted = config.warnings and place is None and message.key.startswith(_WARNS) and not message.is_over
        return ("open",) if wanted else ()
    if place is None:
        return ("open",)
    if message.act == "edit":
        return ("edit",)
    if message.is_back and config.regressed == "new":
        return ("open",)
    first: tuple[Step, ...] = ("reopen",) if message.is_back else ()
    last: tuple[Step, ...] = ("close",) if message.is_over and config.close else ()
    return (*first, "reply", "edit", *last)


@contextlib.contextmanager
def there(name: str, place: Place | None, issue: Callable[[], object], project: Callable[[], object]) -> Iterator[None]:
    """What is done at a place: NotifyGone where the channel has that issue no more, and still has its project.

    issue, project: read them, and fail as the channel does.
    """
    try:
        yield
    except NotifyError as error:
        if place is None or error.status not in _NOT_THERE:
            raise
        try:
            issue()
        except NotifyError as again:
            if again.status not in _NOT_THERE:
                raise
            project()
            raise NotifyGone(
                f"{name}: issue {place.id} is gone: somebody deleted it or moved it away, or the token sees it no "
                "more. What changes of its incident while it goes on opens a new one; `logtriage mute` puts it away."
            ) from error
        raise


def marker_of(message: Message, delivery_id: str) -> Marker:
    """The hidden mark of what a delivery leaves."""
    return Marker(message.incident_id or message.key, delivery_id)


def comment_text(message: Message) -> str:
    """The comment that tells a change, as Markdown."""
    return reply_text(message)


def ticket_labels(config: TrackerConfig, message: Message, longest: int = 50) -> tuple[str, ...]:
    """The labels of a new issue, each once, as every tracker can take them."""
    labels = (shorten(label.replace(",", " "), longest) for label in (*config.labels, *message.labels))
    return tuple(dict.fromkeys(labels))


def is_our_title(title: str) -> bool:
    """Nobody gave the issue a title of his own."""
    return _TITLE_OURS.match(title) is not None


def is_our_label(label: str) -> bool:
    """A label that follows the message: its priority, whose fault it is."""
    return _LABEL_OURS.match(label) is not None


def verdict_in(lines: str | Iterable[str]) -> Literal["right", "wrong"] | None:
    """What a comment settles whose first line is `logtriage right` or `logtriage wrong`."""
    first = lines.strip().partition("\n")[0] if isinstance(lines, str) else next(iter(lines), "")
    found = _VERDICT.match(first)
    if found is None:
        return None
    return "right" if found[1].lower() == "right" else "wrong"

"""A tracker as tests see it, whatever its kind: issues in, people who close, reopen and write, faults."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from logtriage.notifiers.channel import Notifier, Place
from tests.support.receiver import Fault

__all__ = ["SeenIssue", "TrackerBoard"]


@dataclass(frozen=True)
class SeenIssue:
    """An issue; texts are plain, oldest comment first."""

    id: str
    title: str
    body: str
    is_open: bool
    labels: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)


class TrackerBoard(Protocol):
    """One project of a tracker on loopback."""

    variable: str  # that holds the token
    token: str
    create_end: str  # of the path to which a new issue is posted
    comment_end: str

    @property
    def faults(self) -> list[Fault]: ...

    def open(self, **changes: Any) -> Notifier:
        """The channel, with no real waiting."""

    def issues(self) -> list[SeenIssue]:
        """All of them, oldest first."""

    def place(self, issue: str) -> Place: ...

    def set_time(self, now: datetime) -> None: ...

    def close(self, issue: str) -> None: ...

    def reopen(self, issue: str) -> None: ...

    def delete(self, issue: str) -> None:
        """Somebody deletes it: it is not there any more."""

    def say(self, issue: str, text: str, *, by_stranger: bool = False) -> None: ...

    def retitle(self, issue: str, title: str, label: str) -> None: ...

    def mark_of(self, incident_id: str) -> Any:
        """What our own mark of an incident looks like."""

    def write_issue(self, title: str, mark: Any) -> None:
        """Somebody else writes an issue that bears such a mark."""

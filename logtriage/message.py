"""What one message of a digest says; a notifier lays it out."""

from dataclasses import dataclass

from logtriage.lines import Line

__all__ = ["OVER_SIGN", "SIGNS", "Message"]

SIGNS = {"P0": "🔴", "P1": "🟠", "P2": "🟡", "P3": "⚪"}
OVER_SIGN = "🟢"


@dataclass(frozen=True, slots=True)
class Message:
    """What one message says, plain text.

    `key` names what it tells of and its state: as long as it stays the same there is nothing new to say. `command` is a
    line to copy, empty where there is none.
    """

    key: str
    sign: str
    headline: str
    lines: tuple[Line, ...]
    command: str
    footer: str

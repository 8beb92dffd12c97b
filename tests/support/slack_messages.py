"""Messages that a channel may be given: of our findings, hostile in every text, and as long as can be."""

from functools import cache

from collector.replacing import replace
from logtriage.digest import build_digest
from logtriage.lines import Line
from logtriage.message import Link, Message
from tests.support.findings import findings
from tests.support.hostile import HOSTILE
from tests.support.tracked import with_tracked

__all__ = ["poisoned_message", "slack_messages"]


def poisoned_message(message: Message, text: str) -> Message:
    """The message with this text in the place of every free one."""
    lines = tuple(Line(line.label, text, text if line.command else "") for line in message.lines)
    return replace(message, headline=text, lines=lines, command=text, footer=text, title=text, news=text)


@cache
def slack_messages() -> dict[str, Message]:
    """By name: those of the digest of our findings, one for each hostile text, and huge ones."""
    told = build_digest(with_tracked(findings())).messages
    first = told[0]
    links = tuple(Link(f"link {at}", f"https://x.example/{'p' * 900}?q=<|>&{at}") for at in range(30))
    return {
        **{f"digest {at}": message for at, message in enumerate(told, 1)},
        **{f"hostile {name}": poisoned_message(first, text) for name, text in HOSTILE.items()},
        "escapes": poisoned_message(first, "<&>" * 5000),
        "emoji": poisoned_message(first, "🔴" * 5000),
        "many lines": replace(first, lines=tuple(Line(f"L{at}", "short") for at in range(900))),
        "many long lines": replace(first, lines=tuple(Line(f"L{at}", "word " * 400) for at in range(90)), links=links),
        "long label": replace(first, lines=(Line("LABEL" * 2000, "text"),)),
        "empty": Message("", "", "", (), "", ""),
        "news": replace(first, news="word " * 1000, act="change"),
    }

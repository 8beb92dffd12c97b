"""Blindness: a time in which logtriage did not see, or does not, and what to do about it. No I/O."""

from typing import Literal

from msgspec import Struct

from collector.window import NS_PER_S

__all__ = ["BlindKind", "Blindness", "Sight", "lasted", "two_parts"]

# permission, quota, source: a source cannot be read. silence: it answers, and gives nothing. lag: it is read late.
# receiver: clients are turned away. stopped: logtriage did not run. job, channel, store, disk, clock: of itself.
# dead: much of what comes in cannot be read. settings: new ones are wrong, the old ones stay.
BlindKind = Literal[
    "permission", "quota", "source", "silence", "lag", "receiver", "stopped", "job", "channel", "store", "disk",
    "clock", "dead", "settings",
]  # fmt: skip

_UNITS = ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 60, ""))


class Blindness(Struct, frozen=True):
    """One spell. `until_ns` is None while it lasts; `sentence` tells what is not seen, without since when.

    `todo` is what a person does, "" where there is nothing to do. is_news: worth waking somebody for. is_lost: what
    happened meanwhile is not read afterwards. hides: verdicts on that time rest on less than all rows.
    """

    kind: BlindKind
    subject: str  # the source, job or channel; "" of all
    since_ns: int
    until_ns: int | None
    sentence: str
    todo: str = ""
    is_news: bool = True
    hides: bool = True
    is_lost: bool = False

    @property
    def name(self) -> str:
        """Names the spell, however long it lasts."""
        return f"{self.kind}:{self.subject}:{self.since_ns}"

    def overlaps(self, start_ns: int, end_ns: int) -> bool:
        """Whether any of it lies within [start_ns, end_ns)."""
        return self.since_ns < end_ns and (self.until_ns is None or self.until_ns > start_ns)


class Sight(Struct, frozen=True):
    """What was seen of a window: up to when every source was read, None where nobody knows, and the blindness in it."""

    complete_until_ns: int | None = None
    blindness: tuple[Blindness, ...] = ()


def lasted(span_ns: int) -> str:
    """A duration in its two largest units: `45 s`, `20 min`, `3 h 20 min`, `2 d 4 h`."""
    seconds = max(span_ns, 0) // NS_PER_S
    for size, name, next_size, next_name in _UNITS:
        if seconds >= size:
            rest = seconds % size // next_size
            return f"{seconds // size} {name}" + (f" {rest} {next_name}" if rest and next_name else "")
    return f"{seconds} s"


def two_parts(said: str) -> tuple[str, str]:
    """What happened, and what to do: a message of an error parted at the end of its first sentence.

    An end inside of brackets or backticks is none.
    """
    depth, is_quoted = 0, False
    for at, sign in enumerate(said):
        if sign == "`":
            is_quoted = not is_quoted
        elif not is_quoted:
            depth += (sign == "(") - (sign == ")")
            if sign == "." and depth <= 0 and said[at + 1 : at + 2] == " ":
                return said[:at], said[at + 2 :].strip().removesuffix(".")
    return said.strip().removesuffix("."), ""

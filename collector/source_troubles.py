"""What a pull tells of its source: that it works, or what is missing. No I/O.

The kinds are those of SourceError. A source has one trouble at a time: where another one begins, the one before is
over.
"""

from collections.abc import Callable
from typing import get_args

from collector.errors import SourceError, SourceTrouble
from collector.troubles import Trouble

__all__ = ["DETAIL", "looks_at"]

DETAIL = 600  # characters of what a source said
_KINDS: tuple[SourceTrouble, ...] = get_args(SourceTrouble)


def looks_at(
    source: str, error: SourceError | None, *, now_ns: int, redact: Callable[[str], str] = str
) -> tuple[Trouble, ...]:
    """One look a kind, as a pull at `now_ns` ended: at most one is a trouble. `redact` takes secrets off its words."""
    found = error.trouble if error is not None else None
    said = redact(" ".join(str(error).split()))[:DETAIL] if error is not None else ""
    return tuple(Trouble(kind, source, now_ns, kind != found, said if kind == found else "") for kind in _KINDS)

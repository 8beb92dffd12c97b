"""One thing that `logtriage doctor` looked at. No I/O."""

from typing import Literal

from msgspec import Struct

from classifiers.blind import two_parts
from logtriage.errors import LogtriageError
from logtriage.escape import plain

__all__ = ["Check", "State", "of_error", "worst"]

State = Literal["ok", "warn", "fail"]
_ORDER: tuple[State, ...] = ("ok", "warn", "fail")


class Check(Struct, frozen=True):
    """`told`: what was found, without a stop at its end; `todo`: a line with what to do, "" where nothing is to be."""

    name: str
    state: State
    told: str
    todo: str = ""


def of_error(name: str, error: LogtriageError, state: State = "fail") -> Check:
    """An error in its two parts: what happened and where, then what to do."""
    told, todo = two_parts(plain(error, 2000))
    return Check(name, state, told, f"{todo}." if todo else "")


def worst(checks: tuple[Check, ...]) -> State:
    """The worst of them; ok where there is none."""
    return max((one.state for one in checks), key=_ORDER.index, default="ok")

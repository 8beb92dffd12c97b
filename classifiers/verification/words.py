"""Figures of a verification in words: how long, how likely, of what. No I/O."""

import math

from classifiers.cases import Case

__all__ = ["attempts_words", "chance_words", "long_words", "unit_words"]

_UNITS = ((86_400_000_000_000, "d"), (3_600_000_000_000, "h"), (60_000_000_000, "min"), (1_000_000_000, "s"))
_FROM = 1.5  # of a longer unit, from which it is told in that
_WHOLE = 10  # from so many on a fraction says nothing
_LEAST = 0.001
_MOST = 0.995
_ROUTES = 2
_WORDS = {
    "requests": ("request", "requests"), "traces": ("trace", "traces"),
    "minutes": ("minute of an instance", "minutes of instances"), "entries": ("entry", "entries"),
}  # fmt: skip


def long_words(long_ns: float) -> str:
    """`25 min`, `6.9 h`, `3 d`."""
    size, unit = next((one for one in _UNITS if long_ns >= _FROM * one[0]), _UNITS[-1])
    many = long_ns / size
    return f"{many:.0f} {unit}" if many >= _WHOLE or abs(many - round(many)) < 0.05 else f"{many:.1f} {unit}"  # noqa: PLR2004 - it would be told as .0


def chance_words(chance: float) -> str:
    """`66 %`, `0.4 %`, `under 0.1 %`."""
    if chance < _LEAST:
        return "under 0.1 %"
    if chance >= _MOST:
        return "nearly all" if chance < 1 else "all"
    return f"{chance * 100:.0f} %" if chance >= 0.01 else f"{chance * 100:.1f} %"  # noqa: PLR2004 - a fraction tells there


def unit_words(unit: str, number: float) -> str:
    """The unit of a case, in the singular for one."""
    return _WORDS[unit][0 if math.isclose(number, 1) else 1]


def attempts_words(case: Case, number: int | None) -> str:
    """`30 requests to POST /pay`, `12 minutes of instances of worker`; without a number the unit alone."""
    unit = unit_words(case.grid.unit, 2 if number is None else number)
    told = unit if number is None else f"{number:,} {unit}"
    if case.grid.unit not in {"requests", "traces"} or not case.routes:
        return f"{told} of {case.service}"
    more = len(case.routes) - _ROUTES
    routes = (", " if more > 0 else " or ").join(case.routes[:_ROUTES]) + (f" and {more} more" if more > 0 else "")
    only = " of tests" if set(case.origins) == {"tests"} else ""
    return f"{told}{only} to {routes}"

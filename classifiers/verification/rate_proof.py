"""What attempts since a change prove of a share: whether it lies below a limit between the old one and the bad one."""

import math

import numpy as np
from msgspec import Struct

from classifiers.verification.silence_proof import LEAST, LEVEL, level_of, sure_of

__all__ = ["Rate", "limit_between", "prove_rate"]

_Z = 2.33  # one side of 98 %
_MOST = 2**40  # attempts tried
_TERMS = 100_000


class Rate(Struct, frozen=True):
    """Attempts, and those that failed, beside the limit; `chance`: so few with nothing mended.

    `is_above`: surely at or above the limit. `is_below`: surely below it.
    """

    chance: float
    sure: float
    level: float
    needed: int | None
    is_above: bool
    is_below: bool


def limit_between(old: float, bad: float) -> float:
    """The limit of a share that was `old` and became `bad`: their geometric mean, so that both are as far from it."""
    return min(math.sqrt(max(old, 1e-9) * max(bad, 1e-9)), 1.0)


def prove_rate(  # noqa: PLR0913 - a share, its limit, and what is known of both sides
    failures: float, attempts: float, *, limit: float, old: float, bad: float | None, dispersion: float, prior: float
) -> Rate:
    """What these attempts prove; `dispersion` of failures that come in clumps counts each clump once.

    bad: the share with nothing mended; None where none is known.
    """
    level = level_of(prior)
    low, high = _interval(failures / dispersion, attempts / dispersion)
    chance = 1.0 if bad is None else _at_most(failures / dispersion, bad * attempts / dispersion)
    sure = sure_of(prior, chance)
    is_enough = attempts >= LEAST and (bad is None or chance <= level)
    return Rate(
        chance, sure, level, _needed(limit, old, bad, dispersion, level), low > limit, is_enough and high < limit
    )


def _needed(limit: float, old: float, bad: float | None, dispersion: float, level: float) -> int | None:
    """Attempts that prove it, if the share is the old one again."""
    many = float(LEAST)
    while many < _MOST:
        _, high = _interval(old * many / dispersion, many / dispersion)
        is_unlikely = bad is None or _at_most(old * many / dispersion, bad * many / dispersion) <= level
        if high < limit and is_unlikely:
            return math.ceil(many)
        many *= 1.1
    return None


def _interval(failures: float, attempts: float) -> tuple[float, float]:
    """Wilson's interval of a share."""
    if attempts <= 0:
        return 0.0, 1.0
    share = min(failures / attempts, 1.0)
    middle = share + _Z**2 / (2 * attempts)
    wide = _Z * math.sqrt(share * (1 - share) / attempts + _Z**2 / (4 * attempts**2))
    whole = 1 + _Z**2 / attempts
    return max((middle - wide) / whole, 0.0), min((middle + wide) / whole, 1.0)


def _at_most(failures: float, expected: float) -> float:
    """The chance of at most so many failures where so many are expected (Poisson)."""
    if expected <= 0:
        return 1.0
    many = int(failures)
    if many >= expected or many > _TERMS:
        return 1.0 if many >= expected else LEVEL / 2
    terms = np.arange(many + 1)
    logs = terms * math.log(expected) - expected - np.concatenate([[0.0], np.cumsum(np.log(terms[1:]))])
    top = float(logs.max())
    return min(1.0, float(np.exp(logs - top).sum()) * math.exp(top))

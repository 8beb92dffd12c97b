"""What a silence proves: failures until a moment and attempts since without one in; how sure it is mended, out.

Silence is judged on a clock of attempts, so that nights and dead services prove nothing; failures with a period of
their own are judged on the clock of the wall too, by beats that were missed. What stopped by itself before anything
changed comes in bursts: its next one is due by the bursts that are known, and after one burst alone it may come at any
time scale; so it may where nothing changed at all, however many bursts are known: those are quiet for a week before
they are called over. `sure` weighs what changed against that silence with nothing mended.
"""

import math
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from classifiers.verification.pauses import Pauses, find_pauses
from collector.replacing import replace

__all__ = ["LEAST", "LEVEL", "SURE", "Seen", "Silence", "prior_of", "prove_silence", "sure_of"]

SURE = 0.98  # from which it is VERIFIED
LEVEL = 0.01  # how often so long a silence may come with nothing mended, whatever changed
LEAST = 30  # attempts without a failure: with 95 % fewer than one in ten fails still (rule of three)
_LEAST_MINUTES = 10  # of instances, where attempts are not counted
_STEADY = 0.05  # a pause before the change that is no rarer than this belongs to the failures
_USUAL = 0.05  # a silence that is no rarer says nothing yet
_EVER = 1e18
_NEVER = 1e-6
_SHORTEST_NS = 300_000_000_000  # of one stretch of failures
_LONGEST_NS = 2 * 86_400_000_000_000  # ... to the next: what comes every night shows; what is rarer is told as back
_QUIET_NS = 7 * 86_400_000_000_000  # bursts that ended with nothing changed: rare pauses of heavy tails last days
_BEATS = 3.0  # of a period that must be missed
_BEYOND = 2.0  # times the longest pause between bursts that was seen: what is rare may be rarer still
# How likely a change of the ledger mends what it followed on, before any attempt. None that names the failure is sure.
_PRIORS = {"rollback": 0.9, "redeploy": 0.9, "change": 0.5, "deploy": 0.5}
_OF_REVISION = 0.02  # ... and that a revision mends itself while nothing changes


class Seen(Struct, frozen=True):
    """Failures until a moment on one clock, and what has passed on it since the last of them.

    `at`: sorted places. `before`: what had passed without a failure before the first. `already`: between the last one
    and the moment, on what fails. `since`: from the moment on, on what is to be proved.
    """

    at: NDArray[np.float64]
    before: float
    already: float
    since: float


class Silence(Struct, frozen=True):
    """How likely the silence is with nothing mended, how sure that it is mended, and what would be enough.

    `needed` are attempts and `needed_ns` the time since the moment, None where no silence is long enough, or no time of
    its own is needed. basis: bursts and beats are their own events; steady, each failure is one; once, one stretch.
    """

    chance: float
    sure: float
    level: float
    basis: Literal["steady", "bursts", "beats", "once"]
    bursts: int
    needed: int | None
    needed_ns: int | None = None
    is_usual: bool = False  # it is no rarer than that of one pause in twenty


def prior_of(how: str | None, pauses: int, *, is_of_revision: bool) -> float:
    """How likely it is mended before any attempt: by what changed, else by how often it came back (Laplace)."""
    if how is not None:
        return _PRIORS[how]
    again = 1 / (pauses + 2)
    return min(again, _OF_REVISION) if is_of_revision else again


def sure_of(prior: float, chance: float) -> float:
    """The probability that it is mended: Bayes, with the silence certain where it is."""
    return prior / (prior + (1 - prior) * chance)


def level_of(prior: float) -> float:
    """How unlikely a silence must be with nothing mended, to be sure."""
    return min(LEVEL, prior / (1 - prior) * (1 - SURE) / SURE)


def prove_silence(
    asked: Seen, told: Seen, *, period_ns: float | None, how: str | None, is_of_revision: bool, is_counted: bool
) -> Silence:
    """What silence proves. `asked` is on the clock of attempts, `told` on that of the wall, in ns.

    how: of the fix that the moment is of; None: the moment is the last failure, since which nothing is known to have
    changed.
    """
    pauses = find_pauses(asked.at, before=asked.before or None)
    is_burst = pauses is not None and pauses.within > 0
    lasted = asked.already if how or is_burst else asked.since
    if pauses is None or pauses.lasts(lasted) < (_STEADY if how and not is_burst else LEVEL):
        prior = prior_of(how, 0, is_of_revision=is_of_revision)
        found = _once(told, prior)
    else:
        prior = prior_of(how, pauses.bursts - 1, is_of_revision=is_of_revision)
        found = _among(asked, pauses, prior, level=level_of(prior) if how or is_burst else LEVEL)
        if how is None and is_burst:
            found = _both(found, _once(told, prior))
    if period_ns is not None or not is_counted:
        found = _on_the_wall(found, told, period_ns, prior)
    least = LEAST if is_counted else _LEAST_MINUTES
    return found if found.needed is None else replace(found, needed=max(found.needed, least))


def _among(asked: Seen, pauses: Pauses, prior: float, *, level: float) -> Silence:
    """The silence beside pauses like those that were seen."""
    chance = pauses.lasts(asked.already + asked.since, already=asked.already)
    is_burst = pauses.within > 0
    longest = max(pauses.needed(level, already=asked.already), _BEYOND * pauses.longest if is_burst else 0.0)
    return Silence(
        chance=chance,
        sure=sure_of(prior, chance),
        level=level,
        basis="bursts" if is_burst else "steady",
        bursts=pauses.bursts,
        needed=_whole(longest - asked.already),
        is_usual=chance > _USUAL,
    )


def _once(told: Seen, prior: float) -> Silence:
    """One stretch of failures that ended by itself: the next may come at any scale, from its length to two days."""
    level = level_of(prior)
    own = max(float(told.at[-1] - told.at[0]) if told.at.size else 0.0, _SHORTEST_NS)
    scales = math.log1p(_LONGEST_NS / own)

    def lasts(long: float) -> float:
        return max(1 - math.log1p(long / own) / scales, _NEVER)

    chance = min(1.0, lasts(told.already + told.since) / lasts(told.already))
    needed = own * math.expm1((1 - level * lasts(told.already)) * scales) - told.already
    return Silence(chance, sure_of(prior, chance), level, "once", 1, 0, _whole(max(needed, 0.0)))


def _both(found: Silence, once: Silence) -> Silence:
    """Bursts that ended by themselves: beyond their own pauses, those of all of them as one stretch, and a week."""
    needed_ns = None if once.needed_ns is None else max(once.needed_ns, _QUIET_NS)
    chance, sure = max(found.chance, once.chance), min(found.sure, once.sure)
    return replace(found, chance=chance, sure=sure, needed_ns=needed_ns)


def _on_the_wall(found: Silence, told: Seen, period_ns: float | None, prior: float) -> Silence:
    """The same with the clock of the wall: a timer runs whether or not anything is asked."""
    pauses = find_pauses(told.at)
    if pauses is None or found.basis == "once":
        return found
    lasts = pauses.lasts(told.already + told.since, already=told.already)
    chance = max(found.chance, lasts)
    own = pauses.needed(found.level, already=told.already) - told.already
    needed = max(own, _BEATS * (period_ns or 0.0), found.needed_ns or 0)
    return replace(
        found,
        chance=chance,
        sure=sure_of(prior, chance),
        basis=found.basis if period_ns is None else "beats",
        needed_ns=_whole(needed),
        is_usual=found.is_usual or lasts > _USUAL,
    )


def _whole(needed: float) -> int | None:
    return math.ceil(needed) if needed < _EVER else None

"""Limits: the times at which requests were ended, told by how they pile up; histograms in, one limit a route out.

What answers late scatters; what a limit ends piles up within a percent of one value, with next to nothing beyond it and
little before. A route on which some requests always last long scatters too, and has no such pile.
"""

from collections.abc import Collection, Mapping

import polars as pl
from msgspec import Struct

__all__ = ["LEAST_NS", "Limit", "find_limits"]

LEAST_NS = 3_000_000_000  # of a limit
_NS_PER_S = 1_000_000_000
_NEAR = 2  # buckets of half a percent on either side of the fullest one that are the pile
_FEWEST = 4  # requests of a pile at a limit that is known or round; of any other
_FEWEST_ODD = 10
_LONG = 0.5  # of the limit: requests from here on are long ones
_PILED = 0.7  # share of the long ones that are in the pile
_BEYOND = 0.1  # of the pile: at most so many took longer still
_SHARP = 1.005  # longest to shortest of a pile at an odd value
_EARLY, _LATE = 0.995, 1.02  # of a limit: when requests that it ends are seen to end
_ROUND_S = (
    3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 45, 50, 60, 75, 90, 100, 120, 150, 180, 200, 240, 300, 360, 400, 480,
    500, 540, 600, 720, 900, 1000, 1200, 1500, 1800, 2400, 2700, 3000, 3600,
)  # fmt: skip


class Limit(Struct, frozen=True):
    """Requests of one route that took from low_ns to high_ns were ended by a limit of limit_s seconds.

    source: requests | spans | calls (see queries/count_long_requests.sql); unfinished | lost, of 0 s, where they never
    ended (see queries/find_unfinished_requests.sql). is_configured: it is the timeout of a revision.
    """

    source: str
    project: str
    service: str
    route: str
    limit_s: float
    low_ns: int
    high_ns: int
    piled: int
    is_configured: bool


def find_limits(long: pl.DataFrame, timeouts: Mapping[str, Collection[int]]) -> list[Limit]:
    """The limit of each route that has one. long: rows of count_long_requests; timeouts: seconds, by service."""
    found = []
    for key, own in long.partition_by("source", "project", "service", "route", as_dict=True).items():
        limit = _limit((str(key[0]), str(key[1]), str(key[2]), str(key[3])), own, timeouts.get(str(key[2]), ()))
        if limit:
            found.append(limit)
    return found


def _limit(key: tuple[str, str, str, str], own: pl.DataFrame, timeouts: Collection[int]) -> Limit | None:
    """The limit of one route's histogram."""
    counts = dict(own.select("bucket", "requests").iter_rows())
    piles = {at: sum(counts.get(at + step, 0) for step in range(-_NEAR, _NEAR + 1)) for at in counts}
    top = max(piles, key=lambda at: (piles[at], counts[at], at))
    pile = own.filter(pl.col("bucket").is_between(top - _NEAR, top + _NEAR))
    low, high, piled = int(pile["shortest_ns"].min()), int(pile["longest_ns"].max()), piles[top]  # type: ignore[arg-type] # of integers
    is_long = pl.col("longest_ns") >= _LONG * low
    many = int(own.filter(is_long)["requests"].sum())
    beyond = int(own.filter(pl.col("bucket") > top + _NEAR)["requests"].sum())
    if piled < _PILED * many or beyond > _BEYOND * piled:
        return None
    configured = _nearest(low, high, timeouts)
    known = configured or _nearest(low, high, _ROUND_S)
    if piled < (_FEWEST if known else _FEWEST_ODD) or (not known and high > _SHARP * low):
        return None
    return Limit(*key, known or round(low / _NS_PER_S, 1), low, high, piled, configured is not None)


def _nearest(low_ns: int, high_ns: int, limits: Collection[int]) -> int | None:
    """The limit at which requests of these times may all have been ended; the nearest below."""
    fitting = [one for one in limits if one * _EARLY * _NS_PER_S <= low_ns and high_ns <= one * _LATE * _NS_PER_S]
    return max(fitting, default=None)

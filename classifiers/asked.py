"""Asked: the requests that fit those that failed, by route and by who sent them, as the exposure of one cluster.

A quiet route next door says nothing, nor do people where only tests fail. A route or origin of which hardly any failed
is left out with all that did not fail of it; those few requests themselves failed, so they were exposed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from classifiers.exposure import Exposure, Grid
from classifiers.origin import origin_of_share
from classifiers.units import Units

__all__ = ["asked_grid", "asked_routes"]

_LEAST = 0.02  # of the failures, for a route or an origin to count as failing


def asked_routes(keys: Sequence[str | None], routes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Routes of the service on which at least two in a hundred of the failed requests came in, sorted.

    routes: those on which each trace or request came in.
    """
    many = Counter(route for key in keys if key for route in routes.get(key, ()))
    return tuple(sorted(route for route, asked in many.items() if asked >= _LEAST * len(keys)))


def asked_grid(
    exposure: Exposure, named: tuple[str, str], units: Units, origins: Sequence[str],
    routes: Mapping[str, Sequence[str]], matched: Sequence[str],
) -> Grid:  # fmt: skip
    """The exposure of the service `named` by its project and name; all of it where no route is known.

    origins: who sent each unit. routes: as asked_routes takes them. matched: those that it found.
    """
    if not matched:
        return exposure.service(*named)
    askers = _askers(origins)
    grid = exposure.matched(*named, routes=matched, origins=askers)
    fitting = set(matched)
    rare = [
        place
        for place, (origin, key) in enumerate(zip(origins, units.keys, strict=True))
        if (own := routes.get(key or "", ())) and (origin not in askers or fitting.isdisjoint(own))
    ]
    return _with_rare(grid, units, rare) if rare else grid


def _askers(origins: Sequence[str]) -> list[str]:
    """The origins whose requests fit those that failed: tests alone where only tests failed."""
    counts = Counter(origins)
    found = sorted(name for name, many in counts.items() if many >= _LEAST * len(origins))
    if "unknown" in found or not found:
        is_tests = origin_of_share(counts)[0] == "tests"
        found = [*([] if is_tests else ["users"]), "tests", "unknown", *found]
    return found


def _with_rare(grid: Grid, units: Units, rare: Sequence[int]) -> Grid:
    """The exposure with the failed requests at these places, which it leaves out."""
    line, spread = grid.timeline, dict(grid.by_revision)
    names, bins = np.array(units.revisions, dtype=object)[rare], line.bin_of(units.at_ns[rare])
    for name in sorted(set(names) - {""}):
        many = np.bincount(bins[names == name], minlength=line.bins).astype(float)
        spread[name] = spread.get(name, np.zeros(line.bins)) + many
    return Grid(line, grid.unit, spread)

"""Arrivals: services that are new, since what is known of all of them began before they did.

A service is new from its first deploy on, where the ledger tells of it and no line of before is known. Without a ledger
its first lines must come after a silence that is out of proportion to any later one.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from classifiers.exposure import Exposure
from collector.records import Revision

__all__ = ["find_arrivals"]

_SLACK_NS = 600_000_000_000  # a first line this long before the first known deploy may be of the deploy itself
_SILENCE = 4.0  # times the longest later silence, for a first line to be an arrival
_LEAST_BINS = 10  # in which it must have been seen, to know how silent it is otherwise


def find_arrivals(
    revisions: Sequence[Revision], exposure: Exposure, *, start_ns: int, least_ns: float
) -> dict[tuple[str, str], int]:
    """When each new service was first there, by project and name. Those of less than least_ns behind start_ns are not.

    start_ns: from when anything is known. `revisions` are those of the whole store.
    """
    deployed: dict[tuple[str, str], list[int]] = defaultdict(list)
    seen: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in revisions:
        key = (one.project, one.service)
        deployed[key] += [one.created_ns] if one.created_ns is not None else []
        seen[key] += [when for when in (one.first_seen_ns, one.traffic_ns) if when is not None]
    found = {}
    for key, firsts in seen.items():
        first = min([*firsts, *deployed[key]], default=start_ns)
        if first - start_ns < least_ns:
            continue
        is_told = bool(deployed[key]) and min(deployed[key]) <= min(firsts, default=first) + _SLACK_NS
        if is_told or _is_after_silence(exposure, key):
            found[key] = first
    return found


def _is_after_silence(exposure: Exposure, key: tuple[str, str]) -> bool:
    """Its instances were never silent for nearly as long as before their first line."""
    lines = np.flatnonzero(exposure.instance_minutes(*key).total)
    if len(lines) < _LEAST_BINS:
        return False
    return bool(lines[0] >= _SILENCE * np.diff(lines).max())

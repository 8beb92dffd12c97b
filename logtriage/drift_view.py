"""Keys on which services disagree, in words: for the report's DRIFT lines. No I/O."""

from collections.abc import Iterable

from classifiers.findings import Drift
from logtriage.escape import plain
from logtriage.lookup import Lookup
from logtriage.wording import clock, join_words, short_revision

__all__ = ["drift_rows"]

_SIDES_SHOWN = 4
_SERVICES_SHOWN = 4
_NUMBERS_SHOWN = 4
_OLDER_SHOWN = 6


def drift_rows(drifts: Iterable[Drift], lookup: Lookup) -> list[tuple[str, str]]:
    """Title and note of each drift that began in the window or may explain an incident; older ones are counted."""
    window = lookup.findings.window
    every = list(drifts)
    shown = [
        one
        for one in every
        if one.cluster_ids or (one.since_ns is not None and window.start_ns <= one.since_ns < window.end_ns)
    ]
    rows = [(f"{plain(one.key, 80)}: {_held(one)}", _note(one, lookup)) for one in shown]
    older = [one for one in every if one not in shown]
    if older:
        names = join_words(dict.fromkeys(plain(one.key, 60) for one in older), _OLDER_SHOWN)
        rows.append((f"{len(older):,} from before this window", names))
    return rows


def _held(drift: Drift) -> str:
    """`secret jwt:3 in auth and web, secret jwt:2 in desk`."""
    holders: dict[str, list[str]] = {}
    for side in drift.sides:
        holders.setdefault(plain(side.holds, 80), []).append(plain(side.service, 60))
    told = [f"{holds} in {join_words(services, _SERVICES_SHOWN)}" for holds, services in holders.items()]
    left = len(told) - _SIDES_SHOWN
    return ", ".join([*told[:_SIDES_SHOWN], *([f"{left} more"] if left > 0 else [])])


def _note(drift: Drift, lookup: Lookup) -> str:
    statement = plain(drift.statement, 200)
    if drift.parted_by and drift.parted_service and drift.since_ns is not None:
        revision = short_revision(drift.parted_by, drift.parted_service)
        statement = f"the same until {plain(drift.parted_service, 60)} {revision} {clock(drift.since_ns, lookup.near)}"
    numbers = sorted({one.number for name in drift.cluster_ids if (one := lookup.incident_of(name))})
    if not numbers:
        return statement
    return f"{statement}; may explain {join_words((f'#{number}' for number in numbers), _NUMBERS_SHOWN)}, inferred"

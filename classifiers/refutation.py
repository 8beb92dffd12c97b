"""What would refute an attribution: sentences that a person or a later run can check, with figures from the counts."""

import math

from classifiers.cases import Case
from classifiers.findings import Change, Sighting
from classifiers.rivals import Split
from classifiers.telling import bad_words, unit_for

__all__ = ["refuted_by"]

_SURE = 3.0  # failures expected and not seen: rule of three, 95 %
_BACK = frozenset({"env_removed", "env_changed", "secret_ref_changed", "service_account"})
_MOST = 100_000  # more units than this nobody waits for


def refuted_by(
    case: Case, split: Split, change: Change | None, good: Sighting | None, bad: Sighting, unit: str
) -> tuple[str, ...]:
    """One or two sentences. `bad` is the revision that failed last, `good` the last one before that did not."""
    found = []
    one = bad_words(case)[1].removesuffix("s")
    needed = _needed(case, split)
    if good and not good.failures:
        is_return = change is not None and change.type == "traffic"  # to one that stands before the good one
        earlier = "" if is_return else " or one before it"
        found.append(f"a {one} of this on {good.revision}{earlier} (so far none{_of(good, unit)})")
    elif good:
        found.append(f"as many {one}s per {unit_for(1, unit)} on {good.revision} as on {bad.revision}")
    if needed and change and change.type in _BACK:
        found.append(f"a {one} among the first {needed:,} {unit_for(needed, unit)} with {change.name} as it was before")
    elif needed:
        found.append(f"{needed:,} {unit} in a row on {bad.revision} without one, while nothing is changed")
    return tuple(found)


def _needed(case: Case, split: Split) -> int | None:
    """Units without a failure that would be no accident at the rate of the blamed side; bursts need as many more."""
    rate = split.rate_bad
    if not rate:
        return None
    needed = math.ceil(_SURE / rate * case.fit.dispersion)
    return needed if needed <= _MOST else None


def _of(sighting: Sighting, unit: str) -> str:
    return "" if sighting.exposed is None else f" of {sighting.exposed:,} {unit_for(sighting.exposed, unit)}"

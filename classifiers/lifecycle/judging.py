"""Judging: the state of one member of an incident, by what was stored of it, by its proof and by the ledger. No I/O.

An open member is over when its criteria are proven, and never because time passed. What was over is back when it fails
anywhere but on revisions that lost their traffic. So nothing flaps: between the two lies evidence, not a timer.
"""

from collections.abc import Iterable

from msgspec import Struct

from classifiers.followed import IncidentState, Verification
from classifiers.history import History
from classifiers.lifecycle.back import came_back, day_clock, short_name
from classifiers.lifecycle.members import Seen
from classifiers.lifecycle.proofs import Proven, proof_of
from classifiers.states import State

__all__ = ["Judged", "judge"]


class Judged(Struct, frozen=True):
    """One member with its state now. `at_ns` is when it came into it, by rows."""

    seen: Seen
    state: State
    sure: float | None
    statement: str
    at_ns: int
    revision: str
    last_ns: int
    stragglers: int
    proven: Proven
    is_silent: bool = False  # nothing failed since the last failure, and that is no proof yet

    @property
    def is_over(self) -> bool:
        """Its end is proven."""
        return self.state == "resolved"


def judge(
    seen: Seen, before: IncidentState | None, verifications: Iterable[Verification], history: History
) -> Judged:  # fmt: skip
    """The state of a member now; `before` is what was stored of it last."""
    proven = proof_of(seen, verifications)
    if before is not None and before.state == "resolved":
        back = came_back(seen, before, history)
        if back.at_ns is None:
            return Judged(
                seen, "resolved", before.sure, before.statement, before.at_ns, before.revision, before.last_failure_ns,
                max(back.stragglers, before.stragglers), proven,
            )  # fmt: skip
        last_ns = back.last_ns or back.at_ns
        return Judged(
            seen, "regressed", None, back.statement, back.at_ns, back.revision, last_ns, back.stragglers, proven
        )
    if proven.verdict == "over":
        return _over(seen, before, proven)
    state = _open_state(seen, before)
    at_ns = before.at_ns if before is not None and before.state == state else seen.onset_ns
    is_silent = proven.verdict == "waits" or (not seen.is_told and proven.verdict != "fails")
    kept = before if before is not None and before.state == state else None
    told = _waiting(seen, proven) if is_silent else _going_on(seen)
    if kept and state == "regressed" and not is_silent:
        told = kept.statement
    revision = kept.revision if kept else ""
    return Judged(seen, state, None, told, at_ns, revision, seen.last_ns, seen.stragglers, proven, is_silent)


def _over(seen: Seen, before: IncidentState | None, proven: Proven) -> Judged:
    fix = seen.fix
    since = fix.at_ns if fix else seen.last_ns
    how = fix.statement if fix else "no deploy is known to have ended it: attempts of the same call go well"
    told = f"{how}; not seen since {day_clock(seen.last_ns)}"
    if before is None:
        told = f"it was over when it was first told: {told}"
    revision = fix.revision if fix else ""
    return Judged(seen, "resolved", proven.sure, told, since, revision, seen.last_ns, seen.stragglers, proven)


def _going_on(seen: Seen) -> str:
    told = f"since {day_clock(seen.onset_ns)}"
    if not seen.idle:
        return told
    return f"{told}; {short_name(seen.idle, seen.service)} is deployed and takes no traffic, so nothing is mended yet"


def _waiting(seen: Seen, proven: Proven) -> str:
    """What is missing before it counts as over. Without a change that may have ended it, it is quiet and no more."""
    told = f"{'not seen' if seen.fix else 'quiet'} since {day_clock(seen.last_ns)}"
    if seen.fix:
        told += f" ({seen.fix.statement})"
    if proven.more:
        return f"{told}; {proven.more} more attempt{'s' if proven.more > 1 else ''} needed"
    return f"{told}; {proven.why}" if proven.why else f"{told}; what was asked since does not prove that it is over"


def _open_state(seen: Seen, before: IncidentState | None) -> State:
    """Open states stay as they were told: a failure that goes on is no news."""
    if before is None or before.state in {"muted", "standing"}:
        return seen.state if seen.state in {"new", "regressed"} else "ongoing"
    return before.state

"""Proofs: what the verification of its criteria says of one member. No I/O."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from classifiers.followed import Verification
from classifiers.lifecycle.members import Seen

__all__ = ["Proven", "proof_of"]


class Proven(Struct, frozen=True):
    """over: all criteria hold; fails: one does not; waits: nothing failed since, and more must be seen; open: no word.

    `more` are attempts that are missing, None where it cannot be said.
    """

    verdict: Literal["over", "fails", "waits", "open"]
    sure: float | None = None
    more: int | None = None
    why: str = ""
    verifications: tuple[Verification, ...] = ()


def proof_of(seen: Seen, verifications: Iterable[Verification]) -> Proven:
    """The word of all criteria of a member; without any what one look tells of it."""
    own = tuple(one for one in verifications if _is_about(one, seen))
    if not own:
        return Proven("over" if seen.is_over else "open")
    verdicts = {one.verdict for one in own}
    if "FAILING" in verdicts:
        return Proven("fails", verifications=own)
    if verdicts == {"VERIFIED"}:
        sures = [one.sure for one in own if one.sure is not None]
        return Proven("over", sure=min(sures, default=None), verifications=own)
    waiting = [one for one in own if one.verdict != "VERIFIED"]
    if any(one.failures for one in waiting):
        return Proven("fails", verifications=own)
    more = [one.more for one in waiting]
    known = [one for one in more if one is not None]
    return Proven("waits", None, max(known) if len(known) == len(more) else None, waiting[0].why, own)


def _is_about(one: Verification, seen: Seen) -> bool:
    criterion = one.criterion
    if criterion.finding_id == seen.id:
        return True
    is_there = (criterion.project, criterion.service) == (seen.project, seen.service)
    return is_there and bool(set(criterion.signature_ids) & set(seen.signature_ids)) and not criterion.is_declared

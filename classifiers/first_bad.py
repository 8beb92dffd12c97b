"""The first bad revision as a set: which deploys may have brought a failure, and why they cannot be told apart.

A deploy that took no requests proves nothing. The set holds 95 % of the probability that a revision of this service did
it, in the order of deploying. One of them is named: the first that served and failed, unless its configuration proves
that the change which the failure names came in with an earlier one.
"""

import re
from collections.abc import Sequence

from classifiers.attribution import Weight, lead_change
from classifiers.changes import Difference
from classifiers.findings import Change, NotApart
from classifiers.lineage import Lineage
from classifiers.rivals import Tally
from classifiers.telling import unit_for

__all__ = ["ACCESS", "REFUSAL", "credible", "introduced_by", "why_not_apart"]

_WHOLE = 0.95
_WORTH = 0.002  # of a share below it there are too many to tell
ACCESS = frozenset({"env_removed", "env_added", "env_changed", "secret_ref_changed", "service_account"})
REFUSAL = re.compile(
    r"(?i)\b40[13]\b|unauthori[sz]ed|unauthenticated|not authenticated|forbidden|permission|denied|credential|"
    r"authentication"
)


def credible(weight: Weight, weights: Sequence[Weight], lineage: Lineage) -> tuple[tuple[str, float], ...]:
    """Revisions with their shares, in the order of deploying; the one that served and failed is always in.

    `weights` are all revisions weighed: those of the same service are the alternatives.
    """
    own = weight.candidate
    shares: dict[str, float] = {}
    for one in weights:
        if (one.candidate.project, one.candidate.service, one.candidate.relation) == (
            own.project, own.service, own.relation,
        ):  # fmt: skip
            for name, share in one.members:
                shares[name] = shares.get(name, 0.0) + share * one.confidence
    whole = sum(shares.values()) or 1.0
    ranked = sorted(shares, key=lambda name: (name != own.revision, -shares[name], name))
    kept: list[str] = []
    held = 0.0
    for name in ranked:
        if kept and (held >= _WHOLE * whole or shares[name] < _WORTH * whole):
            break
        kept.append(name)
        held += shares[name]
    places = {one.revision: place for place, one in enumerate(lineage.order(own.project, own.service))}
    return tuple((name, shares[name] / whole) for name in sorted(kept, key=lambda name: (places.get(name, 0), name)))


def introduced_by(weight: Weight, text: str, lineage: Lineage) -> str:
    """The revision to name: an earlier one of the set where configuration proves that the change came in with it.

    Only a change that the failure names, or one of access behind a refusal, is proof enough; and only where no deploy
    between the two can hide that it was taken back.
    """
    own = weight.candidate
    change, _ = lead_change(weight, text)
    if change is None or not own.idle or not _is_proof(change, weight, text):
        return own.revision
    for name in (own.revision, *reversed(own.idle)):
        step = lineage.step(own.project, own.service, name)
        if step is None or _hides(step, change):
            return own.revision
        if any((one.name, one.type) == (change.name, change.type) for one in step.changes):
            return name if name in dict(weight.members) else own.revision
    return own.revision


def _is_proof(change: Change, weight: Weight, text: str) -> bool:
    is_named = any(one.change == change and one.named > 1 for one in weight.suspicions)
    return is_named or (change.type in ACCESS and REFUSAL.search(text) is not None)


def _hides(step: Difference, change: Change) -> bool:
    """The step does not tell whether this changed in it."""
    section = "image" if change.type == "image" else "env" if change.type in ACCESS else change.name
    return any(one in {"configuration", section, f"env {change.name}"} for one in step.unknown)


def why_not_apart(
    members: Sequence[tuple[str, float]], named: str, weight: Weight, tally: Tally, unit: str
) -> tuple[NotApart, ...]:
    """Why each of a set but the named one may as well be the first."""
    rate = weight.split.rate_bad or 0.0
    return tuple(
        NotApart(name, round(share, 4), _why(name, tally, rate, unit)) for name, share in members if name != named
    )


def _why(name: str, tally: Tally, rate: float, unit: str) -> str:
    asked, failed = tally.exposed.get(name, 0.0), tally.failed.get(name, 0)
    if failed:
        return f"failed too: {failed} of {max(asked, failed):.0f} {unit}"
    if asked < 0.5:  # noqa: PLR2004 - of a share of other services' traffic: none
        return f"took no {unit}"
    return f"took {asked:.0f} {unit_for(asked, unit)} only, of which {_expected(asked * rate)} would have failed"


def _expected(many: float) -> str:
    return f"{many:.0f}" if many >= 2 else f"{many:.1f}"  # noqa: PLR2004 - below, a tenth matters

"""What a deploy is said to have changed, held against the difference of the configurations that are stored."""

import re

from classifiers.changes import Difference, difference
from classifiers.claims.matching import Ground, named_revisions, places_of
from classifiers.claims.measures import unknown_names
from classifiers.claims.records import Answer, Claim, Mark
from classifiers.findings import Change
from classifiers.lineage import never_worked
from classifiers.order import in_deploy_order
from collector.records import Revision

__all__ = ["answer_change"]

_TYPES = {
    "removed": ("env_removed",), "state removed": ("env_removed",), "added": ("env_added",),
    "changed": ("env_changed", "secret_ref_changed"), "image": ("image",),
}  # fmt: skip
_SIZES = {"": 1, "k": 1000, "ki": 1024, "m": 1000**2, "mi": 1024**2, "g": 1000**3, "gi": 1024**3}
_SHOWN = 4


def answer_change(claim: Claim, ground: Ground) -> Answer:
    """A change of one revision against the one before it; without a revision, of any."""
    unknown = unknown_names(claim, ground)
    if unknown:
        return unknown
    services, _, _ = places_of(claim.subject, ground)
    if not claim.subject.revisions:
        return _anywhere(claim, services, ground)
    found = named_revisions(claim.subject.revisions[0], services, ground)
    if len(found) != 1:
        return Answer("cannot tell", f"{len(found)} revisions may be meant: name the service")
    revision = found[0]
    before = _before(revision, ground)
    if claim.key and claim.change in {"removed", "state removed"} and claim.key in _keys(revision):
        known = f"; {_listed(difference(before, revision))}" if before else ""
        return _answer("contradicted", f"{revision.revision} has {claim.key}{known}", before or revision, revision)
    if before is None:
        return Answer("cannot tell", f"no revision before {revision.revision} is known", revisions=(revision.revision,))
    return _judged(claim, before, revision, ground)


def _judged(claim: Claim, before: Revision, after: Revision, ground: Ground) -> Answer:
    found = difference(before, after)
    told = f"{before.revision} -> {after.revision}: {_listed(found)}"
    if found.label == "not known" and not found.changes:
        return _answer("cannot tell", f"{told}; {'; '.join(found.reasons[:1])}", before, after)
    if claim.change in {"only image", "nothing"}:
        return _answer(_only_image(found, is_nothing=claim.change == "nothing"), told, before, after)
    types = _TYPES.get(claim.change, (claim.change,))
    own = [one for one in found.changes if one.type in types and (not claim.key or _name(one) == claim.key)]
    if own:
        is_valued = bool(claim.before or claim.after)
        values = f"; {own[0].before} -> {own[0].after}" if is_valued else ""
        return _answer(_way(claim, own[0]) if is_valued else "confirmed", told + values, before, after)
    return _not_there(claim, found, before, after, told, ground)


def _not_there(claim: Claim, found: Difference, before: Revision, after: Revision, told: str, ground: Ground) -> Answer:
    """The change is not in the difference: wrong where both sides are known, but for what was gone before."""
    if _is_unknown(claim, found):
        return _answer("cannot tell", f"{told}; not known: {', '.join(found.unknown[:3])}", before, after)
    if claim.key:
        has, had = (claim.key in _keys(one) for one in (after, before))
        ever = [
            one for one in in_deploy_order(ground.revisions) if one.service == after.service and claim.key in _keys(one)
        ]
        if claim.change == "state removed" and not has and ever:
            return _answer("confirmed", f"{after.revision} does not have it, {ever[-1].revision} has", ever[-1], after)
        state = "in both" if has and had else "in neither" if not has and not had else "only in one"
        if not ever and not has:
            return _answer("cannot tell", f"{told}; no revision that is known has {claim.key}", before, after)
        told = f"{told}; {claim.key} is {state}"
    return _answer("contradicted", told, before, after)


def _anywhere(claim: Claim, services: tuple[str, ...], ground: Ground) -> Answer:
    """A change of a key that the text ties to no revision: found in any deploy, or in none of them all."""
    types = _TYPES.get(claim.change, (claim.change,))
    open_: list[str] = []
    seen = 0
    for revision in in_deploy_order(ground.revisions):
        before = _before(revision, ground)
        if before is None or (services and revision.service not in services):
            continue
        found = difference(before, revision)
        seen += claim.key in _keys(before) or claim.key in _keys(revision)
        own = [one for one in found.changes if one.type in types and _name(one) == claim.key]
        if own:
            return _answer("confirmed", f"{before.revision} -> {revision.revision}: {_listed(found)}", before, revision)
        if _is_unknown(claim, found):
            open_.append(revision.revision)
    if open_ or not seen:
        why = f"of {len(open_)} deploys it is not known" if open_ else "no revision that is known has it"
        return Answer("cannot tell", f"no deploy is known to have changed {claim.key} so; {why}")
    return Answer(
        "contradicted", f"no deploy of the {seen} that have {claim.key} changed it so", claim.key, "find_facts"
    )


def _only_image(found: Difference, *, is_nothing: bool) -> Mark:
    """Whether the configuration stayed as it was; and the image did not, unless nothing is said to have changed."""
    if any(one.type not in {"image", "traffic"} for one in found.changes):
        return "contradicted"
    has_image = any(one.type == "image" for one in found.changes)
    return "cannot tell" if found.unknown or not (has_image or is_nothing) else "confirmed"


def _way(claim: Claim, change: Change) -> Mark:
    """Whether a limit moved as it is said: between the values, or the way."""
    before, after = _size(change.before), _size(change.after)
    if before is None or after is None:
        return "cannot tell"
    if claim.after in {"lower", "higher"}:
        return "confirmed" if (after < before) == (claim.after == "lower") else "contradicted"
    said = (_size(claim.before), _size(claim.after))
    if None in said:
        return "cannot tell"
    return "confirmed" if all(_is_near(a, b) for a, b in zip(said, (before, after), strict=True)) else "contradicted"


def _is_near(one: float | None, two: float) -> bool:
    """Equal but for 1000 or 1024 to the kilo."""
    return one is not None and abs(one - two) <= 0.08 * max(one, two)


def _size(text: str | None) -> float | None:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]i?)?b?\s*", (text or "").lower())
    return float(match[1]) * _SIZES[match[2] or ""] if match else None


def _is_unknown(claim: Claim, found: Difference) -> bool:
    """What the claim is about could not be compared."""
    if not claim.key:
        return any(claim.change.startswith(name) or name == "configuration" for name in found.unknown)
    return any(name in {"env", "configuration", f"env {claim.key}"} or name.endswith("/env") for name in found.unknown)


def _keys(revision: Revision) -> set[str]:
    config = revision.config or {}
    found = set(config.get("env") or {})
    for one in (config.get("containers") or {}).values():
        found |= set(one.get("env") or {})
    return found


def _name(change: Change) -> str:
    return change.name.rpartition("/")[2]


def _before(revision: Revision, ground: Ground) -> Revision | None:
    """The revision of the same service that was deployed before it and worked."""
    own = [
        one
        for one in in_deploy_order(ground.revisions)
        if (one.project, one.service) == (revision.project, revision.service)
    ]
    earlier = [one for one in own[: own.index(revision)] if not never_worked(one)]
    return earlier[-1] if earlier else None


def _listed(found: Difference) -> str:
    marks = {"env_removed": "-", "env_added": "+"}
    told = [f"{marks.get(one.type, '~')} {one.name}" for one in found.changes[:_SHOWN]]
    more = len(found.changes) - len(told)
    return ", ".join([*told, *([f"{more} more"] if more > 0 else [])]) or "no difference that is known"


def _answer(mark: Mark, told: str, before: Revision, after: Revision) -> Answer:
    ids = tuple(dict.fromkeys((*after.insert_ids[:3], *before.insert_ids[:2])))
    names = tuple(dict.fromkeys((before.revision, after.revision)))
    return Answer(mark, told, "the change ledger", "find_facts", ids, revisions=names)
